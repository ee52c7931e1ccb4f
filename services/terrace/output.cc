#include "services/terrace/output.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/check.h"
#include "google/protobuf/util/json_util.h"

namespace terrace::cli {
namespace {

// The character at the front and how many bytes it has; broken bytes count as one character each.
uint32_t FrontCharacter(absl::string_view text, size_t* bytes) {
  const auto first = static_cast<unsigned char>(text[0]);
  *bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  if (*bytes > text.size()) *bytes = 1;
  if (*bytes == 1) return first;
  uint32_t character = first & (0xFFu >> (*bytes + 1));
  for (size_t i = 1; i < *bytes; ++i) {
    character = character << 6 | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  }
  return character;
}

size_t WidthOf(uint32_t character) {
  if (character >= 0x300 && character <= 0x36F) return 0;  // Combining marks.
  const bool wide = (character >= 0x1100 && character <= 0x115F) ||
                    (character >= 0x2E80 && character <= 0xA4CF) ||
                    (character >= 0xAC00 && character <= 0xD7A3) ||
                    (character >= 0xF900 && character <= 0xFAFF) ||
                    (character >= 0xFE30 && character <= 0xFE6F) ||
                    (character >= 0xFF00 && character <= 0xFF60) ||
                    (character >= 0xFFE0 && character <= 0xFFE6) ||
                    (character >= 0x1F300 && character <= 0x1FAFF) ||
                    (character >= 0x20000 && character <= 0x3FFFD);
  return wide ? 2 : 1;
}

bool IsNumber(absl::string_view cell) {
  return cell.find_first_not_of("0123456789.,-+%") == absl::string_view::npos;
}

}  // namespace

size_t WidthOf(absl::string_view text) {
  size_t width = 0;
  for (size_t bytes = 0; !text.empty(); text.remove_prefix(bytes)) {
    width += WidthOf(FrontCharacter(text, &bytes));
  }
  return width;
}

std::string Clip(absl::string_view text, size_t columns) {
  if (WidthOf(text) <= columns) return std::string(text);
  size_t kept = 0;
  size_t width = 0;
  for (size_t bytes = 0; kept < text.size(); kept += bytes) {
    width += WidthOf(FrontCharacter(text.substr(kept), &bytes));
    if (width + 1 > columns) break;
  }
  return absl::StrCat(text.substr(0, kept), "…");
}

void Table::Add(std::vector<std::string> row) {
  TERRACE_CHECK(row.size() <= rows_[0].size());
  row.resize(rows_[0].size());
  rows_.push_back(std::move(row));
}

std::string Table::ToString() const {
  const size_t columns = rows_[0].size();
  std::vector<size_t> widths(columns, 0);
  std::vector<bool> numbers(columns, rows_.size() > 1);
  for (size_t r = 0; r < rows_.size(); ++r) {
    for (size_t c = 0; c < columns; ++c) {
      widths[c] = std::max(widths[c], WidthOf(rows_[r][c]));
      if (r > 0 && !IsNumber(rows_[r][c])) numbers[c] = false;
    }
  }
  std::string out;
  for (const std::vector<std::string>& row : rows_) {
    std::string line;
    for (size_t c = 0; c < columns; ++c) {
      const std::string blank(widths[c] - WidthOf(row[c]), ' ');
      if (c > 0) line += "  ";
      line += numbers[c] ? blank + row[c] : row[c] + blank;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&out, line, "\n");
  }
  return out;
}

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  TERRACE_CHECK(google::protobuf::util::MessageToJsonString(message, &json, options).ok());
  return json;
}

}  // namespace terrace::cli
