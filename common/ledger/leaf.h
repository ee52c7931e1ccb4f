// The ledger leaf: 32 bytes that stand for one committed batch, computed the moment it is committed
// and fixed for ever. Every later seal and proof is built on leaves, so this encoding never
// changes; a successor would start with another tag.
//
//   leaf    := SHA-256(0x00 entry)               the leaf hash of RFC 6962 over `entry`
//   entry   := tag log_id revision time batch_id header count change*
//   tag     := "terrace.leaf.1"                  14 bytes, no length
//   log_id, batch_id, header := bytes
//   revision:= u64
//   time    := u64                               commit time, microseconds since 1970, two's
//   complement count   := u32                               number of changes, in the order of the
//   batch change  := bytes 0x01 hash                   key, set to a value with this value hash
//            | bytes 0x00                        key, deleted
//   hash    := SHA-256(salt value)               32 bytes; the salt is always 16 bytes
//   bytes   := u32 octet*                        length, then the octets
//   u32, u64                                     big-endian
//
// A leaf holds value hashes, not values. Whoever erases a value together with its salt and keeps
// the hash can still compute the leaf, so content can be redacted while every proof stands; and
// because the salt is random, the hash that stays behind tells nothing about a value that could be
// guessed.
//
// Pure functions, thread-safe.
#ifndef TERRACE_COMMON_LEDGER_LEAF_H_
#define TERRACE_COMMON_LEDGER_LEAF_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "common/ledger/hash.h"

namespace terrace::ledger {

inline constexpr size_t kSaltBytes = 16;

// `salt` has kSaltBytes bytes.
Hash ValueHash(absl::string_view salt, absl::string_view value);

struct LeafChange {
  absl::string_view key;
  absl::optional<Hash> value_hash;  // None: the key was deleted.
};

struct LeafEntry {
  absl::string_view log_id;
  int64_t revision = 0;
  absl::Time commit_time;  // Whole microseconds.
  absl::string_view batch_id;
  absl::string_view header;
  absl::Span<const LeafChange> changes;
};

Hash LeafHash(const LeafEntry& entry);

}  // namespace terrace::ledger

#endif  // TERRACE_COMMON_LEDGER_LEAF_H_
