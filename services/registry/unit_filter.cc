#include "services/registry/unit_filter.h"

#include <string>
#include <utility>

#include "common/base/check.h"
#include "services/registry/vocabulary.h"
#include "terrace/internal/v1/registry.pb.h"

namespace terrace::registry {

absl::StatusOr<UnitFilter> UnitFilter::Parse(absl::string_view text) {
  UnitFilter filter;
  auto facts = resource::Filter::Parse(text, internal::v1::UnitFacts::descriptor());
  filter.on_facts_ = facts.ok();
  if (facts.ok()) {
    filter.filter_ = *std::move(facts);
  } else {
    TERRACE_ASSIGN_OR_RETURN(filter.filter_, resource::Filter::Parse(text, v1::Unit::descriptor()));
  }
  return filter;
}

bool UnitFilter::MayMatch(const tree::Tree& tree, tree::UnitNumber unit, bool open) {
  if (!on_facts_ || filter_.matches_everything()) return true;
  const uint64_t key = static_cast<uint64_t>(tree.LevelNumber(unit)) << 32 |
                       static_cast<uint64_t>(tree.KindNumber(unit)) << 16 |
                       static_cast<uint64_t>(tree.OrgClass(unit)) << 8 | (open ? 1 : 0);
  auto [it, is_new] = known_.try_emplace(key, false);
  if (is_new) {
    internal::v1::UnitFacts facts;
    facts.set_level(LevelName(tree.Level(unit)));
    facts.set_kind(KindName(tree.Kind(unit)));
    facts.set_org_class(static_cast<v1::OrgClass>(tree.OrgClass(unit)));
    facts.set_state(open ? v1::UNIT_STATE_ACTIVE : v1::UNIT_STATE_CLOSED);
    it->second = filter_.Matches(facts);
  }
  return it->second;
}

}  // namespace terrace::registry
