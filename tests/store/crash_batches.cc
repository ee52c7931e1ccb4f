#include "tests/store/crash_batches.h"

#include <cstring>
#include <random>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace terrace::store {
namespace {

constexpr absl::string_view kOwn = "own/";
constexpr size_t kIdHexDigits = 32;
constexpr uint32_t kSharedKeys = 50;

}  // namespace

Batch CrashBatch(absl::string_view id) {
  uint64_t seed;
  std::memcpy(&seed, id.data(), sizeof seed);
  std::mt19937_64 random(seed);
  const std::string hex = absl::BytesToHexString(id);
  Batch batch{std::string(id), absl::StrCat("header of ", hex), {}, {}};
  // Mostly small, sometimes many pages long.
  const uint64_t count = random() % 10 == 0 ? random() % 300 + 1 : random() % 8 + 1;
  for (uint64_t i = 0; i < count; ++i) {
    std::string value(random() % 2000, static_cast<char>(random()));
    batch.changes.push_back({absl::StrCat(kOwn, hex, "/", i), std::move(value)});
  }
  const uint32_t shared = random() % kSharedKeys;
  batch.changes.push_back({absl::StrCat("shared/", shared), hex});
  batch.changes.push_back({absl::StrCat("shared/", (shared + 1) % kSharedKeys), absl::nullopt});
  return batch;
}

KeyRange OwnKeys(absl::string_view id) {
  const std::string hex = absl::BytesToHexString(id);
  return {absl::StrCat(kOwn, hex, "/"), absl::StrCat(kOwn, hex, "0")};  // '0' follows '/'.
}

KeyRange AllOwnKeys() { return {"own/", "own0"}; }

std::string OwnerOf(absl::string_view key) {
  return absl::HexStringToBytes(key.substr(kOwn.size(), kIdHexDigits));
}

}  // namespace terrace::store
