// A published scheme made ready for scoring: the engine's rules, and beside them where the figures
// of each leaf come from, who is assessed, and who may see the result.
//
// Thread-safety: immutable once made; shared by all boards of the scheme.
#ifndef TERRACE_SERVICES_SCORING_SCHEMES_COMPILE_H_
#define TERRACE_SERVICES_SCORING_SCHEMES_COMPILE_H_

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/calendar/period.h"
#include "common/tree/tree.h"
#include "services/scoring/engine/leaf_columns.h"
#include "services/scoring/engine/scheme.h"
#include "services/scoring/names.h"
#include "terrace/scoring/v1/scheme.pb.h"

namespace terrace::scoring {

using Codes = absl::flat_hash_set<std::string>;

struct FromObservations {
  std::string checklist;   // Full name, with or without a version.
  Codes items;             // Empty: all.
  std::vector<int> kinds;  // Numbers of InspectionKind; empty: all.
  // Whether a visit goes through the checklist; `visited` is the full name of a version.
  bool Matches(absl::string_view visited) const;
};
struct FromMeasures {
  std::string list;
  bool count_claimed = false;
};
struct FromTimeliness {
  std::string list;
};
struct FromCoverage {
  std::string programme;
  int tally = 0;  // Index into CompiledScheme::programmes.
};
struct FromRectification {
  std::vector<int> severities;  // Numbers of Severity; empty: all.
};
struct FromStatistic {
  std::string definition;
  absl::optional<calendar::Period> period;  // Unset: the period of the score.
  // GrowthAboveParentRule only.
  bool grows = false;
  absl::optional<calendar::Period> base_period;
  int base_periods_back = 1;
  std::string against_level;  // Code; empty: the unit directly above.
  // Preparation: the base of a change is one period, or change_back periods back.
  absl::optional<calendar::Period> change_base;
  int change_back = 1;
  std::string denominator;     // Definition; empty: none.
  std::string loss;            // Definition; empty: none.
  std::string reference_unit;  // Id; NormaliseRule.
};
struct FromReview {
  std::string family;  // Of the scheme.
  std::string node;    // Id.
};
struct FromPublished {
  std::string scheme;  // A family.
  int periods_back = 0;
};
using Source = std::variant<FromObservations, FromMeasures, FromTimeliness, FromCoverage,
                            FromRectification, FromStatistic, FromReview, FromPublished>;

// Peers as they were, by what they share.
using FrozenPeers = absl::flat_hash_map<std::string, engine::PeersFound>;

struct CompiledLeaf {
  Source source;
  // Every set must hold the kind of the unit; one set for each node on the way that names kinds.
  std::vector<Codes> kinds;
  // Who holds a title of this programme, or this one, is exempt; empty: nobody, any title.
  std::string exempting_programme;
  std::string exempting_title;
  // Peers as they were when the scheme was frozen: by the value of the grouping or the name of the
  // parent that they share, "" for all units. Empty: not frozen.
  FrozenPeers frozen;
  // Whether other units' figures change what a unit has here.
  bool looks_at_others = false;
};

struct CompiledScheme {
  v1::Scheme proto;  // For titles.
  SchemeRef ref;     // With the version.
  calendar::PeriodKind periodicity = calendar::PeriodKind::kYear;
  calendar::Period first_period;
  absl::TimeZone zone;

  tree::Line line = tree::Line::kTerritory;
  Codes population_levels;  // Codes; empty: all.
  Codes population_kinds;
  std::string population_programme;  // Empty: no enrolment asked for.

  engine::Scheme engine;
  std::vector<CompiledLeaf> leaves;              // As engine.leaves.
  absl::flat_hash_map<std::string, int> levels;  // Level code -> index into engine.rollups.
  std::vector<std::string> weights;              // Statistic definition of each weight column.
  std::vector<std::string> programmes;           // Programme of each tally.
  Codes exempting_programmes;                    // Of all leaves.
  bool looks_at_others = false;                  // Some leaf does.

  v1::CountsFrom counts_from = v1::COUNTS_FROM_SUBMITTED;
  v1::Audience audience = v1::AUDIENCE_UNIT;

  int RollupOf(absl::string_view level) const {
    auto it = levels.find(level);
    return it == levels.end() ? 0 : it->second;
  }
};

// `scheme` must have no errors (scheme_check.h) and carry its name.
std::shared_ptr<const CompiledScheme> Compile(const v1::Scheme& scheme);

// The preparation of a leaf in a period of assessment: over how many periods figures change where
// the base is a period of its own. No figure has changed since a base that does not lie before it.
engine::Preparation PreparationIn(const FromStatistic& source, engine::Preparation preparation,
                                  const calendar::Period& period);

// The period's first instant and the first one after it, in the scheme's zone.
absl::Time StartOf(const calendar::Period& period, absl::TimeZone zone);
absl::Time EndOf(const calendar::Period& period, absl::TimeZone zone);

// The kind of period that a periodicity means; it must be given.
calendar::PeriodKind KindOf(v1::Periodicity periodicity);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCHEMES_COMPILE_H_
