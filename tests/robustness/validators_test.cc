// Every validator is shown a bad history and must object to it, and a good one, which it must let
// pass: a check that cannot fail is worth nothing.
#include "tests/robustness/validators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/sha256.h"
#include "terrace/storage/v1/measures.pb.h"
#include "terrace/storage/v1/registry.pb.h"
#include "terrace/storage/v1/scoring.pb.h"
#include "tests/robustness/api.h"

namespace terrace::robustness {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = WatchMessage::Kind;

constexpr char kCreate[] = "/terrace.registry.v1.UnitRegistry/CreateUnit";

// Three units, created one after the other by requests r1 to r3.
class ValidatorsTest : public testing::Test {
 protected:
  ValidatorsTest() {
    Log& log = logs_["registry"];
    log.service = "registry";
    log.log_ids = {"L"};
    for (int i = 1; i <= 3; ++i) {
      LogBatch batch;
      batch.revision = i;
      batch.commit_time = absl::FromUnixSeconds(i);
      batch.batch_id = absl::StrCat("b", i);
      batch.method = kCreate;
      batch.request_id = absl::StrCat("r", i);
      batch.changes = {{absl::StrCat("units/u", i), "value"},
                       {absl::StrCat("units/u", i, "/placements/2016-01-01"), "place"}};
      for (const auto& [key, value] : batch.changes) log.live[key] = {*value, i};
      log.batches.push_back(std::move(batch));
      Call call;
      call.method = kCreate;
      call.request_id = absl::StrCat("r", i);
      call.outcome = Outcome::kAcknowledged;
      call.service = "registry";
      call.log_id = "L";
      call.revision = i;
      call.keys = {absl::StrCat("units/u", i)};
      calls_.push_back(std::move(call));
    }
    // One stream with a snapshot, and one that goes on after it.
    Watch watch{"w", "registry", {}};
    watch.streams.push_back(
        {absl::nullopt,
         {Message(Kind::kSnapshot, 0, NamesOf(1)), Message(Kind::kSnapshotEnd, 1, {}),
          Message(Kind::kRevision, 2, NamesOf(2))},
         ""});
    watch.streams.push_back(
        {2, {Message(Kind::kRevision, 3, NamesOf(3)), Message(Kind::kProgress, 3, {})}, ""});
    watches_.push_back(std::move(watch));
  }

  static std::vector<std::string> NamesOf(int i) {
    return {absl::StrCat("units/u", i), absl::StrCat("units/u", i, "/placements/2016-01-01")};
  }
  static WatchMessage Message(Kind kind, int64_t revision, std::vector<std::string> names) {
    return {kind, "L", revision, std::move(names)};
  }

  Log& log() { return logs_["registry"]; }
  WatchStream& stream(int i) { return watches_[0].streams[i]; }

  static void ExpectGood(const Verdict& verdict) {
    EXPECT_GT(verdict.checks, 0) << verdict.guarantee;
    EXPECT_THAT(verdict.violations, IsEmpty()) << verdict.guarantee;
  }
  static void ExpectBad(const Verdict& verdict, const std::string& told) {
    EXPECT_THAT(verdict.violations, Contains(HasSubstr(told))) << verdict.guarantee;
  }

