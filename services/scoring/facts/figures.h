// The statistics of units as scoring computes with them: one number per unit, definition and
// period. Made from scoring's own log.
//
// Thread-safety: none; whoever owns the facts locks.
#ifndef TERRACE_SERVICES_SCORING_FACTS_FIGURES_H_
#define TERRACE_SERVICES_SCORING_FACTS_FIGURES_H_

#include <string>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/base/fixed.h"
#include "common/calendar/period.h"
#include "services/scoring/facts/unit_ids.h"

namespace terrace::scoring {

struct Figure {
  FixedSum value;
  absl::Time known = absl::InfinitePast();
  int64_t sample_size = 0;
};

class Figures {
 public:
  void Set(Unit unit, absl::string_view definition, const calendar::Period& period, Figure figure) {
    figures_[Key(unit, definition, period)] = figure;
  }
  void Remove(Unit unit, absl::string_view definition, const calendar::Period& period) {
    figures_.erase(Key(unit, definition, period));
  }
  // Samples smaller than this are neither shown nor scored. Returns whether that is new.
  bool SetMinimum(absl::string_view definition, int64_t minimum_n) {
    return std::exchange(minimum_[std::string(definition)], minimum_n) != minimum_n;
  }

  // nullptr when there is none, or its sample is too small. Look at `known` before use.
  const Figure* Find(Unit unit, absl::string_view definition,
                     const calendar::Period& period) const {
    auto number = numbers_.find(definition);
    if (number == numbers_.end()) return nullptr;
    auto it = figures_.find(KeyType{unit, number->second, PeriodKey(period)});
    if (it == figures_.end()) return nullptr;
    auto minimum = minimum_.find(definition);
    if (minimum != minimum_.end() && it->second.sample_size < minimum->second) return nullptr;
    return &it->second;
  }

 private:
  using KeyType = std::tuple<Unit, uint32_t, uint32_t>;

  static uint32_t PeriodKey(const calendar::Period& period) {
    return static_cast<uint32_t>(period.year()) * 1000 +
           static_cast<uint32_t>(period.kind()) * 100 + static_cast<uint32_t>(period.index());
  }
  KeyType Key(Unit unit, absl::string_view definition, const calendar::Period& period) {
    auto [it, added] =
        numbers_.try_emplace(std::string(definition), static_cast<uint32_t>(numbers_.size()));
    return {unit, it->second, PeriodKey(period)};
  }

  absl::flat_hash_map<std::string, uint32_t> numbers_;  // Of definitions.
  absl::flat_hash_map<std::string, int64_t> minimum_;
  absl::flat_hash_map<KeyType, Figure> figures_;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_FACTS_FIGURES_H_
