#include "tests/bench/table.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace terrace::bench {
namespace {

// Large numbers whole, small ones with what distinguishes them.
std::string Number(double value) {
  if (value >= 100) return absl::StrFormat("%.0f", value);
  return absl::StrFormat("%.2f", value);
}

std::string Quoted(const std::string& text) {
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
}

}  // namespace

void Table::AddMissing(std::string what, std::string note) {
  Row row;
  row.what = std::move(what);
  row.note = std::move(note);
  rows_.push_back(std::move(row));
}

std::string Table::ToText() const {
  std::string out;
  const auto line = [&](const std::string& what, const std::string& value, const std::string& unit,
                        const std::string& ratio, const std::string& against) {
    absl::StrAppendFormat(&out, "%-52s %9s %-15s %7s  %s\n", what, value, unit, ratio, against);
  };
  line("what", "median", "unit", "ratio", "to");
  for (const Row& row : rows_) {
    line(row.what, row.unit.empty() ? "-" : Number(row.value), row.unit,
         row.against.empty() ? "" : absl::StrFormat("%.3f", row.ratio), row.against);
    if (!row.note.empty()) absl::StrAppend(&out, "    ", row.note, "\n");
  }
  return out;
}

std::string Table::ToJson() const {
  std::string out = "[";
  for (const Row& row : rows_) {
    if (out.size() > 1) absl::StrAppend(&out, ",");
    absl::StrAppend(&out, "\n  {\"what\": ", Quoted(row.what));
    if (!row.unit.empty()) {
      absl::StrAppend(&out, ", \"value\": ", row.value, ", \"unit\": ", Quoted(row.unit));
    }
    if (!row.against.empty()) {
      absl::StrAppend(&out, ", \"ratio\": ", row.ratio, ", \"to\": ", Quoted(row.against));
    }
    if (!row.note.empty()) absl::StrAppend(&out, ", \"note\": ", Quoted(row.note));
    absl::StrAppend(&out, "}");
  }
  return absl::StrCat(out, "\n]\n");
}

void Compete(int rounds, const std::vector<Contestant>& contestants, Table* table) {
  std::vector<std::vector<double>> values(contestants.size());
  std::vector<std::string> notes(contestants.size());
  for (int round = 0; round < rounds; ++round) {
    for (size_t i = 0; i < contestants.size(); ++i) {
      const LoadResult result = contestants[i].run();
      values[i].push_back(result.per_second);
      if (result.failed > 0 && notes[i].empty()) {
        notes[i] =
            absl::StrCat(result.failed, " failed in round ", round + 1, ": ", result.first_error);
      }
    }
  }
  for (size_t i = 0; i < contestants.size(); ++i) {
    Row row{contestants[i].what, Median(values[i]), contestants[i].unit};
    row.note = notes[i];
    if (const size_t yardstick = contestants[i].against; i != yardstick) {
      std::vector<double> ratios;
      for (int round = 0; round < rounds; ++round) {
        if (values[yardstick][round] > 0) {
          ratios.push_back(values[i][round] / values[yardstick][round]);
        }
      }
      row.ratio = Median(ratios);
      row.against = contestants[yardstick].what;
    }
    table->Add(std::move(row));
  }
}

}  // namespace terrace::bench
