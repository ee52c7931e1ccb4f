// Units as a table that people edit: what `terrace export units` writes and `terrace import
// --units` reads.
//
// Columns: id, name, kind and level must be there; parent, sector_parent, rank, from, uscc, stat,
// no_code_reason and contact_role may be, and "name:TAG" for the name in the language of a BCP 47
// tag. Kinds and levels are written without "kinds/" and "levels/".
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_TERRACE_UNIT_CSV_H_
#define TERRACE_SERVICES_TERRACE_UNIT_CSV_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/terrace/csv.h"
#include "terrace/registry/v1/import.pb.h"

namespace terrace::cli {

// What a table of units is written with.
const std::vector<std::string>& UnitColumns();
std::vector<std::string> UnitFields(const registry::v1::ExportUnitsResponse::Record& record);

// BAD_TABLE unless the table has the columns that must be there and no unknown ones.
absl::Status CheckUnitColumns(const CsvReader& csv);
// The present row of a table.
absl::StatusOr<registry::v1::ImportUnitRow> ParseUnitRow(const CsvReader& csv);

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_UNIT_CSV_H_
