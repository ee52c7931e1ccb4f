// Changes at rest:
//
//   changes := version count change*
//   version := 0x01
//   count   := varint
//   change  := 0x01 bytes salt bytes     key, 16 bytes of salt, value
//            | 0x00 bytes                key, deleted
//   bytes   := varint octet*
//   varint  := seven bits an octet, lowest first, the top bit set on all but the last
//
// Order is that of the batch, because the leaf depends on it.
#include "common/store/log_record.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "common/base/error.h"
#include "common/base/random.h"
#include "common/ledger/leaf.h"

namespace terrace::store {
namespace {

constexpr char kVersion = 0x01;
constexpr char kSet = 0x01;
constexpr char kDeleted = 0x00;

void PutVarint(uint64_t number, std::string* out) {
  while (number >= 0x80) {
    out->push_back(static_cast<char>(number | 0x80));
    number >>= 7;
  }
  out->push_back(static_cast<char>(number));
}

void PutBytes(absl::string_view bytes, std::string* out) {
  PutVarint(bytes.size(), out);
  out->append(bytes.data(), bytes.size());
}

// Reads the grammar's terminals; every method says whether they were there.
class Reader {
 public:
  explicit Reader(absl::string_view in) : in_(in) {}

  bool Octet(char* out) {
    if (in_.empty()) return false;
    *out = in_[0];
    in_.remove_prefix(1);
    return true;
  }
  bool Varint(uint64_t* out) {
    *out = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      char octet;
      if (!Octet(&octet)) return false;
      *out |= static_cast<uint64_t>(octet & 0x7f) << shift;
      if ((octet & 0x80) == 0) return true;
    }
    return false;
  }
  bool Raw(uint64_t size, std::string* out) {
    if (size > in_.size()) return false;
    out->assign(in_.data(), size);
    in_.remove_prefix(size);
    return true;
  }
  bool Bytes(std::string* out) {
    uint64_t size;
    return Varint(&size) && Raw(size, out);
  }
  size_t left() const { return in_.size(); }

 private:
  absl::string_view in_;
};

bool Decode(absl::string_view bytes, std::vector<CommittedChange>* changes) {
  Reader in(bytes);
  char version;
  uint64_t count;
  if (!in.Octet(&version) || version != kVersion || !in.Varint(&count)) return false;
  if (count > in.left()) return false;  // No reservation on the word of damaged bytes.
  changes->resize(count);
  for (CommittedChange& change : *changes) {
    char kind;
    if (!in.Octet(&kind) || !in.Bytes(&change.key)) return false;
    if (kind == kDeleted) continue;
    if (kind != kSet || !in.Raw(ledger::kSaltBytes, &change.salt)) return false;
    if (!in.Bytes(&change.value.emplace())) return false;
  }
  return in.left() == 0;
}

}  // namespace

absl::Time NextCommitTime(absl::Time now, absl::Time last) {
  return std::max(absl::FromUnixMicros(absl::ToUnixMicros(now)), last);
}

std::vector<CommittedChange> SaltChanges(std::vector<Change> changes) {
  std::vector<CommittedChange> salted;
  salted.reserve(changes.size());
  for (Change& change : changes) {
    std::string salt = change.value ? RandomBytes(ledger::kSaltBytes) : "";
    salted.push_back({std::move(change.key), std::move(change.value), std::move(salt)});
  }
  return salted;
}

CommittedPtr MakeCommitted(const LogId& log_id, Revision revision, absl::Time commit_time,
                           Batch batch) {
  auto committed = std::make_shared<Committed>();
  committed->revision = revision;
  committed->commit_time = commit_time;
  committed->batch_id = std::move(batch.id);
  committed->header = std::move(batch.header);
  committed->changes = SaltChanges(std::move(batch.changes));
  committed->leaf = ComputeLeaf(log_id, *committed);
  return committed;
}

std::string ComputeLeaf(const LogId& log_id, const Committed& batch) {
  std::vector<ledger::LeafChange> changes;
  changes.reserve(batch.changes.size());
  for (const CommittedChange& change : batch.changes) {
    changes.push_back({change.key, absl::nullopt});
    if (change.value) changes.back().value_hash = ledger::ValueHash(change.salt, *change.value);
  }
  return ledger::ToString(ledger::LeafHash(
      {log_id, batch.revision.value, batch.commit_time, batch.batch_id, batch.header, changes}));
}

std::string EncodeChanges(absl::Span<const CommittedChange> changes,
                          std::vector<size_t>* value_offsets) {
  size_t size = 16;
  for (const CommittedChange& change : changes) {
    size += change.key.size() + (change.value ? change.value->size() : 0) + 32;
  }
  std::string out;
  out.reserve(size);
  out.push_back(kVersion);
  PutVarint(changes.size(), &out);
  for (const CommittedChange& change : changes) {
    out.push_back(change.value ? kSet : kDeleted);
    PutBytes(change.key, &out);
    if (change.value) {
      out.append(change.salt);
      PutBytes(*change.value, &out);
    }
    if (value_offsets == nullptr) continue;
    value_offsets->push_back(change.value ? out.size() - change.value->size() : 0);
  }
  return out;
}

absl::StatusOr<std::vector<CommittedChange>> DecodeChanges(absl::string_view bytes) {
  std::vector<CommittedChange> changes;
  if (!Decode(bytes, &changes)) {
    return Error(Reason::STORE_DAMAGED, {{"detail", "a batch of the log cannot be read"}});
  }
  return changes;
}

}  // namespace terrace::store
