// Decisions about sheets: state, confirm, return, seal, reopen; and the read of one sheet.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/text.h"
#include "common/resource/etag.h"
#include "common/resource/names.h"
#include "services/scoring/campaigns/present_sheet.h"
#include "services/scoring/campaigns/sheet_edit.h"
#include "services/scoring/scoring_state.h"
#include "services/scoring/state_common.h"

namespace terrace::scoring {
namespace {

using storage::v1::CampaignRow;
using RulesPtr = std::shared_ptr<const CampaignRules>;

constexpr char kOfficer[] = "OFFICER";
constexpr char kReporter[] = "REPORTER";

Judge JudgeFor(const std::string& office, const char* role, const machine::Decision& decision) {
  Judge judge;
  judge.actor.set_subject(decision.identity().subject);
  judge.actor.set_office(office);
  judge.actor.set_role(role);
  judge.now = decision.now();
  return judge;
}

absl::Status WrongState(const std::string& campaign, v1::CampaignState state) {
  return Error(
      Reason::WRONG_STATE,
      {{"name", campaign},
       {"state", std::string(absl::StripPrefix(v1::CampaignState_Name(state), "CAMPAIGN_STATE_"))},
       {"needed", "OPEN"}});
}

// The rules of the campaign; whoever relies on its state has guarded it. Sheets of a campaign that
// is not open yet are not there for anybody.
absl::StatusOr<RulesPtr> GuardedRules(const std::string& campaign, bool also_closed,
                                      const machine::Rows& rows, machine::Decision& decision) {
  const auto row = decision.Get<CampaignRow>(campaign);
  if (!row) return NotFound(campaign);
  const v1::CampaignState state = row->campaign().state();
  if (state != v1::CAMPAIGN_STATE_OPEN && !(also_closed && state == v1::CAMPAIGN_STATE_CLOSED)) {
    return WrongState(campaign, StateOf(*row, rows));
  }
  return CampaignRules::Of(campaign, row->campaign(), rows);
}

// What all verbs begin with.
template <class Request>
absl::StatusOr<SheetEdit> Open(const Request& request, bool also_closed, const machine::Rows& rows,
                               machine::Decision& decision) {
  TERRACE_ASSIGN_OR_RETURN(const SheetRef ref, ParseSheet(request.name()));
  TERRACE_ASSIGN_OR_RETURN(RulesPtr rules, GuardedRules(ref.campaign, also_closed, rows, decision));
  TERRACE_ASSIGN_OR_RETURN(SheetEdit edit, SheetEdit::Load(std::move(rules), ref.unit, decision));
  TERRACE_RETURN_IF_ERROR(resource::CheckEtag(
      request.etag(), EtagOf(request.name(), edit.row().edits()), request.name()));
  return edit;
}

absl::Status CheckGiven(const std::string& reason) {
  if (reason.empty()) return Required("reason");
  return CheckText("reason", reason, kReasonBytesMax);
}

// States values in the name of an office.
absl::Status Record(int stage, const LeafValues& values, const std::string& office,
                    machine::Decision& decision, SheetEdit& edit) {
  TERRACE_ASSIGN_OR_RETURN(const absl::string_view acting, resource::ParseUnitName(office));
  if (edit.rules().stage(stage).kind() == v1::STAGE_KIND_SELF) {
    return Invalid("stage", "what a unit says about itself is stated by SubmitSheet");
  }
  return edit.State(
      stage, values, JudgeFor(office, kOfficer, decision), [&](const LeafLimits& leaf) {
        return edit.rules().MayState(stage, leaf, decision.tree(), edit.unit(), acting);
      });
}

// Ends a stage in the name of an office.
absl::Status Confirm(int stage, const std::string& office, machine::Decision& decision,
                     SheetEdit& edit) {
  TERRACE_ASSIGN_OR_RETURN(const absl::string_view acting, resource::ParseUnitName(office));
  TERRACE_RETURN_IF_ERROR(edit.rules().MayEnd(stage, decision.tree(), edit.unit(), acting));
  return edit.End(stage, JudgeFor(office, kOfficer, decision));
}

// Stores the sheet and shows it to the caller.
absl::Status Finish(SheetEdit& edit, const machine::Rows& rows, machine::Decision& decision,
                    v1::Sheet* reply) {
  edit.Store(decision);
  *reply = PresentSheet(edit.unit(), edit.rules().name(), edit.row(), decision.tree(), 0);
  AddValues(
      edit.rules(), decision.tree(), rows, edit.stages(),
      [&](absl::string_view office) {
        return access::MaySee(decision.identity(), decision.tree(), office, decision.now());
      },
      reply);
  return absl::OkStatus();
}

}  // namespace

absl::Status ScoringState::SubmitSheet(const v1::SubmitSheetRequest& request,
                                       machine::Decision& decision, v1::Sheet* reply) const {
  TERRACE_ASSIGN_OR_RETURN(SheetEdit edit, Open(request, false, rows(), decision));
  if (edit.rules().stage(0).kind() != v1::STAGE_KIND_SELF) {
    return Invalid("name", "the campaign has no self-assessment");
  }
  const Judge judge = JudgeFor(resource::UnitName(edit.unit()), kReporter, decision);
  // A draft is no word that counts; values in force are put right by submitting them again.
  if (request.draft()) TERRACE_RETURN_IF_ERROR(edit.CheckStandsAt(0));
  TERRACE_RETURN_IF_ERROR(
      edit.State(0, request.values(), judge, [](const LeafLimits&) { return absl::OkStatus(); }));
  if (!request.draft() && !edit.IsOver(0)) TERRACE_RETURN_IF_ERROR(edit.End(0, judge));
  return Finish(edit, rows(), decision, reply);
}

absl::Status ScoringState::RecordReview(const v1::RecordReviewRequest& request,
                                        machine::Decision& decision, v1::Sheet* reply) const {
  TERRACE_ASSIGN_OR_RETURN(SheetEdit edit, Open(request, false, rows(), decision));
  TERRACE_ASSIGN_OR_RETURN(const int stage, edit.rules().IndexOf(request.stage()));
  if (request.values().empty()) return Required("values");
  TERRACE_RETURN_IF_ERROR(Record(stage, request.values(), request.acting_office(), decision, edit));
  return Finish(edit, rows(), decision, reply);
}

absl::Status ScoringState::ConfirmSheet(const v1::ConfirmSheetRequest& request,
                                        machine::Decision& decision, v1::Sheet* reply) const {
  TERRACE_ASSIGN_OR_RETURN(SheetEdit edit, Open(request, false, rows(), decision));
  TERRACE_ASSIGN_OR_RETURN(const int stage, edit.rules().IndexOf(request.stage()));
  TERRACE_RETURN_IF_ERROR(Confirm(stage, request.acting_office(), decision, edit));
  return Finish(edit, rows(), decision, reply);
}

absl::Status ScoringState::ReturnSheet(const v1::ReturnSheetRequest& request,
                                       machine::Decision& decision, v1::Sheet* reply) const {
  TERRACE_ASSIGN_OR_RETURN(SheetEdit edit, Open(request, false, rows(), decision));
  TERRACE_RETURN_IF_ERROR(CheckGiven(request.reason()));
  TERRACE_ASSIGN_OR_RETURN(const absl::string_view acting,
                           resource::ParseUnitName(request.acting_office()));
  const int present = edit.rules().combining().IndexOf(edit.row().stage());
  if (present >= 0) {
    TERRACE_RETURN_IF_ERROR(edit.rules().MayEnd(present, decision.tree(), edit.unit(), acting));
  }
  int stage = present - 1;
  if (!request.stage().empty()) {
    TERRACE_ASSIGN_OR_RETURN(stage, edit.rules().IndexOf(request.stage()));
  } else if (present == 0) {
    return Invalid("stage", "the sheet is at its first stage");
  }
  TERRACE_RETURN_IF_ERROR(edit.Return(stage, request.reason()));
  return Finish(edit, rows(), decision, reply);
}

absl::Status ScoringState::SealSheet(const v1::SealSheetRequest& request,
                                     machine::Decision& decision, v1::Sheet* reply) const {
  TERRACE_ASSIGN_OR_RETURN(SheetEdit edit, Open(request, true, rows(), decision));
  TERRACE_ASSIGN_OR_RETURN(const absl::string_view acting,
                           resource::ParseUnitName(request.acting_office()));
  TERRACE_RETURN_IF_ERROR(edit.rules().MaySeal(decision.tree(), edit.unit(), acting));
  TERRACE_RETURN_IF_ERROR(edit.Seal());
  return Finish(edit, rows(), decision, reply);
}

absl::Status ScoringState::ReopenSheet(const v1::ReopenSheetRequest& request,
                                       machine::Decision& decision, v1::Sheet* reply) const {
  TERRACE_ASSIGN_OR_RETURN(SheetEdit edit, Open(request, false, rows(), decision));
  TERRACE_RETURN_IF_ERROR(CheckGiven(request.reason()));
  TERRACE_ASSIGN_OR_RETURN(const absl::string_view acting,
                           resource::ParseUnitName(request.acting_office()));
  TERRACE_RETURN_IF_ERROR(edit.rules().MaySeal(decision.tree(), edit.unit(), acting));
  TERRACE_ASSIGN_OR_RETURN(const int stage, edit.rules().IndexOf(request.stage()));
  TERRACE_RETURN_IF_ERROR(edit.Reopen(stage, request.reason()));
  return Finish(edit, rows(), decision, reply);
}

absl::StatusOr<RulesPtr> ScoringState::OpenCampaign(const std::string& name,
                                                    machine::Decision& decision) const {
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kCampaignPattern).status());
  return GuardedRules(name, false, rows(), decision);
}

