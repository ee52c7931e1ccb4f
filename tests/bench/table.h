// The table that a run comes to: one line per measurement, each beside what it is compared with.
#ifndef TERRACE_TESTS_BENCH_TABLE_H_
#define TERRACE_TESTS_BENCH_TABLE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/bench/load.h"

namespace terrace::bench {

struct Row {
  std::string what;
  double value = 0;  // Median over the rounds.
  std::string unit;
  double ratio = 0;     // Median over the rounds of the ratio within a round; 0 for none.
  std::string against;  // What the ratio is to; empty for a yardstick.
  std::string note;     // Why there is no number, or what went wrong.
};

class Table {
 public:
  void Add(Row row) { rows_.push_back(std::move(row)); }
  // A row that tells why there is no number.
  void AddMissing(std::string what, std::string note);
  std::string ToText() const;
  std::string ToJson() const;

 private:
  std::vector<Row> rows_;
};

// One of several things that are measured in turn, round by round, so that whatever else the
// machine does falls on all of them alike.
struct Contestant {
  std::string what;
  std::string unit;
  std::function<LoadResult()> run;
  size_t against = 0;  // Index of the contestant it is compared with; the first is a yardstick.
};

// Runs all in turn, `rounds` times.
void Compete(int rounds, const std::vector<Contestant>& contestants, Table* table);

}  // namespace terrace::bench

#endif  // TERRACE_TESTS_BENCH_TABLE_H_
