#include "services/inspections/summary.h"

#include <limits>

#include "common/base/time.h"
#include "common/resource/names.h"
#include "services/inspections/as_of.h"
#include "services/inspections/checklist_rules.h"
#include "services/inspections/records.h"
#include "services/inspections/timeline.h"

namespace terrace::inspections {

bool Summary::Continue(const InspectionsState& state, int budget) {
  while (true) {
    const absl::btree_set<std::string>& names =
        state.Names(visits_done_ ? RowKind::kFollowUp : RowKind::kVisit);
    for (auto it = names.upper_bound(after_); it != names.end(); ++it) {
      if (--budget < 0) return false;
      after_ = *it;
      if (!scope_.Covers(resource::OwnerOf(*it))) continue;
      if (visits_done_) {
        AddFollowUp(state, *it);
      } else {
        AddVisit(state, *it);
        // A visit brings its findings along.
        budget -= state.StatsOf(*it).findings;
      }
    }
    if (visits_done_ || !query_.plan.empty() || !query_.programme.empty()) return true;
    visits_done_ = true;
    after_.clear();
  }
}

void Summary::AddVisit(const InspectionsState& state, const std::string& name) {
  if (!state.MaySee(scope_.asker(), name)) return;
  const v1::Visit visit = state.rows().Get<storage::v1::VisitRecord>(name)->visit();
  if (!query_.plan.empty() && visit.plan() != query_.plan) return;
  if (!query_.programme.empty() && visit.programme() != query_.programme) return;
  if (!InRange(ReferenceTime(visit))) return;
  const v1::Visit::State then = query_.at ? StateAt(visit, *query_.at) : visit.state();
  if (then == v1::Visit::STATE_UNSPECIFIED) return;
  out_.set_visits(out_.visits() + 1);
  ++states_[then];
  ++rounds_[{visit.round(), then}];
  if (then == v1::Visit::STATE_ABORTED) return;
  if (then != v1::Visit::STATE_ASSIGNED) units_.emplace(resource::OwnerOf(name));
  AddObservations(state.StatsOf(name));
  ForEachFinding(state, name, [&](const std::string&, const storage::v1::FindingRecord& record) {
    AddFinding(record.finding(), state.log_time());
  });
}

void Summary::AddObservations(const VisitStats& stats) {
  v1::ObservationCounts& counts = *out_.mutable_observations();
  const int64_t until =
      query_.at ? absl::ToUnixMicros(*query_.at) : std::numeric_limits<int64_t>::max();
  for (const ObservationBrief& brief : stats.observations) {
    if (brief.seen_us > until) continue;
    counts.set_total(counts.total() + 1);
    if (brief.skewed) counts.set_skewed(counts.skewed() + 1);
    switch (static_cast<AnswerClass>(brief.answer)) {
      case AnswerClass::kPassed:
        counts.set_passed(counts.passed() + 1);
        break;
      case AnswerClass::kFailed:
        counts.set_failed(counts.failed() + 1);
        break;
      case AnswerClass::kOther:
        counts.set_other(counts.other() + 1);
        break;
      case AnswerClass::kUnanswered:
        counts.set_unanswered(counts.unanswered() + 1);
        break;
    }
  }
  counts.set_conflicts(counts.conflicts() + stats.conflicts);
}

void Summary::AddFinding(const v1::Finding& finding, absl::Time log_time) {
  const v1::FindingStep* step =
      query_.at ? StepAt(finding, *query_.at) : &finding.steps(finding.steps_size() - 1);
  if (step == nullptr) return;
  ++findings_[{finding.severity(), step->state()}];
  if (step->state() == v1::Finding::STATE_WITHDRAWN) return;
  out_.set_findings(out_.findings() + 1);
  if (finding.fixed_on_spot()) out_.set_findings_fixed_on_spot(out_.findings_fixed_on_spot() + 1);
  if (!finding.recurrence_of().empty()) out_.set_findings_recurred(out_.findings_recurred() + 1);
  if (step->has_due_time() && RunsOut(step->state()) &&
      FromProto(step->due_time()) <= query_.at.value_or(log_time)) {
    out_.set_findings_overdue(out_.findings_overdue() + 1);
  }
}

void Summary::AddFollowUp(const InspectionsState& state, const std::string& name) {
  if (!scope_.Shows(resource::OwnerOf(name))) return;
  const v1::FollowUp follow_up = state.rows().Get<storage::v1::FollowUpRecord>(name)->follow_up();
  const absl::Time time = FromProto(follow_up.moment().time());
  if (!InRange(time) || (query_.at && time > *query_.at)) return;
  ++follow_ups_[follow_up.kind()];
}

v1::InspectionSummary Summary::Take(absl::Time now) {
  *out_.mutable_at_time() = ToProto(query_.at.value_or(now));
  out_.mutable_observations();  // Zeros are told.
  for (const auto& [state, count] : states_) {
    v1::VisitStateCount& line = *out_.add_visits_by_state();
    line.set_state(state);
    line.set_count(count);
  }
  v1::RoundSummary* round = nullptr;
  for (const auto& [key, count] : rounds_) {
    if (round == nullptr || round->round() != key.first) {
      round = out_.add_rounds();
      round->set_round(key.first);
    }
    round->set_visits(round->visits() + count);
    v1::VisitStateCount& line = *round->add_visits_by_state();
    line.set_state(key.second);
    line.set_count(count);
  }
  out_.set_units_visited(static_cast<int64_t>(units_.size()));
  for (const auto& [key, count] : findings_) {
    v1::FindingCount& line = *out_.add_findings_by_state();
    line.set_severity(key.first);
    line.set_state(key.second);
    line.set_count(count);
  }
  for (const auto& [kind, count] : follow_ups_) {
    v1::FollowUpCount& line = *out_.add_follow_ups();
    line.set_kind(kind);
    line.set_count(count);
  }
  return std::move(out_);
}

}  // namespace terrace::inspections