absl::StatusOr<types::v1::RowResult::Outcome> ScoringState::RecordReviewRow(
    const v1::BatchRecordReviewsRequest& request, int row, const RulesPtr& rules,
    machine::Decision& decision) const {
  const v1::BatchRecordReviewsRequest::Row& given = request.rows(row);
  TERRACE_ASSIGN_OR_RETURN(const int stage, rules->IndexOf(request.stage()));
  TERRACE_ASSIGN_OR_RETURN(const absl::string_view unit, resource::ParseUnitName(given.unit()));
  TERRACE_ASSIGN_OR_RETURN(const absl::string_view acting,
                           resource::ParseUnitName(request.acting_office()));
  if (given.values().empty() && !given.confirm()) return Required("values");
  TERRACE_ASSIGN_OR_RETURN(SheetEdit edit, SheetEdit::Load(rules, std::string(unit), decision));
  // Whoever has no right here is not told what is stated either.
  for (const v1::LeafValue& value : given.values()) {
    const LeafLimits* leaf = rules->FindLeaf(value.node());
    if (leaf == nullptr) continue;
    TERRACE_RETURN_IF_ERROR(rules->MayState(stage, *leaf, decision.tree(), unit, acting));
  }
  if (given.confirm()) {
    TERRACE_RETURN_IF_ERROR(rules->MayEnd(stage, decision.tree(), unit, acting));
  }
  // A batch may be sent again, whatever has become of its sheets.
  if (edit.States(stage, given.values()) && (!given.confirm() || edit.IsOver(stage))) {
    return types::v1::RowResult::OUTCOME_UNCHANGED;
  }
  if (!given.values().empty()) {
    TERRACE_RETURN_IF_ERROR(Record(stage, given.values(), request.acting_office(), decision, edit));
  }
  if (given.confirm() && !edit.IsOver(stage)) {
    TERRACE_RETURN_IF_ERROR(Confirm(stage, request.acting_office(), decision, edit));
  }
  edit.Store(decision);
  return edit.created_stage() ? types::v1::RowResult::OUTCOME_CREATED
                              : types::v1::RowResult::OUTCOME_UPDATED;
}

