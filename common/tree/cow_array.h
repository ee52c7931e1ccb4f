// An array whose copies share their chunks: what versions of the tree are made of.
//
// Concept. Items live in chunks of N. Copying the array copies pointers to chunks. A writer changes
// an item through Mutable, which first copies the chunk unless this writer made it since its last
// publication (the epoch says so). Appending writes in place even into shared chunks: copies made
// earlier never look at items beyond their own length.
//
// Thread-safety. One writer, which passes a greater epoch after each copy it gives away. Copies may
// be read by any thread.
#ifndef TERRACE_COMMON_TREE_COW_ARRAY_H_
#define TERRACE_COMMON_TREE_COW_ARRAY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace terrace::tree {

template <typename T, size_t N>
class CowArray {
 public:
  const T& operator[](size_t i) const { return chunks_[i / N]->items[i % N]; }

  T& Mutable(size_t i, uint64_t epoch) {
    std::shared_ptr<Chunk>& chunk = chunks_[i / N];
    if (chunk->epoch != epoch) {
      chunk = std::make_shared<Chunk>(*chunk);
      chunk->epoch = epoch;
    }
    return chunk->items[i % N];
  }

  // `i` is the number of items so far.
  void Append(size_t i, T item, uint64_t epoch) {
    if (i / N == chunks_.size()) {
      chunks_.push_back(std::make_shared<Chunk>());
      chunks_.back()->epoch = epoch;
    }
    chunks_[i / N]->items[i % N] = std::move(item);
  }

  size_t Bytes() const { return chunks_.size() * (sizeof(Chunk) + sizeof(std::shared_ptr<Chunk>)); }

 private:
  struct Chunk {
    uint64_t epoch = 0;
    std::array<T, N> items = {};
  };
  std::vector<std::shared_ptr<Chunk>> chunks_;
};

}  // namespace terrace::tree

#endif  // TERRACE_COMMON_TREE_COW_ARRAY_H_
