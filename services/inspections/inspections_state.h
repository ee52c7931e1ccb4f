// The State of the inspections service: rows by resource name, the indexes over them, the commands
// (Decide) and the reads.
//
// Concept. A plan and its draw live under the planning office. A visit comes to be under the unit
// by ReleasePlan, by StartVisit, or by the first record of it that a device sends; from then on it
// is a set of append-only records. A finding is a record with steps. Nothing of an unreleased round
// stands under an inspected unit, so nothing there can be read, counted or watched.
//
// Thread-safety. None; the Machine holds a read lock around commands and reads, a write lock around
// Apply. Commands are const and have no other effect than through their Decision.
#ifndef TERRACE_SERVICES_INSPECTIONS_INSPECTIONS_STATE_H_
#define TERRACE_SERVICES_INSPECTIONS_INSPECTIONS_STATE_H_

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/machine/decision.h"
#include "common/machine/state.h"
#include "google/longrunning/operations.pb.h"
#include "services/inspections/authority.h"
#include "services/inspections/draw.h"
#include "services/inspections/keys.h"
#include "services/inspections/population.h"
#include "terrace/inspections/v1/inspections.pb.h"
#include "terrace/storage/v1/inspections.pb.h"

namespace terrace::inspections {

using machine::Decision;

// What the service calls itself: in cursors, operations and headers.
inline constexpr absl::string_view kServiceName = "inspections";

// An observation as counts need it.
struct ObservationBrief {
  int64_t seen_us = 0;  // When it was seen in the world, microseconds since 1970.
  uint8_t answer = 0;   // An AnswerClass.
  bool skewed = false;
  friend auto operator<=>(const ObservationBrief&, const ObservationBrief&) = default;
};

// What belongs to a visit, counted.
struct VisitStats {
  std::vector<ObservationBrief> observations;  // In no order.
  int findings = 0;
  int conflicts = 0;
};

// A target of a draw that will have, or has, this name as a visit.
struct PlannedVisit {
  std::string plan;
  v1::DrawEntry entry;
};

// A draw worked out before its command runs: walking a large tree under the State's lock would hold
// everybody up. The command checks that the plan is still the one it was worked out for.
struct PreparedDraw {
  std::string plan_etag;
  std::vector<std::string> pool;
  DrawOutput output;
  std::string seed;  // Raw bytes.
  bool seed_given = false;
  types::v1::Cursor registry;
};

// The name of the zone in which a programme (full name) counts its days, such as "Asia/Shanghai",
// as the mirror of the registry knows it; empty for an unknown programme. A programme never changes
// its zone. Thread-safe.
using ZoneFn = std::function<std::string(absl::string_view programme)>;

class InspectionsState : public machine::State {
 public:
  // Without `zone` every day is one of Asia/Shanghai.
  explicit InspectionsState(ZoneFn zone = nullptr) : zone_(std::move(zone)) {}

  // ---- Commands: checklists and teams (setup_commands.cc).
  absl::Status CreateChecklist(const v1::CreateChecklistRequest& request, Decision& d,
                               v1::Checklist* reply) const;
  absl::Status UpdateChecklist(const v1::UpdateChecklistRequest& request, Decision& d,
                               v1::Checklist* reply) const;
  absl::Status PublishChecklist(const v1::PublishChecklistRequest& request, Decision& d,
                                v1::Checklist* reply) const;
  absl::Status CreateTeam(const v1::CreateTeamRequest& request, Decision& d, v1::Team* reply) const;
  absl::Status UpdateTeam(const v1::UpdateTeamRequest& request, Decision& d, v1::Team* reply) const;

  // ---- Commands: plans (plan_commands.cc) and their release (release.cc).
  absl::Status CreatePlan(const v1::CreatePlanRequest& request, Decision& d, v1::Plan* reply) const;
  absl::Status UpdatePlan(const v1::UpdatePlanRequest& request, Decision& d, v1::Plan* reply) const;
  absl::Status ApprovePlan(const v1::ApprovePlanRequest& request, Decision& d,
                           v1::Plan* reply) const;
  absl::Status DrawVisits(const v1::DrawVisitsRequest& request, const PreparedDraw& prepared,
                          Decision& d, v1::Draw* reply) const;
  absl::Status ReleasePlan(const v1::ReleasePlanRequest& request, Decision& d,
                           google::longrunning::Operation* reply) const;
  absl::Status ClosePlan(const v1::ClosePlanRequest& request, Decision& d, v1::Plan* reply) const;
  absl::Status CancelPlan(const v1::CancelPlanRequest& request, Decision& d, v1::Plan* reply) const;
  absl::Status ContinueOperation(Decision& d,
                                 internal::v1::OperationRecord& operation) const override;

