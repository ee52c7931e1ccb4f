// Kills a writing process at random moments, also while it opens the store, and looks at what is
// left: every acknowledged batch and no half batch.
//
// The seed is printed; TERRACE_CRASH_SEED repeats its moments, TERRACE_CRASH_ROUNDS sets how many.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/store/store.h"
#include "tests/store/conformance.h"
#include "tests/store/crash_check.h"

namespace terrace::store {
namespace {

constexpr int kDefaultRounds = 40;
constexpr int kDefaultRoundsOfServers = 10;  // They do not die with the writer.
constexpr int kRoundsPerStore = 10;          // Killed again and again, with ever more behind it.
constexpr int kLifeMaxMs = 150;

int FromEnvironment(const char* name, int fallback) {
  const char* text = std::getenv(name);
  int value = fallback;
  if (text != nullptr) TERRACE_CHECK(absl::SimpleAtoi(text, &value));
  return value;
}

// What the writer reported before it died; a last line without its end was never finished.
void ReadReports(int fd, Acknowledged* acknowledged) {
  std::string text;
  char buffer[65536];
  for (ssize_t size; (size = read(fd, buffer, sizeof buffer)) > 0;) text.append(buffer, size);
  text.resize(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n'));
  std::istringstream lines(text);
  std::string id;
  int64_t revision;
  while (lines >> id >> revision) (*acknowledged)[absl::HexStringToBytes(id)] = {revision};
}

// Runs crash_writer for so long, from its first report on if `working`, and kills it.
void RunAndKill(const std::string& url, bool compact, bool working, absl::Duration life,
                Acknowledged* acknowledged) {
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
  // Room for all reports of a short life, so that the writer never waits for a reader.
  fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    dup2(fds[1], STDOUT_FILENO);
    execl(TERRACE_CRASH_WRITER, "crash_writer", url.c_str(), compact ? "compact" : nullptr,
          nullptr);
    _exit(127);
  }
  close(fds[1]);
  pollfd report = {fds[0], POLLIN, 0};
  if (working) poll(&report, 1, static_cast<int>(absl::ToInt64Milliseconds(kPatience)));
  absl::SleepFor(life);
  kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself with " << status;
  ReadReports(fds[0], acknowledged);
  close(fds[0]);
}

struct CrashCase {
  const EngineUnderTest* engine;
  bool compact;
};

class CrashTest : public testing::TestWithParam<CrashCase> {};

// What survives the process that wrote it can be crashed.
std::vector<CrashCase> CrashCases() {
  std::vector<CrashCase> cases;
  for (const EngineUnderTest& engine : EnginesUnderTest()) {
    if (engine.scheme == "memory") continue;
    for (bool compact : {false, true}) cases.push_back({&engine, compact});
  }
  return cases;
}

TEST_P(CrashTest, EveryAcknowledgedBatchAndNoHalfBatch) {
  const auto& [engine, compact] = GetParam();
  const int rounds =
      FromEnvironment("TERRACE_CRASH_ROUNDS",
                      engine->scheme == "sqlite" ? kDefaultRounds : kDefaultRoundsOfServers);
  const int seed =
      FromEnvironment("TERRACE_CRASH_SEED", static_cast<int>(std::random_device()() >> 1));
  std::printf("TERRACE_CRASH_SEED=%d TERRACE_CRASH_ROUNDS=%d\n", seed, rounds);
  std::mt19937 random(seed);
  std::unique_ptr<Storage> storage;
  Acknowledged acknowledged;
  size_t total = 0;
  for (int round = 0; round < rounds; ++round) {
    if (round % kRoundsPerStore == 0) {
      total += acknowledged.size();
      acknowledged.clear();
      storage = engine->new_storage();
    }
    const std::string url = storage->url();
    SCOPED_TRACE(absl::StrCat("seed ", seed, " round ", round, " in ", url));
    ASSERT_NO_FATAL_FAILURE(RunAndKill(url, compact, round % 2 == 1,
                                       absl::Milliseconds(random() % kLifeMaxMs), &acknowledged));
    auto store = OpenStore({url, "crash"});
    ASSERT_TRUE(store.ok()) << store.status();
    ExpectNothingLostOrHalf(**store, acknowledged);
    if (HasFailure()) {
      storage.release();  // What broke stays for whoever has to find out why.
      return;
    }
  }
  total += acknowledged.size();
  std::printf("%zu acknowledged batches survived %d kills\n", total, rounds);
  EXPECT_GT(total, static_cast<size_t>(rounds)) << "killed too early to show anything";
}

INSTANTIATE_TEST_SUITE_P(Writers, CrashTest, testing::ValuesIn(CrashCases()), [](const auto& info) {
  return absl::StrCat(info.param.engine->name,
                      info.param.compact ? "_CommitAndCompact" : "_Commit");
});

}  // namespace
}  // namespace terrace::store
