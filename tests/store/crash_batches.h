// The batches of the crash tests: everything in one follows from its id, so that whoever finds an
// id in a log or in a report knows exactly what must be there.
#ifndef TERRACE_TESTS_STORE_CRASH_BATCHES_H_
#define TERRACE_TESTS_STORE_CRASH_BATCHES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "common/store/store.h"

namespace terrace::store {

// Sets some keys below OwnKeys(id), which no other batch touches, and sets and deletes a few that
// all batches share.
Batch CrashBatch(absl::string_view id);

// Keys that belong to the batch alone; deleted by nobody.
KeyRange OwnKeys(absl::string_view id);

// All keys of all batches that are owned, and the id in such a key.
KeyRange AllOwnKeys();
std::string OwnerOf(absl::string_view key);

}  // namespace terrace::store

#endif  // TERRACE_TESTS_STORE_CRASH_BATCHES_H_
