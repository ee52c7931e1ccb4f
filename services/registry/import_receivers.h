// The receiving ends of ImportUnits and ImportDesignations: chunks of rows become batches, one
// after the other; the caller's next message is taken when everything decidable of the last one is
// stored.
//
// Thread-safety. As rpc::Receiver.
#ifndef TERRACE_SERVICES_REGISTRY_IMPORT_RECEIVERS_H_
#define TERRACE_SERVICES_REGISTRY_IMPORT_RECEIVERS_H_

#include <memory>

#include "common/machine/machine.h"
#include "common/rpc/methods.h"

namespace terrace::registry {

std::unique_ptr<rpc::Receiver> ReceiveUnits(machine::Machine* machine, rpc::Call& call);
std::unique_ptr<rpc::Receiver> ReceiveDesignations(machine::Machine* machine, rpc::Call& call);

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_IMPORT_RECEIVERS_H_
