// The measures' State: lists, measures, assignments, reports and activities, with the indexes that
// answer questions about them.
//
// Concept. Rows are the truth; the indexes are what the rows say, in a form that is quick to ask:
//   lists        the due rules, ready for the calendar
//   measures     their facts, their assignments, and which of these are done
//   assignments  in the order of their names, that is by unit, with the steps of their reports
//   activities   names alone
// An assignment counts only once its measure has the issue that made it, so what a running or a
// cancelled operation left is in the rows and nowhere else.
//
// Decide functions (one file per idea: decide_*.cc, issue.cc) are const, as are the reads. Reads
// take an instant; see facts.h.
//
// Thread-safety: as machine::State. NextTick may be called by several readers at once.
//
// Ownership: views of names point into the entries, which stay where they are until they go.
#ifndef TERRACE_SERVICES_MEASURES_MEASURES_STATE_H_
#define TERRACE_SERVICES_MEASURES_MEASURES_STATE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/machine/decision.h"
#include "common/machine/state.h"
#include "services/measures/facts.h"
#include "services/measures/schedule.h"
#include "terrace/measures/v1/activities.pb.h"
#include "terrace/measures/v1/assignments.pb.h"
#include "terrace/measures/v1/lists.pb.h"
#include "terrace/measures/v1/measures.pb.h"
#include "terrace/measures/v1/reports.pb.h"

namespace terrace::measures {

// Limits.
inline constexpr int kCoOperatorsMax = 100;
inline constexpr int kEvidenceMax = 100;
inline constexpr int kEvidenceTypesMax = 16;
inline constexpr int kCascadeConditionsMax = 100;     // Levels, and kinds, of one cascade.
inline constexpr int kEventsMax = 100;                // Of an assignment, and of a report.
inline constexpr size_t kRecordBytesMax = 256 << 10;  // One record; far below the store's batch.
inline constexpr int kDueDateChangesMax = 100;
inline constexpr int kIssuesMax = 1000;
inline constexpr int kIssueUnitsPerChunk = 4000;  // Units that one step of a cascade looks at.
inline constexpr int kImportRowsPerMessage = 1000;

// Whether the unit (id) took part in the programme (full name) at an instant, as the mirror of the
// registry knows it. Thread-safe.
using EnrolledFn =
    std::function<bool(absl::string_view programme, absl::string_view unit, absl::Time at)>;

// The name of the zone in which a programme (full name) counts its days, such as "Asia/Shanghai",
// as the mirror of the registry knows it; empty for an unknown programme. A programme never changes
// its zone. Thread-safe.
using ZoneFn = std::function<std::string(absl::string_view programme)>;

struct MeasureEntry;

struct ListEntry {
  std::string name;
  bool present = false;  // False: only measures refer to it, its row has not come yet.
  Schedule schedule;
  absl::btree_set<absl::string_view> measures;
};

struct AssignmentEntry {
  std::string name;
  bool present = false;  // False: only its reports have come yet.
  AssignmentFacts facts;
  MeasureEntry* measure = nullptr;  // Null while not present.
  // What it adds to its measure's counts.
  bool counted = false;
  absl::optional<absl::Time> done;
};

struct MeasureEntry {
  std::string name;
  bool present = false;       // False: only assignments refer to it.
  ListEntry* list = nullptr;  // Null while not present.
  MeasureFacts facts;
  bool lead = false;  // One unit answers for it; otherwise it is cascaded.
  absl::btree_set<absl::string_view> assignments;  // All, also those that do not count.
  // Of those that count and are issued, as of the latest step: how many there are, and when which
  // was done.
  int64_t counted = 0;
  absl::btree_set<std::pair<absl::Time, absl::string_view>> done;
};

class MeasuresState : public machine::State {
 public:
  // Without `enrolled` no measure can be cascaded by programme; without `zone` lists count their
  // days in Asia/Shanghai unless they say otherwise.
  explicit MeasuresState(EnrolledFn enrolled = nullptr, ZoneFn zone = nullptr)
      : enrolled_(std::move(enrolled)), zone_(std::move(zone)) {}

  // ---- machine::State.
  bool Resident(absl::string_view key) const override;
  void OnChange(const machine::RowChange& change) override;
  absl::Time NextTick() const override;
  absl::Status ContinueOperation(machine::Decision& decision,
                                 internal::v1::OperationRecord& operation) const override;
  std::string IndexDigest() const override;

  // ---- Decide.
  absl::Status CreateMeasureList(const v1::CreateMeasureListRequest& request, machine::Decision& d,
                                 v1::MeasureList* reply) const;
  absl::Status UpdateMeasureList(const v1::UpdateMeasureListRequest& request, machine::Decision& d,
                                 v1::MeasureList* reply) const;
  absl::Status CreateMeasure(const v1::CreateMeasureRequest& request, machine::Decision& d,
                             v1::Measure* reply) const;
  absl::Status UpdateMeasure(const v1::UpdateMeasureRequest& request, machine::Decision& d,
                             v1::Measure* reply) const;
  absl::Status CancelMeasure(const v1::CancelMeasureRequest& request, machine::Decision& d,
                             v1::Measure* reply) const;
  // One row of an import: OK and what happened, or why nothing did.
  absl::StatusOr<types::v1::RowResult::Outcome> ImportMeasure(const v1::Measure& row,
                                                              absl::string_view parent,
                                                              machine::Decision& d) const;
  // Replies with the operation as it is stored.
  absl::Status IssueMeasure(const v1::IssueMeasureRequest& request, machine::Decision& d,
                            internal::v1::OperationRecord* reply) const;

