// Observations and findings of a FieldWork.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "services/inspections/checklist_rules.h"
#include "services/inspections/field_work.h"
#include "services/inspections/records.h"
#include "services/inspections/refusals.h"
#include "services/inspections/visit_merge.h"

namespace terrace::inspections {
namespace {

absl::Status NotUnderVisit(absl::string_view name, absl::string_view visit) {
  return Error(
      Reason::INVALID_FIELD,
      {{"field", "name"}, {"detail", absl::StrCat("\"", name, "\" does not belong to ", visit)}});
}

absl::Status UnknownItem(const std::string& checklist, const std::string& item) {
  return Error(Reason::UNKNOWN_ITEM, {{"checklist", checklist}, {"item", item}});
}

absl::Status Full(absl::string_view visit, int limit, absl::string_view what) {
  return Error(
      Reason::VISIT_FULL,
      {{"name", std::string(visit)}, {"limit", absl::StrCat(limit)}, {"what", std::string(what)}});
}

// Takes one number out of the ranges; false when it is in none.
bool TakeOut(google::protobuf::RepeatedPtrField<v1::MissingObservations>* ranges,
             const ObservationId& id) {
  for (int i = 0; i < ranges->size(); ++i) {
    v1::MissingObservations& range = *ranges->Mutable(i);
    if (range.device() != id.device || id.number < range.first() || id.number > range.last()) {
      continue;
    }
    const int32_t last = range.last();
    if (range.first() == range.last()) {
      ranges->DeleteSubrange(i, 1);
    } else if (id.number == range.first()) {
      range.set_first(id.number + 1);
    } else {
      range.set_last(id.number - 1);
      if (id.number < last) {
        v1::MissingObservations& rest = *ranges->Add();
        rest.set_device(id.device);
        rest.set_first(id.number + 1);
        rest.set_last(last);
      }
    }
    return true;
  }
  return false;
}

}  // namespace

absl::Status FieldWork::TakeMissing(Visit* visit, absl::string_view record_name, bool is_finding) {
  v1::Visit& v = *visit->record.mutable_visit();
  const absl::Status complete =
      Error(Reason::VISIT_COMPLETE,
            {{"name", std::string(VisitOfKey(record_name))}, {"record", std::string(record_name)}});
  switch (v.state()) {
    case v1::Visit::STATE_SUBMITTED:
    case v1::Visit::STATE_ACKNOWLEDGED:
      return complete;
    case v1::Visit::STATE_FINISHED:
      break;
    default:
      return absl::OkStatus();  // An aborted visit keeps what still comes; it counts nowhere.
  }
  const absl::string_view id = resource::LastSegment(record_name);
  if (is_finding) {
    auto* missing = v.mutable_missing_findings();
    auto it = std::find(missing->begin(), missing->end(), id);
    if (it == missing->end()) return complete;
    missing->erase(it);
  } else {
    TERRACE_ASSIGN_OR_RETURN(ObservationId parsed, ParseObservationId(id));
    if (!TakeOut(v.mutable_missing(), parsed)) return complete;
  }
  visit->changed = true;
  Settle(visit);
  return absl::OkStatus();
}

Taken FieldWork::KeepConflict(const std::string& record_name,
                              const google::protobuf::Message& record, const std::string& hash,
                              std::vector<v1::FieldDifference> differences) {
  Taken taken;
  taken.outcome = v1::ItemResult::OUTCOME_CONFLICT;
  taken.status =
      Error(Reason::RECORD_DIFFERS, {{"name", record_name}, {"fields", FieldsOf(differences)}});
  taken.differences = std::move(differences);
  const std::string key = ConflictKey(record_name, hash);
  if (d_.Exists(key)) return taken;  // Kept when it was sent before.
  int kept = 0;
  const std::string prefix = absl::StrCat(record_name, "/conflicts/");
  state_.rows().ForEach(prefix, prefix, [&](const std::string&, const machine::Row&) {
    return ++kept < kConflictsPerRecordMax;
  });
  if (kept >= kConflictsPerRecordMax) {
    taken.outcome = v1::ItemResult::OUTCOME_REJECTED;
    taken.status =
        Error(Reason::TOO_MANY_CONFLICTS, {{"name", record_name}, {"limit", absl::StrCat(kept)}});
    return taken;
  }
  d_.Put(key, record);
  return taken;
}

// ------------------------------------------------------------------------------ observations

Taken FieldWork::Observe(const Origin& origin, const v1::Observation& observation) {
  const std::string& name = observation.name();
  absl::StatusOr<resource::Ids> ids = resource::ParseName(name, kObservationPattern);
  if (!ids.ok()) return Rejected(ids.status());
  if (VisitOfKey(name) != origin.visit) return Rejected(NotUnderVisit(name, origin.visit));
  absl::StatusOr<ObservationId> id = ParseObservationId((*ids)[2]);
  if (!id.ok()) return Rejected(id.status());

  absl::optional<absl::Time> at;
  if (observation.has_captured_time()) at = FromProto(observation.captured_time());
  absl::StatusOr<Visit> open = Open(origin, at.value_or(clock_.received));
  if (!open.ok()) return Rejected(open.status());
  Visit visit = *std::move(open);

  v1::Observation sent = AsSent(observation);
  sent.clear_name();
  const std::string hash = ContentHash(sent);
  auto stored = d_.Get<storage::v1::ObservationRecord>(name);
  if (stored && stored->content_sha256() == hash) return Unchanged();

  absl::StatusOr<const v1::Checklist*> checklist = ChecklistOf(visit.record.visit().checklist());
  if (!checklist.ok()) return Rejected(checklist.status());
  const v1::ChecklistItem* item = FindItem(**checklist, sent.item());
  if (item == nullptr) {
    return Rejected(UnknownItem(visit.record.visit().checklist(), sent.item()));
  }
  absl::Status answer = CheckAnswer(*item, sent);
  if (!answer.ok()) return Rejected(std::move(answer));

  const v1::Moment moment = MakeMoment(at, clock_);
  storage::v1::ObservationRecord record;
  *record.mutable_observation() = sent;
  record.mutable_observation()->set_skewed(moment.skewed());
  *record.mutable_observation()->mutable_receive_time() = moment.receive_time();
  if (moment.has_skew()) *record.mutable_observation()->mutable_skew() = moment.skew();
  record.set_content_sha256(hash);
  record.set_failed(ClassOfAnswer(*item, sent) == AnswerClass::kFailed);
  if (stored) {
    v1::Observation stored_as_sent = AsSent(stored->observation());
    return KeepConflict(name, record, hash, Differences(stored_as_sent, sent));
  }

  if (visit.observations >= kObservationsPerVisitMax) {
    return Rejected(Full(origin.visit, kObservationsPerVisitMax, "observations"));
  }
  absl::optional<storage::v1::FindingRecord> finding;
  if (sent.has_finding()) {
    v1::Finding raised = sent.finding();
    if (raised.item().empty()) raised.set_item(sent.item());
    absl::Status valid = CheckFinding(visit, origin.visit, raised);
    if (!valid.ok()) return Rejected(std::move(valid));
    absl::StatusOr<storage::v1::FindingRecord> made = NewFinding(visit, raised, moment);
    if (!made.ok()) return Rejected(made.status());
    finding = *std::move(made);
    finding->mutable_finding()->set_observation(name);
    if (d_.Exists(FindingKey(origin.visit, (*ids)[2]))) {
      return Rejected(
          Error(Reason::CONTENT_DIFFERS, {{"name", FindingKey(origin.visit, (*ids)[2])}}));
    }
  }
  absl::Status takes = TakeMissing(&visit, name, /*is_finding=*/false);
  if (!takes.ok()) return Rejected(std::move(takes));

  Touch(&visit, at);
  ++visit.observations;
  d_.Put(name, record);
  if (finding) {
    ++visit.findings;
    visit.raised.push_back(FindingKey(origin.visit, (*ids)[2]));
    d_.Put(visit.raised.back(), *finding);
  }
  Keep(origin.visit, std::move(visit));
  return Created();
}

// ---------------------------------------------------------------------------------- findings

absl::Status FieldWork::CheckFinding(const Visit& visit, const std::string& visit_name,
                                     const v1::Finding& finding) {
  if (visit.findings >= kFindingsPerVisitMax) {
    return Full(visit_name, kFindingsPerVisitMax, "findings");
  }
  TERRACE_RETURN_IF_ERROR(CheckCount(finding.evidence_size(), kEvidenceMax));
  if (finding.text().empty() && finding.item().empty()) {
    return Needed("finding.text");
  }
  if (finding.recurrence_of().empty()) return absl::OkStatus();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(finding.recurrence_of(), kFindingPattern).status());
  if (resource::OwnerOf(finding.recurrence_of()) != resource::OwnerOf(visit_name) ||
      !d_.Exists(finding.recurrence_of())) {
    return NotFound(finding.recurrence_of());
  }
  return absl::OkStatus();
}

