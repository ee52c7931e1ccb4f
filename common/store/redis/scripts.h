// The scripts that run inside Redis: each is one step that happens completely or not at all.
//
// All take the same keys, in the order of Keys::all. A script that is given a log id answers "LOG"
// when the log has another one. Constants, thread-safe.
#ifndef TERRACE_COMMON_STORE_REDIS_SCRIPTS_H_
#define TERRACE_COMMON_STORE_REDIS_SCRIPTS_H_

#include <array>
#include <string>

#include "absl/strings/string_view.h"

namespace terrace::store::redis {

// The keys of one keyspace, all in one slot.
struct Keys {
  Keys(absl::string_view realm, absl::string_view service);

  std::string meta;       // Hash: see open.lua in scripts.cc.
  std::string log;        // Stream: a batch each, id "<revision>-0".
  std::string ids;        // Sorted set: batch ids by revision.
  std::string live;       // Sorted set, all scores 0: the live keys in byte order.
  std::string revisions;  // Hash: live key to the revision of its last change.
  std::string values;     // Hash: live key to value.

  std::array<absl::string_view, 6> all() const { return {meta, log, ids, live, revisions, values}; }
};

// open: takes up a log, or makes a new one.
//   fresh log id, replication id, replicas connected, replicas waited for,
//   then what was seen last: log id, revision, batch id (or three empty words)
//   -> log id, end, compacted, batch id at the end, batches that a compaction left behind
//
// commit: one batch.
//   log id, revision of the format key, time in microseconds or "", batch id, header, changes as in
//   log_record.h, counts of guards, sets and deletes, earliest time in microseconds or "";
//   key and revision of each guard; key, and
//   offset (from 1) and length of the value inside the changes, of each set; key of each delete
//   -> "OK" revision time | "STORED" | "GUARD" which, from 1 | "EARLY" time | "FORMAT" | "LOG"
//
// read: log id, keys -> "OK" end, then value and revision of each, or two nils
// scan: log id, first, last as in ZRANGEBYLEX, limit -> "OK" end, then key, value, revision of each
// compact: log id, revision, batches in a slice -> "OK", 1 when there is nothing more to forget
enum class Script { kOpen, kCommit, kRead, kScan, kCompact };
inline constexpr int kScripts = 5;

absl::string_view SourceOf(Script script);

}  // namespace terrace::store::redis

#endif  // TERRACE_COMMON_STORE_REDIS_SCRIPTS_H_
