// terrace archive: logs stay short, and their past is still there, whole and provable.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <regex>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/rpc/channel.h"
#include "terrace/maintenance/v1/maintenance.pb.h"
#include "terrace/registry/v1/registry.pb.h"
#include "tests/suite/realm.h"

namespace terrace {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kRegistry[] = "/terrace.registry.v1.UnitRegistry/";

class LogArchiveTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(root_);
    Start();
    for (int i = 0; i < 20; ++i) CreateUnit(i);
  }
  void TearDown() override {
    realm_.reset();
    fs::remove_all(root_);
  }

  void Start() {
    realm_.reset();
    realm_ = std::make_unique<Realm>(root_ / "realm");
    admin_ = rpc::Channel::Connect(realm_->address(), {realm_->suite().admin_token(), nullptr});
  }

  template <class Reply>
  absl::StatusOr<Reply> Call(const std::string& method, const google::protobuf::Message& request) {
    Reply reply;
    const absl::Status status =
        admin_->Call(method, request, &reply, absl::Now() + absl::Seconds(20));
    if (!status.ok()) return status;
    return reply;
  }

  // A unit, at the top when it is the first; a repetition is the same request.
  registry::v1::Unit CreateUnit(int i) {
    registry::v1::CreateUnitRequest request;
    if (i > 0) request.set_parent("units/unit-0");
    request.set_unit_id(absl::StrCat("unit-", i));
    request.mutable_unit()->set_display_name("Unit");
    request.mutable_unit()->set_kind("kinds/county");
    request.mutable_unit()->set_level("levels/county");
    request.set_request_id(absl::StrCat("request-", i));
    auto unit = Call<registry::v1::Unit>(absl::StrCat(kRegistry, "CreateUnit"), request);
    EXPECT_TRUE(unit.ok()) << unit.status();
    return *unit;
  }

  types::v1::Cursor Position() {
    auto levels = Call<registry::v1::ListLevelsResponse>(absl::StrCat(kRegistry, "ListLevels"),
                                                         registry::v1::ListLevelsRequest());
    EXPECT_TRUE(levels.ok()) << levels.status();
    return levels->cursor();
  }

  absl::Status Compact(const std::string& log_id, int64_t revision) {
    maintenance::v1::CompactLogRequest request;
    request.set_keyspace("registry");
    request.set_log_id(log_id);
    request.set_revision(revision);
    return Call<maintenance::v1::CompactLogResponse>(
               "/terrace.maintenance.v1.Maintenance/CompactLog", request)
        .status();
  }

  // What the live log says about its first batches.
  absl::Status ReadFromTheBeginning() {
    maintenance::v1::ReadLogRequest request;
    request.set_keyspace("registry");
    request.set_log_id(Position().log_id());
    request.set_from_revision(1);
    auto stream = admin_->Open("/terrace.maintenance.v1.Maintenance/ReadLog");
    stream->Write(request);
    stream->WritesDone();
    maintenance::v1::ReadLogResponse reply;
    while (stream->Read(&reply)) {
    }
    return stream->Finish();
  }

  std::string Archive(std::vector<std::string> flags = {}) {
    flags.insert(flags.begin(), {"archive", archive_});
    return realm_->Out(std::move(flags));
  }
  std::string LogOf(std::vector<std::string> flags = {}) {
    flags.insert(flags.begin(), {"archive", "log", archive_, "--keyspace", "registry"});
    return Offline(std::move(flags));
  }
  // A command that asks no server.
  static std::string Offline(std::vector<std::string> line) {
    std::ostringstream out, err;
    EXPECT_EQ(cli::RunLine(std::move(line), out, err), 0) << err.str();
    return out.str();
  }

  const fs::path root_ = fs::temp_directory_path() / ("terrace-test-" + RandomHex(8));
  const std::string archive_ = (root_ / "archive").string();
  std::unique_ptr<Realm> realm_;
  std::shared_ptr<rpc::Channel> admin_;
};

