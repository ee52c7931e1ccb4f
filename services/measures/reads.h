// What callers read: single resources, and steps of lists. A step is short enough for the State's
// lock; whoever reads a list takes steps until its page is full.
//
// Thread-safety. Const functions on a State that the caller holds locked.
#ifndef TERRACE_SERVICES_MEASURES_READS_H_
#define TERRACE_SERVICES_MEASURES_READS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/access/identity.h"
#include "common/tree/tree.h"
#include "services/measures/measures_state.h"
#include "services/measures/present.h"
#include "services/measures/schedule.h"
#include "services/measures/unit_scope.h"
#include "terrace/measures/v1/progress.pb.h"

namespace terrace::measures {

// Rows that one step looks at.
inline constexpr int kStepRows = 500;

// The period tables of lists at one instant, kept over the steps of one call. A table is made again
// when its list has changed meanwhile.
class Tables {
 public:
  explicit Tables(absl::Time at) : at_(at) {}
  absl::Time at() const { return at_; }
  const PeriodTable& Of(const MeasuresState& state, const ListEntry& list);

 private:
  struct Table {
    int64_t revision = -1;
    PeriodTable periods;
  };
  const absl::Time at_;
  absl::flat_hash_map<std::string, Table> tables_;
};

// ---- Single resources; NOT_FOUND when there is none at the instant.

absl::Status ReadList(const MeasuresState& state, const std::string& name, v1::MeasureList* out);
absl::Status ReadAssignment(const MeasuresState& state, const std::string& name, Tables& tables,
                            v1::Assignment* out);
// Without submissions.
absl::Status ReadReport(const MeasuresState& state, const std::string& name, absl::Time at,
                        v1::Report* out);
// Without text and evidence.
absl::Status ReadActivity(const MeasuresState& state, const std::string& name, v1::Activity* out);

// A measure as its row says, with what FillMeasure needs.
struct MeasureRead {
  v1::Measure measure;
  MeasureCounts counts;  // As of the latest step.
  bool issuing = false;
};
// A draft is seen by those who see its office.
absl::Status ReadMeasure(const MeasuresState& state, const std::string& name,
                         const access::Identity& identity, const tree::Tree& tree, absl::Time now,
                         MeasureRead* out);

// ---- Steps of lists. Each moves `position` along, gives rows to `visit` until it returns false,
// and returns whether the end was reached.

template <class Row>
using Visit = absl::FunctionRef<bool(Row row)>;

bool StepLists(const MeasuresState& state, const UnitScope& scope, WalkPosition* position,
               Visit<v1::MeasureList> visit);
bool StepMeasures(const MeasuresState& state, const UnitScope& scope,
                  const access::Identity& identity, const tree::Tree& tree, absl::Time now,
                  WalkPosition* position, Visit<MeasureRead> visit);
bool StepAssignments(const MeasuresState& state, const UnitScope& scope, Tables& tables,
                     WalkPosition* position, Visit<v1::Assignment> visit);
// `inner` is the last period given of the assignment at `position`, empty before its first.
// `assignment`, when not empty, limits the list to one.
bool StepReports(const MeasuresState& state, const UnitScope& scope, absl::string_view assignment,
                 absl::Time at, WalkPosition* position, std::string* inner,
                 Visit<v1::Report> visit);
// `inner` is the place of the last item given of the assignment at `position`.
bool StepDue(const MeasuresState& state, const UnitScope& scope, Tables& tables,
             WalkPosition* position, std::string* inner, Visit<v1::DueItem> visit);
bool StepActivities(const MeasuresState& state, const UnitScope& scope, WalkPosition* position,
                    Visit<v1::Activity> visit);

// Adds the lists and measures that assignments of the scope come from, to tell when something in it
// changes by time alone.
bool StepSources(const MeasuresState& state, const UnitScope& scope, WalkPosition* position,
                 absl::flat_hash_set<std::string>* measures);
// The first instant after `at` at which one of the measures, or its list, passes a boundary.
absl::Time NextBoundaryOf(const MeasuresState& state,
                          const absl::flat_hash_set<std::string>& measures, absl::Time at);

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_READS_H_
