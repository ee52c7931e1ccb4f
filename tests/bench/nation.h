// A tree as large as a nation's, with cells of figures: the counts are those of China's divisions
// (national statistics codes of 2023): 1 nation, 31 provinces, 342 prefectures, 2,978 counties,
// 41,352 townships and 620,573 villages. peer/duckdb.mjs makes the same rows and cells.
#ifndef TERRACE_TESTS_BENCH_NATION_H_
#define TERRACE_TESTS_BENCH_NATION_H_

#include <array>
#include <cstdint>
#include <vector>

namespace terrace::bench {

inline constexpr std::array<int64_t, 6> kNationLevels = {1, 31, 342, 2978, 41352, 620573};

// Row of the unit above each row; rows go level by level from the top, children of one unit side by
// side.
inline std::vector<int> NationParents() {
  std::vector<int> parents;
  int64_t above = 0;  // First row of the level above.
  for (size_t level = 0; level < kNationLevels.size(); ++level) {
    const auto first = static_cast<int64_t>(parents.size());
    for (int64_t i = 0; i < kNationLevels[level]; ++i) {
      parents.push_back(level == 0 ? -1
                                   : static_cast<int>(above + i * kNationLevels[level - 1] /
                                                                  kNationLevels[level]));
    }
    above = first;
  }
  return parents;
}

// Row of the first village.
inline int FirstVillage() {
  int64_t first = 0;
  for (size_t level = 0; level + 1 < kNationLevels.size(); ++level) first += kNationLevels[level];
  return static_cast<int>(first);
}

// In thousandths, 0 to 1,000.002.
inline int64_t NationCell(int64_t village, int64_t column) {
  return (village * 2654435 + column * 40503) % 1000003;
}

}  // namespace terrace::bench

#endif  // TERRACE_TESTS_BENCH_NATION_H_
