// The registry's State: rows under the names of its resources, the indexes over them, and the
// decisions and reads of UnitRegistry as const functions of both.
//
// Decisions are spread over files by idea: unit_commands.cc, vocabulary_commands.cc,
// programme_commands.cc, designation_commands.cc; imports have files of their own.
//
// Guard keys: "guards/tree" is bumped by whatever moves or closes a unit and read by whatever
// relies on a place; "guards/code/{system}/{beginning}" is bumped by whatever takes a code that
// begins so, which keeps imports of different regions out of each other's way; "guards/vocabulary"
// by changes of levels and kinds; "guards/office/{unit}" by whatever the unit begins to run, and
// read by its closing; "guards/quota/{programme}" by whatever gives a title, and read by whatever
// counts or relies on titles.
//
// Indexes are built on the first use after a snapshot, since its rows come in any order, and kept
// up to date from then on.
//
// Thread-safety: as machine::State. vocabulary() may be called without any lock.
#ifndef TERRACE_SERVICES_REGISTRY_REGISTRY_STATE_H_
#define TERRACE_SERVICES_REGISTRY_REGISTRY_STATE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/access/identity.h"
#include "common/base/seal.h"
#include "common/machine/decision.h"
#include "common/machine/state.h"
#include "services/registry/codes.h"
#include "services/registry/dates.h"
#include "services/registry/programme_index.h"
#include "services/registry/row_hold.h"
#include "services/registry/unit_index.h"
#include "services/registry/vocabulary.h"
#include "terrace/registry/v1/designation.pb.h"
#include "terrace/registry/v1/programme.pb.h"
#include "terrace/registry/v1/unit.pb.h"
#include "terrace/registry/v1/vocabulary.pb.h"

namespace terrace::registry {

inline constexpr absl::string_view kTreeGuard = "guards/tree";
inline constexpr absl::string_view kVocabularyGuard = "guards/vocabulary";
// How many characters of a code are its beginning: of an administrative code, the prefecture's.
inline constexpr size_t kCodeGuardChars = 4;
std::string CodeGuard(const v1::UnitCode& code);
std::string OfficeGuard(absl::string_view unit);
std::string QuotaGuard(absl::string_view programme);

// Limits of one request.
inline constexpr int kUnitsPerGet = 1000;
inline constexpr int kRowsPerEnrollment = 400;

// Who reads, and what "now" is for the reader.
struct Reader {
  const access::Identity& identity;
  absl::Time now;
};

// Units added earlier in the same batch, or in the same dry run: the tree does not know them yet.
struct Batchmates {
  struct Mate {
    int depth[tree::kLines] = {0, 0};  // Units on the path from the top, itself included.
    std::string parent[tree::kLines];  // Ids.
    std::string bytes;                 // The stored record; only kept by dry runs.
  };
  struct Code {
    std::string unit;
    Day from;
    Day until;
  };
  absl::flat_hash_map<std::string, Mate> units;
  // Holders of codes by "system/code".
  absl::flat_hash_map<std::string, std::vector<Code>> codes;
};

// A unit about to be made. Ids; empty parents for none.
struct NewUnit {
  absl::string_view id;
  absl::string_view parent;
  absl::string_view sector_parent;
  const google::type::Date& from_date;
  const v1::Unit& unit;
};

class RegistryState : public machine::State {
 public:
  // `eligibility_seal` is the one that scoring seals its answers with.
  explicit RegistryState(Seal eligibility_seal) : eligibility_seal_(std::move(eligibility_seal)) {}

  void OnChange(const machine::RowChange& change) override;
  std::string IndexDigest() const override;

  // ---- Commands.

