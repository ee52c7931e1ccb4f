// Decisions about appeals, and the read of one.
//
//   FILED -> REFUSED
//   FILED -> ADMITTED -> ADJUSTED | DISMISSED
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/text.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "common/tree/judge.h"
#include "services/scoring/scoring_state.h"
#include "services/scoring/state_common.h"

namespace terrace::scoring {
namespace {

using storage::v1::AppealRow;
using storage::v1::PublicationRow;
using storage::v1::StoredResult;

std::string AppealGuard(const std::string& publication) {
  return absl::StrCat("guards/appeals/", publication);
}

types::v1::Actor ActorOf(const machine::Decision& decision, absl::string_view office,
                         absl::string_view role) {
  types::v1::Actor actor;
  actor.set_subject(decision.identity().subject);
  actor.set_office(std::string(office));
  actor.set_role(std::string(role));
  return actor;
}

absl::Status WrongState(const std::string& name, v1::AppealState state, const std::string& needed) {
  return Error(Reason::WRONG_STATE,
               {{"name", name},
                {"state", v1::AppealState_Name(state).substr(sizeof("APPEAL_STATE_") - 1)},
                {"needed", needed}});
}

// Grounds, evidence and the place that it is about.
absl::Status CheckAppeal(const v1::Appeal& appeal, const StoredResult& result) {
  if (appeal.grounds().empty()) return Required("appeal.grounds");
  TERRACE_RETURN_IF_ERROR(CheckText("appeal.grounds", appeal.grounds(), kTextBytesMax));
  if (appeal.evidence_size() > kEvidenceMax) {
    return Invalid("appeal.evidence", absl::StrCat("at most ", kEvidenceMax));
  }
  for (const std::string& name : appeal.evidence()) {
    if (resource::IsWellFormedName(name)) continue;
    return Error(Reason::INVALID_NAME,
                 {{"name", QuoteText(name)}, {"pattern", "units/{unit}/..."}});
  }
  const auto& nodes = result.result().nodes();
  if (!appeal.node().empty() &&
      std::none_of(nodes.begin(), nodes.end(),
                   [&](const v1::NodeScore& node) { return node.node() == appeal.node(); })) {
    return Invalid("appeal.node", "the result has no such node");
  }
  return absl::OkStatus();
}

// Whether units may object to the publication now.
absl::Status CheckOpenToObjection(const std::string& name, const v1::Publication& publication,
                                  absl::Time now) {
  if (!publication.corrected_by().empty()) {
    return Error(Reason::ALREADY_CORRECTED,
                 {{"name", name}, {"other", publication.corrected_by()}});
  }
  const absl::Time end = FromProto(publication.objection_end_time());
  if (publication.has_objection_end_time() && now > end) {
    return Error(
        Reason::OBJECTION_OVER,
        {{"name", name}, {"time", absl::FormatTime(absl::RFC3339_sec, end, absl::UTCTimeZone())}});
  }
  if (publication.state() != v1::PUBLICATION_STATE_PROVISIONAL) {
    return Error(Reason::WRONG_STATE,
                 {{"name", name}, {"state", "FINAL"}, {"needed", "PROVISIONAL"}});
  }
  return absl::OkStatus();
}

// How many appeals against the publication the unit has filed.
int CountFiled(const std::string& unit, const std::string& publication, const machine::Rows& rows) {
  int count = 0;
  rows.ForEach(
      absl::StrCat(unit, kAppealsInfix), "", [&](const std::string& key, const machine::Row& row) {
        count += machine::Rows::Parse<AppealRow>(row).appeal().publication() == publication;
        return true;
      });
  return count;
}

// The acting office is the one that published, or above it, and never the unit itself.
absl::Status CheckActingOffice(const std::string& acting_office, const std::string& name,
                               const std::string& publication, const tree::Tree& tree) {
  TERRACE_ASSIGN_OR_RETURN(const absl::string_view acting, resource::ParseUnitName(acting_office));
  const absl::string_view office = resource::OwnerOf(publication);
  TERRACE_RETURN_IF_ERROR(tree::MayJudge(tree, acting, office, resource::OwnerOf(name)));
  if (acting == office) return absl::OkStatus();
  const absl::optional<tree::UnitNumber> above = tree.Number(acting);
  const absl::optional<tree::UnitNumber> below = tree.Number(office);
  for (tree::Line line : tree::kBothLines) {
    if (above && below && tree.IsUnder(*below, *above, line)) return absl::OkStatus();
  }
  return Error(Reason::NOT_YOURS, {{"name", name}, {"owner", resource::UnitName(office)}});
}

// Whether the caller filed the appeal, or stated values on the unit's sheet of that scheme and
// period.
bool TookPart(const v1::Appeal& appeal, const std::string& name, const v1::Publication& publication,
              const machine::Rows& rows, machine::Decision& decision) {
  const std::string& subject = decision.identity().subject;
  if (appeal.filed_by().subject() == subject) return true;
  std::vector<std::string> stages;
  rows.ForEach(absl::StrCat("units/", resource::OwnerOf(name), "/sheets/"), "",
               [&](const std::string& key, const machine::Row&) {
                 if (absl::StrContains(key, "/stages/")) stages.push_back(key);
                 return true;
               });
  bool took_part = false;
  for (const std::string& stage : stages) {
    // "units/{unit}/sheets/{office}~{campaign}/stages/{stage}"
    const absl::StatusOr<resource::Ids> ids =
        resource::ParseName(stage, "units/{unit}/sheets/{office}~{campaign}/stages/{stage}");
    if (!ids.ok()) continue;
    const auto campaign = decision.Get<storage::v1::CampaignRow>(
        resource::FormatName("units/{office}/campaigns/{campaign}", {(*ids)[1], (*ids)[2]}));
    if (!campaign || PeriodKey(campaign->campaign().scheme(), campaign->campaign().period()) !=
                         PeriodKey(publication.scheme(), publication.period())) {
      continue;
    }
    const v1::StageValues values = decision.Get<storage::v1::StageRow>(stage)->values();
    took_part |= values.ended_by().subject() == subject;
    for (const v1::LeafValue& value : values.values()) {
      took_part |= value.stated_by().subject() == subject;
    }
  }
  return took_part;
}

// What AdmitAppeal and DecideAppeal begin with.
struct Judged {
  AppealRow row;
  PublicationRow publication;
};
absl::StatusOr<Judged> Judge(const std::string& name, const std::string& acting_office,
                             v1::AppealState needed, machine::Decision& decision) {
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kAppealPattern).status());
  TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(acting_office).status());
  auto row = decision.Get<AppealRow>(name);
  if (!row) return NotFound(name);
  auto publication = decision.Get<PublicationRow>(row->appeal().publication());
  TERRACE_CHECK(publication.has_value());
  TERRACE_RETURN_IF_ERROR(
      CheckActingOffice(acting_office, name, row->appeal().publication(), decision.tree()));
  if (row->appeal().state() != needed) {
    return WrongState(name, row->appeal().state(),
                      v1::AppealState_Name(needed).substr(sizeof("APPEAL_STATE_") - 1));
  }
  return Judged{*std::move(row), *std::move(publication)};
}

