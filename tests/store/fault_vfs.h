// A disk that fails, for tests of the sqlite engine: a VFS between SQLite and the system.
//
// While an object of this class lives it is the VFS of every file that SQLite opens. It can be
// full, fail to sync or to read, and it can say what a power cut at this moment would leave on the
// disk: what was synced, and of what was written since then any part in any order.
//
// Thread-safe. One object at a time; stores must be closed before it goes away.
#ifndef TERRACE_TESTS_STORE_FAULT_VFS_H_
#define TERRACE_TESTS_STORE_FAULT_VFS_H_

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"

namespace terrace::store {

class FaultVfs {
 public:
  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  // Files may grow by so many bytes altogether, then writes that would need more fail as on a full
  // disk. nullopt: there is room.
  void SetRoom(absl::optional<int64_t> bytes);
  // What was written before a sync that failed stays readable, but never reaches the disk, not with
  // a later sync either: that is how Linux treats the pages of a failed write-back.
  void SetSyncsFail(bool fail);
  void SetReadsFail(bool fail);

  // Writes the files as a power cut would leave them into `directory`, which must exist.
  void PowerCut(const std::string& directory, std::mt19937& random) const;

  int64_t syncs() const;

 private:
  friend struct FaultFile;  // Open file; calls back for every write and sync.

  struct Write {
    int64_t offset;
    absl::optional<std::string> bytes;  // None: the file was cut off at `offset`.
  };
  struct Disk {
    std::string synced;
    std::vector<Write> unsynced;
  };

  static int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out);
  static int Delete(sqlite3_vfs* vfs, const char* name, int sync_directory);
  static void Apply(const Write& write, std::string* content);

  // Each says whether the operation may go on: SQLITE_OK, or the error to give instead.
  int BeforeWrite(int64_t size, int64_t offset, int64_t bytes);
  int BeforeRead() const;
  void Wrote(const std::string& path, Write write);
  int Sync(const std::string& path);

  sqlite3_vfs* const system_;
  sqlite3_vfs vfs_;
  mutable absl::Mutex mu_;
  absl::optional<int64_t> room_ ABSL_GUARDED_BY(mu_);
  bool syncs_fail_ ABSL_GUARDED_BY(mu_) = false;
  bool reads_fail_ ABSL_GUARDED_BY(mu_) = false;
  int64_t syncs_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<std::string, Disk> disks_ ABSL_GUARDED_BY(mu_);  // By path.
};

}  // namespace terrace::store

#endif  // TERRACE_TESTS_STORE_FAULT_VFS_H_
