#include "services/measures/measures_state.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/check.h"
#include "services/measures/names.h"
#include "services/measures/standing.h"

namespace terrace::measures {
namespace {

using machine::RowChange;
using machine::Rows;

// The entry of that name, made when it is new.
template <class Entry>
Entry& At(MeasuresState::Index<Entry>& index, absl::string_view name) {
  auto it = index.find(name);
  if (it != index.end()) return *it->second;
  auto entry = std::make_unique<Entry>();
  entry->name = std::string(name);
  Entry& made = *entry;
  index.emplace(made.name, std::move(entry));
  return made;
}

template <class Entry>
const Entry* Find(const MeasuresState::Index<Entry>& index, absl::string_view name) {
  auto it = index.find(name);
  return it == index.end() || !it->second->present ? nullptr : it->second.get();
}

template <class Record>
Record Parse(const std::string& bytes) {
  Record record;
  TERRACE_CHECK(record.ParseFromString(bytes));  // Otherwise the store is broken.
  return record;
}

}  // namespace

// -------------------------------------------------------------------------------------- changes

bool MeasuresState::Resident(absl::string_view key) const {
  // Resources stand at four and at six segments; submissions and details of activities do not.
  const auto slashes = std::count(key.begin(), key.end(), '/');
  return slashes == 3 || slashes == 5;
}

void MeasuresState::OnChange(const RowChange& change) {
  const std::vector<absl::string_view> parts = absl::StrSplit(change.key, '/');
  if (parts.size() == 6 && parts[4] == "reports") {
    OnReport(change);
  } else if (parts.size() == 4 && parts[2] == "assignments") {
    OnAssignment(change);
  } else if (parts.size() == 4 && parts[2] == "measures") {
    OnMeasure(change);
  } else if (parts.size() == 4 && parts[2] == "measureLists") {
    OnList(change);
  } else if (parts.size() == 4 && parts[2] == "activities") {
    if (change.after != nullptr) {
      activities_.insert(std::string(change.key));
    } else {
      activities_.erase(std::string(change.key));
    }
  }
}

void MeasuresState::OnList(const RowChange& change) {
  ListEntry& entry = At(lists_, change.key);
  entry.present = change.after != nullptr;
  entry.schedule = Schedule();
  if (entry.present) {
    absl::StatusOr<Schedule> schedule = Schedule::FromList(
        Parse<storage::v1::MeasureListRecord>(*change.after).measure_list(), "measure_list");
    TERRACE_CHECK(schedule.ok());  // Checked before it was stored.
    entry.schedule = *std::move(schedule);
  }
  for (absl::string_view name : entry.measures) {
    MeasureEntry& measure = *measures_.at(name);
    RefreshMeasure(measure, rows().Get<storage::v1::MeasureRecord>(name)->measure());
  }
  absl::MutexLock lock(&tick_mu_);
  next_tick_ = absl::InfinitePast();
}

void MeasuresState::OnMeasure(const RowChange& change) {
  MeasureEntry& entry = At(measures_, change.key);
  if (entry.list != nullptr) entry.list->measures.erase(entry.name);
  entry.list = nullptr;
  entry.present = change.after != nullptr;
  if (entry.present) {
    const auto record = Parse<storage::v1::MeasureRecord>(*change.after);
    entry.list = &At(lists_, record.measure().list());
    entry.list->measures.insert(entry.name);
    entry.lead = record.measure().has_lead();
    RefreshMeasure(entry, record.measure());
  }
  absl::MutexLock lock(&tick_mu_);
  next_tick_ = absl::InfinitePast();
}

void MeasuresState::RefreshMeasure(MeasureEntry& entry, const v1::Measure& measure) {
  for (absl::string_view name : entry.assignments) Uncount(*assignments_.at(name));
  entry.facts = FactsOf(measure, entry.list->schedule);
  for (absl::string_view name : entry.assignments) Count(*assignments_.at(name));
}

void MeasuresState::OnAssignment(const RowChange& change) {
  AssignmentEntry& entry = At(assignments_, change.key);
  Uncount(entry);
  if (entry.measure != nullptr) entry.measure->assignments.erase(entry.name);
  entry.measure = nullptr;
  entry.present = change.after != nullptr;
  if (!entry.present) {
    if (entry.facts.reports.empty()) assignments_.erase(assignments_.find(change.key));
    return;
  }
  const auto record = Parse<storage::v1::AssignmentRecord>(*change.after);
  std::vector<ReportFacts> reports = std::move(entry.facts.reports);
  entry.facts = FactsOf(record);
  entry.facts.reports = std::move(reports);
  entry.measure = &At(measures_, record.measure());
  entry.measure->assignments.insert(entry.name);
  Count(entry);
}

void MeasuresState::OnReport(const RowChange& change) {
  const absl::string_view assignment = resource::ParentName(change.key);
  absl::StatusOr<calendar::Period> period =
      calendar::Period::ParseId(resource::LastSegment(change.key));
  TERRACE_CHECK(period.ok());  // Checked before it was stored.
  AssignmentEntry& entry = At(assignments_, assignment);
  Uncount(entry);
  std::vector<ReportFacts>& reports = entry.facts.reports;
  auto it = std::lower_bound(
      reports.begin(), reports.end(), *period,
      [](const ReportFacts& report, const calendar::Period& p) { return report.period < p; });
  const bool known = it != reports.end() && it->period == *period;
  if (change.after == nullptr) {
    if (known) reports.erase(it);
  } else {
    ReportFacts facts = FactsOf(*period, Parse<storage::v1::ReportRecord>(*change.after));
    if (known) {
      *it = std::move(facts);
    } else {
      reports.insert(it, std::move(facts));
    }
  }
  Count(entry);
}

void MeasuresState::Uncount(AssignmentEntry& entry) {
  if (!entry.counted) return;
  --entry.measure->counted;
  if (entry.done) entry.measure->done.erase({*entry.done, entry.name});
  entry.counted = false;
  entry.done = absl::nullopt;
}

void MeasuresState::Count(AssignmentEntry& entry) {
  if (!entry.present || !entry.measure->present || !entry.facts.counts() ||
      !entry.measure->facts.IssueTime(entry.facts.issue)) {
    return;
  }
  entry.counted = true;
  entry.done = DoneAt(entry.measure->facts, entry.facts, absl::InfiniteFuture());
  ++entry.measure->counted;
  if (entry.done) entry.measure->done.insert({*entry.done, entry.name});
}

// -------------------------------------------------------------------------------------- entries

const ListEntry* MeasuresState::FindList(absl::string_view name) const {
  return Find(lists_, name);
}

const MeasureEntry* MeasuresState::FindMeasure(absl::string_view name) const {
  return Find(measures_, name);
}

const AssignmentEntry* MeasuresState::FindAssignment(absl::string_view name) const {
  return Find(assignments_, name);
}

const AssignmentEntry* MeasuresState::FindIssued(absl::string_view name, absl::Time at) const {
  const AssignmentEntry* entry = FindAssignment(name);
  if (entry == nullptr || !entry->measure->present) return nullptr;
  absl::optional<absl::Time> issued = entry->measure->facts.IssueTime(entry->facts.issue);
  return issued && *issued <= at ? entry : nullptr;
}

absl::optional<absl::Time> MeasuresState::LeadDone(const MeasureEntry& measure,
                                                   absl::Time at) const {
  if (!measure.lead) return absl::nullopt;
  for (absl::string_view name : measure.assignments) {
    const AssignmentEntry& entry = *assignments_.at(name);
    if (!entry.facts.counts()) continue;
    absl::optional<absl::Time> done = DoneAt(measure.facts, entry.facts, at);
    if (done) return done;
  }
  return absl::nullopt;
}

// ----------------------------------------------------------------------------------------- time

absl::Time MeasuresState::NextBoundary(absl::Time at) const {
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [name, list] : lists_) {
    if (list->present && !list->measures.empty()) {
      next = std::min(next, list->schedule.NextBoundary(at));
    }
  }
  for (const auto& [name, measure] : measures_) {
    if (measure->present && !measure->facts.issues.empty()) {
      next = std::min(next, measures::NextBoundary(measure->facts, at));
    }
  }
  return next;
}

