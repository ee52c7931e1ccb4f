// Publications whose writer dies, or that two processes want to write.
#include <atomic>

#include "services/scoring/publications/publication_fixture.h"

namespace terrace::scoring {
namespace {

// A store that several machines have open, in one process. After `commits_left` commits it takes no
// more, as one that the process has lost.
class Window : public store::Store {
 public:
  Window(std::shared_ptr<store::Store> store, bool shared, int commits_left)
      : store_(std::move(store)), shared_(shared), commits_left_(commits_left) {}

  void Commit(store::Batch batch, store::CommitDone done) override {
    if (commits_left_.fetch_sub(1) <= 0) {
      done(Error(Reason::STORE_FAILED, {{"detail", "lost"}}));
      return;
    }
    store_->Commit(std::move(batch), std::move(done));
  }
  absl::StatusOr<std::unique_ptr<store::Subscription>> Follow(
      absl::optional<store::Cursor> after, std::shared_ptr<store::Sink> sink) override {
    return store_->Follow(std::move(after), std::move(sink));
  }
  void Read(absl::Span<const std::string> keys, store::ReadDone done) override {
    store_->Read(keys, std::move(done));
  }
  void Scan(store::KeyRange range, int limit, store::ScanDone done) override {
    store_->Scan(std::move(range), limit, std::move(done));
  }
  void ReadLog(store::Revision from, store::Revision to, store::LogDone done) override {
    store_->ReadLog(from, to, std::move(done));
  }
  absl::Status Compact(store::Revision revision) override { return store_->Compact(revision); }
  absl::StatusOr<store::Cursor> End() override { return store_->End(); }
  bool shared() const override { return shared_; }

 private:
  const std::shared_ptr<store::Store> store_;
  const bool shared_;
  std::atomic<int> commits_left_;
};

class PublisherTest : public PublicationTest {
 protected:
  static constexpr int kNoLimit = 1 << 30;

  PublisherTest() : PublicationTest(/*complete=*/false) {
    store::StoreOptions options;
    options.url = "memory:";
    options.keyspace = "scoring";
    options.clock = &clock_;
    store_ = *store::OpenStore(options);
  }
  ~PublisherTest() override {
    service_.reset();
    machine_.reset();
  }

  // Starts a process on the store; the feeds tell it what they told others before.
  void Reopen(bool shared, int commits_left = kNoLimit) {
    service_.reset();
    machine_.reset();
    OpenOn(std::make_unique<Window>(store_, shared, commits_left));
    AddUnit("province", "", "province");
    AddUnit("county", "province", "county");
    for (const char* id : {"a", "b"}) AddUnit(id, "county", "township");
    for (const char* id : {"a1", "a2", "a3"}) AddUnit(id, "a", "village");
    AddUnit("b1", "b", "village");
    for (int i = 0; i < more_units_; ++i) AddUnit(absl::StrCat("m", i), "b", "village");
  }
  std::string AttemptOf(const std::string& operation) {
    return machine_->Read<ScoringState>([&](const ScoringState& state, const auto&) {
      return state.rows().Get<internal::v1::OperationRecord>(operation)->resume();
    });
  }
  // Waits until the machine has that many batches.
  void AwaitRevision(int64_t revision) {
    absl::Notification reached;
    absl::Status status;
    machine_->WaitFor({machine_->position().log_id, {revision}}, clock_.Now() + absl::Seconds(30),
                      [&](absl::Status result) {
                        status = std::move(result);
                        reached.Notify();
                      });
    reached.WaitForNotification();
    ASSERT_TRUE(status.ok()) << status;
  }
  // Follows AwaitRevision: results that are stored, announced or not.
  int StoredResults() {
    return machine_->Read<ScoringState>([](const ScoringState& state, const auto&) {
      return static_cast<int>(state.publications().ResultsOf(kRound).size());
    });
  }
  // Waits until some process has claimed the publication.
  std::string AwaitAttempt(const std::string& operation) {
    std::string attempt = AttemptOf(operation);
    while (attempt.empty()) {
      AwaitRevision(machine_->position().revision.value + 1);
      attempt = AttemptOf(operation);
    }
    return attempt;
  }

