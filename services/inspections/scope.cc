#include "services/inspections/scope.h"

#include <utility>

#include "absl/types/optional.h"
#include "common/base/check.h"
#include "common/resource/names.h"
#include "services/inspections/refusals.h"

namespace terrace::inspections {

absl::StatusOr<Scope> Scope::Of(absl::string_view subtree, types::v1::Line line,
                                access::Identity identity, std::shared_ptr<const tree::Tree> tree,
                                absl::Time now) {
  Scope scope;
  if (!subtree.empty()) {
    TERRACE_ASSIGN_OR_RETURN(absl::string_view id, resource::ParseUnitName(subtree));
    const absl::optional<tree::UnitNumber> root = tree->Number(id);
    if (!root) return NotFound(subtree);
    scope.root_ = *root;
  }
  scope.line_ = tree::FromProto(line);
  scope.identity_ = std::move(identity);
  scope.tree_ = std::move(tree);
  scope.now_ = now;
  return scope;
}

bool Scope::Covers(absl::string_view unit) const {
  if (root_ == tree::kNoUnit) return true;
  const absl::optional<tree::UnitNumber> n = tree_->Number(unit);
  return n && tree_->IsUnder(*n, root_, line_);
}

bool Scope::Shows(absl::string_view unit) const {
  return Covers(unit) && (identity_.service || access::MaySee(identity_, *tree_, unit, now_));
}

}  // namespace terrace::inspections
