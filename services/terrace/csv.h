// Tables of comma-separated values as RFC 4180 describes them: a line of headings, fields in quotes
// where they need them, line feeds with or without carriage returns, an optional byte-order mark.
//
// Thread-safety. A reader belongs to one thread.
#ifndef TERRACE_SERVICES_TERRACE_CSV_H_
#define TERRACE_SERVICES_TERRACE_CSV_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace terrace::cli {

class CsvReader {
 public:
  // Reads the whole file and its headings. FILE_FAILED or BAD_TABLE.
  static absl::StatusOr<CsvReader> Open(const std::string& path);
  // The same for a text; `path` names it in errors.
  static absl::StatusOr<CsvReader> FromText(std::string path, std::string text);

  const std::vector<std::string>& headings() const { return headings_; }
  bool Has(absl::string_view heading) const { return columns_.count(std::string(heading)) > 0; }
  // BAD_TABLE unless all of these are among the headings.
  absl::Status Require(absl::Span<const char* const> headings) const;

  // Goes to the next row; false after the last. BAD_TABLE for a row with more or fewer fields than
  // there are headings, or with a quote that does not end. Empty lines are passed over.
  absl::StatusOr<bool> Next();
  // The field of the present row; empty for a column that the table does not have.
  absl::string_view Field(absl::string_view heading) const;
  absl::string_view Field(size_t column) const { return fields_[column]; }
  // The column of a heading that the table has.
  size_t Column(absl::string_view heading) const;
  // The line on which the present row begins, from 1.
  int64_t line() const { return line_; }

  // A row that cannot be used: the present one, or the one that began on that line.
  absl::Status BadRow(absl::string_view detail) const { return BadRow(line_, detail); }
  absl::Status BadRow(int64_t line, absl::string_view detail) const;

 private:
  CsvReader(std::string path, std::string text);
  absl::StatusOr<bool> ReadRow();

  std::string path_;
  std::string text_;
  size_t at_ = 0;
  int64_t line_ = 0;
  int64_t next_line_ = 1;
  std::vector<std::string> headings_;
  std::map<std::string, size_t> columns_;
  std::vector<std::string> fields_;  // Kept from row to row, so that their memory is used again.
  size_t field_count_ = 0;
};

// The number of lines of a file that hold something: what a progress bar counts to.
absl::StatusOr<int64_t> CountLines(const std::string& path);

// One row with its line feed, quoted where it must be.
std::string CsvRow(absl::Span<const std::string> fields);

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_CSV_H_