  absl::Status CreateUnit(const v1::CreateUnitRequest& request, machine::Decision& decision,
                          v1::Unit* reply) const;
  absl::Status UpdateUnit(const v1::UpdateUnitRequest& request, machine::Decision& decision,
                          v1::Unit* reply) const;
  absl::Status MoveUnit(const v1::MoveUnitRequest& request, machine::Decision& decision,
                        v1::Unit* reply) const;
  absl::Status CloseUnit(const v1::CloseUnitRequest& request, machine::Decision& decision,
                         v1::Unit* reply) const;
  absl::Status UpdateLevel(const v1::UpdateLevelRequest& request, machine::Decision& decision,
                           v1::Level* reply) const;
  absl::Status UpdateKind(const v1::UpdateKindRequest& request, machine::Decision& decision,
                          v1::Kind* reply) const;
  absl::Status CreateProgramme(const v1::CreateProgrammeRequest& request,
                               machine::Decision& decision, v1::Programme* reply) const;
  absl::Status UpdateProgramme(const v1::UpdateProgrammeRequest& request,
                               machine::Decision& decision, v1::Programme* reply) const;
  absl::Status EnrollUnits(const v1::EnrollUnitsRequest& request, machine::Decision& decision,
                           v1::EnrollUnitsResponse* reply) const;
  absl::Status WithdrawUnits(const v1::WithdrawUnitsRequest& request, machine::Decision& decision,
                             v1::WithdrawUnitsResponse* reply) const;
  absl::Status GrantDesignation(const v1::GrantDesignationRequest& request,
                                machine::Decision& decision, v1::Designation* reply) const;
  absl::Status RenewDesignation(const v1::RenewDesignationRequest& request,
                                machine::Decision& decision, v1::Designation* reply) const;
  absl::Status RevokeDesignation(const v1::RevokeDesignationRequest& request,
                                 machine::Decision& decision, v1::Designation* reply) const;

  // ---- Parts of commands that imports share.

  // Puts a unit that must not exist yet, with its first place; notes it in `mates`. Returns the
  // record as stored.
  absl::StatusOr<storage::v1::UnitRecord> AddUnit(const NewUnit& unit, machine::Decision& decision,
                                                  Batchmates* mates) const;
  // Changes a stored unit to `wanted` (both as records) and puts it, unless nothing changes.
  // Returns whether something did.
  absl::StatusOr<bool> ChangeUnit(absl::string_view id, const storage::v1::UnitRecord& stored,
                                  storage::v1::UnitRecord wanted, Day renamed_on,
                                  machine::Decision& decision, Batchmates* mates) const;

  // Puts a title that was decided elsewhere, or changes one that an import brought earlier.
  absl::StatusOr<types::v1::RowResult::Outcome> RecordDesignation(
      const v1::ImportDesignationRow& row, const v1::Programme& programme,
      const std::string& acting_office, machine::Decision& decision) const;
  // The programme, guarded; NOT_FOUND also when the caller may not see it.
  absl::StatusOr<v1::Programme> ProgrammeFor(absl::string_view name,
                                             machine::Decision& decision) const;

  // ---- Reads of single resources.

  absl::Status GetUnit(const Reader& reader, const v1::GetUnitRequest& request,
                       v1::Unit* reply) const;
  absl::Status BatchGetUnits(const Reader& reader, const v1::BatchGetUnitsRequest& request,
                             v1::BatchGetUnitsResponse* reply) const;
  absl::Status GetPath(const Reader& reader, const v1::GetPathRequest& request,
                       v1::GetPathResponse* reply) const;
  absl::Status LookupUnits(const Reader& reader, const v1::LookupUnitsRequest& request,
                           v1::LookupUnitsResponse* reply) const;
  absl::Status ListLevels(const Reader& reader, const v1::ListLevelsRequest& request,
                          v1::ListLevelsResponse* reply) const;
  absl::Status ListKinds(const Reader& reader, const v1::ListKindsRequest& request,
                         v1::ListKindsResponse* reply) const;
  absl::Status GetProgramme(const Reader& reader, const v1::GetProgrammeRequest& request,
                            v1::Programme* reply) const;
  absl::Status GetDesignation(const Reader& reader, const v1::GetDesignationRequest& request,
                              v1::Designation* reply) const;

  // ---- Views, for longer reads.

