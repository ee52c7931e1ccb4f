// What the tests of the redis engine's faults share.
#ifndef TERRACE_TESTS_STORE_REDIS_FIXTURE_H_
#define TERRACE_TESTS_STORE_REDIS_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/store/store.h"
#include "tests/store/conformance.h"
#include "tests/store/crash_batches.h"
#include "tests/store/crash_check.h"
#include "tests/store/recorder.h"
#include "tests/store/redis_server.h"

namespace terrace::store {

inline constexpr char kService[] = "faulty";

// A recorder that follows a store.
struct RedisFollowing {
  std::shared_ptr<Recorder> recorder;
  std::unique_ptr<Subscription> subscription;

  explicit RedisFollowing(Store& store, absl::optional<Cursor> after = absl::nullopt)
      : recorder(std::make_shared<Recorder>(after)) {
    auto started = store.Follow(after, recorder);
    TERRACE_CHECK(started.ok());
    subscription = *std::move(started);
    if (!after) TERRACE_CHECK(recorder->WaitForSnapshot());
  }
};

class RedisFaultTest : public testing::Test {
 protected:
  // The store at `place`, as in "redis://host:port", in this test's realm.
  absl::StatusOr<std::unique_ptr<Store>> TryOpen(absl::string_view place,
                                                 absl::string_view options = "") {
    return OpenStore({absl::StrCat(place, "/", realm_, "?", options), kService});
  }
  std::unique_ptr<Store> Open(absl::string_view place, absl::string_view options = "") {
    absl::StatusOr<std::unique_ptr<Store>> store = TryOpen(place, options);
    EXPECT_TRUE(store.ok()) << store.status();
    TERRACE_CHECK(store.ok());
    return *std::move(store);
  }

  std::string MetaKey() const { return absl::StrCat("{", realm_, "/", kService, "}:meta"); }

  // Commits one batch and keeps it in `acknowledged_`.
  void CommitOne(Store& store) {
    const std::string id = NewBatchId();
    const auto answer = Commit(store, CrashBatch(id));
    ASSERT_TRUE(answer.ok()) << answer.status();
    acknowledged_[id] = *answer;
  }

  // Tries until a batch is stored: through what is refused for now, and again after an outcome that
  // is unknown.
  void CommitInTheEnd(Store& store) {
    const std::string id = NewBatchId();
    absl::Status last;
    const bool stored = Eventually([&] {
      const auto answer = Commit(store, CrashBatch(id));
      last = answer.status();
      if (answer.ok()) acknowledged_[id] = *answer;
      return answer.ok() || HasReason(answer.status(), Reason::BATCH_STORED);
    });
    ASSERT_TRUE(stored) << last;
  }

  // Commits batches until one is answered with its revision, which is the end of the log then and
  // the end that the store knows: after BATCH_STORED its feed may still have a little to go.
  Revision EndOfLog(Store& store) {
    absl::StatusOr<Revision> answer;
    EXPECT_TRUE(Eventually([&] {
      const std::string id = NewBatchId();
      answer = Commit(store, CrashBatch(id));
      if (answer.ok()) acknowledged_[id] = *answer;
      return answer.ok();
    })) << answer.status();
    return answer.ok() ? *answer : Revision{0};
  }

  const std::string realm_ = RandomHex(8);
  Acknowledged acknowledged_;
};

}  // namespace terrace::store

#endif  // TERRACE_TESTS_STORE_REDIS_FIXTURE_H_
