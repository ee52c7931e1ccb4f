// DuckDB in a process of its own, which does its turns of a measurement when it is asked to.
#ifndef TERRACE_TESTS_BENCH_DUCKDB_H_
#define TERRACE_TESTS_BENCH_DUCKDB_H_

#include <sys/types.h>

#include <string>
#include <utility>

namespace terrace::bench {

class DuckDb {
 public:
  // Makes the rows of nation.h with so many columns, before it returns.
  DuckDb(int columns, int threads);
  ~DuckDb();
  DuckDb(const DuckDb&) = delete;
  DuckDb& operator=(const DuckDb&) = delete;

  // The number that peer/duckdb.mjs answers to a line: "roll-up" and "order" take so many
  // milliseconds, "sum" is what the last roll-up came to. 0 after a failure.
  double Ask(const std::string& line);

  // Why there are no numbers; empty while there are.
  const std::string& failure() const { return failure_; }
  void Fail(std::string why) { failure_ = std::move(why); }

 private:
  std::string ReadLine();

  pid_t pid_ = 0;
  int socket_ = -1;
  std::string failure_;
};

}  // namespace terrace::bench

#endif  // TERRACE_TESTS_BENCH_DUCKDB_H_
