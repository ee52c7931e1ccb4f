// Messages one after the other in a file or a pipe, each with its size and a checksum, so that
// whatever is damaged or cut off is noticed at the record where it happens.
//
//   record := size kind check message
//   size   := 4 bytes, little endian, of the message
//   kind   := 1 byte, which the user chooses
//   check  := the first 8 bytes of SHA-256(kind message)
//
// Thread-safety. A reader belongs to one thread at a time; the function is pure.
#ifndef TERRACE_COMMON_BASE_RECORDS_H_
#define TERRACE_COMMON_BASE_RECORDS_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/strings/string_view.h"

namespace terrace {

inline constexpr size_t kRecordHeadBytes = 13;
// A reader takes larger ones for damaged.
inline constexpr size_t kRecordBytesMax = 16 << 20;

// What stands before the message.
std::string RecordHead(char kind, absl::string_view message);

class RecordReader {
 public:
  enum class Result {
    kRecord,
    kEnd,      // Nothing follows the last record.
    kDamaged,  // Cut off, or not what was written.
  };

  // Reads from where the file is positioned; the file outlives the reader.
  explicit RecordReader(std::FILE* file) : file_(file) {}

  Result Next(char* kind, std::string* message);

  // Bytes of the good records so far.
  int64_t offset() const { return offset_; }

 private:
  std::FILE* const file_;
  int64_t offset_ = 0;
};

}  // namespace terrace

#endif  // TERRACE_COMMON_BASE_RECORDS_H_
