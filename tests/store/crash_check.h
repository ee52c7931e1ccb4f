// What must hold of a store that was written with CrashBatch and cut short, however that happened.
#ifndef TERRACE_TESTS_STORE_CRASH_CHECK_H_
#define TERRACE_TESTS_STORE_CRASH_CHECK_H_

#include <map>
#include <string>

#include "common/store/store.h"

namespace terrace::store {

// Batch id to revision, as acknowledged.
using Acknowledged = std::map<std::string, Revision>;

// Every acknowledged batch is there under its revision, every batch is whole in the log and in the
// keys, the log has no gap behind what was forgotten, and every leaf recomputes.
void ExpectNothingLostOrHalf(Store& store, const Acknowledged& acknowledged);

}  // namespace terrace::store

#endif  // TERRACE_TESTS_STORE_CRASH_CHECK_H_
