#include "services/registry/designation_import.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "services/registry/fields.h"
#include "services/registry/keys.h"

namespace terrace::registry {

absl::StatusOr<ChunkOutcomes> DecideDesignationRows(const RegistryState& state,
                                                    absl::string_view programme,
                                                    const std::string& acting_office,
                                                    absl::Span<const DesignationRow> rows,
                                                    machine::Decision& decision) {
  TERRACE_ASSIGN_OR_RETURN(const v1::Programme rules, state.ProgrammeFor(programme, decision));
  ChunkOutcomes outcomes;
  size_t bytes = 0;
  for (const DesignationRow& row : rows) {
    bytes += 2 * row.row.ByteSizeLong() + 256;
    if (!outcomes.empty() && (decision.room() < 2 || bytes > kImportChunkBytes)) break;
    absl::Status valid = CheckMessage(row.row);
    outcomes.push_back(valid.ok() ? state.RecordDesignation(row.row, rules, acting_office, decision)
                                  : absl::StatusOr<RowResult::Outcome>(std::move(valid)));
  }
  return outcomes;
}

absl::Status DesignationImport::Take(const v1::ImportDesignationsRequest& request) {
  if (!started_) {
    started_ = true;
    dry_run_ = request.validate_only();
    programme_ = request.programme();
    acting_office_ = request.acting_office();
    if (programme_.empty()) return Required("programme");
    if (acting_office_.empty()) return Required("acting_office");
  }
  if (request.programme() != programme_) {
    return InvalidField("programme", "it must be the same in every message of a stream");
  }
  if (request.acting_office() != acting_office_) {
    return InvalidField("acting_office", "it must be the same in every message of a stream");
  }
  TERRACE_RETURN_IF_ERROR(CheckCount(request.rows_size(), kImportMessageRowsMax));
  if (ledger_.rows() + request.rows_size() > kImportRowsMax) {
    return Error(Reason::BATCH_TOO_LARGE,
                 {{"count", absl::StrCat(ledger_.rows() + request.rows_size())},
                  {"limit", absl::StrCat(kImportRowsMax)}});
  }
  for (const v1::ImportDesignationRow& row : request.rows()) {
    ready_.push_back({ledger_.NextRow(), row});
  }
  return absl::OkStatus();
}

std::vector<DesignationRow> DesignationImport::NextChunk() {
  const size_t size = std::min(kImportChunkRows, ready_.size());
  std::vector<DesignationRow> chunk(std::make_move_iterator(ready_.begin()),
                                    std::make_move_iterator(ready_.begin() + size));
  ready_.erase(ready_.begin(), ready_.begin() + size);
  return chunk;
}

void DesignationImport::Finish(std::vector<DesignationRow> chunk, const ChunkOutcomes& outcomes) {
  TERRACE_CHECK(outcomes.size() <= chunk.size());
  for (size_t i = chunk.size(); i-- > outcomes.size();) ready_.push_front(std::move(chunk[i]));
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const v1::ImportDesignationRow& row = chunk[i].row;
    ledger_.Record(chunk[i].number, DesignationKey(row.unit_id(), row.designation_id()),
                   outcomes[i]);
  }
}

}  // namespace terrace::registry
