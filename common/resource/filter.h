// Filters of lists: a documented subset of AIP-160, parsed once and evaluated over messages.
//
//   filter      = [ conjunction ]                         empty matches everything
//   conjunction = disjunction { "AND" disjunction }
//   disjunction = term { "OR" term }                      OR binds tighter than AND, as in AIP-160
//   term        = [ "NOT" | "-" ] ( comparison | "(" conjunction ")" )
//   comparison  = path operator value
//   path        = field { "." field }
//   operator    = "=" | "!=" | "<" | "<=" | ">" | ">=" | ":"
//   value       = word | "quoted" | 'quoted' | "*" (after ":" only)
//
// What a value means depends on the field:
//   string            compared byte by byte; ":" asks whether the text contains the value
//   number, Decimal   a decimal number, compared exactly
//   bool              true or false, "=" and "!=" only
//   enum              the name of a value, with or without its type's prefix; ordered by number
//   Timestamp         RFC 3339, such as "2016-05-22T00:00:00+08:00"
//   google.type.Date  such as "2016-05-22"
//   repeated          ":" only: one element equals the value; paths may pass through repeated
//                     messages, again with ":" only
//   map               ":" only: the map has the key
//   any field         ":*" asks whether it is set (non-empty, for strings and lists)
// "!=" is exactly NOT "=". An unset message on the path, Timestamps included, equals nothing and is
// neither less nor greater than anything.
//
// Errors are INVALID_FILTER and say at which byte. A Filter is immutable and may be shared by
// threads; it keeps pointers into the descriptor pool of its type, which must outlive it.
#ifndef TERRACE_COMMON_RESOURCE_FILTER_H_
#define TERRACE_COMMON_RESOURCE_FILTER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace terrace::resource {

inline constexpr size_t kFilterBytesMax = 2048;
inline constexpr int kFilterDepthMax = 16;        // Nested parentheses and NOTs.
inline constexpr int kFilterComparisonsMax = 64;  // Comparisons in one filter.

class Filter {
 public:
  // Matches everything.
  Filter() = default;
  static absl::StatusOr<Filter> Parse(absl::string_view text,
                                      const google::protobuf::Descriptor* type);

  // `message` must be of the type given to Parse.
  bool Matches(const google::protobuf::Message& message) const;
  bool matches_everything() const { return root_ == nullptr; }

  struct Node;  // Private to filter.cc.

 private:
  std::shared_ptr<const Node> root_;
};

}  // namespace terrace::resource

#endif  // TERRACE_COMMON_RESOURCE_FILTER_H_
