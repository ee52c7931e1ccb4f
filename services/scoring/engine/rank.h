// Places among peers: 1 is best, equal values share a place and the next ones are skipped
// (1, 2, 2, 4); who shares a place stands by id.
//
// Peers are put in order once. What changes while that is going on, or while they were copied, is
// laid over it: what is read speaks for the peers as they are with all replacements.
//
// Thread-safety: none; a Ranking belongs to one request.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_RANK_H_
#define TERRACE_SERVICES_SCORING_ENGINE_RANK_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/board.h"

namespace terrace::scoring::engine {

struct Peer {
  Unit unit = kNoUnit;
  bool scored = false;   // Otherwise it has no place.
  Fixed value;           // What is compared: the full score, or the shown one.
  absl::string_view id;  // Outlives the ranking.
};

struct Place {
  Peer peer;
  int64_t place = 0;
};

class Ranking {
 public:
  // Before Sort: a peer, or what is known of it later.
  void Add(const Peer& peer);
  void Sort();
  // After Sort: what the unit is now; nullopt when it is no peer any more.
  void Replace(Unit unit, const absl::optional<Peer>& peer);
  size_t replaced() const { return replaced_.size(); }
  // Puts replacements in order too.
  void Merge();

  // A position between peers: behind the one of this value and id, whether or not there is one.
  struct Position {
    Fixed value;
    absl::string_view id;
  };
  // Up to `places_max` places, from the best on, or those behind a position. With `more`, whether
  // there are any after them.
  std::vector<Place> Read(const absl::optional<Position>& behind, size_t places_max,
                          bool* more) const;
  int64_t scored() const;
  int64_t unscored() const;

 private:
  static constexpr uint32_t kNowhere = 0xFFFFFFFF;

  uint32_t IndexOf(Unit unit) const { return unit < index_.size() ? index_[unit] : kNowhere; }
  void Index();

  std::vector<Peer> peers_;      // Sorted: those with a place first.
  std::vector<uint32_t> index_;  // By unit, into peers_.
  size_t scored_ = 0;            // Peers with a place.
  absl::flat_hash_map<Unit, absl::optional<Peer>> replaced_;
};

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_RANK_H_
