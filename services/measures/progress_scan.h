// Counting the measures of a list over a subtree, step by step: a cascade may have a hundred
// thousand assignments, and a step must not hold the State's lock for long.
#ifndef TERRACE_SERVICES_MEASURES_PROGRESS_SCAN_H_
#define TERRACE_SERVICES_MEASURES_PROGRESS_SCAN_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/tree/tree.h"
#include "services/measures/measures_state.h"
#include "services/measures/present.h"
#include "services/measures/reads.h"
#include "terrace/measures/v1/progress.pb.h"

namespace terrace::measures {

// Counts how many assignments of a measure counted at an instant, and how many were done. Thread-
// safety: none.
class MeasureScan {
 public:
  explicit MeasureScan(absl::Time at) : at_(at) {}
  // Looks at no more than `budget` assignments and takes what it looked at off it. `visit`, when
  // given, sees each that counts. Returns whether the measure's end was reached.
  bool Step(const MeasureEntry& measure, const MeasuresState& state, int* budget,
            absl::FunctionRef<void(const AssignmentEntry&)> visit);
  MeasureCounts counts(const MeasureFacts& facts);

 private:
  const absl::Time at_;
  std::string after_;  // Last assignment counted.
  int64_t total_ = 0;
  std::vector<absl::Time> done_;
};

// Thread-safety: none.
class ProgressScan {
 public:
  // `root` is the subtree's root, itself counted as well. The tree is kept for the whole scan.
  ProgressScan(std::string list, std::shared_ptr<const tree::Tree> tree, tree::UnitNumber root,
               tree::Line line, bool by_child, absl::Time at);

  // Returns whether the end was reached.
  bool Step(const MeasuresState& state);
  // Total and children, rates filled in; children ordered by id, the root itself first.
  void Fill(v1::GetProgressResponse* response) const;
  absl::Time at() const { return tables_.at(); }

 private:
  void Visit(const AssignmentEntry& entry, const PeriodTable& table);
  void FinishMeasure(bool complete);
  // The child of the root that the unit lies under, the root for itself; kNoUnit outside.
  tree::UnitNumber Place(absl::string_view unit) const;

  const std::string list_;
  const std::shared_ptr<const tree::Tree> tree_;
  const tree::UnitNumber root_;
  const tree::Line line_;
  const bool by_child_;
  Tables tables_;
  v1::Progress total_;
  std::map<tree::UnitNumber, v1::Progress> children_;

  std::string measure_;                 // The one being counted; empty before the first.
  std::unique_ptr<MeasureScan> scan_;   // Of it; null between two.
  std::set<tree::UnitNumber> touched_;  // Places that have an assignment of it.
};

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_PROGRESS_SCAN_H_
