// WatchMeasures: how rows look in the stream, and who sees which.
#ifndef TERRACE_SERVICES_MEASURES_WATCH_H_
#define TERRACE_SERVICES_MEASURES_WATCH_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/machine/machine.h"
#include "common/rpc/methods.h"
#include "terrace/measures/v1/measure_tracker.pb.h"

namespace terrace::measures {

// `tree` gives the unit tree of the moment: units come and move while a stream is open.
absl::StatusOr<std::unique_ptr<rpc::Source>> WatchMeasures(machine::Machine* machine,
                                                           machine::TreeSource tree,
                                                           rpc::Call& call,
                                                           const v1::WatchMeasuresRequest& request);

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_WATCH_H_
