#include "common/tree/pool.h"

#include <cstring>

#include "common/base/check.h"

namespace terrace::tree {
namespace {

constexpr size_t kLengthBytes = 2;

}  // namespace

Pool::Pool() {
  blocks_[0] = new char[size_t{1} << kBlockBits];
  TERRACE_CHECK(Add("") == 0);
}

Pool::~Pool() {
  for (std::atomic<char*>& block : blocks_) delete[] block.load();
}

PoolRef Pool::Add(absl::string_view text) {
  TERRACE_CHECK(text.size() <= kStringBytesMax);
  const size_t bytes = kLengthBytes + text.size();
  if (offset_ + bytes > kBlockMask + 1) {
    TERRACE_CHECK(block_ + 1 < kBlocksMax);
    ++block_;
    offset_ = 0;
    blocks_[block_] = new char[size_t{1} << kBlockBits];
  }
  char* at = blocks_[block_].load() + offset_;
  at[0] = static_cast<char>(text.size() & 0xFF);
  at[1] = static_cast<char>(text.size() >> 8);
  std::memcpy(at + kLengthBytes, text.data(), text.size());
  const PoolRef ref = static_cast<PoolRef>(block_ << kBlockBits | offset_);
  offset_ += bytes;
  bytes_.store(Bytes() + bytes, std::memory_order_relaxed);
  return ref;
}

}  // namespace terrace::tree
