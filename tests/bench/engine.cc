// The scoring engine on a tree as large as a nation's.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "services/scoring/engine/board.h"
#include "services/scoring/engine/evaluate.h"
#include "services/scoring/engine/explain.h"
#include "services/scoring/engine/places.h"
#include "services/scoring/engine/reweigh.h"
#include "services/scoring/engine/robustness.h"
#include "services/scoring/engine/roll_up.h"
#include "tests/bench/duckdb.h"
#include "tests/bench/measurements.h"
#include "tests/bench/nation.h"

namespace terrace::bench {
namespace {

using namespace scoring::engine;  // NOLINT(google-build-using-namespace): one engine is measured.

constexpr int kColumns = 100;
constexpr int kThreads = 2;
constexpr int64_t kPerThousandth = kFixedUnitsPerOne / 1000;

double MillisecondsOf(const std::function<void()>& work) {
  const absl::Time start = absl::Now();
  work();
  return absl::ToDoubleMilliseconds(absl::Now() - start);
}

// A contestant that does one thing and tells how many milliseconds it took.
Contestant Timed(std::string what, std::function<void()> work) {
  return {std::move(what), "ms", [work = std::move(work)] {
            LoadResult result;
            result.per_second = MillisecondsOf(work);
            return result;
          }};
}

// Memory of this process that is in use.
double ResidentBytes() {
  malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  int64_t all = 0;
  int64_t resident = 0;
  statm >> all >> resident;
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE));
}

