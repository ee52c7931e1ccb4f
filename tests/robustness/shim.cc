// Preloaded into the processes under test, the terrace binary and Redis alike: a wall clock that
// steps, and a disk that is full while the control file says so. The programs themselves know
// nothing of it.
//
// The clock. clock_gettime(CLOCK_REALTIME), gettimeofday and time are off by the offset; monotonic
// time is not. Abseil waits for instants of the wall clock with a futex: those are moved back to
// the kernel's clock, or every wait would be off by the offset too.
//
// The disk. A write that would make a regular file longer fails with ENOSPC; what overwrites goes
// through, as on a disk that has no free block left.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "tests/robustness/control_block.h"

namespace {

using terrace::robustness::ControlBlock;

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kNanosPerSecond = 1'000'000'000;

ControlBlock* block = nullptr;

__attribute__((constructor)) void MapControl() {
  const char* path = getenv(terrace::robustness::kControlVariable);
  if (path == nullptr) return;
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* mapped = mmap(nullptr, sizeof(ControlBlock), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped != MAP_FAILED) block = static_cast<ControlBlock*>(mapped);
}

int64_t OffsetMicros() { return block == nullptr ? 0 : block->clock_offset_us.load(); }

// The function that would be there without the shim. Kept without a guard of the language's, whose
// wait is a futex, and so would come back here.
template <class Function>
class Next {
 public:
  explicit constexpr Next(const char* name) : name_(name) {}
  Function* operator*() {
    Function* found = found_.load(std::memory_order_relaxed);
    if (found == nullptr) {
      found = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name_));
      found_.store(found, std::memory_order_relaxed);
    }
    return found;
  }

 private:
  const char* const name_;
  std::atomic<Function*> found_ = nullptr;
};

constinit Next<int(clockid_t, timespec*)> next_clock_gettime("clock_gettime");
constinit Next<long(long, ...)> next_syscall("syscall");
constinit Next<ssize_t(int, const void*, size_t)> next_write("write");
constinit Next<ssize_t(int, const iovec*, int)> next_writev("writev");
constinit Next<ssize_t(int, const void*, size_t, off_t)> next_pwrite("pwrite");
constinit Next<ssize_t(int, const void*, size_t, off64_t)> next_pwrite64("pwrite64");

void Add(int64_t micros, timespec* time) {
  const int64_t nanos = time->tv_nsec + micros % kMicrosPerSecond * 1000;
  time->tv_sec += micros / kMicrosPerSecond;
  time->tv_nsec = nanos;
  if (nanos < 0) {
    time->tv_nsec += kNanosPerSecond;
    --time->tv_sec;
  } else if (nanos >= kNanosPerSecond) {
    time->tv_nsec -= kNanosPerSecond;
    ++time->tv_sec;
  }
}

// Whether the disk has no room for a regular file that ends at `end`; an end of -1 means that the
// write appends.
bool NoRoom(int fd, int64_t end) {
  if (block == nullptr || block->disk_full.load() == 0) return false;
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return false;
  return end < 0 || end > status.st_size;
}

int64_t EndOfWrite(int fd, size_t bytes) {
  const off_t at = lseek(fd, 0, SEEK_CUR);
  if (at < 0 || (fcntl(fd, F_GETFL) & O_APPEND) != 0) return -1;
  return at + static_cast<int64_t>(bytes);
}

ssize_t Full() {
  errno = ENOSPC;
  return -1;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) {
  const int result = (*next_clock_gettime)(clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    Add(OffsetMicros(), time);
  }
  return result;
}

int gettimeofday(timeval* __restrict time, void* __restrict /*zone*/) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

long syscall(long number, ...) {
  long words[6];
  va_list list;
  va_start(list, number);
  for (long& word : words) word = va_arg(list, long);
  va_end(list);
  timespec until;
  if (number == SYS_futex && (words[1] & FUTEX_CLOCK_REALTIME) != 0 && words[3] != 0) {
    until = *reinterpret_cast<const timespec*>(words[3]);
    Add(-OffsetMicros(), &until);
    words[3] = reinterpret_cast<long>(&until);
  }
  return (*next_syscall)(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

ssize_t write(int fd, const void* data, size_t bytes) {
  return NoRoom(fd, EndOfWrite(fd, bytes)) ? Full() : (*next_write)(fd, data, bytes);
}

ssize_t writev(int fd, const iovec* parts, int count) {
  size_t bytes = 0;
  for (int i = 0; i < count; ++i) bytes += parts[i].iov_len;
  return NoRoom(fd, EndOfWrite(fd, bytes)) ? Full() : (*next_writev)(fd, parts, count);
}

ssize_t pwrite(int fd, const void* data, size_t bytes, off_t offset) {
  return NoRoom(fd, offset + static_cast<int64_t>(bytes)) ? Full()
                                                          : (*next_pwrite)(fd, data, bytes, offset);
}

ssize_t pwrite64(int fd, const void* data, size_t bytes, off64_t offset) {
  return NoRoom(fd, offset + static_cast<int64_t>(bytes))
             ? Full()
             : (*next_pwrite64)(fd, data, bytes, offset);
}

}  // extern "C"
