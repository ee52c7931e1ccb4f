#include "common/machine/state.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/base/time.h"
#include "common/store/cursor.h"

namespace terrace::machine {
namespace {

bool IsOperation(absl::string_view key) { return absl::StrContains(key, "/operations/"); }

}  // namespace

absl::Time InstantOf(const store::Committed& batch) {
  storage::v1::Header header;
  if (!header.ParseFromString(batch.header) || !header.has_received_time()) {
    return batch.commit_time;
  }
  const absl::Time received = FromProto(header.received_time());
  return received <= batch.commit_time + kSkewMost ? std::max(batch.commit_time, received)
                                                   : batch.commit_time;
}

absl::Status State::ContinueOperation(Decision&, internal::v1::OperationRecord& operation) const {
  return Error(Reason::NOT_FOUND, {{"name", operation.spec().type_url()}});
}

void State::ApplyEntry(const store::Entry& entry) {
  Change(entry.key, &entry.value, entry.revision, absl::InfinitePast());
}

void State::ApplyBatch(const store::Committed& batch) {
  log_time_ = std::max(log_time_, batch.commit_time);
  latest_instant_ = std::max(latest_instant_, InstantOf(batch));
  for (const store::CommittedChange& change : batch.changes) {
    Change(change.key, change.value ? &*change.value : nullptr, batch.revision, batch.commit_time);
  }
}

void State::Change(absl::string_view key, const std::string* value, store::Revision revision,
                   absl::Time commit_time) {
  if (absl::StartsWith(key, kRequestPrefix)) return;
  const bool own = absl::StartsWith(key, "guards/") || absl::StartsWith(key, "meta/");
  const bool tick = key == kTickKey;
  const bool operation = !own && !tick && IsOperation(key);

  auto it = rows_.rows_.find(key);
  const bool known = it != rows_.rows_.end();
  if (known && it->second.revision >= revision) return;  // A snapshot page was ahead of the log.

  if (operation) {
    internal::v1::OperationRecord record;
    if (value != nullptr) TERRACE_CHECK(record.ParseFromString(*value));
    if (value != nullptr && !record.done()) {
      open_operations_.insert(std::string(key));
    } else {
      open_operations_.erase(std::string(key));
    }
  } else if (tick && value != nullptr) {
    storage::v1::Tick record;
    TERRACE_CHECK(record.ParseFromString(*value));
    log_time_ = std::max(log_time_, FromProto(record.instant()));
    OnTick(FromProto(record.instant()));
  } else if (!own && !tick) {
    OnChange({key, known ? &it->second.value : nullptr, value, revision, commit_time});
    if (!Resident(key)) return;
  }

  if (value == nullptr) {
    if (known) rows_.rows_.erase(it);
  } else if (known) {
    it->second = {*value, revision};
  } else {
    rows_.rows_.emplace(std::string(key), Row{*value, revision});
  }
}

std::string State::Digest() const {
  Sha256Stream hash;
  for (const auto& [key, row] : rows_.rows_) {
    hash.AddSized(key).AddSized(row.value).AddSized(absl::StrCat(row.revision.value));
  }
  return hash.AddSized(IndexDigest()).Finish();
}

internal::v1::OperationRecord StartOperation(Decision& decision, absl::string_view office,
                                             absl::string_view service,
                                             const google::protobuf::Message& spec,
                                             const google::protobuf::Message& metadata) {
  internal::v1::OperationRecord record;
  record.set_name(absl::StrCat(office, "/operations/", service, ".", decision.NewId()));
  record.mutable_spec()->PackFrom(spec);
  record.mutable_metadata()->PackFrom(metadata);
  record.mutable_actor()->set_subject(decision.identity().subject);
  record.mutable_actor()->set_office(std::string(office));
  *record.mutable_create_time() = ToProto(decision.now());
  const tree::TreeCursor& tree = decision.tree().cursor();
  *record.mutable_registry() = store::ToProto({tree.log_id, {tree.revision}});
  decision.Put(record.name(), record);
  return record;
}

}  // namespace terrace::machine