TEST_F(LogArchiveTest, AnswersForWhatTheServiceForgot) {
  Archive();
  EXPECT_TRUE(ReadFromTheBeginning().ok());
  const std::string before = LogOf({"--json"});
  const int64_t end = Position().revision();
  Archive({"--compact", "--keep", "5"});
  EXPECT_TRUE(HasReason(ReadFromTheBeginning(), Reason::COMPACTED));
  EXPECT_EQ(LogOf({"--json"}), before);
  EXPECT_EQ(std::count(before.begin(), before.end(), '\n'), end);
  EXPECT_THAT(
      LogOf({"--from-revision", "2", "--to-revision", "3"}),
      AllOf(HasSubstr("\n       2"), HasSubstr("\n       3"), Not(HasSubstr("\n       4"))));

  // Nothing was added to the registry, so nothing is; then what was is added behind it.
  CreateUnit(20);
  EXPECT_THAT(Archive({"--json"}), HasSubstr("\"added\":\"1\""));
  EXPECT_THAT(LogOf({"--json"}), testing::StartsWith(before));
  Offline({"archive", "verify", archive_});
}

TEST_F(LogArchiveTest, ServicesGoOnBehindACompaction) {
  const registry::v1::Unit made = CreateUnit(7);
  const types::v1::Cursor early = Position();
  CreateUnit(30);
  Archive({"--compact", "--keep", "0"});
  // A request that was answered before is answered as before.
  EXPECT_EQ(CreateUnit(7).SerializeAsString(), made.SerializeAsString());
  // Who is behind starts anew.
  registry::v1::WatchUnitsRequest watch;
  *watch.mutable_after() = early;
  watch.mutable_after()->set_revision(1);
  Start();  // What was kept in memory is gone.
  auto stream =
      admin_->Open(absl::StrCat(kRegistry, "WatchUnits"), absl::Now() + absl::Seconds(20));
  ASSERT_TRUE(stream->Write(watch));
  stream->WritesDone();
  registry::v1::WatchUnitsResponse reply;
  EXPECT_FALSE(stream->Read(&reply));
  EXPECT_TRUE(HasReason(stream->Finish(), Reason::COMPACTED));
  EXPECT_EQ(CreateUnit(7).SerializeAsString(), made.SerializeAsString());
  CreateUnit(31);
  EXPECT_THAT(realm_->Out({"export", "units", "unit-0"}), HasSubstr("unit-31"));
  // A backup needs no past.
  realm_->Out({"backup", "--out", (root_ / "backup").string()});
}

TEST_F(LogArchiveTest, ProvesABatchOfALogWhoseBeginningIsForgotten) {
  Archive({"--compact", "--keep", "0"});
  for (int i = 20; i < 30; ++i) CreateUnit(i);
  Archive({"--compact", "--keep", "3"});
  const int64_t end = Position().revision();
  const std::string path = (root_ / "proof.json").string();
  for (int64_t revision = 1; revision <= end; revision += 7) {
    std::ofstream(path) << Offline(
        {"archive", "prove", archive_, absl::StrCat(revision), "--json", "--keyspace", "registry"});
    EXPECT_THAT(Offline({"archive", "verify", archive_, "--proof", path}),
                HasSubstr(absl::StrCat("batch ", revision, " is in the log")));
  }
  // The proof of one batch proves no other.
  std::string proof = *ReadFile(path);
  proof = std::regex_replace(proof, std::regex(R"re("revision":"\d+")re"), "\"revision\":\"2\"");
  std::ofstream(path) << proof;
  std::ostringstream out, err;
  EXPECT_EQ(cli::RunLine({"archive", "verify", archive_, "--proof", path}, out, err), 1);
  EXPECT_THAT(err.str(), HasSubstr("CHECKS_FAILED"));
}

