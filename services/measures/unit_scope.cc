#include "services/measures/unit_scope.h"

#include "common/base/check.h"
#include "common/base/error.h"
#include "services/measures/decide.h"

namespace terrace::measures {

absl::StatusOr<UnitScope> UnitScope::Of(absl::string_view parent, absl::string_view subtree,
                                        types::v1::Line line, Sees sees,
                                        const access::Identity& identity,
                                        std::shared_ptr<const tree::Tree> tree, absl::Time now) {
  UnitScope scope;
  scope.line_ = tree::FromProto(line);
  scope.sees_ = sees;
  scope.identity_ = identity;
  scope.tree_ = std::move(tree);
  scope.now_ = now;
  if (!parent.empty() && !subtree.empty()) {
    return Invalid("subtree", "give either parent or subtree");
  }
  if (!parent.empty()) {
    TERRACE_ASSIGN_OR_RETURN(absl::string_view unit, resource::ParseUnitName(parent));
    scope.parent_ = std::string(unit);
    scope.few_ = true;
    if (scope.Visible(unit)) scope.units_.push_back(absl::StrCat(parent, "/"));
    return scope;
  }
  if (!subtree.empty()) {
    TERRACE_ASSIGN_OR_RETURN(absl::string_view unit, resource::ParseUnitName(subtree));
    absl::optional<tree::UnitNumber> root = scope.tree_->Number(unit);
    if (!root) return NotFound(subtree);
    scope.root_ = *root;
    scope.few_ = scope.tree_->SubtreeCount(*root, scope.line_) <= kScopeUnitsMax;
    if (scope.few_) scope.Add(*root, scope.line_);
  } else if (!identity.service && sees == Sees::kOwn) {
    // A clerk's grants cover few units, however large the realm is.
    size_t count = 0;
    std::vector<std::pair<tree::UnitNumber, tree::Line>> roots;
    for (const access::Grant& grant : identity.grants) {
      absl::optional<tree::UnitNumber> root = scope.tree_->Number(grant.unit);
      if (!root) {
        count = grant.unit.empty() ? kScopeUnitsMax + 1 : count;
        continue;
      }
      roots.emplace_back(*root, tree::FromProto(grant.line));
      count += scope.tree_->SubtreeCount(*root, roots.back().second);
    }
    scope.few_ = count <= kScopeUnitsMax;
    if (scope.few_) {
      for (const auto& [root, along] : roots) scope.Add(root, along);
    }
  }
  std::sort(scope.units_.begin(), scope.units_.end());
  scope.units_.erase(std::unique(scope.units_.begin(), scope.units_.end()), scope.units_.end());
  return scope;
}

void UnitScope::Add(tree::UnitNumber root, tree::Line line) {
  tree_->ForEachInSubtree(root, line, [this](tree::UnitNumber unit) {
    if (Visible(tree_->Id(unit))) units_.push_back(absl::StrCat("units/", tree_->Id(unit), "/"));
    return true;
  });
}

bool UnitScope::Asked(absl::string_view unit) const {
  if (!parent_.empty()) return unit == parent_;
  if (root_ == tree::kNoUnit) return true;
  absl::optional<tree::UnitNumber> number = tree_->Number(unit);
  return number && tree_->IsUnder(*number, root_, line_);
}

bool UnitScope::Visible(absl::string_view unit) const {
  if (identity_.service) return true;
  return sees_ == Sees::kOwn
             ? access::MaySee(identity_, *tree_, unit, now_)
             : access::AppliesTo(identity_, *tree_, unit, options::v1::ROLE_VIEWER, now_);
}

bool UnitScope::Contains(absl::string_view unit) const {
  if (last_unit_ == unit) return last_answer_;
  last_unit_ = std::string(unit);
  last_answer_ = Asked(unit) && Visible(unit);
  return last_answer_;
}

}  // namespace terrace::measures
