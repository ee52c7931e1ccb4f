// A value that readers may keep as it is while its owner goes on changing it.
//
// A pin is taken in no time and outlives the lock under which it was taken; the next change of a
// pinned value works on a copy. So long computations run outside the lock of a State on exactly the
// revision that they speak for.
//
// Thread-safety. pin() and get() need at least a read lock, Mutable() a write lock; a Pin may be
// used and dropped anywhere, without a lock.
#ifndef TERRACE_SERVICES_REGISTRY_VERSIONED_H_
#define TERRACE_SERVICES_REGISTRY_VERSIONED_H_

#include <atomic>
#include <memory>
#include <utility>

namespace terrace::registry {

template <class T>
class Versioned {
  struct Box {
    Box() = default;
    explicit Box(const T& copy) : value(copy) {}
    T value;
    std::atomic<int> pins{0};
  };

 public:
  class Pin {
   public:
    Pin() = default;
    Pin(Pin&&) noexcept = default;
    Pin& operator=(Pin&& other) noexcept {
      std::swap(box_, other.box_);
      return *this;
    }
    // Releasing: what was read before is read before the owner changes it.
    ~Pin() {
      if (box_ != nullptr) box_->pins.fetch_sub(1, std::memory_order_release);
    }
    const T& operator*() const { return box_->value; }
    const T* operator->() const { return &box_->value; }

   private:
    friend class Versioned;
    explicit Pin(std::shared_ptr<Box> box) : box_(std::move(box)) {
      box_->pins.fetch_add(1, std::memory_order_relaxed);
    }
    std::shared_ptr<Box> box_;
  };

  const T& get() const { return box_->value; }
  Pin pin() const { return Pin(box_); }
  T& Mutable() {
    if (box_->pins.load(std::memory_order_acquire) != 0) box_ = std::make_shared<Box>(box_->value);
    return box_->value;
  }

 private:
  std::shared_ptr<Box> box_ = std::make_shared<Box>();
};

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_VERSIONED_H_
