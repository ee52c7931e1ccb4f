#include "services/measures/issue.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "services/measures/decide.h"
#include "services/measures/measures_state.h"
#include "services/measures/names.h"
#include "terrace/internal/v1/internal.pb.h"

namespace terrace::measures {
namespace {

using internal::v1::OperationRecord;
using machine::Decision;
using storage::v1::AssignmentRecord;
using storage::v1::IssueSpec;
using storage::v1::MeasureListRecord;
using storage::v1::MeasureRecord;

constexpr char kService[] = "measures";
// Where an operation stands: walking from a position of the tree, or deleting what earlier
// operations left.
constexpr char kWalk = 'w';
constexpr char kClear = 'c';

void PutAssignment(absl::string_view unit, v1::AssignmentRole role, const IssueSpec& spec,
                   Decision& d) {
  AssignmentRecord record;
  record.set_measure(spec.measure());
  record.set_role(role);
  record.set_issue(spec.number());
  d.Put(AssignmentName(unit, spec.measure()), record);
}

bool IsIssue(const v1::Measure& measure, int32_t number) {
  for (const v1::Issue& issue : measure.issues()) {
    if (issue.number() == number) return true;
  }
  return false;
}

// From the first issue on, what is past in the list's rules is fixed.
absl::Status MarkListIssued(const std::string& name, Decision& d) {
  absl::optional<MeasureListRecord> list = d.Get<MeasureListRecord>(name);
  if (!list) return NotFound(name);
  if (list->issued()) return absl::OkStatus();
  list->set_issued(true);
  d.Put(name, *list);
  return absl::OkStatus();
}

v1::IssueMeasureMetadata MetadataOf(const OperationRecord& operation) {
  v1::IssueMeasureMetadata metadata;
  TERRACE_CHECK(operation.metadata().UnpackTo(&metadata));
  return metadata;
}

}  // namespace

bool Issuing(const MeasureRecord& record, Decision& d) {
  if (record.operation().empty()) return false;
  absl::optional<OperationRecord> operation = d.Get<OperationRecord>(record.operation());
  return operation && !operation->done();
}

bool Issuing(const MeasureRecord& record, const machine::Rows& rows) {
  if (record.operation().empty()) return false;
  absl::optional<OperationRecord> operation = rows.Get<OperationRecord>(record.operation());
  return operation && !operation->done();
}

CascadeFilter::CascadeFilter(const v1::Cascade& cascade, const tree::Tree& tree,
                             const EnrolledFn& enrolled, absl::Time at)
    : cascade_(cascade),
      tree_(tree),
      enrolled_(enrolled),
      at_(at),
      line_(tree::FromProto(cascade.line())) {
  root_ = tree.Number(resource::OwnerOf(cascade.subtree())).value_or(tree::kNoUnit);
  for (const std::string& name : cascade.levels()) {
    levels_.emplace(resource::LastSegment(name));
  }
  for (const std::string& name : cascade.kinds()) kinds_.emplace(resource::LastSegment(name));
}

bool CascadeFilter::Matches(tree::UnitNumber unit) const {
  if (unit == root_ && !cascade_.include_root()) return false;
  if (tree_.State(unit) != tree::UnitState::kOpen) return false;
  if (!levels_.empty() && !levels_.contains(tree_.Level(unit))) return false;
  if (!kinds_.empty() && !kinds_.contains(tree_.Kind(unit))) return false;
  return cascade_.programme().empty() ||
         (enrolled_ != nullptr && enrolled_(cascade_.programme(), tree_.Id(unit), at_));
}

absl::Status MeasuresState::IssueMeasure(const v1::IssueMeasureRequest& request, Decision& d,
                                         OperationRecord* reply) const {
  const std::string& name = request.name();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kMeasurePattern).status());
  absl::optional<MeasureRecord> record = d.Get<MeasureRecord>(name);
  if (!record) return NotFound(name);
  v1::Measure* measure = record->mutable_measure();
  if (Issuing(*record, d)) return WrongState(name, "ISSUING", "DRAFT");
  if (measure->has_cancelled()) return WrongState(name, "CANCELLED", "DRAFT");
  if (measure->issues_size() > 0 && measure->has_lead()) return WrongState(name, "ISSUED", "DRAFT");
  if (record->last_issue() >= kIssuesMax) {
    return Error(Reason::TOO_MANY_EVENTS, {{"name", name}, {"limit", absl::StrCat(kIssuesMax)}});
  }
  const absl::string_view office = resource::OwnerOf(name);
  TERRACE_ASSIGN_OR_RETURN(absl::Time time,
                           EventTime(request.has_issued_time() ? &request.issued_time() : nullptr,
                                     "issued_time", office, d));
  for (const v1::Issue& issue : measure->issues()) {
    TERRACE_RETURN_IF_ERROR(CheckNotBefore(time, FromProto(issue.issued().time()), "issued_time"));
  }
  TERRACE_RETURN_IF_ERROR(CheckMeasure(*measure, name, d));
  if (!measure->cascade().programme().empty() && enrolled_ == nullptr) {
    return Error(Reason::UPSTREAM_DOWN, {{"service", "registry"}});
  }

  IssueSpec spec;
  spec.set_measure(name);
  spec.set_number(record->last_issue() + 1);
  *spec.mutable_issued() = MomentOf(time, resource::UnitName(office), "OFFICER", d);
  v1::IssueMeasureMetadata metadata;
  metadata.set_measure(name);
  OperationRecord operation =
      machine::StartOperation(d, resource::UnitName(office), kService, spec, metadata);
  record->set_operation(operation.name());
  record->set_last_issue(spec.number());
  if (measure->has_lead()) {
    PutAssignment(resource::OwnerOf(measure->lead().unit()), v1::ASSIGNMENT_ROLE_LEAD, spec, d);
    for (const std::string& helper : measure->lead().co_operators()) {
      PutAssignment(resource::OwnerOf(helper), v1::ASSIGNMENT_ROLE_CO_OPERATOR, spec, d);
    }
    metadata.set_unit_count(1 + measure->lead().co_operators_size());
    metadata.set_assignment_count(metadata.unit_count());
    operation.mutable_metadata()->PackFrom(metadata);
    TERRACE_RETURN_IF_ERROR(CloseIssue(spec, *record, d, operation));
    d.Put(operation.name(), operation);
  } else {
    d.Put(name, *record);
  }
  *reply = std::move(operation);
  return absl::OkStatus();
}

