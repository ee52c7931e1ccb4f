// The process that the crash test kills: commits batches from several threads as fast as it can and
// reports every acknowledged one as a line "<batch id in hex> <revision>" on its standard output.
//
//   crash_writer URL [compact]     with compact, forgets all but the latest batches now and then
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/store/store.h"
#include "tests/store/crash_batches.h"

namespace terrace::store {
namespace {

constexpr int kThreads = 3;
constexpr int kWaitingMax = 8;  // Per thread, so that groups form.

// One write call per line: a pipe keeps such lines whole, and what was written outlives the writer.
void Report(const std::string& id, Revision revision) {
  const std::string line = absl::StrCat(absl::BytesToHexString(id), " ", revision.value, "\n");
  TERRACE_CHECK(write(STDOUT_FILENO, line.data(), line.size()) ==
                static_cast<ssize_t>(line.size()));
}

void CommitForEver(Store& store) {
  std::atomic<int> waiting{0};
  for (;;) {
    while (waiting >= kWaitingMax) std::this_thread::yield();
    ++waiting;
    const std::string id = NewBatchId();
    store.Commit(CrashBatch(id), [&waiting, id](absl::StatusOr<Revision> answer) {
      TERRACE_CHECK(answer.ok());
      Report(id, *answer);
      --waiting;
    });
  }
}

void CompactForEver(Store& store) {
  for (;;) {
    const Revision end = store.End()->revision;
    if (end.value > 20) TERRACE_CHECK(store.Compact({end.value - 20}).ok());
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
}

int Main(int argc, char** argv) {
  TERRACE_CHECK(argc >= 2);
  auto store = OpenStore({argv[1], "crash"});
  if (!store.ok()) {
    std::fprintf(stderr, "crash_writer: %s\n", store.status().ToString().c_str());
    return 1;
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back([&] { CommitForEver(**store); });
  if (argc > 2) threads.emplace_back([&] { CompactForEver(**store); });
  for (std::thread& thread : threads) thread.join();
  return 0;
}

}  // namespace
}  // namespace terrace::store

int main(int argc, char** argv) { return terrace::store::Main(argc, argv); }
