// The machine over a store that misbehaves by plan: every command ends, what was acknowledged is
// there once, and what was refused is not there.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/clock.h"
#include "common/machine/machine.h"
#include "common/store/faulty.h"
#include "google/protobuf/wrappers.pb.h"

namespace terrace::machine {
namespace {

using google::protobuf::Int64Value;

class PlainState : public State {
 public:
  void OnChange(const RowChange&) override {}
};

class MachineFaultsTest : public testing::TestWithParam<uint64_t> {};

TEST_P(MachineFaultsTest, AcknowledgedOnceRefusedNever) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(GetParam()));
  SystemClock clock;
  Executor executor(2);
  auto inner = store::OpenStore({"memory:", "test"});
  ASSERT_TRUE(inner.ok());
  store::FaultPlan plan;
  plan.seed = GetParam();
  plan.commit_refused = 0.05;
  plan.commit_lost = 0.05;
  plan.commit_reply_lost = 0.1;
  plan.follow_cut = 0.01;
  plan.late = 0.2;
  std::unique_ptr<store::FaultyStore> faulty = store::MakeFaulty(*std::move(inner), plan);
  store::FaultyStore* handle = faulty.get();
  MachineOptions options;
  options.service = "test";
  options.store = std::move(faulty);
  options.make_state = [] { return std::make_unique<PlainState>(); };
  options.tree = [tree = tree::TreeHolder().Get()] { return tree; };
  options.clock = &clock;
  options.executor = &executor;
  auto machine = Machine::Start(std::move(options));
  ASSERT_TRUE(machine.ok()) << machine.status();

  // Every client adds one to a shared counter and sets a key of its own, over and over.
  constexpr int kClients = 4;
  constexpr int kEach = 60;
  std::atomic<int> acknowledged = 0;
  std::vector<std::string> keys[kClients];
  std::vector<std::thread> clients;
  for (int c = 0; c < kClients; ++c) {
    clients.emplace_back([&, c] {
      for (int i = 0; i < kEach; ++i) {
        const std::string own = absl::StrCat("own/", c, "/", i);
        Command command;
        command.identity.subject = absl::StrCat("client-", c);
        command.request_id = absl::StrCat("r", i);
        command.received = clock.Now();
        absl::Notification finished;
        (*machine)->Execute(
            std::move(command), {"shared"},
            [own](const State&, Decision& decision, std::string*) {
              Int64Value value = decision.Get<Int64Value>("shared").value_or(Int64Value());
              value.set_value(value.value() + 1);
              decision.Put("shared", value);
              decision.Put(own, value);
              return absl::OkStatus();
            },
            [&](absl::StatusOr<Done> done) {
              if (done.ok()) {
                ++acknowledged;
                keys[c].push_back(own);
              }
              finished.Notify();
            });
        finished.WaitForNotification();
      }
    });
  }
  for (std::thread& client : clients) client.join();
  const store::FaultCounts faults = handle->counts();
  EXPECT_GT(faults.commits_lost + faults.commit_replies_lost + faults.commits_refused, 0);

  (*machine)->Read<PlainState>([&](const PlainState& state, const store::Cursor&) {
    // With a deadline this long nothing is given up, so the count is exact.
    EXPECT_EQ(acknowledged, kClients * kEach);
    EXPECT_EQ(state.rows().Get<Int64Value>("shared")->value(), acknowledged);
    for (const auto& of_client : keys) {
      for (const std::string& key : of_client) EXPECT_NE(state.rows().Find(key), nullptr) << key;
    }
  });
  handle->Heal();
}

INSTANTIATE_TEST_SUITE_P(Seeds, MachineFaultsTest, testing::Values(1, 2, 3, 4, 5));

}  // namespace
}  // namespace terrace::machine
