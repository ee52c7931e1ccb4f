#include "services/inspections/scope.h"

#include <utility>

#include "absl/types/optional.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/resource/names.h"

namespace terrace::inspections {

absl::StatusOr<Scope> Scope::Of(absl::string_view subtree, types::v1::Line line,
                                access::Identity identity, std::shared_ptr<const tree::Tree> tree,
                                absl::Time now) {
  Scope scope;
  if (!subtree.empty()) {
    TERRACE_ASSIGN_OR_RETURN(absl::string_view id, resource::ParseUnitName(subtree));
    if (!tree->Number(id)) return Error(Reason::NOT_FOUND, {{"name", std::string(subtree)}});
    scope.subtree_ = std::string(id);
  }
  scope.line_ = tree::FromProto(line);
  scope.identity_ = std::move(identity);
  return scope.On(std::move(tree), now);
}

Scope Scope::On(std::shared_ptr<const tree::Tree> tree, absl::Time now) const {
  Scope scope = *this;
  scope.tree_ = std::move(tree);
  scope.now_ = now;
  scope.root_ = tree::kNoUnit;
  if (!subtree_.empty()) scope.root_ = scope.tree_->Number(subtree_).value_or(tree::kNoUnit);
  return scope;
}

bool Scope::Covers(absl::string_view unit) const {
  if (subtree_.empty()) return true;
  const absl::optional<tree::UnitNumber> n = tree_->Number(unit);
  return n && root_ != tree::kNoUnit && tree_->IsUnder(*n, root_, line_);
}

bool Scope::Shows(absl::string_view unit) const {
  return Covers(unit) && (identity_.service || access::MaySee(identity_, *tree_, unit, now_));
}

}  // namespace terrace::inspections
