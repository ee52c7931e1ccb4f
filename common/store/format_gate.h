// The format gate: the key "meta/format" holds a terrace.storage.v1.Format that says which binaries
// may still open a keyspace. Without the key the format is 1. Engines check it when they open and,
// because only a commit can raise it, before every commit; so a binary that is too old stops
// writing at the very batch that raised the format and can never drop a field it does not know.
//
// While a restore fills a keyspace, the key "meta/restore" keeps everybody else out: OpenStore asks
// for it. Afterwards "meta/origin" says what the keyspace was restored from.
//
// Pure, thread-safe.
#ifndef TERRACE_COMMON_STORE_FORMAT_GATE_H_
#define TERRACE_COMMON_STORE_FORMAT_GATE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace terrace::store {

inline constexpr absl::string_view kFormatKey = "meta/format";
inline constexpr absl::string_view kRestoreKey = "meta/restore";
inline constexpr absl::string_view kOriginKey = "meta/origin";

// What this binary reads and writes.
inline constexpr int kFormatVersion = 1;

// FORMAT_TOO_NEW when the value asks for a newer binary; DATA_LOSS when it cannot be understood.
absl::Status CheckFormat(absl::string_view value);

}  // namespace terrace::store

#endif  // TERRACE_COMMON_STORE_FORMAT_GATE_H_
