// From boards to the resources that callers read.
//
// In two halves: CopyScore takes what a score says off the board, under the lock of the facts, and
// is quick; FillScore makes a resource of it without.
//
// Thread-safety: pure functions of what they are given; boards and facts under their lock.
#ifndef TERRACE_SERVICES_SCORING_SCORES_PRESENT_H_
#define TERRACE_SERVICES_SCORING_SCORES_PRESENT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "common/access/identity.h"
#include "common/tree/tree.h"
#include "services/scoring/boards/scheme_board.h"
#include "services/scoring/engine/subtree_outlook.h"
#include "services/scoring/facts/facts.h"
#include "terrace/scoring/v1/score.pb.h"

namespace terrace::scoring {

struct ScoreDetail {
  bool nodes = false;
  bool accumulators = true;
  bool outlook = false;
};

struct ScoreRow {
  absl::string_view unit;  // Id; good as long as the facts.
  std::string level;       // Codes.
  std::string kind;
  engine::UnitScore score;
  absl::optional<engine::SheetValue> sheet;
  absl::optional<engine::Accumulator> rollup;  // What counts for it; unset for own sheets.
  // With accumulators.
  std::vector<engine::Accumulator> sheets;  // Per basis.
  absl::optional<engine::Accumulator> children;
  int children_weight = -1;
  // With nodes or an outlook, and where a veto strikes: what the sheet is made of.
  absl::optional<engine::SheetInput> input;
  bool nodes = false;
  bool outlook = false;
};

// `input` is that of the unit's sheet where it has been gathered already, else empty.
ScoreRow CopyScore(const SchemeBoard& board, const Facts& facts, Unit unit,
                   const ScoreDetail& detail, engine::SheetInput input = {});
// Fills in everything but vector and log time. `names` gives titles of units.
void FillScore(const CompiledScheme& scheme, const calendar::Period& period,
               const tree::Tree& names, const ScoreRow& row, v1::Score* score);

// What a rolled-up score can still come to.
void FillOutlook(const engine::Scheme& scheme, const engine::RolledOutlook& outlook,
                 v1::Outlook* out);

// Empty without one, and where grades are a matter of all peers (engine/standing.h): a score alone
// has none then.
std::string GradeOf(const engine::Scheme& scheme, const engine::UnitScore& score);

// Whether the unit has a score or should have one: what lists show.
bool IsListed(const SchemeBoard& board, Unit unit);

// Who of the units' live scores the caller may see: whether it is in the audience that the scheme
// allows. All arguments outlive it.
class Audience {
 public:
  Audience(const access::Identity& identity, const tree::Tree& tree, const CompiledScheme& scheme,
           absl::Time now);
  bool MaySee(absl::string_view unit) const;

 private:
  const access::Identity& identity_;
  const tree::Tree& tree_;
  const CompiledScheme& scheme_;
  const absl::Time now_;
  const bool sees_all_;
};

// `refused` as LeafResult::refused, of leaves.
v1::Assessment AssessmentOf(engine::Assessment assessment, bool refused = false);
v1::RollupMethod MethodOf(engine::Method method);
// To 12 decimals, and as shown.
types::v1::Decimal ExactDecimal(Fixed value);
types::v1::Decimal ShownDecimal(Fixed value, int decimals);

// The log time that answers of the board speak for.
absl::Time LogTimeOf(const SchemeBoard& board, const Facts& facts);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCORES_PRESENT_H_
