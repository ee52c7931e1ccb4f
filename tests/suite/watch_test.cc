// The guarantees of a watch, each by its name, on WatchUnits while writers go on. Every Watch* RPC
// of rows is made by the same code (common/rpc/row_watch.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "common/base/error.h"
#include "tests/suite/suite_fixture.h"

namespace terrace {
namespace {

using registry::v1::WatchUnitsRequest;
using registry::v1::WatchUnitsResponse;

constexpr char kWatchUnits[] = "/terrace.registry.v1.UnitRegistry/WatchUnits";
constexpr int kWriters = 3;
constexpr int kUnitsEach = 40;

class WatchTest : public SuiteTest {
 protected:
  void SetUp() override {
    SuiteTest::SetUp();
    CreateUnit("nation", "");
    for (int w = 0; w < kWriters; ++w) CreateUnit(absl::StrCat("county-", w), "nation");
  }

  // Writers that create units under counties of their own; joined by the destructor.
  class Writers {
   public:
    explicit Writers(WatchTest* test) {
      for (int w = 0; w < kWriters; ++w) {
        threads_.emplace_back([test, w] {
          for (int i = 0; i < kUnitsEach; ++i) {
            test->CreateUnit(absl::StrCat("town-", w, "-", i), absl::StrCat("county-", w));
          }
        });
      }
    }
    ~Writers() {
      for (std::thread& thread : threads_) thread.join();
    }

   private:
    std::vector<std::thread> threads_;
  };

  std::unique_ptr<rpc::Stream> Watch(rpc::Channel& channel, const std::string& subtree,
                                     const types::v1::Cursor* after = nullptr) {
    WatchUnitsRequest request;
    if (!subtree.empty()) request.set_subtree("units/" + subtree);
    if (after != nullptr) *request.mutable_after() = *after;
    auto stream = channel.Open(kWatchUnits, absl::Now() + absl::Seconds(30));
    EXPECT_TRUE(stream->Write(request));
    stream->WritesDone();
    return stream;
  }

