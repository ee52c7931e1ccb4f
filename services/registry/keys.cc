#include "services/registry/keys.h"

#include <cstddef>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"

namespace terrace::registry {
namespace {

// The segments of a key; empty when there are too many for any row of the registry.
absl::InlinedVector<absl::string_view, 6> Split(absl::string_view key) {
  absl::InlinedVector<absl::string_view, 6> parts;
  for (size_t start = 0; start <= key.size();) {
    size_t end = key.find('/', start);
    if (end == absl::string_view::npos) end = key.size();
    if (parts.size() == 6) return {};
    parts.push_back(key.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

}  // namespace

RowKey ParseKey(absl::string_view key) {
  const absl::InlinedVector<absl::string_view, 6> parts = Split(key);
  if (parts.size() == 2) {
    if (parts[0] == "units") return {RowKind::kUnit, parts[1], {}, parts[1]};
    if (parts[0] == "levels") return {RowKind::kLevel, {}, {}, parts[1]};
    if (parts[0] == "kinds") return {RowKind::kKind, {}, {}, parts[1]};
  }
  if (parts.size() < 4 || parts[0] != "units") return {};
  if (parts.size() == 4) {
    if (parts[2] == "placements") return {RowKind::kPlacement, parts[1], {}, parts[3]};
    if (parts[2] == "programmes") return {RowKind::kProgramme, parts[1], key, parts[3]};
    if (parts[2] == "designations") return {RowKind::kDesignation, parts[1], {}, parts[3]};
  }
  if (parts.size() == 6 && parts[2] == "programmes" && parts[4] == "enrollments") {
    const absl::string_view programme =
        key.substr(0, static_cast<size_t>(parts[3].data() + parts[3].size() - key.data()));
    return {RowKind::kEnrollment, parts[1], programme, parts[5]};
  }
  return {};
}

std::string UnitKey(absl::string_view unit) { return absl::StrCat("units/", unit); }

std::string PlacementKey(absl::string_view unit, absl::string_view from) {
  return absl::StrCat("units/", unit, "/placements/", from);
}

std::string EnrollmentKey(absl::string_view programme, absl::string_view unit) {
  return absl::StrCat(programme, "/enrollments/", unit);
}

std::string DesignationKey(absl::string_view unit, absl::string_view designation) {
  return absl::StrCat("units/", unit, "/designations/", designation);
}

}  // namespace terrace::registry
