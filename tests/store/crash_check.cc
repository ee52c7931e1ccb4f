#include "tests/store/crash_check.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "common/base/error.h"
#include "common/store/log_record.h"
#include "tests/store/conformance.h"
#include "tests/store/crash_batches.h"

namespace terrace::store {
namespace {

// The first revision that the log still holds.
int64_t LogStart(Store& store) {
  const auto page = ReadLog(store, 1, 1);
  if (page.ok()) return 1;
  const auto details = DetailsOf(page.status());
  EXPECT_TRUE(details && details->reason == Reason::COMPACTED) << page.status();
  int64_t compacted = 0;
  EXPECT_TRUE(absl::SimpleAtoi(details->args.at(0).second, &compacted));
  return compacted + 1;
}

void ExpectWhole(const LogId& log_id, const Committed& batch) {
  const Batch expected = CrashBatch(batch.batch_id);
  EXPECT_EQ(batch.header, expected.header);
  ASSERT_EQ(batch.changes.size(), expected.changes.size());
  for (size_t i = 0; i < expected.changes.size(); ++i) {
    EXPECT_EQ(batch.changes[i].key, expected.changes[i].key);
    EXPECT_EQ(batch.changes[i].value, expected.changes[i].value);
  }
  EXPECT_EQ(batch.leaf, ComputeLeaf(log_id, batch));
}

// Returns the ids found.
std::set<std::string> ExpectSoundRest(Store& store, const Acknowledged& acknowledged) {
  const Cursor end = *store.CatchUp();  // The reads below go that far too.
  std::set<std::string> ids;
  std::map<std::string, absl::optional<std::string>> shared;
  for (int64_t next = LogStart(store); next <= end.revision.value;) {
    const auto page = ReadLog(store, next, end.revision.value);
    EXPECT_TRUE(page.ok() && !page->empty()) << next << ": " << page.status();
    if (!page.ok() || page->empty()) break;
    for (const CommittedPtr& batch : *page) {
      EXPECT_EQ(batch->revision.value, next++);
      ExpectWhole(end.log_id, *batch);
      EXPECT_TRUE(ids.insert(batch->batch_id).second);
      const auto found = acknowledged.find(batch->batch_id);
      if (found != acknowledged.end()) {
        EXPECT_EQ(found->second, batch->revision);
      }
      for (const CommittedChange& change : batch->changes) {
        if (change.key.rfind("shared/", 0) == 0) shared[change.key] = change.value;
      }
    }
  }
  for (const auto& [key, value] : shared) {
    const auto entry = (*Read(store, {key}))[0];
    EXPECT_EQ(entry ? absl::optional<std::string>(entry->value) : absl::nullopt, value) << key;
  }
  return ids;
}

}  // namespace

void ExpectNothingLostOrHalf(Store& store, const Acknowledged& acknowledged) {
  const std::set<std::string> in_log = ExpectSoundRest(store, acknowledged);

  std::set<std::string> owners;
  std::map<std::string, Entry> own;
  for (const auto& [key, entry] : AllEntries(store)) {
    if (key < AllOwnKeys().first || key >= AllOwnKeys().last) continue;
    owners.insert(OwnerOf(key));
    own[key] = entry;
  }
  size_t expected_keys = 0;
  for (const std::string& id : owners) {
    const Batch expected = CrashBatch(id);
    for (const Change& change : expected.changes) {
      if (change.key >= AllOwnKeys().last || !change.value) continue;
      ++expected_keys;
      ASSERT_TRUE(own.contains(change.key)) << "half a batch: no " << change.key;
      EXPECT_EQ(own[change.key].value, *change.value);
    }
  }
  EXPECT_EQ(own.size(), expected_keys);
  for (const auto& [id, revision] : acknowledged) {
    EXPECT_TRUE(owners.contains(id))
        << "lost: " << absl::BytesToHexString(id) << " of revision " << revision.value;
  }
  for (const std::string& id : in_log) EXPECT_TRUE(owners.contains(id)) << "log without keys";
}

}  // namespace terrace::store
