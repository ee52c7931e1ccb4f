#include "services/registry/dates.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/error.h"

namespace terrace::registry {

absl::StatusOr<absl::optional<Day>> ParseDate(absl::string_view field,
                                              const google::type::Date& date) {
  if (date.year() == 0 && date.month() == 0 && date.day() == 0) return absl::optional<Day>();
  const Day day(date.year(), date.month(), date.day());
  // CivilDay normalises: February 30 becomes March 1.
  if (date.year() < 1 || date.year() > 9999 || day.year() != date.year() ||
      day.month() != date.month() || day.day() != date.day()) {
    return Error(Reason::INVALID_TIME,
                 {{"field", std::string(field)},
                  {"detail", absl::StrCat("there is no day ", date.year(), "-", date.month(), "-",
                                          date.day())}});
  }
  return absl::optional<Day>(day);
}

Day DayOr(const google::type::Date& date, Day absent) {
  if (date.year() == 0 && date.month() == 0 && date.day() == 0) return absent;
  return Day(date.year(), date.month(), date.day());
}

google::type::Date ToProtoDate(Day day) {
  google::type::Date date;
  date.set_year(static_cast<int32_t>(day.year()));
  date.set_month(day.month());
  date.set_day(day.day());
  return date;
}

std::string FormatDay(Day day) {
  return absl::StrFormat("%04d-%02d-%02d", day.year(), day.month(), day.day());
}

absl::optional<Day> ParseDay(absl::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return absl::nullopt;
  int digits[10] = {};
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == 4 || i == 7) continue;
    if (!absl::ascii_isdigit(text[i])) return absl::nullopt;
    digits[i] = text[i] - '0';
  }
  const int year = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3];
  const int month = digits[5] * 10 + digits[6];
  const int day = digits[8] * 10 + digits[9];
  const Day parsed(year, month, day);
  if (year < 1 || parsed.month() != month || parsed.day() != day) return absl::nullopt;
  return parsed;
}

absl::TimeZone DefaultZone() {
  static const absl::TimeZone zone = [] {
    absl::TimeZone loaded;
    // Without a time zone database China's offset still holds: it has not changed since 1991.
    if (!absl::LoadTimeZone(std::string(kDefaultZoneName), &loaded)) {
      loaded = absl::FixedTimeZone(8 * 60 * 60);
    }
    return loaded;
  }();
  return zone;
}

absl::StatusOr<absl::TimeZone> LoadZone(absl::string_view field, const std::string& name) {
  if (name.empty() || name == kDefaultZoneName) return DefaultZone();
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(name, &zone)) {
    return Error(Reason::INVALID_FIELD,
                 {{"field", std::string(field)},
                  {"detail", absl::StrCat("there is no time zone \"", name, "\"")}});
  }
  return zone;
}

absl::StatusOr<Day> TodayOrEarlier(absl::string_view field, const google::type::Date& date,
                                   Day today) {
  TERRACE_ASSIGN_OR_RETURN(absl::optional<Day> day, ParseDate(field, date));
  if (!day) return today;
  if (*day > today) {
    return Error(Reason::DATE_IN_FUTURE,
                 {{"field", std::string(field)}, {"date", FormatDay(*day)}});
  }
  return *day;
}

absl::Status CheckNotBefore(absl::string_view field, Day day, Day first) {
  if (day >= first) return absl::OkStatus();
  return Error(
      Reason::DATE_TOO_EARLY,
      {{"field", std::string(field)}, {"date", FormatDay(day)}, {"first", FormatDay(first)}});
}

}  // namespace terrace::registry
