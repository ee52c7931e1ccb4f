// Commands about what becomes of findings, and about follow-ups.
#include <initializer_list>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/base/decimal.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/base/time.h"
#include "common/calendar/period.h"
#include "common/resource/names.h"
#include "common/tree/judge.h"
#include "services/inspections/checklist_rules.h"
#include "services/inspections/inspections_state.h"
#include "services/inspections/records.h"
#include "services/inspections/refusals.h"
#include "services/inspections/timeline.h"

namespace terrace::inspections {
namespace {

constexpr int kFindingStepsMax = 100;
constexpr int kFollowUpSubjectsMax = 100;

using State = v1::Finding::State;

// A finding that a verb is about.
class FindingVerb {
 public:
  // Finds it, compares the etag, and sees that its visit counts.
  static absl::StatusOr<FindingVerb> Open(Decision& d, const std::string& name,
                                          const std::string& etag) {
    TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kFindingPattern).status());
    auto record = d.Get<storage::v1::FindingRecord>(name);
    auto visit = d.Get<storage::v1::VisitRecord>(VisitOfKey(name));
    if (!record || !visit) return NotFound(name);
    TERRACE_RETURN_IF_ERROR(CheckEtag(etag, record->finding().etag(), name));
    if (visit->visit().state() == v1::Visit::STATE_ABORTED) {
      return WrongState(VisitOfKey(name), "ABORTED", "a visit that counts");
    }
    if (record->finding().steps_size() >= kFindingStepsMax) {
      return Error(Reason::TOO_MANY_EVENTS,
                   {{"name", name}, {"limit", absl::StrCat(kFindingStepsMax)}});
    }
    return FindingVerb(d, name, *std::move(record), *std::move(visit));
  }

  v1::Finding& finding() { return *record_.mutable_finding(); }
  const storage::v1::VisitRecord& visit() const { return visit_; }

  absl::Status Need(std::initializer_list<State> states) {
    std::string needed;
    for (State state : states) {
      if (finding().state() == state) return absl::OkStatus();
      absl::StrAppend(&needed, needed.empty() ? "" : " or ", Bare(state));
    }
    return WrongState(name_, Bare(finding().state()), needed);
  }

  absl::Status MayJudge(const std::string& acting_office) {
    TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(acting_office).status());
    return CheckActing(d_.tree(), acting_office, finding().office(), OwnerName(name_));
  }

  void MoveDue(const google::type::Date& date, absl::TimeZone zone) {
    if (!record_.has_sent_rectify_by() && finding().has_rectify_by()) {
      *record_.mutable_sent_rectify_by() = finding().rectify_by();
    }
    *finding().mutable_rectify_by() = date;
    *finding().mutable_due_time() = ToProto(EndOfDay(date, zone));
  }

  // The step that leads to `state`; Store follows.
  template <class Request>
  v1::FindingStep& Step(State state, const std::string& office, const Request& request) {
    finding().set_state(state);
    v1::FindingStep& step = *finding().add_steps();
    step.set_state(state);
    absl::optional<absl::Time> at;
    if (request.has_captured_time()) at = FromProto(request.captured_time());
    *step.mutable_moment() = MakeMoment(at, {d_.now(), absl::nullopt});
    step.set_office(office);
    step.set_note(request.note());
    if (finding().has_due_time()) *step.mutable_due_time() = finding().due_time();
    return step;
  }

  void Store(v1::Finding* reply) {
    finding().set_etag(NewEtag(d_));
    d_.Put(name_, record_);
    *reply = ToResource(name_, record_, {});
    reply->set_overdue(reply->has_due_time() && RunsOut(reply->state()) &&
                       FromProto(reply->due_time()) <= d_.now());
  }

 private:
  FindingVerb(Decision& d, std::string name, storage::v1::FindingRecord record,
              storage::v1::VisitRecord visit)
      : d_(d), name_(std::move(name)), record_(std::move(record)), visit_(std::move(visit)) {}

  static std::string Bare(State state) {
    return std::string(absl::StripPrefix(v1::Finding::State_Name(state), "STATE_"));
  }

  Decision& d_;
  std::string name_;
  storage::v1::FindingRecord record_;
  storage::v1::VisitRecord visit_;
};

absl::Status NeedNote(const std::string& note, const std::string& name, absl::string_view why) {
  if (!note.empty()) return absl::OkStatus();
  return Error(Reason::REASON_NEEDED, {{"item", name}, {"detail", std::string(why)}});
}

}  // namespace

