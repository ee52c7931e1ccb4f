#include "services/inspections/population.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/types/optional.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/resource/names.h"
#include "services/inspections/keys.h"
#include "services/inspections/refusals.h"

namespace terrace::inspections {
namespace {

constexpr int kLevelsMax = 50;
constexpr int kKindsMax = 200;

// "levels/township" -> "township": the tree knows codes.
std::vector<std::string> Codes(const google::protobuf::RepeatedPtrField<std::string>& names,
                               absl::string_view collection) {
  std::vector<std::string> codes;
  for (const std::string& name : names) {
    codes.emplace_back(absl::StripPrefix(name, collection));
  }
  return codes;
}

absl::Status CheckCodes(const google::protobuf::RepeatedPtrField<std::string>& names,
                        absl::string_view field, absl::string_view collection, int limit) {
  TERRACE_RETURN_IF_ERROR(CheckCount(names.size(), limit));
  for (const std::string& name : names) {
    if (!absl::StartsWith(name, collection) ||
        !resource::IsValidId(absl::StripPrefix(name, collection))) {
      return Error(Reason::INVALID_NAME,
                   {{"name", name}, {"pattern", absl::StrCat(collection, "{", field, "}")}});
    }
  }
  return absl::OkStatus();
}

bool Fits(const std::vector<std::string>& codes, absl::string_view code) {
  return codes.empty() || std::find(codes.begin(), codes.end(), code) != codes.end();
}

}  // namespace

absl::Status CheckPopulation(const v1::Population& population) {
  if (!population.subtree().empty()) {
    TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(population.subtree()).status());
  }
  TERRACE_RETURN_IF_ERROR(CheckCodes(population.levels(), "level", "levels/", kLevelsMax));
  TERRACE_RETURN_IF_ERROR(CheckCodes(population.kinds(), "kind", "kinds/", kKindsMax));
  if (!population.programme().empty()) {
    return resource::ParseName(population.programme(), kProgrammePattern).status();
  }
  if (population.enrolled_role() != registry::v1::ENROLLMENT_ROLE_UNSPECIFIED) {
    return Needed("population.programme");
  }
  return absl::OkStatus();
}

std::vector<std::string> CollectPool(const tree::Tree& tree, absl::string_view office,
                                     const v1::Population& population, const IsEnrolled& enrolled) {
  std::vector<std::string> pool;
  const absl::string_view root_id =
      population.subtree().empty() ? office : resource::OwnerOf(population.subtree());
  const absl::optional<tree::UnitNumber> root = tree.Number(root_id);
  const absl::optional<tree::UnitNumber> home = tree.Number(office);
  if (!root || !home) return pool;
  const std::vector<std::string> levels = Codes(population.levels(), "levels/");
  const std::vector<std::string> kinds = Codes(population.kinds(), "kinds/");
  tree.ForEachInSubtree(*root, tree::FromProto(population.line()), [&](tree::UnitNumber n) {
    const absl::string_view id = tree.Id(n);
    const bool below = tree.IsStrictlyUnder(n, *home, tree::Line::kTerritory) ||
                       tree.IsStrictlyUnder(n, *home, tree::Line::kSector);
    if (below && tree.State(n) == tree::UnitState::kOpen && Fits(levels, tree.Level(n)) &&
        Fits(kinds, tree.Kind(n)) &&
        (population.programme().empty() || (enrolled && enrolled(id)))) {
      pool.push_back(resource::UnitName(id));
    }
    return true;
  });
  std::sort(pool.begin(), pool.end());
  return pool;
}

}  // namespace terrace::inspections
