// Periods of time that reports and scores are for: a year "2016", a quarter "2016-Q2", a month
// "2016-05", and for weekly reports an ISO 8601 week "2016-W21" (Monday to Sunday, belonging to the
// year that holds its Thursday).
//
// Periods are made of civil days and know no zone. Inside resource ids they are lower case
// ("2016-q2").
//
// Thread-safety. A plain value.
#ifndef TERRACE_COMMON_CALENDAR_PERIOD_H_
#define TERRACE_COMMON_CALENDAR_PERIOD_H_

#include <compare>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace terrace::calendar {

enum class PeriodKind { kYear, kQuarter, kMonth, kWeek };

// Years that periods may lie in.
inline constexpr int kYearMin = 1900;
inline constexpr int kYearMax = 2999;
// Longest name of a time zone.
inline constexpr size_t kZoneBytesMax = 64;
// Most periods that Enumerate returns.
inline constexpr int kPeriodsMax = 6000;

class Period {
 public:
  Period() = default;  // The year 1900.

  // The period of that kind that holds the day, whose year must lie in [kYearMin, kYearMax]
  // (CHECKed). A week may belong to the year before or after.
  static Period Of(PeriodKind kind, absl::CivilDay day);
  // "2016-Q2"; INVALID_PERIOD for anything else, lower case included.
  static absl::StatusOr<Period> Parse(absl::string_view text);
  // "2016-q2", as it stands in ids.
  static absl::StatusOr<Period> ParseId(absl::string_view id);

  PeriodKind kind() const { return kind_; }
  int year() const { return year_; }
  // 1..4 for a quarter, 1..12 for a month, 1..53 for a week, 1 for a year.
  int index() const { return index_; }

  std::string ToString() const;  // "2016-Q2"
  std::string ToId() const;      // "2016-q2"

  absl::CivilDay First() const;
  absl::CivilDay Last() const;
  bool Contains(absl::CivilDay day) const { return First() <= day && day <= Last(); }
  // Whether every day of `other` lies in this period, as a quarter contains its months.
  bool Contains(const Period& other) const {
    return First() <= other.First() && other.Last() <= Last();
  }

  // The neighbours of the same kind. At the ends of the range of years they lie just outside it:
  // they compute like all others but do not parse.
  Period Next() const;
  Period Previous() const;
  // How many periods this one lies before `later`; nullopt where it lies behind it, or where they
  // are not of one kind.
  absl::optional<int> PeriodsBefore(const Period& later) const;

  // By first day, longer periods first, so that a year comes before its quarters and months.
  friend std::strong_ordering operator<=>(const Period& a, const Period& b);
  friend bool operator==(const Period&, const Period&) = default;

 private:
  Period(PeriodKind kind, int year, int index) : kind_(kind), year_(year), index_(index) {}

  PeriodKind kind_ = PeriodKind::kYear;
  int year_ = kYearMin;
  int index_ = 1;
};

// The periods of a kind that share at least one day with [first, last], in order; at most
// kPeriodsMax. Empty when last < first.
std::vector<Period> Enumerate(PeriodKind kind, absl::CivilDay first, absl::CivilDay last);

// "2016-05-22"; INVALID_TIME for anything else, impossible days included.
absl::StatusOr<absl::CivilDay> ParseDay(absl::string_view text, absl::string_view field);
std::string FormatDay(absl::CivilDay day);

// The zone of that IANA name, such as "Asia/Shanghai"; INVALID_FIELD when there is none.
absl::StatusOr<absl::TimeZone> LoadZone(absl::string_view name, absl::string_view field);
// Asia/Shanghai as a fixed offset where the zone database is missing.
absl::TimeZone DefaultZone();

}  // namespace terrace::calendar

#endif  // TERRACE_COMMON_CALENDAR_PERIOD_H_
