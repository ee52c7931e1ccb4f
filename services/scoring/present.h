// From boards to the resources that callers read.
//
// Thread-safety: pure functions of what they are given; boards and facts under their lock.
#ifndef TERRACE_SERVICES_SCORING_PRESENT_H_
#define TERRACE_SERVICES_SCORING_PRESENT_H_

#include "common/access/identity.h"
#include "common/tree/tree.h"
#include "services/scoring/facts/facts.h"
#include "services/scoring/scheme_board.h"
#include "terrace/scoring/v1/score.pb.h"

namespace terrace::scoring {

struct ScoreDetail {
  bool nodes = false;
  bool accumulators = true;
};

// Fills in everything but vector and log time. `names` gives titles of units.
void FillScore(const SchemeBoard& board, const Facts& facts, const tree::Tree& names, Unit unit,
               const ScoreDetail& detail, v1::Score* score);

// Whether the unit has a score or should have one: what lists show.
bool IsListed(const SchemeBoard& board, Unit unit);

// Whether the caller is in the audience that the scheme allows for the live score of the unit.
bool MaySeeScore(const access::Identity& identity, const tree::Tree& tree,
                 const CompiledScheme& scheme, absl::string_view unit, absl::Time now);

v1::Assessment AssessmentOf(engine::Assessment assessment);
v1::RollupMethod MethodOf(engine::Method method);
// To 12 decimals, and as shown.
types::v1::Decimal ExactDecimal(Fixed value);
types::v1::Decimal ShownDecimal(Fixed value, int decimals);

// The log time that answers of the board speak for.
absl::Time LogTimeOf(const SchemeBoard& board, const Facts& facts);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_PRESENT_H_
