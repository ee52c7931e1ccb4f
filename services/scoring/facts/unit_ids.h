// Numbers for unit ids, dense from 0 in the order in which they are first heard of, whichever feed
// tells first. Columns of facts and of boards are kept by these numbers. Numbers are never reused.
//
// Thread-safety: none; whoever owns the facts locks.
#ifndef TERRACE_SERVICES_SCORING_FACTS_UNIT_IDS_H_
#define TERRACE_SERVICES_SCORING_FACTS_UNIT_IDS_H_

#include <deque>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "services/scoring/engine/board.h"

namespace terrace::scoring {

using engine::kNoUnit;
using engine::Unit;

class UnitIds {
 public:
  Unit Number(absl::string_view id) {
    auto it = numbers_.find(id);
    if (it != numbers_.end()) return it->second;
    ids_.emplace_back(id);
    const Unit number = static_cast<Unit>(ids_.size()) - 1;
    numbers_.emplace(ids_.back(), number);
    return number;
  }
  // kNoUnit when it was never heard of.
  Unit Find(absl::string_view id) const {
    auto it = numbers_.find(id);
    return it == numbers_.end() ? kNoUnit : it->second;
  }
  absl::string_view Id(Unit unit) const { return ids_[unit]; }
  Unit size() const { return static_cast<Unit>(ids_.size()); }

 private:
  std::deque<std::string> ids_;  // Stays in place: the map points into it.
  absl::flat_hash_map<absl::string_view, Unit> numbers_;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_FACTS_UNIT_IDS_H_
