#include "tests/scoring/published.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "services/scoring/engine/bands.h"
#include "services/terrace/csv.h"

namespace terrace::scoring {
namespace {

template <class T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
    std::abort();
  }
  return *std::move(value);
}

}  // namespace

Published::Published(const std::string& path, const std::string& key) {
  auto csv = Must(cli::CsvReader::Open(path));
  headings_ = csv.headings();
  while (Must(csv.Next())) {
    keys_.emplace_back(csv.Field(key));
    auto& row = rows_[keys_.back()];
    for (const std::string& heading : headings_) row[heading] = std::string(csv.Field(heading));
  }
}

const std::string& Published::Text(const std::string& key, const std::string& column) const {
  return rows_.at(key).at(column);
}

absl::optional<double> Published::Number(const std::string& key, const std::string& column) const {
  const std::string& text = Text(key, column);
  if (text.empty()) return absl::nullopt;
  double value = 0;
  FixedSum exact;
  TERRACE_CHECK(cli::ParseFigure(text, &value, &exact));
  return value;
}

std::string ReferenceData(absl::string_view folder) {
  const char* named = std::getenv("TERRACE_REFERENCE_DATA");
  const std::filesystem::path data =
      named != nullptr ? std::filesystem::path(named)
                       : std::filesystem::current_path().parent_path() / "shared" / "data";
  const std::filesystem::path path = data / std::string(folder);
  return std::filesystem::is_directory(path) ? path.string() : "";
}

std::string ExamplePath(absl::string_view example) {
  return absl::StrCat("services/scoring/examples/", example, ".json");
}

int Scored::Node(absl::string_view id) const {
  for (size_t node = 0; node < scheme.engine.nodes.size(); ++node) {
    if (id == scheme.engine.nodes[node].id) return static_cast<int>(node);
  }
  TERRACE_CHECK(false);
  return -1;
}

size_t Scored::Unit(absl::string_view id) const {
  const std::vector<std::string>& units = table.table.units;
  const auto found = std::find(units.begin(), units.end(), std::string(id));
  TERRACE_CHECK(found != units.end());
  return found - units.begin();
}

double Scored::Share(absl::string_view node, absl::string_view unit) const {
  const int row = Node(node);
  const absl::optional<Fixed>& value = result.nodes[row][Unit(unit)];
  if (!value) return std::numeric_limits<double>::quiet_NaN();
  return ToDouble(*value) / ToDouble(scheme.engine.nodes[row].points);
}

std::string Scored::Shown(absl::string_view unit) const {
  const absl::optional<Fixed>& score = result.scores[Unit(unit)];
  if (!score) return "";
  return ToDecimal(engine::Shown(*score, scheme.engine.decimals)).ToString(scheme.engine.decimals);
}

std::string Scored::Grade(absl::string_view unit) const {
  const int band = result.bands[Unit(unit)];
  return band < 0 ? "" : scheme.engine.bands[band].grade;
}

Scored ScoreFile(const std::string& scheme, const std::string& table, const std::string& unit) {
  Scored out;
  out.scheme = Must(cli::ReadTableScheme(scheme, "", cli::Language::kEnglish));
  cli::TableOptions options;
  options.unit_column = unit;
  out.table = Must(cli::ReadScoreTable(table, out.scheme, options));
  out.result = engine::Evaluate(out.scheme.engine, out.table.table);
  return out;
}

Scored ScoreText(const std::string& scheme, const std::string& table) {
  Scored out;
  out.scheme = Must(cli::ReadTableScheme(scheme, "", cli::Language::kEnglish));
  out.table = Must(cli::ScoreTableFromText("table", table, out.scheme, {}));
  out.result = engine::Evaluate(out.scheme.engine, out.table.table);
  return out;
}

}  // namespace terrace::scoring
