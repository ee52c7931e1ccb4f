// Errors that callers see: one catalogue of reasons (reasons.def), each with its code and a
// sentence in English and in Chinese. Inside the project an error is an absl::Status made here;
// common/rpc turns it into google.rpc details at the edge.
#ifndef TERRACE_COMMON_BASE_ERROR_H_
#define TERRACE_COMMON_BASE_ERROR_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"

namespace terrace {

enum class Reason {
#define REASON(name, code, en, zh) name,
#include "common/base/reasons.def"
#undef REASON
};

// One row of the catalogue.
struct ReasonInfo {
  Reason reason;
  absl::string_view name;  // "UNKNOWN_PARENT"
  absl::StatusCode code;
  absl::string_view en;  // Sentence with {arguments}.
  absl::string_view zh;
};
absl::Span<const ReasonInfo> ReasonCatalogue();
const ReasonInfo& InfoOf(Reason reason);

using ErrorArgs = std::vector<std::pair<std::string, std::string>>;

// The error of that reason; `args` fill the sentence and travel as ErrorInfo metadata.
absl::Status Error(Reason reason, ErrorArgs args = {});

// What Error() put into a status; nullopt for other statuses.
struct ErrorDetails {
  Reason reason;
  ErrorArgs args;
  std::string en;  // Sentences, filled in.
  std::string zh;
};
absl::optional<ErrorDetails> DetailsOf(const absl::Status& status);
bool HasReason(const absl::Status& status, Reason reason);

}  // namespace terrace

#endif  // TERRACE_COMMON_BASE_ERROR_H_
