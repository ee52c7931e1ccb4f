// The pre-order index of one line: every subtree is an interval.
//
// Concept. An index covers the units below `cover`. It belongs to all versions in which none of
// these units hangs elsewhere than when the index's slot was made; units beyond are reached by
// walking up to a covered one. The slot is there from the start, the index in it is built on
// demand, once, by whichever version is asked first: all of them would build the same.
//
// Thread-safety. A slot may be used by any thread.
#ifndef TERRACE_COMMON_TREE_PRE_ORDER_H_
#define TERRACE_COMMON_TREE_PRE_ORDER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"

namespace terrace::tree {

// Position of each covered unit in the walk over the forest, and the first position behind its
// subtree.
struct PreOrder {
  std::vector<uint32_t> first;
  std::vector<uint32_t> end;

  bool IsUnder(uint32_t n, uint32_t ancestor) const {
    return first[ancestor] <= first[n] && first[n] < end[ancestor];
  }
  size_t Bytes() const { return (first.capacity() + end.capacity()) * sizeof(uint32_t); }
};

class IndexSlot {
 public:
  explicit IndexSlot(uint32_t cover) : cover_(cover) {}

  uint32_t cover() const { return cover_; }
  // Null until Build.
  const PreOrder* index() const { return ready_.load(std::memory_order_acquire); }
  // Calls `make` unless the index is there. Others who build wait; readers do not.
  void Build(absl::FunctionRef<PreOrder()> make);

 private:
  const uint32_t cover_;
  absl::Mutex mu_;
  std::unique_ptr<const PreOrder> built_ ABSL_GUARDED_BY(mu_);
  std::atomic<const PreOrder*> ready_{nullptr};
};

}  // namespace terrace::tree

#endif  // TERRACE_COMMON_TREE_PRE_ORDER_H_
