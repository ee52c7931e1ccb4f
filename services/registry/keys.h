// The keys of the registry's rows, which are the names of its resources.
//
// Thread-safety. Pure functions; views live as long as the key.
#ifndef TERRACE_SERVICES_REGISTRY_KEYS_H_
#define TERRACE_SERVICES_REGISTRY_KEYS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace terrace::registry {

enum class RowKind {
  kOther,        // Of the machine, or of a newer version.
  kLevel,        // levels/{item}
  kKind,         // kinds/{item}
  kUnit,         // units/{unit}
  kPlacement,    // units/{unit}/placements/{item}
  kProgramme,    // units/{unit}/programmes/{item}
  kEnrollment,   // units/{unit}/programmes/{programme}/enrollments/{item}
  kDesignation,  // units/{unit}/designations/{item}
};

struct RowKey {
  RowKind kind = RowKind::kOther;
  absl::string_view unit;       // Id of the owning unit.
  absl::string_view programme;  // Full name, of a programme or of an enrollment's.
  absl::string_view item;       // Id of the row itself.
};

RowKey ParseKey(absl::string_view key);

std::string UnitKey(absl::string_view unit);
std::string PlacementKey(absl::string_view unit, absl::string_view from);
std::string EnrollmentKey(absl::string_view programme, absl::string_view unit);
std::string DesignationKey(absl::string_view unit, absl::string_view designation);

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_KEYS_H_
