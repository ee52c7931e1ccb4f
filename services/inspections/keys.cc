#include "services/inspections/keys.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/error.h"
#include "common/resource/names.h"

namespace terrace::inspections {
namespace {

// Bytes of the digest that tell two losing contents apart in a key.
constexpr size_t kConflictIdBytes = 8;

// The first `count` segments of the key; empty when it has fewer.
absl::string_view FirstSegments(absl::string_view key, int count) {
  size_t at = 0;
  for (int i = 0; i < count; ++i) {
    if (at == absl::string_view::npos) return "";
    at = key.find('/', i == 0 ? 0 : at + 1);
  }
  return at == absl::string_view::npos ? key : key.substr(0, at);
}

absl::string_view OwnerWithCollection(absl::string_view key, absl::string_view collection) {
  std::vector<absl::string_view> parts = absl::StrSplit(key, absl::MaxSplits('/', 4));
  if (parts.size() < 4 || parts[0] != "units" || parts[2] != collection) return "";
  return FirstSegments(key, 4);
}

}  // namespace

std::string OwnerName(absl::string_view name) {
  return resource::UnitName(resource::OwnerOf(name));
}

RowKind KindOfKey(absl::string_view key) {
  const std::vector<absl::string_view> parts = absl::StrSplit(key, '/');
  if (parts.size() < 4 || parts[0] != "units") return RowKind::kOther;
  const absl::string_view top = parts[2];
  switch (parts.size()) {
    case 4:
      if (top == "visits") return RowKind::kVisit;
      if (top == "followUps") return RowKind::kFollowUp;
      if (top == "plans") return RowKind::kPlan;
      if (top == "teams") return RowKind::kTeam;
      if (top == "checklists") {
        return absl::StrContains(parts[3], '@') ? RowKind::kChecklist : RowKind::kChecklistHead;
      }
      return RowKind::kOther;
    case 6:
      if (top == "visits" && parts[4] == "observations") return RowKind::kObservation;
      if (top == "visits" && parts[4] == "findings") return RowKind::kFinding;
      if (top == "plans" && parts[4] == "draws") return RowKind::kDraw;
      if (top == "plans" && parts[4] == "releases") return RowKind::kRelease;
      return RowKind::kOther;
    case 7:
      return top == "plans" && parts[6] == "pool" ? RowKind::kPool : RowKind::kOther;
    case 8:
      return top == "visits" && parts[6] == "conflicts" ? RowKind::kConflict : RowKind::kOther;
    default:
      return RowKind::kOther;
  }
}

absl::string_view VisitOfKey(absl::string_view key) { return OwnerWithCollection(key, "visits"); }
absl::string_view PlanOfKey(absl::string_view key) { return OwnerWithCollection(key, "plans"); }
absl::string_view RecordOfConflict(absl::string_view key) { return FirstSegments(key, 6); }

std::string ChecklistKey(absl::string_view head, int32_t version) {
  return absl::StrCat(head, "@", version);
}
std::string DrawKey(absl::string_view plan) { return absl::StrCat(plan, "/draws/1"); }
std::string PoolKey(absl::string_view draw) { return absl::StrCat(draw, "/pool"); }
std::string ReleaseKey(absl::string_view plan, int32_t round) {
  return absl::StrCat(plan, "/releases/", round);
}
std::string ObservationKey(absl::string_view visit, absl::string_view id) {
  return absl::StrCat(visit, "/observations/", id);
}
std::string FindingKey(absl::string_view visit, absl::string_view id) {
  return absl::StrCat(visit, "/findings/", id);
}
std::string ConflictKey(absl::string_view record, absl::string_view content_sha256) {
  return absl::StrCat(record, "/conflicts/",
                      absl::BytesToHexString(content_sha256.substr(0, kConflictIdBytes)));
}

absl::StatusOr<ObservationId> ParseObservationId(absl::string_view id) {
  const auto bad = [&] {
    return Error(Reason::INVALID_FIELD,
                 {{"field", "observation.name"},
                  {"detail", absl::StrCat("\"", id.substr(0, resource::kIdBytesMax),
                                          "\" is not {device}-{seq} with seq counted from 1")}});
  };
  const size_t dash = id.rfind('-');
  if (!resource::IsValidId(id) || dash == absl::string_view::npos || dash == 0) return bad();
  const absl::string_view digits = id.substr(dash + 1);
  ObservationId out;
  out.device = std::string(id.substr(0, dash));
  // One spelling per number: else "d-7" and "d-07" would be two observations.
  if (digits.empty() || digits[0] == '0' || !absl::ascii_isdigit(digits[0]) ||
      !absl::SimpleAtoi(digits, &out.number) || out.number <= 0) {
    return bad();
  }
  return out;
}

}  // namespace terrace::inspections
