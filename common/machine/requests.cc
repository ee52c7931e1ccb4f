#include "common/machine/requests.h"

#include "absl/hash/hash.h"
#include "common/base/check.h"
#include "common/base/time.h"
#include "terrace/storage/v1/storage.pb.h"

namespace terrace::machine {
namespace {

size_t HashOf(absl::string_view key) { return absl::Hash<absl::string_view>()(key); }

}  // namespace

void RequestIndex::Add(absl::string_view key, const std::string& record) {
  storage::v1::RequestRecord parsed;
  TERRACE_CHECK(parsed.ParseFromString(record));
  absl::MutexLock lock(&mu_);
  hashes_.insert(HashOf(key));
  ends_.emplace(FromProto(parsed.expire_time()), std::string(key));
}

void RequestIndex::Expect(absl::string_view key) {
  absl::MutexLock lock(&mu_);
  hashes_.insert(HashOf(key));
}

void RequestIndex::Remove(absl::string_view key) {
  absl::MutexLock lock(&mu_);
  hashes_.erase(HashOf(key));
  // Requests end in the order in which they began, so the search is short.
  for (auto it = ends_.begin(); it != ends_.end(); ++it) {
    if (it->second != key) continue;
    ends_.erase(it);
    return;
  }
}

void RequestIndex::Clear() {
  absl::MutexLock lock(&mu_);
  hashes_.clear();
  ends_.clear();
}

bool RequestIndex::Contains(absl::string_view key) const {
  absl::MutexLock lock(&mu_);
  return hashes_.contains(HashOf(key));
}

std::vector<std::string> RequestIndex::Expired(absl::Time log_time, size_t limit) const {
  std::vector<std::string> keys;
  absl::MutexLock lock(&mu_);
  for (auto it = ends_.begin(); it != ends_.end() && it->first <= log_time && keys.size() < limit;
       ++it) {
    keys.push_back(it->second);
  }
  return keys;
}

}  // namespace terrace::machine
