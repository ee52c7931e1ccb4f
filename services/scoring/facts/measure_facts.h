// What scoring knows of measures: lists with their due rules, measures, assignments and reports, in
// the terms of the measures service itself (services/measures/facts.h), so that both agree about
// every due time. Made from WatchMeasures alone.
//
// Rows may come in any order; an assignment whose measure or list has not arrived counts nothing
// yet.
//
// Thread-safety: none; whoever owns the facts locks.
#ifndef TERRACE_SERVICES_SCORING_FACTS_MEASURE_FACTS_H_
#define TERRACE_SERVICES_SCORING_FACTS_MEASURE_FACTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/calendar/period.h"
#include "services/measures/facts.h"
#include "services/measures/schedule.h"
#include "services/scoring/facts/unit_ids.h"
#include "terrace/measures/v1/measure_tracker.pb.h"

namespace terrace::scoring {

// A count of one assignment or report.
struct CountedRecord {
  std::string name;
  int64_t numerator = 0;
  int64_t denominator = 0;
};

struct Counts {
  int64_t numerator = 0;
  int64_t denominator = 0;
  bool expected = false;  // Nothing is counted now, but something will be in time.
  // The first instant after the one asked about at which the counts change by time alone.
  absl::Time next_change = absl::InfiniteFuture();
};

class MeasureFacts {
 public:
  explicit MeasureFacts(UnitIds* ids) : ids_(ids) {}

  // `touched`: units whose counts may have changed, each perhaps more than once.
  void Apply(const measures::v1::WatchMeasuresResponse& message, std::vector<Unit>* touched);
  void Reset();

  // Assignments done of those assigned, of one list. What is done after `until` is not done.
  // `records`, when given, gets every assignment that counts.
  Counts CountDone(Unit unit, absl::string_view list, bool count_claimed, absl::Time at,
                   absl::Time until, std::vector<CountedRecord>* records) const;
  // Reports in time of those due, of one list, for the periods of `table`.
  Counts CountOnTime(Unit unit, absl::string_view list, const measures::PeriodTable& table,
                     absl::Time at, std::vector<CountedRecord>* records) const;

  // The report periods of a list inside `period`, with their due times. The same until
  // schedules_version() changes.
  measures::PeriodTable TableOf(absl::string_view list, const calendar::Period& period) const;
  int64_t schedules_version() const { return schedules_version_; }

 private:
  struct List {
    measures::Schedule schedule;
    bool known = false;
    absl::flat_hash_set<std::string> measures;
  };
  struct Measure {
    measures::v1::Measure proto;  // To make the facts again when its list changes.
    measures::MeasureFacts facts;
    bool known = false;
    absl::flat_hash_set<Unit> units;  // With an assignment of it.
  };
  struct Assignment {
    std::string name;
    std::string measure;  // Empty until the assignment itself arrives.
    measures::AssignmentFacts facts;
  };

  void ApplyList(const measures::v1::MeasureList& list, std::vector<Unit>* touched);
  void ApplyMeasure(const measures::v1::Measure& measure, std::vector<Unit>* touched);
  void ApplyAssignment(const measures::v1::Assignment& assignment, std::vector<Unit>* touched);
  void ApplyReport(const measures::v1::Report& report, std::vector<Unit>* touched);
  void ApplyDeleted(const std::string& name, std::vector<Unit>* touched);

  Assignment& AssignmentOf(Unit unit, absl::string_view name);
  void MakeFacts(Measure& measure);
  // The measure of an assignment that counts in the list; nullptr otherwise.
  const Measure* Counting(const Assignment& assignment, absl::string_view list) const;

  UnitIds* const ids_;
  absl::flat_hash_map<std::string, List> lists_;
  absl::flat_hash_map<std::string, Measure> measures_;
  absl::flat_hash_map<Unit, std::vector<Assignment>> assignments_;  // By name.
  int64_t schedules_version_ = 0;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_FACTS_MEASURE_FACTS_H_
