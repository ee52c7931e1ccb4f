// A value for every unit, by its number, in blocks that stay where they are: a column that grows
// never copies what it holds, so adding the millionth unit takes no longer than adding the first.
//
// Thread-safety: as std::vector.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_COLUMN_H_
#define TERRACE_SERVICES_SCORING_ENGINE_COLUMN_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

namespace terrace::scoring::engine {

template <class T>
class Column {
 public:
  size_t size() const { return size_; }
  T& operator[](size_t i) { return blocks_[i / kBlock][i % kBlock]; }
  const T& operator[](size_t i) const { return blocks_[i / kBlock][i % kBlock]; }

  // Makes it at least `size` long; what is new is T(), or `value`.
  void Grow(size_t size) {
    while (blocks_.size() * kBlock < size) blocks_.push_back(std::make_unique<T[]>(kBlock));
    size_ = std::max(size_, size);
  }
  void Grow(size_t size, const T& value) {
    size_t i = size_;
    Grow(size);
    for (; i < size; ++i) (*this)[i] = value;
  }

 private:
  static constexpr size_t kBlock = 1024;

  std::vector<std::unique_ptr<T[]>> blocks_;
  size_t size_ = 0;
};

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_COLUMN_H_
