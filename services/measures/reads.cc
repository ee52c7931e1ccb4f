#include "services/measures/reads.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "services/measures/decide.h"
#include "services/measures/due_items.h"
#include "services/measures/issue.h"
#include "services/measures/names.h"
#include "services/measures/standing.h"

namespace terrace::measures {
namespace {

using storage::v1::ActivityRecord;
using storage::v1::AssignmentRecord;
using storage::v1::MeasureListRecord;
using storage::v1::MeasureRecord;
using storage::v1::ReportRecord;

template <class Record>
Record Parse(const machine::Row& row) {
  return machine::Rows::Parse<Record>(row);
}

// Keys of the indexes, which are maps and sets.
constexpr auto kMapKey = [](const auto& entry) { return entry.first; };
constexpr auto kSetKey = [](const auto& key) { return absl::string_view(key); };

const machine::Row& RowOf(const MeasuresState& state, absl::string_view name) {
  const machine::Row* row = state.rows().Find(name);
  TERRACE_CHECK(row != nullptr);  // The index has it.
  return *row;
}

MeasureRead MeasureOf(const MeasuresState& state, const MeasureEntry& entry) {
  const machine::Row& row = RowOf(state, entry.name);
  const auto record = Parse<MeasureRecord>(row);
  MeasureRead read;
  read.measure = PresentMeasure(entry.name, record, row.revision.value);
  read.counts = CountsOf(entry);
  read.issuing = Issuing(record, state.rows());
  return read;
}

bool SeesMeasure(const MeasureEntry& entry, const access::Identity& identity,
                 const tree::Tree& tree, absl::Time now) {
  if (!entry.facts.issues.empty() || identity.service) return true;
  return access::MaySee(identity, tree, resource::OwnerOf(entry.name), now);
}

// The assignment at the instant of the tables. It was issued by then.
v1::Assignment AssignmentOf(const MeasuresState& state, const AssignmentEntry& entry,
                            Tables& tables) {
  const absl::Time at = tables.at();
  const MeasureEntry& measure = *entry.measure;
  const machine::Row& row = RowOf(state, entry.name);
  v1::Assignment out =
      PresentAssignment(entry.name, Parse<AssignmentRecord>(row), row.revision.value);
  const AssignmentStatus status =
      StatusAt(measure.facts, entry.facts, tables.Of(state, *measure.list),
               entry.facts.counts() ? absl::nullopt : state.LeadDone(measure, at), at);
  FillAssignment(Parse<MeasureRecord>(RowOf(state, measure.name)).measure(), measure.facts, status,
                 at, &out);
  for (auto report = entry.facts.reports.rbegin(); report != entry.facts.reports.rend(); ++report) {
    if (StatusAt(*report, at).submissions == 0) continue;
    const std::string name = ReportName(entry.name, report->period);
    const v1::Report latest = PresentReport(name, Parse<ReportRecord>(RowOf(state, name)), 0, at);
    out.set_latest_period(latest.period());
    if (latest.has_progress()) *out.mutable_progress() = latest.progress();
    break;
  }
  return out;
}

v1::Report ReportOf(const MeasuresState& state, const AssignmentEntry& entry,
                    const calendar::Period& period, absl::Time at) {
  const std::string name = ReportName(entry.name, period);
  const machine::Row& row = RowOf(state, name);
  v1::Report report = PresentReport(name, Parse<ReportRecord>(row), row.revision.value, at);
  report.set_measure(entry.measure->name);
  report.set_list(entry.measure->list->name);
  return report;
}

bool Issued(const AssignmentEntry& entry, absl::Time at) {
  if (!entry.present || !entry.measure->present) return false;
  const absl::optional<absl::Time> issued = entry.measure->facts.IssueTime(entry.facts.issue);
  return issued && *issued <= at;
}

// Where an item stands among those of its assignment: they are ordered by due time, completion
// last.
std::string PlaceOf(const v1::DueItem& item) {
  return item.kind() == v1::DUE_KIND_COMPLETION
             ? std::string("~")
             : absl::StrCat(absl::Dec(item.due_time().seconds(), absl::kZeroPad12), " ",
                            item.period());
}

}  // namespace

const PeriodTable& Tables::Of(const MeasuresState& state, const ListEntry& list) {
  Table& table = tables_[list.name];
  const machine::Row* row = state.rows().Find(list.name);
  const int64_t revision = row == nullptr ? 0 : row->revision.value;
  if (table.revision != revision) {
    table.revision = revision;
    table.periods = list.schedule.Table(at_);
  }
  return table.periods;
}

// ------------------------------------------------------------------------------------ single ones

absl::Status ReadList(const MeasuresState& state, const std::string& name, v1::MeasureList* out) {
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kListPattern).status());
  const machine::Row* row = state.rows().Find(name);
  if (row == nullptr) return NotFound(name);
  *out = PresentList(name, Parse<MeasureListRecord>(*row), row->revision.value);
  return absl::OkStatus();
}

