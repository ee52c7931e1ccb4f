#include "services/measures/standing.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/base/fixed.h"

namespace terrace::measures {
namespace {

using v1::AssignmentEvent;

// Whether the unit has claimed and nobody has answered yet: the unit owes nothing then.
bool ClaimWaits(const AssignmentFacts& assignment, absl::Time at) {
  const Step* last = LastStep(assignment.steps, at);
  return last != nullptr && last->type == AssignmentEvent::TYPE_CLAIMED;
}

bool AnyReport(const AssignmentFacts& assignment, absl::Time at) {
  for (const ReportFacts& report : assignment.reports) {
    if (StatusAt(report, at).submissions > 0) return true;
  }
  return false;
}

bool AnyReturned(const AssignmentFacts& assignment, absl::Time at) {
  for (const ReportFacts& report : assignment.reports) {
    if (StatusAt(report, at).returned()) return true;
  }
  return false;
}

v1::AssignmentState StateOf(const AssignmentFacts& assignment, absl::Time at) {
  const Step* last = LastStep(assignment.steps, at);
  const int type = last == nullptr ? 0 : last->type;
  switch (type) {
    case AssignmentEvent::TYPE_CLAIMED:
      return v1::ASSIGNMENT_STATE_CLAIMED;
    case AssignmentEvent::TYPE_VERIFIED:
      return v1::ASSIGNMENT_STATE_DONE;
    case AssignmentEvent::TYPE_RETURNED:
      return v1::ASSIGNMENT_STATE_RETURNED;
    default:
      if (AnyReport(assignment, at)) return v1::ASSIGNMENT_STATE_IN_PROGRESS;
      return type == AssignmentEvent::TYPE_ACKNOWLEDGED ? v1::ASSIGNMENT_STATE_ACKNOWLEDGED
                                                        : v1::ASSIGNMENT_STATE_ISSUED;
  }
}

}  // namespace

ReportCounts CountReports(const MeasureFacts& measure, const AssignmentFacts& assignment,
                          const PeriodTable& table, absl::Time at) {
  ReportCounts counts;
  absl::optional<absl::Time> issued = measure.IssueTime(assignment.issue);
  if (!issued || !assignment.counts()) return counts;
  const absl::Time from = ReportsFrom(measure, *issued);
  const absl::optional<absl::Time> done = DoneAt(measure, assignment, at);
  for (const PeriodDue& period : table) {
    if (period.times.due > at) break;  // Ordered by due time, and late never comes before due.
    if (period.times.grace_end > at || !Asks(measure, from, done, period, at)) continue;
    const ReportFacts* report = assignment.FindReport(period.period);
    const ReportStatus status = report == nullptr ? ReportStatus() : StatusAt(*report, at);
    if (status.excused()) {
      ++counts.excused;
      continue;
    }
    ++counts.due;
    if (!status.first_submitted) {
      ++counts.missing;
    } else {
      ++(report->late ? counts.late : counts.on_time);
    }
  }
  return counts;
}

AssignmentStatus StatusAt(const MeasureFacts& measure, const AssignmentFacts& assignment,
                          const PeriodTable& table, absl::optional<absl::Time> lead_done,
                          absl::Time at) {
  AssignmentStatus status;
  status.due = measure.DueAt(at).due;
  status.done = assignment.counts() ? DoneAt(measure, assignment, at) : lead_done;
  if (status.done) {
    status.state = v1::ASSIGNMENT_STATE_DONE;
    status.standing = v1::STANDING_DONE;
    return status;
  }
  if (measure.cancelled <= at) {
    status.state = v1::ASSIGNMENT_STATE_CANCELLED;
    status.standing = v1::STANDING_CANCELLED;
    return status;
  }
  status.state = StateOf(assignment, at);
  if (status.due <= at && !ClaimWaits(assignment, at)) {
    status.standing = v1::STANDING_OVERDUE;
  } else if (CountReports(measure, assignment, table, at).missing > 0 ||
             AnyReturned(assignment, at)) {
    status.standing = v1::STANDING_BEHIND;
  } else if (status.due - measure.due_soon <= at && !ClaimWaits(assignment, at)) {
    status.standing = v1::STANDING_DUE_SOON;
  } else {
    status.standing = v1::STANDING_ON_TRACK;
  }
  return status;
}

void AddProgress(const MeasureFacts& measure, const AssignmentFacts& assignment,
                 const PeriodTable& table, absl::Time at, v1::Progress* progress) {
  if (measure.cancelled <= at) return;
  const AssignmentStatus status = StatusAt(measure, assignment, table, absl::nullopt, at);
  const ReportCounts reports = CountReports(measure, assignment, table, at);
  progress->set_assigned(progress->assigned() + 1);
  switch (status.standing) {
    case v1::STANDING_DONE:
      progress->set_done(progress->done() + 1);
      break;
    case v1::STANDING_BEHIND:
      progress->set_behind(progress->behind() + 1);
      break;
    case v1::STANDING_OVERDUE:
      progress->set_overdue(progress->overdue() + 1);
      break;
    default:
      break;
  }
  progress->set_reports_due(progress->reports_due() + reports.due);
  progress->set_reports_on_time(progress->reports_on_time() + reports.on_time);
  progress->set_reports_late(progress->reports_late() + reports.late);
  progress->set_reports_missing(progress->reports_missing() + reports.missing);
  progress->set_reports_excused(progress->reports_excused() + reports.excused);
}

void AddProgress(const v1::Progress& part, v1::Progress* progress) {
  progress->set_assigned(progress->assigned() + part.assigned());
  progress->set_done(progress->done() + part.done());
  progress->set_behind(progress->behind() + part.behind());
  progress->set_overdue(progress->overdue() + part.overdue());
  progress->set_reports_due(progress->reports_due() + part.reports_due());
  progress->set_reports_on_time(progress->reports_on_time() + part.reports_on_time());
  progress->set_reports_late(progress->reports_late() + part.reports_late());
  progress->set_reports_missing(progress->reports_missing() + part.reports_missing());
  progress->set_reports_excused(progress->reports_excused() + part.reports_excused());
}

void FillRates(v1::Progress* progress) {
  *progress->mutable_done_rate() = RateOf(progress->done(), progress->assigned());
  *progress->mutable_on_time_rate() = RateOf(progress->reports_on_time(), progress->reports_due());
}

v1::Rate RateOf(int64_t numerator, int64_t denominator) {
  v1::Rate rate;
  rate.set_numerator(numerator);
  rate.set_denominator(denominator);
  if (denominator == 0) return rate;
  // Counts are not negative, so half up is half away from zero.
  const int128_t hundredths =
      (int128_t{numerator} * 20000 + denominator) / (2 * int128_t{denominator});
  absl::StatusOr<Decimal> percent = Decimal::FromUnscaled(static_cast<int64_t>(hundredths), 2);
  TERRACE_CHECK(percent.ok());
  *rate.mutable_percent() = ToProto(*percent);
  return rate;
}

int64_t NeededFor(const Decimal& share, int64_t total) {
  int128_t scale = 1;
  for (int i = 0; i < share.decimals(); ++i) scale *= 10;
  const int128_t needed = (int128_t{share.unscaled()} * total + scale - 1) / scale;
  return static_cast<int64_t>(needed);
}

absl::Time NextBoundary(const MeasureFacts& measure, absl::Time at) {
  absl::Time next = absl::InfiniteFuture();
  if (measure.cancelled <= at) return next;
  const absl::Time due = measure.DueAt(at).due;
  for (absl::Time boundary : {due - measure.due_soon, due, measure.start}) {
    if (boundary > at) next = std::min(next, boundary);
  }
  for (const MeasureFacts::Due& change : measure.dues) {
    if (change.since > at) next = std::min(next, change.since);
  }
  return next;
}

}  // namespace terrace::measures