TEST_F(LogArchiveTest, OnlyTheLogThatIsMeantIsForgotten) {
  const types::v1::Cursor end = Position();
  EXPECT_TRUE(HasReason(Compact(std::string(32, '0'), 1), Reason::LOG_CHANGED));
  EXPECT_TRUE(HasReason(Compact(end.log_id(), end.revision() + 1), Reason::INVALID_FIELD));
  EXPECT_TRUE(HasReason(Compact(end.log_id(), 0), Reason::INVALID_FIELD));
  EXPECT_TRUE(ReadFromTheBeginning().ok());
  EXPECT_TRUE(Compact(end.log_id(), 3).ok());
  EXPECT_TRUE(HasReason(ReadFromTheBeginning(), Reason::COMPACTED));
}

TEST_F(LogArchiveTest, NothingIsForgottenThatIsDamagedInTheArchive) {
  Archive();
  const fs::path log = fs::path(archive_) / "registry" / Position().log_id();
  const std::string segment = fs::directory_iterator(log)->path().string();
  std::string bytes = *ReadFile(segment);
  bytes[bytes.size() / 2] ^= 1;
  std::ofstream(segment, std::ios::binary) << bytes;
  EXPECT_THAT(realm_->Run({"archive", archive_, "--compact", "--keep", "0"}).err,
              HasSubstr("ARCHIVE_DAMAGED"));
  std::ostringstream out, err;
  EXPECT_EQ(cli::RunLine({"archive", "verify", archive_}, out, err), 1);
  EXPECT_THAT(err.str(), HasSubstr("ARCHIVE_DAMAGED"));
  EXPECT_TRUE(ReadFromTheBeginning().ok());
}

TEST_F(LogArchiveTest, NothingIsNoArchive) {
  std::ostringstream out, err;
  EXPECT_EQ(cli::RunLine({"archive", "verify", (root_ / "nowhere").string()}, out, err), 1);
  EXPECT_THAT(err.str(), HasSubstr("it holds no archive"));
}

// A service whose mirror of the registry is older than the registry's log asks for a snapshot.
TEST_F(LogArchiveTest, AMirrorFromBeforeACompactionCatchesUp) {
  const std::string key = (root_ / "realm" / "identity.key").string();
  const auto measures = [&] {
    SuiteOptions options;
    options.services = {"measures"};
    options.data_dir = (root_ / "measures").string();
    options.listen = {"127.0.0.1:0"};
    options.peers["registry"] = realm_->address();
    options.identity_key_file = key;
    return std::make_unique<Realm>(root_ / "measures", std::move(options));
  };
  const auto gateway = [&](const Realm& of) {
    SuiteOptions options;
    options.services = {"gateway"};
    options.data_dir = (root_ / "gateway").string();
    options.listen = {"127.0.0.1:0"};
    options.peers = {{"registry", realm_->address()}, {"measures", of.address()}};
    options.identity_key_file = key;
    return std::make_unique<Realm>(root_ / "gateway", std::move(options));
  };
  const auto units = [](const Realm& door) {
    const std::string status = door.Out({"status", "--json"});
    std::smatch found;
    const std::regex row(R"re("service":"measures"[^}]*\}[^}]*"units":"(\d+)")re");
    return std::regex_search(status, found, row) ? found[1].str() : status;
  };
  {
    // The registry of the realm answers its own callers and those that the gateway sends.
    const auto service = measures();
    const auto door = gateway(*service);
    while (units(*door) != "20") absl::SleepFor(absl::Milliseconds(10));
  }
  for (int i = 20; i < 40; ++i) CreateUnit(i);
  Archive({"--compact", "--keep", "0"});
  Start();
  const auto service = measures();
  const auto door = gateway(*service);
  while (units(*door) != "40") absl::SleepFor(absl::Milliseconds(10));
}

TEST_F(LogArchiveTest, ADirectoryWithoutTheBeginningIsNoArchive) {
  Archive({"--compact", "--keep", "0"});
  CreateUnit(20);
  EXPECT_THAT(realm_->Run({"archive", (root_ / "other").string()}).err, HasSubstr("ARCHIVE_GAP"));
}

}  // namespace
}  // namespace terrace