absl::Time MeasuresState::NextTick() const {
  absl::MutexLock lock(&tick_mu_);
  if (next_tick_ <= log_time()) next_tick_ = NextBoundary(log_time());
  return next_tick_;
}

// --------------------------------------------------------------------------------------- digest

std::string MeasuresState::IndexDigest() const {
  std::string out;
  auto add_steps = [&out](const Steps& steps) {
    for (const Step& step : steps) {
      absl::StrAppend(&out, " ", absl::ToUnixNanos(step.time), ":", step.type);
    }
  };
  for (const auto& [name, list] : lists_) {
    if (!list->present && list->measures.empty()) continue;
    absl::StrAppend(&out, name, " ", list->present, " ", list->schedule.asks_reports());
    for (absl::string_view measure : list->measures) absl::StrAppend(&out, " ", measure);
    out += '\n';
  }
  for (const auto& [name, measure] : measures_) {
    if (!measure->present && measure->assignments.empty()) continue;
    absl::StrAppend(&out, name, " ", measure->present, " ", measure->facts.issues.size(), " ",
                    measure->assignments.size(), " ", measure->counted);
    for (const auto& [time, done] : measure->done) {
      absl::StrAppend(&out, " ", absl::ToUnixNanos(time), "@", done);
    }
    out += '\n';
  }
  for (const auto& [name, entry] : assignments_) {
    absl::StrAppend(&out, name, " ", entry->present, " ", entry->facts.role, " ",
                    entry->facts.issue);
    add_steps(entry->facts.steps);
    for (const ReportFacts& report : entry->facts.reports) {
      absl::StrAppend(&out, " ", report.period.ToId(), report.late ? "!" : "");
      add_steps(report.steps);
    }
    out += '\n';
  }
  for (const std::string& name : activities_) absl::StrAppend(&out, name, "\n");
  return out;
}

}  // namespace terrace::measures