// Stores a changed appeal, and tells whoever counts those that are open.
void Store(const std::string& name, Judged judged, machine::Decision& decision, v1::Appeal* reply) {
  decision.BumpGuard(AppealGuard(judged.row.appeal().publication()));
  judged.row.set_edits(judged.row.edits() + 1);
  decision.Put(name, judged.row);
  *reply = PresentAppeal(name, judged.row, judged.publication.publication(), 0);
}

}  // namespace

v1::Appeal PresentAppeal(absl::string_view name, const AppealRow& row,
                         const v1::Publication& publication, int64_t revision) {
  v1::Appeal appeal = row.appeal();
  appeal.set_name(std::string(name));
  appeal.set_etag(EtagOf(name, row.edits()));
  appeal.set_revision(revision);
  if (appeal.state() == v1::APPEAL_STATE_ADJUSTED) {
    appeal.set_corrected_by(publication.corrected_by());
  }
  return appeal;
}

absl::Status ScoringState::FileAppeal(const v1::FileAppealRequest& request,
                                      machine::Decision& decision, v1::Appeal* reply) const {
  TERRACE_ASSIGN_OR_RETURN(const absl::string_view unit, resource::ParseUnitName(request.parent()));
  TERRACE_RETURN_IF_ERROR(resource::CheckId(request.appeal_id()));
  const std::string& publication = request.appeal().publication();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(publication, kPublicationPattern).status());
  const std::string name = resource::FormatName(kAppealPattern, {unit, request.appeal_id()});
  if (decision.Exists(name)) return Error(Reason::ALREADY_EXISTS, {{"name", name}});
  const auto published = decision.Get<PublicationRow>(publication);
  if (!published || !IsAnnounced(published->publication().state())) return NotFound(publication);
  const auto result = decision.Get<StoredResult>(ResultName(unit, publication));
  if (!result) return NotFound(ResultName(unit, publication));
  TERRACE_RETURN_IF_ERROR(
      CheckOpenToObjection(publication, published->publication(), decision.now()));
  TERRACE_RETURN_IF_ERROR(CheckAppeal(request.appeal(), *result));
  if (CountFiled(request.parent(), publication, rows()) >= kAppealsPerResult) {
    return Error(Reason::TOO_MANY_APPEALS, {{"unit", request.parent()},
                                            {"limit", absl::StrCat(kAppealsPerResult)},
                                            {"publication", publication}});
  }
  Judged filed;
  filed.publication = *published;
  v1::Appeal& appeal = *filed.row.mutable_appeal();
  appeal.set_publication(publication);
  appeal.set_node(request.appeal().node());
  appeal.set_grounds(request.appeal().grounds());
  *appeal.mutable_evidence() = request.appeal().evidence();
  appeal.set_state(v1::APPEAL_STATE_FILED);
  *appeal.mutable_filed_by() = ActorOf(decision, request.parent(), "REPORTER");
  *appeal.mutable_file_time() = ToProto(decision.now());
  *appeal.mutable_admit_due_time() = ToProto(decision.now() + kAdmitWithin);
  Store(name, std::move(filed), decision, reply);
  return absl::OkStatus();
}

