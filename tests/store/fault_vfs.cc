#include "tests/store/fault_vfs.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "common/base/check.h"

namespace terrace::store {
namespace {

// What a disk writes as one; a power cut tears larger writes.
constexpr size_t kSectorBytes = 512;

}  // namespace

// SQLite allocates szOsFile bytes for an open file: this, and behind it the system's own.
struct FaultFile {
  sqlite3_file base;
  FaultVfs* vfs;
  std::string* path;  // Owned; null for temporary files, which no crash needs.

  static FaultFile* Of(sqlite3_file* file) { return reinterpret_cast<FaultFile*>(file); }
  static sqlite3_file* System(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(Of(file) + 1);
  }
  static const sqlite3_io_methods* Methods();

  static int Close(sqlite3_file* file) {
    delete std::exchange(Of(file)->path, nullptr);
    return System(file)->pMethods->xClose(System(file));
  }
  static int Read(sqlite3_file* file, void* out, int bytes, sqlite3_int64 offset) {
    const int code = Of(file)->vfs->BeforeRead();
    if (code != SQLITE_OK) return code;
    return System(file)->pMethods->xRead(System(file), out, bytes, offset);
  }
  static int Write(sqlite3_file* file, const void* data, int bytes, sqlite3_int64 offset) {
    sqlite3_int64 size = 0;
    System(file)->pMethods->xFileSize(System(file), &size);
    int code = Of(file)->vfs->BeforeWrite(size, offset, bytes);
    if (code != SQLITE_OK) return code;
    code = System(file)->pMethods->xWrite(System(file), data, bytes, offset);
    if (code == SQLITE_OK && Of(file)->path != nullptr) {
      Of(file)->vfs->Wrote(*Of(file)->path,
                           {offset, std::string(static_cast<const char*>(data), bytes)});
    }
    return code;
  }
  static int Truncate(sqlite3_file* file, sqlite3_int64 size) {
    const int code = System(file)->pMethods->xTruncate(System(file), size);
    if (code == SQLITE_OK && Of(file)->path != nullptr) {
      Of(file)->vfs->Wrote(*Of(file)->path, {size, absl::nullopt});
    }
    return code;
  }
  static int Sync(sqlite3_file* file, int flags) {
    // The system's sync is left out: these tests crash nothing but the model, and run faster.
    return Of(file)->path != nullptr ? Of(file)->vfs->Sync(*Of(file)->path) : SQLITE_OK;
  }
  static int FileSize(sqlite3_file* file, sqlite3_int64* size) {
    return System(file)->pMethods->xFileSize(System(file), size);
  }
  static int Lock(sqlite3_file* file, int level) {
    return System(file)->pMethods->xLock(System(file), level);
  }
  static int Unlock(sqlite3_file* file, int level) {
    return System(file)->pMethods->xUnlock(System(file), level);
  }
  static int CheckReservedLock(sqlite3_file* file, int* out) {
    return System(file)->pMethods->xCheckReservedLock(System(file), out);
  }
  static int FileControl(sqlite3_file* file, int op, void* argument) {
    return System(file)->pMethods->xFileControl(System(file), op, argument);
  }
  static int SectorSize(sqlite3_file* file) { return kSectorBytes; }
  // No promise about atomic or ordered writes, whatever the system would say.
  static int DeviceCharacteristics(sqlite3_file* file) { return 0; }
  static int ShmMap(sqlite3_file* file, int page, int bytes, int extend, void volatile** out) {
    return System(file)->pMethods->xShmMap(System(file), page, bytes, extend, out);
  }
  static int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
    return System(file)->pMethods->xShmLock(System(file), offset, count, flags);
  }
  static void ShmBarrier(sqlite3_file* file) { System(file)->pMethods->xShmBarrier(System(file)); }
  static int ShmUnmap(sqlite3_file* file, int remove) {
    return System(file)->pMethods->xShmUnmap(System(file), remove);
  }
};

const sqlite3_io_methods* FaultFile::Methods() {
  static const sqlite3_io_methods methods = {2,  // With shared memory, without memory-mapped reads.
                                             Close,       Read,       Write,
                                             Truncate,    Sync,       FileSize,
                                             Lock,        Unlock,     CheckReservedLock,
                                             FileControl, SectorSize, DeviceCharacteristics,
                                             ShmMap,      ShmLock,    ShmBarrier,
                                             ShmUnmap,    nullptr,    nullptr};
  return &methods;
}