absl::Status ReadMeasure(const MeasuresState& state, const std::string& name,
                         const access::Identity& identity, const tree::Tree& tree, absl::Time now,
                         MeasureRead* out) {
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kMeasurePattern).status());
  const MeasureEntry* entry = state.FindMeasure(name);
  if (entry == nullptr || !SeesMeasure(*entry, identity, tree, now)) return NotFound(name);
  *out = MeasureOf(state, *entry);
  return absl::OkStatus();
}

absl::Status ReadAssignment(const MeasuresState& state, const std::string& name, Tables& tables,
                            v1::Assignment* out) {
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kAssignmentPattern).status());
  const AssignmentEntry* entry = state.FindIssued(name, tables.at());
  if (entry == nullptr) return NotFound(name);
  *out = AssignmentOf(state, *entry, tables);
  return absl::OkStatus();
}

absl::Status ReadReport(const MeasuresState& state, const std::string& name, absl::Time at,
                        v1::Report* out) {
  TERRACE_ASSIGN_OR_RETURN(resource::Ids ids, resource::ParseName(name, kReportPattern));
  TERRACE_ASSIGN_OR_RETURN(calendar::Period period, calendar::Period::ParseId(ids.back()));
  const AssignmentEntry* entry = state.FindIssued(resource::ParentName(name), at);
  if (entry == nullptr) return NotFound(name);
  const ReportFacts* report = entry->facts.FindReport(period);
  if (report == nullptr || report->steps.front().time > at) return NotFound(name);
  *out = ReportOf(state, *entry, period, at);
  return absl::OkStatus();
}

absl::Status ReadActivity(const MeasuresState& state, const std::string& name, v1::Activity* out) {
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kActivityPattern).status());
  const machine::Row* row = state.rows().Find(name);
  if (row == nullptr) return NotFound(name);
  *out = PresentActivity(name, Parse<ActivityRecord>(*row), row->revision.value);
  return absl::OkStatus();
}

// ------------------------------------------------------------------------------------------ lists

bool StepLists(const MeasuresState& state, const UnitScope& scope, WalkPosition* position,
               Visit<v1::MeasureList> visit) {
  return WalkUnits(
      state.lists(), kMapKey, "measureLists", scope, kStepRows, position, [&](auto it) {
        if (!it->second->present) return true;
        const machine::Row& row = RowOf(state, it->first);
        return visit(PresentList(it->first, Parse<MeasureListRecord>(row), row.revision.value));
      });
}

bool StepMeasures(const MeasuresState& state, const UnitScope& scope,
                  const access::Identity& identity, const tree::Tree& tree, absl::Time now,
                  WalkPosition* position, Visit<MeasureRead> visit) {
  return WalkUnits(state.measures(), kMapKey, "measures", scope, kStepRows, position, [&](auto it) {
    const MeasureEntry& entry = *it->second;
    if (!entry.present || !SeesMeasure(entry, identity, tree, now)) return true;
    return visit(MeasureOf(state, entry));
  });
}

bool StepAssignments(const MeasuresState& state, const UnitScope& scope, Tables& tables,
                     WalkPosition* position, Visit<v1::Assignment> visit) {
  return WalkUnits(state.assignments(), kMapKey, "assignments", scope, kStepRows, position,
                   [&](auto it) {
                     if (!Issued(*it->second, tables.at())) return true;
                     return visit(AssignmentOf(state, *it->second, tables));
                   });
}

