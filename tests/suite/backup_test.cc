// terrace backup and restore: what one deployment has stored is there in another, whichever engine
// keeps it, and nothing that is not whole is taken for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <regex>
#include <set>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/rpc/channel.h"
#include "common/store/store.h"
#include "services/terrace/backup_file.h"
#include "terrace/maintenance/v1/maintenance.pb.h"
#include "terrace/registry/v1/registry.pb.h"
#include "tests/store/redis_server.h"
#include "tests/suite/realm.h"
#include "tests/suite/requests.h"

namespace terrace {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class BackupTest : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(root_); }
  void TearDown() override { fs::remove_all(root_); }

  // A directory of its own for everything that a test keeps.
  const fs::path root_ = fs::temp_directory_path() / ("terrace-test-" + RandomHex(8));

  std::string Backup(const Realm& realm, const std::string& name) const {
    const std::string path = (root_ / name).string();
    EXPECT_THAT(realm.Out({"backup", "--out", path}), HasSubstr("registry"));
    return path;
  }
  CommandResult Restore(const std::string& file, const fs::path& dir,
                        const std::string& store = "") const {
    std::vector<std::string> line = {"restore", file};
    if (!store.empty()) line.insert(line.end(), {"--store", store});
    return RunIn(dir, std::move(line));
  }
  static void CopyToken(const Realm& from, const fs::path& to) {
    fs::create_directories(to);
    fs::copy_file(from.dir() / "admin.token", to / "admin.token");
  }
};

// Loads the demo and shows its figures; of what is there already, nothing is made again.
std::vector<std::string> DemoIn(const Realm& realm) {
  return {"demo", "--server", realm.address(), "--token-file",
          (realm.dir() / "admin.token").string()};
}

