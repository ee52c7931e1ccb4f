// Cursors as messages carry them. Pure functions.
#ifndef TERRACE_COMMON_STORE_CURSOR_H_
#define TERRACE_COMMON_STORE_CURSOR_H_

#include "common/store/store.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::store {

types::v1::Cursor ToProto(const Cursor& cursor);
Cursor FromProto(const types::v1::Cursor& cursor);

}  // namespace terrace::store

#endif  // TERRACE_COMMON_STORE_CURSOR_H_