  std::shared_ptr<store::Store> store_;
  int more_units_ = 0;  // Told after each start.
};

TEST_F(PublisherTest, AProcessThatDiesIsFollowedByAFreshStart) {
  Reopen(/*shared=*/false);
  CompleteFeeds();
  Furnish();
  // Asked for, claimed, cleared, written, and lost before it was announced.
  Reopen(/*shared=*/false, /*commits_left=*/4);
  CompleteFeeds();
  Look();
  const int64_t before = machine_->position().revision.value;
  ASSERT_TRUE(Ask(Request()).ok());
  AwaitRevision(before + 4);
  EXPECT_EQ(StoredResults(), 7);
  EXPECT_EQ(GetPublication()->state(), v1::PUBLICATION_STATE_PREPARING);
  EXPECT_TRUE(Refused(GetResult("a1"), Reason::NOT_FOUND));

  // The world has moved on when another process takes over: a village is gone, another one was
  // visited again.
  Reopen(/*shared=*/false);
  Tell(UnitChange("a3", "village", "area", "2016-03-01"));
  CompleteFeeds();
  Look();
  Inspect("a1", 8, "v2", "2016-05-21");
  const auto publication = Await();
  ASSERT_TRUE(publication.ok()) << publication.status();
  EXPECT_EQ(publication->state(), v1::PUBLICATION_STATE_FINAL);
  EXPECT_EQ(publication->result_count(), 6);
  EXPECT_EQ(StoredResults(), 6);
  EXPECT_TRUE(Refused(GetResult("a3"), Reason::NOT_FOUND));
  const auto verified = Verify();
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_TRUE(verified->root_matches());
}

TEST_F(PublisherTest, ManyResultsComeInManyBatchesAndAreClearedInMany) {
  Reopen(/*shared=*/false);
  more_units_ = 3 * static_cast<int>(kResultsPerBatch) + 100;
  for (int i = 0; i < more_units_; ++i) AddTreeUnit(absl::StrCat("m", i), "b", "village");
  CompleteFeeds();
  Furnish();
  // Asked for, claimed, cleared, and lost behind the third batch.
  Reopen(/*shared=*/false, /*commits_left=*/6);
  CompleteFeeds();
  Look();
  const int64_t before = machine_->position().revision.value;
  ASSERT_TRUE(Ask(Request()).ok());
  AwaitRevision(before + 6);
  EXPECT_EQ(StoredResults(), 3 * static_cast<int>(kResultsPerBatch));

  Reopen(/*shared=*/false);
  CompleteFeeds();
  Look();
  const auto publication = Await();
  ASSERT_TRUE(publication.ok()) << publication.status();
  EXPECT_EQ(publication->result_count(), more_units_ + 7);
  EXPECT_EQ(StoredResults(), more_units_ + 7);
  const auto verified = Verify();
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_TRUE(verified->root_matches());
  EXPECT_EQ(verified->differing_count(), 0);
}

TEST_F(PublisherTest, NothingIsLeftOutThatItsCallerHadSeen) {
  Reopen(/*shared=*/false);
  CompleteFeeds();
  Furnish();
  seen_["registry"] = {"registry-log", {registry_revision_ + 1}};
  seen_["measures"] = {"a log of before", {99}};
  const auto operation = Ask(Request());
  ASSERT_TRUE(operation.ok()) << operation.status();
  AwaitAttempt(operation->name());
  EXPECT_EQ(GetPublication()->state(), v1::PUBLICATION_STATE_PREPARING);
  Tell(UnitChange("a3", "village", "area", "2016-03-01"));
  const auto publication = Await();
  ASSERT_TRUE(publication.ok()) << publication.status();
  EXPECT_EQ(publication->result_count(), 6);
}

TEST_F(PublisherTest, NothingIsPublishedOfInputsThatAreNotHeardOf) {
  Reopen(/*shared=*/false);
  CompleteFeeds();
  Furnish();
  stale_ = true;
  const auto operation = Ask(Request());
  ASSERT_TRUE(operation.ok()) << operation.status();
  service_->publisher().Look();
  EXPECT_EQ(AttemptOf(operation->name()), "");
  stale_ = false;
  service_->publisher().Look();
  const auto publication = Await();
  ASSERT_TRUE(publication.ok()) << publication.status();
  EXPECT_EQ(publication->state(), v1::PUBLICATION_STATE_FINAL);
}

TEST_F(PublisherTest, AStateFromTheLogKnowsWhatTheOldOneKnew) {
  Reopen(/*shared=*/false);
  CompleteFeeds();
  Furnish();
  ASSERT_TRUE(Publish(Provisional()).ok());
  const auto digest = [&] {
    return machine_->Read<ScoringState>(
        [](const ScoringState& state, const auto&) { return state.Digest(); });
  };
  const std::string before = digest();
  Reopen(/*shared=*/false);
  EXPECT_EQ(digest(), before);
  EXPECT_EQ(GetPublication()->state(), v1::PUBLICATION_STATE_PROVISIONAL);
}

TEST_F(PublisherTest, ASecondProcessWaitsForTheLeaseAndThenShutsTheFirstOut) {
  Reopen(/*shared=*/true);
  Start();
  const absl::StatusOr<Operation> operation = Ask(Request());
  ASSERT_TRUE(operation.ok());
  const std::string first_attempt = AwaitAttempt(operation->name());
  auto first_machine = std::move(machine_);
  auto first_service = std::move(service_);

  // The first one does not get on, for its feeds are incomplete. The second one lets it be.
  Reopen(/*shared=*/true);
  CompleteFeeds();
  Look();
  service_->publisher().Look();
  service_->publisher().Look();
  EXPECT_EQ(AttemptOf(operation->name()), first_attempt);
  EXPECT_EQ(GetPublication()->state(), v1::PUBLICATION_STATE_PREPARING);
  Pass(kLease + absl::Seconds(1));
  service_->publisher().Look();
  const auto publication = Await();
  ASSERT_TRUE(publication.ok()) << publication.status();
  EXPECT_EQ(publication->state(), v1::PUBLICATION_STATE_FINAL);
  EXPECT_NE(AttemptOf(operation->name()), first_attempt);
  const std::string result = GetResult("a1")->SerializeAsString();

  // Now the first one would go on, with other results.
  std::swap(machine_, first_machine);
  std::swap(service_, first_service);
  AwaitRevision(first_machine->position().revision.value);
  Inspect("a1", 8);
  CompleteFeeds();
  ASSERT_TRUE(Get("a1").ok());
  service_.reset();  // Waits for what it does.
  machine_.reset();
  std::swap(machine_, first_machine);
  std::swap(service_, first_service);
  EXPECT_EQ(GetResult("a1")->SerializeAsString(), result);
  EXPECT_TRUE(Verify()->root_matches());
  EXPECT_EQ(GetPublication()->etag(), publication->etag());
}

TEST_F(PublisherTest, AnAttemptThatLostItsPlaceChangesNothing) {
  Reopen(/*shared=*/true);
  Start();
  const absl::StatusOr<Operation> operation = Ask(Request());
  ASSERT_TRUE(operation.ok());
  const std::string attempt = AwaitAttempt(operation->name());
  const auto step = [&](const std::function<bool(const ScoringState&, machine::Decision&)>& run) {
    bool taken = false;
    machine_->Read<ScoringState>([&](const ScoringState& state, const auto&) {
      machine::Command command;
      command.received = clock_.Now();
      const auto tree = tree_.Get();
      machine::Decision decision(state.rows(), command, *tree, clock_.Now());
      taken = run(state, decision);
      EXPECT_EQ(decision.empty(), !taken);
    });
    return taken;
  };
  bool more = false;
  const std::vector<UnitResult> results = {{"a1", storage::v1::StoredResult().SerializeAsString()}};
  for (const bool own : {true, false}) {
    const std::string who = own ? attempt : "somebody.1";
    EXPECT_EQ(own, step([&](const ScoringState& state, machine::Decision& d) {
                return state.ClaimPublication(kRound, who, "next", d);
              }));
    EXPECT_EQ(own, step([&](const ScoringState& state, machine::Decision& d) {
                return state.ClearResults(kRound, who, d, &more);
              }));
    EXPECT_EQ(own, step([&](const ScoringState& state, machine::Decision& d) {
                return state.WriteResults(kRound, who, results, 1, d);
              }));
    EXPECT_EQ(own, step([&](const ScoringState& state, machine::Decision& d) {
                return state.AnnouncePublication(kRound, who, {}, d);
              }));
    EXPECT_EQ(own, step([&](const ScoringState& state, machine::Decision& d) {
                return state.FailPublication(kRound, who, absl::InternalError("x"), d);
              }));
  }
}

}  // namespace
}  // namespace terrace::scoring
