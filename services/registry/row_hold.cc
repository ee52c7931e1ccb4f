#include "services/registry/row_hold.h"

namespace terrace::registry {

std::shared_ptr<const RowHold> RowHolds::Take() const {
  absl::MutexLock lock(&mu_);
  std::erase_if(holds_, [](const std::weak_ptr<RowHold>& hold) { return hold.expired(); });
  if (holds_.size() >= kHoldsMax) return nullptr;
  auto hold = std::make_shared<RowHold>();
  holds_.push_back(hold);
  return hold;
}

void RowHolds::KeepFormer(absl::string_view key, const std::string* before) {
  absl::MutexLock lock(&mu_);
  for (const std::weak_ptr<RowHold>& weak : holds_) {
    const std::shared_ptr<RowHold> hold = weak.lock();
    if (hold == nullptr || hold->broken()) continue;
    const bool is_new =
        hold->former_
            .try_emplace(key, before == nullptr ? absl::nullopt : absl::make_optional(*before))
            .second;
    if (is_new) hold->bytes_ += key.size() + (before == nullptr ? 0 : before->size());
  }
}

}  // namespace terrace::registry
