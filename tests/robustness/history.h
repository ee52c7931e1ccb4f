// What the clients did and heard, for the validators. Thread-safe.
#ifndef TERRACE_TESTS_ROBUSTNESS_HISTORY_H_
#define TERRACE_TESTS_ROBUSTNESS_HISTORY_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace terrace::robustness {

enum class Outcome { kUnknown, kAcknowledged, kRefused };

// An edit of a register: a text or a list that several clients extend under its etag.
struct RegisterEdit {
  std::string name;      // Of the resource: the key of its row.
  std::string base;      // The etag that was read.
  std::string made;      // The etag after it.
  std::string token;     // What was appended.
  bool cleared = false;  // Whether everything before it was taken out.
};

// One change that a client asked for, with all its repetitions.
struct Call {
  int client = 0;
  std::string method;  // "/terrace.registry.v1.UnitRegistry/CreateUnit"
  std::string request_id;
  std::string what;  // For people: which resource.
  Outcome outcome = Outcome::kUnknown;
  std::string reason;  // Of a refusal.
  int attempts = 0;
  absl::Time start;
  absl::Time end;
  std::string service;  // Whose log has it.
  std::string log_id;
  int64_t revision = 0;           // The position that the reply told.
  std::vector<std::string> keys;  // Rows that it must have written, at that position or before.
  bool in_header = true;          // Whether its batch names the request id.
  // Whether it asked only if the change would work: `keys` are then rows that nothing ever writes.
  bool dry_run = false;
  absl::optional<RegisterEdit> edit;
};

// A read that must include an earlier write of the same client.
struct ReadBack {
  int client = 0;
  std::string what;
  std::string expected;
  std::string found;
  std::string how;  // "min_revision" or "terrace-seen"
  absl::Time time;
};

// An answer that no lawful history gives.
struct Surprise {
  int client = 0;
  std::string what;
  std::string answer;
  absl::Time time;
};

std::string ToText(const Call& call);
// "registry" of "/terrace.registry.v1.UnitRegistry/CreateUnit".
std::string ServiceOf(absl::string_view method);

class History {
 public:
  void Add(Call call);
  void Add(ReadBack read);
  void Add(Surprise surprise);
  // A client got an answer of the method that is OK, and none of a dry run.
  void AddAnswer(const std::string& method);

  std::vector<Call> calls() const;
  std::vector<ReadBack> reads() const;
  std::vector<Surprise> surprises() const;
  // How often each method has answered.
  std::map<std::string, int64_t> answers() const;
  // The longest time between two acknowledged changes since the last call of this.
  absl::Duration TakeLongestSilence();

 private:
  mutable absl::Mutex mu_;
  std::vector<Call> calls_ ABSL_GUARDED_BY(mu_);
  std::vector<ReadBack> reads_ ABSL_GUARDED_BY(mu_);
  std::vector<Surprise> surprises_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, int64_t> answers_ ABSL_GUARDED_BY(mu_);  // By method.
  absl::Time last_acknowledged_ ABSL_GUARDED_BY(mu_) = absl::InfiniteFuture();
  absl::Duration longest_silence_ ABSL_GUARDED_BY(mu_) = absl::ZeroDuration();
};

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_HISTORY_H_
