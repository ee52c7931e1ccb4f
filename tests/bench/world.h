// The servers that are measured, with the demo's sample in them: everything in one process's
// server, or each service on a server of its own behind the gateway. Stores are SQLite on disk.
//
// Thread-safety. Belongs to one thread; what it hands out may be used from any.
#ifndef TERRACE_TESTS_BENCH_WORLD_H_
#define TERRACE_TESTS_BENCH_WORLD_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/terrace/client.h"
#include "services/terrace/suite.h"
#include "tests/bench/client.h"

namespace terrace::bench {

class World {
 public:
  // Starts in `dir` and loads the sample.
  static absl::StatusOr<std::unique_ptr<World>> InOneProcess(const std::string& dir);
  static absl::StatusOr<std::unique_ptr<World>> Apart(const std::string& dir);

  // Only in one process: stops, so that the stores can be read, and starts again.
  void Stop();
  absl::Status StartAgain();

  const std::string& dir() const { return dir_; }
  // Whether the scoreboard answers here; the sample's schemes are in it then.
  bool scored() const { return scored_; }
  // New clients; those of before a Stop are of no use after it.
  std::shared_ptr<BytesClient> NewBytesClient() const;
  std::unique_ptr<cli::Client> NewClient() const;

 private:
  explicit World(std::string dir) : dir_(std::move(dir)) {}
  absl::Status Launch(const std::string& service, std::vector<std::string> peers);
  std::string AddressOf(const std::string& service) const;
  absl::Status LoadSample();

  const std::string dir_;
  bool scored_ = false;
  // The gateway is the last one, and goes first.
  std::vector<std::pair<std::string, std::unique_ptr<Suite>>> suites_;
};

}  // namespace terrace::bench

#endif  // TERRACE_TESTS_BENCH_WORLD_H_
