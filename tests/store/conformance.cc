#include "tests/store/conformance.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/check.h"
#include "common/store/log_record.h"

namespace terrace::store {
namespace {

// Calls `start` with a callback and waits for what the callback is given.
template <typename Answer, typename Start>
Answer Await(Start start) {
  absl::optional<Answer> answer;
  absl::Notification done;
  start([&](Answer given) {
    answer = std::move(given);
    done.Notify();
  });
  TERRACE_CHECK(done.WaitForNotificationWithTimeout(kPatience));
  return *std::move(answer);
}

}  // namespace

absl::StatusOr<Revision> Commit(Store& store, Batch batch) {
  return Await<absl::StatusOr<Revision>>(
      [&](auto done) { store.Commit(std::move(batch), std::move(done)); });
}

absl::StatusOr<std::vector<absl::optional<Entry>>> Read(Store& store,
                                                        const std::vector<std::string>& keys) {
  return Await<absl::StatusOr<std::vector<absl::optional<Entry>>>>(
      [&](auto done) { store.Read(keys, std::move(done)); });
}

absl::StatusOr<std::vector<Entry>> Scan(Store& store, KeyRange range, int limit) {
  return Await<absl::StatusOr<std::vector<Entry>>>(
      [&](auto done) { store.Scan(std::move(range), limit, std::move(done)); });
}

absl::StatusOr<std::vector<CommittedPtr>> ReadLog(Store& store, int64_t from, int64_t to) {
  return Await<absl::StatusOr<std::vector<CommittedPtr>>>(
      [&](auto done) { store.ReadLog(Revision{from}, Revision{to}, std::move(done)); });
}

std::vector<CommittedPtr> WholeLog(Store& store) {
  const int64_t end = store.End()->revision.value;
  std::vector<CommittedPtr> log;
  while (static_cast<int64_t>(log.size()) < end) {
    auto page = ReadLog(store, static_cast<int64_t>(log.size()) + 1, end);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok() || page->empty()) {
      ADD_FAILURE() << "the log stops after " << log.size() << " of " << end;
      break;
    }
    log.insert(log.end(), page->begin(), page->end());
  }
  return log;
}

std::map<std::string, Entry> AllEntries(Store& store) {
  std::map<std::string, Entry> all;
  for (KeyRange rest;;) {
    auto page = Scan(store, rest);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok() || page->empty()) return all;
    rest.first = absl::StrCat(page->back().key, absl::string_view("\0", 1));
    for (Entry& entry : *page) all[entry.key] = entry;
  }
}

Change Set(absl::string_view key, absl::string_view value) {
  return {std::string(key), std::string(value)};
}

Change Delete(absl::string_view key) { return {std::string(key), absl::nullopt}; }

Batch MakeBatch(std::vector<Change> changes, std::vector<Guard> guards) {
  return {NewBatchId(), "header", std::move(guards), std::move(changes)};
}

void ExpectSoundLog(Store& store, const LogId& log_id) {
  std::set<std::string> ids;
  std::set<std::string> salts;
  std::map<std::string, Entry> live;
  absl::Time last = absl::InfinitePast();
  int64_t revision = 0;
  for (const CommittedPtr& batch : WholeLog(store)) {
    ASSERT_EQ(batch->revision.value, ++revision);
    EXPECT_GE(batch->commit_time, last);
    last = batch->commit_time;
    EXPECT_TRUE(ids.insert(batch->batch_id).second) << "a batch id twice";
    EXPECT_EQ(batch->leaf, ComputeLeaf(log_id, *batch)) << "revision " << revision;
    for (const CommittedChange& change : batch->changes) {
      if (change.value) {
        EXPECT_EQ(change.salt.size(), 16u);
        EXPECT_TRUE(salts.insert(change.salt).second) << "a salt twice";
        live[change.key] = {change.key, *change.value, batch->revision};
      } else {
        EXPECT_EQ(change.salt, "");
        live.erase(change.key);
      }
    }
  }
  EXPECT_EQ(AllEntries(store), live) << "the keys are not what the log leaves behind";
}

void StoreConformance::SetUp() {
  const std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
  for (const Exclusion& exclusion : GetParam().exclusions) {
    if (test == absl::StrCat(exclusion.test, "/", GetParam().name)) {
      GTEST_SKIP() << exclusion.reason;
    }
  }
  storage_ = GetParam().new_storage();
}

absl::StatusOr<std::unique_ptr<Store>> StoreConformance::TryOpen(absl::string_view keyspace,
                                                                 const Clock* clock) {
  return OpenStore({storage_->url(), std::string(keyspace), clock});
}

std::unique_ptr<Store> StoreConformance::Open(absl::string_view keyspace, const Clock* clock) {
  absl::StatusOr<std::unique_ptr<Store>> store = TryOpen(keyspace, clock);
  TERRACE_CHECK(store.ok());
  return *std::move(store);
}

}  // namespace terrace::store
