#include "common/tree/id_table.h"

#include "absl/hash/hash.h"
#include "common/base/check.h"

namespace terrace::tree {

IdTable::IdTable(size_t slots)
    : mask_(slots - 1), slots_(std::make_unique<std::atomic<uint64_t>[]>(slots)) {
  TERRACE_CHECK(slots > 1 && (slots & mask_) == 0);
}

uint32_t IdTable::HashOf(absl::string_view id) {
  const uint64_t hash = absl::Hash<absl::string_view>()(id);
  return static_cast<uint32_t>(hash ^ hash >> 32);
}

void IdTable::Insert(uint32_t hash, uint32_t number) {
  TERRACE_CHECK(!full());
  size_t i = hash & mask_;
  while (slots_[i].load(std::memory_order_relaxed) != 0) i = (i + 1) & mask_;
  slots_[i].store(uint64_t{hash} << 32 | (number + 1), std::memory_order_release);
  ++used_;
}

std::shared_ptr<IdTable> IdTable::Grown() const {
  auto table = std::make_shared<IdTable>((mask_ + 1) * 2);
  for (size_t i = 0; i <= mask_; ++i) {
    const uint64_t slot = slots_[i].load(std::memory_order_relaxed);
    if (slot != 0) {
      table->Insert(static_cast<uint32_t>(slot >> 32), static_cast<uint32_t>(slot) - 1);
    }
  }
  return table;
}

}  // namespace terrace::tree
