#include "common/base/random.h"

#include <openssl/rand.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "common/base/check.h"

namespace terrace {
namespace {

constexpr size_t kBufferBytes = 4096;

// Grows in every forked child, which must not go on with the parent's buffered bytes.
std::atomic<int> fork_generation{0};

struct Buffer {
  char bytes[kBufferBytes];
  size_t used = kBufferBytes;
  int generation = 0;
};

void Generate(char* out, size_t size) {
  TERRACE_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(out), static_cast<int>(size)) == 1);
}

}  // namespace

void FillRandom(char* out, size_t size) {
  static const int registered =
      pthread_atfork(nullptr, nullptr, [] { fork_generation.fetch_add(1); });
  TERRACE_CHECK(registered == 0);
  thread_local Buffer buffer;
  const int generation = fork_generation.load(std::memory_order_relaxed);
  if (buffer.generation != generation) {
    buffer.used = kBufferBytes;
    buffer.generation = generation;
  }
  while (size > 0) {
    if (buffer.used == kBufferBytes) {
      Generate(buffer.bytes, kBufferBytes);
      buffer.used = 0;
    }
    const size_t taken = std::min(size, kBufferBytes - buffer.used);
    std::memcpy(out, buffer.bytes + buffer.used, taken);
    std::memset(buffer.bytes + buffer.used, 0, taken);
    buffer.used += taken;
    out += taken;
    size -= taken;
  }
}

std::string RandomBytes(size_t size) {
  std::string out(size, '\0');
  FillRandom(out.data(), size);
  return out;
}

std::string RandomHex(size_t bytes) {
  const std::string raw = RandomBytes(bytes);
  return absl::BytesToHexString(absl::string_view(raw.data(), raw.size()));
}

}  // namespace terrace
