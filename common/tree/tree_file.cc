// The compact file of a tree, all numbers in little endian:
//   magic     8 bytes, "TERTREE1"
//   cursor    text log_id, u64 revision
//   levels    u32 count, texts
//   kinds     u32 count, texts
//   units     u32 count, then for each, in the order of its number:
//             text id, u8 state, u8 class, u16 level, u16 kind, u32 parent on each line
//             (kNoUnit for none), text name
//   check     SHA-256 of everything before
// A text is a u16 length and its bytes.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/base/sha256.h"
#include "common/resource/names.h"
#include "common/tree/codebook.h"
#include "common/tree/tree.h"
#include "common/tree/tree_data.h"

namespace terrace::tree {
namespace {

constexpr absl::string_view kMagic = "TERTREE1";
constexpr size_t kCheckBytes = 32;
constexpr size_t kBufferBytes = 1 << 20;

absl::Status Failed(absl::string_view what, const std::string& path) {
  return absl::UnavailableError(
      absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(errno)));
}

absl::Status Damaged(const std::string& path, absl::string_view what) {
  return absl::DataLossError(absl::StrCat("the tree file ", path, " is damaged: ", what));
}

// Writes through a buffer and hashes on the way.
class Writer {
 public:
  explicit Writer(int fd) : fd_(fd) { buffer_.reserve(kBufferBytes + 1024); }

  void Number(uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) buffer_.push_back(static_cast<char>(value >> (8 * i)));
  }
  void Raw(absl::string_view bytes) { buffer_.append(bytes.data(), bytes.size()); }
  void Text(absl::string_view text) {
    TERRACE_CHECK(text.size() <= 0xFFFF);
    Number(text.size(), 2);
    Raw(text);
  }

  // False with errno when writing failed, now or before.
  bool FlushIfFull() { return buffer_.size() < kBufferBytes || Flush(); }
  bool Flush() {
    hash_.Add(buffer_);
    const bool ok = WriteAll(buffer_);
    buffer_.clear();
    return ok;
  }
  bool Finish() { return Flush() && WriteAll(hash_.Finish()) && ::fsync(fd_) == 0; }

 private:
  bool WriteAll(absl::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno != EINTR) return false;
      bytes.remove_prefix(written < 0 ? 0 : written);
    }
    return true;
  }

  const int fd_;
  std::string buffer_;
  Sha256Stream hash_;
};

// Reads from bytes; after the end everything is zero and ok() false.
class Reader {
 public:
  explicit Reader(absl::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  uint64_t Number(int bytes) {
    const absl::string_view raw = Raw(bytes);
    uint64_t value = 0;
    for (size_t i = raw.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(raw[i]);
    return value;
  }
  absl::string_view Text() { return Raw(Number(2)); }
  absl::string_view Raw(size_t bytes) {
    if (bytes > rest_.size()) {
      ok_ = false;
      rest_ = "";
      return "";
    }
    const absl::string_view out = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return out;
  }

 private:
  absl::string_view rest_;
  bool ok_ = true;
};

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return absl::NotFoundError(absl::StrCat("there is no ", path));
  if (fd < 0) return Failed("open", path);
  auto close = absl::MakeCleanup([fd] { ::close(fd); });
  struct stat info;
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return Failed("read", path);
  std::string bytes(info.st_size, '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(fd, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Failed("read", path);
    done += got;
  }
  return bytes;
}

// Makes the rename itself durable.
absl::Status SyncDirectory(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "."
                                : slash == 0               ? "/"
                                                           : path.substr(0, slash);
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Failed("open", directory);
  const bool ok = ::fsync(fd) == 0;
  ::close(fd);
  return ok ? absl::OkStatus() : Failed("sync", directory);
}

bool ReadCodes(Reader& reader, std::shared_ptr<const Codes>* codes) {
  const uint64_t count = reader.Number(4);
  if (count < 1 || count > kTreeCodesMax) return false;
  auto read = std::make_shared<Codes>();
  for (uint64_t i = 0; i < count && reader.ok(); ++i) read->emplace_back(reader.Text());
  *codes = std::move(read);
  return reader.ok() && (*codes)->front().empty();
}

}  // namespace

