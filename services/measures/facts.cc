#include "services/measures/facts.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/base/time.h"

namespace terrace::measures {
namespace {

using v1::AssignmentEvent;
using v1::ReportEvent;

// The end of a day of the wire that was checked before it was stored.
MeasureFacts::Due DueOf(const google::type::Date* date, absl::TimeZone zone, absl::Time since) {
  MeasureFacts::Due due;
  due.since = since;
  if (date != nullptr) {
    due.day = absl::CivilDay(date->year(), date->month(), date->day());
    due.due = absl::FromCivil(*due.day + 1, zone);
  }
  return due;
}

// When every report that the assignment must hand in was settled.
absl::optional<absl::Time> ReportsSettled(const MeasureFacts& measure,
                                          const AssignmentFacts& assignment, absl::Time issued,
                                          absl::Time at) {
  const absl::Time from = ReportsFrom(measure, issued);
  absl::Time settled = absl::InfinitePast();
  bool any = false;
  for (const PeriodDue& period : measure.must) {
    if (!Asks(measure, from, absl::nullopt, period, at)) continue;
    const ReportFacts* report = assignment.FindReport(period.period);
    if (report == nullptr) return absl::nullopt;
    const ReportStatus status = StatusAt(*report, at);
    if (status.settled > at) return absl::nullopt;
    settled = std::max(settled, status.settled);
    any = true;
  }
  if (!any) return absl::nullopt;
  return settled;
}

}  // namespace

ReportFacts FactsOf(const calendar::Period& period, const storage::v1::ReportRecord& record) {
  ReportFacts facts;
  facts.period = period;
  bool submitted = false;
  for (const ReportEvent& event : record.events()) {
    const absl::Time time = FromProto(event.moment().time());
    facts.steps.push_back({time, static_cast<uint8_t>(event.type())});
    if (event.type() == ReportEvent::TYPE_SUBMITTED && !submitted) {
      submitted = true;
      facts.late = time >= FromProto(record.late_time());
    }
  }
  return facts;
}

ReportStatus StatusAt(const ReportFacts& report, absl::Time at) {
  ReportStatus status;
  for (const Step& step : report.steps) {
    if (step.time > at) break;
    switch (step.type) {
      case ReportEvent::TYPE_SUBMITTED:
        if (status.submissions++ == 0) status.first_submitted = step.time;
        status.state =
            status.submissions == 1 ? v1::REPORT_STATE_SUBMITTED : v1::REPORT_STATE_RESUBMITTED;
        status.settled = step.time;
        break;
      case ReportEvent::TYPE_RETURNED:
        status.state = v1::REPORT_STATE_RETURNED;
        status.settled = absl::InfiniteFuture();
        break;
      case ReportEvent::TYPE_ACCEPTED:
        status.state = v1::REPORT_STATE_ACCEPTED;
        break;
      case ReportEvent::TYPE_EXCUSED:
        status.state = v1::REPORT_STATE_EXCUSED;
        status.settled = std::min(status.settled, step.time);
        break;
    }
  }
  return status;
}

const ReportFacts* AssignmentFacts::FindReport(const calendar::Period& period) const {
  auto it = std::lower_bound(
      reports.begin(), reports.end(), period,
      [](const ReportFacts& report, const calendar::Period& p) { return report.period < p; });
  return it == reports.end() || it->period != period ? nullptr : &*it;
}

AssignmentFacts FactsOf(const storage::v1::AssignmentRecord& record) {
  AssignmentFacts facts;
  facts.role = record.role();
  facts.issue = record.issue();
  for (const AssignmentEvent& event : record.events()) {
    facts.steps.push_back({FromProto(event.moment().time()), static_cast<uint8_t>(event.type())});
  }
  return facts;
}

const Step* LastStep(const Steps& steps, absl::Time at) {
  const Step* last = nullptr;
  for (const Step& step : steps) {
    if (step.time > at) break;
    last = &step;
  }
  return last;
}

const MeasureFacts::Due& MeasureFacts::DueAt(absl::Time at) const {
  TERRACE_CHECK(!dues.empty());
  const Due* held = &dues.front();
  for (const Due& due : dues) {
    if (due.since > at) break;
    held = &due;
  }
  return *held;
}

absl::optional<absl::Time> MeasureFacts::IssueTime(int32_t number) const {
  auto it = std::lower_bound(issues.begin(), issues.end(), number,
                             [](const auto& issue, int32_t n) { return issue.first < n; });
  if (it == issues.end() || it->first != number) return absl::nullopt;
  return it->second;
}

MeasureFacts FactsOf(const v1::Measure& measure, const Schedule& schedule) {
  MeasureFacts facts;
  facts.zone = schedule.zone();
  facts.due_soon = schedule.due_soon();
  if (measure.has_start_date()) {
    const google::type::Date& date = measure.start_date();
    facts.start =
        absl::FromCivil(absl::CivilDay(date.year(), date.month(), date.day()), facts.zone);
  }
  absl::Time since = absl::InfinitePast();
  for (const v1::DueDateChange& change : measure.due_date_changes()) {
    facts.dues.push_back(
        DueOf(change.has_due_date() ? &change.due_date() : nullptr, facts.zone, since));
    since = FromProto(change.changed().time());
  }
  facts.dues.push_back(
      DueOf(measure.has_due_date() ? &measure.due_date() : nullptr, facts.zone, since));
  if (measure.completion().done_by() != v1::DONE_BY_UNSPECIFIED) {
    facts.done_by = measure.completion().done_by();
  }
  facts.share = *Decimal::FromInteger(1);
  if (measure.completion().has_share()) {
    absl::StatusOr<Decimal> share = FromProto(measure.completion().share(), "share");
    TERRACE_CHECK(share.ok());  // Checked before it was stored.
    facts.share = *share;
  }
  if (measure.has_cancelled()) facts.cancelled = FromProto(measure.cancelled().time());
  for (const v1::Issue& issue : measure.issues()) {
    facts.issues.emplace_back(issue.number(), FromProto(issue.issued().time()));
  }
  if (facts.done_by == v1::DONE_BY_REPORTS && !facts.issues.empty()) {
    absl::optional<absl::CivilDay> last;
    for (const MeasureFacts::Due& due : facts.dues) {
      if (due.day && (!last || *due.day > *last)) last = due.day;
    }
    absl::Time first = facts.issues.front().second;
    for (const auto& [number, time] : facts.issues) first = std::min(first, time);
    first = ReportsFrom(facts, first);
    if (last) facts.must = schedule.TableOfDays(absl::ToCivilDay(first, facts.zone), *last);
  }
  return facts;
}

absl::Time ReportsFrom(const MeasureFacts& measure, absl::Time issued) {
  return std::max(measure.start, issued);
}

bool Asks(const MeasureFacts& measure, absl::Time from, absl::optional<absl::Time> done,
          const PeriodDue& period, absl::Time at) {
  if (period.times.due <= from || period.end <= from) return false;
  if (measure.done_by == v1::DONE_BY_REPORTS) {
    const MeasureFacts::Due& due = measure.DueAt(at);
    return !due.day || period.period.First() <= *due.day;
  }
  return !done || period.times.due <= *done;
}

absl::optional<absl::Time> DoneAt(const MeasureFacts& measure, const AssignmentFacts& assignment,
                                  absl::Time at) {
  absl::optional<absl::Time> issued = measure.IssueTime(assignment.issue);
  if (!issued || *issued > at) return absl::nullopt;
  if (measure.done_by == v1::DONE_BY_REPORTS) {
    return ReportsSettled(measure, assignment, *issued, at);
  }
  const Step* last = LastStep(assignment.steps, at);
  if (last == nullptr) return absl::nullopt;
  if (last->type == AssignmentEvent::TYPE_VERIFIED) {
    // Where the claim is enough, verifying it afterwards does not move the time.
    if (measure.done_by == v1::DONE_BY_CLAIM && last != assignment.steps.data()) {
      return (last - 1)->time;
    }
    return last->time;
  }
  if (last->type == AssignmentEvent::TYPE_CLAIMED && measure.done_by == v1::DONE_BY_CLAIM) {
    return last->time;
  }
  return absl::nullopt;
}

}  // namespace terrace::measures
