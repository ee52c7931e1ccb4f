// What clients do. An actor takes one small step at a time, with the right of somebody who owns
// what it touches: a definite refusal that its model does not foresee is a surprise.
//
// One client runs its actors on one thread; actors of one client share its office.
#ifndef TERRACE_TESTS_ROBUSTNESS_ACTORS_H_
#define TERRACE_TESTS_ROBUSTNESS_ACTORS_H_

#include <memory>
#include <string>
#include <vector>

#include "tests/robustness/caller.h"

namespace terrace::robustness {

class Actor {
 public:
  virtual ~Actor() = default;
  virtual void Act() = 0;
};

// A unit below a client's office, which nobody else changes.
struct OwnUnit {
  std::string name;
  std::string parent;
  std::string display_name;
  std::string etag;
  std::string code;
  bool open = true;
  int honours = 0;  // 0 outside the programme, then enrolled, titled, renewed, revoked.
};

// A client's part of the realm: "units/rb-{client}" with a few towns, villages among them.
struct Office {
  std::string name;
  std::vector<std::string> towns;
  std::vector<OwnUnit> villages;
};

// Names that the world (world.h) gives.
std::string OfficeName(int client);
inline constexpr char kSharedOffice[] = "units/rb-shared";
inline constexpr int kRegisters = 3;  // Of each kind, contested by all clients.

// Villages come, are renamed, move, close, join a programme and get titles; codes are contested.
std::unique_ptr<Actor> MakeRegistryActor(Caller* caller, Office* office);
// Measures are written, issued to all villages, reported on and judged; activities.
std::unique_ptr<Actor> MakeMeasuresActor(Caller* caller, Office* office);
// Visits to the sample's townships, sent by devices that repeat themselves; findings.
std::unique_ptr<Actor> MakeVisitActor(Caller* caller);
// Everybody extends the same texts and lists, each under the etag that it read.
std::unique_ptr<Actor> MakeRegisterActor(Caller* caller);
// Checklists and teams; plans are written, approved, drawn, released and closed.
std::unique_ptr<Actor> MakePlansActor(Caller* caller, Office* office);
// Figures are declared and imported, and towns scored by them under schemes that follow each other.
std::unique_ptr<Actor> MakeScoresActor(Caller* caller, Office* office);
// Units, titles, measures and activities come by imports, again and again.
std::unique_ptr<Actor> MakeImportsActor(Caller* caller, Office* office);
// Tokens and grants come and go.
std::unique_ptr<Actor> MakeAccessActor(Caller* caller, Office* office);

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_ACTORS_H_