absl::Status MeasuresState::CloseIssue(const IssueSpec& spec, MeasureRecord& record, Decision& d,
                                       OperationRecord& operation) const {
  const v1::IssueMeasureMetadata metadata = MetadataOf(operation);
  if (metadata.assignment_count() > 0) {
    v1::Issue* issue = record.mutable_measure()->add_issues();
    issue->set_number(spec.number());
    *issue->mutable_issued() = spec.issued();
    *record.mutable_measure()->mutable_update_time() = ToProto(d.now());
    TERRACE_RETURN_IF_ERROR(MarkListIssued(record.measure().list(), d));
  }
  d.Put(spec.measure(), record);
  v1::IssueMeasureResponse response;
  response.set_measure(spec.measure());
  response.set_created_count(metadata.assignment_count());
  response.set_existing_count(metadata.existing_count());
  operation.mutable_response()->PackFrom(response);
  operation.set_done(true);
  return absl::OkStatus();
}

absl::Status MeasuresState::ContinueOperation(Decision& d, OperationRecord& operation) const {
  IssueSpec spec;
  if (!operation.spec().UnpackTo(&spec)) return NotFound(operation.spec().type_url());
  absl::optional<MeasureRecord> record = d.Get<MeasureRecord>(spec.measure());
  if (!record || record->operation() != operation.name()) return NotFound(spec.measure());
  v1::IssueMeasureMetadata metadata = MetadataOf(operation);

  if (operation.resume().empty() || operation.resume()[0] == kWalk) {
    const CascadeFilter filter(record->measure().cascade(), d.tree(), enrolled_,
                               FromProto(spec.issued().time()));
    if (filter.root() == tree::kNoUnit) return NotFound(record->measure().cascade().subtree());
    const std::string after =
        operation.resume().empty() ? std::string() : operation.resume().substr(1);
    tree::UnitNumber last = tree::kNoUnit;
    int units = 0;
    const bool ended = d.tree().ForEachInSubtree(
        filter.root(), filter.line(),
        [&](tree::UnitNumber unit) {
          last = unit;
          ++units;
          if (filter.Matches(unit)) {
            const absl::string_view id = d.tree().Id(unit);
            auto present = d.Get<AssignmentRecord>(AssignmentName(id, spec.measure()));
            if (present && IsIssue(record->measure(), present->issue())) {
              metadata.set_existing_count(metadata.existing_count() + 1);
            } else {
              PutAssignment(id, v1::ASSIGNMENT_ROLE_CASCADED, spec, d);
              metadata.set_assignment_count(metadata.assignment_count() + 1);
            }
          }
          // Two places are left for the operation itself and for what closes it.
          return units < kIssueUnitsPerChunk && d.room() > 4;
        },
        after);
    metadata.set_unit_count(metadata.unit_count() + units);
    operation.mutable_metadata()->PackFrom(metadata);
    if (ended) {
      operation.set_resume(std::string(1, kClear));
    } else {
      operation.set_resume(absl::StrCat(std::string(1, kWalk),
                                        d.tree().PositionOf(last, filter.root(), filter.line())));
    }
    return absl::OkStatus();
  }

  if (metadata.assignment_count() + metadata.existing_count() == 0) {
    return Error(Reason::NO_MATCHING_UNIT, {{"name", spec.measure()}});
  }
  const MeasureEntry* entry = FindMeasure(spec.measure());
  TERRACE_CHECK(entry != nullptr);  // Its row was read above.
  for (absl::string_view name : entry->assignments) {
    const int32_t issue = FindAssignment(name)->facts.issue;
    if (issue == spec.number() || IsIssue(record->measure(), issue)) continue;
    if (d.room() <= 4) return absl::OkStatus();  // More in the next chunk.
    d.Delete(name);
  }
  return CloseIssue(spec, *record, d, operation);
}

}  // namespace terrace::measures
