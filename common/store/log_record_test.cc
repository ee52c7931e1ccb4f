#include "common/store/log_record.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "common/base/error.h"
#include "common/ledger/leaf.h"

namespace terrace::store {
namespace {

const char kSalt[] = "0123456789abcdef";

std::vector<CommittedChange> Sample() {
  return {{"units/a", "value", kSalt},
          {"units/b", absl::nullopt, ""},
          {std::string("\0\xff", 2), "", kSalt},
          {std::string(300, 'k'), std::string(70'000, 'v'), kSalt}};
}

void ExpectEqual(const std::vector<CommittedChange>& a, const std::vector<CommittedChange>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].key, b[i].key);
    EXPECT_EQ(a[i].value, b[i].value);
    EXPECT_EQ(a[i].salt, b[i].salt);
  }
}

TEST(LogRecordTest, ChangesComeBackAsTheyWere) {
  for (const auto& changes : {Sample(), std::vector<CommittedChange>{}}) {
    const auto decoded = DecodeChanges(EncodeChanges(changes));
    ASSERT_TRUE(decoded.ok());
    ExpectEqual(*decoded, changes);
  }
}

// These bytes stand in files: a change here would make every store unreadable.
TEST(LogRecordTest, TheEncodingIsFixed) {
  const std::string encoded = EncodeChanges({{"key", "val", kSalt}, {"gone", absl::nullopt, ""}});
  EXPECT_EQ(absl::BytesToHexString(encoded),
            "0102"
            "01036b6579303132333435363738396162636465660376616c"
            "0004676f6e65");
}

TEST(LogRecordTest, DamagedBytesAreRefused) {
  std::vector<CommittedChange> changes = Sample();
  changes.pop_back();
  const std::string whole = EncodeChanges(changes);
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto cut = DecodeChanges(whole.substr(0, size));
    EXPECT_TRUE(HasReason(cut.status(), Reason::STORE_DAMAGED)) << size;
  }
  EXPECT_FALSE(DecodeChanges(whole + "x").ok());
  std::string other_version = whole;
  other_version[0] = 2;
  EXPECT_FALSE(DecodeChanges(other_version).ok());
  std::string other_kind = whole;
  other_kind[2] = 7;
  EXPECT_FALSE(DecodeChanges(other_kind).ok());
  // A count and a length of 2^63: no memory is taken on their word.
  EXPECT_FALSE(DecodeChanges("\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f").ok());
  EXPECT_FALSE(DecodeChanges("\x01\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f").ok());
}

TEST(LogRecordTest, EveryByteCountsForTheLeaf) {
  Committed batch{{5}, absl::FromUnixSeconds(1'462'060'800), std::string(16, 'b'), "h", Sample(),
                  ""};
  const std::string log_id(32, 'a');
  const std::string leaf = ComputeLeaf(log_id, batch);
  EXPECT_EQ(leaf.size(), ledger::kHashBytes);
  *batch.changes[0].value = "valuf";
  EXPECT_NE(ComputeLeaf(log_id, batch), leaf);
  *batch.changes[0].value = "value";
  EXPECT_EQ(ComputeLeaf(log_id, batch), leaf);
  batch.changes[0].salt = "0123456789abcdeF";
  EXPECT_NE(ComputeLeaf(log_id, batch), leaf);
}

TEST(LogRecordTest, CommittedBatchesGetSaltsAndTheirLeaf) {
  const std::string log_id(32, 'a');
  const Batch batch{std::string(16, 'b'), "h", {}, {{"x", "1"}, {"y", "1"}, {"z", absl::nullopt}}};
  const absl::Time time = absl::FromUnixSeconds(1'462'060'800);
  const CommittedPtr committed = MakeCommitted(log_id, {5}, time, batch);
  EXPECT_EQ(committed->changes[0].salt.size(), ledger::kSaltBytes);
  EXPECT_NE(committed->changes[0].salt, committed->changes[1].salt);
  EXPECT_EQ(committed->changes[2].salt, "");
  EXPECT_EQ(committed->leaf, ComputeLeaf(log_id, *committed));
  EXPECT_NE(committed->leaf, MakeCommitted(log_id, {5}, time, batch)->leaf) << "salts are fresh";
}

TEST(LogRecordTest, CommitTimesNeverGoBack) {
  const absl::Time last = absl::FromUnixMicros(1000);
  EXPECT_EQ(NextCommitTime(absl::FromUnixMicros(999), last), last);
  EXPECT_EQ(NextCommitTime(absl::FromUnixMicros(1001) + absl::Nanoseconds(999), last),
            absl::FromUnixMicros(1001));
}

}  // namespace
}  // namespace terrace::store
