#include "services/scoring/campaigns/campaign_progress.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/base/decimal.h"
#include "common/base/fixed.h"
#include "common/resource/names.h"
#include "services/scoring/campaigns/campaign_rules.h"
#include "services/scoring/schemes/compile_leaf.h"
#include "services/scoring/scoring_state.h"
#include "services/scoring/state_common.h"

namespace terrace::scoring {
namespace {

// Sheets whose rows are copied under one hold of the lock.
constexpr int kSheetsPerHold = 200;
constexpr int kGapDecimals = 6;
// In the place of a leaf: the sum of a sheet.
constexpr int kWholeSheet = -1;

// How two stages differ in one leaf.
struct Gap {
  int64_t sheets = 0;
  FixedSum sum;
  int64_t lower = 0;
  int64_t higher = 0;
  // Largest first, equal ones by unit.
  std::vector<std::pair<FixedSum, std::string>> outliers;

  void Add(const std::string& unit, FixedSum difference) {
    ++sheets;
    sum += difference;
    if (difference == FixedSum()) return;
    (difference < FixedSum() ? lower : higher) += 1;
    const FixedSum size = std::max(difference, FixedSum() - difference);
    auto before = [&](const std::pair<FixedSum, std::string>& one) {
      return one.first > size || (one.first == size && one.second < unit);
    };
    auto at = std::find_if_not(outliers.begin(), outliers.end(), before);
    if (at == outliers.end() && outliers.size() == kOutliersMax) return;
    outliers.insert(at, {size, unit});
    if (outliers.size() > kOutliersMax) outliers.pop_back();
  }
};

class Progress {
 public:
  Progress(machine::Machine* machine, rpc::Call& call,
           const v1::GetCampaignProgressRequest& request, v1::GetCampaignProgressResponse* reply)
      : machine_(machine), call_(call), request_(request), reply_(reply) {}

  absl::Status Run() {
    if (!request_.subtree().empty()) {
      TERRACE_ASSIGN_OR_RETURN(const absl::string_view top,
                               resource::ParseUnitName(request_.subtree()));
      const absl::optional<tree::UnitNumber> number = call_.tree->Number(top);
      if (!number) return NotFound(request_.subtree());
      top_ = *number;
    }
    while (!end_) {
      TERRACE_RETURN_IF_ERROR(Hold());
      for (const Copied& sheet : copied_) Compare(sheet);
      copied_.clear();
    }
    FillCounts();
    FillGaps();
    rpc::StampCursor(machine_->service(), position_, call_, reply_);
    return absl::OkStatus();
  }

 private:
  struct Copied {
    std::string unit;
    std::vector<std::string> stages;  // Serialized; empty for none.
  };

  absl::Status Hold() {
    return machine_->Read<ScoringState>(
        [&](const ScoringState& state, const store::Cursor& position) -> absl::Status {
          position_ = position;
          if (rules_ == nullptr) {
            TERRACE_ASSIGN_OR_RETURN(rules_, state.RulesOf(request_.name()));
            TERRACE_RETURN_IF_ERROR(CheckSees());
            at_stage_.assign(rules_->stage_count(), 0);
          }
          const SheetIndex::Campaign* sheets = state.sheets().Find(request_.name());
          int seen = 0;
          if (sheets != nullptr) {
            for (auto it = sheets->units.upper_bound(last_); it != sheets->units.end(); ++it) {
              if (++seen > kSheetsPerHold) return absl::OkStatus();
              last_ = *it;
              Copy(state, *it);
            }
            if (top_ == tree::kNoUnit) CountAll(*sheets);
          }
          end_ = true;
          return absl::OkStatus();
        });
  }

  absl::Status CheckSees() const {
    if (top_ != tree::kNoUnit ||
        access::MaySee(call_.identity, *call_.tree, rules_->office(), call_.received)) {
      return absl::OkStatus();
    }
    return Error(Reason::ROLE_REQUIRED,
                 {{"role", "VIEWER"}, {"unit", resource::UnitName(rules_->office())}});
  }

  void CountAll(const SheetIndex::Campaign& sheets) {
    sheets_ = static_cast<int64_t>(sheets.units.size());
    reviewed_ = sheets.reviewed;
    sealed_ = sheets.sealed;
    for (int i = 0; i < rules_->stage_count(); ++i) {
      auto waiting = sheets.waiting.find(rules_->stage(i).id());
      if (waiting == sheets.waiting.end()) continue;
      at_stage_[i] = static_cast<int64_t>(waiting->second.size());
    }
  }

  void Count(const storage::v1::SheetRow& row) {
    ++sheets_;
    reviewed_ += row.state() == v1::SHEET_STATE_REVIEWED ? 1 : 0;
    sealed_ += row.state() == v1::SHEET_STATE_SEALED ? 1 : 0;
    const int stage = rules_->combining().IndexOf(row.stage());
    if (row.state() == v1::SHEET_STATE_OPEN && stage >= 0) ++at_stage_[stage];
  }

