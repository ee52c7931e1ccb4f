// Decisions about campaigns, the operation that makes their sheets, and reads of campaigns.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/base/time.h"
#include "common/resource/etag.h"
#include "common/resource/field_mask.h"
#include "common/resource/names.h"
#include "common/rpc/operations.h"
#include "services/scoring/list_rows.h"
#include "services/scoring/schemes/compile.h"
#include "services/scoring/scoring_state.h"
#include "services/scoring/state_common.h"

namespace terrace::scoring {
namespace {

using internal::v1::OperationRecord;
using storage::v1::CampaignRow;
using storage::v1::SheetRow;

constexpr char kService[] = "scoring";
// Units that a chunk of OpenSheets looks at: short under the State's lock.
constexpr int kUnitsPerChunk = 1000;
// Changes that a chunk leaves for the operation and the campaign itself.
constexpr size_t kChangesSpare = 4;
// Where the operation stands: clearing what a cancelled one left, then walking the tree.
constexpr char kClear = 'c';
constexpr char kWalk = 'w';

constexpr absl::string_view kOutputs[] = {"name",      "etag",       "revision",   "state",
                                          "open_time", "close_time", "sheet_count"};

void ClearOutputs(v1::Campaign* campaign) {
  campaign->clear_name();
  campaign->clear_etag();
  campaign->clear_revision();
  campaign->clear_state();
  campaign->clear_open_time();
  campaign->clear_close_time();
  campaign->clear_sheet_count();
}

std::string StateName(v1::CampaignState state) {
  return std::string(absl::StripPrefix(v1::CampaignState_Name(state), "CAMPAIGN_STATE_"));
}

absl::Status WrongState(const std::string& name, v1::CampaignState state, const char* needed) {
  return Error(Reason::WRONG_STATE,
               {{"name", name}, {"state", StateName(state)}, {"needed", needed}});
}

// The campaign as it stands, for a change.
absl::optional<CampaignRow> Read(const std::string& name, machine::Decision& decision,
                                 const machine::Rows& rows) {
  absl::optional<CampaignRow> row = decision.Get<CampaignRow>(name);
  if (row) row->mutable_campaign()->set_state(StateOf(*row, rows));
  return row;
}

// What may not change any more once there are sheets: all but titles, description and due dates.
std::string FixedParts(v1::Campaign campaign) {
  campaign.clear_display_name();
  campaign.clear_localized_names();
  campaign.clear_description();
  for (v1::ReviewStage& stage : *campaign.mutable_stages()) {
    stage.clear_display_name();
    stage.clear_localized_names();
    stage.clear_due_date();
  }
  return resource::SerializeInOrder(campaign);
}

std::string PeriodGuard(const v1::Campaign& campaign) {
  return absl::StrCat("guards/campaign/", campaign.scheme().substr(0, campaign.scheme().find('@')),
                      "~", campaign.period());
}

}  // namespace

bool IsCampaignKey(absl::string_view key) { return resource::MatchesName(key, kCampaignPattern); }

void ScoringState::ConnectEnrolment(EnrolledFn enrolled) const {
  absl::MutexLock lock(&tick_mu_);
  enrolled_ = std::move(enrolled);
}

ScoringState::EnrolledFn ScoringState::Enrolment() const {
  absl::MutexLock lock(&tick_mu_);
  return enrolled_;
}

v1::Campaign ScoringState::Present(absl::string_view name, const CampaignRow& row,
                                   int64_t revision) const {
  v1::Campaign campaign = row.campaign();
  campaign.set_name(std::string(name));
  campaign.set_etag(EtagOf(name, row.edits()));
  campaign.set_revision(revision);
  campaign.set_state(StateOf(row, rows()));
  const SheetIndex::Campaign* sheets = sheets_.Find(name);
  // Those that a cancelled operation made are none.
  if (sheets != nullptr && campaign.state() != v1::CAMPAIGN_STATE_DRAFT) {
    campaign.set_sheet_count(static_cast<int64_t>(sheets->units.size()));
  }
  return campaign;
}

absl::Status ScoringState::CreateCampaign(const v1::CreateCampaignRequest& request,
                                          machine::Decision& decision, v1::Campaign* reply) const {
  TERRACE_ASSIGN_OR_RETURN(const absl::string_view office,
                           resource::ParseUnitName(request.parent()));
  TERRACE_RETURN_IF_ERROR(resource::CheckId(request.campaign_id()));
  if (!decision.tree().Number(office)) return NotFound(request.parent());
  const std::string name = resource::FormatName(kCampaignPattern, {office, request.campaign_id()});
  if (decision.Exists(name)) return Error(Reason::ALREADY_EXISTS, {{"name", name}});
  CampaignRow row;
  *row.mutable_campaign() = request.campaign();
  ClearOutputs(row.mutable_campaign());
  TERRACE_RETURN_IF_ERROR(CheckCampaign(row.campaign(), office, decision));
  row.mutable_campaign()->set_state(v1::CAMPAIGN_STATE_DRAFT);
  row.set_edits(1);
  decision.Put(name, row);
  *reply = Present(name, row, 0);
  return absl::OkStatus();
}

absl::Status ScoringState::UpdateCampaign(const v1::UpdateCampaignRequest& request,
                                          machine::Decision& decision, v1::Campaign* reply) const {
  const std::string& name = request.campaign().name();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kCampaignPattern).status());
  absl::optional<CampaignRow> row = Read(name, decision, rows());
  if (!row) return NotFound(name);
  TERRACE_RETURN_IF_ERROR(
      resource::CheckEtag(request.campaign().etag(), EtagOf(name, row->edits()), name));
  const v1::CampaignState state = row->campaign().state();
  if (state == v1::CAMPAIGN_STATE_OPENING) return WrongState(name, state, "DRAFT or OPEN");
  const std::string before = FixedParts(row->campaign());
  TERRACE_RETURN_IF_ERROR(resource::ApplyUpdate(request.update_mask(), request.campaign(), kOutputs,
                                                row->mutable_campaign()));
  if (state != v1::CAMPAIGN_STATE_DRAFT && FixedParts(row->campaign()) != before) {
    return Error(Reason::FIXED_ONCE_ISSUED,
                 {{"name", name}, {"field", "scheme, period, stages, combination"}});
  }
  TERRACE_RETURN_IF_ERROR(CheckCampaign(row->campaign(), resource::OwnerOf(name), decision));
  row->set_edits(row->edits() + 1);
  decision.Put(name, *row);
  *reply = Present(name, *row, 0);
  return absl::OkStatus();
}