  // Reads until every town has been seen.
  std::vector<WatchUnitsResponse> ReadAll(rpc::Stream& stream, std::set<std::string>* towns) {
    std::vector<WatchUnitsResponse> messages;
    WatchUnitsResponse message;
    while (towns->size() < kWriters * kUnitsEach && stream.Read(&message)) {
      for (const auto& change : message.changes()) {
        if (change.has_unit() && absl::StrContains(change.unit().name(), "town-")) {
          towns->insert(change.unit().name());
        }
      }
      messages.push_back(message);
    }
    return messages;
  }
};

TEST_F(WatchTest, OrderedUniqueAndReliable) {
  auto stream = Watch(*admin_, "");
  std::set<std::string> towns;
  std::vector<WatchUnitsResponse> messages;
  {
    Writers writers(this);
    messages = ReadAll(*stream, &towns);
  }
  // Reliable: nothing is left out.
  EXPECT_EQ(towns.size(), size_t{kWriters * kUnitsEach});
  // Ordered and Unique: revisions ascend strictly.
  int64_t last = -1;
  for (const WatchUnitsResponse& message : messages) {
    if (message.kind() != registry::v1::WATCH_MESSAGE_KIND_REVISION) continue;
    EXPECT_GT(message.cursor().revision(), last);
    last = message.cursor().revision();
  }
  EXPECT_GT(last, 0);
}

TEST_F(WatchTest, AtomicARevisionComesWhole) {
  auto stream = Watch(*admin_, "");
  std::set<std::string> towns;
  std::vector<WatchUnitsResponse> messages;
  {
    Writers writers(this);
    messages = ReadAll(*stream, &towns);
  }
  // Creating a unit writes the unit and its first place in one batch.
  for (const WatchUnitsResponse& message : messages) {
    if (message.kind() != registry::v1::WATCH_MESSAGE_KIND_REVISION) continue;
    std::set<std::string> units;
    std::set<std::string> placed;
    for (const auto& change : message.changes()) {
      if (change.has_unit()) units.insert(change.unit().name());
      if (change.has_placement()) {
        placed.insert(std::string(
            change.placement().name().substr(0, change.placement().name().find("/placements/"))));
      }
    }
    EXPECT_EQ(units, placed) << message.ShortDebugString();
  }
}

TEST_F(WatchTest, ResumableFromAnyCursor) {
  auto stream = Watch(*admin_, "");
  std::set<std::string> towns;
  std::vector<WatchUnitsResponse> messages;
  {
    Writers writers(this);
    messages = ReadAll(*stream, &towns);
  }
  std::vector<types::v1::Cursor> cursors;
  for (const WatchUnitsResponse& message : messages) {
    if (message.kind() == registry::v1::WATCH_MESSAGE_KIND_REVISION)
      cursors.push_back(message.cursor());
  }
  ASSERT_GT(cursors.size(), 10u);
  for (size_t at : {size_t{0}, cursors.size() / 2, cursors.size() - 2}) {
    auto again = Watch(*admin_, "", &cursors[at]);
    for (size_t next = at + 1; next < cursors.size(); ++next) {
      WatchUnitsResponse message;
      ASSERT_TRUE(again->Read(&message)) << again->Finish();
      EXPECT_EQ(message.cursor().revision(), cursors[next].revision());
    }
  }
}

TEST_F(WatchTest, BookmarkableWhenQuiet) {
  auto stream = Watch(*admin_, "");
  WatchUnitsResponse message;
  bool ended = false;
  while (stream->Read(&message)) {
    if (message.kind() == registry::v1::WATCH_MESSAGE_KIND_SNAPSHOT_END) ended = true;
    if (message.kind() == registry::v1::WATCH_MESSAGE_KIND_PROGRESS) break;
  }
  EXPECT_TRUE(ended);
  EXPECT_EQ(message.kind(), registry::v1::WATCH_MESSAGE_KIND_PROGRESS);
  EXPECT_GT(message.cursor().revision(), 0);
}

TEST_F(WatchTest, ASnapshotTakenWhileWritersGoOnIsComplete) {
  std::set<std::string> towns;
  std::set<std::string> seen;
  Writers writers(this);
  for (int i = 0; i < 5; ++i) {
    towns.clear();
    auto stream = Watch(*admin_, "");
    ReadAll(*stream, &towns);
    EXPECT_EQ(towns.size(), size_t{kWriters * kUnitsEach});
  }
}

TEST_F(WatchTest, ShowsTheSubtreeAlone) {
  auto caller = ConnectAs("nation", options::v1::ROLE_VIEWER, "county-0");
  auto stream = Watch(*caller, "county-0");
  { Writers writers(this); }
  WatchUnitsResponse message;
  std::set<std::string> names;
  while (names.size() < kUnitsEach + 1 && stream->Read(&message)) {
    for (const auto& change : message.changes()) {
      if (change.has_unit()) names.insert(change.unit().name());
    }
  }
  for (const std::string& name : names) {
    EXPECT_TRUE(name == "units/county-0" || absl::StartsWith(name, "units/town-0-")) << name;
  }
  EXPECT_EQ(names.size(), size_t{kUnitsEach + 1});
}

TEST_F(WatchTest, AForeignLogAsksForANewSnapshot) {
  types::v1::Cursor foreign;
  foreign.set_log_id("00000000000000000000000000000000");
  foreign.set_revision(1);
  auto stream = Watch(*admin_, "", &foreign);
  WatchUnitsResponse message;
  EXPECT_FALSE(stream->Read(&message));
  absl::Status status = stream->Finish();
  EXPECT_TRUE(HasReason(status, Reason::LOG_CHANGED)) << status;
}

TEST_F(WatchTest, AMoveThatChangesTheScopeEndsTheStream) {
  CreateUnit("town", "county-0");
  auto caller = ConnectAs("nation", options::v1::ROLE_VIEWER, "county-0");
  auto stream = Watch(*caller, "county-0");
  WatchUnitsResponse message;
  while (stream->Read(&message) &&
         message.kind() != registry::v1::WATCH_MESSAGE_KIND_SNAPSHOT_END) {
  }
  registry::v1::MoveUnitRequest move;
  move.set_name("units/town");
  move.set_parent("units/county-1");
  registry::v1::Unit moved;
  absl::Status status = Call(*admin_, "/terrace.registry.v1.UnitRegistry/MoveUnit", move, &moved);
  ASSERT_TRUE(status.ok()) << status;
  while (stream->Read(&message)) {
  }
  status = stream->Finish();
  EXPECT_TRUE(HasReason(status, Reason::SCOPE_CHANGED)) << status;
}

TEST_F(WatchTest, ARevokedTokenEndsItsStreams) {
  gateway::v1::CreateTokenRequest create;
  create.set_parent("units/nation");
  create.set_token_id("desk");
  create.mutable_token()->set_display_name("desk");
  create.mutable_token()->set_realm_role(options::v1::ROLE_VIEWER);
  gateway::v1::CreateTokenResponse token;
  ASSERT_TRUE(Call(*admin_, "/terrace.gateway.v1.Access/CreateToken", create, &token).ok());
  auto channel = Connect(token.secret());
  auto stream = Watch(*channel, "");
  WatchUnitsResponse message;
  ASSERT_TRUE(stream->Read(&message));
  gateway::v1::RevokeTokenRequest revoke;
  revoke.set_name(token.token().name());
  gateway::v1::Token revoked;
  ASSERT_TRUE(Call(*admin_, "/terrace.gateway.v1.Access/RevokeToken", revoke, &revoked).ok());
  while (stream->Read(&message)) {
  }
  absl::Status status = stream->Finish();
  EXPECT_TRUE(HasReason(status, Reason::TOKEN_REVOKED)) << status;
}

}  // namespace
}  // namespace terrace
