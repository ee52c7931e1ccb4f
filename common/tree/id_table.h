// The map from ids to unit numbers: one append-only hash table that all versions share.
//
// Concept. Slots hold 32 bits of the id's hash and the number. Ids are never taken out, so versions
// that know fewer units just overlook greater numbers. A table that fills up is replaced by one of
// twice the size; older versions keep the one they know.
//
// Thread-safety. One writer; any thread may look up.
#ifndef TERRACE_COMMON_TREE_ID_TABLE_H_
#define TERRACE_COMMON_TREE_ID_TABLE_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"

namespace terrace::tree {

class IdTable {
 public:
  // A table for up to three quarters of `slots`, a power of two.
  explicit IdTable(size_t slots);

  static uint32_t HashOf(absl::string_view id);

  // The first number below `size` under that hash for which `matches` is true; kNone without one.
  template <typename Matches>
  uint32_t Find(uint32_t hash, uint32_t size, const Matches& matches) const {
    for (size_t i = hash & mask_;; i = (i + 1) & mask_) {
      const uint64_t slot = slots_[i].load(std::memory_order_acquire);
      if (slot == 0) return kNone;
      const uint32_t number = static_cast<uint32_t>(slot) - 1;
      if (slot >> 32 == hash && number < size && matches(number)) return number;
    }
  }

  bool full() const { return (used_ + 1) * 4 > (mask_ + 1) * 3; }
  // For the writer: the id must not be in the table, and the table not full.
  void Insert(uint32_t hash, uint32_t number);
  // A table of twice the size with everything that is in this one.
  std::shared_ptr<IdTable> Grown() const;

  size_t Bytes() const { return (mask_ + 1) * sizeof(uint64_t); }

  static constexpr uint32_t kNone = 0xFFFFFFFF;

 private:
  const size_t mask_;
  size_t used_ = 0;                                 // The writer's.
  std::unique_ptr<std::atomic<uint64_t>[]> slots_;  // 0, or hash and number + 1.
};

}  // namespace terrace::tree

#endif  // TERRACE_COMMON_TREE_ID_TABLE_H_
