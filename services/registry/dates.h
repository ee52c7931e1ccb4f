// Civil dates of the registry: from and to the wire, and "today".
//
// A date on the wire must be a full one; a date that is left out is nullopt. Stored dates and ids
// are written as 2016-01-31, so that their bytes order as the days do.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_REGISTRY_DATES_H_
#define TERRACE_SERVICES_REGISTRY_DATES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "google/type/date.pb.h"

namespace terrace::registry {

using Day = absl::CivilDay;

// Before and after every date that can be stored (years 1 to 9999).
inline constexpr Day kFirstDay = Day(0, 1, 1);
inline constexpr Day kLastDay = Day(10000, 1, 1);

// Nullopt for a date that is left out; INVALID_TIME for a partial or impossible one.
absl::StatusOr<absl::optional<Day>> ParseDate(absl::string_view field,
                                              const google::type::Date& date);
// The same for dates that are known to be good: stored ones. kFirstDay or kLastDay as `absent`.
Day DayOr(const google::type::Date& date, Day absent);

google::type::Date ToProtoDate(Day day);

// "2016-01-31" and back; nullopt for anything else.
std::string FormatDay(Day day);
absl::optional<Day> ParseDay(absl::string_view text);

// The zone of dates that belong to no programme, and of programmes that name none.
absl::TimeZone DefaultZone();
inline constexpr absl::string_view kDefaultZoneName = "Asia/Shanghai";
// INVALID_FIELD for a zone that the time zone database does not have.
absl::StatusOr<absl::TimeZone> LoadZone(absl::string_view field, const std::string& name);

inline Day DayOf(absl::Time time, absl::TimeZone zone) { return absl::ToCivilDay(time, zone); }

// The day in `date`, or today where it is left out. DATE_IN_FUTURE when it lies after today.
absl::StatusOr<Day> TodayOrEarlier(absl::string_view field, const google::type::Date& date,
                                   Day today);

// DATE_TOO_EARLY unless day >= first.
absl::Status CheckNotBefore(absl::string_view field, Day day, Day first);

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_DATES_H_
