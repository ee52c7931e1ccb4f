#include "common/tree/pre_order.h"

namespace terrace::tree {

void IndexSlot::Build(absl::FunctionRef<PreOrder()> make) {
  absl::MutexLock lock(&mu_);
  if (built_ != nullptr) return;
  built_ = std::make_unique<const PreOrder>(make());
  ready_.store(built_.get(), std::memory_order_release);
}

}  // namespace terrace::tree
