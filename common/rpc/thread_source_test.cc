#include "common/rpc/thread_source.h"

#include <gtest/gtest.h>

#include <atomic>

#include "absl/synchronization/notification.h"
#include "common/base/error.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::rpc {
namespace {

using types::v1::Cursor;

// Asks for the next message and waits for the answer.
absl::StatusOr<bool> Next(Source* source, Cursor* out) {
  absl::StatusOr<bool> answer;
  absl::Notification answered;
  source->Next(out, [&](absl::StatusOr<bool> more) {
    answer = std::move(more);
    answered.Notify();
  });
  answered.WaitForNotification();
  return answer;
}

bool SendNumber(Outlet& outlet, int64_t number) {
  Cursor message;
  message.set_revision(number);
  return outlet.Send(&message);
}

TEST(ThreadSource, GivesEveryMessageAndThenTheStatus) {
  Executor executor(1);
  const auto source = ThreadSource(&executor, [](Outlet& outlet) {
    for (int i = 1; i <= 100; ++i) EXPECT_TRUE(SendNumber(outlet, i));
    return Error(Reason::COMPACTED);
  });
  Cursor message;
  for (int i = 1; i <= 100; ++i) {
    const absl::StatusOr<bool> more = Next(source.get(), &message);
    ASSERT_TRUE(more.ok() && *more) << more.status();
    EXPECT_EQ(message.revision(), i);
  }
  EXPECT_TRUE(HasReason(Next(source.get(), &message).status(), Reason::COMPACTED));
}

TEST(ThreadSource, EndsWithoutAnError) {
  Executor executor(1);
  const auto source = ThreadSource(&executor, [](Outlet&) { return absl::OkStatus(); });
  Cursor message;
  const absl::StatusOr<bool> more = Next(source.get(), &message);
  ASSERT_TRUE(more.ok()) << more.status();
  EXPECT_FALSE(*more);
}

TEST(ThreadSource, MakesNoMoreThanIsTaken) {
  Executor executor(1);
  std::atomic<int> sent = 0;
  const auto source = ThreadSource(&executor, [&sent](Outlet& outlet) {
    while (SendNumber(outlet, 1)) ++sent;
    return absl::OkStatus();
  });
  Cursor message;
  for (int taken = 1; taken <= 20; ++taken) {
    ASSERT_TRUE(*Next(source.get(), &message));
    EXPECT_LE(sent, taken);
  }
}

TEST(ThreadSource, ACallerThatIsGoneEndsTheThread) {
  Executor executor(1);
  absl::Notification begun;
  absl::Notification stopped;
  bool refused = false;
  auto source = ThreadSource(&executor, [&](Outlet& outlet) {
    outlet.OnCancel([&stopped] { stopped.Notify(); });
    begun.Notify();
    stopped.WaitForNotification();
    refused = !SendNumber(outlet, 1);
    return absl::OkStatus();
  });
  begun.WaitForNotification();
  source.reset();
  EXPECT_TRUE(refused);
}

TEST(ThreadSource, CancelAnswersANextThatWaits) {
  Executor executor(1);
  absl::Notification stopped;
  const auto source = ThreadSource(&executor, [&](Outlet& outlet) {
    outlet.OnCancel([&stopped] { stopped.Notify(); });
    stopped.WaitForNotification();
    return absl::OkStatus();
  });
  absl::Status status;
  Cursor message;
  source->Next(&message, [&status](absl::StatusOr<bool> more) { status = more.status(); });
  source->Cancel();
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
}

}  // namespace
}  // namespace terrace::rpc