  Logs logs_;
  std::vector<Call> calls_;
  std::vector<Watch> watches_;
};

// ----------------------------------------------------------------------------------- the calls

TEST_F(ValidatorsTest, NothingAcknowledgedLost) {
  ExpectGood(NothingAcknowledgedLost(calls_, logs_));
  log().batches.pop_back();
  ExpectBad(NothingAcknowledgedLost(calls_, logs_), "r3");
}

TEST_F(ValidatorsTest, NothingAcknowledgedLostLooksAtPositions) {
  calls_[2].revision = 2;  // A reply that spoke for less than its own batch.
  ExpectBad(NothingAcknowledgedLost(calls_, logs_), "r3");
}

TEST_F(ValidatorsTest, NothingAcknowledgedLostLooksAtRows) {
  calls_[1].in_header = false;
  calls_[1].keys = {"units/u3"};  // Written only later.
  ExpectBad(NothingAcknowledgedLost(calls_, logs_), "units/u3");
}

TEST_F(ValidatorsTest, NothingAcknowledgedLostLooksAtTheLogsName) {
  calls_[0].log_id = "K";
  ExpectBad(NothingAcknowledgedLost(calls_, logs_), "no more");
}

TEST_F(ValidatorsTest, NothingAppliedTwice) {
  ExpectGood(NothingAppliedTwice(calls_, logs_));
  LogBatch again = log().batches[0];
  again.revision = 4;
  again.batch_id = "b4";
  log().batches.push_back(again);
  ExpectBad(NothingAppliedTwice(calls_, logs_), "a request was applied twice");
  log().batches.back().request_id = "r4";
  log().batches.back().batch_id = "b1";
  ExpectBad(NothingAppliedTwice(calls_, logs_), "a batch id is in the log twice");
}

TEST_F(ValidatorsTest, NothingAppliedTwiceLooksAtRowsThatAreWrittenOnce) {
  log().batches[0].changes.push_back({"units/u/visits/v/observations/d-1", "a"});
  log().batches[1].changes.push_back({"units/u/visits/v/observations/d-1", "a"});
  ExpectBad(NothingAppliedTwice(calls_, logs_), "written once");
}

TEST_F(ValidatorsTest, NothingAppliedTwiceLooksAtRefusals) {
  calls_[1].outcome = Outcome::kRefused;
  ExpectBad(NothingAppliedTwice(calls_, logs_), "refused, but applied");
}

class RegistersTest : public ValidatorsTest {
 protected:
  RegistersTest() {
    calls_.clear();
    Edit("e0", "e1", "a");
    Edit("e1", "e2", "b");
    Edit("e2", "e3", "c");
    SetRegister("a b c");
  }
  void Edit(const std::string& base, const std::string& made, const std::string& token) {
    Call call;
    call.method = "/terrace.measures.v1.MeasureTracker/UpdateMeasure";
    call.outcome = Outcome::kAcknowledged;
    call.edit = RegisterEdit{kName, base, made, token, false};
    calls_.push_back(std::move(call));
  }
  void SetRegister(const std::string& text) {
    storage::v1::MeasureRecord record;
    record.mutable_measure()->set_description(text);
    logs_["measures"].live[kName] = {record.SerializeAsString(), 1};
  }
  static constexpr char kName[] = "units/o/measures/m";
};

TEST_F(RegistersTest, GuardsHonoured) {
  ExpectGood(GuardsHonoured(calls_, logs_));
  SetRegister("a c");
  ExpectBad(GuardsHonoured(calls_, logs_), "should hold b");
  SetRegister("a b c d");
  ExpectBad(GuardsHonoured(calls_, logs_), "should hold nothing");
}

TEST_F(RegistersTest, GuardsHonouredLooksAtEtags) {
  Edit("e2", "e4", "d");
  ExpectBad(GuardsHonoured(calls_, logs_), "under one etag");
}

TEST_F(RegistersTest, GuardsHonouredFollowsTheChain) {
  Edit("x7", "x8", "d");
  ExpectBad(GuardsHonoured(calls_, logs_), "no chain");
}

TEST_F(RegistersTest, GuardsHonouredKnowsWhatWasCleared) {
  calls_[1].edit->cleared = true;
  SetRegister("b c");
  ExpectGood(GuardsHonoured(calls_, logs_));
}

TEST_F(ValidatorsTest, GuardsHonouredLooksAtCodes) {
  storage::v1::UnitRecord record;
  registry::v1::UnitCode& code = *record.mutable_unit()->add_codes();
  code.set_system("s");
  code.set_code("1");
  log().batches[0].changes[0].second = record.SerializeAsString();
  ExpectGood(GuardsHonoured({}, logs_));
  log().batches[1].changes[0].second = record.SerializeAsString();
  ExpectBad(GuardsHonoured({}, logs_), "belongs to units/u1 and to units/u2");
  // Given up in between, it is free.
  log().batches[1].changes = {{"units/u1", ""}};
  log().batches[2].changes[0].second = record.SerializeAsString();
  ExpectGood(GuardsHonoured({}, logs_));
}

TEST_F(ValidatorsTest, DryRunsWriteNothing) {
  EXPECT_THAT(DryRunsWriteNothing(calls_, logs_).violations, IsEmpty());
  Call asked = calls_[0];
  asked.dry_run = true;
  asked.request_id = "r9";
  asked.keys = {"units/u9"};
  calls_.push_back(asked);
  ExpectGood(DryRunsWriteNothing(calls_, logs_));
  EXPECT_THAT(NothingAcknowledgedLost(calls_, logs_).violations, IsEmpty());
  log().batches[2].changes.push_back({"units/u9", "value"});
  ExpectBad(DryRunsWriteNothing(calls_, logs_), "units/u9");
  log().batches[2].changes.pop_back();
  log().batches[2].request_id = "r9";
  ExpectBad(DryRunsWriteNothing(calls_, logs_), "r9");
}

TEST_F(ValidatorsTest, CoversTheApi) {
  std::map<std::string, int64_t> answers;
  for (const std::string& method : PublicMethods()) answers[method] = 1;
  EXPECT_THAT(answers, Contains(testing::Key(kCreate)));
  ExpectGood(CoversTheApi(answers));
  answers.erase(kCreate);
  ExpectBad(CoversTheApi(answers), kCreate);
}

TEST_F(ValidatorsTest, ReadYourWrites) {
  ExpectGood(ReadYourWrites({{0, "units/u1", "new", "new", "min_revision", absl::Now()}}));
  ExpectBad(ReadYourWrites({{0, "units/u1", "new", "old", "min_revision", absl::Now()}}),
            "units/u1");
}

TEST_F(ValidatorsTest, AnswersAreLawful) {
  EXPECT_THAT(AnswersAreLawful({}).violations, IsEmpty());
  ExpectBad(AnswersAreLawful({{0, "close units/u1", "NOT_FOUND", absl::Now()}}), "NOT_FOUND");
}

// ------------------------------------------------------------------------------------- the logs

TEST_F(ValidatorsTest, LogIsGapless) {
  ExpectGood(LogIsGapless(logs_));
  log().batches[1].leaf_recomputes = false;
  ExpectBad(LogIsGapless(logs_), "leaf");
  log().batches.erase(log().batches.begin() + 1);
  ExpectBad(LogIsGapless(logs_), "registry:2 is not there");
}

TEST_F(ValidatorsTest, LogIsGaplessLooksAtTheLogsName) {
  log().log_ids.push_back("K");
  ExpectBad(LogIsGapless(logs_), "replaced");
}

TEST_F(ValidatorsTest, LogTimeNeverDecreases) {
  ExpectGood(LogTimeNeverDecreases(logs_));
  log().batches[2].commit_time = absl::FromUnixSeconds(1);
  ExpectBad(LogTimeNeverDecreases(logs_), "time goes back");
}

TEST_F(ValidatorsTest, StateIsWhatTheLogSays) {
  ExpectGood(StateIsWhatTheLogSays(logs_));
  log().live["units/u1"].value = "other";
  ExpectBad(StateIsWhatTheLogSays(logs_), "units/u1");
  log().live.erase("units/u2");
  ExpectBad(StateIsWhatTheLogSays(logs_), "not there");
  log().live["units/u9"] = {"value", 1};
  ExpectBad(StateIsWhatTheLogSays(logs_), "units/u9");
}

TEST_F(ValidatorsTest, PublishedStays) {
  const std::string result = "units/t1/results/o~p";
  Log& log = logs_["scoring"];
  log.batches.push_back({.revision = 1, .changes = {{result, "value"}}});
  storage::v1::PublicationRow row;
  row.mutable_publication()->set_result_count(1);
  row.mutable_publication()->mutable_publish_time()->set_seconds(1);
  // Of a zero byte and "value".
  row.mutable_publication()->set_root(
      absl::BytesToHexString(Sha256(absl::string_view("\0value", 6))));
  log.batches.push_back(
      {.revision = 2, .changes = {{"units/o/publications/p", row.SerializeAsString()}}});
  ExpectGood(PublishedStays(logs_));
  log.batches.push_back({.revision = 3, .changes = {{result, "other"}}});
  ExpectBad(PublishedStays(logs_), "changes after it was announced");
  log.batches.pop_back();
  log.batches[0].changes = {{result, "other"}};
  ExpectBad(PublishedStays(logs_), "announced with 1 results and the root");
}

// ---------------------------------------------------------------------------------- the watches

TEST_F(ValidatorsTest, GoodWatches) {
  ExpectGood(WatchOrdered(watches_));
  ExpectGood(WatchUnique(watches_));
  ExpectGood(WatchAtomic(watches_, logs_));
  ExpectGood(WatchReliable(watches_, logs_));
  ExpectGood(WatchResumable(watches_, logs_));
}

TEST_F(ValidatorsTest, WatchOrdered) {
  stream(1).messages.push_back(Message(Kind::kRevision, 2, NamesOf(2)));
  ExpectBad(WatchOrdered(watches_), "go back");
}

TEST_F(ValidatorsTest, WatchUnique) {
  stream(1).messages.push_back(Message(Kind::kRevision, 3, NamesOf(3)));
  ExpectBad(WatchUnique(watches_), "twice");
}

TEST_F(ValidatorsTest, WatchUniqueLooksAtTheCursor) {
  stream(1).after = 3;
  ExpectBad(WatchUnique(watches_), "resumed after 3");
}

TEST_F(ValidatorsTest, WatchAtomic) {
  stream(1).messages[0].names.pop_back();  // Half a revision.
  ExpectBad(WatchAtomic(watches_, logs_), "not come as it is");
}

TEST_F(ValidatorsTest, WatchReliable) {
  stream(0).messages[2] = Message(Kind::kProgress, 2, {});
  ExpectBad(WatchReliable(watches_, logs_), "registry:2");
}

TEST_F(ValidatorsTest, WatchReliableLooksAtSnapshots) {
  stream(0).messages[0].names.pop_back();
  ExpectBad(WatchReliable(watches_, logs_), "without units/u1/placements");
}

TEST_F(ValidatorsTest, WatchResumable) {
  stream(1).messages.erase(stream(1).messages.begin());
  ExpectBad(WatchResumable(watches_, logs_), "registry:3");
}

TEST_F(ValidatorsTest, WatchResumableLooksAtTheEnd) {
  stream(1).end = "LOG_CHANGED";
  ExpectBad(WatchResumable(watches_, logs_), "LOG_CHANGED");
}

// ----------------------------------------------------------------------------------- the States

TEST_F(ValidatorsTest, ScoresEqualRecomputation) {
  ExpectGood(ScoresEqualRecomputation({{"a score", "77.78", "77.78"}}));
  ExpectBad(ScoresEqualRecomputation({{"a score", "77.78", "77.79"}}), "77.79");
}

TEST_F(ValidatorsTest, ReplicasConverge) {
  const Replica one{"registry-0", "registry", "units", {{"units/u1", "a"}, {"units/u2", "b"}}};
  Replica two = one;
  two.name = "registry-1";
  ExpectGood(ReplicasConverge({one, two}));
  two.rows["units/u2"] = "c";
  ExpectBad(ReplicasConverge({one, two}), "units/u2");
  two.rows.erase("units/u2");
  ExpectBad(ReplicasConverge({one, two}), "nothing");
  // Others are not compared with it.
  two.what = "names";
  EXPECT_THAT(ReplicasConverge({one, two}).violations, IsEmpty());
}

}  // namespace
}  // namespace terrace::robustness
