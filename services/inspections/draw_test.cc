#include "services/inspections/draw.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/error.h"
#include "common/base/sha256.h"

namespace terrace::inspections {
namespace {

DrawInput Input(int units) {
  DrawInput input;
  input.seed = std::string(kSeedBytes, '\x07');
  for (int i = 0; i < units; ++i) input.pool.push_back(absl::StrFormat("units/u%05d", i));
  return input;
}

// The algorithm once more, as the header describes it and as plainly as can be.
std::vector<std::string> OrderByHand(const std::string& seed, int round,
                                     std::vector<std::string> names, const std::string& what) {
  const auto sized = [](const std::string& x) {
    std::string out;
    for (int shift = 56; shift >= 0; shift -= 8) {
      out.push_back(static_cast<char>((x.size() >> shift) & 0xFF));
    }
    return out + x;
  };
  std::map<std::string, std::string> by_ticket;
  for (const std::string& name : names) {
    by_ticket[Sha256(sized(seed) + sized(what) + sized(absl::StrCat(round)) + sized(name))] = name;
  }
  std::vector<std::string> ordered;
  for (const auto& [ticket, name] : by_ticket) ordered.push_back(name);
  return ordered;
}

TEST(DrawByLotTest, IsTheDocumentedOrder) {
  DrawInput input = Input(40);
  input.rounds = 2;
  input.sample.set_count(7);
  input.sample.set_reserves(2);
  absl::StatusOr<DrawOutput> output = DrawByLot(input);
  ASSERT_TRUE(output.ok()) << output.status();
  ASSERT_EQ(output->entries.size(), 18u);
  for (int round = 1; round <= 2; ++round) {
    const std::vector<std::string> by_hand = OrderByHand(input.seed, round, input.pool, "unit");
    for (int i = 0; i < 9; ++i) {
      const v1::DrawEntry& entry = output->entries[(round - 1) * 9 + i];
      EXPECT_EQ(entry.unit(), by_hand[i]);
      EXPECT_EQ(entry.round(), round);
      EXPECT_EQ(entry.order(), i + 1);
      EXPECT_EQ(entry.reserve(), i >= 7);
    }
  }
}

TEST(DrawByLotTest, TheSameSeedGivesTheSameAndAnotherSeedAnother) {
  DrawInput input = Input(100);
  input.sample.set_count(10);
  const auto units = [&] {
    std::vector<std::string> out;
    const DrawOutput output = *DrawByLot(input);
    for (const v1::DrawEntry& entry : output.entries) out.push_back(entry.unit());
    return out;
  };
  const std::vector<std::string> first = units();
  EXPECT_EQ(units(), first);
  input.seed[0] ^= 1;
  EXPECT_NE(units(), first);
}

TEST(DrawByLotTest, NobodyIsDrawnTwiceInARound) {
  DrawInput input = Input(50);
  input.rounds = 3;
  absl::StatusOr<DrawOutput> output = DrawByLot(input);  // Everyone.
  ASSERT_TRUE(output.ok());
  std::map<int, std::set<std::string>> drawn;
  for (const v1::DrawEntry& entry : output->entries) {
    EXPECT_TRUE(drawn[entry.round()].insert(entry.unit()).second);
  }
  for (int round = 1; round <= 3; ++round) EXPECT_EQ(drawn[round].size(), 50u);
}

TEST(DrawByLotTest, EveryUnitHasTheSameChance) {
  // 20 of 100, over 2,000 seeds: each unit is expected 400 times; five sigmas are about 90.
  DrawInput input = Input(100);
  input.sample.set_count(20);
  std::map<std::string, int> drawn;
  for (int i = 0; i < 2000; ++i) {
    input.seed = Sha256(absl::StrCat("seed ", i));
    const DrawOutput output = *DrawByLot(input);
    for (const v1::DrawEntry& entry : output.entries) ++drawn[entry.unit()];
  }
  ASSERT_EQ(drawn.size(), 100u);
  for (const auto& [unit, times] : drawn) EXPECT_NEAR(times, 400, 90) << unit;
}

TEST(DrawByLotTest, TeamsGoInTurn) {
  DrawInput input = Input(9);
  input.teams = {"units/o/teams/a", "units/o/teams/b", "units/o/teams/c"};
  absl::StatusOr<DrawOutput> output = DrawByLot(input);
  ASSERT_TRUE(output.ok());
  const std::vector<std::string> turn = OrderByHand(input.seed, 1, input.teams, "team");
  for (int i = 0; i < 9; ++i) EXPECT_EQ(output->entries[i].team(), turn[i % 3]);
  EXPECT_TRUE(output->recusals.empty());
}

TEST(DrawByLotTest, RecusedTeamsArePassedOverAndStayNext) {
  DrawInput input = Input(6);
  input.teams = {"units/o/teams/a", "units/o/teams/b"};
  const std::vector<std::string> turn = OrderByHand(input.seed, 1, input.teams, "team");
  const std::string first_unit = OrderByHand(input.seed, 1, input.pool, "unit")[0];
  input.recused = [&](const std::string& team, const std::string& unit) {
    return team == turn[0] && unit == first_unit;
  };
  absl::StatusOr<DrawOutput> output = DrawByLot(input);
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(output->entries[0].team(), turn[1]);
  EXPECT_EQ(output->entries[1].team(), turn[0]);
  ASSERT_EQ(output->recusals.size(), 1u);
  EXPECT_EQ(output->recusals[0].team(), turn[0]);
  EXPECT_EQ(output->recusals[0].unit(), first_unit);
}

TEST(DrawByLotTest, AUnitFromWhichAllAreRecusedStopsTheDraw) {
  DrawInput input = Input(3);
  input.teams = {"units/o/teams/a"};
  input.recused = [](const std::string&, const std::string& unit) {
    return unit == "units/u00001";
  };
  EXPECT_TRUE(HasReason(DrawByLot(input).status(), Reason::NO_TEAM_LEFT));
}

TEST(DrawByLotTest, ReplaysFromItsRecordAlone) {
  DrawInput input = Input(200);
  input.rounds = 2;
  input.sample.mutable_percent()->set_value("5");
  input.teams = {"units/o/teams/a", "units/o/teams/b", "units/o/teams/c"};
  input.recused = [](const std::string& team, const std::string& unit) {
    return (Sha256(team + unit)[0] & 3) == 0;
  };
  absl::StatusOr<DrawOutput> output = DrawByLot(input);
  ASSERT_TRUE(output.ok()) << output.status();
  ASSERT_FALSE(output->recusals.empty());

  // An auditor has the pool and the recusals as they were recorded, and no tree.
  std::set<std::pair<std::string, std::string>> recorded;
  for (const v1::Recusal& recusal : output->recusals) {
    recorded.emplace(recusal.team(), recusal.unit());
  }
  absl::StatusOr<std::string> ids = EncodePool(input.pool);
  ASSERT_TRUE(ids.ok());
  DrawInput again = input;
  again.pool = *DecodePool(*ids);
  again.recused = [&](const std::string& team, const std::string& unit) {
    return recorded.count({team, unit}) > 0;
  };
  absl::StatusOr<DrawOutput> replay = DrawByLot(again);
  ASSERT_TRUE(replay.ok());
  ASSERT_EQ(replay->entries.size(), output->entries.size());
  for (size_t i = 0; i < replay->entries.size(); ++i) {
    EXPECT_EQ(replay->entries[i].SerializeAsString(), output->entries[i].SerializeAsString());
  }
}

TEST(DrawByLotTest, TooManyTargetsAreRefused) {
  DrawInput input = Input(kDrawEntriesMax / 2 + 1);
  input.rounds = 2;
  EXPECT_TRUE(HasReason(DrawByLot(input).status(), Reason::DRAW_TOO_LARGE));
}

TEST(RoundSizeTest, SizesAreCoercedToThePool) {
  v1::SampleSize sample;
  EXPECT_EQ(*RoundSize(sample, 261), 261);
  sample.set_everyone(true);
  EXPECT_EQ(*RoundSize(sample, 261), 261);
  sample.set_count(19);
  EXPECT_EQ(*RoundSize(sample, 261), 19);
  EXPECT_EQ(*RoundSize(sample, 7), 7);
  sample.mutable_percent()->set_value("5");
  EXPECT_EQ(*RoundSize(sample, 261), 14);  // 13.05 rounded up.
  EXPECT_EQ(*RoundSize(sample, 260), 13);
  sample.mutable_percent()->set_value("0.1");
  EXPECT_EQ(*RoundSize(sample, 261), 1);
  sample.mutable_percent()->set_value("100");
  EXPECT_EQ(*RoundSize(sample, 261), 261);
}

TEST(RoundSizeTest, BadSizesAreRefused) {
  v1::SampleSize sample;
  sample.set_count(0);
  EXPECT_TRUE(HasReason(RoundSize(sample, 10).status(), Reason::INVALID_FIELD));
  sample.set_count(-5);
  EXPECT_TRUE(HasReason(RoundSize(sample, 10).status(), Reason::INVALID_FIELD));
  for (const char* percent : {"0", "-1", "100.1"}) {
    sample.mutable_percent()->set_value(percent);
    EXPECT_TRUE(HasReason(RoundSize(sample, 10).status(), Reason::INVALID_FIELD)) << percent;
  }
  sample.mutable_percent()->set_value("NaN");
  EXPECT_TRUE(HasReason(RoundSize(sample, 10).status(), Reason::INVALID_NUMBER));
  DrawInput input = Input(10);
  input.sample.set_reserves(-1);
  EXPECT_TRUE(HasReason(DrawByLot(input).status(), Reason::INVALID_FIELD));
}

TEST(PoolTest, HashCoversEveryName) {
  const std::vector<std::string> pool = {"units/a", "units/b"};
  EXPECT_EQ(PoolHash(pool), Sha256("units/a\nunits/b\n"));
  EXPECT_NE(PoolHash(pool), PoolHash({"units/a"}));
}

TEST(PoolTest, FrontCodingRoundTrips) {
  const std::vector<std::string> pool = {"units/513222", "units/513222101", "units/513222102",
                                         "units/6", "units/zz"};
  absl::StatusOr<std::string> bytes = EncodePool(pool);
  ASSERT_TRUE(bytes.ok());
  EXPECT_LT(bytes->size(), 35u);
  EXPECT_THAT(*DecodePool(*bytes), testing::ElementsAreArray(pool));
  EXPECT_THAT(*DecodePool(*EncodePool({})), testing::IsEmpty());
}

TEST(PoolTest, DamageIsNoticed) {
  for (absl::string_view bad :
       {absl::string_view("\x05", 1), absl::string_view("\x00\x09x", 3),
        absl::string_view("\x04\x01x", 3), absl::string_view("\xFF\xFF\xFF\xFF\xFF\xFF", 6)}) {
    EXPECT_TRUE(absl::IsDataLoss(DecodePool(bad).status())) << absl::CEscape(bad);
  }
}

TEST(PoolTest, APoolThatFitsNoBatchIsRefused) {
  std::vector<std::string> pool;
  for (int i = 0; i < 30000; ++i) {
    pool.push_back(absl::StrCat("units/", absl::BytesToHexString(Sha256(absl::StrCat(i)))));
  }
  std::sort(pool.begin(), pool.end());
  EXPECT_TRUE(HasReason(EncodePool(pool).status(), Reason::POOL_TOO_LARGE));
  pool.resize(10000);
  EXPECT_TRUE(EncodePool(pool).ok());
}

}  // namespace
}  // namespace terrace::inspections
