// What teams take along: the packages of a released plan, or of units for visits of their own.
//
// Thread-safety. One source belongs to one call.
#ifndef TERRACE_SERVICES_INSPECTIONS_PACKAGES_H_
#define TERRACE_SERVICES_INSPECTIONS_PACKAGES_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/machine/machine.h"
#include "common/rpc/methods.h"
#include "terrace/inspections/v1/field.pb.h"

namespace terrace::inspections {

// Limits.
inline constexpr int kPackageUnitsMax = 1000;  // Units of one request.
inline constexpr int kPackagesPerMessage = 20;
inline constexpr int kOpenFindingsMax = 500;  // Of one package.

// The stream of PullVisitPackages. NOT_FOUND for a plan that the caller has nothing to do with,
// released or not.
absl::StatusOr<std::unique_ptr<rpc::Source>> PullPackages(
    machine::Machine* machine, const rpc::Call& call, const v1::PullVisitPackagesRequest& request);

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_PACKAGES_H_
