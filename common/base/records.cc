#include "common/base/records.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"

namespace terrace {
namespace {

constexpr size_t kSizeBytes = 4;
constexpr size_t kCheckBytes = 8;
static_assert(kSizeBytes + 1 + kCheckBytes == kRecordHeadBytes);

std::string Check(char kind, absl::string_view message) {
  return Sha256Stream()
      .Add(absl::string_view(&kind, 1))
      .Add(message)
      .Finish()
      .substr(0, kCheckBytes);
}

}  // namespace

std::string RecordHead(char kind, absl::string_view message) {
  std::string head(kSizeBytes, '\0');
  for (size_t i = 0; i < kSizeBytes; ++i) head[i] = static_cast<char>(message.size() >> (8 * i));
  return absl::StrCat(head, absl::string_view(&kind, 1), Check(kind, message));
}

RecordReader::Result RecordReader::Next(char* kind, std::string* message) {
  unsigned char head[kRecordHeadBytes];
  const size_t got = std::fread(head, 1, kRecordHeadBytes, file_);
  if (got == 0 && std::ferror(file_) == 0) return Result::kEnd;
  if (got != kRecordHeadBytes) return Result::kDamaged;
  size_t size = 0;
  for (size_t i = kSizeBytes; i-- > 0;) size = size << 8 | head[i];
  if (size > kRecordBytesMax) return Result::kDamaged;
  *kind = static_cast<char>(head[kSizeBytes]);
  message->resize(size);
  if (std::fread(message->data(), 1, size, file_) != size) return Result::kDamaged;
  if (std::memcmp(head + kSizeBytes + 1, Check(*kind, *message).data(), kCheckBytes) != 0) {
    return Result::kDamaged;
  }
  offset_ += static_cast<int64_t>(kRecordHeadBytes + size);
  return Result::kRecord;
}

}  // namespace terrace
