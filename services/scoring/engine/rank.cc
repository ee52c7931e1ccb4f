#include "services/scoring/engine/rank.h"

#include <algorithm>

namespace terrace::scoring::engine {
namespace {

bool Before(const Peer& a, const Peer& b) {
  if (a.scored != b.scored) return a.scored;
  if (a.scored && a.value != b.value) return a.value > b.value;
  return a.id < b.id;
}

size_t FirstBehind(const std::vector<Peer>& peers, size_t size, const Ranking::Position& position) {
  const Peer key{kNoUnit, true, position.value, position.id};
  return std::partition_point(peers.begin(), peers.begin() + size,
                              [&](const Peer& peer) { return !Before(key, peer); }) -
         peers.begin();
}

// How many of sorted `peers` are better than the value.
size_t CountBetter(const std::vector<Peer>& peers, size_t size, Fixed value) {
  return std::partition_point(peers.begin(), peers.begin() + size,
                              [&](const Peer& peer) { return peer.value > value; }) -
         peers.begin();
}

size_t CountBelow(const std::vector<uint32_t>& sorted, size_t index) {
  return std::lower_bound(sorted.begin(), sorted.end(), index) - sorted.begin();
}

}  // namespace

void Ranking::Add(const Peer& peer) {
  if (const uint32_t known = IndexOf(peer.unit); known != kNowhere) {
    peers_[known] = peer;
    return;
  }
  if (peer.unit >= index_.size()) index_.resize(peer.unit + 1, kNowhere);
  index_[peer.unit] = static_cast<uint32_t>(peers_.size());
  peers_.push_back(peer);
}

void Ranking::Sort() {
  std::sort(peers_.begin(), peers_.end(), Before);
  Index();
}

void Ranking::Index() {
  std::fill(index_.begin(), index_.end(), kNowhere);
  scored_ = 0;
  for (size_t i = 0; i < peers_.size(); ++i) {
    const Peer& peer = peers_[i];
    if (peer.unit >= index_.size()) index_.resize(peer.unit + 1, kNowhere);
    index_[peer.unit] = static_cast<uint32_t>(i);
    scored_ += peer.scored ? 1 : 0;
  }
}

void Ranking::Replace(Unit unit, const absl::optional<Peer>& peer) {
  if (!peer && IndexOf(unit) == kNowhere) {
    replaced_.erase(unit);
  } else {
    replaced_[unit] = peer;
  }
}

void Ranking::Merge() {
  if (replaced_.empty()) return;
  peers_.erase(std::remove_if(peers_.begin(), peers_.end(),
                              [&](const Peer& peer) { return replaced_.contains(peer.unit); }),
               peers_.end());
  const auto middle = static_cast<std::ptrdiff_t>(peers_.size());
  for (const auto& [unit, peer] : replaced_) {
    if (peer) peers_.push_back(*peer);
  }
  replaced_.clear();
  std::sort(peers_.begin() + middle, peers_.end(), Before);
  std::inplace_merge(peers_.begin(), peers_.begin() + middle, peers_.end(), Before);
  Index();
}

int64_t Ranking::scored() const {
  auto count = static_cast<int64_t>(scored_);
  for (const auto& [unit, peer] : replaced_) {
    if (const uint32_t i = IndexOf(unit); i != kNowhere) count -= peers_[i].scored ? 1 : 0;
    if (peer) count += peer->scored ? 1 : 0;
  }
  return count;
}

int64_t Ranking::unscored() const {
  auto all = static_cast<int64_t>(peers_.size());
  for (const auto& [unit, peer] : replaced_) {
    all += (peer ? 1 : 0) - (IndexOf(unit) != kNowhere ? 1 : 0);
  }
  return all - scored();
}

std::vector<Place> Ranking::Read(const absl::optional<Position>& behind, size_t places_max,
                                 bool* more) const {
  // Two sorted lists: the peers without those that were replaced, and the replacements.
  std::vector<uint32_t> gone;
  std::vector<Peer> fresh;
  for (const auto& [unit, peer] : replaced_) {
    if (const uint32_t i = IndexOf(unit); i != kNowhere && i < scored_) gone.push_back(i);
    if (peer && peer->scored) fresh.push_back(*peer);
  }
  std::sort(gone.begin(), gone.end());
  std::sort(fresh.begin(), fresh.end(), Before);

  size_t i = behind ? FirstBehind(peers_, scored_, *behind) : 0;
  size_t j = behind ? FirstBehind(fresh, fresh.size(), *behind) : 0;
  std::vector<Place> places;
  *more = false;
  while (true) {
    while (i < scored_ && std::binary_search(gone.begin(), gone.end(), i)) ++i;
    if (i == scored_ && j == fresh.size()) return places;
    if (places.size() == places_max) {
      *more = true;
      return places;
    }
    const bool fresh_next = i == scored_ || (j < fresh.size() && Before(fresh[j], peers_[i]));
    const Peer& peer = fresh_next ? fresh[j++] : peers_[i++];
    Place place{peer, 0};
    if (!places.empty() && places.back().peer.value == peer.value) {
      place.place = places.back().place;
    } else {
      const size_t better = CountBetter(peers_, scored_, peer.value);
      place.place = static_cast<int64_t>(better - CountBelow(gone, better) +
                                         CountBetter(fresh, fresh.size(), peer.value) + 1);
    }
    places.push_back(place);
  }
}

}  // namespace terrace::scoring::engine
