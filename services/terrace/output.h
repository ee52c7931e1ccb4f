// What commands print: tables for people, one line of protobuf JSON per resource for machines.
//
// Thread-safety. Belongs to one thread.
#ifndef TERRACE_SERVICES_TERRACE_OUTPUT_H_
#define TERRACE_SERVICES_TERRACE_OUTPUT_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace terrace::cli {

// Columns that a text takes on a terminal: Chinese characters take two, marks that combine none.
size_t WidthOf(absl::string_view text);
// The text cut to at most `columns`, with "…" in place of what was cut.
std::string Clip(absl::string_view text, size_t columns);

// Rows under headings; a column of numbers is set flush right.
class Table {
 public:
  explicit Table(std::vector<std::string> headings) : rows_{std::move(headings)} {}
  // A short row is filled up with empty cells; it must not be longer than the headings.
  void Add(std::vector<std::string> row);
  size_t rows() const { return rows_.size() - 1; }
  // Every line ends with a line feed; an empty table has its headings only.
  std::string ToString() const;

 private:
  std::vector<std::vector<std::string>> rows_;  // The headings first.
};

// Protobuf JSON on one line, with the names of the protos.
std::string ToJson(const google::protobuf::Message& message);

class Output {
 public:
  // `out` outlives it.
  Output(std::ostream* out, bool json) : out_(out), json_(json) {}

  bool json() const { return json_; }
  // Prints a line as it is.
  void Line(absl::string_view text) { *out_ << text << '\n' << std::flush; }
  void Print(const Table& table) { *out_ << table.ToString() << std::flush; }
  void PrintJson(const google::protobuf::Message& message) { Line(ToJson(message)); }
  std::ostream& stream() { return *out_; }

 private:
  std::ostream* out_;
  bool json_;
};

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_OUTPUT_H_
