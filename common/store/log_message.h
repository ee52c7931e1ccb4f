// Batches of a log as messages, for copies that leave the store.
//
// Pure functions, thread-safe.
#ifndef TERRACE_COMMON_STORE_LOG_MESSAGE_H_
#define TERRACE_COMMON_STORE_LOG_MESSAGE_H_

#include "common/store/store.h"
#include "terrace/storage/v1/backup.pb.h"

namespace terrace::store {

void ToMessage(const Committed& batch, storage::v1::LogBatch* message);
Committed FromMessage(const storage::v1::LogBatch& message);

}  // namespace terrace::store

#endif  // TERRACE_COMMON_STORE_LOG_MESSAGE_H_
