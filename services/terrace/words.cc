#include "services/terrace/words.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/base/time.h"

namespace terrace::cli {

absl::TimeZone ShanghaiZone() {
  static const absl::TimeZone zone = [] {
    absl::TimeZone loaded;
    // A machine without the database of zones: China has kept UTC+8 since 1991.
    return absl::LoadTimeZone("Asia/Shanghai", &loaded) ? loaded : absl::FixedTimeZone(8 * 3600);
  }();
  return zone;
}

std::string UnitName(absl::string_view word) { return word.empty() ? "" : InTable("units", word); }

std::string InTable(absl::string_view table, absl::string_view word) {
  return absl::StrContains(word, "/") ? std::string(word) : absl::StrCat(table, "/", word);
}

std::string IdOf(absl::string_view name) { return std::string(name.substr(name.rfind('/') + 1)); }

absl::StatusOr<google::type::Date> ParseDate(absl::string_view word) {
  absl::CivilDay day;
  if (word.size() != 10 || !absl::ParseCivilTime(word, &day) || day.year() < 1) {
    return UsageError(absl::StrCat("\"", word, "\" is not a day; write it as 2016-12-31."));
  }
  return ToDate(day);
}

google::type::Date ToDate(absl::CivilDay day) {
  google::type::Date date;
  date.set_year(static_cast<int32_t>(day.year()));
  date.set_month(day.month());
  date.set_day(day.day());
  return date;
}

absl::CivilDay ToDay(const google::type::Date& date) {
  return absl::CivilDay(date.year(), date.month(), date.day());
}

std::string DateText(const google::type::Date& date) {
  if (date.year() == 0) return "";
  return absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(), date.day());
}

absl::StatusOr<absl::Time> ParseInstant(absl::string_view word) {
  absl::Time time;
  std::string error;
  if (word.size() == 10) {
    TERRACE_ASSIGN_OR_RETURN(const google::type::Date date, ParseDate(word));
    return absl::FromCivil(ToDay(date) + 1, ShanghaiZone()) - absl::Seconds(1);
  }
  if (absl::ParseTime(absl::RFC3339_full, word, &time, &error)) return time;
  return UsageError(absl::StrCat("\"", word,
                                 "\" is not an instant; write it as 2016-12-31 or as "
                                 "2016-12-31T12:00:00+08:00."));
}

std::string InstantText(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return "";
  return absl::FormatTime("%Y-%m-%d %H:%M", FromProto(time), ShanghaiZone());
}

std::string QuantityText(const types::v1::Quantity& quantity) {
  std::string out;
  if (quantity.qualifier() == types::v1::QUALIFIER_AT_LEAST) out = "AL ";
  if (quantity.qualifier() == types::v1::QUALIFIER_ABOUT) out = "about ";
  absl::StrAppend(&out, quantity.value().value());
  if (!quantity.unit().empty()) absl::StrAppend(&out, " ", quantity.unit());
  return out;
}

std::string EnumText(absl::string_view name, absl::string_view prefix) {
  absl::ConsumePrefix(&name, prefix);
  if (name == "UNSPECIFIED") return "";
  return absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"_", " "}});
}

Flag UnderFlag(absl::string_view what) {
  return {"under", "UNIT", absl::StrCat(what, " of this unit and everything below it")};
}
Flag AtFlag() { return {"at", "INSTANT", "as of this day or instant instead of now"}; }
Flag LineFlag() {
  return {"line",      "LINE", "what \"below\" means: territory or sector",
          "territory", false,  "territory sector"};
}
Flag FilterFlag(absl::string_view example) {
  return {"filter", "CONDITION", absl::StrCat("only rows that meet it, such as '", example, "'")};
}
Flag LimitFlag() { return {"limit", "ROWS", "at most this many rows; 0 for all", "0"}; }

absl::Status FillScope(const Arguments& arguments, google::protobuf::Message* request) {
  const auto* type = request->GetDescriptor();
  const auto* reflection = request->GetReflection();
  const auto wants = [&](const char* flag) {
    return arguments.Declares(flag) && arguments.Given(flag);
  };
  const auto field = [&](const char* name) {
    const auto* found = type->FindFieldByName(name);
    TERRACE_CHECK(found != nullptr);
    return found;
  };
  if (wants("under")) {
    reflection->SetString(request, field("subtree"), UnitName(arguments.Text("under")));
  }
  if (wants("filter")) {
    reflection->SetString(request, field("filter"), arguments.Text("filter"));
  }
  if (wants("line")) {
    TERRACE_ASSIGN_OR_RETURN(const size_t choice, arguments.Choice("line"));
    reflection->SetEnumValue(request, field("line"),
                             choice == 0 ? types::v1::LINE_TERRITORY : types::v1::LINE_SECTOR);
  }
  if (wants("at")) {
    TERRACE_ASSIGN_OR_RETURN(const absl::Time at, ParseInstant(arguments.Text("at")));
    reflection->MutableMessage(request, field("at_time"))->CopyFrom(ToProto(at));
  }
  return absl::OkStatus();
}

}  // namespace terrace::cli
