// Places among peers, and what changes while they are put in order.
#include "services/scoring/engine/rank.h"

#include <map>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace terrace::scoring::engine {
namespace {

constexpr Unit kUnits = 30;
constexpr int kSeeds = 200;

struct Naive {
  std::map<Unit, Peer> peers;

  std::vector<Place> Places() const {
    std::vector<Place> places;
    for (const auto& [unit, peer] : peers) {
      if (!peer.scored) continue;
      Place place{peer, 1};
      for (const auto& [other, better] : peers) {
        place.place += better.scored && better.value > peer.value ? 1 : 0;
      }
      places.push_back(place);
    }
    std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
      return a.place != b.place ? a.place < b.place : a.peer.id < b.peer.id;
    });
    return places;
  }
};

class RankingTest : public ::testing::Test {
 protected:
  RankingTest() {
    for (Unit unit = 0; unit < kUnits; ++unit) ids_.push_back(std::to_string(unit * 7 % kUnits));
  }
  Peer PeerOf(Unit unit, int value, bool scored = true) const {
    return {unit, scored, Fixed::FromInteger(scored ? value : 0), ids_[unit]};
  }
  Peer RandomPeer(std::mt19937_64& random) const {
    const auto unit = static_cast<Unit>(random() % kUnits);
    return PeerOf(unit, static_cast<int>(random() % 6), random() % 5 != 0);
  }
  // All places, page by page; every page behind the last of the one before.
  static std::vector<Place> ReadAll(const Ranking& ranking, size_t size) {
    std::vector<Place> all;
    absl::optional<Ranking::Position> behind;
    bool more = true;
    while (more) {
      const std::vector<Place> page = ranking.Read(behind, size, &more);
      EXPECT_TRUE(!more || page.size() == size);
      all.insert(all.end(), page.begin(), page.end());
      if (!page.empty()) behind = Ranking::Position{page.back().peer.value, page.back().peer.id};
    }
    return all;
  }
  static void ExpectSame(const Ranking& ranking, const Naive& naive, size_t size) {
    const std::vector<Place> expected = naive.Places();
    const std::vector<Place> actual = ReadAll(ranking, size);
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(actual[i].peer.unit, expected[i].peer.unit) << i;
      ASSERT_EQ(actual[i].place, expected[i].place) << i;
    }
    EXPECT_EQ(ranking.scored(), static_cast<int64_t>(expected.size()));
    EXPECT_EQ(ranking.unscored(), static_cast<int64_t>(naive.peers.size() - expected.size()));
  }

  std::vector<std::string> ids_;
};

TEST_F(RankingTest, EqualValuesShareAPlace) {
  Ranking ranking;
  const int values[] = {3, 5, 3, 1};
  for (Unit unit = 0; unit < 4; ++unit) ranking.Add(PeerOf(unit, values[unit]));
  ranking.Add(PeerOf(4, 0, /*scored=*/false));
  ranking.Sort();
  const std::vector<Place> places = ReadAll(ranking, 10);
  ASSERT_EQ(places.size(), 4);
  const std::vector<std::pair<Unit, int64_t>> expected = {{1, 1}, {0, 2}, {2, 2}, {3, 4}};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(places[i].peer.unit, expected[i].first);
    EXPECT_EQ(places[i].place, expected[i].second);
  }
  EXPECT_EQ(ranking.unscored(), 1);
}

TEST_F(RankingTest, ReplacementsReadAsIfEverythingHadBeenSortedWithThem) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Ranking ranking;
    Naive naive;
    for (int i = 0; i < 40; ++i) {
      const Peer peer = RandomPeer(random);
      ranking.Add(peer);
      naive.peers[peer.unit] = peer;
    }
    ranking.Sort();
    for (int step = 0; step < 30; ++step) {
      const Peer peer = RandomPeer(random);
      if (random() % 4 == 0) {
        ranking.Replace(peer.unit, absl::nullopt);
        naive.peers.erase(peer.unit);
      } else {
        ranking.Replace(peer.unit, peer);
        naive.peers[peer.unit] = peer;
      }
      if (random() % 8 == 0) ranking.Merge();
      ASSERT_NO_FATAL_FAILURE(ExpectSame(ranking, naive, 1 + random() % 10));
    }
  }
}

}  // namespace
}  // namespace terrace::scoring::engine
