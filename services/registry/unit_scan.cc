#include "services/registry/unit_scan.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/resource/names.h"
#include "services/registry/keys.h"

namespace terrace::registry {
namespace {

constexpr absl::string_view kUnits = "units/";
// Rows of one unit that are stepped over before it pays to seek past them.
constexpr int kRowsStepped = 4;

}  // namespace

UnitScan::UnitScan(machine::Machine* machine, const rpc::Call& call, UnitScope scope)
    : machine_(machine),
      call_(call),
      scope_(std::move(scope)),
      day_(DayOf(scope_.at, DefaultZone())) {}

absl::Status UnitScan::Start(const RegistryState& state) {
  const UnitView view = state.units();
  if (scope_.subtree.empty()) {
    sees_all_ = access::HoldsRealm(call_.identity, options::v1::ROLE_VIEWER, call_.received);
    // Who holds a single grant sees a single subtree.
    if (!sees_all_ && call_.identity.grants.size() == 1) {
      const access::Grant& grant = call_.identity.grants.front();
      if (grant.expires <= call_.received) return absl::OkStatus();
      root_ = view.tree->Number(grant.unit);
      scope_.line = tree::FromProto(grant.line);
    }
  } else {
    TERRACE_ASSIGN_OR_RETURN(absl::string_view id, resource::ParseUnitName(scope_.subtree));
    root_ = view.tree->Number(id);
    if (!root_) return Error(Reason::NOT_FOUND, {{"name", scope_.subtree}});
  }
  gathered_ = root_ && view.PlacesAsNow(day_) &&
              view.tree->SubtreeCount(*root_, scope_.line) <= kGatheredUnits;
  return absl::OkStatus();
}

absl::Status UnitScan::Run(absl::string_view from,
                           absl::FunctionRef<bool(const ScannedUnit&)> visit) {
  std::shared_ptr<const tree::Tree> tree;
  absl::Status status =
      machine_->Read<RegistryState>([&](const RegistryState& state, const store::Cursor& at) {
        position_ = at;
        tree = state.tree();
        return Start(state);
      });
  TERRACE_RETURN_IF_ERROR(status);
  if (gathered_) {
    tree->ForEachInSubtree(*root_, scope_.line, [&](UnitNumber unit) {
      if (tree->Id(unit) >= from) ids_.emplace_back(tree->Id(unit));
      return true;
    });
    std::sort(ids_.begin(), ids_.end());
  } else {
    next_ = absl::StrCat(kUnits, from);
  }
  for (bool more = true; more;) {
    if (machine_->clock().Now() > call_.deadline) {
      return absl::DeadlineExceededError("the deadline passed while units were being looked at");
    }
    more = machine_->Read<RegistryState>([&](const RegistryState& state, const store::Cursor&) {
      return gathered_ ? GatheredSlice(state, visit) : RowSlice(state, visit);
    });
  }
  return absl::OkStatus();
}

bool UnitScan::IsInside(const UnitView& view, UnitNumber unit, absl::string_view id) const {
  if (!root_) {
    return sees_all_ || access::MaySee(call_.identity, *view.tree, id, call_.received);
  }
  if (scope_.max_depth == 0) return view.IsUnder(unit, *root_, scope_.line, day_);
  for (int steps = 0; steps <= scope_.max_depth && unit != kNoUnit; ++steps) {
    if (unit == *root_) return true;
    unit = view.ParentOn(unit, scope_.line, day_);
  }
  return false;
}

bool UnitScan::Visit(const RegistryState& state, const UnitView& view, absl::string_view id,
                     const machine::Row& row, absl::FunctionRef<bool(const ScannedUnit&)> visit) {
  const absl::optional<UnitNumber> unit = view.tree->Number(id);
  if (!unit || !IsInside(view, *unit, id) || !view.HasOpened(*unit, day_)) return true;
  return visit({state, view, *unit, id, row, view.IsOpen(*unit, day_)});
}

bool UnitScan::GatheredSlice(const RegistryState& state,
                             absl::FunctionRef<bool(const ScannedUnit&)> visit) {
  const UnitView view = state.units();
  for (int units = 0; units < kSliceUnits && next_id_ < ids_.size(); ++units) {
    const std::string& id = ids_[next_id_++];
    const machine::Row* row = state.rows().Find(UnitKey(id));
    if (row != nullptr && !Visit(state, view, id, *row, visit)) return false;
  }
  return next_id_ < ids_.size();
}

bool UnitScan::RowSlice(const RegistryState& state,
                        absl::FunctionRef<bool(const ScannedUnit&)> visit) {
  const UnitView view = state.units();
  for (int units = 0; units < kSliceUnits;) {
    bool stopped = false;
    bool seek = false;
    int stepped = 0;
    state.rows().ForEach(kUnits, next_, [&](const std::string& name, const machine::Row& row) {
      const RowKey key = ParseKey(name);
      if (key.kind != RowKind::kUnit) {
        if (++stepped <= kRowsStepped) return true;
        // Past everything that belongs to this unit: '0' follows '/'.
        next_ = absl::StrCat(kUnits, resource::OwnerOf(name), "0");
        seek = true;
        return false;
      }
      stepped = 0;
      next_ = absl::StrCat(name, absl::string_view("\0", 1));
      stopped = !Visit(state, view, key.unit, row, visit);
      return !stopped && ++units < kSliceUnits;
    });
    if (stopped) return false;
    if (!seek && units < kSliceUnits) return false;  // There are no more rows.
  }
  return true;
}

}  // namespace terrace::registry
