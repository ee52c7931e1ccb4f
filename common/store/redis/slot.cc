#include "common/store/redis/slot.h"

#include <cstdint>

namespace terrace::store::redis {
namespace {

constexpr uint16_t kPolynomial = 0x1021;

uint16_t Crc16(absl::string_view bytes) {
  uint16_t crc = 0;
  for (char byte : bytes) {
    crc ^= static_cast<uint16_t>(static_cast<uint8_t>(byte) << 8);
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<uint16_t>((crc & 0x8000) != 0 ? (crc << 1) ^ kPolynomial : crc << 1);
    }
  }
  return crc;
}

}  // namespace

absl::string_view HashTag(absl::string_view key) {
  const size_t open = key.find('{');
  if (open == absl::string_view::npos) return key;
  const size_t close = key.find('}', open + 1);
  if (close == absl::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

int SlotOf(absl::string_view key) { return Crc16(HashTag(key)) % kSlots; }

}  // namespace terrace::store::redis
