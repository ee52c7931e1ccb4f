// An append-only pool of short strings, each named by 32 bits: ids and names of the tree.
//
// Thread-safety. One writer; any thread may read strings whose names it was given by the writer
// after they were added. Strings never move and live as long as the pool.
#ifndef TERRACE_COMMON_TREE_POOL_H_
#define TERRACE_COMMON_TREE_POOL_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace terrace::tree {

using PoolRef = uint32_t;

class Pool {
 public:
  // Longest string.
  static constexpr size_t kStringBytesMax = 0xFFFF;

  // Names the empty string at 0.
  Pool();
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Whether the pool is full (4 GiB): a pool that is not takes at least half a megabyte more.
  bool full() const { return block_ + 1 == kBlocksMax && offset_ > kBlockMask / 2; }
  // `text` must not exceed kStringBytesMax, and the pool must not be full (CHECKed).
  PoolRef Add(absl::string_view text);
  absl::string_view Get(PoolRef ref) const {
    const char* at =
        blocks_[ref >> kBlockBits].load(std::memory_order_relaxed) + (ref & kBlockMask);
    const size_t size = static_cast<unsigned char>(at[0]) | static_cast<unsigned char>(at[1]) << 8;
    return absl::string_view(at + 2, size);
  }

  // Bytes in use by strings and their lengths.
  size_t Bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr int kBlockBits = 20;
  static constexpr uint32_t kBlockMask = (1u << kBlockBits) - 1;
  static constexpr size_t kBlocksMax = size_t{1} << (32 - kBlockBits);

  // Relaxed loads suffice: a reader holds a version that was handed over after the strings were
  // added.
  std::array<std::atomic<char*>, kBlocksMax> blocks_ = {};
  std::atomic<size_t> bytes_{0};
  size_t block_ = 0;  // The block that is being filled, and how far it is.
  size_t offset_ = 0;
};

}  // namespace terrace::tree

#endif  // TERRACE_COMMON_TREE_POOL_H_
