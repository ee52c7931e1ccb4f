#include "services/terrace/unit_csv.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "services/terrace/words.h"

namespace terrace::cli {
namespace {

constexpr const char* kCodeSystems[] = {"uscc", "stat"};
constexpr absl::string_view kNamePrefix = "name:";

std::string CodeOf(const registry::v1::Unit& unit, absl::string_view system) {
  for (const registry::v1::UnitCode& code : unit.codes()) {
    if (system == absl::string_view(code.system()) && !code.has_until_date()) return code.code();
  }
  return "";
}

}  // namespace

const std::vector<std::string>& UnitColumns() {
  static const auto* const kColumns = new std::vector<std::string>{
      "id",    "parent", "sector_parent", "name", "name:en", "name:zh",        "kind",
      "level", "rank",   "from",          "uscc", "stat",    "no_code_reason", "contact_role"};
  return *kColumns;
}

std::vector<std::string> UnitFields(const registry::v1::ExportUnitsResponse::Record& record) {
  const registry::v1::Unit& unit = record.unit();
  const auto name = [&](const char* tag) {
    auto it = unit.localized_names().find(tag);
    return it == unit.localized_names().end() ? std::string() : it->second;
  };
  return {IdOf(unit.name()),
          IdOf(unit.placement().parent()),
          IdOf(unit.placement().sector_parent()),
          unit.display_name(),
          name("en"),
          name("zh"),
          IdOf(unit.kind()),
          IdOf(unit.level()),
          IdOf(unit.rank()),
          DateText(unit.open_date()),
          CodeOf(unit, "uscc"),
          CodeOf(unit, "stat"),
          unit.no_code_reason(),
          unit.contact_role()};
}

absl::Status CheckUnitColumns(const CsvReader& csv) {
  TERRACE_RETURN_IF_ERROR(csv.Require({"id", "name", "kind", "level"}));
  for (const std::string& heading : csv.headings()) {
    if (absl::StartsWith(heading, kNamePrefix)) continue;
    if (std::count(UnitColumns().begin(), UnitColumns().end(), heading) == 0) {
      return csv.BadRow(absl::StrCat("the column ", heading, " is not known"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<registry::v1::ImportUnitRow> ParseUnitRow(const CsvReader& csv) {
  registry::v1::ImportUnitRow row;
  row.set_unit_id(std::string(csv.Field("id")));
  row.set_parent_id(std::string(csv.Field("parent")));
  row.set_sector_parent_id(std::string(csv.Field("sector_parent")));
  if (!csv.Field("from").empty()) {
    absl::StatusOr<google::type::Date> from = ParseDate(csv.Field("from"));
    if (!from.ok()) return csv.BadRow(absl::StrCat("\"", csv.Field("from"), "\" is not a day"));
    *row.mutable_from_date() = *from;
  }
  registry::v1::Unit& unit = *row.mutable_unit();
  unit.set_display_name(std::string(csv.Field("name")));
  unit.set_kind(InTable("kinds", csv.Field("kind")));
  unit.set_level(InTable("levels", csv.Field("level")));
  if (!csv.Field("rank").empty()) unit.set_rank(InTable("levels", csv.Field("rank")));
  unit.set_no_code_reason(std::string(csv.Field("no_code_reason")));
  unit.set_contact_role(std::string(csv.Field("contact_role")));
  for (const char* system : kCodeSystems) {
    if (csv.Field(system).empty()) continue;
    registry::v1::UnitCode& code = *unit.add_codes();
    code.set_system(system);
    code.set_code(std::string(csv.Field(system)));
  }
  for (const std::string& heading : csv.headings()) {
    absl::string_view tag = heading;
    if (absl::ConsumePrefix(&tag, kNamePrefix) && !csv.Field(heading).empty()) {
      (*unit.mutable_localized_names())[std::string(tag)] = std::string(csv.Field(heading));
    }
  }
  return row;
}

}  // namespace terrace::cli
