// Reads the message types that filters and orders treat as values: Decimal, Timestamp, Date. By
// reflection, so that messages of any factory work.
#ifndef TERRACE_COMMON_RESOURCE_WELL_KNOWN_H_
#define TERRACE_COMMON_RESOURCE_WELL_KNOWN_H_

#include <string>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/base/decimal.h"
#include "google/protobuf/message.h"

namespace terrace::resource {

enum class WellKnown { kNone, kDecimal, kTimestamp, kDate };

// What the field's message type is; kNone for scalars and other messages.
WellKnown WellKnownOf(const google::protobuf::FieldDescriptor* field);

// `message` must be of the type in the name. A Decimal that is not canonical is nullopt.
absl::optional<Decimal> ReadDecimal(const google::protobuf::Message& message);
absl::Time ReadTimestamp(const google::protobuf::Message& message);
absl::CivilDay ReadDate(const google::protobuf::Message& message);

}  // namespace terrace::resource

#endif  // TERRACE_COMMON_RESOURCE_WELL_KNOWN_H_
