// From a batch to what the log holds of it, and the bytes of its changes at rest; shared by
// engines, so that a log means the same whatever stores it. The encoding is described in
// log_record.cc.
//
// Pure functions, thread-safe.
#ifndef TERRACE_COMMON_STORE_LOG_RECORD_H_
#define TERRACE_COMMON_STORE_LOG_RECORD_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/store/store.h"

namespace terrace::store {

// The time of the next batch: the clock's, in whole microseconds as the log keeps it, unless that
// would go back.
absl::Time NextCommitTime(absl::Time now, absl::Time last);

// Gives every value its salt.
std::vector<CommittedChange> SaltChanges(std::vector<Change> changes);

// Salts the changes and computes the leaf.
CommittedPtr MakeCommitted(const LogId& log_id, Revision revision, absl::Time commit_time,
                           Batch batch);

// The ledger leaf of a batch as read back; equals batch.leaf unless something was tampered with.
std::string ComputeLeaf(const LogId& log_id, const Committed& batch);

// `value_offsets`, when given, gets one for each change: where its value begins in the result, or
// 0.
std::string EncodeChanges(absl::Span<const CommittedChange> changes,
                          std::vector<size_t>* value_offsets = nullptr);

// STORE_DAMAGED when the bytes were not made by EncodeChanges.
absl::StatusOr<std::vector<CommittedChange>> DecodeChanges(absl::string_view bytes);

}  // namespace terrace::store

#endif  // TERRACE_COMMON_STORE_LOG_RECORD_H_