// What a realm shows to its clients, without the marks of the log that it stands in.
std::string Shown(const Realm& realm) {
  std::string all;
  for (const std::vector<std::string>& line : std::vector<std::vector<std::string>>{
           {"export", "units", "nation"},
           {"export", "units", "nation", "--json"},
           {"unit", "list", "--json"},
           {"measure", "list", "--under", "nation", "--json"},
           {"measure", "assignments", "--under", "nation", "--json"},
           {"report", "list", "--under", "nation", "--json"},
           {"visit", "list", "--under", "nation", "--json"},
           {"visit", "findings", "--under", "nation", "--json"},
           {"token", "list", "nation", "--json"},
           {"grant", "list", "--under", "nation", "--json"},
           DemoIn(realm)}) {
    absl::StrAppend(&all, "== ", line[0], " ", line[1], "\n", realm.Out(line));
  }
  return std::regex_replace(all, std::regex(R"re(,?"(etag|revision)":"[^"]*")re"), "");
}

// Whether both realms show the same; names the first line that differs.
testing::AssertionResult ShowsAs(const Realm& realm, const std::string& expected) {
  const std::string shown = Shown(realm);
  const std::vector<std::string> lines = absl::StrSplit(shown, '\n');
  const std::vector<std::string> wanted = absl::StrSplit(expected, '\n');
  for (size_t i = 0; i < std::min(lines.size(), wanted.size()); ++i) {
    if (lines[i] == wanted[i]) continue;
    return testing::AssertionFailure()
           << "line " << i << " is " << lines[i] << " instead of " << wanted[i];
  }
  return lines.size() == wanted.size()
             ? testing::AssertionSuccess()
             : testing::AssertionFailure() << lines.size() << " lines of " << wanted.size();
}

TEST_F(BackupTest, FromSqliteToSqliteToRedisAndHome) {
  const store::RedisServer redis;
  Realm first(root_ / "first");
  first.Out(DemoIn(first));
  first.Out({"token", "create", "nation", "clerk", "--for", "a desk"});
  const std::string shown = Shown(first);
  EXPECT_THAT(shown, HasSubstr("town-05"));

  CopyToken(first, root_ / "second");
  ASSERT_EQ(Restore(Backup(first, "1"), root_ / "second").code, 0);
  const Realm second(root_ / "second");
  EXPECT_TRUE(ShowsAs(second, shown));

  const std::string url = absl::StrCat("redis://", redis.address(), "/realm");
  CopyToken(first, root_ / "third");
  ASSERT_EQ(Restore(Backup(second, "2"), root_ / "third", url).code, 0);
  const Realm third(root_ / "third", url);
  EXPECT_TRUE(ShowsAs(third, shown));

  CopyToken(first, root_ / "fourth");
  ASSERT_EQ(Restore(Backup(third, "3"), root_ / "fourth").code, 0);
  const Realm fourth(root_ / "fourth");
  EXPECT_TRUE(ShowsAs(fourth, shown));

  std::set<std::string> log_ids;
  for (const Realm* realm : {static_cast<const Realm*>(&first), &second, &third, &fourth}) {
    const std::string status = realm->Out({"status", "--json"});
    const std::regex id(R"re("log_id":"([0-9a-f]{32})")re");
    for (std::sregex_iterator at(status.begin(), status.end(), id), end; at != end; ++at) {
      log_ids.insert((*at)[1]);
    }
  }
  EXPECT_EQ(log_ids.size(), 4u * 5u);
}

TEST_F(BackupTest, TokensAreThoseOfTheBackup) {
  const Realm first(root_ / "first");
  const CommandResult restored = Restore(Backup(first, "backup"), root_ / "second");
  EXPECT_EQ(restored.code, 0) << restored.err;
  EXPECT_THAT(restored.out, HasSubstr("the tokens are those of the backup"));
  {
    Realm second(root_ / "second");
    EXPECT_EQ(second.suite().admin_token(), "");
    EXPECT_FALSE(fs::exists(root_ / "second" / "admin.token"));
    EXPECT_THAT(second.Out({"whoami", "--token-file", (first.dir() / "admin.token").string()}),
                HasSubstr("First administrator"));
  }
  // Where the file is, the server finds it again.
  CopyToken(first, root_ / "second");
  Realm second(root_ / "second");
  EXPECT_NE(second.suite().admin_token(), "");
  EXPECT_THAT(second.Out({"whoami"}), HasSubstr("First administrator"));
}

// A channel to the realm with its administrator's token.
std::shared_ptr<rpc::Channel> Connect(Realm& realm) {
  return rpc::Channel::Connect(realm.address(), {realm.suite().admin_token(), nullptr});
}

TEST_F(BackupTest, HoldsWhatWasAcknowledgedBeforeItWhileWritersGoOn) {
  Realm first(root_ / "first");
  ASSERT_TRUE(CreateUnit(*Connect(first), "nation", "").ok());
  constexpr int kWriters = 4;
  std::atomic<bool> stop = false;
  std::array<std::atomic<int>, kWriters> acknowledged{};
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      const auto channel = Connect(first);
      // Each unit below the one before, so that a copy with a hole has units without parents.
      for (int i = 0; !stop; ++i) {
        const std::string parent = i % 10 == 0 ? "nation" : absl::StrCat("unit-", w, "-", i - 1);
        const absl::Status status = CreateUnit(*channel, absl::StrCat("unit-", w, "-", i), parent);
        ASSERT_TRUE(status.ok()) << status;
        acknowledged[w] = i + 1;
      }
    });
  }
  std::vector<std::array<int, kWriters>> before;
  for (int copy = 0; copy < 3; ++copy) {
    // Every writer is at work.
    const int more = acknowledged[0] + 30;
    while (acknowledged[0] < more) std::this_thread::yield();
    before.emplace_back();
    for (int w = 0; w < kWriters; ++w) before.back()[w] = acknowledged[w];
    Backup(first, absl::StrCat("backup-", copy));
  }
  stop = true;
  for (std::thread& writer : writers) writer.join();
  for (int copy = 0; copy < 3; ++copy) {
    const fs::path dir = root_ / absl::StrCat("copy-", copy);
    CopyToken(first, dir);
    const CommandResult restored = Restore((root_ / absl::StrCat("backup-", copy)).string(), dir);
    ASSERT_EQ(restored.code, 0) << restored.err;
    const Realm realm(dir);
    const std::string units = realm.Out({"export", "units", "nation"});
    for (int w = 0; w < kWriters; ++w) {
      for (int i = 0; i < before[copy][w]; ++i) {
        EXPECT_THAT(units, HasSubstr(absl::StrCat("\nunit-", w, "-", i, ",")));
      }
    }
  }
}

TEST_F(BackupTest, AWatchOfTheFormerLogIsToldThatItChanged) {
  Realm first(root_ / "first");
  ASSERT_TRUE(CreateUnit(*Connect(first), "nation", "").ok());
  registry::v1::WatchUnitsRequest request;
  registry::v1::WatchUnitsResponse reply;
  {
    auto stream = Connect(first)->Open("/terrace.registry.v1.UnitRegistry/WatchUnits",
                                       absl::Now() + absl::Seconds(20));
    ASSERT_TRUE(stream->Write(request));
    stream->WritesDone();
    do {
      ASSERT_TRUE(stream->Read(&reply));
    } while (reply.kind() != registry::v1::WATCH_MESSAGE_KIND_SNAPSHOT_END);
  }
  *request.mutable_after() = reply.cursor();
  CopyToken(first, root_ / "second");
  ASSERT_EQ(Restore(Backup(first, "backup"), root_ / "second").code, 0);
  Realm second(root_ / "second");
  auto stream = Connect(second)->Open("/terrace.registry.v1.UnitRegistry/WatchUnits",
                                      absl::Now() + absl::Seconds(20));
  ASSERT_TRUE(stream->Write(request));
  stream->WritesDone();
  EXPECT_FALSE(stream->Read(&reply));
  EXPECT_TRUE(HasReason(stream->Finish(), Reason::LOG_CHANGED));
}

