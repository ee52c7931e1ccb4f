#include "services/scoring/engine/places.h"

#include <algorithm>

namespace terrace::scoring::engine {
namespace {

bool DecidedBefore(const TieBreakers& breakers, size_t a, size_t b) {
  for (const absl::Span<const absl::optional<Fixed>>& column : breakers.columns) {
    if (column[a] != column[b]) return column[a] > column[b];  // None is less than any.
  }
  if (!breakers.ids.empty() && breakers.ids[a] != breakers.ids[b]) {
    return breakers.ids[a] < breakers.ids[b];
  }
  return a < b;
}

// The place of all that stand from `first` to before `end` in a group and share a value;
// `different` values stand before them.
double PlaceOf(Ties ties, size_t first, size_t end, size_t different) {
  switch (ties) {
    case Ties::kModified:
      return static_cast<double>(end);
    case Ties::kDense:
      return static_cast<double>(different + 1);
    case Ties::kFractional:
      return static_cast<double>(first + 1 + end) / 2;
    case Ties::kCompetition:
    case Ties::kOrdinal:
      break;
  }
  return static_cast<double>(first + 1);
}

}  // namespace

std::vector<absl::optional<double>> PlacesOf(absl::Span<const absl::optional<Fixed>> values,
                                             Ties ties, absl::Span<const int> groups,
                                             const TieBreakers& breakers) {
  // What is compared, side by side: a million scattered values would be fetched again and again.
  struct Entry {
    int64_t value;  // In 1e-12.
    int32_t group;
    uint32_t row;
  };
  std::vector<Entry> order;
  order.reserve(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const int group = groups.empty() ? 0 : groups[i];
    if (values[i] && group >= 0) {
      order.push_back({values[i]->units(), group, static_cast<uint32_t>(i)});
    }
  }
  std::sort(order.begin(), order.end(), [&](const Entry& a, const Entry& b) {
    if (a.group != b.group) return a.group < b.group;
    if (a.value != b.value) return a.value > b.value;
    return ties == Ties::kOrdinal ? DecidedBefore(breakers, a.row, b.row) : a.row < b.row;
  });

  std::vector<absl::optional<double>> places(values.size());
  size_t begin = 0;  // Of the group.
  size_t different = 0;
  for (size_t i = 0; i < order.size();) {
    if (i > 0 && order[i].group != order[i - 1].group) {
      begin = i;
      different = 0;
    }
    size_t end = i + 1;
    while (ties != Ties::kOrdinal && end < order.size() && order[end].group == order[i].group &&
           order[end].value == order[i].value) {
      ++end;
    }
    const double place = PlaceOf(ties, i - begin, end - begin, different);
    for (; i < end; ++i) places[order[i].row] = place;
    ++different;
  }
  return places;
}

}  // namespace terrace::scoring::engine
