// Imports: client streams of rows, stored a batch at a time, each row by itself.
//
// Rows are told apart by their names, so an import that broke off is sent again: what was stored is
// UNCHANGED then. A broken stream leaves whole batches and nothing else.
#ifndef TERRACE_SERVICES_MEASURES_IMPORT_H_
#define TERRACE_SERVICES_MEASURES_IMPORT_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/machine/machine.h"
#include "common/rpc/methods.h"
#include "google/protobuf/message.h"
#include "services/measures/measures_state.h"
#include "terrace/measures/v1/common.pb.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::measures {

// Limits.
inline constexpr size_t kImportBatchBytes = 600 << 10;  // Of rows in one batch of 1 MiB.
inline constexpr int kImportRefusalsTold = 5000;        // Refused rows that the reply explains.

// What an import answers; ImportMeasuresResponse and ImportActivitiesResponse have these fields.
class ImportLedger {
 public:
  void Add(absl::string_view name, const absl::StatusOr<types::v1::RowResult::Outcome>& outcome);
  template <class Response>
  void Fill(Response* response) const {
    response->set_rows(rows_);
    response->set_created(counts_[types::v1::RowResult::OUTCOME_CREATED]);
    response->set_updated(counts_[types::v1::RowResult::OUTCOME_UPDATED]);
    response->set_unchanged(counts_[types::v1::RowResult::OUTCOME_UNCHANGED]);
    response->set_rejected(counts_[types::v1::RowResult::OUTCOME_REJECTED]);
    response->mutable_runs()->Assign(runs_.begin(), runs_.end());
    response->mutable_results()->Assign(results_.begin(), results_.end());
    response->set_results_omitted(omitted_);
  }

 private:
  int64_t rows_ = 0;
  int64_t counts_[types::v1::RowResult::Outcome_ARRAYSIZE] = {};
  std::vector<v1::ImportRun> runs_;
  std::vector<types::v1::RowResult> results_;
  int64_t omitted_ = 0;
};

// Handles one message of a stream.
struct ImportMessage {
  bool validate_only = false;
  absl::Status status;  // Why the whole message, and with it the import, is refused.
  std::vector<const google::protobuf::Message*> rows;
};
// What an import needs to know about its messages and rows.
struct ImportSpec {
  std::function<ImportMessage(const google::protobuf::Message& request)> open;
  std::function<std::string(const google::protobuf::Message& row)> name;
  std::function<absl::StatusOr<types::v1::RowResult::Outcome>(
      const MeasuresState& state, const google::protobuf::Message& row, machine::Decision& d)>
      decide;
  std::function<void(const ImportLedger& ledger, google::protobuf::Message* reply)> fill;
};

std::unique_ptr<rpc::Receiver> MakeImport(machine::Machine* machine, rpc::Call& call,
                                          ImportSpec spec);

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_IMPORT_H_
