// A service's log as it stands in its store, for the validators.
#ifndef TERRACE_TESTS_ROBUSTNESS_LOG_H_
#define TERRACE_TESTS_ROBUSTNESS_LOG_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/store/store.h"

namespace terrace::robustness {

struct LogBatch {
  int64_t revision = 0;
  absl::Time commit_time;
  std::string batch_id;
  std::string method;
  std::string request_id;
  std::vector<std::pair<std::string, absl::optional<std::string>>> changes;
  bool leaf_recomputes = true;
};

struct LiveRow {
  std::string value;
  int64_t revision = 0;
  friend bool operator==(const LiveRow&, const LiveRow&) = default;
};

struct Log {
  std::string service;
  std::vector<std::string> log_ids;  // Each that it had at a look; one, if all is well.
  std::vector<LogBatch> batches;
  std::map<std::string, LiveRow> live;  // What the store says is there.
};

// Adds to `log` what is new; `live` is read anew.
absl::Status ReadOn(store::Store* store, Log* log);

// Names of the resources that a watch of the whole realm shows of these changes, sorted.
std::vector<std::string> ShownBy(
    absl::string_view service,
    const std::vector<std::pair<std::string, absl::optional<std::string>>>& changes);

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_LOG_H_