absl::Status ScoringState::CloseCampaign(const v1::CloseCampaignRequest& request,
                                         machine::Decision& decision, v1::Campaign* reply) const {
  const std::string& name = request.name();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kCampaignPattern).status());
  absl::optional<CampaignRow> row = Read(name, decision, rows());
  if (!row) return NotFound(name);
  TERRACE_RETURN_IF_ERROR(resource::CheckEtag(request.etag(), EtagOf(name, row->edits()), name));
  if (row->campaign().state() != v1::CAMPAIGN_STATE_OPEN) {
    return WrongState(name, row->campaign().state(), "OPEN");
  }
  row->mutable_campaign()->set_state(v1::CAMPAIGN_STATE_CLOSED);
  *row->mutable_campaign()->mutable_close_time() = ToProto(decision.now());
  row->set_edits(row->edits() + 1);
  decision.Put(name, *row);
  *reply = Present(name, *row, 0);
  return absl::OkStatus();
}

absl::Status ScoringState::OpenSheets(const v1::OpenSheetsRequest& request,
                                      machine::Decision& decision,
                                      google::longrunning::Operation* reply) const {
  const std::string& name = request.name();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kCampaignPattern).status());
  absl::optional<CampaignRow> row = Read(name, decision, rows());
  if (!row) return NotFound(name);
  v1::Campaign& campaign = *row->mutable_campaign();
  const v1::CampaignState state = campaign.state();
  if (state != v1::CAMPAIGN_STATE_DRAFT && state != v1::CAMPAIGN_STATE_OPEN) {
    return WrongState(name, state, "DRAFT or OPEN");
  }
  if (!row->operation().empty()) {
    const auto running = decision.Get<OperationRecord>(row->operation());
    if (running && !running->done()) {
      return WrongState(name, v1::CAMPAIGN_STATE_OPENING, "DRAFT or OPEN");
    }
  }
  const absl::string_view office = resource::OwnerOf(name);
  TERRACE_RETURN_IF_ERROR(CheckCampaign(campaign, office, decision));
  TERRACE_ASSIGN_OR_RETURN(const std::shared_ptr<const CampaignRules> rules,
                           CampaignRules::Of(name, campaign, rows()));
  if (const std::string& programme = rules->scheme().population().programme(); !programme.empty()) {
    const EnrolledFn enrolled = Enrolment();
    if (!enrolled || !enrolled(programme, office, decision.now())) {
      return Error(Reason::NOT_READY, {{"service", "registry"}});
    }
  }
  if (state == v1::CAMPAIGN_STATE_DRAFT) {
    decision.ReadGuard(PeriodGuard(campaign));
    decision.BumpGuard(PeriodGuard(campaign));
    TERRACE_ASSIGN_OR_RETURN(const SchemeRef scheme, ParseScheme(campaign.scheme()));
    std::string other;
    rows().ForEach(absl::StrCat(resource::UnitName(office), kCampaignsInfix), "",
                   [&](const std::string& key, const machine::Row& found) {
                     const auto parsed = machine::Rows::Parse<CampaignRow>(found);
                     const absl::StatusOr<SchemeRef> its = ParseScheme(parsed.campaign().scheme());
                     if (key != name && StateOf(parsed, rows()) != v1::CAMPAIGN_STATE_DRAFT &&
                         its.ok() && its->Family() == scheme.Family() &&
                         parsed.campaign().period() == campaign.period()) {
                       other = key;
                     }
                     return other.empty();
                   });
    if (!other.empty()) return Error(Reason::ALREADY_EXISTS, {{"name", other}});
    campaign.set_state(v1::CAMPAIGN_STATE_OPENING);
    row->clear_penalties();
    for (int leaf : rules->combining().penalties) row->add_penalties(rules->NodeAt(leaf));
  }
  v1::OpenSheetsRequest spec;
  spec.set_name(name);
  v1::OpenSheetsMetadata metadata;
  metadata.set_campaign(name);
  const OperationRecord operation =
      machine::StartOperation(decision, resource::UnitName(office), kService, spec, metadata);
  row->set_operation(operation.name());
  row->set_edits(row->edits() + 1);
  decision.Put(name, *row);
  *reply = rpc::ToOperation(operation);
  return absl::OkStatus();
}

