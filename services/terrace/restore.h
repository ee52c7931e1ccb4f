// Fills empty stores from a backup.
//
// Concept. Every keyspace is marked before anything is written and released when the whole backup
// has been read and found good, so that no service ever opens half a restore. What is written goes
// through Store::Commit as everything else does, and so the log is a new one. The ids of batches
// follow from the backup: a restore that broke off is finished by doing it again.
//
// Thread-safety. Everything blocks; one thread at a time.
#ifndef TERRACE_SERVICES_TERRACE_RESTORE_H_
#define TERRACE_SERVICES_TERRACE_RESTORE_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "services/terrace/backup_file.h"
#include "terrace/storage/v1/backup.pb.h"

namespace terrace::cli {

// Reads a backup to its end. `passed` hears how many bytes were read since it was called last.
absl::Status CheckBackup(BackupReader* backup, absl::FunctionRef<void(int64_t bytes)> passed);

// Restores it into the stores of `url`, as in store::StoreOptions. RESTORE_NOT_EMPTY when they hold
// anything else than a part of this very backup; then nothing was changed.
absl::StatusOr<std::vector<storage::v1::KeyspaceReport>> RestoreBackup(
    BackupReader* backup, const std::string& url, absl::FunctionRef<void(int64_t bytes)> passed);

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_RESTORE_H_
