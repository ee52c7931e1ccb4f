#include "services/terrace/listing.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace terrace::cli {

std::string FactsText(const Facts& facts) {
  size_t width = 0;
  for (const auto& [name, value] : facts) {
    if (!value.empty()) width = std::max(width, WidthOf(name));
  }
  std::string out;
  for (const auto& [name, value] : facts) {
    if (value.empty()) continue;
    absl::StrAppend(&out, name, std::string(width - WidthOf(name) + 2, ' '), value, "\n");
  }
  return out;
}

}  // namespace terrace::cli