absl::Status ScoringState::ContinueOperation(machine::Decision& decision,
                                             OperationRecord& operation) const {
  v1::OpenSheetsRequest opening;
  if (operation.spec().UnpackTo(&opening)) return ContinueOpening(opening, decision, operation);
  return State::ContinueOperation(decision, operation);
}

absl::Status ScoringState::ContinueOpening(const v1::OpenSheetsRequest& spec,
                                           machine::Decision& decision,
                                           OperationRecord& operation) const {
  const std::string& name = spec.name();
  absl::optional<CampaignRow> row = decision.Get<CampaignRow>(name);
  if (!row || row->operation() != operation.name()) return NotFound(name);
  v1::Campaign& campaign = *row->mutable_campaign();
  const bool first = campaign.state() == v1::CAMPAIGN_STATE_OPENING;
  if (!first && campaign.state() != v1::CAMPAIGN_STATE_OPEN) {
    return WrongState(name, campaign.state(), "OPEN");
  }
  const std::string& resume = operation.resume();
  if (first && (resume.empty() || resume[0] == kClear)) {
    // Nobody has seen these: an earlier operation made them and was cancelled.
    if (const SheetIndex::Campaign* left = sheets_.Find(name)) {
      for (const std::string& unit : left->units) {
        if (decision.room() <= kChangesSpare) {
          operation.set_resume(std::string(1, kClear));
          return absl::OkStatus();
        }
        decision.Delete(SheetName(unit, name));
      }
      operation.set_resume(std::string(1, kWalk));
      return absl::OkStatus();
    }
  }
  TERRACE_ASSIGN_OR_RETURN(const std::shared_ptr<const CampaignRules> rules,
                           CampaignRules::Of(name, campaign, rows()));
  const tree::Tree& tree = decision.tree();
  const absl::optional<tree::UnitNumber> top = tree.Number(rules->office());
  if (!top) return NotFound(resource::UnitName(rules->office()));
  const std::string& programme = rules->scheme().population().programme();
  const absl::Time at =
      std::min(decision.now(), EndOf(rules->period(), rules->zone()) - absl::Nanoseconds(1));
  v1::OpenSheetsMetadata metadata;
  TERRACE_CHECK(operation.metadata().UnpackTo(&metadata));
  SheetRow sheet;
  sheet.set_state(v1::SHEET_STATE_OPEN);
  sheet.set_stage(rules->stage(0).id());
  sheet.set_edition(1);
  sheet.set_edits(1);
  int64_t existing = 0;
  if (operation.has_response()) {
    v1::OpenSheetsResponse so_far;
    TERRACE_CHECK(operation.response().UnpackTo(&so_far));
    existing = so_far.existing_count();
  }
  bool ready = true;
  int units = 0;
  tree::UnitNumber last = tree::kNoUnit;
  const EnrolledFn enrolled = Enrolment();
  const bool ended = tree.ForEachInSubtree(
      *top, rules->line(),
      [&](tree::UnitNumber unit) {
        last = unit;
        ++units;
        if (rules->InPopulation(tree, unit)) {
          absl::optional<bool> in = true;
          if (!programme.empty()) {
            in = enrolled ? enrolled(programme, tree.Id(unit), at) : absl::nullopt;
          }
          ready &= in.has_value();
          const std::string key = SheetName(tree.Id(unit), name);
          if (in.value_or(false) && decision.Exists(key)) {
            ++existing;
          } else if (in.value_or(false)) {
            decision.Put(key, sheet);
            metadata.set_sheet_count(metadata.sheet_count() + 1);
          }
        }
        return ready && units < kUnitsPerChunk && decision.room() > kChangesSpare;
      },
      resume.empty() ? "" : absl::string_view(resume).substr(1));
  if (!ready) return Error(Reason::NOT_READY, {{"service", "registry"}});
  metadata.set_unit_count(metadata.unit_count() + units);
  operation.mutable_metadata()->PackFrom(metadata);
  v1::OpenSheetsResponse response;
  response.set_campaign(name);
  response.set_created_count(metadata.sheet_count());
  response.set_existing_count(existing);
  operation.mutable_response()->PackFrom(response);  // Shown once it is done.
  if (!ended) {
    operation.set_resume(
        absl::StrCat(std::string(1, kWalk), tree.PositionOf(last, *top, rules->line())));
    return absl::OkStatus();
  }
  if (metadata.sheet_count() + existing == 0) {
    return Error(Reason::EMPTY_POPULATION, {{"name", name}});
  }
  if (first) {
    campaign.set_state(v1::CAMPAIGN_STATE_OPEN);
    *campaign.mutable_open_time() = ToProto(decision.now());
    row->set_edits(row->edits() + 1);
    decision.Put(name, *row);
  }
  operation.set_done(true);
  return absl::OkStatus();
}

