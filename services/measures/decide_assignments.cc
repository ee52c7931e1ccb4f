// Decide: what happens to an assignment, from acknowledging to verifying.
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "common/tree/judge.h"
#include "services/measures/decide.h"
#include "services/measures/measures_state.h"
#include "services/measures/names.h"
#include "services/measures/part.h"
#include "services/measures/present.h"

namespace terrace::measures {

using machine::Decision;
using storage::v1::AssignmentRecord;
using storage::v1::MeasureRecord;
using v1::AssignmentEvent;

absl::Status MeasuresState::ReadPart(absl::string_view assignment, Decision& d, Part* part) const {
  TERRACE_ASSIGN_OR_RETURN(resource::Ids ids, resource::ParseName(assignment, kAssignmentPattern));
  part->unit = std::string(ids[0]);
  part->name = std::string(assignment);
  absl::optional<AssignmentRecord> record = d.Get<AssignmentRecord>(assignment);
  if (!record) return NotFound(assignment);
  absl::optional<MeasureRecord> measure = d.Get<MeasureRecord>(record->measure());
  part->entry = FindIssued(assignment, d.now());
  if (!measure || part->entry == nullptr) return NotFound(assignment);
  d.RevisionOf(measure->measure().list());  // Its rules decide as well.
  part->issuer = std::string(resource::OwnerOf(record->measure()));
  part->issued = *part->entry->measure->facts.IssueTime(record->issue());
  part->record = *std::move(record);
  part->measure = std::move(*measure->mutable_measure());
  if (part->measure.has_cancelled()) {
    return WrongState(part->record.measure(), "CANCELLED", "ISSUED");
  }
  return absl::OkStatus();
}

absl::Status CheckJudge(const std::string& acting_office, const std::string& issuer,
                        const std::string& unit, const Decision& d) {
  if (acting_office.empty()) return Required("acting_office");
  TERRACE_ASSIGN_OR_RETURN(absl::string_view office, resource::ParseUnitName(acting_office));
  return tree::MayJudge(d.tree(), office, issuer, unit);
}

// One thing that happens to an assignment, and what it needs.
struct MeasuresState::AssignmentChange {
  const std::string& name;
  const std::string& etag;
  AssignmentEvent::Type type;
  const std::string& note;
  const google::protobuf::Timestamp* time;  // Null: now.
  absl::string_view time_field;
  const std::string* acting_office = nullptr;  // Null for what the unit does itself.
  const google::protobuf::RepeatedPtrField<types::v1::Evidence>* evidence = nullptr;
};

namespace {

constexpr absl::string_view NameOf(int type) {
  switch (type) {
    case AssignmentEvent::TYPE_ACKNOWLEDGED:
      return "ACKNOWLEDGED";
    case AssignmentEvent::TYPE_CLAIMED:
      return "CLAIMED";
    case AssignmentEvent::TYPE_VERIFIED:
      return "DONE";
    case AssignmentEvent::TYPE_RETURNED:
      return "RETURNED";
    default:
      return "ISSUED";
  }
}

// The order in which things may happen.
absl::Status CheckOrder(absl::string_view name, int last, AssignmentEvent::Type next) {
  switch (next) {
    case AssignmentEvent::TYPE_ACKNOWLEDGED:
      if (last == AssignmentEvent::TYPE_UNSPECIFIED) return absl::OkStatus();
      return WrongState(name, NameOf(last), "ISSUED");
    case AssignmentEvent::TYPE_CLAIMED:
      if (last != AssignmentEvent::TYPE_CLAIMED && last != AssignmentEvent::TYPE_VERIFIED) {
        return absl::OkStatus();
      }
      return WrongState(name, NameOf(last), "ISSUED, ACKNOWLEDGED, IN_PROGRESS or RETURNED");
    default:
      if (last == AssignmentEvent::TYPE_CLAIMED) return absl::OkStatus();
      return WrongState(name, NameOf(last), "CLAIMED");
  }
}

absl::Status CheckClaim(const v1::Measure& measure,
                        const google::protobuf::RepeatedPtrField<types::v1::Evidence>& evidence) {
  TERRACE_RETURN_IF_ERROR(CheckEvidence(evidence, "evidence"));
  for (const std::string& wanted : measure.evidence_types()) {
    bool found = false;
    for (const types::v1::Evidence& item : evidence) {
      found |= MatchesType(item.media_type(), wanted);
    }
    if (!found) return Error(Reason::EVIDENCE_MISSING, {{"type", wanted}});
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MeasuresState::ChangeAssignment(const AssignmentChange& change, Decision& d,
                                             v1::Assignment* reply) const {
  Part part;
  TERRACE_RETURN_IF_ERROR(ReadPart(change.name, d, &part));
  if (change.acting_office != nullptr) {
    TERRACE_RETURN_IF_ERROR(CheckJudge(*change.acting_office, part.issuer, part.unit, d));
  }
  TERRACE_RETURN_IF_ERROR(CheckEtag(change.etag, EtagOf(part.record), part.name));
  if (change.type != AssignmentEvent::TYPE_ACKNOWLEDGED) {
    if (!part.entry->facts.counts()) {
      return Error(Reason::NOT_FOR_CO_OPERATOR, {{"name", part.name}});
    }
    if (part.entry->measure->facts.done_by == v1::DONE_BY_REPORTS) {
      return Error(Reason::CLAIM_NOT_ASKED, {{"name", part.name}});
    }
  }
  const auto& events = part.record.events();
  const int last = events.empty() ? AssignmentEvent::TYPE_UNSPECIFIED : events.rbegin()->type();
  TERRACE_RETURN_IF_ERROR(CheckOrder(part.name, last, change.type));
  if (change.type == AssignmentEvent::TYPE_RETURNED && change.note.empty()) {
    return Required("note");
  }
  if (change.evidence != nullptr) {
    TERRACE_RETURN_IF_ERROR(CheckClaim(part.measure, *change.evidence));
  }
  if (events.size() >= kEventsMax) {
    return Error(Reason::TOO_MANY_EVENTS,
                 {{"name", part.name}, {"limit", absl::StrCat(kEventsMax)}});
  }
  TERRACE_ASSIGN_OR_RETURN(absl::Time time,
                           EventTime(change.time, change.time_field, part.issuer, d));
  TERRACE_RETURN_IF_ERROR(CheckNotBefore(
      time, events.empty() ? part.issued : FromProto(events.rbegin()->moment().time()),
      change.time_field));

  AssignmentEvent* event = part.record.add_events();
  event->set_type(change.type);
  *event->mutable_moment() = change.acting_office != nullptr
                                 ? MomentOf(time, *change.acting_office, "OFFICER", d)
                                 : MomentOf(time, resource::UnitName(part.unit), "REPORTER", d);
  event->set_note(change.note);
  if (change.evidence != nullptr) *event->mutable_evidence() = *change.evidence;
  TERRACE_RETURN_IF_ERROR(CheckSize(part.record, "evidence"));
  d.Put(part.name, part.record);

  AssignmentFacts facts = FactsOf(part.record);
  facts.reports = part.entry->facts.reports;
  const MeasureEntry& measure = *part.entry->measure;
  *reply = PresentAssignment(part.name, part.record, 0);
  FillAssignment(part.measure, measure.facts,
                 StatusAt(measure.facts, facts, measure.list->schedule.Table(d.now()),
                          LeadDone(measure, d.now()), d.now()),
                 d.now(), reply);
  return absl::OkStatus();
}

absl::Status MeasuresState::AcknowledgeAssignment(const v1::AcknowledgeAssignmentRequest& request,
                                                  Decision& d, v1::Assignment* reply) const {
  static const std::string* const kNoNote = new std::string();
  return ChangeAssignment(
      {request.name(), request.etag(), AssignmentEvent::TYPE_ACKNOWLEDGED, *kNoNote,
       request.has_acknowledged_time() ? &request.acknowledged_time() : nullptr,
       "acknowledged_time"},
      d, reply);
}

absl::Status MeasuresState::ClaimDone(const v1::ClaimDoneRequest& request, Decision& d,
                                      v1::Assignment* reply) const {
  return ChangeAssignment(
      {request.name(), request.etag(), AssignmentEvent::TYPE_CLAIMED, request.note(),
       request.has_claimed_time() ? &request.claimed_time() : nullptr, "claimed_time", nullptr,
       &request.evidence()},
      d, reply);
}

absl::Status MeasuresState::VerifyDone(const v1::VerifyDoneRequest& request, Decision& d,
                                       v1::Assignment* reply) const {
  return ChangeAssignment(
      {request.name(), request.etag(), AssignmentEvent::TYPE_VERIFIED, request.note(),
       request.has_verified_time() ? &request.verified_time() : nullptr, "verified_time",
       &request.acting_office()},
      d, reply);
}

absl::Status MeasuresState::ReturnClaim(const v1::ReturnClaimRequest& request, Decision& d,
                                        v1::Assignment* reply) const {
  return ChangeAssignment(
      {request.name(), request.etag(), AssignmentEvent::TYPE_RETURNED, request.note(),
       request.has_returned_time() ? &request.returned_time() : nullptr, "returned_time",
       &request.acting_office()},
      d, reply);
}

}  // namespace terrace::measures
