#include "common/machine/decision.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"

namespace terrace::machine {

Decision::Decision(const Rows& rows, const Command& command, const tree::Tree& tree,
                   absl::Time present)
    : rows_(rows), command_(command), tree_(tree), now_(std::max(command.received, present)) {}

std::string Decision::NewId() {
  std::string seed = Sha256(absl::StrCat(command_.salt, "/", ids_++));
  return absl::BytesToHexString(absl::string_view(seed).substr(0, 10));
}

void Decision::Guard(absl::string_view key) {
  if (guards_.contains(key)) return;
  const Row* row = rows_.Find(key);
  guards_.emplace(std::string(key), row == nullptr ? store::Revision{0} : row->revision);
}

const std::string* Decision::Find(absl::string_view key) {
  auto written = changes_.find(key);
  if (written != changes_.end()) {
    return written->second.has_value() ? &*written->second : nullptr;
  }
  Guard(key);
  const Row* row = rows_.Find(key);
  return row == nullptr ? nullptr : &row->value;
}

store::Revision Decision::RevisionOf(absl::string_view key) {
  Guard(key);
  return guards_.find(key)->second;
}

void Decision::Put(absl::string_view key, const google::protobuf::Message& value) {
  Guard(key);
  changes_[std::string(key)] = value.SerializeAsString();
}

void Decision::Delete(absl::string_view key) {
  Guard(key);
  changes_[std::string(key)] = absl::nullopt;
}

void Decision::Append(absl::string_view key, const google::protobuf::Message& value) {
  guards_[std::string(key)] = store::Revision{0};
  changes_[std::string(key)] = value.SerializeAsString();
}

void Decision::ReadGuard(absl::string_view guard_key) { Guard(guard_key); }

void Decision::BumpGuard(absl::string_view guard_key) {
  Guard(guard_key);
  changes_[std::string(guard_key)] = std::string();
}

size_t Decision::room() const {
  // One change, and its guard, is the Machine's: the request record.
  const auto left = [](size_t used, size_t limit) { return limit - std::min(used + 1, limit); };
  return std::min(left(changes_.size(), store::kBatchChangesMax),
                  left(guards_.size(), store::kBatchGuardsMax));
}

store::Batch Decision::TakeBatch() && {
  store::Batch batch;
  batch.guards.reserve(guards_.size());
  for (auto& [key, revision] : guards_) batch.guards.push_back({key, revision});
  batch.changes.reserve(changes_.size());
  for (auto& [key, value] : changes_) batch.changes.push_back({key, std::move(value)});
  return batch;
}

}  // namespace terrace::machine
