// The conformance suite of the store contract (common/store/store.h): what every engine must do, as
// tests that run against each registered one.
//
// An engine takes part by an EngineUnderTest in engines_under_test.cc, which says how storage for
// it is made and which tests do not apply, each with its reason. The tests are in conformance_*.cc
// by topic.
#ifndef TERRACE_TESTS_STORE_CONFORMANCE_H_
#define TERRACE_TESTS_STORE_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/store/store.h"
#include "tests/store/recorder.h"

namespace terrace::store {

// Storage that is empty at first and goes away with this object.
class Storage {
 public:
  virtual ~Storage() = default;
  // Opening this twice, one after the other, opens the same storage.
  virtual std::string url() const = 0;
};

struct Exclusion {
  std::string test;    // As in TEST_P(StoreConformance, test).
  std::string reason;  // Why the contract does not ask it of this engine.
};

struct EngineUnderTest {
  std::string scheme;
  std::string name;  // The scheme in letters, digits and '_', as names of tests are.
  std::function<std::unique_ptr<Storage>()> new_storage;
  std::vector<Exclusion> exclusions;
};

// One for every registered engine; a registered engine without one fails the suite.
const std::vector<EngineUnderTest>& EnginesUnderTest();

// --- Calls that wait for their answer
// --------------------------------------------------------------

absl::StatusOr<Revision> Commit(Store& store, Batch batch);
absl::StatusOr<std::vector<absl::optional<Entry>>> Read(Store& store,
                                                        const std::vector<std::string>& keys);
absl::StatusOr<std::vector<Entry>> Scan(Store& store, KeyRange range, int limit = kScanEntriesMax);
absl::StatusOr<std::vector<CommittedPtr>> ReadLog(Store& store, int64_t from, int64_t to);
// All pages of it.
std::vector<CommittedPtr> WholeLog(Store& store);
// All live entries, over as many scans as it takes.
std::map<std::string, Entry> AllEntries(Store& store);

// --- Batches
// ---------------------------------------------------------------------------------------

Change Set(absl::string_view key, absl::string_view value);
Change Delete(absl::string_view key);
// With a fresh id and a header.
Batch MakeBatch(std::vector<Change> changes, std::vector<Guard> guards = {});

// Checks what must hold of any log, alone and together with the entries that it left behind:
// revisions without a gap, times that never decrease, leaves that recompute, salts, unique ids.
void ExpectSoundLog(Store& store, const LogId& log_id);

class StoreConformance : public testing::TestWithParam<EngineUnderTest> {
 protected:
  void SetUp() override;

  // Opens the storage of this test, which was closed before.
  std::unique_ptr<Store> Open(absl::string_view keyspace = "conformance",
                              const Clock* clock = nullptr);
  absl::StatusOr<std::unique_ptr<Store>> TryOpen(absl::string_view keyspace = "conformance",
                                                 const Clock* clock = nullptr);

  std::unique_ptr<Storage> storage_;
};

}  // namespace terrace::store

#endif  // TERRACE_TESTS_STORE_CONFORMANCE_H_
