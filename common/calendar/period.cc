#include "common/calendar/period.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/text.h"

namespace terrace::calendar {
namespace {

// The Monday of ISO week 1: the week that holds 4 January.
absl::CivilDay FirstMonday(int year) {
  return absl::PrevWeekday(absl::CivilDay(year, 1, 5), absl::Weekday::monday);
}

int WeeksIn(int year) { return static_cast<int>((FirstMonday(year + 1) - FirstMonday(year)) / 7); }

// Reads exactly `size` digits from the front.
bool TakeNumber(absl::string_view* text, size_t size, int* out) {
  if (text->size() < size) return false;
  *out = 0;
  for (char c : text->substr(0, size)) {
    if (!absl::ascii_isdigit(c)) return false;
    *out = *out * 10 + (c - '0');
  }
  text->remove_prefix(size);
  return true;
}

bool TakeChar(absl::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

absl::Status NoPeriod(absl::string_view text) {
  return Error(Reason::INVALID_PERIOD, {{"period", QuoteText(text)}});
}

}  // namespace

Period Period::Of(PeriodKind kind, absl::CivilDay day) {
  TERRACE_CHECK(kYearMin <= day.year() && day.year() <= kYearMax);
  const int year = static_cast<int>(day.year());
  switch (kind) {
    case PeriodKind::kYear:
      return Period(kind, year, 1);
    case PeriodKind::kQuarter:
      return Period(kind, year, (day.month() - 1) / 3 + 1);
    case PeriodKind::kMonth:
      return Period(kind, year, day.month());
    case PeriodKind::kWeek: {
      // A week belongs to the year of its Thursday.
      const absl::CivilDay monday = absl::PrevWeekday(day + 1, absl::Weekday::monday);
      const int week_year = static_cast<int>((monday + 3).year());
      return Period(kind, week_year, static_cast<int>((monday - FirstMonday(week_year)) / 7) + 1);
    }
  }
  return Period();
}

absl::StatusOr<Period> Period::Parse(absl::string_view text) {
  absl::string_view rest = text;
  int year = 0;
  if (!TakeNumber(&rest, 4, &year) || year < kYearMin || year > kYearMax) return NoPeriod(text);
  if (rest.empty()) return Period(PeriodKind::kYear, year, 1);
  if (!TakeChar(&rest, '-')) return NoPeriod(text);
  const bool quarter = TakeChar(&rest, 'Q');
  const bool week = !quarter && TakeChar(&rest, 'W');
  int index = 0;
  if (!TakeNumber(&rest, quarter ? 1 : 2, &index) || !rest.empty()) return NoPeriod(text);
  const int last = quarter ? 4 : week ? WeeksIn(year) : 12;
  if (index < 1 || index > last) return NoPeriod(text);
  return Period(quarter ? PeriodKind::kQuarter
                : week  ? PeriodKind::kWeek
                        : PeriodKind::kMonth,
                year, index);
}

absl::StatusOr<Period> Period::ParseId(absl::string_view id) {
  const bool upper = std::any_of(id.begin(), id.end(), absl::ascii_isupper);
  absl::StatusOr<Period> period = Parse(absl::AsciiStrToUpper(id));
  if (upper || !period.ok()) return NoPeriod(id);
  return period;
}

std::string Period::ToString() const {
  switch (kind_) {
    case PeriodKind::kYear:
      return absl::StrFormat("%04d", year_);
    case PeriodKind::kQuarter:
      return absl::StrFormat("%04d-Q%d", year_, index_);
    case PeriodKind::kMonth:
      return absl::StrFormat("%04d-%02d", year_, index_);
    case PeriodKind::kWeek:
      return absl::StrFormat("%04d-W%02d", year_, index_);
  }
  return "";
}

std::string Period::ToId() const { return absl::AsciiStrToLower(ToString()); }

absl::CivilDay Period::First() const {
  switch (kind_) {
    case PeriodKind::kYear:
      return absl::CivilDay(year_, 1, 1);
    case PeriodKind::kQuarter:
      return absl::CivilDay(year_, index_ * 3 - 2, 1);
    case PeriodKind::kMonth:
      return absl::CivilDay(year_, index_, 1);
    case PeriodKind::kWeek:
      return FirstMonday(year_) + 7 * (index_ - 1);
  }
  return absl::CivilDay();
}

absl::CivilDay Period::Last() const { return Next().First() - 1; }

Period Period::Next() const {
  const int last = kind_ == PeriodKind::kYear      ? 1
                   : kind_ == PeriodKind::kQuarter ? 4
                   : kind_ == PeriodKind::kMonth   ? 12
                                                   : WeeksIn(year_);
  return index_ < last ? Period(kind_, year_, index_ + 1) : Period(kind_, year_ + 1, 1);
}

Period Period::Previous() const {
  if (index_ > 1) return Period(kind_, year_, index_ - 1);
  const int last = kind_ == PeriodKind::kYear      ? 1
                   : kind_ == PeriodKind::kQuarter ? 4
                   : kind_ == PeriodKind::kMonth   ? 12
                                                   : WeeksIn(year_ - 1);
  return Period(kind_, year_ - 1, last);
}

absl::optional<int> Period::PeriodsBefore(const Period& later) const {
  if (later.kind_ != kind_ || later.First() < First()) return absl::nullopt;
  switch (kind_) {
    case PeriodKind::kYear:
      return later.year_ - year_;
    case PeriodKind::kQuarter:
      return (later.year_ - year_) * 4 + later.index_ - index_;
    case PeriodKind::kMonth:
      return (later.year_ - year_) * 12 + later.index_ - index_;
    case PeriodKind::kWeek:
      break;
  }
  return static_cast<int>((later.First() - First()) / 7);
}

std::strong_ordering operator<=>(const Period& a, const Period& b) {
  if (const auto order = a.First() - b.First() <=> 0; order != 0) return order;
  return b.Last() - a.Last() <=> 0;
}

std::vector<Period> Enumerate(PeriodKind kind, absl::CivilDay first, absl::CivilDay last) {
  std::vector<Period> out;
  first = std::max(first, absl::CivilDay(kYearMin, 1, 1));
  last = std::min(last, absl::CivilDay(kYearMax, 12, 31));
  if (last < first) return out;
  for (Period period = Period::Of(kind, first); period.First() <= last && out.size() < kPeriodsMax;
       period = period.Next()) {
    out.push_back(period);
  }
  return out;
}

absl::StatusOr<absl::CivilDay> ParseDay(absl::string_view text, absl::string_view field) {
  absl::string_view rest = text;
  int year = 0, month = 0, day = 0;
  if (TakeNumber(&rest, 4, &year) && TakeChar(&rest, '-') && TakeNumber(&rest, 2, &month) &&
      TakeChar(&rest, '-') && TakeNumber(&rest, 2, &day) && rest.empty() && year >= 1) {
    const absl::CivilDay out(year, month, day);
    // Impossible days would be carried into the next month.
    if (out.year() == year && out.month() == month && out.day() == day) return out;
  }
  return Error(
      Reason::INVALID_TIME,
      {{"field", std::string(field)},
       {"detail", absl::StrFormat("\"%s\" is no day; write 2016-05-22", QuoteText(text))}});
}

std::string FormatDay(absl::CivilDay day) {
  return absl::StrFormat("%04d-%02d-%02d", day.year(), day.month(), day.day());
}

absl::StatusOr<absl::TimeZone> LoadZone(absl::string_view name, absl::string_view field) {
  absl::TimeZone zone;
  // Abseil reads names that begin with "/" or hold ".." as paths of files.
  const bool path =
      absl::StartsWith(name, "/") || absl::StrContains(name, "..") || absl::StrContains(name, ":");
  if (name.empty() || name.size() > kZoneBytesMax || path || !absl::LoadTimeZone(name, &zone)) {
    return Error(Reason::INVALID_FIELD,
                 {{"field", std::string(field)},
                  {"detail", absl::StrFormat("\"%s\" is no time zone; write one like Asia/Shanghai",
                                             QuoteText(name))}});
  }
  return zone;
}

absl::TimeZone DefaultZone() {
  static const absl::TimeZone zone = [] {
    absl::TimeZone loaded;
    return absl::LoadTimeZone("Asia/Shanghai", &loaded) ? loaded : absl::FixedTimeZone(8 * 60 * 60);
  }();
  return zone;
}

}  // namespace terrace::calendar
