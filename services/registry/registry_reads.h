// Reads that may look at more than a few rows: lists, searches, counts, coverage.
//
// Lists go through slices and are paged by key. Counts and coverage take a view of one revision and
// work on it outside the lock.
//
// Thread-safety. Thread-safe; calls run on the executor.
#ifndef TERRACE_SERVICES_REGISTRY_REGISTRY_READS_H_
#define TERRACE_SERVICES_REGISTRY_REGISTRY_READS_H_

#include "absl/status/status.h"
#include "common/machine/machine.h"
#include "common/rpc/methods.h"
#include "services/registry/registry_state.h"
#include "terrace/registry/v1/coverage.pb.h"
#include "terrace/registry/v1/designation.pb.h"
#include "terrace/registry/v1/programme.pb.h"
#include "terrace/registry/v1/unit.pb.h"

namespace terrace::registry {

// Units that a list may put into another order than by name.
inline constexpr int kOrderedUnitsMax = 10'000;

class RegistryReads {
 public:
  explicit RegistryReads(machine::Machine* machine) : machine_(machine) {}

  absl::Status ListUnits(rpc::Call& call, const v1::ListUnitsRequest& request,
                         v1::ListUnitsResponse* reply) const;
  absl::Status ListPlacements(rpc::Call& call, const v1::ListPlacementsRequest& request,
                              v1::ListPlacementsResponse* reply) const;
  absl::Status SearchUnits(rpc::Call& call, const v1::SearchUnitsRequest& request,
                           v1::SearchUnitsResponse* reply) const;
  absl::Status CountUnits(rpc::Call& call, const v1::CountUnitsRequest& request,
                          v1::CountUnitsResponse* reply) const;
  absl::Status ListProgrammes(rpc::Call& call, const v1::ListProgrammesRequest& request,
                              v1::ListProgrammesResponse* reply) const;
  absl::Status ListEnrollments(rpc::Call& call, const v1::ListEnrollmentsRequest& request,
                               v1::ListEnrollmentsResponse* reply) const;
  absl::Status ListDesignations(rpc::Call& call, const v1::ListDesignationsRequest& request,
                                v1::ListDesignationsResponse* reply) const;
  absl::Status GetCoverage(rpc::Call& call, const v1::GetCoverageRequest& request,
                           v1::Coverage* reply) const;

 private:
  absl::Status ListUnitsOrdered(rpc::Call& call, const v1::ListUnitsRequest& request,
                                v1::ListUnitsResponse* reply) const;

  machine::Machine* const machine_;
};

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_REGISTRY_READS_H_
