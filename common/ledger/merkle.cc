#include "common/ledger/merkle.h"

#include <bit>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"

namespace terrace::ledger {
namespace {

Hash EmptyRoot() { return *HashFrom(Sha256("")); }

Hash Node(const Hash& left, const Hash& right) {
  thread_local Sha256Stream sha;
  return *HashFrom(sha.Add("\x01").Add(View(left)).Add(View(right)).Finish());
}

// Where RFC 6962 splits n leaves: the largest power of two below n. n > 1.
uint64_t Split(uint64_t n) { return std::bit_floor(n - 1); }

absl::Status Beyond(uint64_t asked, uint64_t limit) {
  return absl::OutOfRangeError(absl::StrCat(asked, " is beyond ", limit, " leaves"));
}

}  // namespace

void MerkleTree::Append(const Hash& leaf) {
  if (levels_.empty()) levels_.emplace_back();
  levels_[0].push_back(leaf);
  // Each completed pair completes a node one level up.
  for (size_t level = 0; levels_[level].size() % 2 == 0; ++level) {
    if (level + 1 == levels_.size()) levels_.emplace_back();
    const std::vector<Hash>& nodes = levels_[level];
    levels_[level + 1].push_back(Node(nodes[nodes.size() - 2], nodes.back()));
  }
}

Hash MerkleTree::RangeRoot(uint64_t first, uint64_t last) const {
  const uint64_t count = last - first;
  // Ranges come from halving, so `first` is a multiple of every power of two up to `count`.
  if (std::has_single_bit(count)) {
    const int level = std::countr_zero(count);
    return levels_[level][first >> level];
  }
  const uint64_t middle = first + Split(count);
  return Node(RangeRoot(first, middle), RangeRoot(middle, last));
}

absl::StatusOr<Hash> MerkleTree::Root(uint64_t size) const {
  if (size > this->size()) return Beyond(size, this->size());
  if (size == 0) return EmptyRoot();
  return RangeRoot(0, size);
}

Hash MerkleTree::Root() const { return *Root(size()); }

void MerkleTree::AddPath(uint64_t index, uint64_t first, uint64_t last,
                         std::vector<Hash>* proof) const {
  if (last - first == 1) return;
  const uint64_t middle = first + Split(last - first);
  if (index < middle) {
    AddPath(index, first, middle, proof);
    proof->push_back(RangeRoot(middle, last));
  } else {
    AddPath(index, middle, last, proof);
    proof->push_back(RangeRoot(first, middle));
  }
}

absl::StatusOr<std::vector<Hash>> MerkleTree::InclusionProof(uint64_t index, uint64_t size) const {
  if (size > this->size()) return Beyond(size, this->size());
  if (index >= size) return Beyond(index, size);
  std::vector<Hash> proof;
  AddPath(index, 0, size, &proof);
  return proof;
}

// `complete`: the old log covers the whole of the range walked so far, so its root is known to the
// verifier and need not be sent (SUBPROOF's flag in RFC 6962).
void MerkleTree::AddConsistency(uint64_t old_last, uint64_t first, uint64_t last, bool complete,
                                std::vector<Hash>* proof) const {
  if (old_last == last) {
    if (!complete) proof->push_back(RangeRoot(first, last));
    return;
  }
  const uint64_t middle = first + Split(last - first);
  if (old_last <= middle) {
    AddConsistency(old_last, first, middle, complete, proof);
    proof->push_back(RangeRoot(middle, last));
  } else {
    AddConsistency(old_last, middle, last, false, proof);
    proof->push_back(RangeRoot(first, middle));
  }
}

absl::StatusOr<std::vector<Hash>> MerkleTree::ConsistencyProof(uint64_t old_size,
                                                               uint64_t size) const {
  if (size > this->size()) return Beyond(size, this->size());
  if (old_size > size) return Beyond(old_size, size);
  std::vector<Hash> proof;
  if (old_size > 0 && old_size < size) AddConsistency(old_size, 0, size, true, &proof);
  return proof;
}

absl::optional<MerklePeaks> MerklePeaks::From(uint64_t size, std::vector<Hash> peaks) {
  if (static_cast<size_t>(std::popcount(size)) != peaks.size()) return absl::nullopt;
  MerklePeaks tree;
  tree.size_ = size;
  tree.peaks_ = std::move(peaks);
  return tree;
}

void MerklePeaks::Append(const Hash& leaf) {
  peaks_.push_back(leaf);
  // Two complete subtrees of one size make the next.
  for (uint64_t rest = ++size_; rest % 2 == 0; rest /= 2) {
    const Hash right = peaks_.back();
    peaks_.pop_back();
    peaks_.back() = Node(peaks_.back(), right);
  }
}

Hash MerklePeaks::Root() const {
  if (peaks_.empty()) return EmptyRoot();
  Hash root = peaks_.back();
  for (size_t i = peaks_.size() - 1; i-- > 0;) root = Node(peaks_[i], root);
  return root;
}

bool VerifyInclusion(const Hash& leaf, uint64_t index, uint64_t size, absl::Span<const Hash> proof,
                     const Hash& root) {
  if (index >= size) return false;
  uint64_t node = index;
  uint64_t last = size - 1;
  Hash hash = leaf;
  for (const Hash& sibling : proof) {
    if (last == 0) return false;  // Longer than any path.
    if (node % 2 == 1 || node == last) {
      hash = Node(sibling, hash);
      // A node without a right sibling is its own parent until it becomes a right child.
      while (node % 2 == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = Node(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && hash == root;
}

bool VerifyConsistency(uint64_t old_size, const Hash& old_root, uint64_t size, const Hash& root,
                       absl::Span<const Hash> proof) {
  if (old_size > size) return false;
  if (old_size == size) return proof.empty() && old_root == root;
  if (old_size == 0) return proof.empty() && old_root == EmptyRoot();
  uint64_t node = old_size - 1;
  uint64_t last = size - 1;
  while (node % 2 == 1) {
    node >>= 1;
    last >>= 1;
  }
  // When the old log is one complete node, the proof starts from its root, which is known.
  size_t next = 0;
  Hash old_hash = old_root;
  if (node != 0) {
    if (proof.empty()) return false;
    old_hash = proof[next++];
  }
  Hash hash = old_hash;
  for (; next < proof.size(); ++next) {
    if (last == 0) return false;
    const Hash& sibling = proof[next];
    if (node % 2 == 1 || node == last) {
      old_hash = Node(sibling, old_hash);
      hash = Node(sibling, hash);
      while (node % 2 == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = Node(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && old_hash == old_root && hash == root;
}

}  // namespace terrace::ledger