// Begins copies and gives them up, before or after their first message.
void LeaveCopies(Realm& realm) {
  const auto channel = Connect(realm);
  for (int i = 0; i < 40; ++i) {
    maintenance::v1::CopyKeyspaceRequest request;
    request.set_keyspace("registry");
    auto stream = channel->Open("/terrace.maintenance.v1.Maintenance/CopyKeyspace");
    ASSERT_TRUE(stream->Write(request));
    maintenance::v1::CopyKeyspaceResponse reply;
    if (i % 2 == 0) {
      EXPECT_TRUE(stream->Read(&reply));
    }
    stream->Cancel();
    EXPECT_FALSE(stream->Finish().ok());
  }
}

TEST_F(BackupTest, NamesWhatEachKeyspaceWasDecidedOn) {
  const Realm realm(root_ / "realm");
  ASSERT_EQ(realm
                .Run({"demo", "--server", realm.address(), "--token-file",
                      (realm.dir() / "admin.token").string()})
                .code,
            0);
  const std::string path = Backup(realm, "backup");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  cli::BackupReader reader(file.get());
  std::map<std::string, storage::v1::KeyspaceEnd> ends;
  storage::v1::CopyPart part;
  for (absl::StatusOr<bool> some = reader.Next(&part); *some; some = reader.Next(&part)) {
    if (part.has_keyspace_end()) ends[reader.reports().back().keyspace()] = part.keyspace_end();
  }
  ASSERT_EQ(ends.size(), 5u);
  const storage::v1::KeyspaceReport& registry = reader.reports().back();
  for (const char* keyspace : {"scoring", "inspections", "measures"}) {
    ASSERT_EQ(ends[keyspace].inputs_size(), 1) << keyspace;
    EXPECT_EQ(ends[keyspace].inputs(0).keyspace(), "registry");
    EXPECT_EQ(ends[keyspace].inputs(0).log_id(), registry.log_id());
    EXPECT_GT(ends[keyspace].inputs(0).revision(), 0);
  }
  EXPECT_EQ(ends["registry"].inputs_size(), 0);
}

TEST_F(BackupTest, AReaderThatLeavesTakesNothingWithIt) {
  Realm realm(root_ / "realm");
  LeaveCopies(realm);
  Backup(realm, "backup");
}

TEST_F(BackupTest, AServiceStopsWhileItIsCopied) {
  auto realm = std::make_unique<Realm>(root_ / "realm");
  const auto channel = Connect(*realm);
  maintenance::v1::CopyKeyspaceRequest request;
  request.set_keyspace("registry");
  auto stream = channel->Open("/terrace.maintenance.v1.Maintenance/CopyKeyspace");
  ASSERT_TRUE(stream->Write(request));
  maintenance::v1::CopyKeyspaceResponse reply;
  ASSERT_TRUE(stream->Read(&reply));
  realm.reset();
  while (stream->Read(&reply)) {
  }
  stream->Finish().IgnoreError();  // It may have come to its end before.
}

TEST_F(BackupTest, ADamagedFileChangesNothing) {
  const Realm first(root_ / "first");
  const std::string path = Backup(first, "backup");
  const std::string whole = *ReadFile(path);
  std::ofstream(path, std::ios::binary) << whole.substr(0, whole.size() / 2);
  const CommandResult restored = Restore(path, root_ / "second");
  EXPECT_EQ(restored.code, 1);
  EXPECT_THAT(restored.err, HasSubstr("BACKUP_DAMAGED"));
  EXPECT_FALSE(fs::exists(root_ / "second"));
}

TEST_F(BackupTest, OnlyIntoAnEmptyStoreThatNobodyUses) {
  const std::string path = Backup(Realm(root_ / "first"), "backup");
  {
    const Realm second(root_ / "second");
    EXPECT_THAT(Restore(path, root_ / "second").err, HasSubstr("STORE_LOCKED"));
  }
  EXPECT_THAT(Restore(path, root_ / "second").err, HasSubstr("RESTORE_NOT_EMPTY"));
}

