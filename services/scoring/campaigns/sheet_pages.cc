#include "services/scoring/campaigns/sheet_pages.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/resource/filter.h"
#include "common/resource/names.h"
#include "common/resource/page_token.h"
#include "services/scoring/campaigns/campaign_rules.h"
#include "services/scoring/campaigns/present_sheet.h"
#include "services/scoring/scoring_state.h"
#include "services/scoring/state_common.h"

namespace terrace::scoring {
namespace {

using machine::Machine;

// Sheets that a list looks at under one hold of the lock, and for one page.
constexpr int kSheetsPerHold = 500;
constexpr int kSheetsPerPage = 20'000;

v1::Sheet Shown(const ScoringState& state, absl::string_view unit, absl::string_view campaign,
                const tree::Tree& tree) {
  const machine::Row* row = state.rows().Find(SheetName(unit, campaign));
  TERRACE_CHECK(row != nullptr);  // The index says so.
  return PresentSheet(unit, campaign, machine::Rows::Parse<storage::v1::SheetRow>(*row), tree,
                      row->revision.value);
}

bool MaySee(const rpc::Call& call, absl::string_view unit) {
  return access::MaySee(call.identity, *call.tree, unit, call.received);
}

class CampaignPage {
 public:
  CampaignPage(Machine* machine, rpc::Call& call, const v1::ListSheetsRequest& request,
               v1::ListSheetsResponse* reply)
      : machine_(machine), call_(call), request_(request), reply_(reply) {}

  absl::Status Run() {
    TERRACE_ASSIGN_OR_RETURN(size_, resource::CoercePageSize(request_.page_size()));
    TERRACE_ASSIGN_OR_RETURN(filter_,
                             resource::Filter::Parse(request_.filter(), v1::Sheet::descriptor()));
    if (!request_.subtree().empty()) {
      TERRACE_ASSIGN_OR_RETURN(const absl::string_view top,
                               resource::ParseUnitName(request_.subtree()));
      const absl::optional<tree::UnitNumber> number = call_.tree->Number(top);
      if (!number) return NotFound(request_.subtree());
      top_ = *number;
    }
    const uint64_t hash = resource::ListHash(
        {"ListSheets", request_.campaign(), request_.subtree(), request_.filter()});
    TERRACE_ASSIGN_OR_RETURN(
        const resource::PageToken token,
        resource::DecodePageToken(request_.page_token(), hash, machine_->position().log_id));
    last_ = token.last_key;
    for (int seen = 0; !end_ && !full_ && seen < kSheetsPerPage; seen += kSheetsPerHold) {
      TERRACE_RETURN_IF_ERROR(Hold());
    }
    if (!end_) {
      reply_->set_next_page_token(
          resource::EncodePageToken({last_, position_.log_id, position_.revision.value}, hash));
    }
    rpc::StampCursor(machine_->service(), position_, call_, reply_);
    return absl::OkStatus();
  }

 private:
  absl::Status Hold() {
    return machine_->Read<ScoringState>(
        [&](const ScoringState& state, const store::Cursor& position) -> absl::Status {
          position_ = position;
          if (rules_ == nullptr) {
            TERRACE_ASSIGN_OR_RETURN(rules_, state.RulesOf(request_.campaign()));
          }
          end_ = true;
          const SheetIndex::Campaign* sheets = state.sheets().Find(request_.campaign());
          if (sheets == nullptr) return absl::OkStatus();
          int seen = 0;
          for (auto it = sheets->units.upper_bound(last_); it != sheets->units.end(); ++it) {
            full_ = reply_->sheets_size() == size_;
            if (full_ || ++seen > kSheetsPerHold) {
              end_ = false;
              break;
            }
            last_ = *it;
            Take(state, *it);
          }
          return absl::OkStatus();
        });
  }

  void Take(const ScoringState& state, const std::string& unit) {
    const absl::optional<tree::UnitNumber> number = call_.tree->Number(unit);
    if (!number || !MaySee(call_, unit)) return;
    if (top_ != tree::kNoUnit && !call_.tree->IsUnder(*number, top_, rules_->line())) return;
    v1::Sheet sheet = Shown(state, unit, request_.campaign(), *call_.tree);
    if (filter_.Matches(sheet)) *reply_->add_sheets() = std::move(sheet);
  }