absl::Status ScoringState::AdmitAppeal(const v1::AdmitAppealRequest& request,
                                       machine::Decision& decision, v1::Appeal* reply) const {
  TERRACE_RETURN_IF_ERROR(CheckText("statement", request.statement(), kReasonBytesMax));
  if (request.refuse() && request.statement().empty()) return Required("statement");
  TERRACE_ASSIGN_OR_RETURN(Judged judged, Judge(request.name(), request.acting_office(),
                                                v1::APPEAL_STATE_FILED, decision));
  v1::Appeal& appeal = *judged.row.mutable_appeal();
  if (appeal.filed_by().subject() == decision.identity().subject) {
    return Error(Reason::JUDGED_BEFORE,
                 {{"subject", decision.identity().subject}, {"name", request.name()}});
  }
  appeal.set_state(request.refuse() ? v1::APPEAL_STATE_REFUSED : v1::APPEAL_STATE_ADMITTED);
  appeal.set_statement(request.statement());
  *appeal.mutable_admitted_by() = ActorOf(decision, request.acting_office(), "OFFICER");
  *appeal.mutable_admit_time() = ToProto(decision.now());
  if (!request.refuse()) {
    *appeal.mutable_decide_due_time() = ToProto(decision.now() + kDecideWithin);
  }
  Store(request.name(), std::move(judged), decision, reply);
  return absl::OkStatus();
}

absl::Status ScoringState::DecideAppeal(const v1::DecideAppealRequest& request,
                                        machine::Decision& decision, v1::Appeal* reply) const {
  if (request.outcome() != v1::APPEAL_STATE_ADJUSTED &&
      request.outcome() != v1::APPEAL_STATE_DISMISSED) {
    return Invalid("outcome", "ADJUSTED or DISMISSED");
  }
  if (request.statement().empty()) return Required("statement");
  TERRACE_RETURN_IF_ERROR(CheckText("statement", request.statement(), kReasonBytesMax));
  TERRACE_ASSIGN_OR_RETURN(Judged judged, Judge(request.name(), request.acting_office(),
                                                v1::APPEAL_STATE_ADMITTED, decision));
  v1::Appeal& appeal = *judged.row.mutable_appeal();
  if (TookPart(appeal, request.name(), judged.publication.publication(), rows(), decision)) {
    return Error(Reason::JUDGED_BEFORE,
                 {{"subject", decision.identity().subject}, {"name", request.name()}});
  }
  appeal.set_state(request.outcome());
  appeal.set_statement(request.statement());
  *appeal.mutable_decided_by() = ActorOf(decision, request.acting_office(), "OFFICER");
  *appeal.mutable_decide_time() = ToProto(decision.now());
  Store(request.name(), std::move(judged), decision, reply);
  return absl::OkStatus();
}

absl::Status ScoringState::GetAppeal(const v1::GetAppealRequest& request, v1::Appeal* reply) const {
  TERRACE_RETURN_IF_ERROR(resource::ParseName(request.name(), kAppealPattern).status());
  const machine::Row* row = rows().Find(request.name());
  if (row == nullptr) return NotFound(request.name());
  const auto appeal = machine::Rows::Parse<AppealRow>(*row);
  const auto publication = rows().Get<PublicationRow>(appeal.appeal().publication());
  TERRACE_CHECK(publication.has_value());
  *reply = PresentAppeal(request.name(), appeal, publication->publication(), row->revision.value);
  return absl::OkStatus();
}

}  // namespace terrace::scoring
