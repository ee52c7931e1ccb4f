// The Merkle tree of RFC 6962 over ledger leaves: one root speaks for the whole log up to a size;
// short proofs show that a leaf is in it (inclusion) and that a longer log only added to a shorter
// one (consistency). Proofs are checked by free functions that need no tree.
//
//   root of nothing := SHA-256("")
//   node            := SHA-256(0x01 left right)
//
// The tree keeps every complete node, 64 bytes a leaf, so roots and proofs of any earlier size cost
// a few hashes per level.
//
// Const methods may run concurrently; Append needs exclusive access. Sizes and indexes count
// leaves.
#ifndef TERRACE_COMMON_LEDGER_MERKLE_H_
#define TERRACE_COMMON_LEDGER_MERKLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "common/ledger/hash.h"

namespace terrace::ledger {

class MerkleTree {
 public:
  void Append(const Hash& leaf);
  uint64_t size() const { return levels_.empty() ? 0 : levels_[0].size(); }

  // Root of the first `size` leaves; OUT_OF_RANGE beyond the tree.
  absl::StatusOr<Hash> Root(uint64_t size) const;
  Hash Root() const;

  // Shows that leaf `index` (from 0) is among the first `size`; OUT_OF_RANGE when it is not.
  absl::StatusOr<std::vector<Hash>> InclusionProof(uint64_t index, uint64_t size) const;

  // Shows that the first `old_size` leaves are a prefix of the first `size`; OUT_OF_RANGE when
  // old_size > size or beyond the tree.
  absl::StatusOr<std::vector<Hash>> ConsistencyProof(uint64_t old_size, uint64_t size) const;

 private:
  // Root of leaves [first, last), not empty.
  Hash RangeRoot(uint64_t first, uint64_t last) const;
  void AddPath(uint64_t index, uint64_t first, uint64_t last, std::vector<Hash>* proof) const;
  void AddConsistency(uint64_t old_last, uint64_t first, uint64_t last, bool complete,
                      std::vector<Hash>* proof) const;

  // levels_[k][i] is the root of leaves [i * 2^k, (i + 1) * 2^k).
  std::vector<std::vector<Hash>> levels_;
};

// What of a tree is enough to add leaves and to know the root: the roots of its largest complete
// subtrees, at most one a level, the largest first.
class MerklePeaks {
 public:
  MerklePeaks() = default;
  // Of a tree of `size` leaves; nullopt when it has another number of peaks.
  static absl::optional<MerklePeaks> From(uint64_t size, std::vector<Hash> peaks);

  void Append(const Hash& leaf);
  uint64_t size() const { return size_; }
  const std::vector<Hash>& peaks() const { return peaks_; }
  Hash Root() const;

 private:
  uint64_t size_ = 0;
  std::vector<Hash> peaks_;
};

// True when `proof` shows that `leaf` is leaf `index` of the log of `size` leaves with this root.
bool VerifyInclusion(const Hash& leaf, uint64_t index, uint64_t size, absl::Span<const Hash> proof,
                     const Hash& root);

// True when `proof` shows that the log of `size` leaves with `root` begins with the log of
// `old_size` leaves with `old_root`.
bool VerifyConsistency(uint64_t old_size, const Hash& old_root, uint64_t size, const Hash& root,
                       absl::Span<const Hash> proof);

}  // namespace terrace::ledger

#endif  // TERRACE_COMMON_LEDGER_MERKLE_H_
