// What devices sent, compared with what is stored: the same record again, or another one under the
// same name. The unit is the observation (or finding): its name is its identity for ever, its
// content hash says whether it is the same.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_INSPECTIONS_VISIT_MERGE_H_
#define TERRACE_SERVICES_INSPECTIONS_VISIT_MERGE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "google/protobuf/message.h"
#include "terrace/inspections/v1/common.pb.h"
#include "terrace/inspections/v1/findings.pb.h"
#include "terrace/inspections/v1/observations.pb.h"

namespace terrace::inspections {

// Limits of a diff.
inline constexpr size_t kDifferencesMax = 50;
inline constexpr size_t kDifferenceBytesMax = 200;

// The record as a device sends it: without what the service adds.
v1::Observation AsSent(const v1::Observation& observation);
v1::Finding AsSent(const v1::Finding& finding);

// SHA-256 of a record as it was sent; fields added to the proto later do not change it as long as
// they are not set.
std::string ContentHash(const google::protobuf::Message& as_sent);

// Where two messages of one type differ, field by field, at most kDifferencesMax.
std::vector<v1::FieldDifference> Differences(const google::protobuf::Message& stored,
                                             const google::protobuf::Message& sent);
// The paths alone, joined, for sentences: "count.hits, reason".
std::string FieldsOf(absl::Span<const v1::FieldDifference> differences);

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_VISIT_MERGE_H_
