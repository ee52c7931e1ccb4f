// Which requests were answered lately, so that a repetition gets the stored reply. Holds a hash of
// each key and its end of life; the replies themselves stay in the store.
#ifndef TERRACE_COMMON_MACHINE_REQUESTS_H_
#define TERRACE_COMMON_MACHINE_REQUESTS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace terrace::machine {

// Thread-safe.
class RequestIndex {
 public:
  // A stored terrace.storage.v1.RequestRecord under its key.
  void Add(absl::string_view key, const std::string& record);
  // Another process stored it; the feed will bring it.
  void Expect(absl::string_view key);
  void Remove(absl::string_view key);
  void Clear();

  // May say yes wrongly, for a key whose hash is the same; never no wrongly.
  bool Contains(absl::string_view key) const;

  // Keys whose time is over, at most `limit`.
  std::vector<std::string> Expired(absl::Time log_time, size_t limit) const;

 private:
  mutable absl::Mutex mu_;
  absl::flat_hash_set<size_t> hashes_ ABSL_GUARDED_BY(mu_);
  std::multimap<absl::Time, std::string> ends_ ABSL_GUARDED_BY(mu_);
};

}  // namespace terrace::machine

#endif  // TERRACE_COMMON_MACHINE_REQUESTS_H_
