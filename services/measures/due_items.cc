#include "services/measures/due_items.h"

#include <utility>

#include "common/base/time.h"
#include "services/measures/standing.h"

namespace terrace::measures {
namespace {

// Fills in state and times. What was handed in and returned never becomes overdue: the first
// submission has decided about lateness.
void FillState(const calendar::DueTimes& times, bool returned, absl::Time at, v1::DueItem* item) {
  const calendar::DueAnswer answer = calendar::AnswerAt(times, at, absl::nullopt);
  absl::Time next = answer.next_change;
  switch (answer.status) {
    case calendar::DueStatus::kOverdue:
      item->set_state(returned ? v1::DUE_STATE_DUE_SOON : v1::DUE_STATE_OVERDUE);
      break;
    case calendar::DueStatus::kDueSoon:
      item->set_state(v1::DUE_STATE_DUE_SOON);
      if (returned) next = absl::InfiniteFuture();
      break;
    default:
      item->set_state(v1::DUE_STATE_OPEN);
  }
  item->set_returned(returned);
  if (times.opens > absl::InfinitePast()) *item->mutable_open_time() = ToProto(times.opens);
  *item->mutable_due_time() = ToProto(times.due);
  *item->mutable_late_time() = ToProto(times.grace_end);
  if (next < absl::InfiniteFuture()) *item->mutable_next_change_time() = ToProto(next);
}

}  // namespace

std::vector<v1::DueItem> DueItemsOf(const MeasureFacts& measure, const AssignmentFacts& assignment,
                                    const PeriodTable& table, absl::Time at) {
  std::vector<v1::DueItem> items;
  const absl::optional<absl::Time> issued = measure.IssueTime(assignment.issue);
  if (!assignment.counts() || !issued || *issued > at || measure.cancelled <= at) return items;
  const absl::Time from = ReportsFrom(measure, *issued);
  const absl::optional<absl::Time> done = DoneAt(measure, assignment, at);
  for (const PeriodDue& period : table) {
    if (period.times.opens > at || !Asks(measure, from, done, period, at)) continue;
    const ReportFacts* report = assignment.FindReport(period.period);
    const ReportStatus status = report == nullptr ? ReportStatus() : StatusAt(*report, at);
    if (status.settled <= at) continue;
    v1::DueItem item;
    item.set_kind(v1::DUE_KIND_REPORT);
    item.set_period(period.period.ToString());
    FillState(period.times, status.returned(), at, &item);
    items.push_back(std::move(item));
  }
  const Step* last = LastStep(assignment.steps, at);
  const bool claimed = last != nullptr && last->type == v1::AssignmentEvent::TYPE_CLAIMED;
  const MeasureFacts::Due& due = measure.DueAt(at);
  if (!done && !claimed && due.day && from <= at) {
    calendar::DueTimes times;
    times.day = *due.day;
    times.opens = from;
    times.due = due.due;
    times.grace_end = due.due;
    times.due_soon = std::max(from, due.due - measure.due_soon);
    v1::DueItem item;
    item.set_kind(v1::DUE_KIND_COMPLETION);
    FillState(times, false, at, &item);
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace terrace::measures
