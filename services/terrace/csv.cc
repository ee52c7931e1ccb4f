#include "services/terrace/csv.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/file.h"

namespace terrace::cli {
namespace {

constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

CsvReader::CsvReader(std::string path, std::string text)
    : path_(std::move(path)), text_(std::move(text)) {
  if (absl::StartsWith(text_, kByteOrderMark)) at_ = kByteOrderMark.size();
}

absl::StatusOr<CsvReader> CsvReader::Open(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) {
    return Error(Reason::FILE_FAILED,
                 {{"path", path}, {"detail", std::string(text.status().message())}});
  }
  return FromText(path, *std::move(text));
}

absl::StatusOr<CsvReader> CsvReader::FromText(std::string path, std::string text) {
  CsvReader reader(std::move(path), std::move(text));
  TERRACE_ASSIGN_OR_RETURN(const bool some, reader.ReadRow());
  if (!some) return reader.BadRow("the headings are missing");
  reader.headings_.assign(reader.fields_.begin(), reader.fields_.begin() + reader.field_count_);
  for (size_t i = 0; i < reader.headings_.size(); ++i) {
    if (!reader.columns_.emplace(reader.headings_[i], i).second) {
      return reader.BadRow(
          absl::StrCat("the heading ", reader.headings_[i], " stands there twice"));
    }
  }
  return reader;
}

absl::Status CsvReader::BadRow(int64_t line, absl::string_view detail) const {
  return Error(Reason::BAD_TABLE,
               {{"path", path_}, {"line", absl::StrCat(line)}, {"detail", std::string(detail)}});
}

absl::Status CsvReader::Require(absl::Span<const char* const> headings) const {
  for (const char* heading : headings) {
    if (!Has(heading)) return BadRow(absl::StrCat("the column ", heading, " is missing"));
  }
  return absl::OkStatus();
}

size_t CsvReader::Column(absl::string_view heading) const {
  auto it = columns_.find(std::string(heading));
  TERRACE_CHECK(it != columns_.end());
  return it->second;
}

absl::string_view CsvReader::Field(absl::string_view heading) const {
  auto it = columns_.find(std::string(heading));
  return it == columns_.end() ? absl::string_view() : absl::string_view(fields_[it->second]);
}

absl::StatusOr<bool> CsvReader::Next() {
  TERRACE_ASSIGN_OR_RETURN(const bool some, ReadRow());
  if (some && field_count_ != headings_.size()) {
    return BadRow(
        absl::StrCat("there are ", field_count_, " fields under ", headings_.size(), " headings"));
  }
  return some;
}

absl::StatusOr<bool> CsvReader::ReadRow() {
  while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) {
    if (text_[at_++] == '\n') ++next_line_;
  }
  line_ = next_line_;
  field_count_ = 0;
  if (at_ >= text_.size()) return false;
  for (bool row_ends = false; !row_ends;) {
    if (field_count_ == fields_.size()) fields_.emplace_back();
    std::string& field = fields_[field_count_++];
    field.clear();
    if (at_ < text_.size() && text_[at_] == '"') {
      for (++at_;; ++at_) {
        const size_t quote = text_.find('"', at_);
        if (quote == std::string::npos) return BadRow("a quote does not end");
        field.append(text_, at_, quote - at_);
        at_ = quote + 1;
        if (at_ >= text_.size() || text_[at_] != '"') break;
        field.push_back('"');
      }
      for (char c : field) next_line_ += c == '\n' ? 1 : 0;
    } else {
      const size_t end = std::min(text_.find_first_of(",\r\n\"", at_), text_.size());
      field.assign(text_, at_, end - at_);
      at_ = end;
    }
    if (at_ < text_.size() && text_[at_] == '\r') ++at_;
    row_ends = at_ >= text_.size() || text_[at_] == '\n';
    if (!row_ends && text_[at_] != ',') return BadRow("a quote stands inside a field");
    if (at_ < text_.size() && text_[at_] == '\n') ++next_line_;
    ++at_;
  }
  return true;
}

absl::StatusOr<int64_t> CountLines(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) {
    return Error(Reason::FILE_FAILED,
                 {{"path", path}, {"detail", std::string(text.status().message())}});
  }
  int64_t lines = 0;
  for (size_t at = 0; at < text->size(); ++at) {
    if ((*text)[at] == '\n') continue;
    ++lines;
    at = std::min(text->find('\n', at), text->size());
  }
  return lines;
}

std::string CsvRow(absl::Span<const std::string> fields) {
  std::string out;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) out += ',';
    if (fields[i].find_first_of(",\"\r\n") == std::string::npos) {
      out += fields[i];
    } else {
      absl::StrAppend(&out, "\"", absl::StrReplaceAll(fields[i], {{"\"", "\"\""}}), "\"");
    }
  }
  return out + "\n";
}

}  // namespace terrace::cli
