// ExportUnits: every unit of a subtree, once, as of one revision, while writers go on.
//
// The export takes the tree of its revision and a hold on the rows: a row that changes later is
// kept as it was for as long as somebody holds it. So nothing is copied up front and nothing is
// locked for longer than a slice.
//
// Thread-safety. One source belongs to one call.
#ifndef TERRACE_SERVICES_REGISTRY_UNIT_EXPORT_H_
#define TERRACE_SERVICES_REGISTRY_UNIT_EXPORT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/machine/machine.h"
#include "common/rpc/methods.h"
#include "terrace/registry/v1/import.pb.h"

namespace terrace::registry {

// Limits.
inline constexpr int kExportPartUnits = 1000;
inline constexpr size_t kExportPartBytes = 1 << 20;

// NOT_FOUND for an unknown subtree; OVERLOADED when too many exports are under way.
absl::StatusOr<std::unique_ptr<rpc::Source>> ExportUnits(machine::Machine* machine,
                                                         const rpc::Call& call,
                                                         const v1::ExportUnitsRequest& request);

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_UNIT_EXPORT_H_
