// How far a programme reaches, from one entry per participant.
//
// Each participant counts once, at the highest level held. Rates are exact fractions; only what is
// shown is rounded, half up.
//
// Thread-safety. Plain values; one CoverageTally belongs to one thread.
#ifndef TERRACE_SERVICES_REGISTRY_COVERAGE_H_
#define TERRACE_SERVICES_REGISTRY_COVERAGE_H_

#include <cstdint>
#include <string>

#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"
#include "services/registry/vocabulary.h"
#include "terrace/registry/v1/coverage.pb.h"

namespace terrace::registry {

// The rate of two counts, 0 <= numerator <= denominator.
v1::Rate RateOf(int64_t numerator, int64_t denominator);

class CoverageTally {
 public:
  // `vocabulary` outlives the tally; it says which level is higher.
  explicit CoverageTally(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}

  // One participant: the id of its kind, and the ids of the levels at which it holds a title.
  template <class Levels>
  void Add(absl::string_view kind, bool demonstration_site, const Levels& held_levels) {
    absl::string_view highest;
    for (const auto& level : held_levels) {
      if (highest.empty() || vocabulary_.Ordinal(level) < vocabulary_.Ordinal(highest)) {
        highest = level;
      }
    }
    Count(kind, demonstration_site, highest);
  }

  // Fills in the counts and rates.
  void Fill(v1::Coverage* coverage) const;

 private:
  // Titled participants by level id.
  using ByLevel = absl::btree_map<std::string, int64_t>;
  struct Counts {
    int64_t participants = 0;
    int64_t titled = 0;
    ByLevel by_level;
  };

  void Count(absl::string_view kind, bool demonstration_site, absl::string_view level);
  template <class Out>
  void FillLevels(const ByLevel& by_level, Out* out) const;

  const Vocabulary& vocabulary_;
  int64_t demonstration_sites_ = 0;
  Counts all_;
  absl::btree_map<std::string, Counts> by_kind_;
};

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_COVERAGE_H_
