// The edge of terrace.measures.v1.MeasureTracker: which method is which decision or read.
#ifndef TERRACE_SERVICES_MEASURES_MEASURES_SERVICE_H_
#define TERRACE_SERVICES_MEASURES_MEASURES_SERVICE_H_

#include <memory>

#include "common/machine/machine.h"
#include "common/rpc/methods.h"

namespace terrace::measures {

// The table of methods over a machine with a MeasuresState; `tree` is the machine's source of the
// unit tree. The machine outlives the table.
std::unique_ptr<rpc::Methods> MeasureMethods(machine::Machine* machine, machine::TreeSource tree);

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_MEASURES_SERVICE_H_
