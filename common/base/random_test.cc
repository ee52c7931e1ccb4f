#include "common/base/random.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace terrace {
namespace {

TEST(RandomTest, NoTwoAreEqualOverManyThreads) {
  std::vector<std::vector<std::string>> drawn(4);
  std::vector<std::thread> threads;
  for (auto& mine : drawn) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < 5000; ++i) mine.push_back(RandomBytes(16));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& mine : drawn) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 20000u);
}

TEST(RandomTest, SizesAroundTheBuffer) {
  for (size_t size : {0u, 1u, 4095u, 4096u, 4097u, 10000u}) {
    const std::string bytes = RandomBytes(size);
    ASSERT_EQ(bytes.size(), size);
    // A hundred zero bytes in a row would mean that wiped bytes were handed out.
    EXPECT_EQ(bytes.find(std::string(100, '\0')), std::string::npos);
  }
}

TEST(RandomTest, HexIsLowerCaseAndTwiceAsLong) {
  const std::string hex = RandomHex(16);
  EXPECT_EQ(hex.size(), 32u);
  EXPECT_EQ(hex.find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(RandomTest, AForkedChildDrawsOtherBytes) {
  RandomBytes(1);  // The buffer is filled before the fork.
  int pipe_fds[2];
  ASSERT_EQ(pipe(pipe_fds), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::string drawn = RandomBytes(32);
    const bool written = write(pipe_fds[1], drawn.data(), drawn.size()) == 32;
    _exit(written ? 0 : 1);
  }
  const std::string ours = RandomBytes(32);
  std::string theirs(32, '\0');
  ASSERT_EQ(read(pipe_fds[0], theirs.data(), theirs.size()), 32);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_NE(ours, theirs);
  close(pipe_fds[0]);
  close(pipe_fds[1]);
}

}  // namespace
}  // namespace terrace