absl::Status InspectionsState::ConfirmFinding(const v1::ConfirmFindingRequest& request, Decision& d,
                                              v1::Finding* reply) const {
  TERRACE_ASSIGN_OR_RETURN(FindingVerb verb, FindingVerb::Open(d, request.name(), request.etag()));
  TERRACE_RETURN_IF_ERROR(verb.MayJudge(request.acting_office()));
  TERRACE_RETURN_IF_ERROR(verb.Need({v1::Finding::STATE_RAISED, v1::Finding::STATE_DISPUTED}));
  const bool disputed = verb.finding().state() == v1::Finding::STATE_DISPUTED;
  if (disputed) {
    TERRACE_RETURN_IF_ERROR(NeedNote(request.note(), request.name(), "it was disputed"));
  }
  if (request.has_rectify_by()) verb.MoveDue(request.rectify_by(), ZoneOf(verb.visit()));
  // What was put right on the spot stays so when the dispute about it is over.
  verb.Step(disputed && verb.finding().fixed_on_spot() ? v1::Finding::STATE_CLOSED
                                                       : v1::Finding::STATE_CONFIRMED,
            request.acting_office(), request);
  verb.Store(reply);
  return absl::OkStatus();
}

absl::Status InspectionsState::WithdrawFinding(const v1::WithdrawFindingRequest& request,
                                               Decision& d, v1::Finding* reply) const {
  TERRACE_ASSIGN_OR_RETURN(FindingVerb verb, FindingVerb::Open(d, request.name(), request.etag()));
  TERRACE_RETURN_IF_ERROR(verb.MayJudge(request.acting_office()));
  TERRACE_RETURN_IF_ERROR(verb.Need(
      {v1::Finding::STATE_RAISED, v1::Finding::STATE_CONFIRMED, v1::Finding::STATE_DISPUTED}));
  TERRACE_RETURN_IF_ERROR(NeedNote(request.note(), request.name(), "it is withdrawn"));
  verb.Step(v1::Finding::STATE_WITHDRAWN, request.acting_office(), request);
  verb.Store(reply);
  return absl::OkStatus();
}

absl::Status InspectionsState::DisputeFinding(const v1::DisputeFindingRequest& request, Decision& d,
                                              v1::Finding* reply) const {
  TERRACE_ASSIGN_OR_RETURN(FindingVerb verb, FindingVerb::Open(d, request.name(), request.etag()));
  bool disputed_before = false;
  for (const v1::FindingStep& step : verb.finding().steps()) {
    disputed_before |= step.state() == v1::Finding::STATE_DISPUTED;
  }
  if (!verb.finding().fixed_on_spot() || disputed_before) {
    TERRACE_RETURN_IF_ERROR(verb.Need({v1::Finding::STATE_RAISED, v1::Finding::STATE_CONFIRMED}));
  }
  TERRACE_RETURN_IF_ERROR(NeedNote(request.note(), request.name(), "it is disputed"));
  TERRACE_RETURN_IF_ERROR(CheckCount(request.evidence_size(), kEvidenceMax));
  v1::FindingStep& step =
      verb.Step(v1::Finding::STATE_DISPUTED, OwnerName(request.name()), request);
  *step.mutable_evidence() = request.evidence();
  verb.Store(reply);
  return absl::OkStatus();
}

absl::Status InspectionsState::ClaimRectified(const v1::ClaimRectifiedRequest& request, Decision& d,
                                              v1::Finding* reply) const {
  TERRACE_ASSIGN_OR_RETURN(FindingVerb verb, FindingVerb::Open(d, request.name(), request.etag()));
  TERRACE_RETURN_IF_ERROR(verb.Need(
      {v1::Finding::STATE_RAISED, v1::Finding::STATE_CONFIRMED, v1::Finding::STATE_RETURNED}));
  TERRACE_RETURN_IF_ERROR(NeedNote(request.note(), request.name(), "say what was done"));
  TERRACE_RETURN_IF_ERROR(CheckCount(request.evidence_size(), kEvidenceMax));
  v1::FindingStep& step = verb.Step(v1::Finding::STATE_CLAIMED, OwnerName(request.name()), request);
  *step.mutable_evidence() = request.evidence();
  verb.Store(reply);
  return absl::OkStatus();
}

absl::Status InspectionsState::RecheckFinding(const v1::RecheckFindingRequest& request, Decision& d,
                                              v1::Finding* reply) const {
  TERRACE_ASSIGN_OR_RETURN(FindingVerb verb, FindingVerb::Open(d, request.name(), request.etag()));
  TERRACE_RETURN_IF_ERROR(verb.MayJudge(request.acting_office()));
  TERRACE_RETURN_IF_ERROR(verb.Need({v1::Finding::STATE_CLAIMED}));
  if (request.mode() == v1::RECHECK_MODE_UNSPECIFIED) {
    return Needed("mode");
  }
  if (request.outcome() == v1::RecheckFindingRequest::OUTCOME_UNSPECIFIED) {
    return Needed("outcome");
  }
  TERRACE_RETURN_IF_ERROR(CheckCount(request.evidence_size(), kEvidenceMax));
  const bool closed = request.outcome() == v1::RecheckFindingRequest::OUTCOME_CLOSED;
  if (!closed) {
    TERRACE_RETURN_IF_ERROR(NeedNote(request.note(), request.name(), "it is returned"));
    if (request.has_rectify_by()) verb.MoveDue(request.rectify_by(), ZoneOf(verb.visit()));
  } else if (request.has_rectify_by()) {
    return Error(Reason::INVALID_FIELD,
                 {{"field", "rectify_by"}, {"detail", "nothing is left to put right"}});
  }
  v1::FindingStep& step =
      verb.Step(closed ? v1::Finding::STATE_CLOSED : v1::Finding::STATE_RETURNED,
                request.acting_office(), request);
  step.set_recheck_mode(request.mode());
  *step.mutable_evidence() = request.evidence();
  verb.Store(reply);
  return absl::OkStatus();
}

