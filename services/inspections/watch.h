// The feed of WatchInspections: which rows a caller is sent, and as what.
//
// Guarantees (tested by these names, made by common/rpc/row_watch.h): Ordered, Unique, Atomic,
// Reliable, Resumable, Bookmarkable.
//
// Plans, draws, releases and teams never appear, so a stream says nothing about rounds that are not
// released. A unit that moves into or out of what the caller may see ends the stream with
// SCOPE_CHANGED: what was sent, or left out, is no longer right.
//
// Thread-safety. One feed belongs to one stream.
#ifndef TERRACE_SERVICES_INSPECTIONS_WATCH_H_
#define TERRACE_SERVICES_INSPECTIONS_WATCH_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/machine/machine.h"
#include "common/rpc/methods.h"
#include "terrace/inspections/v1/watch.pb.h"

namespace terrace::inspections {

absl::StatusOr<std::unique_ptr<rpc::Source>> Watch(machine::Machine* machine,
                                                   machine::TreeSource tree, const rpc::Call& call,
                                                   const v1::WatchInspectionsRequest& request);

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_WATCH_H_