// The binary with these arguments; `input` is written to its standard input.
class Child {
 public:
  explicit Child(std::vector<std::string> line) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[0], STDIN_FILENO);
      ::close(ends[0]);
      ::close(ends[1]);
      std::vector<char*> words = {const_cast<char*>(TERRACE_BINARY)};
      for (std::string& word : line) words.push_back(word.data());
      words.push_back(nullptr);
      ::execv(TERRACE_BINARY, words.data());
      ::_exit(127);
    }
    ::close(ends[0]);
    in_ = ends[1];
  }
  ~Child() { Kill(); }

  // Returns once the child has taken all but what a pipe holds.
  void Write(absl::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(in_, bytes.data(), bytes.size());
      ASSERT_GT(written, 0);
      bytes.remove_prefix(written);
    }
  }
  int Wait() {
    ::close(in_);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WEXITSTATUS(status);
  }
  void Kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    Wait();
  }

 private:
  pid_t pid_ = 0;
  int in_ = -1;
};

TEST_F(BackupTest, AKilledRestoreIsFinishedByTheSameBackup) {
  Realm first(root_ / "first");
  first.Out(DemoIn(first));
  const std::string path = Backup(first, "backup");
  const std::string whole = *ReadFile(path);
  const fs::path dir = root_ / "second";
  const std::vector<std::string> line = {"restore", "-", "--data-dir", dir.string()};
  ASSERT_GT(whole.size(), size_t{512} << 10);
  for (const double share : {0.3, 0.6, 0.9}) {
    Child child(line);
    child.Write(absl::string_view(whole).substr(
        0, static_cast<size_t>(static_cast<double>(whole.size()) * share)));
    child.Kill();
    SuiteOptions options;
    options.data_dir = dir.string();
    options.listen = {"127.0.0.1:0"};
    EXPECT_TRUE(HasReason(Suite::Start(options).status(), Reason::RESTORE_UNFINISHED));
  }
  EXPECT_THAT(Restore(Backup(first, "another"), dir).err, HasSubstr("RESTORE_UNFINISHED"));
  Child child(line);
  child.Write(whole);
  EXPECT_EQ(child.Wait(), 0);
  CopyToken(first, dir);
  EXPECT_TRUE(ShowsAs(Realm(dir), Shown(first)));
}

TEST_F(BackupTest, OnlyForAdministratorsOfTheWholeRealm) {
  Realm realm(root_ / "realm");
  ASSERT_TRUE(CreateUnit(*Connect(realm), "nation", "").ok());
  const std::string secret = (root_ / "secret").string();
  realm.Out({"token", "create", "nation", "admin", "--for", "a desk", "--out", secret});
  realm.Out(
      {"grant", "set", "nation", "all", "units/nation/tokens/admin", "--role", "administrator"});
  for (const std::vector<std::string>& line : std::vector<std::vector<std::string>>{
           {"backup", "--out", (root_ / "backup").string()}, {"archive", (root_ / "a").string()}}) {
    std::vector<std::string> as_other = line;
    as_other.insert(as_other.end(), {"--token-file", secret});
    const CommandResult refused = realm.Run(as_other);
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("ROLE_REQUIRED"));
  }
  EXPECT_FALSE(fs::exists(root_ / "backup"));
}

TEST_F(BackupTest, ServicesOfTheirOwnAreCopiedThroughTheGateway) {
  const std::string key = (root_ / "deployment.key").string();
  ASSERT_TRUE(WritePrivateFile(key, "0123456789abcdef0123456789abcdef").ok());
  std::map<std::string, std::string> peers;
  std::vector<std::unique_ptr<Realm>> services;
  for (const char* service : {"registry", "measures", "inspections", "scoring", "gateway"}) {
    SuiteOptions options;
    options.services = {service};
    options.data_dir = (root_ / service).string();
    options.listen = {"127.0.0.1:0"};
    options.peers = peers;
    options.identity_key_file = key;
    services.push_back(std::make_unique<Realm>(root_ / service, std::move(options)));
    peers[service] = services.back()->address();
  }
  Realm& gateway = *services.back();
  ASSERT_EQ(gateway
                .Run({"demo", "--server", gateway.address(), "--token-file",
                      (gateway.dir() / "admin.token").string()})
                .code,
            0);
  LeaveCopies(gateway);
  const std::string path = Backup(gateway, "backup");
  CopyToken(gateway, root_ / "second");
  ASSERT_EQ(Restore(path, root_ / "second").code, 0);
  EXPECT_TRUE(ShowsAs(Realm(root_ / "second"), Shown(gateway)));

  // Without one of them there is no backup.
  services[1].reset();
  const CommandResult refused = gateway.Run({"backup", "--out", (root_ / "half").string()});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("UPSTREAM_DOWN"));
  EXPECT_FALSE(fs::exists(root_ / "half"));
}

}  // namespace
}  // namespace terrace
