#include "common/store/cursor.h"

namespace terrace::store {

types::v1::Cursor ToProto(const Cursor& cursor) {
  types::v1::Cursor message;
  message.set_log_id(cursor.log_id);
  message.set_revision(cursor.revision.value);
  return message;
}

Cursor FromProto(const types::v1::Cursor& cursor) {
  return {cursor.log_id(), Revision{cursor.revision()}};
}

}  // namespace terrace::store
