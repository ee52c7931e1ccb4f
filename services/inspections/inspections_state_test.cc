// The State as a function of the log: the same from a snapshot as from the beginning.
#include "services/inspections/inspections_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/inspections/test_world.h"

namespace terrace::inspections {
namespace {

// Something of everything: a plan with rounds, visits, conflicts, findings, follow-ups.
void Fill(World& world) {
  world.PublishChecklist();
  world.AddTeam("a");
  const std::string plan = world.ApprovedPlan("p",
                                              "rounds {} sample { count: 6 reserves: 2 } "
                                              "teams: 'units/county/teams/a'");
  TERRACE_CHECK(world.Draw(plan).ok());
  TERRACE_CHECK(world.Release(plan, {1}).ok());
  world.FinishOperations();
  const std::string visit = *world.state.Names(RowKind::kVisit).begin();
  v1::SyncVisitsRequest request;
  for (int i = 0; i < 4; ++i) {
    v1::SyncItem& item = *request.add_items();
    item.set_visit(visit);
    v1::Observation& observation = *item.mutable_observation();
    observation = Passed(visit, absl::StrCat("tab-", i / 2 + 1));
    observation.set_place(absl::StrCat("gate ", i));
    *observation.mutable_finding()->mutable_rectify_by() =
        Text<google::type::Date>("year: 2016 month: 7 day: 1");
  }
  TERRACE_CHECK(world.Sync(request, Inspector("county")).ok());
  v1::RaiseFindingRequest raise;
  raise.set_parent(visit);
  raise.set_finding_id("again");
  raise.mutable_finding()->set_text("again");
  raise.mutable_finding()->set_recurrence_of(visit + "/findings/tab-1");
  TERRACE_CHECK(world.Do(&InspectionsState::RaiseFinding, raise, Inspector("county")).ok());
  v1::ClaimRectifiedRequest claim;
  claim.set_name(visit + "/findings/tab-2");
  claim.set_note("done");
  TERRACE_CHECK(world.Do(&InspectionsState::ClaimRectified, claim, Reporter("county")).ok());
  world.TickTo(T("2016-07-03 00:00"));
}

// Live keys after the first `count` batches, as a snapshot would hold them.
std::vector<store::Entry> Snapshot(const World& world, size_t count) {
  absl::btree_map<std::string, store::Entry> live;
  for (size_t i = 0; i < count; ++i) {
    const store::Committed& batch = world.log[i];
    for (const store::CommittedChange& change : batch.changes) {
      if (change.value) {
        live[change.key] = {change.key, *change.value, batch.revision};
      } else {
        live.erase(change.key);
      }
    }
  }
  std::vector<store::Entry> entries;
  for (auto& [key, entry] : live) entries.push_back(entry);
  return entries;
}

TEST(InspectionsStateTest, SnapshotAndLogGiveTheSameStateAsTheLogAlone) {
  World world;
  Fill(world);
  const std::string digest = world.state.Digest();
  for (size_t cut = 0; cut <= world.log.size(); ++cut) {
    InspectionsState state;
    for (const store::Entry& entry : Snapshot(world, cut)) state.ApplyEntry(entry);
    for (size_t i = cut; i < world.log.size(); ++i) state.ApplyBatch(world.log[i]);
    EXPECT_EQ(state.Digest(), digest) << "cut at " << cut;
  }
}

TEST(InspectionsStateTest, PagesOfALaterRevisionDoNotCountTwice) {
  World world;
  Fill(world);
  // A snapshot that was read while everything happened: all pages are newer than the log's start.
  InspectionsState state;
  for (const store::Entry& entry : Snapshot(world, world.log.size())) state.ApplyEntry(entry);
  for (const store::Committed& batch : world.log) state.ApplyBatch(batch);
  EXPECT_EQ(state.Digest(), world.state.Digest());
}

TEST(InspectionsStateTest, TheIndexesAreInTheDigest) {
  World world;
  Fill(world);
  EXPECT_NE(world.state.IndexDigest(), InspectionsState().IndexDigest());
  World other;
  Fill(other);
  EXPECT_EQ(other.state.Digest(), world.state.Digest()) << "the same history, the same state";
}

TEST(InspectionsStateTest, PoolsAreNotKeptInMemory) {
  World world;
  Fill(world);
  const std::string pool = PoolKey(DrawKey("units/county/plans/p"));
  EXPECT_EQ(world.state.rows().Find(pool), nullptr);
  EXPECT_FALSE(world.state.Resident(pool));
  EXPECT_TRUE(world.state.Resident(DrawKey("units/county/plans/p")));
}

}  // namespace
}  // namespace terrace::inspections