absl::StatusOr<storage::v1::FindingRecord> FieldWork::NewFinding(const Visit& visit,
                                                                 const v1::Finding& as_sent,
                                                                 const v1::Moment& moment) {
  storage::v1::FindingRecord record;
  v1::Finding& finding = *record.mutable_finding();
  finding = as_sent;
  finding.clear_name();
  const v1::Visit& v = visit.record.visit();
  if (!finding.item().empty()) {
    TERRACE_ASSIGN_OR_RETURN(const v1::Checklist* checklist, ChecklistOf(v.checklist()));
    const v1::ChecklistItem* item = FindItem(*checklist, finding.item());
    if (item == nullptr) return UnknownItem(v.checklist(), finding.item());
    if (finding.severity() == v1::SEVERITY_UNSPECIFIED) finding.set_severity(item->severity());
  }
  if (finding.severity() == v1::SEVERITY_UNSPECIFIED) finding.set_severity(v1::SEVERITY_GENERAL);
  if (finding.has_rectify_by()) {
    *finding.mutable_due_time() =
        ToProto(EndOfDay(finding.rectify_by(), state_.ZoneOf(visit.record)));
  }
  finding.set_office(v.office());
  finding.set_state(finding.fixed_on_spot() ? v1::Finding::STATE_CLOSED
                                            : v1::Finding::STATE_RAISED);
  v1::FindingStep& step = *finding.add_steps();
  step.set_state(finding.state());
  *step.mutable_moment() = moment;
  step.set_office(v.office());
  if (finding.has_due_time()) *step.mutable_due_time() = finding.due_time();
  finding.set_etag(NewEtag(d_));
  record.set_content_sha256(ContentHash(as_sent));
  return record;
}

