// Brings the sample into a server through its public API, as any client would.
//
// Thread-safety. Load belongs to one thread; it starts threads of its own.
#ifndef TERRACE_SERVICES_TERRACE_SAMPLE_LOADER_H_
#define TERRACE_SERVICES_TERRACE_SAMPLE_LOADER_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/terrace/client.h"
#include "services/terrace/sample/sample.h"

namespace terrace::sample {

// Called before each step with what it does and how many records it brings.
using StepFn = std::function<void(absl::string_view title, size_t records)>;

// Into a realm without units. Stops at the first record that is refused: ROWS_REFUSED or the
// service's own reason.
absl::Status Load(const Sample& sample, cli::Client* client, const StepFn& on_step);

// Sends visits as devices do, and returns when all of their items are stored.
absl::Status SyncVisits(cli::Client* client, const VisitRecords& visits);

}  // namespace terrace::sample

#endif  // TERRACE_SERVICES_TERRACE_SAMPLE_LOADER_H_