  absl::Status AcknowledgeAssignment(const v1::AcknowledgeAssignmentRequest& request,
                                     machine::Decision& d, v1::Assignment* reply) const;
  absl::Status ClaimDone(const v1::ClaimDoneRequest& request, machine::Decision& d,
                         v1::Assignment* reply) const;
  absl::Status VerifyDone(const v1::VerifyDoneRequest& request, machine::Decision& d,
                          v1::Assignment* reply) const;
  absl::Status ReturnClaim(const v1::ReturnClaimRequest& request, machine::Decision& d,
                           v1::Assignment* reply) const;

  absl::Status SubmitReport(const v1::SubmitReportRequest& request, machine::Decision& d,
                            v1::Report* reply) const;
  absl::Status ReturnReport(const v1::ReturnReportRequest& request, machine::Decision& d,
                            v1::Report* reply) const;
  absl::Status AcceptReport(const v1::AcceptReportRequest& request, machine::Decision& d,
                            v1::Report* reply) const;
  absl::Status ExcuseReport(const v1::ExcuseReportRequest& request, machine::Decision& d,
                            v1::Report* reply) const;

  absl::Status RecordActivity(const v1::RecordActivityRequest& request, machine::Decision& d,
                              v1::Activity* reply) const;
  absl::Status WithdrawActivity(const v1::WithdrawActivityRequest& request, machine::Decision& d,
                                v1::Activity* reply) const;
  absl::StatusOr<types::v1::RowResult::Outcome> ImportActivity(const v1::Activity& row,
                                                               machine::Decision& d) const;

  // ---- Entries, null when there is none (placeholders included).
  const ListEntry* FindList(absl::string_view name) const;
  const MeasureEntry* FindMeasure(absl::string_view name) const;
  const AssignmentEntry* FindAssignment(absl::string_view name) const;
  // The assignment if it counted at `at`: its measure had the issue that made it.
  const AssignmentEntry* FindIssued(absl::string_view name, absl::Time at) const;

  template <class Entry>
  using Index = absl::btree_map<absl::string_view, std::unique_ptr<Entry>>;  // By name.
  const Index<ListEntry>& lists() const { return lists_; }
  const Index<MeasureEntry>& measures() const { return measures_; }
  const Index<AssignmentEntry>& assignments() const { return assignments_; }
  const absl::btree_set<std::string>& activities() const { return activities_; }

  const EnrolledFn& enrolled() const { return enrolled_; }

  // When the lead of a measure was done, if it was at `at`; for co-operators' parts.
  absl::optional<absl::Time> LeadDone(const MeasureEntry& measure, absl::Time at) const;
  // The first instant after `at` at which anything here changes by time alone.
  absl::Time NextBoundary(absl::Time at) const;

 private:
  void OnList(const machine::RowChange& change);
  void OnMeasure(const machine::RowChange& change);
  void OnAssignment(const machine::RowChange& change);
  void OnReport(const machine::RowChange& change);

  // Reads the measure's row again, after it or its list changed, and counts its assignments anew.
  void RefreshMeasure(MeasureEntry& entry, const v1::Measure& measure);
  // Takes the assignment out of its measure's counts, and puts it in again.
  void Uncount(AssignmentEntry& entry);
  void Count(AssignmentEntry& entry);

  // Of decide_measures.cc and issue.cc.
  absl::Status CheckMeasure(const v1::Measure& measure, absl::string_view name,
                            machine::Decision& d) const;
  absl::Status CloseIssue(const storage::v1::IssueSpec& spec, storage::v1::MeasureRecord& record,
                          machine::Decision& d, internal::v1::OperationRecord& operation) const;

  void TakeZoneOfProgramme(v1::MeasureList* list) const;

  // Of decide_assignments.cc and decide_reports.cc.
  struct Part;
  absl::Status ReadPart(absl::string_view assignment, machine::Decision& d, Part* part) const;
  struct AssignmentChange;
  absl::Status ChangeAssignment(const AssignmentChange& change, machine::Decision& d,
                                v1::Assignment* reply) const;
  struct ReportChange;
  absl::Status ChangeReport(const ReportChange& change, machine::Decision& d,
                            v1::Report* reply) const;

  const EnrolledFn enrolled_;
  const ZoneFn zone_;
  Index<ListEntry> lists_;
  Index<MeasureEntry> measures_;
  Index<AssignmentEntry> assignments_;
  absl::btree_set<std::string> activities_;

  // The answer of NextTick while it lies ahead; InfinitePast asks to work it out again.
  mutable absl::Mutex tick_mu_;
  mutable absl::Time next_tick_ ABSL_GUARDED_BY(tick_mu_) = absl::InfinitePast();
};

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_MEASURES_STATE_H_
