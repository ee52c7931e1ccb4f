// Etags: an opaque mark of the revision in which a resource changed last. A caller that sends one
// with an update insists that nobody changed the resource in between.
#ifndef TERRACE_COMMON_RESOURCE_ETAG_H_
#define TERRACE_COMMON_RESOURCE_ETAG_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace terrace::resource {

// The etag of a resource that changed last in `revision` of the log `log_id`: after a restore the
// same revision number may mean another content, so the log is part of it.
std::string EtagOf(absl::string_view log_id, int64_t revision);

// OK when `etag` is empty or the one of that revision; ETAG_MISMATCH naming the resource otherwise.
absl::Status CheckEtag(absl::string_view etag, absl::string_view log_id, int64_t revision,
                       absl::string_view name);

}  // namespace terrace::resource

#endif  // TERRACE_COMMON_RESOURCE_ETAG_H_
