#include "common/rpc/feed_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/records.h"

namespace terrace::rpc {
namespace {

constexpr char kMessage = 'm';
constexpr char kLastOfSnapshot = 'e';
// A feed is overgrown when it is this many times its snapshot, and this large at least.
constexpr int kOvergrown = 4;
constexpr int64_t kOvergrownBytesLeast = 64 << 20;

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
  RecordReader good(file_.get());
  while (good.Next(&kind, &message) == RecordReader::Result::kRecord) {
    bytes_ = good.offset();
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
  RecordReader again(file_.get());
  while (again.offset() < bytes_ && again.Next(&kind, &message) == RecordReader::Result::kRecord) {
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
  const std::string head = RecordHead(kind, message);
  bool ok = std::fwrite(head.data(), 1, head.size(), file_.get()) == head.size() &&
            std::fwrite(message.data(), 1, message.size(), file_.get()) == message.size();
  bytes_ += static_cast<int64_t>(head.size() + message.size());
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
