// What a refused row or item of a batch tells its sender.
//
// Thread-safety: pure functions.
#ifndef TERRACE_COMMON_BASE_REFUSAL_H_
#define TERRACE_COMMON_BASE_REFUSAL_H_

#include <string>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "common/base/error.h"

namespace terrace {

// Fills in reason, field and both sentences of a status that is not OK. Result is any message with
// these fields.
template <class Result>
void FillRefusal(const absl::Status& status, Result* result) {
  const absl::optional<ErrorDetails> details = DetailsOf(status);
  if (!details) {
    result->set_message(std::string(status.message()));
    return;
  }
  result->set_reason(std::string(InfoOf(details->reason).name));
  result->set_message(details->en);
  result->set_message_zh(details->zh);
  for (const auto& [key, value] : details->args) {
    if (key == "field") result->set_field(value);
  }
}

}  // namespace terrace

#endif  // TERRACE_COMMON_BASE_REFUSAL_H_
