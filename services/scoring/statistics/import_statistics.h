// ImportStatistics: a client stream of figures, stored a batch at a time, each row by itself. Rows
// are told apart by unit, definition and period, so an import that broke off is simply sent again.
#ifndef TERRACE_SERVICES_SCORING_STATISTICS_IMPORT_STATISTICS_H_
#define TERRACE_SERVICES_SCORING_STATISTICS_IMPORT_STATISTICS_H_

#include <memory>

#include "common/machine/machine.h"
#include "common/rpc/methods.h"

namespace terrace::scoring {

// Limits.
inline constexpr size_t kImportBatchBytes = 600 << 10;  // Of rows in one batch of 1 MiB.
inline constexpr int kImportResultsTold = 10'000;

// The machine outlives the receiver, the call lives until it is over.
std::unique_ptr<rpc::Receiver> MakeStatisticsImport(machine::Machine* machine, rpc::Call& call);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_STATISTICS_IMPORT_STATISTICS_H_
