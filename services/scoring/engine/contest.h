// Units that compete at a node by kCopeland.
//
// Two units are compared by the children that both have: whoever is ahead on more of their weight
// beats the other. What a unit earns is (beaten - beaten by) / others, stretched from -1..1 to
// 0..points; a unit alone gets half of the points. Who has no child of any weight is not there.
//
// A changed unit is compared with each of the others, once: O(units * children). The order of
// changes never matters. Where more are there than may be, none earns anything until fewer are, and
// then all are compared anew.
//
// Thread-safety: none; everything const may be called by any number of threads.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_CONTEST_H_
#define TERRACE_SERVICES_SCORING_ENGINE_CONTEST_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "common/base/fixed.h"

namespace terrace::scoring::engine {

class Contest {
 public:
  // How a unit stands against the others that are there.
  struct Standing {
    int32_t ahead = 0;
    int32_t behind = 0;
    int32_t others = 0;
    friend bool operator==(const Standing&, const Standing&) = default;
  };

  // `weights` of the children of a node that is worth so many points.
  Contest(Fixed points, std::vector<Fixed> weights,
          size_t units_max = std::numeric_limits<size_t>::max());

  // What a unit has at each child, on the scale of the node; nullopt where it is not scored. Units
  // are numbered from 0; who is not set is not there. Returns whether this is new.
  bool Set(size_t unit, absl::Span<const absl::optional<Fixed>> values);

  // nullopt for who is not there.
  absl::optional<Standing> StandingOf(size_t unit) const;
  absl::optional<Fixed> EarnedBy(size_t unit) const;

 private:
  struct Score {
    int32_t ahead = 0;
    int32_t behind = 0;
  };

  bool IsThere(size_t unit) const;
  int Compare(const int64_t* a, const int64_t* b) const;
  bool Overcrowded() const { return there_ > units_max_; }
  // Counts the unit's duels with the first so many units, or takes them out again.
  void Count(size_t unit, int32_t by, size_t others);

  const Fixed points_;
  const std::vector<Fixed> weights_;
  const size_t units_max_;
  std::vector<int64_t> values_;  // By unit and child, in 1e-12.
  std::vector<Score> scores_;    // By unit.
  size_t there_ = 0;
};

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_CONTEST_H_
