#include "services/scoring/engine/contest.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "services/scoring/engine/rounding.h"

namespace terrace::scoring::engine {
namespace {

constexpr int64_t kNotScored = std::numeric_limits<int64_t>::min();

}  // namespace

Contest::Contest(Fixed points, std::vector<Fixed> weights, size_t units_max)
    : points_(points), weights_(std::move(weights)), units_max_(units_max) {}

bool Contest::Set(size_t unit, absl::Span<const absl::optional<Fixed>> values) {
  const size_t children = weights_.size();
  if (scores_.size() <= unit) {
    scores_.resize(unit + 1);
    values_.resize((unit + 1) * children, kNotScored);
  }
  std::vector<int64_t> row(children, kNotScored);
  for (size_t child = 0; child < children; ++child) {
    if (values[child] && weights_[child] > Fixed()) row[child] = values[child]->units();
  }
  int64_t* const mine = values_.data() + unit * children;
  if (std::equal(row.begin(), row.end(), mine)) return false;
  const bool counted = !Overcrowded();
  if (counted) Count(unit, -1, scores_.size());
  there_ -= IsThere(unit) ? 1 : 0;
  std::copy(row.begin(), row.end(), mine);
  there_ += IsThere(unit) ? 1 : 0;
  if (Overcrowded()) return true;
  if (counted) {
    Count(unit, 1, scores_.size());
    return true;
  }
  std::fill(scores_.begin(), scores_.end(), Score());
  for (size_t i = 0; i < scores_.size(); ++i) Count(i, 1, i);
  return true;
}

absl::optional<Contest::Standing> Contest::StandingOf(size_t unit) const {
  if (unit >= scores_.size() || !IsThere(unit) || Overcrowded()) return absl::nullopt;
  return Standing{scores_[unit].ahead, scores_[unit].behind, static_cast<int32_t>(there_) - 1};
}

absl::optional<Fixed> Contest::EarnedBy(size_t unit) const {
  const absl::optional<Standing> standing = StandingOf(unit);
  if (!standing) return absl::nullopt;
  if (standing->others == 0) return Clamped(DivideRounded(points_.units(), 2));
  const int128_t lead = int128_t{standing->ahead} - standing->behind + standing->others;
  return Clamped(DivideRounded(points_.units() * lead, int128_t{2} * standing->others));
}

bool Contest::IsThere(size_t unit) const {
  const int64_t* const row = values_.data() + unit * weights_.size();
  return std::any_of(row, row + weights_.size(), [](int64_t value) { return value != kNotScored; });
}

// Above 0 when a is ahead of b, below 0 when it is behind.
int Contest::Compare(const int64_t* a, const int64_t* b) const {
  int128_t lead = 0;  // Weight on which a is ahead less that on which b is.
  for (size_t child = 0; child < weights_.size(); ++child) {
    if (a[child] == kNotScored || b[child] == kNotScored || a[child] == b[child]) continue;
    lead += a[child] > b[child] ? weights_[child].units() : -weights_[child].units();
  }
  return lead > 0 ? 1 : lead < 0 ? -1 : 0;
}

void Contest::Count(size_t unit, int32_t by, size_t others) {
  if (!IsThere(unit)) return;
  Score& mine = scores_[unit];
  const int64_t* const row = values_.data() + unit * weights_.size();
  const int64_t* other = values_.data();
  for (size_t i = 0; i < others; ++i, other += weights_.size()) {
    // Who is not there shares no child with anyone, so it is even with all; so is a unit with
    // itself.
    const int found = Compare(row, other);
    if (found == 0) continue;
    (found > 0 ? mine.ahead : mine.behind) += by;
    (found > 0 ? scores_[i].behind : scores_[i].ahead) += by;
  }
}

}  // namespace terrace::scoring::engine
