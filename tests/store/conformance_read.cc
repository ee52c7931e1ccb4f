// What Read, Scan and ReadLog promise.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/error.h"
#include "tests/store/conformance.h"

namespace terrace::store {
namespace {

std::vector<std::string> KeysOf(const std::vector<Entry>& entries) {
  std::vector<std::string> keys;
  for (const Entry& entry : entries) keys.push_back(entry.key);
  return keys;
}

using Keys = std::vector<std::string>;

TEST_P(StoreConformance, ReadAnswersInTheOrderOfTheKeys) {
  auto store = Open();
  ASSERT_TRUE(Commit(*store, MakeBatch({Set("a", "1"), Set("b", "2")})).ok());
  ASSERT_TRUE(Commit(*store, MakeBatch({Delete("a"), Set("c", "3")})).ok());
  const auto entries = *Read(*store, {"c", "a", "b", "none", "c"});
  ASSERT_EQ(entries.size(), 5u);
  EXPECT_EQ(entries[0], (Entry{"c", "3", {2}}));
  EXPECT_EQ(entries[1], absl::nullopt);
  EXPECT_EQ(entries[2], (Entry{"b", "2", {1}}));
  EXPECT_EQ(entries[3], absl::nullopt);
  EXPECT_EQ(entries[4], entries[0]);
  EXPECT_TRUE(Read(*store, {})->empty());
}

TEST_P(StoreConformance, AnEmptyValueIsNotADeletion) {
  auto store = Open();
  ASSERT_TRUE(Commit(*store, MakeBatch({Set("empty", "")})).ok());
  ASSERT_TRUE((*Read(*store, {"empty"}))[0].has_value());
  EXPECT_EQ((*Read(*store, {"empty"}))[0]->value, "");
  const auto log = *ReadLog(*store, 1, 1);
  ASSERT_TRUE(log[0]->changes[0].value.has_value());
  EXPECT_EQ(FailedGuard(Commit(*store, MakeBatch({}, {{"empty", {0}}})).status()), "empty");
}

TEST_P(StoreConformance, ScanTakesRangesInByteOrder) {
  auto store = Open();
  ASSERT_TRUE(Commit(*store, MakeBatch({Set("b", ""), Set("a", ""), Set("b/2", ""), Set("ba", ""),
                                        Set("b/10", ""), Set("c", "")}))
                  .ok());
  EXPECT_EQ(KeysOf(*Scan(*store, {})), (Keys{"a", "b", "b/10", "b/2", "ba", "c"}));
  EXPECT_EQ(KeysOf(*Scan(*store, {"b", "c"})), (Keys{"b", "b/10", "b/2", "ba"}));
  EXPECT_EQ(KeysOf(*Scan(*store, {"b/", "b0"})), (Keys{"b/10", "b/2"}));
  EXPECT_EQ(KeysOf(*Scan(*store, {"b", ""}, 2)), (Keys{"b", "b/10"}));
  EXPECT_EQ(KeysOf(*Scan(*store, {"", "b"})), (Keys{"a"}));
  EXPECT_EQ(KeysOf(*Scan(*store, {"d", ""})), Keys{});
  EXPECT_EQ(KeysOf(*Scan(*store, {"b", "b"})), Keys{});
  EXPECT_EQ(KeysOf(*Scan(*store, {"c", "a"})), Keys{});
}

TEST_P(StoreConformance, KeysAndValuesAreAnyBytes) {
  auto store = Open();
  const Keys keys = {std::string("\0", 1),
                     std::string("\0\0", 2),
                     std::string("\0\xff", 2),
                     "'; DROP TABLE entries; --",
                     "\x7f",
                     "\x80",
                     "\xc3\x28",
                     "\xff",
                     "\xff\xff"};
  std::vector<Change> changes;
  for (const std::string& key : keys) changes.push_back(Set(key, absl::StrCat(key, key)));
  ASSERT_TRUE(Commit(*store, MakeBatch(changes)).ok());
  EXPECT_EQ(KeysOf(*Scan(*store, {})), keys);
  const auto entries = *Read(*store, keys);
  for (size_t i = 0; i < keys.size(); ++i) {
    ASSERT_TRUE(entries[i].has_value());
    EXPECT_EQ(entries[i]->value, absl::StrCat(keys[i], keys[i]));
  }
  EXPECT_EQ(FailedGuard(Commit(*store, MakeBatch({}, {{keys[2], {0}}})).status()), keys[2]);
  ExpectSoundLog(*store, store->End()->log_id);
}

TEST_P(StoreConformance, LimitsOfReads) {
  auto store = Open();
  EXPECT_TRUE(Read(*store, Keys(kReadKeysMax, "k")).ok());
  EXPECT_EQ(Read(*store, Keys(kReadKeysMax + 1, "k")).status().code(),
            absl::StatusCode::kInvalidArgument);
  for (int limit : {-1, 0, kScanEntriesMax + 1}) {
    EXPECT_EQ(Scan(*store, {}, limit).status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(Scan(*store, {}, kScanEntriesMax).ok());
}

TEST_P(StoreConformance, ScanGivesAsManyAsAskedHoweverLarge) {
  auto store = Open();
  const std::string large(300'000, 'x');
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(Commit(*store, MakeBatch({Set(absl::StrFormat("k%02d", i), large)})).ok());
  }
  EXPECT_EQ(Scan(*store, {}, 11)->size(), 11u);
}

// A writer keeps two keys equal and a third key's presence tied to them.
TEST_P(StoreConformance, ReadAndScanSeeOneMoment) {
  auto store = Open();
  ASSERT_TRUE(Commit(*store, MakeBatch({Set("x", "0"), Set("y", "0")})).ok());
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 1; !stop; ++i) {
      const std::string value = absl::StrCat(i);
      const Change middle = i % 2 == 0 ? Set("xx", value) : Delete("xx");
      ASSERT_TRUE(Commit(*store, MakeBatch({Set("x", value), middle, Set("y", value)})).ok());
    }
  });
  for (int i = 0; i < 300; ++i) {
    const auto entries = *Read(*store, {"x", "xx", "y"});
    ASSERT_EQ(entries[0]->value, entries[2]->value);
    ASSERT_EQ(entries[0]->revision, entries[2]->revision);
    if (entries[1]) {
      ASSERT_EQ(entries[1]->value, entries[0]->value);
    }
    const auto scanned = *Scan(*store, {});
    ASSERT_EQ(scanned.front().value, scanned.back().value);
  }
  stop = true;
  writer.join();
}

TEST_P(StoreConformance, ReadLogGivesBatchesAsTheyWereCommitted) {
  auto store = Open();
  Batch batch = MakeBatch({Set("b", "1"), Delete("z"), Set("a", "")});
  batch.header = std::string("\0\xff header", 9);
  ASSERT_TRUE(Commit(*store, batch).ok());
  const auto log = *ReadLog(*store, 1, 1);
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0]->revision.value, 1);
  EXPECT_EQ(log[0]->batch_id, batch.id);
  EXPECT_EQ(log[0]->header, batch.header);
  ASSERT_EQ(log[0]->changes.size(), 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(log[0]->changes[i].key, batch.changes[i].key);
    EXPECT_EQ(log[0]->changes[i].value, batch.changes[i].value);
  }
  EXPECT_LT(absl::AbsDuration(log[0]->commit_time - absl::Now()), absl::Minutes(1));
  ExpectSoundLog(*store, store->End()->log_id);
}

