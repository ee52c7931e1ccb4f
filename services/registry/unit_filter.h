// Filters over units, evaluated without reading rows where that is possible.
//
// A filter that speaks only of level, kind, class and state has one answer for all units that share
// them; it is worked out once for each combination. Any other filter needs the whole unit.
//
// Thread-safety. None; one filter belongs to one request.
#ifndef TERRACE_SERVICES_REGISTRY_UNIT_FILTER_H_
#define TERRACE_SERVICES_REGISTRY_UNIT_FILTER_H_

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/resource/filter.h"
#include "common/tree/tree.h"
#include "terrace/registry/v1/unit.pb.h"

namespace terrace::registry {

class UnitFilter {
 public:
  // INVALID_FILTER.
  static absl::StatusOr<UnitFilter> Parse(absl::string_view text);

  // False when the facts that stand in memory already rule the unit out.
  bool MayMatch(const tree::Tree& tree, tree::UnitNumber unit, bool open);
  // Asked after MayMatch.
  bool Matches(const v1::Unit& unit) const { return on_facts_ || filter_.Matches(unit); }

 private:
  resource::Filter filter_;
  bool on_facts_ = false;
  absl::flat_hash_map<uint64_t, bool> known_;  // By level, kind, class and state.
};

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_UNIT_FILTER_H_