absl::StatusOr<RulesPtr> ScoringState::RulesOf(absl::string_view name) const {
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kCampaignPattern).status());
  const auto row = rows().Get<CampaignRow>(name);
  if (!row || (row->campaign().state() != v1::CAMPAIGN_STATE_OPEN &&
               row->campaign().state() != v1::CAMPAIGN_STATE_CLOSED)) {
    return NotFound(name);
  }
  return CampaignRules::Of(name, row->campaign(), rows());
}

absl::Status ScoringState::GetSheet(const access::Identity& identity, const tree::Tree& tree,
                                    absl::Time now, const v1::GetSheetRequest& request,
                                    v1::Sheet* reply) const {
  TERRACE_ASSIGN_OR_RETURN(const SheetRef ref, ParseSheet(request.name()));
  const machine::Row* row = rows().Find(request.name());
  const absl::StatusOr<RulesPtr> rules = RulesOf(ref.campaign);
  if (row == nullptr || !rules.ok()) return NotFound(request.name());
  *reply = PresentSheet(ref.unit, ref.campaign, machine::Rows::Parse<storage::v1::SheetRow>(*row),
                        tree, row->revision.value);
  AddValues(
      **rules, tree, rows(), StagesOf(**rules, rows(), request.name()),
      [&](absl::string_view office) { return access::MaySee(identity, tree, office, now); }, reply);
  return absl::OkStatus();
}

}  // namespace terrace::scoring
