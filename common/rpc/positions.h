// Positions in the logs of several services, as headers carry them: what a reply speaks for
// ("terrace-cursor") and what a caller has seen ("terrace-seen"). A caller that sends back what it
// has seen reads its own writes, whichever replica answers; rpc::Channel does so by itself.
//
//   registry=3f0c...:17,measures=77ab...:4
//
// Pure functions.
#ifndef TERRACE_COMMON_RPC_POSITIONS_H_
#define TERRACE_COMMON_RPC_POSITIONS_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "common/store/store.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::rpc {

inline constexpr char kPositionHeader[] = "terrace-cursor";  // Of replies.
inline constexpr char kSeenHeader[] = "terrace-seen";        // Of requests.

// By the name of the service.
using Positions = std::map<std::string, store::Cursor>;

std::string FormatPositions(const Positions& positions);

// Leaves out what cannot be read: a header that was damaged on its way asks for less.
Positions ParsePositions(absl::string_view text);

// Takes over whatever is further, and every position of a log that is new.
void MergePositions(const Positions& more, Positions* positions);

// Positions as messages carry them: those that are set, and those that a vector has room for.
Positions ToPositions(const types::v1::RevisionVector& vector);
types::v1::RevisionVector ToVector(const Positions& positions);

}  // namespace terrace::rpc

#endif  // TERRACE_COMMON_RPC_POSITIONS_H_
