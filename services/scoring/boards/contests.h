// The nodes of a scheme at which the units of a board compete (kCopeland), deepest first: what each
// unit has below them comes from its sheet, and what it earns there goes back into it.
//
// A changed sheet is compared with each of the others, once. That is quick for the units of a
// county or a kind, not for a nation's villages: where more than kRivalsMax compete, nobody is
// scored at the node.
//
// Thread-safety: none; whoever owns the facts locks. Everything const may run under a shared lock.
#ifndef TERRACE_SERVICES_SCORING_BOARDS_CONTESTS_H_
#define TERRACE_SERVICES_SCORING_BOARDS_CONTESTS_H_

#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/optional.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/contest.h"
#include "services/scoring/engine/sheet.h"
#include "services/scoring/facts/unit_ids.h"

namespace terrace::scoring {

inline constexpr size_t kRivalsMax = 5'000;

class Contests {
 public:
  // `scheme` outlives it.
  explicit Contests(const engine::Scheme* scheme);

  bool any() const { return !nodes_.empty(); }

  // What the unit's sheet comes to; null without one, or when it is no peer of others.
  void Take(Unit unit, const engine::SheetResult* sheet);

  // Settles one node at which something has changed, the deepest; false when there is none. Names
  // the units that earn something else there.
  bool Settle(std::vector<Unit>* changed);

  // As it was settled; see SheetInput::given.
  std::vector<absl::optional<Fixed>> GivenTo(Unit unit) const;
  // nullopt for who does not take part at the node.
  absl::optional<engine::Contest::Standing> StandingOf(int node, Unit unit) const;

 private:
  struct AtNode {
    int node = 0;
    std::vector<int> members;
    engine::Contest contest;
    bool changed = false;
    std::vector<absl::optional<Fixed>> earned;  // By slot, as it was settled.
  };

  const engine::Scheme* const scheme_;
  std::vector<AtNode> nodes_;  // The deepest first.
  // Sheets have numbers without gaps, for the time that they are there.
  absl::flat_hash_map<Unit, size_t> slots_;
  std::vector<Unit> units_;  // By slot; kNoUnit for a free one.
  std::vector<size_t> free_;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_BOARDS_CONTESTS_H_
