#include "common/ledger/merkle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"

namespace terrace::ledger {
namespace {

// Large enough for every shape of a tree of six levels; all pairs of sizes are tried.
constexpr uint64_t kSizes = 40;

std::string Hex(const Hash& hash) { return absl::BytesToHexString(View(hash)); }

Hash LeafOf(absl::string_view entry) {
  return *HashFrom(Sha256(absl::StrCat(absl::string_view("\0", 1), entry)));
}

MerkleTree TreeOf(uint64_t size) {
  MerkleTree tree;
  for (uint64_t i = 0; i < size; ++i) tree.Append(LeafOf(absl::StrCat("entry ", i)));
  return tree;
}

// The definition of RFC 6962 section 2.1, word for word.
Hash ByDefinition(const std::vector<std::string>& entries) {
  if (entries.empty()) return *HashFrom(Sha256(""));
  if (entries.size() == 1) return LeafOf(entries[0]);
  size_t k = 1;
  while (k * 2 < entries.size()) k *= 2;
  const Hash left = ByDefinition({entries.begin(), entries.begin() + k});
  const Hash right = ByDefinition({entries.begin() + k, entries.end()});
  return *HashFrom(Sha256(absl::StrCat("\x01", View(left), View(right))));
}

// Entries and roots of the published test vectors of Certificate Transparency.
TEST(MerkleTest, KnownRoots) {
  const std::vector<std::string> entries = {"",
                                            "00",
                                            "10",
                                            "2021",
                                            "3031",
                                            "40414243",
                                            "5051525354555657",
                                            "606162636465666768696a6b6c6d6e6f"};
  const std::vector<std::string> roots = {
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  MerkleTree tree;
  EXPECT_EQ(Hex(tree.Root()), roots[0]);
  for (size_t i = 0; i < entries.size(); ++i) {
    tree.Append(LeafOf(absl::HexStringToBytes(entries[i])));
    EXPECT_EQ(Hex(tree.Root()), roots[i + 1]);
  }
  for (size_t size = 0; size < roots.size(); ++size) EXPECT_EQ(Hex(*tree.Root(size)), roots[size]);
}

TEST(MerkleTest, RootsFollowTheDefinition) {
  const MerkleTree tree = TreeOf(kSizes);
  std::vector<std::string> entries;
  for (uint64_t size = 0; size <= kSizes; ++size) {
    EXPECT_EQ(*tree.Root(size), ByDefinition(entries)) << size;
    entries.push_back(absl::StrCat("entry ", size));
  }
}

TEST(MerkleTest, EveryInclusionIsShownAndNothingElse) {
  const MerkleTree tree = TreeOf(kSizes);
  for (uint64_t size = 1; size <= kSizes; ++size) {
    const Hash root = *tree.Root(size);
    for (uint64_t index = 0; index < size; ++index) {
      SCOPED_TRACE(absl::StrCat(index, " of ", size));
      const Hash leaf = LeafOf(absl::StrCat("entry ", index));
      std::vector<Hash> proof = *tree.InclusionProof(index, size);
      ASSERT_TRUE(VerifyInclusion(leaf, index, size, proof, root));
      EXPECT_FALSE(VerifyInclusion(LeafOf("another"), index, size, proof, root));
      EXPECT_FALSE(VerifyInclusion(leaf, index, size, proof, LeafOf("another")));
      EXPECT_FALSE(VerifyInclusion(leaf, size, size, proof, root));
      for (uint64_t other = 0; other < size; ++other) {
        if (other == index) continue;
        EXPECT_FALSE(VerifyInclusion(leaf, other, size, proof, root));
      }
      for (Hash& step : proof) {
        step[5] ^= 1;
        EXPECT_FALSE(VerifyInclusion(leaf, index, size, proof, root));
        step[5] ^= 1;
      }
      proof.push_back(leaf);
      EXPECT_FALSE(VerifyInclusion(leaf, index, size, proof, root));
      proof.pop_back();
      if (proof.empty()) continue;
      proof.pop_back();
      EXPECT_FALSE(VerifyInclusion(leaf, index, size, proof, root));
    }
  }
}

TEST(MerkleTest, EveryExtensionIsShownAndNothingElse) {
  const MerkleTree tree = TreeOf(kSizes);
  MerkleTree forked;
  forked.Append(LeafOf("another first entry"));
  for (uint64_t i = 1; i < kSizes; ++i) forked.Append(LeafOf(absl::StrCat("entry ", i)));
  for (uint64_t size = 0; size <= kSizes; ++size) {
    const Hash root = *tree.Root(size);
    for (uint64_t old_size = 0; old_size <= size; ++old_size) {
      SCOPED_TRACE(absl::StrCat(old_size, " to ", size));
      const Hash old_root = *tree.Root(old_size);
      std::vector<Hash> proof = *tree.ConsistencyProof(old_size, size);
      ASSERT_TRUE(VerifyConsistency(old_size, old_root, size, root, proof));
      EXPECT_FALSE(VerifyConsistency(old_size, LeafOf("another"), size, root, proof));
      if (old_size > 0) {
        // A log whose past was rewritten is never consistent with what it was.
        EXPECT_FALSE(VerifyConsistency(old_size, old_root, size, *forked.Root(size),
                                       *forked.ConsistencyProof(old_size, size)));
      }
      if (old_size < size) {
        EXPECT_FALSE(VerifyConsistency(size, root, old_size, old_root, proof));
      }
      for (Hash& step : proof) {
        step[31] ^= 1;
        EXPECT_FALSE(VerifyConsistency(old_size, old_root, size, root, proof));
        step[31] ^= 1;
      }
      proof.push_back(root);
      EXPECT_FALSE(VerifyConsistency(old_size, old_root, size, root, proof));
      proof.pop_back();
      if (proof.empty()) continue;
      proof.pop_back();
      EXPECT_FALSE(VerifyConsistency(old_size, old_root, size, root, proof));
    }
  }
}

TEST(MerkleTest, ProofsAreShort) {
  const MerkleTree tree = TreeOf(5000);
  size_t longest = 0;
  for (uint64_t index = 0; index < 5000; index += 7) {
    longest = std::max(longest, tree.InclusionProof(index, 5000)->size());
  }
  EXPECT_EQ(longest, 13u);
  EXPECT_LE(tree.ConsistencyProof(4097, 5000)->size(), 14u);
}

TEST(MerkleTest, BeyondTheTree) {
  const MerkleTree tree = TreeOf(5);
  EXPECT_EQ(tree.Root(6).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(tree.InclusionProof(5, 5).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(tree.InclusionProof(0, 6).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(tree.ConsistencyProof(3, 2).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(tree.ConsistencyProof(3, 6).status().code(), absl::StatusCode::kOutOfRange);
}

TEST(MerklePeaks, KnowTheRootAndGoOnFromWhereTheyWereKept) {
  MerklePeaks grown;
  for (uint64_t size = 0; size <= kSizes; ++size) {
    const MerkleTree tree = TreeOf(size);
    EXPECT_EQ(Hex(grown.Root()), Hex(tree.Root())) << size;
    EXPECT_EQ(grown.size(), size);
    absl::optional<MerklePeaks> kept = MerklePeaks::From(size, grown.peaks());
    ASSERT_TRUE(kept) << size;
    grown = *kept;
    grown.Append(LeafOf(absl::StrCat("entry ", size)));
  }
  EXPECT_FALSE(MerklePeaks::From(3, std::vector<Hash>(3)));
  EXPECT_FALSE(MerklePeaks::From(0, std::vector<Hash>(1)));
}

}  // namespace
}  // namespace terrace::ledger
