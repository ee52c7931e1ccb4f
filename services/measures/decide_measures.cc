// Decide: measures as drafts, their changes after issue, and their end. Handing out is in issue.cc.
#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/decimal.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/resource/field_mask.h"
#include "common/resource/names.h"
#include "google/protobuf/util/message_differencer.h"
#include "services/measures/decide.h"
#include "services/measures/issue.h"
#include "services/measures/measures_state.h"
#include "services/measures/names.h"
#include "services/measures/present.h"

namespace terrace::measures {
namespace {

using google::protobuf::util::MessageDifferencer;
using machine::Decision;
using storage::v1::MeasureListRecord;
using storage::v1::MeasureRecord;

constexpr absl::string_view kOutputs[] = {
    "name",        "state",       "issues",           "complete_time",    "cancelled",
    "cancel_note", "etag",        "due_date_changes", "assignment_count", "done_count",
    "revision",    "create_time", "update_time"};

void ClearOutputs(v1::Measure* measure) {
  for (absl::string_view field : kOutputs) {
    measure->GetReflection()->ClearField(
        measure, measure->GetDescriptor()->FindFieldByName(std::string(field)));
  }
}

absl::Status CheckLead(const v1::Lead& lead, absl::string_view office, const Decision& d) {
  if (lead.unit().empty()) return Required("measure.lead.unit");
  TERRACE_ASSIGN_OR_RETURN(absl::string_view unit, resource::ParseUnitName(lead.unit()));
  TERRACE_RETURN_IF_ERROR(CheckBelow(unit, office, d));
  TERRACE_RETURN_IF_ERROR(CheckCount(lead.co_operators_size(), kCoOperatorsMax));
  std::set<std::string> seen = {lead.unit()};
  for (const std::string& name : lead.co_operators()) {
    TERRACE_ASSIGN_OR_RETURN(absl::string_view helper, resource::ParseUnitName(name));
    TERRACE_RETURN_IF_ERROR(CheckBelow(helper, office, d));
    if (!seen.insert(name).second) {
      return Invalid("measure.lead.co_operators", absl::StrCat(name, " stands there twice"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckCascade(const v1::Cascade& cascade, absl::string_view office, const Decision& d) {
  if (cascade.subtree().empty()) return Required("measure.cascade.subtree");
  TERRACE_ASSIGN_OR_RETURN(absl::string_view root, resource::ParseUnitName(cascade.subtree()));
  TERRACE_RETURN_IF_ERROR(CheckBelow(root, office, d));
  TERRACE_RETURN_IF_ERROR(CheckCount(cascade.levels_size(), kCascadeConditionsMax));
  TERRACE_RETURN_IF_ERROR(CheckCount(cascade.kinds_size(), kCascadeConditionsMax));
  for (const std::string& level : cascade.levels()) {
    TERRACE_RETURN_IF_ERROR(resource::ParseName(level, kLevelPattern).status());
  }
  for (const std::string& kind : cascade.kinds()) {
    TERRACE_RETURN_IF_ERROR(resource::ParseName(kind, kKindPattern).status());
  }
  if (!cascade.programme().empty()) {
    TERRACE_RETURN_IF_ERROR(resource::ParseName(cascade.programme(), kProgrammePattern).status());
  }
  return absl::OkStatus();
}

absl::Status CheckAudience(const v1::Measure& measure, absl::string_view office,
                           const Decision& d) {
  switch (measure.audience_case()) {
    case v1::Measure::kLead:
      return CheckLead(measure.lead(), office, d);
    case v1::Measure::kCascade:
      return CheckCascade(measure.cascade(), office, d);
    case v1::Measure::AUDIENCE_NOT_SET:
      break;
  }
  return Required("measure.lead or measure.cascade");
}

absl::Status CheckShare(const v1::CompletionRule& rule) {
  constexpr char kField[] = "measure.completion.share";
  if (!rule.has_share()) return absl::OkStatus();
  TERRACE_ASSIGN_OR_RETURN(Decimal share, FromProto(rule.share(), kField));
  if (share.sign() > 0 && share <= *Decimal::FromInteger(1)) return absl::OkStatus();
  return Error(Reason::NUMBER_OUT_OF_RANGE,
               {{"field", kField}, {"value", share.ToString()}, {"range", "0 to 1, without 0"}});
}

bool SameAudience(const v1::Measure& a, const v1::Measure& b) {
  return a.audience_case() == b.audience_case() && MessageDifferencer::Equals(a.lead(), b.lead()) &&
         MessageDifferencer::Equals(a.cascade(), b.cascade());
}

// What nobody may change behind the back of those who were given the measure.
absl::Status CheckFixed(const v1::Measure& before, const v1::Measure& after,
                        absl::string_view name) {
  absl::string_view field;
  if (before.list() != after.list()) field = "list";
  if (!MessageDifferencer::Equals(before.start_date(), after.start_date())) field = "start_date";
  if (!SameAudience(before, after)) field = "audience";
  if (!MessageDifferencer::Equals(before.completion(), after.completion())) field = "completion";
  if (field.empty()) return absl::OkStatus();
  return Error(Reason::FIXED_ONCE_ISSUED,
               {{"name", std::string(name)}, {"field", std::string(field)}});
}

}  // namespace

absl::Status MeasuresState::CheckMeasure(const v1::Measure& measure, absl::string_view name,
                                         Decision& d) const {
  const absl::string_view office = resource::OwnerOf(name);
  if (measure.display_name().empty()) return Required("measure.display_name");
  if (measure.list().empty()) return Required("measure.list");
  TERRACE_ASSIGN_OR_RETURN(resource::Ids list, resource::ParseName(measure.list(), kListPattern));
  if (list[0] != office) return Invalid("measure.list", "it must be a list of the same office");
  const ListEntry* entry = FindList(measure.list());
  if (!d.Exists(measure.list()) || entry == nullptr) return NotFound(measure.list());

  if (!measure.scheme().empty()) {
    TERRACE_RETURN_IF_ERROR(resource::ParseName(measure.scheme(), kSchemePattern).status());
  }
  if (!measure.parent_measure().empty()) {
    TERRACE_RETURN_IF_ERROR(
        resource::ParseName(measure.parent_measure(), kMeasurePattern).status());
    if (measure.parent_measure() == name) {
      return Invalid("measure.parent_measure", "a measure is no part of itself");
    }
    if (!d.Exists(measure.parent_measure())) return NotFound(measure.parent_measure());
  }
  absl::CivilDay start;
  absl::CivilDay due;
  if (measure.has_start_date()) {
    TERRACE_ASSIGN_OR_RETURN(start, DayOf(measure.start_date(), "measure.start_date"));
  }
  if (measure.has_due_date()) {
    TERRACE_ASSIGN_OR_RETURN(due, DayOf(measure.due_date(), "measure.due_date"));
    if (measure.has_start_date() && due < start) {
      return Invalid("measure.due_date", "it lies before the start date");
    }
  }
  if (measure.has_source_document() && measure.source_document().has_date()) {
    TERRACE_RETURN_IF_ERROR(
        DayOf(measure.source_document().date(), "measure.source_document.date").status());
  }
  TERRACE_RETURN_IF_ERROR(CheckCount(measure.evidence_types_size(), kEvidenceTypesMax));
  for (const std::string& type : measure.evidence_types()) {
    if (!IsMediaType(type)) {
      return Invalid("measure.evidence_types", "write types such as image/* or application/pdf");
    }
  }
  // What was issued stays given to whom it was given, even when such a unit moves or is closed.
  if (measure.issues_size() == 0) TERRACE_RETURN_IF_ERROR(CheckAudience(measure, office, d));
  TERRACE_RETURN_IF_ERROR(CheckShare(measure.completion()));
  if (measure.completion().done_by() == v1::DONE_BY_REPORTS) {
    if (!measure.has_due_date()) return Required("measure.due_date");
    if (!entry->schedule.asks_reports()) {
      return Invalid("measure.completion.done_by", "its list asks for no reports");
    }
  }
  return CheckSize(measure, "measure");
}

absl::Status MeasuresState::CreateMeasure(const v1::CreateMeasureRequest& request, Decision& d,
                                          v1::Measure* reply) const {
  TERRACE_ASSIGN_OR_RETURN(absl::string_view office, resource::ParseUnitName(request.parent()));
  TERRACE_RETURN_IF_ERROR(CheckUnit(office, d));
  TERRACE_ASSIGN_OR_RETURN(std::string id, IdFor(request.measure_id(), d));
  const std::string name = absl::StrCat(request.parent(), "/measures/", id);
  MeasureRecord record;
  *record.mutable_measure() = request.measure();
  ClearOutputs(record.mutable_measure());
  TERRACE_RETURN_IF_ERROR(CheckMeasure(record.measure(), name, d));
  if (d.Exists(name)) return Error(Reason::ALREADY_EXISTS, {{"name", name}});
  *record.mutable_measure()->mutable_create_time() = ToProto(d.now());
  *record.mutable_measure()->mutable_update_time() = ToProto(d.now());
  d.Put(name, record);
  *reply = PresentMeasure(name, record, 0);
  return absl::OkStatus();
}

absl::Status MeasuresState::UpdateMeasure(const v1::UpdateMeasureRequest& request, Decision& d,
                                          v1::Measure* reply) const {
  const std::string& name = request.measure().name();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kMeasurePattern).status());
  absl::optional<MeasureRecord> record = d.Get<MeasureRecord>(name);
  if (!record) return NotFound(name);
  TERRACE_RETURN_IF_ERROR(CheckEtag(request.measure().etag(), EtagOf(*record), name));
  if (Issuing(*record, d)) return WrongState(name, "ISSUING", "DRAFT or ISSUED");
  if (record->measure().has_cancelled()) return WrongState(name, "CANCELLED", "DRAFT or ISSUED");
  v1::Measure changed = record->measure();
  TERRACE_RETURN_IF_ERROR(
      resource::ApplyUpdate(request.update_mask(), request.measure(), kOutputs, &changed));
  if (record->measure().issues_size() > 0) {
    TERRACE_RETURN_IF_ERROR(CheckFixed(record->measure(), changed, name));
    if (!MessageDifferencer::Equals(record->measure().due_date(), changed.due_date())) {
      TERRACE_RETURN_IF_ERROR(CheckCount(changed.due_date_changes_size() + 1, kDueDateChangesMax));
      v1::DueDateChange* change = changed.add_due_date_changes();
      if (record->measure().has_due_date()) {
        *change->mutable_due_date() = record->measure().due_date();
      }
      *change->mutable_changed() =
          MomentOf(d.now(), resource::UnitName(resource::OwnerOf(name)), "OFFICER", d);
    }
  }
  TERRACE_RETURN_IF_ERROR(CheckMeasure(changed, name, d));
  *record->mutable_measure() = std::move(changed);
  *record->mutable_measure()->mutable_update_time() = ToProto(d.now());
  d.Put(name, *record);
  *reply = PresentMeasure(name, *record, 0);
  const MeasureEntry* entry = FindMeasure(name);
  FillMeasure(entry == nullptr ? MeasureCounts() : CountsOf(*entry), false, d.now(), reply);
  return absl::OkStatus();
}

absl::Status MeasuresState::CancelMeasure(const v1::CancelMeasureRequest& request, Decision& d,
                                          v1::Measure* reply) const {
  const std::string& name = request.name();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kMeasurePattern).status());
  absl::optional<MeasureRecord> record = d.Get<MeasureRecord>(name);
  if (!record) return NotFound(name);
  TERRACE_RETURN_IF_ERROR(CheckEtag(request.etag(), EtagOf(*record), name));
  if (request.note().empty()) return Required("note");
  if (Issuing(*record, d)) return WrongState(name, "ISSUING", "DRAFT or ISSUED");
  if (record->measure().has_cancelled()) return WrongState(name, "CANCELLED", "DRAFT or ISSUED");
  const MeasureEntry* entry = FindMeasure(name);
  if (entry != nullptr && CountsOf(*entry).complete) {
    return WrongState(name, "COMPLETE", "DRAFT or ISSUED");
  }
  const absl::string_view office = resource::OwnerOf(name);
  TERRACE_ASSIGN_OR_RETURN(
      absl::Time time, EventTime(request.has_cancelled_time() ? &request.cancelled_time() : nullptr,
                                 "cancelled_time", office, d));
  for (const v1::Issue& issue : record->measure().issues()) {
    TERRACE_RETURN_IF_ERROR(
        CheckNotBefore(time, FromProto(issue.issued().time()), "cancelled_time"));
  }
  v1::Measure* measure = record->mutable_measure();
  *measure->mutable_cancelled() = MomentOf(time, resource::UnitName(office), "OFFICER", d);
  measure->set_cancel_note(request.note());
  *measure->mutable_update_time() = ToProto(d.now());
  d.Put(name, *record);
  *reply = PresentMeasure(name, *record, 0);
  FillMeasure(entry == nullptr ? MeasureCounts() : CountsOf(*entry), false, d.now(), reply);
  return absl::OkStatus();
}

absl::StatusOr<types::v1::RowResult::Outcome> MeasuresState::ImportMeasure(const v1::Measure& row,
                                                                           absl::string_view parent,
                                                                           Decision& d) const {
  const std::string& name = row.name();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kMeasurePattern).status());
  if (resource::ParentName(name) != parent) {
    return Invalid("measures.name", absl::StrCat("the import is for measures of ", parent));
  }
  v1::Measure measure = row;
  ClearOutputs(&measure);
  TERRACE_RETURN_IF_ERROR(CheckMeasure(measure, name, d));
  absl::optional<MeasureRecord> record = d.Get<MeasureRecord>(name);
  types::v1::RowResult::Outcome outcome = types::v1::RowResult::OUTCOME_CREATED;
  if (record) {
    v1::Measure present = record->measure();
    ClearOutputs(&present);
    if (MessageDifferencer::Equals(present, measure)) {
      return types::v1::RowResult::OUTCOME_UNCHANGED;
    }
    if (record->measure().issues_size() > 0 || Issuing(*record, d)) {
      return WrongState(name, "ISSUED", "DRAFT");
    }
    if (record->measure().has_cancelled()) return WrongState(name, "CANCELLED", "DRAFT");
    *measure.mutable_create_time() = record->measure().create_time();
    outcome = types::v1::RowResult::OUTCOME_UPDATED;
  } else {
    record.emplace();
    *measure.mutable_create_time() = ToProto(d.now());
  }
  *measure.mutable_update_time() = ToProto(d.now());
  *record->mutable_measure() = std::move(measure);
  d.Put(name, *record);
  return outcome;
}

}  // namespace terrace::measures