// -------------------------------------------------------------------------------- follow-ups

namespace {

// Names of things at the unit that led to the follow-up.
absl::Status CheckSubjects(Decision& d, const std::string& unit,
                           const google::protobuf::RepeatedPtrField<std::string>& names,
                           absl::string_view pattern) {
  TERRACE_RETURN_IF_ERROR(CheckCount(names.size(), kFollowUpSubjectsMax));
  for (const std::string& name : names) {
    TERRACE_RETURN_IF_ERROR(resource::ParseName(name, pattern).status());
    if (OwnerName(name) != unit || !d.Exists(name)) return NotFound(name);
  }
  return absl::OkStatus();
}

absl::Status CheckFollowUp(Decision& d, const std::string& unit, const v1::FollowUp& follow_up) {
  if (follow_up.kind() == v1::FollowUp::KIND_UNSPECIFIED) {
    return Needed("follow_up.kind");
  }
  if (follow_up.title().empty()) {
    return Needed("follow_up.title");
  }
  if (!follow_up.has_date()) return Needed("follow_up.date");
  TERRACE_RETURN_IF_ERROR(CheckText("follow_up.title", follow_up.title(), kDisplayNameBytesMax));
  TERRACE_RETURN_IF_ERROR(
      CheckText("follow_up.document_number", follow_up.document_number(), kDisplayNameBytesMax));
  if (follow_up.has_participants()) {
    TERRACE_ASSIGN_OR_RETURN(Decimal count,
                             FromProto(follow_up.participants().value(), "follow_up.participants"));
    if (count.sign() < 0) {
      return Error(Reason::NUMBER_OUT_OF_RANGE, {{"field", "follow_up.participants"},
                                                 {"value", count.ToString()},
                                                 {"range", "0 or more"}});
    }
  }
  TERRACE_RETURN_IF_ERROR(CheckCount(follow_up.evidence_size(), kEvidenceMax));
  TERRACE_RETURN_IF_ERROR(CheckSubjects(d, unit, follow_up.visits(), kVisitPattern));
  return CheckSubjects(d, unit, follow_up.findings(), kFindingPattern);
}

}  // namespace

absl::Status InspectionsState::RecordFollowUp(const v1::RecordFollowUpRequest& request, Decision& d,
                                              v1::FollowUp* reply) const {
  TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(request.parent()).status());
  TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(request.acting_office()).status());
  if (!d.tree().Number(resource::OwnerOf(request.parent()))) return NotFound(request.parent());
  TERRACE_RETURN_IF_ERROR(tree::MayJudge(d.tree(), resource::OwnerOf(request.acting_office()), "",
                                         resource::OwnerOf(request.parent())));
  TERRACE_RETURN_IF_ERROR(CheckFollowUp(d, request.parent(), request.follow_up()));
  const std::string id = request.follow_up_id().empty() ? d.NewId() : request.follow_up_id();
  TERRACE_RETURN_IF_ERROR(resource::CheckId(id));
  const std::string name = absl::StrCat(request.parent(), "/followUps/", id);
  if (d.Exists(name)) return Error(Reason::ALREADY_EXISTS, {{"name", name}});
  storage::v1::FollowUpRecord record;
  v1::FollowUp& follow_up = *record.mutable_follow_up();
  follow_up = request.follow_up();
  follow_up.clear_name();
  follow_up.clear_revision();
  follow_up.set_office(request.acting_office());
  absl::optional<absl::Time> at;
  if (request.has_captured_time()) {
    at = FromProto(request.captured_time());
  } else {
    // A follow-up serves no programme, so its day is one of the realm's own zone.
    const absl::Time begins = absl::FromCivil(DayOf(follow_up.date()), calendar::DefaultZone());
    if (begins <= d.now()) at = begins;
  }
  *follow_up.mutable_moment() = MakeMoment(at, {d.now(), absl::nullopt});
  follow_up.set_etag(NewEtag(d));
  d.Put(name, record);
  *reply = ToResource(name, record, {});
  return absl::OkStatus();
}

}  // namespace terrace::inspections