absl::Status TreeBuilder::Save(const Tree& tree, const std::string& path) {
  const TreeData& data = *tree.data_;
  const std::string temporary = absl::StrCat(path, ".tmp");
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return Failed("create", temporary);
  auto close = absl::MakeCleanup([fd] { ::close(fd); });
  auto remove = absl::MakeCleanup([&] { ::unlink(temporary.c_str()); });

  Writer writer(fd);
  writer.Raw(kMagic);
  writer.Text(data.cursor.log_id);
  writer.Number(static_cast<uint64_t>(data.cursor.revision), 8);
  for (const auto& codes : {data.levels, data.kinds}) {
    writer.Number(codes->size(), 4);
    for (const std::string& code : *codes) writer.Text(code);
  }
  writer.Number(data.size, 4);
  for (UnitNumber n = 0; n < data.size; ++n) {
    const Row& row = data.rows[n];
    writer.Text(data.ids->Get(row.id));
    writer.Number(static_cast<uint8_t>(row.state), 1);
    writer.Number(row.org_class, 1);
    writer.Number(row.level, 2);
    writer.Number(row.kind, 2);
    for (UnitNumber parent : row.parent) writer.Number(parent, 4);
    writer.Text(data.names->Get(row.name));
    if (!writer.FlushIfFull()) return Failed("write", temporary);
  }
  if (!writer.Finish()) return Failed("write", temporary);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return Failed("rename", temporary);
  std::move(remove).Cancel();
  return SyncDirectory(path);
}

absl::StatusOr<TreeBuilder> TreeBuilder::Load(const std::string& path, bool keep_names) {
  TERRACE_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  absl::string_view content = bytes;
  if (content.size() < kMagic.size() + kCheckBytes) return Damaged(path, "it is too short");
  const absl::string_view check = content.substr(content.size() - kCheckBytes);
  content.remove_suffix(kCheckBytes);
  if (absl::string_view(Sha256(content)) != check) return Damaged(path, "its check does not match");
  if (!absl::ConsumePrefix(&content, kMagic)) return Damaged(path, "it has another format");

  // The check matched, so what follows was written by Save; it is looked at all the same.
  TreeBuilder builder(keep_names);
  TreeData& data = *builder.data_;
  builder.StartLoad();
  Reader reader(content);
  data.cursor.log_id = std::string(reader.Text());
  data.cursor.revision = static_cast<int64_t>(reader.Number(8));
  if (!ReadCodes(reader, &data.levels) || !ReadCodes(reader, &data.kinds)) {
    return Damaged(path, "its codes cannot be read");
  }
  builder.levels_->Learn(*data.levels);
  builder.kinds_->Learn(*data.kinds);
  const uint64_t size = reader.Number(4);
  if (size > kTreeUnitsMax) return Damaged(path, "it has too many units");
  for (uint64_t i = 0; i < size; ++i) {
    const absl::string_view id = reader.Text();
    if (!resource::IsValidId(id) || data.Find(id) != kNoUnit) {
      return Damaged(path, absl::StrCat("unit ", i, " has no id of its own"));
    }
    Row row;
    const uint64_t state = reader.Number(1);
    row.state = static_cast<UnitState>(state);
    row.org_class = static_cast<uint8_t>(reader.Number(1));
    row.level = static_cast<uint16_t>(reader.Number(2));
    row.kind = static_cast<uint16_t>(reader.Number(2));
    bool parents_known = true;
    for (UnitNumber& parent : row.parent) {
      parent = static_cast<UnitNumber>(reader.Number(4));
      parents_known = parents_known && (parent < size || parent == kNoUnit);
    }
    const absl::string_view name = reader.Text();
    if (!reader.ok() || state > static_cast<uint64_t>(UnitState::kClosed) || !parents_known ||
        row.level >= data.levels->size() || row.kind >= data.kinds->size() || data.ids->full() ||
        data.names->full()) {
      return Damaged(path, absl::StrCat("unit ", i, " cannot be read"));
    }
    if (keep_names && !name.empty()) row.name = data.names->Add(name);
    builder.Append(id, row);
    if (row.state != UnitState::kAbsent) ++data.count;
  }
  if (!reader.at_end()) return Damaged(path, "it is too long");
  if (absl::Status status = builder.FinishLoad(); !status.ok()) {
    return Damaged(path, std::string(status.message()));
  }
  return builder;
}

}  // namespace terrace::tree