  Machine* const machine_;
  rpc::Call& call_;
  const v1::ListSheetsRequest& request_;
  v1::ListSheetsResponse* const reply_;
  int size_ = 0;
  resource::Filter filter_;
  tree::UnitNumber top_ = tree::kNoUnit;
  std::shared_ptr<const CampaignRules> rules_;
  std::string last_;
  bool end_ = false;
  bool full_ = false;
  store::Cursor position_;
};

// Goes through the open campaigns by name, and in each through the stages that may be the right of
// the office, all of them together by the ids of units. A small office in a large campaign goes
// through its own units instead of all that wait.
class PendingPage {
 public:
  PendingPage(Machine* machine, rpc::Call& call, const v1::ListPendingRequest& request,
              v1::ListPendingResponse* reply)
      : machine_(machine), call_(call), request_(request), reply_(reply) {}

  absl::Status Run() {
    TERRACE_ASSIGN_OR_RETURN(office_, resource::ParseUnitName(request_.acting_office()));
    const absl::optional<tree::UnitNumber> number = call_.tree->Number(office_);
    if (!number) return NotFound(request_.acting_office());
    number_ = *number;
    if (!request_.campaign().empty()) {
      TERRACE_RETURN_IF_ERROR(resource::ParseName(request_.campaign(), kCampaignPattern).status());
    }
    TERRACE_ASSIGN_OR_RETURN(size_, resource::CoercePageSize(request_.page_size()));
    const uint64_t hash =
        resource::ListHash({"ListPending", request_.acting_office(), request_.campaign()});
    TERRACE_ASSIGN_OR_RETURN(
        const resource::PageToken token,
        resource::DecodePageToken(request_.page_token(), hash, machine_->position().log_id));
    const std::pair<std::string, std::string> last = absl::StrSplit(token.last_key, ' ');
    campaign_ = last.first;
    unit_ = last.second;
    for (int seen = 0; !end_ && !full_ && seen < kSheetsPerPage; seen += kSheetsPerHold) Hold();
    if (!end_) {
      reply_->set_next_page_token(resource::EncodePageToken(
          {absl::StrCat(campaign_, " ", unit_), position_.log_id, position_.revision.value}, hash));
    }
    rpc::StampCursor(machine_->service(), position_, call_, reply_);
    return absl::OkStatus();
  }

 private:
  void Hold() {
    machine_->Read<ScoringState>([&](const ScoringState& state, const store::Cursor& position) {
      position_ = position;
      left_ = kSheetsPerHold;
      const auto& campaigns = state.sheets().campaigns();
      for (auto it = campaigns.lower_bound(campaign_); it != campaigns.end(); ++it) {
        if (it->first != campaign_) {
          campaign_ = it->first;
          unit_.clear();
        }
        if (--left_ < 0) return;
        if (!request_.campaign().empty() && campaign_ != request_.campaign()) continue;
        if (!Go(state, it->second)) return;
      }
      end_ = true;
    });
  }

  // The stages of the campaign that may be the right of the office; empty where it is not open.
  std::vector<int> StagesOf(const ScoringState& state) {
    const auto row = state.rows().Get<storage::v1::CampaignRow>(campaign_);
    if (!row || row->campaign().state() != v1::CAMPAIGN_STATE_OPEN) return {};
    const bool issuer = resource::OwnerOf(campaign_) == office_;
    std::vector<int> stages;
    for (int i = 0; i < row->campaign().stages_size(); ++i) {
      const v1::ReviewStage& stage = row->campaign().stages(i);
      // Where nobody of the level is above a unit, the right is the issuing office's.
      const bool may = issuer || stage.kind() == v1::STAGE_KIND_SELF ||
                       (!stage.level().empty() &&
                        resource::LastSegment(stage.level()) == call_.tree->Level(number_));
      if (may) stages.push_back(i);
    }
    return stages;
  }

