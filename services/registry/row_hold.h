// Rows as they were when a hold was taken.
//
// A hold costs nothing until a row changes; then the row's former bytes are kept for every hold
// that is older than the change.
//
// Thread-safety. As the State that hands holds out: taking and reading a hold needs a read lock,
// KeepFormer a write lock. A hold may be dropped anywhere.
#ifndef TERRACE_SERVICES_REGISTRY_ROW_HOLD_H_
#define TERRACE_SERVICES_REGISTRY_ROW_HOLD_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "common/machine/rows.h"

namespace terrace::registry {

// Limits.
inline constexpr size_t kHoldsMax = 8;
inline constexpr size_t kHoldBytesMax = 128 << 20;

class RowHold {
 public:
  // The row's bytes at the time of the hold; null when it did not exist then. `now` is the row as
  // it is now, null when it does not exist.
  const std::string* Find(absl::string_view key, const machine::Row* now) const {
    auto it = former_.find(key);
    if (it == former_.end()) return now == nullptr ? nullptr : &now->value;
    return it->second ? &*it->second : nullptr;
  }
  // Whether more changed than a hold may keep; what it says is then no longer true.
  bool broken() const { return bytes_ > kHoldBytesMax; }

 private:
  friend class RowHolds;
  absl::flat_hash_map<std::string, absl::optional<std::string>> former_;
  size_t bytes_ = 0;
};

class RowHolds {
 public:
  // Null when there are too many already.
  std::shared_ptr<const RowHold> Take() const;
  // A row is about to change; `before` is null when it does not exist yet.
  void KeepFormer(absl::string_view key, const std::string* before);

 private:
  mutable absl::Mutex mu_;
  mutable std::vector<std::weak_ptr<RowHold>> holds_ ABSL_GUARDED_BY(mu_);
};

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_ROW_HOLD_H_
