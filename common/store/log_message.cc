#include "common/store/log_message.h"

#include "common/base/time.h"

namespace terrace::store {

void ToMessage(const Committed& batch, storage::v1::LogBatch* message) {
  message->set_revision(batch.revision.value);
  *message->mutable_commit_time() = ToProto(batch.commit_time);
  message->set_batch_id(batch.batch_id);
  message->set_header(batch.header);
  for (const CommittedChange& change : batch.changes) {
    storage::v1::LogChange& to = *message->add_changes();
    to.set_key(change.key);
    if (change.value) to.set_value(*change.value);
    to.set_salt(change.salt);
  }
  message->set_leaf(batch.leaf);
}

Committed FromMessage(const storage::v1::LogBatch& message) {
  Committed batch;
  batch.revision.value = message.revision();
  batch.commit_time = FromProto(message.commit_time());
  batch.batch_id = message.batch_id();
  batch.header = message.header();
  batch.changes.reserve(message.changes_size());
  for (const storage::v1::LogChange& from : message.changes()) {
    CommittedChange& change = batch.changes.emplace_back();
    change.key = from.key();
    if (from.has_value()) change.value = from.value();
    change.salt = from.salt();
  }
  batch.leaf = message.leaf();
  return batch;
}

}  // namespace terrace::store
