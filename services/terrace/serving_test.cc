#include "services/terrace/serving.h"

#include <csignal>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/file.h"
#include "common/base/random.h"
#include "gtest/gtest.h"
#include "services/terrace/client.h"

namespace terrace::cli {
namespace {

TEST(LocalAddress, IsOneThatThisMachineCanCall) {
  EXPECT_EQ(LocalAddress("127.0.0.1:7443", 7443), "127.0.0.1:7443");
  EXPECT_EQ(LocalAddress("127.0.0.1:0", 40001), "127.0.0.1:40001");
  EXPECT_EQ(LocalAddress("0.0.0.0:7443", 7443), "127.0.0.1:7443");
  EXPECT_EQ(LocalAddress("[::]:7443", 7443), "[::1]:7443");
  EXPECT_EQ(LocalAddress("10.0.0.7:7443,127.0.0.1:7444", 7443), "10.0.0.7:7443");
}

TEST(AddressFile, StandsThereWhileTheServerRuns) {
  const std::string dir =
      (std::filesystem::temp_directory_path() / absl::StrCat("serving-", RandomHex(6))).string();
  ASSERT_TRUE(MakeDirectory(dir).ok());
  const std::string path = absl::StrCat(dir, "/", kAddressFile);
  {
    auto written = AddressFile::Write(dir, "0.0.0.0:0", 1234);
    ASSERT_TRUE(written.ok()) << written.status();
    const AddressFile file = *std::move(written);
    EXPECT_EQ(file.address(), "127.0.0.1:1234");
    EXPECT_EQ(*ReadFile(path), "127.0.0.1:1234\n");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(AddressFile::Write("/nowhere/at/all", "x:1", 1).ok());
  std::filesystem::remove_all(dir);
}

absl::StatusOr<std::string> UrlOf(const std::vector<std::string>& words) {
  const Command serve = {.name = "serve", .flags = StoreFlags(), .calls_server = false};
  TERRACE_ASSIGN_OR_RETURN(const Arguments arguments, Arguments::Parse(serve, words));
  return StoreUrl(arguments);
}

TEST(StoreUrl, TakesTheRealmAndTheLicenceFromFlags) {
  EXPECT_EQ(*UrlOf({}), "");
  EXPECT_EQ(*UrlOf({"--store=redis://a:1/r?wait=1"}), "redis://a:1/r?wait=1");
  EXPECT_EQ(*UrlOf({"--store=redis://a:1", "--realm=r"}), "redis://a:1/r");
  EXPECT_EQ(*UrlOf({"--store=redis+cluster://a:1,b:2?wait=1", "--realm=r"}),
            "redis+cluster://a:1,b:2/r?wait=1");
  EXPECT_EQ(*UrlOf({"--store=redis://a:1/r", "--allow-unsafe-redis"}),
            "redis://a:1/r?allow_unsafe=1");
  EXPECT_EQ(*UrlOf({"--store=redis://a:1?wait=1", "--realm=r", "--allow-unsafe-redis"}),
            "redis://a:1/r?wait=1&allow_unsafe=1");
  EXPECT_FALSE(UrlOf({"--store=redis://a:1/r", "--realm=r"}).ok());
  EXPECT_FALSE(UrlOf({"--realm=r"}).ok());
  EXPECT_FALSE(UrlOf({"--store=sqlite:d", "--allow-unsafe-redis"}).ok());
}

TEST(Signals, AreWaitedFor) {
  const SignalsAsMessages signals;
  // To this thread: other tests of the program have left threads that take notice of signals.
  ASSERT_EQ(raise(SIGTERM), 0);
  signals.Wait();
}

}  // namespace
}  // namespace terrace::cli
