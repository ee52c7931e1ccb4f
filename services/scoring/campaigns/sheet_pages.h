// Lists of sheets: those of a campaign, and those that wait for an office.
//
// Thread-safety: each call runs on one thread; the machine locks by itself.
#ifndef TERRACE_SERVICES_SCORING_CAMPAIGNS_SHEET_PAGES_H_
#define TERRACE_SERVICES_SCORING_CAMPAIGNS_SHEET_PAGES_H_

#include "absl/status/status.h"
#include "common/machine/machine.h"
#include "common/rpc/methods.h"
#include "terrace/scoring/v1/campaign.pb.h"

namespace terrace::scoring {

absl::Status ListSheets(machine::Machine* machine, rpc::Call& call,
                        const v1::ListSheetsRequest& request, v1::ListSheetsResponse* reply);
absl::Status ListPending(machine::Machine* machine, rpc::Call& call,
                         const v1::ListPendingRequest& request, v1::ListPendingResponse* reply);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_CAMPAIGNS_SHEET_PAGES_H_