TEST_P(StoreConformance, ReadLogTakesRanges) {
  auto store = Open();
  for (int i = 1; i <= 10; ++i) ASSERT_TRUE(Commit(*store, MakeBatch({})).ok());
  const auto numbers = [&](int64_t from, int64_t to) {
    std::vector<int64_t> out;
    const auto page = *ReadLog(*store, from, to);
    for (const CommittedPtr& batch : page) {
      out.push_back(batch->revision.value);
    }
    return out;
  };
  using Numbers = std::vector<int64_t>;
  EXPECT_EQ(numbers(3, 5), (Numbers{3, 4, 5}));
  EXPECT_EQ(numbers(9, 1000), (Numbers{9, 10}));
  EXPECT_EQ(numbers(0, 1), (Numbers{1}));
  EXPECT_EQ(numbers(11, 20), Numbers{});
  EXPECT_EQ(numbers(5, 4), Numbers{});
}

TEST_P(StoreConformance, ReadLogGivesPages) {
  auto store = Open();
  const std::string large(900'000, 'x');
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Commit(*store, MakeBatch({Set("k", large)})).ok());
  for (int i = 0; i < kPageBatchesMax + 10; ++i) ASSERT_TRUE(Commit(*store, MakeBatch({})).ok());
  const int64_t end = store->End()->revision.value;
  size_t largest = 0;
  int64_t next = 1;
  while (next <= end) {
    const auto page = *ReadLog(*store, next, end);
    ASSERT_FALSE(page.empty());
    ASSERT_EQ(page.front()->revision.value, next);
    next = page.back()->revision.value + 1;
    largest = std::max(largest, page.size());
  }
  EXPECT_LE(largest, static_cast<size_t>(kPageBatchesMax));
}

}  // namespace
}  // namespace terrace::store