// Findings may come before the start that says which programme the visit serves.
absl::Status FieldWork::MoveDays(const std::string& visit_name, const Visit& visit,
                                 absl::TimeZone from, absl::TimeZone to) {
  if (from == to) return absl::OkStatus();
  std::vector<std::string> names = visit.raised;
  const std::string prefix = absl::StrCat(visit_name, "/findings/");
  const absl::btree_set<std::string>& stored = state_.Names(RowKind::kFinding);
  for (auto it = stored.lower_bound(prefix); it != stored.end() && absl::StartsWith(*it, prefix);
       ++it) {
    names.push_back(*it);
  }
  // Every item of the message may need a place for itself and one for its visit.
  const int room = static_cast<int>(d_.room()) - 2 * kItemsMax;
  TERRACE_RETURN_IF_ERROR(CheckCount(static_cast<int>(names.size()), std::max(room, 0)));
  for (const std::string& name : names) {
    auto record = d_.Get<storage::v1::FindingRecord>(name);
    TERRACE_CHECK(record.has_value());
    v1::Finding& finding = *record->mutable_finding();
    if (!finding.has_due_time()) continue;
    const auto move = [&](google::protobuf::Timestamp* time) {
      *time = ToProto(MoveEndOfDay(FromProto(*time), from, to));
    };
    move(finding.mutable_due_time());
    for (v1::FindingStep& step : *finding.mutable_steps()) {
      if (step.has_due_time()) move(step.mutable_due_time());
    }
    finding.set_etag(NewEtag(d_));
    d_.Put(name, *record);
  }
  return absl::OkStatus();
}

Taken FieldWork::Raise(const Origin& origin, const v1::Finding& finding) {
  const std::string& name = finding.name();
  absl::StatusOr<resource::Ids> ids = resource::ParseName(name, kFindingPattern);
  if (!ids.ok()) return Rejected(ids.status());
  if (VisitOfKey(name) != origin.visit) return Rejected(NotUnderVisit(name, origin.visit));

  absl::optional<absl::Time> at;
  if (finding.has_captured_time()) at = FromProto(finding.captured_time());
  absl::StatusOr<Visit> open = Open(origin, at.value_or(clock_.received));
  if (!open.ok()) return Rejected(open.status());
  Visit visit = *std::move(open);

  v1::Finding sent = AsSent(finding);
  sent.clear_name();
  const std::string hash = ContentHash(sent);
  auto stored = d_.Get<storage::v1::FindingRecord>(name);
  if (stored && stored->content_sha256() == hash) return Unchanged();
  absl::Status valid = CheckFinding(visit, origin.visit, sent);
  if (!valid.ok()) return Rejected(std::move(valid));
  absl::StatusOr<storage::v1::FindingRecord> record =
      NewFinding(visit, sent, MakeMoment(at, clock_));
  if (!record.ok()) return Rejected(record.status());
  if (stored) {
    v1::Finding stored_as_sent = AsSent(stored->finding());
    if (stored->has_sent_rectify_by()) {
      *stored_as_sent.mutable_rectify_by() = stored->sent_rectify_by();
    }
    return KeepConflict(name, *record, hash,
                        Differences(stored_as_sent, AsSent(record->finding())));
  }
  absl::Status takes = TakeMissing(&visit, name, /*is_finding=*/true);
  if (!takes.ok()) return Rejected(std::move(takes));

  Touch(&visit, at);
  ++visit.findings;
  visit.raised.push_back(name);
  d_.Put(name, *record);
  Keep(origin.visit, std::move(visit));
  return Created();
}

}  // namespace terrace::inspections
