// Which slot of a Redis Cluster a key belongs to: CRC-16 (XMODEM) of its hash tag, modulo 16,384.
//
// Pure functions, thread-safe.
#ifndef TERRACE_COMMON_STORE_REDIS_SLOT_H_
#define TERRACE_COMMON_STORE_REDIS_SLOT_H_

#include "absl/strings/string_view.h"

namespace terrace::store::redis {

inline constexpr int kSlots = 16'384;

// What stands between the first '{' and the next '}', if anything does; else the whole key.
absl::string_view HashTag(absl::string_view key);

int SlotOf(absl::string_view key);

}  // namespace terrace::store::redis

#endif  // TERRACE_COMMON_STORE_REDIS_SLOT_H_
