#include "services/inspections/refusals.h"

#include "absl/strings/str_cat.h"
#include "common/base/error.h"

namespace terrace::inspections {

absl::Status NotFound(absl::string_view name) {
  return Error(Reason::NOT_FOUND, {{"name", std::string(name)}});
}

absl::Status Needed(absl::string_view field) {
  return Error(Reason::REQUIRED_FIELD, {{"field", std::string(field)}});
}

absl::Status CheckCount(int count, int limit) {
  if (count <= limit) return absl::OkStatus();
  return Error(Reason::BATCH_TOO_LARGE,
               {{"count", absl::StrCat(count)}, {"limit", absl::StrCat(limit)}});
}

absl::Status CheckRange(absl::string_view field, int value, int least, int most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return Error(Reason::NUMBER_OUT_OF_RANGE, {{"field", std::string(field)},
                                             {"value", absl::StrCat(value)},
                                             {"range", absl::StrCat(least, " to ", most)}});
}

absl::Status WrongState(absl::string_view name, absl::string_view state, absl::string_view needed) {
  return Error(Reason::WRONG_STATE, {{"name", std::string(name)},
                                     {"state", std::string(state)},
                                     {"needed", std::string(needed)}});
}

}  // namespace terrace::inspections
