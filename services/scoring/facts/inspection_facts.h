// What scoring knows of inspections: visits with their observations, and findings. Made from
// WatchInspections alone, so nothing of an unreleased plan is here.
//
// Times are those at which things happened, but never later than when the service received them: a
// clock that runs ahead does not keep a visit from counting.
//
// Thread-safety: none; whoever owns the facts locks.
#ifndef TERRACE_SERVICES_SCORING_FACTS_INSPECTION_FACTS_H_
#define TERRACE_SERVICES_SCORING_FACTS_INSPECTION_FACTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/fixed.h"
#include "services/scoring/facts/unit_ids.h"
#include "terrace/inspections/v1/watch.pb.h"

namespace terrace::scoring {

struct ObservationFacts {
  enum class Answer : uint8_t {
    kNone,  // A text, or nothing that could be scored.
    kNotApplicable,
    kNotAssessed,
    kRefused,
    kPassed,
    kFailed,
    kCount,
    kGrade,
    kNumber,
  };
  std::string id;  // Last part of the name, "{device}-{seq}".
  std::string item;
  std::string place;
  std::string reason;
  absl::Time time;
  Answer answer = Answer::kNone;
  int32_t hits = 0;
  int32_t sample = 0;
  std::string grade;
  FixedSum number;
};

struct VisitFacts {
  std::string name;
  std::string checklist;  // Full name of the version.
  int kind = 0;           // Number of InspectionKind.
  // InfiniteFuture for what has not happened.
  absl::Time started = absl::InfiniteFuture();
  absl::Time submitted = absl::InfiniteFuture();
  absl::Time acknowledged = absl::InfiniteFuture();
  absl::Time aborted = absl::InfiniteFuture();
  std::vector<ObservationFacts> observations;  // By id.
};

struct FindingFacts {
  std::string name;
  std::string item;
  int severity = 0;  // Number of Severity.
  struct Step {
    absl::Time time;
    int state = 0;  // Number of Finding.State.
    absl::Time due = absl::InfiniteFuture();
  };
  std::vector<Step> steps;  // Oldest first; the first one raised it.
};

class InspectionFacts {
 public:
  explicit InspectionFacts(UnitIds* ids) : ids_(ids) {}

  // `touched`: units whose visits or findings changed, each perhaps more than once.
  void Apply(const inspections::v1::WatchInspectionsResponse& message, std::vector<Unit>* touched);
  void Reset() { units_.clear(); }

  // By start, then by name; never null.
  const std::vector<VisitFacts>& Visits(Unit unit) const;
  // By name.
  const std::vector<FindingFacts>& Findings(Unit unit) const;

 private:
  struct UnitFacts {
    std::vector<VisitFacts> visits;
    std::vector<FindingFacts> findings;
  };

  void ApplyVisit(const inspections::v1::Visit& visit, Unit unit);
  void ApplyObservation(const inspections::v1::Observation& observation, Unit unit);
  void ApplyFinding(const inspections::v1::Finding& finding, Unit unit);

  UnitIds* const ids_;
  absl::flat_hash_map<Unit, UnitFacts> units_;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_FACTS_INSPECTION_FACTS_H_