bool StepReports(const MeasuresState& state, const UnitScope& scope, absl::string_view assignment,
                 absl::Time at, WalkPosition* position, std::string* inner,
                 Visit<v1::Report> visit) {
  // Gives the reports of an assignment after `inner`; false when `visit` wants no more.
  auto reports_of = [&](const AssignmentEntry& entry) {
    const absl::StatusOr<calendar::Period> last = calendar::Period::ParseId(*inner);
    for (const ReportFacts& report : entry.facts.reports) {
      if (last.ok() && report.period <= *last) continue;
      if (report.steps.front().time > at) continue;
      *inner = report.period.ToId();
      if (!visit(ReportOf(state, entry, report.period, at))) return false;
    }
    inner->clear();
    return true;
  };
  if (!assignment.empty()) {
    const AssignmentEntry* entry = state.FindIssued(assignment, at);
    if (entry == nullptr || !scope.Contains(resource::OwnerOf(assignment))) return true;
    return reports_of(*entry);
  }
  const std::string first = position->key;
  bool stopped = false;
  std::string stopped_at;
  const bool ended = WalkUnits(state.assignments(), kMapKey, "assignments", scope, kStepRows,
                               position, [&](auto it) {
                                 if (it->first != first) inner->clear();
                                 if (!Issued(*it->second, at)) return true;
                                 if (reports_of(*it->second)) return true;
                                 stopped = true;
                                 stopped_at = it->second->name;
                                 return false;
                               });
  if (stopped) *position = {stopped_at, true};  // There may be more of this one.
  return ended && !stopped;
}

bool StepDue(const MeasuresState& state, const UnitScope& scope, Tables& tables,
             WalkPosition* position, std::string* inner, Visit<v1::DueItem> visit) {
  const std::string first = position->key;
  bool stopped = false;
  std::string stopped_at;
  const bool ended = WalkUnits(
      state.assignments(), kMapKey, "assignments", scope, kStepRows, position, [&](auto it) {
        const AssignmentEntry& entry = *it->second;
        if (it->first != first) inner->clear();
        if (!Issued(entry, tables.at())) return true;
        const MeasureEntry& measure = *entry.measure;
        std::vector<v1::DueItem> items =
            DueItemsOf(measure.facts, entry.facts, tables.Of(state, *measure.list), tables.at());
        std::string title;
        for (v1::DueItem& item : items) {
          std::string place = PlaceOf(item);
          if (place <= *inner) continue;
          if (title.empty()) {
            title = Parse<MeasureRecord>(RowOf(state, measure.name)).measure().display_name();
          }
          item.set_assignment(entry.name);
          item.set_measure(measure.name);
          item.set_list(measure.list->name);
          item.set_display_name(title);
          *inner = std::move(place);
          if (!visit(std::move(item))) {
            stopped = true;
            stopped_at = entry.name;
            return false;
          }
        }
        inner->clear();
        return true;
      });
  if (stopped) *position = {stopped_at, true};
  return ended && !stopped;
}

bool StepActivities(const MeasuresState& state, const UnitScope& scope, WalkPosition* position,
                    Visit<v1::Activity> visit) {
  return WalkUnits(
      state.activities(), kSetKey, "activities", scope, kStepRows, position, [&](auto it) {
        const machine::Row& row = RowOf(state, *it);
        return visit(PresentActivity(*it, Parse<ActivityRecord>(row), row.revision.value));
      });
}

bool StepSources(const MeasuresState& state, const UnitScope& scope, WalkPosition* position,
                 absl::flat_hash_set<std::string>* measures) {
  return WalkUnits(state.assignments(), kMapKey, "assignments", scope, kStepRows, position,
                   [&](auto it) {
                     if (it->second->present) measures->insert(it->second->measure->name);
                     return true;
                   });
}

absl::Time NextBoundaryOf(const MeasuresState& state,
                          const absl::flat_hash_set<std::string>& measures, absl::Time at) {
  absl::Time next = absl::InfiniteFuture();
  absl::flat_hash_set<const ListEntry*> lists;
  for (const std::string& name : measures) {
    const MeasureEntry* entry = state.FindMeasure(name);
    if (entry == nullptr || entry->facts.cancelled <= at) continue;
    next = std::min(next, NextBoundary(entry->facts, at));
    if (lists.insert(entry->list).second) {
      next = std::min(next, entry->list->schedule.NextBoundary(at));
    }
  }
  return next;
}

}  // namespace terrace::measures
