// An import of designations: rows in chunks, each with its outcome.
//
// Thread-safety. None; one importer belongs to one stream. DecideDesignationRows is a pure
// function.
#ifndef TERRACE_SERVICES_REGISTRY_DESIGNATION_IMPORT_H_
#define TERRACE_SERVICES_REGISTRY_DESIGNATION_IMPORT_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/machine/decision.h"
#include "services/registry/import_ledger.h"
#include "services/registry/registry_state.h"
#include "services/registry/unit_import.h"
#include "terrace/registry/v1/designation.pb.h"

namespace terrace::registry {

struct DesignationRow {
  int64_t number;
  v1::ImportDesignationRow row;
};

// Decides as many rows as fit into one batch. An error ends the import: the programme is gone.
absl::StatusOr<ChunkOutcomes> DecideDesignationRows(const RegistryState& state,
                                                    absl::string_view programme,
                                                    const std::string& acting_office,
                                                    absl::Span<const DesignationRow> rows,
                                                    machine::Decision& decision);

class DesignationImport {
 public:
  // Takes the rows of a message. REQUIRED_FIELD, INVALID_FIELD, BATCH_TOO_LARGE when the message
  // itself is wrong, which ends the import.
  absl::Status Take(const v1::ImportDesignationsRequest& request);

  bool dry_run() const { return dry_run_; }
  const std::string& programme() const { return programme_; }          // Full name.
  const std::string& acting_office() const { return acting_office_; }  // Full name.

  std::vector<DesignationRow> NextChunk();
  void Finish(std::vector<DesignationRow> chunk, const ChunkOutcomes& outcomes);
  void End(v1::ImportDesignationsResponse* response) const { ledger_.Fill(response); }

 private:
  bool started_ = false;
  bool dry_run_ = false;
  std::string programme_;
  std::string acting_office_;
  std::deque<DesignationRow> ready_;
  ImportLedger ledger_;
};

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_DESIGNATION_IMPORT_H_
