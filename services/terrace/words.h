// What people write on a command line, made into what requests hold: units, instants, dates.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_TERRACE_WORDS_H_
#define TERRACE_SERVICES_TERRACE_WORDS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"
#include "services/terrace/command.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::cli {

// Days are those of Asia/Shanghai, as in the registry.
absl::TimeZone ShanghaiZone();

// "county-a" and "units/county-a" are the same unit; empty stays empty.
std::string UnitName(absl::string_view word);
// "levels/county" for "county"; likewise "kinds/...".
std::string InTable(absl::string_view table, absl::string_view word);
// The last part of a resource name: "county-a" of "units/county-a".
std::string IdOf(absl::string_view name);

// "2016-12-31"; USAGE for anything else.
absl::StatusOr<google::type::Date> ParseDate(absl::string_view word);
google::type::Date ToDate(absl::CivilDay day);
absl::CivilDay ToDay(const google::type::Date& date);
// "2016-12-31", empty for an absent date.
std::string DateText(const google::type::Date& date);

// A day means its last second; otherwise RFC 3339 with a zone. USAGE for anything else.
absl::StatusOr<absl::Time> ParseInstant(absl::string_view word);
// "2016-12-31 12:00" in Asia/Shanghai; empty for an absent instant.
std::string InstantText(const google::protobuf::Timestamp& time);

// "AL 600 person": the number with its qualifier and unit of measure.
std::string QuantityText(const types::v1::Quantity& quantity);

// "STATE_SUBMITTED" of an enum of that prefix as "submitted": what people read.
std::string EnumText(absl::string_view name, absl::string_view prefix);

// Flags that many commands share.
Flag UnderFlag(absl::string_view what);      // --under
Flag AtFlag();                               // --at
Flag LineFlag();                             // --line
Flag FilterFlag(absl::string_view example);  // --filter
Flag LimitFlag();                            // --limit

// Puts --under, --at, --line and --filter into the fields `subtree`, `at_time`, `line` and `filter`
// of a request, as far as the command has the flags and the caller gave them.
absl::Status FillScope(const Arguments& arguments, google::protobuf::Message* request);

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_WORDS_H_
