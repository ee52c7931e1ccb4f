// Etags: an opaque mark of what a resource says. A caller that sends one with an update insists
// that nobody changed the resource since. Made of the content alone: a reply does not know its
// revision before it is committed, and log time may stand still between two changes.
//
// Pure functions.
#ifndef TERRACE_COMMON_RESOURCE_ETAG_H_
#define TERRACE_COMMON_RESOURCE_ETAG_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace terrace::resource {

// The same bytes for the same content. Maps have no order of their own; here they get one.
std::string SerializeInOrder(const google::protobuf::Message& message);

// Of a resource as it is stored.
std::string EtagOf(const google::protobuf::Message& record);

// OK when `given` is empty or the present one; ETAG_MISMATCH naming the resource otherwise.
absl::Status CheckEtag(absl::string_view given, absl::string_view present, absl::string_view name);
absl::Status CheckEtag(absl::string_view given, const google::protobuf::Message& record,
                       absl::string_view name);

}  // namespace terrace::resource

#endif  // TERRACE_COMMON_RESOURCE_ETAG_H_
