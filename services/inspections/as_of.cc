#include "services/inspections/as_of.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/time.h"
#include "services/inspections/timeline.h"

namespace terrace::inspections {
namespace {

bool IsLater(const v1::Moment& moment, absl::Time at) { return FromProto(moment.time()) > at; }

}  // namespace

bool TakeBack(const InspectionsState& state, absl::Time at, v1::Visit* visit) {
  const v1::Visit::State then = StateAt(*visit, at);
  if (then == v1::Visit::STATE_UNSPECIFIED) return false;
  visit->set_state(then);
  if (visit->has_assigned() && IsLater(visit->assigned(), at)) visit->clear_assigned();
  if (visit->has_started() && IsLater(visit->started(), at)) visit->clear_started();
  if (visit->has_finished() && IsLater(visit->finished(), at)) {
    visit->clear_finished();
    visit->clear_remarks();
    visit->clear_missing();
    visit->clear_missing_findings();
  }
  if (visit->has_aborted() && IsLater(visit->aborted(), at)) {
    visit->clear_aborted();
    visit->clear_abort_reason();
  }
  if (visit->has_acknowledgement() && IsLater(visit->acknowledgement().moment(), at)) {
    visit->clear_acknowledgement();
  }
  const std::vector<ObservationBrief>& briefs = state.StatsOf(visit->name()).observations;
  const int64_t at_us = absl::ToUnixMicros(at);
  visit->set_observation_count(static_cast<int32_t>(
      std::count_if(briefs.begin(), briefs.end(),
                    [at_us](const ObservationBrief& brief) { return brief.seen_us <= at_us; })));
  int32_t findings = 0;
  ForEachFinding(state, visit->name(),
                 [&](const std::string&, const storage::v1::FindingRecord& record) {
                   if (StepAt(record.finding(), at) != nullptr) ++findings;
                 });
  visit->set_finding_count(findings);
  return true;
}

bool TakeBack(absl::Time at, v1::Finding* finding) {
  const v1::FindingStep* step = StepAt(*finding, at);
  if (step == nullptr) return false;
  finding->set_state(step->state());
  finding->clear_due_time();
  if (step->has_due_time()) *finding->mutable_due_time() = step->due_time();
  finding->set_overdue(step->has_due_time() && RunsOut(step->state()) &&
                       FromProto(step->due_time()) <= at);
  // Later steps leave, whatever order they were entered in.
  auto* steps = finding->mutable_steps();
  steps->erase(
      std::remove_if(steps->begin(), steps->end(),
                     [at](const v1::FindingStep& one) { return IsLater(one.moment(), at); }),
      steps->end());
  return true;
}

void ForEachFinding(
    const InspectionsState& state, absl::string_view visit,
    absl::FunctionRef<void(const std::string&, const storage::v1::FindingRecord&)> fn) {
  const std::string prefix = absl::StrCat(visit, "/findings/");
  const absl::btree_set<std::string>& names = state.Names(RowKind::kFinding);
  for (auto it = names.lower_bound(prefix); it != names.end() && absl::StartsWith(*it, prefix);
       ++it) {
    auto record = state.rows().Get<storage::v1::FindingRecord>(*it);
    if (record) fn(*it, *record);
  }
}

}  // namespace terrace::inspections
