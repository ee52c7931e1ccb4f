#include "common/ledger/leaf.h"

#include "common/base/check.h"
#include "common/base/sha256.h"

namespace terrace::ledger {
namespace {

constexpr absl::string_view kTag = "terrace.leaf.1";

// Feeds the grammar's terminals to a hash.
class Encoder {
 public:
  explicit Encoder(Sha256Stream& sha) : sha_(sha) {}
  void Raw(absl::string_view bytes) { sha_.Add(bytes); }
  void Number(uint64_t number, size_t octets) {
    char out[8];
    for (size_t i = 0; i < octets; ++i) {
      out[i] = static_cast<char>(number >> (8 * (octets - 1 - i)));
    }
    sha_.Add(absl::string_view(out, octets));
  }
  void Bytes(absl::string_view bytes) {
    TERRACE_CHECK(bytes.size() <= UINT32_MAX);
    Number(bytes.size(), 4);
    sha_.Add(bytes);
  }

 private:
  Sha256Stream& sha_;
};

}  // namespace

Hash ValueHash(absl::string_view salt, absl::string_view value) {
  // A fixed length keeps the boundary between salt and value unambiguous.
  TERRACE_CHECK(salt.size() == kSaltBytes);
  thread_local Sha256Stream sha;
  return *HashFrom(sha.Add(salt).Add(value).Finish());
}

Hash LeafHash(const LeafEntry& entry) {
  thread_local Sha256Stream sha;
  Encoder out(sha);
  out.Number(0x00, 1);
  out.Raw(kTag);
  out.Bytes(entry.log_id);
  out.Number(static_cast<uint64_t>(entry.revision), 8);
  out.Number(static_cast<uint64_t>(absl::ToUnixMicros(entry.commit_time)), 8);
  out.Bytes(entry.batch_id);
  out.Bytes(entry.header);
  out.Number(entry.changes.size(), 4);
  for (const LeafChange& change : entry.changes) {
    out.Bytes(change.key);
    out.Number(change.value_hash ? 0x01 : 0x00, 1);
    if (change.value_hash) out.Raw(View(*change.value_hash));
  }
  return *HashFrom(sha.Finish());
}

}  // namespace terrace::ledger