FaultVfs::FaultVfs() : system_(sqlite3_vfs_find(nullptr)), vfs_(*system_) {
  vfs_.zName = "terrace-fault";
  vfs_.pNext = nullptr;
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(FaultFile)) + system_->szOsFile;
  vfs_.xOpen = &FaultVfs::Open;
  vfs_.xDelete = &FaultVfs::Delete;
  TERRACE_CHECK(sqlite3_vfs_register(&vfs_, /*makeDflt=*/1) == SQLITE_OK);
}

FaultVfs::~FaultVfs() {
  TERRACE_CHECK(sqlite3_vfs_unregister(&vfs_) == SQLITE_OK);
  TERRACE_CHECK(sqlite3_vfs_register(system_, /*makeDflt=*/1) == SQLITE_OK);
}

int FaultVfs::Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
  auto* self = static_cast<FaultVfs*>(vfs->pAppData);
  FaultFile* opened = FaultFile::Of(file);
  opened->base.pMethods = nullptr;  // Tells SQLite not to call xClose.
  const int code = self->system_->xOpen(self->system_, name, FaultFile::System(file), flags, out);
  if (code != SQLITE_OK) return code;
  opened->vfs = self;
  opened->path = name != nullptr ? new std::string(name) : nullptr;
  opened->base.pMethods = FaultFile::Methods();
  if (name != nullptr) {
    absl::MutexLock lock(&self->mu_);
    self->disks_.try_emplace(name);
  }
  return SQLITE_OK;
}

int FaultVfs::Delete(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  auto* self = static_cast<FaultVfs*>(vfs->pAppData);
  {
    absl::MutexLock lock(&self->mu_);
    self->disks_.erase(name);
  }
  return self->system_->xDelete(self->system_, name, sync_directory);
}

void FaultVfs::SetRoom(absl::optional<int64_t> bytes) {
  absl::MutexLock lock(&mu_);
  room_ = bytes;
}

void FaultVfs::SetSyncsFail(bool fail) {
  absl::MutexLock lock(&mu_);
  syncs_fail_ = fail;
}

void FaultVfs::SetReadsFail(bool fail) {
  absl::MutexLock lock(&mu_);
  reads_fail_ = fail;
}

int64_t FaultVfs::syncs() const {
  absl::MutexLock lock(&mu_);
  return syncs_;
}

int FaultVfs::BeforeWrite(int64_t size, int64_t offset, int64_t bytes) {
  absl::MutexLock lock(&mu_);
  if (!room_) return SQLITE_OK;
  const int64_t growth = std::max<int64_t>(0, offset + bytes - size);
  if (growth > *room_) return SQLITE_FULL;
  *room_ -= growth;
  return SQLITE_OK;
}

int FaultVfs::BeforeRead() const {
  absl::MutexLock lock(&mu_);
  return reads_fail_ ? SQLITE_IOERR_READ : SQLITE_OK;
}

void FaultVfs::Wrote(const std::string& path, Write write) {
  absl::MutexLock lock(&mu_);
  disks_[path].unsynced.push_back(std::move(write));
}

int FaultVfs::Sync(const std::string& path) {
  absl::MutexLock lock(&mu_);
  Disk& disk = disks_[path];
  if (!syncs_fail_) {
    ++syncs_;
    for (const Write& write : disk.unsynced) Apply(write, &disk.synced);
  }
  disk.unsynced.clear();
  return syncs_fail_ ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

void FaultVfs::Apply(const Write& write, std::string* content) {
  if (!write.bytes) {
    content->resize(write.offset);
    return;
  }
  const size_t end = write.offset + write.bytes->size();
  if (content->size() < end) content->resize(end);
  content->replace(write.offset, write.bytes->size(), *write.bytes);
}

void FaultVfs::PowerCut(const std::string& directory, std::mt19937& random) const {
  absl::MutexLock lock(&mu_);
  // Sometimes nothing of the unsynced writes arrived, sometimes nearly all of it.
  const uint32_t percent = random() % 101;
  for (const auto& [path, disk] : disks_) {
    std::string content = disk.synced;
    for (const Write& write : disk.unsynced) {
      if (!write.bytes) {
        if (random() % 100 < percent) Apply(write, &content);
        continue;
      }
      for (size_t at = 0; at < write.bytes->size(); at += kSectorBytes) {
        if (random() % 100 >= percent) continue;
        Apply({write.offset + static_cast<int64_t>(at), write.bytes->substr(at, kSectorBytes)},
              &content);
      }
    }
    const auto target = std::filesystem::path(directory) / std::filesystem::path(path).filename();
    std::ofstream(target, std::ios::binary) << content;
  }
}

}  // namespace terrace::store
