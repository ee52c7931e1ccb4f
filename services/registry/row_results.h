// Results of the rows of batches and imports.
//
// Thread-safety. Plain values.
#ifndef TERRACE_SERVICES_REGISTRY_ROW_RESULTS_H_
#define TERRACE_SERVICES_REGISTRY_ROW_RESULTS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::registry {

using types::v1::RowResult;

// Fills in what became of a row: the outcome, or REJECTED with reason, field and sentences.
void FillResult(int64_t row, absl::string_view name,
                const absl::StatusOr<RowResult::Outcome>& outcome, RowResult* result);

// How many rows came to which outcome; Response has the fields created, updated, unchanged and
// rejected.
template <class Response>
void CountOutcome(RowResult::Outcome outcome, int64_t rows, Response* response) {
  switch (outcome) {
    case RowResult::OUTCOME_CREATED:
      response->set_created(response->created() + rows);
      break;
    case RowResult::OUTCOME_UPDATED:
      response->set_updated(response->updated() + rows);
      break;
    case RowResult::OUTCOME_UNCHANGED:
      response->set_unchanged(response->unchanged() + rows);
      break;
    default:
      response->set_rejected(response->rejected() + rows);
      break;
  }
}

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_ROW_RESULTS_H_
