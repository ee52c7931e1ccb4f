// What makes a unit eligible for a title: the programme's rule of the level, applied to what
// scoring knows of the unit.
//
// Thread-safety: pure functions of plain values.
#ifndef TERRACE_SERVICES_SCORING_ELIGIBILITY_LEVEL_RULE_H_
#define TERRACE_SERVICES_SCORING_ELIGIBILITY_LEVEL_RULE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/types/optional.h"
#include "common/base/decimal.h"
#include "terrace/registry/v1/programme.pb.h"
#include "terrace/scoring/v1/eligibility.pb.h"

namespace terrace::scoring {

// How long a sealed answer may be used where the rule does not say.
inline constexpr int kValidDaysDefault = 90;

// A score that counts, whether or not the unit has one.
struct ScoreFound {
  std::string period;
  std::string scheme;       // The version.
  std::string publication;  // Empty for a live score.
  v1::Assessment assessment = v1::ASSESSMENT_UNSPECIFIED;
  absl::optional<Decimal> value;  // As shown.
  bool disqualified = false;
  std::vector<std::string> vetoes;  // Ids of nodes.
};

// What is known of a unit that a title is asked for.
struct Candidate {
  absl::CivilDay day;  // In the programme's zone.
  bool enrolled = false;
  std::string title;         // That was asked for; empty for any.
  bool title_given = false;  // On the day.
  std::string
      required_title;  // Held on the day, of the level that must come first; empty for none.
  // Where the rule names a scheme: the periods that it takes, empty while no version is in force;
  // the one that was asked for, if any, and whether it is one of them.
  std::string oldest_period;
  std::string newest_period;
  std::string asked_period;
  bool asked_is_taken = false;
  absl::optional<ScoreFound> score;         // Unset where no such period has one to offer.
  std::vector<registry::v1::Quota> quotas;  // That may apply.
};

// Fills in the checks, whether all of them hold, and the score.
void ApplyRule(const registry::v1::LevelRule& rule, const Candidate& candidate,
               v1::Eligibility* answer);

// The programme's rule of a level, "levels/{level}"; null without one.
const registry::v1::LevelRule* RuleOf(const registry::v1::Programme& programme,
                                      absl::string_view level);
// Whether the programme gives the title on that day.
bool GivesTitle(const registry::v1::Programme& programme, absl::string_view title,
                absl::CivilDay day);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_ELIGIBILITY_LEVEL_RULE_H_
