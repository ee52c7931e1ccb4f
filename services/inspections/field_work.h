// What devices bring back, merged into visits: one FieldWork takes the items of one message into
// one Decision.
//
// Order does not matter. The first item about a visit makes it known, whichever it is; an explicit
// start fills in what it knows better; a submission says what must still come, and the visit is
// complete when it has come. Taking an item twice changes nothing. An item that is refused leaves
// no trace, and the others go on.
//
// Concept of identity. Observations and findings are identified by their names and compared by the
// hash of what was sent; start, submission, abortion and acknowledgement happen once per visit and
// are compared by hash as well.
//
// Thread-safety. One FieldWork belongs to one run of one command.
#ifndef TERRACE_SERVICES_INSPECTIONS_FIELD_WORK_H_
#define TERRACE_SERVICES_INSPECTIONS_FIELD_WORK_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "services/inspections/inspections_state.h"
#include "services/inspections/timeline.h"
#include "terrace/inspections/v1/field.pb.h"
#include "terrace/storage/v1/inspections.pb.h"

namespace terrace::inspections {

// Limits of one visit.
inline constexpr int kObservationsPerVisitMax = 5000;
inline constexpr int kFindingsPerVisitMax = 1000;
inline constexpr int kDevicesPerVisitMax = 50;
inline constexpr int kDeclaredFindingsMax = 500;
inline constexpr int kConflictsPerRecordMax = 20;
// Items of one message, whose changes are one batch.
inline constexpr int kItemsMax = 200;

// Where an item says that its visit belongs, for the case that the visit is not known yet.
struct Origin {
  std::string visit;          // Full name.
  std::string acting_office;  // For visits of their own; may be empty.
  std::string checklist;      // For visits of their own; may be empty.
};

// What became of one item.
struct Taken {
  v1::ItemResult::Outcome outcome = v1::ItemResult::OUTCOME_REJECTED;
  absl::Status status;  // OK for CREATED and UNCHANGED.
  std::vector<v1::FieldDifference> differences;
};

inline Taken Rejected(absl::Status status) {
  return {v1::ItemResult::OUTCOME_REJECTED, std::move(status), {}};
}
inline Taken Created() { return {v1::ItemResult::OUTCOME_CREATED, absl::OkStatus(), {}}; }
inline Taken Unchanged() { return {v1::ItemResult::OUTCOME_UNCHANGED, absl::OkStatus(), {}}; }

class FieldWork {
 public:
  // All arguments outlive it.
  FieldWork(const InspectionsState& state, Decision& decision, SenderClock clock);

  Taken Start(const Origin& origin, const v1::SyncStart& start);
  Taken Observe(const Origin& origin, const v1::Observation& observation);
  Taken Raise(const Origin& origin, const v1::Finding& finding);
  Taken Submit(const Origin& origin, const v1::SyncSubmit& submit);
  Taken Abort(const Origin& origin, const v1::SyncAbort& abort);
  Taken Acknowledge(const Origin& origin, const v1::SyncAcknowledge& acknowledge);

  // Writes the visits that changed. Once, after the last item.
  void Finish();

  // A visit as it stands after the items so far; null when no item touched it.
  const storage::v1::VisitRecord* Find(absl::string_view visit) const;

 private:
  struct Visit {
    storage::v1::VisitRecord record;
    bool changed = false;
    bool by_unit = false;  // Only the unit itself spoke: its caller may not log the visit.
    int observations = 0;  // With those of this message.
    int findings = 0;
    std::vector<std::string> raised;  // Findings of this message.
  };

  // The visit as it stands, or as it would come to be by this item, after checking that the caller
  // may log it. `at` is when the item happened.
  absl::StatusOr<Visit> Open(const Origin& origin, absl::Time at);
  absl::StatusOr<Visit> OpenStored(const std::string& name, storage::v1::VisitRecord record);
  absl::StatusOr<Visit> OpenPlanned(const PlannedVisit& planned, absl::Time at);
  absl::StatusOr<Visit> OpenOwn(const Origin& origin);
  void Keep(const std::string& name, Visit visit);

  // An item other than a start happened then: the visit had begun by that time.
  void Touch(Visit* visit, absl::optional<absl::Time> at);
  // FINISHED becomes SUBMITTED or ACKNOWLEDGED when nothing is missing.
  static void Settle(Visit* visit);
  // Whether the visit still takes the record; takes it off the list of what is missing.
  absl::Status TakeMissing(Visit* visit, absl::string_view record_name, bool is_finding);

  absl::StatusOr<const v1::Checklist*> ChecklistOf(const std::string& name);
  absl::optional<v1::Team> TeamOf(const std::string& name);
  absl::Status CheckFinding(const Visit& visit, const std::string& visit_name,
                            const v1::Finding& finding);
  // The record of a new finding under `name`.
  absl::StatusOr<storage::v1::FindingRecord> NewFinding(const Visit& visit,
                                                        const v1::Finding& as_sent,
                                                        const v1::Moment& moment);
  // Counts the days of the visit's findings in another zone from now on.
  absl::Status MoveDays(const std::string& visit_name, const Visit& visit, absl::TimeZone from,
                        absl::TimeZone to);
  // Keeps a content that lost beside the record that stands.
  Taken KeepConflict(const std::string& record_name, const google::protobuf::Message& record,
                     const std::string& hash, std::vector<v1::FieldDifference> differences);
  absl::StatusOr<std::vector<v1::MissingObservations>> MissingOf(const std::string& visit,
                                                                 const v1::SyncSubmit& submit);
  bool IsThere(const std::string& key);

  absl::Status CheckStart(const std::string& name, const v1::SyncStart& start,
                          const std::string& checklist, const Visit& visit);

  const InspectionsState& state_;
  Decision& d_;
  const SenderClock clock_;
  const Asker asker_;
  absl::btree_map<std::string, Visit> visits_;
  absl::flat_hash_map<std::string, std::unique_ptr<v1::Checklist>> checklists_;
};

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_FIELD_WORK_H_
