#include "common/ledger/leaf.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "common/base/sha256.h"

namespace terrace::ledger {
namespace {

constexpr absl::string_view kLogId = "00112233445566778899aabbccddeeff";
constexpr absl::string_view kSalt = "0123456789abcdef";

std::string Hex(const Hash& hash) { return absl::BytesToHexString(View(hash)); }

LeafEntry SampleEntry() {
  return {kLogId, 7, absl::FromUnixMicros(1'462'060'800'000'001), "batch-id-16bytes", "header", {}};
}

// The expected hashes were computed from the grammar in leaf.h by a program that shares no code
// with this one. They must never change: every proof ever given would become worthless.
TEST(LeafTest, KnownHashes) {
  EXPECT_EQ(Hex(ValueHash(kSalt, "value")),
            "b89ca3961c4207a5f6516e0f5077f64c7b1073fd29b22425fd2dfdecf42422c8");
  LeafEntry entry = SampleEntry();
  EXPECT_EQ(Hex(LeafHash(entry)),
            "cd1a9c8be814e4b7abb04a6fec2c5ed5d61ae13218793f52086732e7f9b77c1a");
  const std::vector<LeafChange> changes = {{"units/a", ValueHash(kSalt, "value")},
                                           {"units/b", absl::nullopt}};
  entry.changes = changes;
  EXPECT_EQ(Hex(LeafHash(entry)),
            "627cfbb40bbce388fc915ae69afb3e7cca851ab8ea0c0dce52ef3da7ad88dd21");
}

TEST(LeafTest, EveryPartCounts) {
  std::set<std::string> seen;
  auto expect_new = [&seen](const LeafEntry& entry) {
    EXPECT_TRUE(seen.insert(Hex(LeafHash(entry))).second);
  };
  expect_new(SampleEntry());
  LeafEntry entry = SampleEntry();
  entry.log_id = "00112233445566778899aabbccddeefe";
  expect_new(entry);
  entry = SampleEntry();
  entry.revision = 8;
  expect_new(entry);
  entry = SampleEntry();
  entry.commit_time += absl::Microseconds(1);
  expect_new(entry);
  entry = SampleEntry();
  entry.batch_id = "batch-id-16bytez";
  expect_new(entry);
  entry = SampleEntry();
  entry.header = "headeR";
  expect_new(entry);

  const Hash hash = ValueHash(kSalt, "value");
  const Hash other = ValueHash(kSalt, "valuf");
  for (const std::vector<LeafChange>& changes :
       std::vector<std::vector<LeafChange>>{{{"a", hash}},
                                            {{"b", hash}},
                                            {{"a", other}},
                                            {{"a", absl::nullopt}},
                                            {{"a", hash}, {"b", hash}},
                                            {{"b", hash}, {"a", hash}},
                                            {{"a", hash}, {"b", absl::nullopt}}}) {
    entry = SampleEntry();
    entry.changes = changes;
    expect_new(entry);
  }
}

TEST(LeafTest, NeighboursDoNotRunTogether) {
  LeafEntry left = SampleEntry();
  left.batch_id = "ab";
  left.header = "c";
  LeafEntry right = SampleEntry();
  right.batch_id = "a";
  right.header = "bc";
  EXPECT_NE(LeafHash(left), LeafHash(right));
}

// A deletion and the value whose hash is all zero bytes would be alike if the kind were not
// encoded.
TEST(LeafTest, DeletionIsNotAValue) {
  const std::vector<LeafChange> deleted = {{"a", absl::nullopt}};
  const std::vector<LeafChange> zero = {{"a", Hash{}}};
  LeafEntry entry = SampleEntry();
  entry.changes = deleted;
  const Hash of_deleted = LeafHash(entry);
  entry.changes = zero;
  EXPECT_NE(LeafHash(entry), of_deleted);
}

// What stays behind after redaction is the hash: it must not confirm a guess at the value.
TEST(LeafTest, ValueHashTellsNothingWithoutTheSalt) {
  const Hash kept = ValueHash(kSalt, "yes");
  EXPECT_NE(View(kept), absl::string_view(Sha256("yes")));
  EXPECT_NE(ValueHash("fedcba9876543210", "yes"), kept);
}

TEST(HashTest, OnlyThirtyTwoBytes) {
  EXPECT_FALSE(HashFrom(""));
  EXPECT_FALSE(HashFrom(std::string(31, 'x')));
  EXPECT_FALSE(HashFrom(std::string(33, 'x')));
  const std::string bytes = Sha256("x");
  ASSERT_TRUE(HashFrom(bytes));
  EXPECT_EQ(ToString(*HashFrom(bytes)), bytes);
}

}  // namespace
}  // namespace terrace::ledger
