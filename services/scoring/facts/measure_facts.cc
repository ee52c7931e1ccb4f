#include "services/scoring/facts/measure_facts.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/time.h"
#include "common/resource/names.h"

namespace terrace::scoring {
namespace {

using measures::v1::AssignmentEvent;
using measures::v1::ReportEvent;

measures::ReportFacts FactsOf(const calendar::Period& period, const measures::v1::Report& report) {
  measures::ReportFacts facts;
  facts.period = period;
  bool submitted = false;
  for (const ReportEvent& event : report.events()) {
    const absl::Time time = FromProto(event.moment().time());
    facts.steps.push_back({time, static_cast<uint8_t>(event.type())});
    if (event.type() != ReportEvent::TYPE_SUBMITTED || submitted) continue;
    submitted = true;
    // An excused report does not say any more whether it had come late.
    facts.late = report.timeliness() == measures::v1::TIMELINESS_EXCUSED
                     ? time >= FromProto(report.due_time())
                     : report.timeliness() == measures::v1::TIMELINESS_LATE;
  }
  return facts;
}

void Later(absl::Time instant, absl::Time at, absl::Time* next) {
  if (instant > at) *next = std::min(*next, instant);
}

}  // namespace

void MeasureFacts::Reset() {
  lists_.clear();
  measures_.clear();
  assignments_.clear();
  ++schedules_version_;
}

void MeasureFacts::Apply(const measures::v1::WatchMeasuresResponse& message,
                         std::vector<Unit>* touched) {
  for (const measures::v1::MeasureChange& change : message.changes()) {
    switch (change.resource_case()) {
      case measures::v1::MeasureChange::kMeasureList:
        ApplyList(change.measure_list(), touched);
        break;
      case measures::v1::MeasureChange::kMeasure:
        ApplyMeasure(change.measure(), touched);
        break;
      case measures::v1::MeasureChange::kAssignment:
        ApplyAssignment(change.assignment(), touched);
        break;
      case measures::v1::MeasureChange::kReport:
        ApplyReport(change.report(), touched);
        break;
      case measures::v1::MeasureChange::kDeleted:
        ApplyDeleted(change.deleted(), touched);
        break;
      default:
        break;  // Activities are not scored.
    }
  }
}

void MeasureFacts::ApplyList(const measures::v1::MeasureList& list, std::vector<Unit>* touched) {
  ++schedules_version_;
  List& entry = lists_[list.name()];
  absl::StatusOr<measures::Schedule> schedule = measures::Schedule::FromList(list, "measure_list");
  // The measures service has checked it; a list that cannot be read asks for nothing here.
  entry.schedule = schedule.ok() ? *std::move(schedule) : measures::Schedule();
  entry.known = true;
  for (const std::string& name : entry.measures) {
    Measure& measure = measures_[name];
    MakeFacts(measure);
    touched->insert(touched->end(), measure.units.begin(), measure.units.end());
  }
}

void MeasureFacts::MakeFacts(Measure& measure) {
  auto list = lists_.find(measure.proto.list());
  measure.known = list != lists_.end() && list->second.known;
  if (measure.known) measure.facts = measures::FactsOf(measure.proto, list->second.schedule);
}

void MeasureFacts::ApplyMeasure(const measures::v1::Measure& proto, std::vector<Unit>* touched) {
  Measure& measure = measures_[proto.name()];
  measure.proto = proto;
  lists_[proto.list()].measures.insert(proto.name());
  MakeFacts(measure);
  touched->insert(touched->end(), measure.units.begin(), measure.units.end());
}

MeasureFacts::Assignment& MeasureFacts::AssignmentOf(Unit unit, absl::string_view name) {
  std::vector<Assignment>& list = assignments_[unit];
  auto it = std::lower_bound(
      list.begin(), list.end(), name,
      [](const Assignment& a, absl::string_view n) { return absl::string_view(a.name) < n; });
  if (it == list.end() || absl::string_view(it->name) != name) {
    it = list.insert(it, Assignment{std::string(name), "", {}});
  }
  return *it;
}

void MeasureFacts::ApplyAssignment(const measures::v1::Assignment& proto,
                                   std::vector<Unit>* touched) {
  const Unit unit = ids_->Number(resource::OwnerOf(proto.name()));
  Assignment& assignment = AssignmentOf(unit, proto.name());
  assignment.measure = proto.measure();
  assignment.facts.role = proto.role();
  assignment.facts.issue = proto.issue();
  assignment.facts.steps.clear();
  for (const AssignmentEvent& event : proto.events()) {
    assignment.facts.steps.push_back(
        {FromProto(event.moment().time()), static_cast<uint8_t>(event.type())});
  }
  measures_[proto.measure()].units.insert(unit);
  touched->push_back(unit);
}

void MeasureFacts::ApplyReport(const measures::v1::Report& proto, std::vector<Unit>* touched) {
  absl::StatusOr<calendar::Period> period =
      calendar::Period::ParseId(resource::LastSegment(proto.name()));
  if (!period.ok()) return;
  const Unit unit = ids_->Number(resource::OwnerOf(proto.name()));
  std::vector<measures::ReportFacts>& reports =
      AssignmentOf(unit, resource::ParentName(proto.name())).facts.reports;
  auto it = std::lower_bound(
      reports.begin(), reports.end(), *period,
      [](const measures::ReportFacts& r, const calendar::Period& p) { return r.period < p; });
  measures::ReportFacts facts = FactsOf(*period, proto);
  if (it != reports.end() && it->period == *period) {
    *it = std::move(facts);
  } else {
    reports.insert(it, std::move(facts));
  }
  touched->push_back(unit);
}

void MeasureFacts::ApplyDeleted(const std::string& name, std::vector<Unit>* touched) {
  if (resource::MatchesName(name, "units/{office}/measures/{measure}")) {
    auto measure = measures_.find(name);
    if (measure == measures_.end()) return;
    touched->insert(touched->end(), measure->second.units.begin(), measure->second.units.end());
    lists_[measure->second.proto.list()].measures.erase(name);
    measures_.erase(measure);
  } else if (resource::MatchesName(name, "units/{office}/measureLists/{list}")) {
    ++schedules_version_;
    lists_[name].known = false;
    for (const std::string& measure : lists_[name].measures) {
      measures_[measure].known = false;
      const auto& units = measures_[measure].units;
      touched->insert(touched->end(), units.begin(), units.end());
    }
  } else if (resource::MatchesName(name, "units/{unit}/assignments/{assignment}")) {
    const Unit unit = ids_->Number(resource::OwnerOf(name));
    std::vector<Assignment>& list = assignments_[unit];
    list.erase(std::remove_if(list.begin(), list.end(),
                              [&](const Assignment& a) { return a.name == name; }),
               list.end());
    touched->push_back(unit);
  }
}

const MeasureFacts::Measure* MeasureFacts::Counting(const Assignment& assignment,
                                                    absl::string_view list) const {
  if (assignment.measure.empty() || !assignment.facts.counts()) return nullptr;
  auto measure = measures_.find(assignment.measure);
  if (measure == measures_.end() || !measure->second.known) return nullptr;
  if (absl::string_view(measure->second.proto.list()) != list) return nullptr;
  return &measure->second;
}

Counts MeasureFacts::CountDone(Unit unit, absl::string_view list, bool count_claimed, absl::Time at,
                               absl::Time until, std::vector<CountedRecord>* records) const {
  Counts counts;
  auto assignments = assignments_.find(unit);
  if (assignments == assignments_.end()) return counts;
  const absl::Time judged = std::min(at, until - absl::Nanoseconds(1));
  for (const Assignment& assignment : assignments->second) {
    const Measure* measure = Counting(assignment, list);
    if (measure == nullptr) continue;
    const measures::MeasureFacts& facts = measure->facts;
    const absl::optional<absl::Time> issued = facts.IssueTime(assignment.facts.issue);
    if (!issued) continue;
    Later(*issued, at, &counts.next_change);
    Later(facts.cancelled, at, &counts.next_change);
    for (const measures::Step& step : assignment.facts.steps) {
      Later(step.time, at, &counts.next_change);
    }
    for (const measures::ReportFacts& report : assignment.facts.reports) {
      for (const measures::Step& step : report.steps) Later(step.time, at, &counts.next_change);
    }
    if (*issued > judged || facts.cancelled <= judged) continue;
    bool done = measures::DoneAt(facts, assignment.facts, judged).has_value();
    if (!done && count_claimed) {
      const measures::Step* last = measures::LastStep(assignment.facts.steps, judged);
      done = last != nullptr && last->type == AssignmentEvent::TYPE_CLAIMED;
    }
    counts.numerator += done ? 1 : 0;
    counts.denominator += 1;
    if (records != nullptr) records->push_back({assignment.name, done ? 1 : 0, 1});
  }
  return counts;
}

measures::PeriodTable MeasureFacts::TableOf(absl::string_view list,
                                            const calendar::Period& period) const {
  measures::PeriodTable table;
  auto entry = lists_.find(list);
  if (entry == lists_.end()) return table;
  for (measures::PeriodDue& due :
       entry->second.schedule.TableOfDays(period.First(), period.Last())) {
    if (period.Contains(due.period)) table.push_back(std::move(due));
  }
  return table;
}

Counts MeasureFacts::CountOnTime(Unit unit, absl::string_view list,
                                 const measures::PeriodTable& table, absl::Time at,
                                 std::vector<CountedRecord>* records) const {
  Counts counts;
  auto assignments = assignments_.find(unit);
  if (assignments == assignments_.end()) return counts;
  for (const Assignment& assignment : assignments->second) {
    const Measure* measure = Counting(assignment, list);
    if (measure == nullptr) continue;
    const measures::MeasureFacts& facts = measure->facts;
    const absl::optional<absl::Time> issued = facts.IssueTime(assignment.facts.issue);
    if (!issued) continue;
    Later(*issued, at, &counts.next_change);
    Later(facts.cancelled, at, &counts.next_change);
    if (*issued > at || facts.cancelled <= at) continue;
    const absl::Time from = measures::ReportsFrom(facts, *issued);
    const absl::optional<absl::Time> done = measures::DoneAt(facts, assignment.facts, at);
    for (const measures::Step& step : assignment.facts.steps) {
      Later(step.time, at, &counts.next_change);
    }
    for (const measures::PeriodDue& due : table) {
      if (!measures::Asks(facts, from, done, due, at)) continue;
      const measures::ReportFacts* report = assignment.facts.FindReport(due.period);
      if (report != nullptr) {
        for (const measures::Step& step : report->steps) Later(step.time, at, &counts.next_change);
      }
      if (due.times.grace_end > at) {
        counts.expected = true;
        Later(due.times.grace_end, at, &counts.next_change);
        continue;
      }
      const measures::ReportStatus status =
          report == nullptr ? measures::ReportStatus() : measures::StatusAt(*report, at);
      if (status.excused()) continue;
      const bool on_time = status.first_submitted && !report->late;
      counts.numerator += on_time ? 1 : 0;
      counts.denominator += 1;
      if (records != nullptr) {
        records->push_back(
            {absl::StrCat(assignment.name, "/reports/", due.period.ToId()), on_time ? 1 : 0, 1});
      }
    }
  }
  return counts;
}

}  // namespace terrace::scoring
