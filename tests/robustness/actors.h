// What clients do. An actor takes one small step at a time, with the right of somebody who owns
// what it touches: a definite refusal that its model does not foresee is a surprise.
//
// One client runs its actors on one thread; actors of one client share its office.
#ifndef TERRACE_TESTS_ROBUSTNESS_ACTORS_H_
#define TERRACE_TESTS_ROBUSTNESS_ACTORS_H_

#include <memory>
#include <string>
#include <vector>

#include "common/resource/names.h"
#include "terrace/inspections/v1/findings.pb.h"
#include "tests/robustness/caller.h"

namespace terrace::robustness {

class Actor {
 public:
  virtual ~Actor() = default;
  virtual void Act() = 0;
};

// A unit below a client's office, which nobody else changes.
struct OwnUnit {
  std::string id() const { return std::string(resource::OwnerOf(name)); }
  std::string name;
  std::string parent;
  std::string display_name;
  std::string etag;
  std::string code;
  bool open = true;
  int honours = 0;  // 0 outside the programme, then enrolled, titled, renewed, revoked.
};

// A finding at one of a client's towns that is neither closed nor withdrawn.
struct OwnFinding {
  std::string name;
  inspections::v1::Finding::State state;
};

// A client's part of the realm: "units/rb-{client}" with a few towns, villages among them.
struct Office {
  std::string id() const { return std::string(resource::OwnerOf(name)); }
  std::string name;
  std::vector<std::string> towns;
  std::vector<OwnUnit> villages;
  std::vector<OwnFinding> findings;  // Of visits that are submitted.
};

// Names that the world (world.h) gives.
std::string OfficeName(int client);
inline constexpr char kSharedOffice[] = "units/rb-shared";
inline constexpr int kRegisters = 2;  // Of each kind, contested by all clients.
// What a register that must have a name is called before anybody has written to it.
inline constexpr char kUnwritten[] = "unwritten";

// Villages come, are renamed, move, close, join a programme and get titles; codes are contested.
std::unique_ptr<Actor> MakeRegistryActor(Caller* caller, Office* office);
// Measures are written, issued to all villages, reported on and judged.
std::unique_ptr<Actor> MakeMeasuresActor(Caller* caller, Office* office);
// Activities are recorded and withdrawn.
std::unique_ptr<Actor> MakeActivitiesActor(Caller* caller, Office* office);
// Measure lists with due rules that change.
std::unique_ptr<Actor> MakeListsActor(Caller* caller, Office* office);
// Programmes of the office, which its towns join and leave.
std::unique_ptr<Actor> MakeProgrammesActor(Caller* caller, Office* office);
// Operations are begun, cancelled, and waited for.
std::unique_ptr<Actor> MakeOperationsActor(Caller* caller, Office* office);
// Visits to the sample's townships, sent by devices that repeat themselves; findings.
std::unique_ptr<Actor> MakeVisitActor(Caller* caller);
// Visits to the office's towns, every step a call of its own; follow-ups.
std::unique_ptr<Actor> MakeSingleVisitsActor(Caller* caller, Office* office);
// What becomes of the findings of those visits.
std::unique_ptr<Actor> MakeFindingsActor(Caller* caller, Office* office);
// Everybody extends the same texts and lists, each under the etag that it read.
std::unique_ptr<Actor> MakeRegisterActor(Caller* caller);
// The same for the realm's tables of levels and kinds, by administrators of the whole realm, who
// look at how it is doing, too.
std::unique_ptr<Actor> MakeRealmActor(Caller* caller);
// Checklists and teams; plans are written, approved, drawn, released and closed.
std::unique_ptr<Actor> MakePlansActor(Caller* caller, Office* office);
// Figures are declared and imported, and towns scored by them under schemes that follow each other.
std::unique_ptr<Actor> MakeScoresActor(Caller* caller, Office* office);
// Campaigns about the towns, one after the other: sheets are stated, reviewed, returned, sealed.
std::unique_ptr<Actor> MakeCampaignsActor(Caller* caller, Office* office);
// Results are published, verified and corrected; towns appeal, and the judge, another one than who
// files, decides.
std::unique_ptr<Actor> MakePublicationsActor(Caller* caller, Caller* judge, Office* office);
// Copies of schemes, and questions about scores that store nothing.
std::unique_ptr<Actor> MakeQuestionsActor(Caller* caller, Office* office);
// Units, titles, measures and activities come by imports, again and again.
std::unique_ptr<Actor> MakeImportsActor(Caller* caller, Office* office);
// Tokens and grants come and go.
std::unique_ptr<Actor> MakeAccessActor(Caller* caller, Office* office);
// Dry runs of what nobody does in earnest.
std::unique_ptr<Actor> MakeDryRunsActor(Caller* caller, Office* office);
// The office's units, read in every way, against what the client knows of them.
std::unique_ptr<Actor> MakeUnitReadsActor(Caller* caller, Office* office);
// The office's measures and inspections, by lists and one by one.
std::unique_ptr<Actor> MakeRecordReadsActor(Caller* caller, Office* office);
// The scores of the office's towns, in every way that there is.
std::unique_ptr<Actor> MakeScoreReadsActor(Caller* caller, Office* office);

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_ACTORS_H_
