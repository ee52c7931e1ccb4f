// Units between the wire and the store: what is checked, what is left out, what is worked out.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_REGISTRY_UNIT_RECORD_H_
#define TERRACE_SERVICES_REGISTRY_UNIT_RECORD_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/registry/dates.h"
#include "services/registry/vocabulary.h"
#include "terrace/registry/v1/unit.pb.h"
#include "terrace/storage/v1/registry.pb.h"

namespace terrace::registry {

// Limits.
inline constexpr int kAttributesMax = 200;
inline constexpr int kFormerNamesMax = 50;
inline constexpr size_t kUnitBytesMax = 64 << 10;

// The fields of a unit that no caller sets.
absl::Span<const absl::string_view> UnitOutputOnly();

// The stored form of what a caller sent or of a resource made by ToUnit.
storage::v1::UnitRecord ToRecord(const v1::Unit& unit);

// The resource without placement, as of `day`.
v1::Unit ToUnit(absl::string_view id, const storage::v1::UnitRecord& record,
                const Vocabulary& vocabulary, Day day);

// The resource of a placement; `from` is the last segment of its name.
v1::Placement ToPlacement(absl::string_view unit_id, absl::string_view from,
                          const storage::v1::PlacementRecord& record);

// Checks everything that a caller may set, and fills in what was left out (units of measure).
// REQUIRED_FIELD, INVALID_FIELD, UNKNOWN_KIND, UNKNOWN_LEVEL, INVALID_UNIT_CODE,
// ORGANISATION_CODE_NEEDED, TEXT_TOO_LONG, BATCH_TOO_LARGE and so on.
absl::Status CheckUnit(absl::string_view id, const Vocabulary& vocabulary,
                       storage::v1::UnitRecord* record);

// The unit of measure of an attribute's figures: "km2", "person", ...; empty for an unknown key.
absl::string_view MeasureOf(v1::AttributeKey key);

// Whether the unit exists on that day.
bool IsOpen(const v1::Unit& unit, Day day);

// Notes a change at `time`; a change at the moment of creation needs no note.
void Touch(absl::Time time, v1::Unit* unit);

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_UNIT_RECORD_H_
