// The edge of the registry: which method is answered by what.
//
// Thread-safety. The table is read by many threads; it must not outlive the machine.
#ifndef TERRACE_SERVICES_REGISTRY_REGISTRY_SERVICE_H_
#define TERRACE_SERVICES_REGISTRY_REGISTRY_SERVICE_H_

#include <memory>

#include "common/machine/machine.h"
#include "common/rpc/methods.h"

namespace terrace::registry {

// The methods of terrace.registry.v1.UnitRegistry on a machine whose State is a RegistryState.
// Builds the indexes, which takes a second or two with a national tree.
std::unique_ptr<rpc::Methods> RegistryMethods(machine::Machine* machine);

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_REGISTRY_SERVICE_H_
