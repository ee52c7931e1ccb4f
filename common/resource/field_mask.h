// Update masks as AIP-134 and AIP-161 have them.
//
// Concept. Paths are relative to the resource, dotted through singular messages. No mask: the
// populated fields of the request are taken over. "*": the resource is replaced. A path: that field
// is set to the request's value, or cleared where the request leaves it out; messages, lists and
// maps are replaced as a whole.
//
// Some fields of a resource are not the caller's to change (name, times, state, derived figures).
// Naming one in a mask, or a field inside it, is INVALID_MASK; with no mask or "*", and for a path
// that contains such fields, they keep their stored values.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_COMMON_RESOURCE_FIELD_MASK_H_
#define TERRACE_COMMON_RESOURCE_FIELD_MASK_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/message.h"

namespace terrace::resource {

inline constexpr int kMaskPathsMax = 100;

// Changes `resource` to what `update` asks for under `mask`. `fixed_paths` lists the output-only
// and immutable fields; they must exist (CHECKed). On an error `resource` is untouched. Both
// messages must be of one type.
absl::Status ApplyUpdate(const google::protobuf::FieldMask& mask,
                         const google::protobuf::Message& update,
                         absl::Span<const absl::string_view> fixed_paths,
                         google::protobuf::Message* resource);

}  // namespace terrace::resource

#endif  // TERRACE_COMMON_RESOURCE_FIELD_MASK_H_