// ---------------------------------------------------------------------------------------- reads

absl::Status ScoringState::GetCampaign(const access::Identity& identity, const tree::Tree& tree,
                                       absl::Time now, const v1::GetCampaignRequest& request,
                                       v1::Campaign* reply) const {
  TERRACE_RETURN_IF_ERROR(resource::ParseName(request.name(), kCampaignPattern).status());
  const machine::Row* row = rows().Find(request.name());
  if (row == nullptr) return NotFound(request.name());
  *reply = Present(request.name(), machine::Rows::Parse<CampaignRow>(*row), row->revision.value);
  if (reply->state() == v1::CAMPAIGN_STATE_DRAFT &&
      !access::MaySee(identity, tree, resource::OwnerOf(request.name()), now)) {
    return NotFound(request.name());
  }
  return absl::OkStatus();
}

absl::Status ScoringState::ListCampaigns(const access::Identity& identity, const tree::Tree& tree,
                                         absl::Time now, const v1::ListCampaignsRequest& request,
                                         const std::string& log_id, int64_t revision,
                                         v1::ListCampaignsResponse* reply) const {
  const bool insider = access::MaySee(identity, tree, resource::OwnerOf(request.parent()), now);
  return ListRows(
      rows(), request, kCampaignsInfix, log_id, revision,
      [&](const std::string& key, const machine::Row& row) -> absl::optional<v1::Campaign> {
        v1::Campaign campaign =
            Present(key, machine::Rows::Parse<CampaignRow>(row), row.revision.value);
        if (campaign.state() == v1::CAMPAIGN_STATE_DRAFT && !insider) return absl::nullopt;
        return campaign;
      },
      reply->mutable_campaigns(), reply->mutable_next_page_token());
}

}  // namespace terrace::scoring
