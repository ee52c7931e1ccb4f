// A walk over the units of a subtree in the order of their ids, in slices that hold the State's
// lock only briefly.
//
// Ids never change, so a walk by id that goes on after the last one seen meets every unit that
// exists throughout exactly once, however many others come, move or close meanwhile. Small subtrees
// are gathered from the tree and sorted; in large ones every row of the realm is passed and most of
// them are under the subtree anyway.
//
// Thread-safety. None; one scan belongs to one request.
#ifndef TERRACE_SERVICES_REGISTRY_UNIT_SCAN_H_
#define TERRACE_SERVICES_REGISTRY_UNIT_SCAN_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "common/machine/machine.h"
#include "common/rpc/methods.h"
#include "services/registry/registry_state.h"
#include "services/registry/unit_index.h"

namespace terrace::registry {

// Limits.
inline constexpr int kSliceUnits = 1000;              // Looked at under one lock.
inline constexpr UnitNumber kGatheredUnits = 20'000;  // Gathered and sorted at most.

// Which units. An empty subtree stands for all that the caller may see.
struct UnitScope {
  std::string subtree;  // "units/{unit}".
  Line line = Line::kTerritory;
  int max_depth = 0;  // Steps below the subtree's root; 0 for no limit.
  absl::Time at;
};

// A unit that the walk has come to.
struct ScannedUnit {
  const RegistryState& state;
  const UnitView& view;
  UnitNumber number;
  absl::string_view id;
  const machine::Row& row;
  bool open;  // On the day asked for.
};

class UnitScan {
 public:
  // `call` and `machine` outlive the scan.
  UnitScan(machine::Machine* machine, const rpc::Call& call, UnitScope scope);

  // Calls visit for the units whose ids are >= `from`, until it returns false. NOT_FOUND for an
  // unknown subtree; DEADLINE_EXCEEDED when the call's deadline passes.
  absl::Status Run(absl::string_view from, absl::FunctionRef<bool(const ScannedUnit&)> visit);

  // The position of the first slice: what everything visited includes. After Run.
  const store::Cursor& position() const { return position_; }
  Day day() const { return day_; }

 private:
  // Prepares the walk on the state of the first slice.
  absl::Status Start(const RegistryState& state);
  bool IsInside(const UnitView& view, UnitNumber unit, absl::string_view id) const;
  // One unit; false to stop.
  bool Visit(const RegistryState& state, const UnitView& view, absl::string_view id,
             const machine::Row& row, absl::FunctionRef<bool(const ScannedUnit&)> visit);
  // Slices; they set next_ and return whether the walk goes on.
  bool GatheredSlice(const RegistryState& state, absl::FunctionRef<bool(const ScannedUnit&)> visit);
  bool RowSlice(const RegistryState& state, absl::FunctionRef<bool(const ScannedUnit&)> visit);

  machine::Machine* const machine_;
  const rpc::Call& call_;
  UnitScope scope_;
  const Day day_;
  bool sees_all_ = false;  // Without a subtree: no need to look at each unit.
  absl::optional<UnitNumber> root_;
  bool gathered_ = false;
  std::vector<std::string> ids_;  // When gathered, in order.
  size_t next_id_ = 0;
  std::string next_;  // Otherwise: the next key to look at.
  store::Cursor position_;
};

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_UNIT_SCAN_H_
