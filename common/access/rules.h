// The access rule of a method, read once from its descriptor and checked on the wire bytes of every
// message, typed and proxied alike. Every occurrence of a name is checked, also those that a parser
// would overwrite, so no encoding trick hides one.
#ifndef TERRACE_COMMON_ACCESS_RULES_H_
#define TERRACE_COMMON_ACCESS_RULES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/access/identity.h"
#include "common/tree/tree.h"
#include "google/protobuf/descriptor.h"
#include "terrace/options/v1/access.pb.h"

namespace terrace::access {

// Immutable, thread-safe.
class MethodRule {
 public:
  // FAILED_PRECONDITION when the method declares no access, or names a field that it does not have.
  static absl::StatusOr<MethodRule> Of(const google::protobuf::MethodDescriptor& method);
  // The same with a rule from elsewhere, for methods of protos that are not ours.
  static absl::StatusOr<MethodRule> Of(const google::protobuf::MethodDescriptor& method,
                                       const options::v1::Access& access);

  // Whether the caller may send this message. NOT_FOUND for what the caller may not even see.
  absl::Status Check(const Identity& identity, const tree::Tree& tree, absl::string_view message,
                     absl::Time now) const;

  // Whether the message names a unit that the tree does not know.
  bool SpeaksOfUnknownUnits(const tree::Tree& tree, absl::string_view message) const;

 private:
  struct Name {
    std::string field;
    std::vector<int> path;  // Field numbers from the request down.
    options::v1::Role role;
    options::v1::Reach reach;
    bool optional;
  };

  std::vector<Name> names_;
  options::v1::Role anywhere_ = options::v1::ROLE_UNSPECIFIED;
  options::v1::Role realm_ = options::v1::ROLE_UNSPECIFIED;
  bool internal_ = false;
  std::string method_;
};

// All values of the length-delimited field at `path`, in the order of the wire. MALFORMED_MESSAGE
// when the bytes cannot be walked.
absl::Status ScanWire(absl::string_view message, absl::Span<const int> path,
                      std::vector<absl::string_view>* values);

}  // namespace terrace::access

#endif  // TERRACE_COMMON_ACCESS_RULES_H_
