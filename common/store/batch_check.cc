#include "common/store/batch_check.h"

#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"

namespace terrace::store {
namespace {

constexpr size_t kBatchIdBytes = 16;

absl::Status Invalid(std::string detail) {
  return Error(Reason::INVALID_BATCH, {{"detail", std::move(detail)}});
}

absl::Status TooMany(absl::string_view what, size_t count, size_t limit) {
  return Invalid(absl::StrCat(count, " ", what, "; at most ", limit, " are allowed"));
}

absl::Status CheckKey(absl::string_view key) {
  if (key.empty()) return Invalid("an empty key");
  if (key.size() > kKeyBytesMax) return TooMany("bytes in a key", key.size(), kKeyBytesMax);
  return absl::OkStatus();
}

}  // namespace

size_t BatchBytes(const Batch& batch) {
  size_t bytes = batch.header.size();
  for (const Guard& guard : batch.guards) bytes += guard.key.size();
  for (const Change& change : batch.changes) {
    bytes += change.key.size() + (change.value ? change.value->size() : 0);
  }
  return bytes;
}

absl::Status CheckBatch(const Batch& batch) {
  if (batch.id.size() != kBatchIdBytes) return Invalid("the batch id must have 16 bytes");
  if (batch.changes.size() > kBatchChangesMax) {
    return TooMany("changes", batch.changes.size(), kBatchChangesMax);
  }
  if (batch.guards.size() > kBatchGuardsMax) {
    return TooMany("guards", batch.guards.size(), kBatchGuardsMax);
  }
  const size_t bytes = BatchBytes(batch);
  if (bytes > kBatchBytesMax) return TooMany("bytes", bytes, kBatchBytesMax);
  for (const Guard& guard : batch.guards) {
    TERRACE_RETURN_IF_ERROR(CheckKey(guard.key));
    if (guard.revision.value < 0) return Invalid("a guard with a negative revision");
  }
  absl::flat_hash_set<absl::string_view> keys;
  keys.reserve(batch.changes.size());
  for (const Change& change : batch.changes) {
    TERRACE_RETURN_IF_ERROR(CheckKey(change.key));
    if (!keys.insert(change.key).second) return Invalid("two changes of one key");
  }
  return absl::OkStatus();
}

absl::Status CheckReadKeys(absl::Span<const std::string> keys) {
  if (keys.size() > kReadKeysMax) return TooMany("keys to read", keys.size(), kReadKeysMax);
  return absl::OkStatus();
}

absl::Status CheckScanLimit(int limit) {
  if (limit >= 1 && limit <= kScanEntriesMax) return absl::OkStatus();
  return Error(Reason::NUMBER_OUT_OF_RANGE, {{"value", absl::StrCat(limit)},
                                             {"field", "limit"},
                                             {"range", absl::StrCat("1 to ", kScanEntriesMax)}});
}

absl::Status TooEarly(absl::Duration ahead) {
  return Error(Reason::CLOCK_SKEW,
               {{"seconds", absl::StrCat("more than ", absl::ToInt64Seconds(ahead))}});
}

}  // namespace terrace::store
