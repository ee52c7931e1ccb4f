#include "services/terrace/china_division.h"

#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"

namespace terrace::cli {
namespace {

namespace v1 = registry::v1;

// Day of the tables' content: codes are as of this day, and an import on another day says the same.
void SetFromDate(v1::ImportUnitRow* row) {
  row->mutable_from_date()->set_year(2023);
  row->mutable_from_date()->set_month(6);
  row->mutable_from_date()->set_day(30);
}

struct Ending {
  const char* level;
  const char* ending;  // Of the name.
  const char* kind;
};

// The first that fits counts.
constexpr Ending kEndings[] = {
    {"province", "自治区", "autonomous-region"},
    {"province", "省", "province"},
    {"province", "市", "municipality"},
    {"prefecture", "市辖区", "code-group"},
    {"prefecture", "行政区划", "code-group"},
    {"prefecture", "自治州", "autonomous-prefecture"},
    {"prefecture", "地区", "prefecture"},
    {"prefecture", "盟", "league"},
    {"prefecture", "市", "city"},
    {"prefecture", "县", "code-group"},  // 5002: the counties of a municipality.
    {"county", "县", "county"},
    {"county", "区", "district"},
    {"county", "市", "city"},
    {"county", "旗", "banner"},
    {"township", "镇", "town"},
    {"township", "乡", "township"},
    {"township", "街道", "subdistrict"},
    {"township", "街道办事处", "subdistrict"},
    {"township", "苏木", "sumu"},
    {"village", "嘎查", "gacha"},
    {"village", "嘎查委会", "gacha"},
    {"village", "嘎查村委会", "gacha"},
    {"village", "嘎查村民委员会", "gacha"},
    {"village", "嘎查委员会", "gacha"},
    {"village", "社区", "community"},
    {"village", "居委会", "community"},
    {"village", "居民委员会", "community"},
    {"village", "社区委员会", "community"},
    {"village", "村委会", "village"},
    {"village", "村民委员会", "village"},
    {"village", "村", "village"},
};

v1::Kind MakeKind(const char* name, const char* en, const char* zh) {
  v1::Kind kind;
  kind.set_name(name);
  kind.set_display_name(en);
  (*kind.mutable_localized_names())["zh"] = zh;
  kind.set_org_class(v1::ORG_CLASS_ADMINISTRATIVE_AREA);
  return kind;
}

}  // namespace

v1::Kind CodeGroupKind() {
  return MakeKind(kCodeGroupKind, "Group of codes without an organisation", "代码分组");
}

v1::Kind ListedAreaKind() {
  return MakeKind(kListedAreaKind, "Area listed like a division", "类似区划的区域");
}

v1::ImportUnitRow NationRow() {
  v1::ImportUnitRow row;
  row.set_unit_id(kNationId);
  SetFromDate(&row);
  v1::Unit& unit = *row.mutable_unit();
  unit.set_display_name("中华人民共和国");
  (*unit.mutable_localized_names())["en"] = "China";
  unit.set_kind("kinds/nation");
  unit.set_level("levels/nation");
  return row;
}

std::string DivisionKind(absl::string_view level, absl::string_view name) {
  for (const Ending& row : kEndings) {
    if (level == row.level && absl::EndsWith(name, row.ending)) {
      return absl::StrCat("kinds/", row.kind);
    }
  }
  return kListedAreaKind;
}

std::string DivisionPath(const std::string& dir, const DivisionTable& table) {
  const std::filesystem::path inside = std::filesystem::path(dir) / "dist" / table.file;
  std::error_code error;
  return std::filesystem::exists(inside, error)
             ? inside.string()
             : (std::filesystem::path(dir) / table.file).string();
}

DivisionReader::DivisionReader(const DivisionTable& table, CsvReader csv)
    : table_(&table), csv_(std::move(csv)) {}

absl::StatusOr<DivisionReader> DivisionReader::Open(const std::string& dir,
                                                    const DivisionTable& table) {
  TERRACE_ASSIGN_OR_RETURN(CsvReader csv, CsvReader::Open(DivisionPath(dir, table)));
  TERRACE_RETURN_IF_ERROR(csv.Require({"code", "name"}));
  DivisionReader reader(table, std::move(csv));
  reader.code_ = reader.csv_.Column("code");
  reader.name_ = reader.csv_.Column("name");
  if (*table.parent_column != '\0') {
    TERRACE_RETURN_IF_ERROR(reader.csv_.Require({table.parent_column}));
    reader.parent_ = reader.csv_.Column(table.parent_column);
  }
  return reader;
}

absl::StatusOr<bool> DivisionReader::Next(v1::ImportUnitRow* row) {
  TERRACE_ASSIGN_OR_RETURN(const bool some, csv_.Next());
  if (!some) return false;
  const absl::string_view code = csv_.Field(code_);
  const absl::string_view name = csv_.Field(name_);
  const absl::string_view parent =
      *table_->parent_column == '\0' ? absl::string_view() : csv_.Field(parent_);
  if (code.size() != table_->code_digits ||
      code.find_first_not_of("0123456789") != absl::string_view::npos) {
    return csv_.BadRow(
        absl::StrCat("the code \"", code, "\" does not have ", table_->code_digits, " digits"));
  }
  if (!absl::StartsWith(code, parent)) {
    return csv_.BadRow(absl::StrCat("the code ", code, " does not start with ", parent));
  }
  row->Clear();
  row->set_unit_id(std::string(code));
  row->set_parent_id(parent.empty() ? kNationId : std::string(parent));
  SetFromDate(row);
  v1::Unit& unit = *row->mutable_unit();
  unit.set_display_name(std::string(name));
  unit.set_kind(DivisionKind(table_->level, name));
  unit.set_level(absl::StrCat("levels/", table_->level));
  v1::UnitCode& stat = *unit.add_codes();
  stat.set_system(kDivisionCodeSystem);
  stat.set_code(std::string(code));
  return true;
}

}  // namespace terrace::cli
