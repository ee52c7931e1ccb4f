// Keyspaces as administrators copy them: read from the stores that this process has open, or passed
// on from the process that has.
//
// Thread-safety. The tables may be called from any thread; what they refer to outlives them.
#ifndef TERRACE_SERVICES_TERRACE_MAINTENANCE_H_
#define TERRACE_SERVICES_TERRACE_MAINTENANCE_H_

#include <map>
#include <memory>
#include <string>

#include "common/base/executor.h"
#include "common/rpc/channel.h"
#include "common/rpc/methods.h"
#include "common/store/store.h"

namespace terrace {

// Where keyspaces are, by name.
struct Keyspaces {
  std::map<std::string, store::Store*> here;
  std::map<std::string, std::shared_ptr<rpc::Channel>> elsewhere;
  Executor* executor = nullptr;
};

// Adds CopyKeyspace, ReadLog and CompactLog to the table of a service that has them.
void AddKeyspaceMethods(const Keyspaces& keyspaces, rpc::Methods* methods);

// The table of terrace.maintenance.v1.Maintenance.
std::unique_ptr<rpc::Methods> MaintenanceMethods(const Keyspaces& keyspaces);

}  // namespace terrace

#endif  // TERRACE_SERVICES_TERRACE_MAINTENANCE_H_
