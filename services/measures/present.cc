#include "services/measures/present.h"

#include <iterator>

#include "common/base/time.h"
#include "common/calendar/period.h"
#include "common/resource/etag.h"
#include "common/resource/names.h"
#include "services/measures/decide.h"

namespace terrace::measures {
namespace {

using google::protobuf::Timestamp;

// The last time that a record's events were written down.
template <class Events>
Timestamp LastRecorded(const Events& events) {
  return events.empty() ? Timestamp() : events.rbegin()->moment().record_time();
}

// Drops the events after `at`; they are in the order of their times.
template <class Events>
void KeepUntil(absl::Time at, Events* events) {
  int keep = 0;
  while (keep < events->size() && FromProto(events->Get(keep).moment().time()) <= at) ++keep;
  events->DeleteSubrange(keep, events->size() - keep);
}

}  // namespace

// Lists and measures are written over any number of times at one instant, since log time may stand
// still: only what they say tells versions apart.
std::string EtagOf(const storage::v1::MeasureListRecord& record) {
  return resource::EtagOf(record);
}

std::string EtagOf(const storage::v1::MeasureRecord& record) { return resource::EtagOf(record); }

std::string EtagOf(const storage::v1::AssignmentRecord& record) {
  return EtagOf(record.issue() * 1000 + record.events_size(), LastRecorded(record.events()));
}

std::string EtagOf(const storage::v1::ReportRecord& record) {
  return EtagOf(record.events_size(), LastRecorded(record.events()));
}

std::string EtagOf(const storage::v1::ActivityRecord& record) {
  const v1::Activity& activity = record.activity();
  return activity.has_withdrawn() ? EtagOf(2, activity.withdrawn().record_time())
                                  : EtagOf(1, activity.recorded().record_time());
}

v1::MeasureList PresentList(absl::string_view name, const storage::v1::MeasureListRecord& record,
                            int64_t revision) {
  v1::MeasureList list = record.measure_list();
  list.set_name(std::string(name));
  list.set_etag(EtagOf(record));
  list.set_revision(revision);
  return list;
}

v1::Measure PresentMeasure(absl::string_view name, const storage::v1::MeasureRecord& record,
                           int64_t revision) {
  v1::Measure measure = record.measure();
  measure.set_name(std::string(name));
  measure.set_state(measure.has_cancelled()     ? v1::MEASURE_STATE_CANCELLED
                    : measure.issues_size() > 0 ? v1::MEASURE_STATE_ISSUED
                                                : v1::MEASURE_STATE_DRAFT);
  measure.set_etag(EtagOf(record));
  measure.set_revision(revision);
  return measure;
}

v1::Assignment PresentAssignment(absl::string_view name,
                                 const storage::v1::AssignmentRecord& record, int64_t revision) {
  v1::Assignment assignment;
  assignment.set_name(std::string(name));
  assignment.set_measure(record.measure());
  assignment.set_role(record.role());
  assignment.set_issue(record.issue());
  *assignment.mutable_events() = record.events();
  assignment.set_etag(EtagOf(record));
  assignment.set_revision(revision);
  return assignment;
}

v1::Report PresentReport(absl::string_view name, const storage::v1::ReportRecord& record,
                         int64_t revision, absl::Time at) {
  v1::Report report;
  report.set_name(std::string(name));
  absl::StatusOr<calendar::Period> period = calendar::Period::ParseId(resource::LastSegment(name));
  TERRACE_CHECK(period.ok());
  report.set_period(period->ToString());
  *report.mutable_due_time() = record.due_time();
  *report.mutable_late_time() = record.late_time();
  *report.mutable_events() = record.events();
  KeepUntil(at, report.mutable_events());
  const ReportFacts facts = FactsOf(*period, record);
  const ReportStatus status = StatusAt(facts, at);
  report.set_state(status.state);
  report.set_submission_count(status.submissions);
  if (status.first_submitted) {
    *report.mutable_first_submitted_time() = ToProto(*status.first_submitted);
    report.set_timeliness(facts.late ? v1::TIMELINESS_LATE : v1::TIMELINESS_ON_TIME);
  }
  if (status.excused()) report.set_timeliness(v1::TIMELINESS_EXCUSED);
  // Only the latest progress is at hand; of an earlier instant it is told by the submissions.
  if (record.has_progress() && report.events_size() == record.events_size()) {
    *report.mutable_progress() = record.progress();
  }
  report.set_etag(EtagOf(record));
  report.set_revision(revision);
  return report;
}

v1::Activity PresentActivity(absl::string_view name, const storage::v1::ActivityRecord& record,
                             int64_t revision) {
  v1::Activity activity = record.activity();
  activity.set_name(std::string(name));
  activity.set_etag(EtagOf(record));
  activity.set_revision(revision);
  return activity;
}

MeasureCounts CountsOf(const MeasureEntry& entry) {
  MeasureCounts counts;
  counts.assignments = entry.counted;
  counts.done = static_cast<int64_t>(entry.done.size());
  const int64_t needed = NeededFor(entry.facts.share, counts.assignments);
  if (needed > 0 && counts.done >= needed) {
    counts.complete = std::next(entry.done.begin(), needed - 1)->first;
  }
  return counts;
}

void FillMeasure(const MeasureCounts& counts, bool issuing, absl::Time at, v1::Measure* measure) {
  if (measure->has_cancelled() && FromProto(measure->cancelled().time()) > at) {
    measure->clear_cancelled();
    measure->clear_cancel_note();
  }
  auto* issues = measure->mutable_issues();
  for (int i = issues->size() - 1; i >= 0; --i) {
    if (FromProto(issues->Get(i).issued().time()) > at) issues->DeleteSubrange(i, 1);
  }
  // The due date that held is kept by the first change after `at`.
  auto* changes = measure->mutable_due_date_changes();
  for (int i = 0; i < changes->size(); ++i) {
    if (FromProto(changes->Get(i).changed().time()) <= at) continue;
    if (changes->Get(i).has_due_date()) {
      *measure->mutable_due_date() = changes->Get(i).due_date();
    } else {
      measure->clear_due_date();
    }
    changes->DeleteSubrange(i, changes->size() - i);
  }
  if (measure->has_cancelled()) {
    measure->set_state(v1::MEASURE_STATE_CANCELLED);
  } else if (measure->issues_size() == 0) {
    measure->set_state(issuing ? v1::MEASURE_STATE_ISSUING : v1::MEASURE_STATE_DRAFT);
  } else {
    measure->set_state(counts.complete ? v1::MEASURE_STATE_COMPLETE : v1::MEASURE_STATE_ISSUED);
  }
  measure->set_assignment_count(counts.assignments);
  measure->set_done_count(counts.done);
  if (counts.complete) {
    *measure->mutable_complete_time() = ToProto(*counts.complete);
  }
}

void FillAssignment(const v1::Measure& measure, const MeasureFacts& facts,
                    const AssignmentStatus& status, absl::Time at, v1::Assignment* assignment) {
  assignment->set_list(measure.list());
  assignment->set_display_name(measure.display_name());
  assignment->set_state(status.state);
  assignment->set_standing(status.standing);
  if (status.due < absl::InfiniteFuture()) *assignment->mutable_due_time() = ToProto(status.due);
  if (status.done) *assignment->mutable_done_time() = ToProto(*status.done);
  absl::optional<absl::Time> issued = facts.IssueTime(assignment->issue());
  if (issued) *assignment->mutable_issue_time() = ToProto(*issued);
  KeepUntil(at, assignment->mutable_events());
}

}  // namespace terrace::measures
