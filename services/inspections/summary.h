// Counts over a part of the tree, gathered visit by visit so that the State's lock can be given up
// in between.
//
// Thread-safety. One Summary belongs to one thread at a time.
#ifndef TERRACE_SERVICES_INSPECTIONS_SUMMARY_H_
#define TERRACE_SERVICES_INSPECTIONS_SUMMARY_H_

#include <string>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "services/inspections/inspections_state.h"
#include "services/inspections/scope.h"
#include "terrace/inspections/v1/summaries.pb.h"

namespace terrace::inspections {

// What is counted.
struct SummaryQuery {
  absl::Time start = absl::InfinitePast();  // Visits that began, and follow-ups, in [start, end).
  absl::Time end = absl::InfiniteFuture();
  absl::optional<absl::Time> at;  // The instant to tell about; nullopt for now.
  std::string plan;               // Empty for all.
  std::string programme;          // Empty for all.
};

class Summary {
 public:
  Summary(SummaryQuery query, Scope scope) : query_(std::move(query)), scope_(std::move(scope)) {}

  // Counts visits, then follow-ups, from where it stopped; looks at no more than `budget` rows.
  // Returns whether the end was reached.
  bool Continue(const InspectionsState& state, int budget);

  v1::InspectionSummary Take(absl::Time now);

 private:
  void AddVisit(const InspectionsState& state, const std::string& name);
  void AddFollowUp(const InspectionsState& state, const std::string& name);
  void AddFinding(const v1::Finding& finding, absl::Time log_time);
  void AddObservations(const VisitStats& stats);
  bool InRange(absl::Time time) const { return query_.start <= time && time < query_.end; }

  const SummaryQuery query_;
  const Scope scope_;
  std::string after_;         // Name of the last row that was counted.
  bool visits_done_ = false;  // Follow-ups come after the visits.

  absl::btree_map<v1::Visit::State, int64_t> states_;
  absl::btree_map<std::pair<int32_t, v1::Visit::State>, int64_t> rounds_;
  absl::btree_map<std::pair<v1::Severity, v1::Finding::State>, int64_t> findings_;
  absl::btree_map<v1::FollowUp::Kind, int64_t> follow_ups_;
  absl::flat_hash_set<std::string> units_;
  v1::InspectionSummary out_;
};

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_SUMMARY_H_