  std::shared_ptr<const tree::Tree> tree() const;
  UnitView units() const;
  ProgrammeView standings(absl::string_view programme) const;
  std::shared_ptr<const Vocabulary> vocabulary() const;
  // Keeps the rows as they are now for as long as the hold lives; null when too many are held.
  std::shared_ptr<const RowHold> HoldRows() const;
  // Names the log in the cursor of tree().
  void SetLogId(const std::string& log_id) const;

  // The unit with its place on that day; nullopt when there is none of that id.
  absl::optional<v1::Unit> FindUnit(absl::string_view id, Day day) const;
  // All its places, oldest first.
  std::vector<v1::Placement> PlacementsOf(absl::string_view id) const;
  // The present place of a unit as its rows say; nullopt without a row.
  absl::optional<PlacedFrom> PlaceOf(absl::string_view id) const;
  absl::optional<v1::Programme> FindProgramme(absl::string_view name) const;
  absl::optional<v1::Designation> FindDesignation(absl::string_view name, Day day) const;
  // The programmes that the unit runs, by name.
  std::vector<v1::Programme> ProgrammesOf(absl::string_view office) const;
  // Calls fn(name, designation as stored) for the titles of a unit, by id, until it returns false.
  void ForEachDesignation(
      absl::string_view unit,
      absl::FunctionRef<bool(absl::string_view, const v1::Designation&)> fn) const;
  // The first day on which the unit exists no longer; kLastDay while it does.
  Day CloseDay(absl::string_view unit_id) const;
  // Whether the reader may see the programme and what belongs to it.
  bool MaySeeProgramme(const Reader& reader, const v1::Programme& programme) const;

 private:
  void EnsureIndexed() const;
  void IndexAll() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(index_mu_);
  void OnUnit(absl::string_view id, const machine::RowChange& change);
  void OnPlacement(absl::string_view id, const machine::RowChange& change);
  void OnVocabulary(const machine::RowChange& change);

  PlaceHistory HistoryOf(absl::string_view id) const;

  absl::StatusOr<storage::v1::UnitRecord> OpenUnit(absl::string_view id,
                                                   machine::Decision& decision) const;
  absl::Status CheckParent(absl::string_view id, absl::string_view parent, Line line,
                           machine::Decision& decision, const Batchmates& mates, int* depth) const;
  // The unit other than `id` that holds the code while `wanted` would; empty when none does.
  std::string HolderOf(absl::string_view id, const HeldCode& wanted, machine::Decision& decision,
                       const Batchmates& mates) const;
  absl::Status TakeCodes(absl::string_view id, const storage::v1::UnitRecord& record,
                         machine::Decision& decision, Batchmates* mates) const;
  absl::Status CheckTopOffice(absl::string_view acting_office, machine::Decision& decision) const;
  void FillUnit(absl::string_view id, const storage::v1::UnitRecord& record, Day day,
                const v1::Placement& placement, v1::Unit* reply) const;
  absl::Status CheckTitlesKept(const v1::Programme& before, const v1::Programme& after) const;

  // What Renew and Revoke judge, after all checks of who may.
  struct Judged {
    v1::Designation designation;
    v1::Programme programme;
    Day today;
  };
  absl::StatusOr<Judged> Judge(const std::string& name, const std::string& acting_office,
                               const std::string& etag, machine::Decision& decision) const;
  absl::Status CheckJudge(const std::string& acting_office, const v1::Programme& programme,
                          absl::string_view unit, const std::string& level,
                          machine::Decision& decision) const;
  absl::Status CheckQuotas(const v1::Programme& programme, const v1::Designation& designation,
                           absl::string_view unit, absl::string_view kind) const;

  const Seal eligibility_seal_;
  mutable absl::Mutex index_mu_;
  mutable bool indexed_ ABSL_GUARDED_BY(index_mu_) = false;
  RowHolds holds_;
  mutable UnitIndex units_;
  mutable ProgrammeIndex programmes_;

  mutable absl::Mutex vocabulary_mu_;
  mutable std::shared_ptr<const Vocabulary> vocabulary_ ABSL_GUARDED_BY(vocabulary_mu_);
};

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_REGISTRY_STATE_H_