  // ---- Commands: field work (field_commands.cc, on field_work.h).
  absl::Status StartVisit(const v1::StartVisitRequest& request, Decision& d,
                          v1::Visit* reply) const;
  absl::Status SubmitVisit(const v1::SubmitVisitRequest& request, Decision& d,
                           v1::Visit* reply) const;
  absl::Status AbortVisit(const v1::AbortVisitRequest& request, Decision& d,
                          v1::Visit* reply) const;
  absl::Status AcknowledgeVisit(const v1::AcknowledgeVisitRequest& request, Decision& d,
                                v1::Visit* reply) const;
  absl::Status RecordObservations(const v1::RecordObservationsRequest& request, Decision& d,
                                  v1::RecordObservationsResponse* reply) const;
  absl::Status RaiseFinding(const v1::RaiseFindingRequest& request, Decision& d,
                            v1::Finding* reply) const;
  absl::Status SyncVisits(const v1::SyncVisitsRequest& request, Decision& d,
                          v1::SyncVisitsResponse* reply) const;

  // ---- Commands: what becomes of findings (finding_commands.cc).
  absl::Status ConfirmFinding(const v1::ConfirmFindingRequest& request, Decision& d,
                              v1::Finding* reply) const;
  absl::Status WithdrawFinding(const v1::WithdrawFindingRequest& request, Decision& d,
                               v1::Finding* reply) const;
  absl::Status DisputeFinding(const v1::DisputeFindingRequest& request, Decision& d,
                              v1::Finding* reply) const;
  absl::Status ClaimRectified(const v1::ClaimRectifiedRequest& request, Decision& d,
                              v1::Finding* reply) const;
  absl::Status RecheckFinding(const v1::RecheckFindingRequest& request, Decision& d,
                              v1::Finding* reply) const;
  absl::Status RecordFollowUp(const v1::RecordFollowUpRequest& request, Decision& d,
                              v1::FollowUp* reply) const;

  // ---- Days. A visit keeps the zone in which its days are counted, so that all of them agree.
  void SetProgramme(const std::string& programme, storage::v1::VisitRecord* visit) const;
  absl::TimeZone ZoneOf(const storage::v1::VisitRecord& visit) const;
  absl::TimeZone ZoneOfProgramme(absl::string_view programme) const;

  // ---- Reads: resources as of now; nullopt when there is none. Who may see them is asked apart.
  absl::optional<v1::Checklist> ReadChecklist(absl::string_view name) const;
  absl::optional<v1::Team> ReadTeam(absl::string_view name) const;
  absl::optional<v1::Plan> ReadPlan(absl::string_view name) const;
  absl::optional<v1::Draw> ReadDraw(absl::string_view name) const;
  absl::optional<v1::Visit> ReadVisit(absl::string_view name) const;
  absl::optional<v1::Observation> ReadObservation(absl::string_view name) const;
  absl::optional<v1::Finding> ReadFinding(absl::string_view name) const;
  absl::optional<v1::FollowUp> ReadFollowUp(absl::string_view name) const;

  // Whether the caller may see what stands under `name`, a visit or anything below it.
  bool MaySee(const Asker& asker, absl::string_view name) const;

  // Names of all rows of a kind (checklists, teams, plans, visits, findings, follow-ups), in byte
  // order.
  const absl::btree_set<std::string>& Names(RowKind kind) const;
  const VisitStats& StatsOf(absl::string_view visit) const;
  // The target whose visit has or will have this name.
  absl::optional<PlannedVisit> FindPlanned(absl::string_view visit) const;
  // Whether a round's release has come to its end.
  bool IsReleased(absl::string_view plan, int32_t round) const;

  // ---- machine::State.
  bool Resident(absl::string_view key) const override;
  void OnChange(const machine::RowChange& change) override;
  absl::Time NextTick() const override;
  std::string IndexDigest() const override;

 private:
  // A draw's entry by its place: the draw is parsed when the entry is needed.
  struct PlannedAt {
    std::string draw;
    int entry = 0;
  };

  v1::Plan WithRounds(v1::Plan plan) const;
  void IndexObservation(const machine::RowChange& change);
  void IndexFinding(const machine::RowChange& change);
  void IndexDraw(const machine::RowChange& change);

  std::string ZoneName(absl::string_view programme) const;

  const ZoneFn zone_;
  absl::btree_map<RowKind, absl::btree_set<std::string>> names_;
  absl::flat_hash_map<std::string, VisitStats> stats_;
  absl::flat_hash_map<std::string, PlannedAt> planned_;
  std::set<std::pair<absl::Time, std::string>> due_;  // Findings that will be overdue then.
  absl::btree_map<std::string, absl::btree_set<std::string>> recurred_;  // Finding -> later ones.
};

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_INSPECTIONS_STATE_H_
