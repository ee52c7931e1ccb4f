#include "services/inspections/inspections_state.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "common/base/time.h"
#include "common/calendar/period.h"
#include "services/inspections/checklist_rules.h"
#include "services/inspections/records.h"
#include "services/inspections/timeline.h"

namespace terrace::inspections {
namespace {

using machine::Row;
using machine::RowChange;

template <class Record>
Record Parse(const std::string& bytes) {
  Record record;
  TERRACE_CHECK(record.ParseFromString(bytes));
  return record;
}

// The resource in a row, as far as the row tells.
template <class Record>
auto FromRow(const machine::Rows& rows, absl::string_view name)
    -> absl::optional<decltype(ToResource(name, Record(), store::Revision()))> {
  const Row* row = rows.Find(name);
  if (row == nullptr) return absl::nullopt;
  return ToResource(name, machine::Rows::Parse<Record>(*row), row->revision);
}

ObservationBrief BriefOf(const storage::v1::ObservationRecord& record) {
  const v1::Observation& observation = record.observation();
  ObservationBrief brief;
  const absl::Time seen = FromProto(observation.has_captured_time() ? observation.captured_time()
                                                                    : observation.receive_time());
  brief.seen_us = absl::ToUnixMicros(seen);
  AnswerClass answer = AnswerClass::kOther;
  if (observation.answer_case() == v1::Observation::kNoAnswer) {
    answer = AnswerClass::kUnanswered;
  } else if (record.failed()) {
    answer = AnswerClass::kFailed;
  } else if (observation.answer_case() != v1::Observation::kNumber &&
             observation.answer_case() != v1::Observation::kText) {
    answer = AnswerClass::kPassed;
  }
  brief.answer = static_cast<uint8_t>(answer);
  brief.skewed = observation.skewed();
  return brief;
}

// When the finding will be overdue if nobody does anything; nullopt when it will not.
absl::optional<absl::Time> DueOf(const v1::Finding& finding) {
  if (!finding.has_due_time() || !RunsOut(finding.state())) return absl::nullopt;
  return FromProto(finding.due_time());
}

}  // namespace

bool InspectionsState::Resident(absl::string_view key) const {
  // The pool of a draw is large and read by auditors only.
  return KindOfKey(key) != RowKind::kPool;
}

void InspectionsState::OnChange(const RowChange& change) {
  const RowKind kind = KindOfKey(change.key);
  switch (kind) {
    case RowKind::kChecklist:
    case RowKind::kTeam:
    case RowKind::kPlan:
    case RowKind::kVisit:
    case RowKind::kFinding:
    case RowKind::kFollowUp:
      if (change.after != nullptr) {
        names_[kind].insert(std::string(change.key));
      } else {
        names_[kind].erase(std::string(change.key));
      }
      if (kind == RowKind::kFinding) IndexFinding(change);
      break;
    case RowKind::kObservation:
      IndexObservation(change);
      break;
    case RowKind::kConflict:
      if (change.before == nullptr) ++stats_[VisitOfKey(change.key)].conflicts;
      if (change.after == nullptr) --stats_[VisitOfKey(change.key)].conflicts;
      break;
    case RowKind::kDraw:
      IndexDraw(change);
      break;
    default:
      break;
  }
}

void InspectionsState::IndexObservation(const RowChange& change) {
  std::vector<ObservationBrief>& briefs = stats_[VisitOfKey(change.key)].observations;
  if (change.before != nullptr) {
    // Observations do not change; a redaction may still rewrite one.
    auto it = std::find(briefs.begin(), briefs.end(),
                        BriefOf(Parse<storage::v1::ObservationRecord>(*change.before)));
    if (it != briefs.end()) {
      *it = briefs.back();
      briefs.pop_back();
    }
  }
  if (change.after != nullptr) {
    briefs.push_back(BriefOf(Parse<storage::v1::ObservationRecord>(*change.after)));
  }
}

void InspectionsState::IndexFinding(const RowChange& change) {
  const std::string name(change.key);
  VisitStats& stats = stats_[VisitOfKey(change.key)];
  if (change.before != nullptr) {
    const v1::Finding before = Parse<storage::v1::FindingRecord>(*change.before).finding();
    if (absl::optional<absl::Time> due = DueOf(before)) due_.erase({*due, name});
    if (!before.recurrence_of().empty()) recurred_[before.recurrence_of()].erase(name);
    --stats.findings;
  }
  if (change.after != nullptr) {
    const v1::Finding after = Parse<storage::v1::FindingRecord>(*change.after).finding();
    if (absl::optional<absl::Time> due = DueOf(after)) due_.emplace(*due, name);
    if (!after.recurrence_of().empty()) recurred_[after.recurrence_of()].insert(name);
    ++stats.findings;
  }
}

void InspectionsState::IndexDraw(const RowChange& change) {
  if (change.before != nullptr) {
    const v1::Draw before = Parse<storage::v1::DrawRecord>(*change.before).draw();
    for (const v1::DrawEntry& entry : before.entries()) {
      if (!entry.visit().empty()) planned_.erase(entry.visit());
    }
  }
  if (change.after == nullptr) return;
  const v1::Draw draw = Parse<storage::v1::DrawRecord>(*change.after).draw();
  for (int i = 0; i < draw.entries_size(); ++i) {
    const std::string& visit = draw.entries(i).visit();
    if (!visit.empty()) planned_[visit] = {std::string(change.key), i};
  }
}

absl::Time InspectionsState::NextTick() const {
  auto it = due_.lower_bound({log_time(), ""});
  // What falls on the log time itself has changed already.
  while (it != due_.end() && it->first <= log_time()) ++it;
  return it == due_.end() ? absl::InfiniteFuture() : it->first;
}

std::string InspectionsState::IndexDigest() const {
  Sha256Stream hash;
  for (const auto& [kind, names] : names_) {
    if (names.empty()) continue;
    hash.AddSized(absl::StrCat("kind ", static_cast<int>(kind)));
    for (const std::string& name : names) hash.AddSized(name);
  }
  std::vector<absl::string_view> visits;
  for (const auto& [visit, stats] : stats_) visits.push_back(visit);
  std::sort(visits.begin(), visits.end());
  for (absl::string_view visit : visits) {
    const VisitStats& stats = StatsOf(visit);
    std::vector<ObservationBrief> briefs = stats.observations;
    std::sort(briefs.begin(), briefs.end());
    hash.AddSized(visit).AddSized(absl::StrCat(stats.findings, " ", stats.conflicts));
    for (const ObservationBrief& brief : briefs) {
      hash.AddSized(absl::StrCat(brief.seen_us, " ", brief.answer, " ", brief.skewed));
    }
  }
  std::vector<std::string> planned;
  for (const auto& [visit, at] : planned_) {
    planned.push_back(absl::StrCat(visit, " ", at.draw, " ", at.entry));
  }
  std::sort(planned.begin(), planned.end());
  for (const std::string& line : planned) hash.AddSized(line);
  for (const auto& [due, name] : due_) hash.AddSized(absl::StrCat(absl::ToUnixNanos(due), name));
  for (const auto& [finding, later] : recurred_) {
    for (const std::string& name : later) hash.AddSized(finding).AddSized(name);
  }
  return hash.Finish();
}

// -------------------------------------------------------------------------------------- days

std::string InspectionsState::ZoneName(absl::string_view programme) const {
  return zone_ == nullptr || programme.empty() ? "" : zone_(programme);
}

void InspectionsState::SetProgramme(const std::string& programme,
                                    storage::v1::VisitRecord* visit) const {
  visit->mutable_visit()->set_programme(programme);
  visit->set_zone(ZoneName(programme));
}

absl::TimeZone InspectionsState::ZoneOf(const storage::v1::VisitRecord& visit) const {
  if (visit.zone().empty()) return ZoneOfProgramme(visit.visit().programme());
  return calendar::LoadZone(visit.zone(), "zone").value_or(calendar::DefaultZone());
}

absl::TimeZone InspectionsState::ZoneOfProgramme(absl::string_view programme) const {
  return calendar::LoadZone(ZoneName(programme), "zone").value_or(calendar::DefaultZone());
}

// ------------------------------------------------------------------------------------- reads

const absl::btree_set<std::string>& InspectionsState::Names(RowKind kind) const {
  static const auto* const kNone = new absl::btree_set<std::string>();
  auto it = names_.find(kind);
  return it == names_.end() ? *kNone : it->second;
}

const VisitStats& InspectionsState::StatsOf(absl::string_view visit) const {
  static const auto* const kNone = new VisitStats();
  auto it = stats_.find(visit);
  return it == stats_.end() ? *kNone : it->second;
}

absl::optional<PlannedVisit> InspectionsState::FindPlanned(absl::string_view visit) const {
  auto it = planned_.find(visit);
  if (it == planned_.end()) return absl::nullopt;
  auto draw = rows().Get<storage::v1::DrawRecord>(it->second.draw);
  TERRACE_CHECK(draw.has_value());
  return PlannedVisit{std::string(PlanOfKey(it->second.draw)),
                      draw->draw().entries(it->second.entry)};
}

bool InspectionsState::IsReleased(absl::string_view plan, int32_t round) const {
  auto release = rows().Get<storage::v1::ReleaseRecord>(ReleaseKey(plan, round));
  return release && release->has_release_time();
}

absl::optional<v1::Checklist> InspectionsState::ReadChecklist(absl::string_view name) const {
  return FromRow<storage::v1::ChecklistRecord>(rows(), name);
}

absl::optional<v1::Team> InspectionsState::ReadTeam(absl::string_view name) const {
  return FromRow<storage::v1::TeamRecord>(rows(), name);
}

absl::optional<v1::Plan> InspectionsState::ReadPlan(absl::string_view name) const {
  auto plan = FromRow<storage::v1::PlanRecord>(rows(), name);
  if (plan) *plan = WithRounds(*std::move(plan));
  return plan;
}

v1::Plan InspectionsState::WithRounds(v1::Plan plan) const {
  for (int i = 0; i < plan.rounds_size(); ++i) {
    v1::Round& round = *plan.mutable_rounds(i);
    round.set_number(i + 1);
    if (plan.draw().empty()) continue;
    round.set_state(v1::Round::STATE_SEALED);
    auto release = rows().Get<storage::v1::ReleaseRecord>(ReleaseKey(plan.name(), i + 1));
    if (!release) continue;
    if (release->has_release_time()) {
      round.set_state(v1::Round::STATE_RELEASED);
      *round.mutable_release_time() = release->release_time();
      round.set_operation(release->operation());
    } else if (open_operations().count(release->operation()) > 0) {
      round.set_state(v1::Round::STATE_RELEASING);
      round.set_operation(release->operation());
    }
  }
  return plan;
}

absl::optional<v1::Draw> InspectionsState::ReadDraw(absl::string_view name) const {
  return FromRow<storage::v1::DrawRecord>(rows(), name);
}

absl::optional<v1::Visit> InspectionsState::ReadVisit(absl::string_view name) const {
  auto visit = FromRow<storage::v1::VisitRecord>(rows(), name);
  if (visit) {
    const VisitStats& stats = StatsOf(name);
    visit->set_observation_count(static_cast<int32_t>(stats.observations.size()));
    visit->set_finding_count(stats.findings);
    visit->set_conflict_count(stats.conflicts);
  }
  return visit;
}

namespace {

int32_t CountConflicts(const machine::Rows& rows, absl::string_view record) {
  int32_t count = 0;
  const std::string prefix = absl::StrCat(record, "/conflicts/");
  rows.ForEach(prefix, prefix, [&](const std::string&, const Row&) {
    ++count;
    return true;
  });
  return count;
}

}  // namespace

absl::optional<v1::Observation> InspectionsState::ReadObservation(absl::string_view name) const {
  auto observation = FromRow<storage::v1::ObservationRecord>(rows(), name);
  if (observation && StatsOf(VisitOfKey(name)).conflicts > 0) {
    observation->set_conflict_count(CountConflicts(rows(), name));
  }
  return observation;
}

absl::optional<v1::Finding> InspectionsState::ReadFinding(absl::string_view name) const {
  auto finding = FromRow<storage::v1::FindingRecord>(rows(), name);
  if (!finding) return finding;
  if (StatsOf(VisitOfKey(name)).conflicts > 0) {
    finding->set_conflict_count(CountConflicts(rows(), name));
  }
  const absl::optional<absl::Time> due = DueOf(*finding);
  finding->set_overdue(due && *due <= log_time());
  auto later = recurred_.find(std::string(name));
  if (later != recurred_.end() && !later->second.empty()) {
    finding->set_recurred_as(*later->second.begin());
  }
  return finding;
}

absl::optional<v1::FollowUp> InspectionsState::ReadFollowUp(absl::string_view name) const {
  return FromRow<storage::v1::FollowUpRecord>(rows(), name);
}

bool InspectionsState::MaySee(const Asker& asker, absl::string_view name) const {
  const absl::string_view visit_name = VisitOfKey(name);
  auto record = rows().Get<storage::v1::VisitRecord>(visit_name);
  if (!record) return false;
  const v1::Visit& visit = record->visit();
  absl::optional<v1::Team> team;
  if (!visit.team().empty()) team = ReadTeam(visit.team());
  return MaySeeVisit(asker, visit_name, visit.office(), team ? &*team : nullptr);
}

}  // namespace terrace::inspections
