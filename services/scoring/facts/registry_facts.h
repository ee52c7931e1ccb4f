// What scoring knows of the registry: where each unit stands at any instant, what it is, in which
// programmes it takes part and which titles it holds. Made from WatchUnits alone.
//
// Days are counted from 1970-01-01: those of places in the realm's zone, those of a programme in
// the programme's.
//
// Thread-safety: none; whoever owns the facts locks.
#ifndef TERRACE_SERVICES_SCORING_FACTS_REGISTRY_FACTS_H_
#define TERRACE_SERVICES_SCORING_FACTS_REGISTRY_FACTS_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/tree/tree.h"
#include "services/scoring/facts/unit_ids.h"
#include "terrace/registry/v1/programme.pb.h"
#include "terrace/registry/v1/watch.pb.h"

namespace terrace::scoring {

using DayNumber = int32_t;
inline constexpr DayNumber kFirstDay = std::numeric_limits<DayNumber>::min();
inline constexpr DayNumber kLastDay = std::numeric_limits<DayNumber>::max();

// A time [from, until) in days.
struct DaySpan {
  DayNumber from = kFirstDay;
  DayNumber until = kLastDay;
  bool Contains(DayNumber day) const { return from <= day && day < until; }
};

class RegistryFacts {
 public:
  // What a message changed.
  struct Touched {
    std::vector<Unit> units;                               // Place, level, kind or existence.
    std::vector<std::pair<std::string, Unit>> programmes;  // Enrolments and titles of units.
    bool zones = false;  // A programme, and so perhaps what day it is there.
  };

  explicit RegistryFacts(UnitIds* ids) : ids_(ids) {}

  void Apply(const registry::v1::WatchUnitsResponse& message, Touched* touched);
  void Reset();

  // Whether the unit exists at that instant: it has a place and is not closed.
  bool Exists(Unit unit, absl::Time at) const;
  // The unit above it then; kNoUnit at the top of the line.
  Unit Parent(Unit unit, tree::Line line, absl::Time at) const;
  // Codes, such as "township"; empty for units that the registry has not told of.
  absl::string_view Level(Unit unit) const;
  absl::string_view Kind(Unit unit) const;

  bool Enrolled(absl::string_view programme, Unit unit, absl::Time at) const;
  // Whether it holds a title of the programme at that instant.
  bool Titled(absl::string_view programme, Unit unit, absl::Time at) const;
  // Names of the titles held then, in byte order; with `title`, of that one alone.
  std::vector<std::string> Titles(absl::string_view programme, Unit unit, absl::Time at,
                                  absl::string_view title = "") const;
  // Name of a title of that level (code) held then, the first in byte order; empty for none.
  std::string TitleOfLevel(absl::string_view programme, Unit unit, absl::string_view level,
                           absl::Time at) const;
  // Whether the unit takes part in the programme or took part.
  bool TookPart(absl::string_view programme, Unit unit) const;
  // What the registry has told of a programme, as a whole; null for nothing.
  std::shared_ptr<const registry::v1::Programme> Programme(absl::string_view programme) const;
  // What day it is in the programme's zone.
  absl::CivilDay DayIn(absl::string_view programme, absl::Time at) const;
  // Units that were ever enrolled in the programme.
  std::vector<Unit> Members(absl::string_view programme) const;

  // The first instant after `at` at which the unit's place or existence changes by time alone.
  absl::Time NextPlaceChange(Unit unit, absl::Time at) const;
  // The same for its enrolment and titles in a programme.
  absl::Time NextProgrammeChange(absl::string_view programme, Unit unit, absl::Time at) const;

 private:
  static constexpr Unit kNone = kNoUnit;
  struct Place {
    DayNumber from = kFirstDay;
    Unit parents[tree::kLines] = {kNone, kNone};
  };
  struct Row {
    bool known = false;   // The unit itself was told.
    bool placed = false;  // `place` is one.
    uint16_t level = 0;
    uint16_t kind = 0;
    DayNumber closed = kLastDay;
    Place place;  // The earliest; units with more have them in more_places_.
  };
  struct Title {
    std::string name;
    std::string title;  // Id within the programme.
    uint16_t level = 0;
    std::vector<DaySpan> spans;
  };
  struct Membership {
    std::vector<DaySpan> spans;
    std::vector<Title> titles;
  };
  struct ProgrammeFacts {
    std::shared_ptr<const registry::v1::Programme> told;
    absl::TimeZone zone;
    absl::flat_hash_map<Unit, Membership> members;
  };

  void ApplyUnit(const registry::v1::Unit& unit, Touched* touched);
  void ApplyPlacement(const registry::v1::Placement& placement, Touched* touched);
  void ApplyEnrollment(const registry::v1::Enrollment& enrollment, Touched* touched);
  void ApplyDesignation(const registry::v1::Designation& designation, Touched* touched);
  void ApplyDeleted(const std::string& name, Touched* touched);

  Row& RowOf(Unit unit);
  const Place* PlaceAt(Unit unit, absl::Time at) const;
  uint16_t Code(absl::string_view name);
  ProgrammeFacts& ProgrammeOf(absl::string_view name);
  const ProgrammeFacts* Find(absl::string_view programme) const;
  const Membership* MembershipOf(absl::string_view programme, Unit unit) const;
  static bool Covers(const std::vector<DaySpan>& spans, DayNumber day);

  UnitIds* const ids_;
  std::vector<Row> rows_;
  absl::flat_hash_map<Unit, std::vector<Place>> more_places_;  // Oldest first, all of them.
  std::vector<std::string> codes_ = {""};
  absl::flat_hash_map<std::string, uint16_t> code_numbers_;
  absl::flat_hash_map<std::string, ProgrammeFacts> programmes_;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_FACTS_REGISTRY_FACTS_H_