  // Goes on in the campaign behind unit_. False when the hold or the page is full.
  bool Go(const ScoringState& state, const SheetIndex::Campaign& sheets) {
    const std::vector<int> stages = StagesOf(state);
    if (stages.empty()) return true;
    if (rules_ == nullptr || rules_->name() != campaign_) {
      absl::StatusOr<std::shared_ptr<const CampaignRules>> rules = state.RulesOf(campaign_);
      if (!rules.ok()) return true;
      rules_ = *std::move(rules);
      FindBelow(sheets);
    }
    if (!small_) return GoThroughWaiting(state, sheets, stages);
    for (auto unit = std::upper_bound(below_.begin(), below_.end(), unit_); unit != below_.end();
         ++unit) {
      if (Full()) return false;
      unit_ = *unit;
      for (int stage : stages) {
        auto waiting = sheets.waiting.find(rules_->stage(stage).id());
        if (waiting != sheets.waiting.end() && waiting->second.contains(unit_)) {
          Take(state, stage);
        }
      }
    }
    return true;
  }

  bool GoThroughWaiting(const ScoringState& state, const SheetIndex::Campaign& sheets,
                        const std::vector<int>& stages) {
    while (true) {
      int next = -1;
      const std::string* unit = nullptr;
      for (int stage : stages) {
        auto waiting = sheets.waiting.find(rules_->stage(stage).id());
        if (waiting == sheets.waiting.end()) continue;
        auto it = waiting->second.upper_bound(unit_);
        if (it == waiting->second.end() || (unit != nullptr && *it >= *unit)) continue;
        unit = &*it;
        next = stage;
      }
      if (unit == nullptr) return true;
      if (Full()) return false;
      unit_ = *unit;
      Take(state, next);
    }
  }

  bool Full() {
    full_ = reply_->sheets_size() == size_;
    return full_ || --left_ < 0;
  }

  // The ids of the units below the office, where they are fewer than the sheets.
  void FindBelow(const SheetIndex::Campaign& sheets) {
    below_.clear();
    const size_t count = call_.tree->SubtreeCount(number_, rules_->line());
    small_ = count < sheets.units.size() && count <= static_cast<size_t>(kSheetsPerPage);
    if (!small_) return;
    call_.tree->ForEachInSubtree(number_, rules_->line(), [this](tree::UnitNumber unit) {
      below_.emplace_back(call_.tree->Id(unit));
      return true;
    });
    std::sort(below_.begin(), below_.end());
  }

  void Take(const ScoringState& state, int stage) {
    const absl::optional<tree::UnitNumber> number = call_.tree->Number(unit_);
    if (!number || rules_->RightOf(stage, *call_.tree, *number) != office_) return;
    if (MaySee(call_, unit_)) {
      *reply_->add_sheets() = Shown(state, unit_, campaign_, *call_.tree);
    }
  }

  Machine* const machine_;
  rpc::Call& call_;
  const v1::ListPendingRequest& request_;
  v1::ListPendingResponse* const reply_;
  absl::string_view office_;  // Id.
  tree::UnitNumber number_ = tree::kNoUnit;
  int size_ = 0;
  int left_ = 0;  // Sheets that the hold may still look at.
  std::string campaign_;
  std::string unit_;  // The last one looked at in the campaign.
  std::shared_ptr<const CampaignRules> rules_;
  bool small_ = false;
  std::vector<std::string> below_;
  bool end_ = false;
  bool full_ = false;
  store::Cursor position_;
};

}  // namespace

absl::Status ListSheets(Machine* machine, rpc::Call& call, const v1::ListSheetsRequest& request,
                        v1::ListSheetsResponse* reply) {
  return CampaignPage(machine, call, request, reply).Run();
}

absl::Status ListPending(Machine* machine, rpc::Call& call, const v1::ListPendingRequest& request,
                         v1::ListPendingResponse* reply) {
  return PendingPage(machine, call, request, reply).Run();
}

}  // namespace terrace::scoring