  void Copy(const ScoringState& state, const std::string& unit) {
    const std::string name = SheetName(unit, request_.name());
    if (top_ != tree::kNoUnit) {
      const absl::optional<tree::UnitNumber> number = call_.tree->Number(unit);
      if (!number || !call_.tree->IsUnder(*number, top_, rules_->line())) return;
      Count(*state.rows().Get<storage::v1::SheetRow>(name));
    }
    Copied sheet{unit, std::vector<std::string>(rules_->stage_count())};
    for (int i = 0; i < rules_->stage_count(); ++i) {
      const machine::Row* row = state.rows().Find(StageKey(name, rules_->stage(i).id()));
      if (row != nullptr) sheet.stages[i] = row->value;
    }
    copied_.push_back(std::move(sheet));
  }

  // The points that the stage states, by the place of the leaf; none unless it is over.
  std::vector<std::pair<int, Fixed>> PointsOf(const std::string& serialized) const {
    std::vector<std::pair<int, Fixed>> points;
    storage::v1::StageRow row;
    TERRACE_CHECK(row.ParseFromString(serialized));
    if (!row.values().has_end_time()) return points;
    for (const v1::LeafValue& value : row.values().values()) {
      const LeafLimits* leaf = rules_->FindLeaf(value.node());
      if (leaf == nullptr || !value.has_points()) continue;
      points.emplace_back(leaf->place, ExactPoints(value.points()));
    }
    return points;  // They are stored in the order of the leaves.
  }

  void Compare(const Copied& sheet) {
    std::vector<std::vector<std::pair<int, Fixed>>> stages;
    for (const std::string& stage : sheet.stages) stages.push_back(PointsOf(stage));
    for (size_t i = 0; i < stages.size(); ++i) {
      for (size_t j = i + 1; j < stages.size(); ++j) {
        FixedSum whole;
        bool any = false;
        auto later = stages[j].begin();
        for (const auto& [leaf, points] : stages[i]) {
          while (later != stages[j].end() && later->first < leaf) ++later;
          if (later == stages[j].end()) break;
          if (later->first != leaf) continue;
          const FixedSum difference = FixedSum(later->second) - FixedSum(points);
          gaps_[{i, j, leaf}].Add(sheet.unit, difference);
          whole += difference;
          any = true;
        }
        if (any) gaps_[{i, j, kWholeSheet}].Add(sheet.unit, whole);
      }
    }
  }

  void FillCounts() {
    reply_->set_sheet_count(sheets_);
    reply_->set_reviewed_count(reviewed_);
    reply_->set_sealed_count(sealed_);
    for (int i = 0; i < rules_->stage_count(); ++i) {
      if (rules_->IsSpotCheck(i)) continue;
      v1::StageCount& count = *reply_->add_stages();
      count.set_stage(rules_->stage(i).id());
      count.set_count(at_stage_[i]);
      // A due date is the same for all that stand there.
      count.set_late_count(rules_->IsLate(i, call_.received) ? at_stage_[i] : 0);
    }
  }

  void FillGaps() {
    for (const auto& [key, gap] : gaps_) {
      const auto& [stage, later, leaf] = key;
      v1::StageGap& out = *reply_->add_gaps();
      out.set_stage(rules_->stage(static_cast<int>(stage)).id());
      out.set_later_stage(rules_->stage(static_cast<int>(later)).id());
      if (leaf != kWholeSheet) out.set_node(rules_->NodeAt(leaf));
      out.set_sheet_count(gap.sheets);
      absl::StatusOr<Fixed> mean = Divide(gap.sum, FixedSum::FromInteger(gap.sheets), "mean");
      if (mean.ok()) *out.mutable_mean() = terrace::ToProto(ToDecimal(*mean, kGapDecimals));
      out.set_lower_count(gap.lower);
      out.set_higher_count(gap.higher);
      for (const auto& [size, unit] : gap.outliers) out.add_outliers(resource::UnitName(unit));
    }
  }

  machine::Machine* const machine_;
  rpc::Call& call_;
  const v1::GetCampaignProgressRequest& request_;
  v1::GetCampaignProgressResponse* const reply_;
  tree::UnitNumber top_ = tree::kNoUnit;
  std::shared_ptr<const CampaignRules> rules_;
  std::string last_;
  bool end_ = false;
  std::vector<Copied> copied_;
  int64_t sheets_ = 0;
  int64_t reviewed_ = 0;
  int64_t sealed_ = 0;
  std::vector<int64_t> at_stage_;
  // Earlier stage, later stage, leaf.
  std::map<std::tuple<size_t, size_t, int>, Gap> gaps_;
  store::Cursor position_;
};

}  // namespace

absl::Status GetCampaignProgress(machine::Machine* machine, rpc::Call& call,
                                 const v1::GetCampaignProgressRequest& request,
                                 v1::GetCampaignProgressResponse* reply) {
  return Progress(machine, call, request, reply).Run();
}

}  // namespace terrace::scoring
