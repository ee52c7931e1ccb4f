// Short ways to write lists, measures and times in tests. Times are of Asia/Shanghai.
#ifndef TERRACE_SERVICES_MEASURES_TEST_UTIL_H_
#define TERRACE_SERVICES_MEASURES_TEST_UTIL_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/check.h"
#include "common/base/time.h"
#include "common/calendar/period.h"
#include "google/protobuf/text_format.h"
#include "google/type/date.pb.h"

namespace terrace::measures {

// "2016-05-22", "2016-05-22 17:30" or "2016-05-22 17:30:00.5".
inline absl::Time T(absl::string_view text) {
  absl::Time time;
  std::string error;
  for (const char* format : {"%Y-%m-%d %H:%M:%E*S", "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
    if (absl::ParseTime(format, text, calendar::DefaultZone(), &time, &error)) return time;
  }
  TERRACE_CHECK(text == "a time");  // The test is wrong.
  return time;
}

// An instant as T reads it.
inline std::string Show(absl::Time time) {
  if (time == absl::InfiniteFuture()) return "never";
  return absl::FormatTime("%Y-%m-%d %H:%M", time, calendar::DefaultZone());
}
inline std::string Show(const google::protobuf::Timestamp& time) { return Show(FromProto(time)); }

inline calendar::Period P(absl::string_view text) { return calendar::Period::Parse(text).value(); }

template <class M>
M Text(const std::string& text) {
  M message;
  TERRACE_CHECK(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

inline google::type::Date Date(absl::string_view text) {
  const absl::CivilDay day = calendar::ParseDay(text, "day").value();
  google::type::Date date;
  date.set_year(static_cast<int>(day.year()));
  date.set_month(day.month());
  date.set_day(day.day());
  return date;
}

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_TEST_UTIL_H_
