// What the decisions and reads of scoring share.
//
// Thread-safety: pure functions.
#ifndef TERRACE_SERVICES_SCORING_STATE_COMMON_H_
#define TERRACE_SERVICES_SCORING_STATE_COMMON_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/error.h"
#include "common/base/sha256.h"

namespace terrace::scoring {

inline absl::Status NotFound(absl::string_view name) {
  return Error(Reason::NOT_FOUND, {{"name", std::string(name)}});
}
inline absl::Status Required(absl::string_view field) {
  return Error(Reason::REQUIRED_FIELD, {{"field", std::string(field)}});
}
inline absl::Status Invalid(absl::string_view field, absl::string_view detail) {
  return Error(Reason::INVALID_FIELD,
               {{"field", std::string(field)}, {"detail", std::string(detail)}});
}

// Etag of the n-th content of a resource: known before its revision is.
std::string EtagOf(absl::string_view name, int64_t edits);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_STATE_COMMON_H_
