// What the Decide functions of this service share: times of events, actors, checks of text fields.
#ifndef TERRACE_SERVICES_MEASURES_DECIDE_H_
#define TERRACE_SERVICES_MEASURES_DECIDE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/machine/decision.h"
#include "common/resource/etag.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"
#include "terrace/measures/v1/common.pb.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::measures {

absl::Status Required(absl::string_view field);
absl::Status Invalid(absl::string_view field, absl::string_view detail);
absl::Status NotFound(absl::string_view name);
absl::Status WrongState(absl::string_view name, absl::string_view state, absl::string_view needed);
// BATCH_TOO_LARGE when there are more than `limit`.
absl::Status CheckCount(int64_t count, int64_t limit);
// TEXT_TOO_LONG when the record would take more than kRecordBytesMax.
absl::Status CheckSize(const google::protobuf::Message& record, absl::string_view field);

// When something is said to have happened: `given`, or now. A time given must not lie ahead, and
// only an officer of `office` (an id) or above may give one, since it decides who was late.
absl::StatusOr<absl::Time> EventTime(const google::protobuf::Timestamp* given,
                                     absl::string_view field, absl::string_view office,
                                     const machine::Decision& d);
// INVALID_TIME when `time` lies before `earlier`, at which something happened that had to come
// first.
absl::Status CheckNotBefore(absl::Time time, absl::Time earlier, absl::string_view field);

// `office` is the full name of the unit in whose name was acted, `role` what it took.
v1::Moment MomentOf(absl::Time time, absl::string_view office, absl::string_view role,
                    const machine::Decision& d);

// The id of an open unit of the tree: NOT_FOUND, or UNIT_NOT_OPEN.
absl::Status CheckUnit(absl::string_view unit, const machine::Decision& d);
// Whether the unit is the office or below it, on either line. Ids.
absl::Status CheckBelow(absl::string_view unit, absl::string_view office,
                        const machine::Decision& d);

// The id of a new resource: `wanted`, checked, or a fresh one.
absl::StatusOr<std::string> IdFor(absl::string_view wanted, machine::Decision& d);

// Etags of resources that only grow: how often and when they were changed. They need no revision,
// which a reply does not know before it is committed.
std::string EtagOf(int64_t changes, const google::protobuf::Timestamp& last);
using resource::CheckEtag;

// Evidence: at most kEvidenceMax references, each with a URI, a SHA-256 and a media type.
absl::Status CheckEvidence(const google::protobuf::RepeatedPtrField<types::v1::Evidence>& evidence,
                           absl::string_view field);
// Whether `media_type` ("image/jpeg") is of the type asked for ("image/*").
bool MatchesType(absl::string_view media_type, absl::string_view wanted);
// A type such as "image/*" or "application/pdf".
bool IsMediaType(absl::string_view type);

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_DECIDE_H_
