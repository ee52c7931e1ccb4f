// A record: size of the message (4 bytes, little endian), its kind (1 byte), the first 8 bytes of
// the SHA-256 of kind and message, the message.
#include "common/rpc/feed_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "common/rpc/server.h"

namespace terrace::rpc {
namespace {

constexpr size_t kSizeBytes = 4;
constexpr size_t kCheckBytes = 8;
constexpr size_t kHeadBytes = kSizeBytes + 1 + kCheckBytes;
constexpr char kMessage = 'm';
constexpr char kLastOfSnapshot = 'e';
// A feed is overgrown when it is this many times its snapshot, and this large at least.
constexpr int kOvergrown = 4;
constexpr int64_t kOvergrownBytesLeast = 64 << 20;

std::string Check(char kind, absl::string_view message) {
  return Sha256(absl::StrCat(absl::string_view(&kind, 1), message)).substr(0, kCheckBytes);
}

// Reads one record; false at the end of what is good.
bool ReadRecord(std::FILE* file, char* kind, std::string* message) {
  unsigned char head[kHeadBytes];
  if (std::fread(head, 1, kHeadBytes, file) != kHeadBytes) return false;
  size_t size = 0;
  for (size_t i = kSizeBytes; i-- > 0;) size = size << 8 | head[i];
  if (size > static_cast<size_t>(kTransportBytesMax)) return false;
  *kind = static_cast<char>(head[kSizeBytes]);
  message->resize(size);
  if (std::fread(message->data(), 1, size, file) != size) return false;
  return std::memcmp(head + kSizeBytes + 1, Check(*kind, *message).data(), kCheckBytes) == 0;
}

}  // namespace

FeedFile::FeedFile(std::string path)
    : path_(std::move(path)), unfinished_path_(absl::StrCat(path_, ".unfinished")) {}

void FeedFile::Replay(absl::FunctionRef<void(absl::string_view message)> take) {
  file_.reset(std::fopen(path_.c_str(), "r+b"));
  if (file_ == nullptr) return;
  char kind = kMessage;
  std::string message;
  // First only to see how much is good: half a snapshot would be worse than none.
  bytes_ = 0;
  snapshot_bytes_ = 0;
  while (ReadRecord(file_.get(), &kind, &message)) {
    bytes_ += static_cast<int64_t>(kHeadBytes + message.size());
    if (kind == kLastOfSnapshot) snapshot_bytes_ = bytes_;
  }
  whole_ = snapshot_bytes_ > 0;
  std::error_code error;
  if (whole_) std::filesystem::resize_file(path_, static_cast<uintmax_t>(bytes_), error);
  if (!whole_ || error) {
    whole_ = false;
    file_.reset();
    return;
  }
  std::rewind(file_.get());
  int64_t left = bytes_;
  while (left > 0 && ReadRecord(file_.get(), &kind, &message)) {
    left -= static_cast<int64_t>(kHeadBytes + message.size());
    take(message);
  }
  // Between reading and writing a file must be positioned.
  std::fseek(file_.get(), 0, SEEK_END);
}

void FeedFile::Begin() {
  file_.reset(std::fopen(unfinished_path_.c_str(), "wb"));
  whole_ = false;
  bytes_ = 0;
  snapshot_bytes_ = 0;
}

absl::Status FeedFile::Append(absl::string_view message, bool ends_snapshot) {
  if (file_ == nullptr) return absl::OkStatus();
  const char kind = ends_snapshot ? kLastOfSnapshot : kMessage;
  char head[kHeadBytes];
  for (size_t i = 0; i < kSizeBytes; ++i) head[i] = static_cast<char>(message.size() >> (8 * i));
  head[kSizeBytes] = kind;
  std::memcpy(head + kSizeBytes + 1, Check(kind, message).data(), kCheckBytes);
  bool ok = std::fwrite(head, 1, kHeadBytes, file_.get()) == kHeadBytes &&
            std::fwrite(message.data(), 1, message.size(), file_.get()) == message.size();
  bytes_ += static_cast<int64_t>(kHeadBytes + message.size());
  // A snapshot is written in large pieces, what follows message by message.
  if (ok && (whole_ || ends_snapshot)) ok = std::fflush(file_.get()) == 0;
  std::error_code error;
  if (ok && ends_snapshot) {
    std::filesystem::rename(unfinished_path_, path_, error);
    whole_ = true;
    snapshot_bytes_ = bytes_;
  }
  if (ok && !error) return absl::OkStatus();
  absl::Status status = absl::UnavailableError(
      absl::StrCat("cannot keep the feed in ", path_, ": ", std::strerror(errno)));
  file_.reset();
  std::filesystem::remove(path_, error);
  return status;
}

bool FeedFile::Overgrown() const {
  return whole_ && bytes_ > kOvergrownBytesLeast && bytes_ > kOvergrown * snapshot_bytes_;
}

}  // namespace terrace::rpc