void OnThreads(int count, const std::function<void(int i)>& work) {
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = t; i < count; i += kThreads) work(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Lets DuckDB take its turns after them, at the same work as the last of them.
void CompeteWithPeer(int rounds, std::vector<Contestant> contestants, DuckDb* peer,
                     const std::string& work, Table* table) {
  const std::string what = absl::StrCat("the same by DuckDB, two threads (", work, ")");
  if (peer->failure().empty()) {
    contestants.push_back({what, "ms",
                           [&] {
                             LoadResult result;
                             result.per_second = peer->Ask(work);
                             result.failed = peer->failure().empty() ? 0 : 1;
                             result.first_error = peer->failure();
                             return result;
                           },
                           contestants.size() - 1});
  }
  Compete(rounds, contestants, table);
  if (contestants.back().what != what) table->AddMissing(what, peer->failure());
}

void MeasureRollUp(const Effort& effort, const std::vector<int>& parents, DuckDb* peer,
                   Table* table) {
  const double before = ResidentBytes();
  std::vector<std::vector<int64_t>> columns(kColumns);
  OnThreads(kColumns, [&](int c) {
    columns[c].assign(parents.size(), kNoCell);
    for (size_t row = FirstVillage(); row < parents.size(); ++row) {
      columns[c][row] = NationCell(static_cast<int64_t>(row) - FirstVillage(), c) * kPerThousandth;
    }
  });
  const Forest forest(parents);
  std::vector<SubtreeSums> sums(kColumns);
  const auto roll_up = [&] {
    OnThreads(kColumns, [&](int c) { forest.SumUp(columns[c], &sums[c]); });
  };
  roll_up();
  const double cells = static_cast<double>(kColumns) * static_cast<double>(kNationLevels.back());
  const double bytes_a_cell = (ResidentBytes() - before) / cells;

  double total = 0;
  for (const SubtreeSums& column : sums) {
    total += static_cast<double>(column.sums.back()) / static_cast<double>(kFixedUnitsPerOne);
  }
  peer->Ask("roll-up");
  const double others = peer->Ask("sum");
  if (peer->failure().empty() && std::abs(others / total - 1) > 1e-9) {
    peer->Fail(absl::StrFormat("its sum is %.17g, ours %.17g", others, total));
  }

  std::vector<int64_t> read(kColumns);
  const auto read_all = [&] {
    OnThreads(kColumns, [&](int c) {
      read[c] = std::accumulate(columns[c].begin(), columns[c].end(), int64_t{0},
                                [](int64_t a, int64_t b) { return a ^ b; });
    });
  };
  CompeteWithPeer(effort.rounds,
                  {Timed("reading those columns (memory bound)", read_all),
                   Timed("100 columns of the nation summed up to 5 levels", roll_up)},
                  peer, "roll-up", table);
  table->Add({"bytes a cell of these columns, sums included", bytes_a_cell, "bytes"});
}

void MeasurePlaces(const Effort& effort, DuckDb* peer, Table* table) {
  std::vector<absl::optional<Fixed>> scores;
  std::vector<int64_t> keys;
  for (int64_t village = 0; village < kNationLevels.back(); ++village) {
    keys.push_back(NationCell(village, 0) * kPerThousandth);
    scores.emplace_back(Fixed::FromUnits(keys.back()));
  }
  std::vector<int64_t> sorted;
  const auto sort = [&] {
    sorted = keys;
    std::sort(sorted.begin(), sorted.end());
  };
  std::vector<absl::optional<double>> places;
  const auto rank = [&] { places = PlacesOf(scores, Ties::kCompetition, {}, {}); };
  CompeteWithPeer(
      effort.rounds,
      {Timed("std::sort of 620,573 keys", sort), Timed("places of 620,573 villages", rank)}, peer,
      "order", table);
}

// A scheme of so many leaves in groups of ten, means all the way up.
Scheme IndexOf(int leaves) {
  Scheme scheme;
  scheme.points = Fixed::FromInteger(100);
  const auto add = [&](int parent) {
    Node& node = scheme.nodes.emplace_back();
    node.id = absl::StrCat("n", scheme.nodes.size());
    node.parent = parent;
    node.points = Fixed::FromInteger(100);
    node.weight = Fixed::FromInteger(1);
    node.combination = Combination::kArithmetic;
    return static_cast<int>(scheme.nodes.size()) - 1;
  };
  const int root = add(-1);
  int group = root;
  for (int leaf = 0; leaf < leaves; ++leaf) {
    if (leaf % 10 == 0) group = add(root);
    const int node = add(group);
    scheme.nodes[node].combination = Combination::kSum;
    scheme.nodes[node].leaf = leaf;
    scheme.leaf_nodes.push_back(node);
    RatioRule rule;
    rule.full_at = FixedSum::FromInteger(1001);
    scheme.leaves.emplace_back().rule = rule;
  }
  Rollup over;
  over.method = Method::kOverDescendants;
  scheme.rollups.push_back(over);
  return scheme;
}

LeafInput CellInput(int64_t village, int64_t column) {
  LeafInput input;
  input.form = LeafInput::Form::kFigure;
  input.figure = FixedSum::FromUnits(int128_t{NationCell(village, column)} * kPerThousandth);
  return input;
}

std::vector<LeafInput> InputsOf(int64_t village, int leaves) {
  std::vector<LeafInput> inputs;
  for (int leaf = 0; leaf < leaves; ++leaf) inputs.push_back(CellInput(village, leaf));
  return inputs;
}

void AddMicroseconds(const std::string& what, std::vector<double> microseconds, Table* table) {
  table->Add({what, Median(std::move(microseconds)), "us"});
}

// One village's sheet with another cell, up to the nation's score; and where that sheet's score
// comes from.
void MeasureChange(const std::vector<int>& parents, Table* table) {
  const Scheme scheme = IndexOf(kColumns);
  const double before = ResidentBytes();
  Board board(&scheme, /*tallies=*/0);
  board.BeginBulk();
  for (size_t row = 0; row < parents.size(); ++row) {
    const bool village = static_cast<int>(row) >= FirstVillage();
    board.Place(static_cast<Unit>(row),
                parents[row] >= 0 ? static_cast<Unit>(parents[row]) : kNoUnit, village ? 0 : 1);
    if (!village) continue;
    SheetValue value;
    value.assessment = Assessment::kScored;
    value.score = Fixed::FromUnits(NationCell(static_cast<int64_t>(row) - FirstVillage(), 0) *
                                   kPerThousandth / 11);
    value.covered_points = value.applicable_points = value.available = Fixed::FromInteger(100);
    value.earned = value.score;
    board.SetSheet(static_cast<Unit>(row), value);
  }
  while (!board.EndBulk(1 << 20)) {
  }
  table->Add({"bytes a unit of a board of live scores",
              (ResidentBytes() - before) / static_cast<double>(parents.size()), "bytes"});
  // Half of the cells of a sheet are changed one by one: the leaf, the sheet, and all sums.
  SheetFinisher finisher(&scheme);
  std::vector<double> cells;
  std::vector<double> explained;
  Fixed national;
  for (int64_t i = 0; i < 2000; ++i) {
    const int64_t village = i * 307 % kNationLevels.back();
    const auto unit = static_cast<Unit>(FirstVillage() + village);
    const SheetInput input = InputsOf(village, kColumns);
    SheetResult sheet;
    finisher.Evaluate(input, &sheet);
    const int leaf = static_cast<int>(i % kColumns);
    const LeafInput changed = CellInput(village + 1, leaf);
    const Fixed points = scheme.nodes[scheme.leaf_nodes[leaf]].points;
    absl::Time start = absl::Now();
    sheet.leaves[leaf] = EvaluateLeaf(scheme.leaves[leaf], points, changed);
    finisher.Finish(&sheet);
    board.SetSheet(unit, SheetValueOf(sheet, board.ratio_leaves()));
    national = board.ScoreOf(0).score;
    cells.push_back(absl::ToDoubleMicroseconds(absl::Now() - start));
    start = absl::Now();
    const Part part = ExplainUnit(
        board, unit, ExplainOptions(), [&](Unit) -> const SheetInput& { return input; },
        [](Unit) { return std::vector<Unit>(); });
    explained.push_back(absl::ToDoubleMicroseconds(absl::Now() - start));
    TERRACE_CHECK(!part.parts.empty());
  }
  TERRACE_CHECK(national > Fixed());
  AddMicroseconds("one cell of 100 changed, to the nation's score", std::move(cells), table);
  AddMicroseconds("a score of 100 leaves explained", std::move(explained), table);
}

// One line of 100 counts twice as much: the scores of all villages, their places and the nation's
// mean.
void MeasureSimulation(const std::vector<int>& parents, Table* table) {
  Scheme scheme = IndexOf(kColumns);
  const auto villages = static_cast<size_t>(kNationLevels.back());
  std::vector<std::vector<int64_t>> leaves(kColumns, std::vector<int64_t>(villages));
  OnThreads(kColumns, [&](int c) {
    for (size_t village = 0; village < villages; ++village) {
      leaves[c][village] = NationCell(static_cast<int64_t>(village), c) * kPerThousandth / 11;
    }
  });
  const Reweighing reweighing(std::move(leaves));
  const Forest forest(parents);
  SubtreeSums sums;
  std::vector<int64_t> scores(parents.size(), kNoCell);
  std::vector<absl::optional<Fixed>> values(villages);
  std::vector<double> times;
  for (int round = 0; round < 5; ++round) {
    scheme.nodes[scheme.leaf_nodes[round]].weight = Fixed::FromInteger(2);
    times.push_back(MillisecondsOf([&] {
      const absl::Span<int64_t> own = absl::MakeSpan(scores).subspan(FirstVillage());
      reweighing.Score(scheme, kThreads, own);
      forest.SumUp(scores, &sums);
      for (size_t village = 0; village < villages; ++village) {
        values[village] = Fixed::FromUnits(own[village]);
      }
      TERRACE_CHECK(PlacesOf(values, Ties::kCompetition, {}, {})[0].has_value());
    }));
    TERRACE_CHECK(sums.counts.back() == kNationLevels.back());
  }
  table->Add({"a weight changed: 620,573 x 100 scored and placed anew", Median(times), "ms"});
}

void MeasureRobustness(Table* table) {
  constexpr int kCounties = 2978;
  const Scheme scheme = IndexOf(kColumns);
  scoring::engine::Table counties;
  for (int county = 0; county < kCounties; ++county) {
    counties.units.push_back(absl::StrCat("county-", county));
  }
  for (int leaf = 0; leaf < kColumns; ++leaf) {
    Figures& figures = counties.leaves.emplace_back().figure;
    for (int county = 0; county < kCounties; ++county) {
      figures.exact.push_back(CellInput(county * 7, leaf).figure);
      figures.values.push_back(static_cast<double>(NationCell(county * 7, leaf)) / 1000);
    }
  }
  const Evaluation evaluation = Evaluate(scheme, counties);
  RobustnessOptions options;
  options.threads = kThreads;
  Robustness found;
  std::vector<double> times;
  for (int round = 0; round < 3; ++round) {
    times.push_back(MillisecondsOf(
        [&] { found = AssessRobustness(scheme, FieldOf(counties, evaluation), options); }));
  }
  TERRACE_CHECK(found.units[0].has_value());
  table->Add({"robustness: 2,978 x 100 x 1,000 draws, and each leaf out", Median(times), "ms"});
}

}  // namespace

void MeasureEngine(const Effort& effort, Table* table) {
  const std::vector<int> parents = NationParents();
  {
    DuckDb peer(kColumns, kThreads);
    MeasureRollUp(effort, parents, &peer, table);
    MeasurePlaces(effort, &peer, table);
  }
  MeasureChange(parents, table);
  MeasureSimulation(parents, table);
  MeasureRobustness(table);
}

}  // namespace terrace::bench
