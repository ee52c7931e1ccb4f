// A table of figures as a file, to be scored at once: one row a unit, one column a statistic.
//
// The first column, or the one that is named, holds the ids of the units. Of the others, those that
// the scheme names are read: numbers, or any text for groupings; an empty field is a missing
// figure. Columns with the headings "parent" (the unit above, empty at the top), "level" and "kind"
// say where a unit stands, and what is left over is passed over.
//
// Thread-safety. Plain values.
#ifndef TERRACE_SERVICES_TERRACE_SCORE_TABLE_H_
#define TERRACE_SERVICES_TERRACE_SCORE_TABLE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/scoring/engine/evaluate.h"
#include "services/terrace/csv.h"
#include "services/terrace/table_scheme.h"

namespace terrace::cli {

// Limits of a table.
inline constexpr int64_t kTableBytesMax = int64_t{1} << 30;
inline constexpr size_t kTableUnitsMax = 1'000'000;
inline constexpr size_t kTableFiguresMax = 20'000'000;  // Units times leaves or columns.
inline constexpr size_t kOutrankedUnitsMax = 20'000;    // Compared each with each other.
inline constexpr int kTableDepthMax = 64;               // Levels of parents.

struct ScoreTable {
  scoring::engine::Table table;
  // What the groups and levels are called, by grouping and number, and by number.
  std::vector<std::vector<std::string>> group_names;
  std::vector<std::string> level_names;
};

struct TableOptions {
  std::string unit_column;     // Heading; empty for the first column.
  bool has_reference = false;  // Peers come from another table, and so may the reference unit.
};

// FILE_FAILED for a file that cannot be read or is too large, BAD_TABLE with the line for what is
// wrong in it.
absl::StatusOr<ScoreTable> ReadScoreTable(const std::string& path, const TableScheme& scheme,
                                          const TableOptions& options);
// The same for a text; `path` names it in errors.
absl::StatusOr<ScoreTable> ScoreTableFromText(std::string path, std::string text,
                                              const TableScheme& scheme,
                                              const TableOptions& options);

// Compares the units of `table` with the peers of another table, of which `found` is what an
// evaluation found.
void Freeze(const TableScheme& scheme, const ScoreTable& reference,
            const scoring::engine::Evaluation& found, ScoreTable* table);

// A number as people and programs write it, with an exponent too; as a double, and exactly up to 12
// decimals. False for anything else, and from 10^18 on.
bool ParseFigure(absl::string_view text, double* value, FixedSum* exact);

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_SCORE_TABLE_H_
