#include "tests/robustness/run.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "tests/robustness/deployment.h"
#include "tests/robustness/evidence.h"
#include "tests/robustness/traffic.h"
#include "tests/robustness/watchers.h"
#include "tests/robustness/world.h"

namespace terrace::robustness {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(10);
// How long everything may take to answer again once nothing is wrong any more.
constexpr absl::Duration kRecoveryMost = absl::Seconds(60);
constexpr absl::Duration kCallTimeout = absl::Seconds(20);
// Clients choose by dice what they do. After so many changes, and the reads among them, each method
// has been called. A run of seconds is never asked.
constexpr absl::Duration kWholeApiAfter = absl::Minutes(1);
constexpr size_t kWholeApiCalls = 3000;
constexpr size_t kViolationsShown = 5;  // Of one guarantee.

// "CreateUnit" of "/terrace.registry.v1.UnitRegistry/CreateUnit".
std::string MethodName(const std::string& method) { return method.substr(method.rfind('/') + 1); }

class Runner {
 public:
  explicit Runner(const RunOptions& options)
      : deployment_(options.distributed ? Deployment::Distributed(options.dir)
                                        : Deployment::Embedded(options.dir)),
        faults_(options.seed, deployment_.get()) {
    summary_.options = options;
    for (const char* service : kLogs) logs_[service].service = service;
  }

  Summary Run() {
    if (!Prepare()) return std::move(summary_);
    const absl::Time start = absl::Now();
    while (worked_ < summary_.options.length && !stuck_) {
      const absl::Duration round =
          std::min(summary_.options.quiet_each, summary_.options.length - worked_);
      traffic_->Go();
      const absl::Time end = absl::Now() + round;
      while (absl::Now() < end) {
        deployment_->Poll();
        faults_.Poll(summary_.options.pace);
        absl::SleepFor(kTick);
      }
      worked_ += round;
      summary_.longest_silence = std::max(summary_.longest_silence, history_.TakeLongestSilence());
      Quiet();
      std::printf("%s %s: %s of %s, %zu calls, %d quiet points, %s in all\n",
                  summary_.failed() ? "FAILED" : "ok", Form(),
                  absl::FormatDuration(worked_).c_str(),
                  absl::FormatDuration(summary_.options.length).c_str(), history_.calls().size(),
                  summary_.quiet_points,
                  absl::FormatDuration(absl::Trunc(absl::Now() - start, absl::Seconds(1))).c_str());
      std::fflush(stdout);
    }
    Finish();
    return std::move(summary_);
  }

 private:
  const char* Form() const { return summary_.options.distributed ? "distributed" : "embedded"; }

  bool Prepare() {
    const std::vector<Service*> gateways = deployment_->gateways();
    world_link_ = gateways.front()->AddLink("world");
    absl::StatusOr<World> world = MakeWorld(world_link_, deployment_->admin_token(), kOffices);
    if (!world.ok()) {
      Violated("ThePreparationSucceeds", world.status().ToString());
      return false;
    }
    std::vector<Traffic::Channels> channels;
    std::vector<Traffic::Channels> judges;
    for (int i = 0; i < kClients; ++i) {
      const std::string& token = i < kOffices ? world->tokens[i] : deployment_->admin_token();
      channels.push_back(ConnectEveryWay(absl::StrCat("client-", i), token));
    }
    for (int i = 0; i < kOffices; ++i) {
      judges.push_back(ConnectEveryWay(absl::StrCat("judge-", i), world->judges[i]));
    }
    traffic_ = std::make_unique<Traffic>(summary_.options.seed, *std::move(world),
                                         std::move(channels), std::move(judges), &history_);
    for (Service* gateway : gateways) {
      for (const char* service : {"registry", "measures", "inspections"}) {
        const std::string name = absl::StrCat(service, " at ", gateway->name());
        watchers_.push_back(std::make_unique<Watcher>(
            name, service, summary_.options.seed + watchers_.size(),
            deployment_->Connect("watcher", {gateway}, deployment_->admin_token())));
      }
    }
    return true;
  }

  // Over each gateway by itself, and over all of them together.
  Traffic::Channels ConnectEveryWay(const std::string& name, const std::string& token) {
    const std::vector<Service*> gateways = deployment_->gateways();
    Traffic::Channels channels;
    for (Service* gateway : gateways) {
      channels.push_back(deployment_->Connect(name, {gateway}, token));
    }
    if (gateways.size() > 1) channels.push_back(deployment_->Connect(name, gateways, token));
    return channels;
  }

  // What the run cannot go on after.
  void Violated(const std::string& guarantee, const std::string& text) {
    stuck_ = true;
    for (Verdict& verdict : summary_.verdicts) {
      if (verdict.guarantee != guarantee) continue;
      verdict.violations.push_back(text);
      return;
    }
    summary_.verdicts.push_back({guarantee, 1, {text}});
  }

  // Polls until `done`; a violation of `guarantee` if that takes too long.
  template <class Done>
  bool Await(const char* guarantee, const std::string& what, Done done) {
    const absl::Time deadline = absl::Now() + kRecoveryMost;
    while (!done()) {
      deployment_->Poll();
      if (absl::Now() > deadline) {
        Violated(guarantee, what);
        return false;
      }
      absl::SleepFor(kTick);
    }
    return true;
  }

  // Ends the faults, lets everybody finish, and holds what there is against every guarantee.
  void Quiet() {
    faults_.HealAll();
    const absl::Time healed = absl::Now();
    traffic_->Rest();
    constexpr char kRecovers[] = "RecoversWhenFaultsEnd";
    if (!Await(kRecovers, "not every process came up", [this] { return deployment_->Healthy(); }) ||
        !Await(kRecovers, "not every call came to an end",
               [this] { return traffic_->resting(); })) {
      return;
    }
    summary_.longest_recovery = std::max(summary_.longest_recovery, absl::Now() - healed);
    ++summary_.quiet_points;
    const absl::Status read = deployment_->distributed() ? ReadLogs() : ReadLogsOfStopped();
    if (!read.ok()) {
      Violated("TheLogsCanBeRead", read.ToString());
      return;
    }
    Await(kRecovers, "not every watcher came to the end of its log", [this] {
      return std::all_of(watchers_.begin(), watchers_.end(), [this](const auto& watcher) {
        return watcher->revision() >= logs_[watcher->watch().service].batches.back().revision;
      });
    });
    Validate();
  }

  absl::Status ReadLogs() {
    for (auto& [service, log] : logs_) {
      TERRACE_ASSIGN_OR_RETURN(const auto store, deployment_->OpenLog(service));
      TERRACE_RETURN_IF_ERROR(ReadOn(store.get(), &log));
    }
    return absl::OkStatus();
  }

  // The embedded store belongs to one process: it ends, in good order or not, while it is read.
  absl::Status ReadLogsOfStopped() {
    Service& process = *deployment_->services().front();
    summary_.quiet_points % 2 == 0 ? process.Kill() : process.Stop();
    const absl::Status read = ReadLogs();
    process.Start();
    Await("RecoversWhenFaultsEnd", "the process did not come up again",
          [this] { return deployment_->Healthy(); });
    return read;
  }

  void Validate() {
    const std::vector<Call> calls = history_.calls();
    std::vector<Watch> watches;
    for (const auto& watcher : watchers_) watches.push_back(watcher->watch());
    std::vector<Verdict> verdicts = {NothingAcknowledgedLost(calls, logs_),
                                     NothingAppliedTwice(calls, logs_),
                                     DryRunsWriteNothing(calls, logs_),
                                     GuardsHonoured(calls, logs_),
                                     ReadYourWrites(history_.reads()),
                                     AnswersAreLawful(history_.surprises()),
                                     LogIsGapless(logs_),
                                     LogTimeNeverDecreases(logs_),
                                     StateIsWhatTheLogSays(logs_),
                                     PublishedStays(logs_),
                                     WatchOrdered(watches),
                                     WatchUnique(watches),
                                     WatchAtomic(watches, logs_),
                                     WatchReliable(watches, logs_),
                                     WatchResumable(watches, logs_)};
    const std::map<std::string, int64_t> answers = history_.answers();
    if (worked_ >= kWholeApiAfter && calls.size() >= kWholeApiCalls) {
      verdicts.push_back(CoversTheApi(answers));
    }
    const auto replicas = AskReplicas(*deployment_, logs_);
    if (replicas.ok()) {
      verdicts.push_back(ReplicasConverge(*replicas));
    } else {
      verdicts.push_back({"ReplicasConverge", 0, {replicas.status().ToString()}});
    }
    cli::Client client(world_link_, deployment_->admin_token(), kCallTimeout);
    const auto scores = RecomputeScores(&client);
    if (scores.ok()) {
      verdicts.push_back(ScoresEqualRecomputation(*scores));
    } else {
      verdicts.push_back({"ScoresEqualRecomputation", 0, {scores.status().ToString()}});
    }
    Verdict crashes{"NothingEndsByItself", static_cast<int64_t>(deployment_->services().size())};
    for (const auto& service : deployment_->services()) {
      if (service->crash().empty()) continue;
      crashes.violations.push_back(absl::StrCat(service->name(), " ended with ", service->crash()));
    }
    verdicts.push_back(std::move(crashes));
    summary_.verdicts = std::move(verdicts);
    Count(calls, watches);
    summary_.methods = answers;
  }

  void Count(const std::vector<Call>& calls, const std::vector<Watch>& watches) {
    constexpr const char* kOutcomes[] = {"unknown", "acknowledged", "refused"};
    summary_.calls.clear();
    summary_.attempts = 0;
    summary_.dry_runs = 0;
    for (const Call& call : calls) {
      summary_.attempts += call.attempts;
      if (call.dry_run) {
        ++summary_.dry_runs;
        continue;
      }
      ++summary_.calls[MethodName(call.method)][kOutcomes[static_cast<int>(call.outcome)]];
    }
    for (const auto& [service, log] : logs_) {
      summary_.batches[service] = static_cast<int64_t>(log.batches.size());
    }
    summary_.watch_streams = 0;
    for (const Watch& watch : watches) {
      int64_t& messages = summary_.watch_messages[watch.watcher];
      messages = 0;
      for (const WatchStream& stream : watch.streams) {
        messages += static_cast<int64_t>(stream.messages.size());
      }
      summary_.watch_streams += static_cast<int64_t>(watch.streams.size());
    }
  }

  void Finish() {
    summary_.faults = faults_.counts();
    summary_.all_faults = faults_.done();
    if (traffic_ != nullptr) traffic_->GiveUp();
    watchers_.clear();
    traffic_.reset();
  }

  std::unique_ptr<Deployment> deployment_;
  Faults faults_;
  History history_;
  Logs logs_;
  std::string world_link_;
  std::unique_ptr<Traffic> traffic_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  Summary summary_;
  absl::Duration worked_ = absl::ZeroDuration();  // Time with traffic and faults.
  bool stuck_ = false;
};

}  // namespace

bool Summary::failed() const {
  return std::any_of(verdicts.begin(), verdicts.end(),
                     [](const Verdict& verdict) { return !verdict.violations.empty(); });
}

Summary Run(const RunOptions& options) { return Runner(options).Run(); }

std::string ToText(const Summary& summary) {
  std::string text;
  const auto line = [&text](const std::string& what, const std::string& value) {
    text += absl::StrFormat("  %-30s %s\n", what, value);
  };
  text += absl::StrFormat("%s, seed %d, %s of faults\n",
                          summary.options.distributed ? "distributed" : "embedded",
                          summary.options.seed, absl::FormatDuration(summary.options.length));
  std::map<std::string, int64_t> outcomes;
  text += absl::StrFormat("  %-30s %12s %9s %9s\n", "calls", "acknowledged", "refused", "unknown");
  for (const auto& [method, by_outcome] : summary.calls) {
    std::map<std::string, int64_t> counts = by_outcome;
    text += absl::StrFormat("    %-28s %12d %9d %9d\n", method, counts["acknowledged"],
                            counts["refused"], counts["unknown"]);
    for (const auto& [outcome, count] : by_outcome) outcomes[outcome] += count;
  }
  text += absl::StrFormat("    %-28s %12d %9d %9d\n", "all", outcomes["acknowledged"],
                          outcomes["refused"], outcomes["unknown"]);
  line("dry runs", absl::StrCat(summary.dry_runs));
  line("attempts", absl::StrCat(summary.attempts));
  line("methods with an answer", absl::StrCat(summary.methods.size()));
  const auto rarest =
      std::min_element(summary.methods.begin(), summary.methods.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (rarest != summary.methods.end()) {
    line("fewest answers", absl::StrCat(rarest->second, " of ", MethodName(rarest->first)));
  }
  text += "  faults\n";
  for (const auto& [kind, count] : summary.faults) {
    text += absl::StrFormat("    %-28s %12d\n", kFaultNames[static_cast<int>(kind)], count);
  }
  text += "  batches in the log\n";
  for (const auto& [service, count] : summary.batches) {
    text += absl::StrFormat("    %-28s %12d\n", service, count);
  }
  text += absl::StrFormat("  watch messages, on %d streams\n", summary.watch_streams);
  for (const auto& [watcher, count] : summary.watch_messages) {
    text += absl::StrFormat("    %-28s %12d\n", watcher, count);
  }
  text += "  guarantees                           checks violations\n";
  for (const Verdict& verdict : summary.verdicts) {
    text += absl::StrFormat("    %-28s %10d %10d\n", verdict.guarantee, verdict.checks,
                            verdict.violations.size());
  }
  line("quiet points", absl::StrCat(summary.quiet_points));
  line("longest without a change", absl::FormatDuration(summary.longest_silence));
  line("longest recovery", absl::FormatDuration(summary.longest_recovery));
  if (!summary.failed()) return text;
  text += "\nVIOLATIONS\n";
  for (const Verdict& verdict : summary.verdicts) {
    for (size_t i = 0; i < verdict.violations.size() && i < kViolationsShown; ++i) {
      absl::StrAppend(&text, verdict.guarantee, ": ", verdict.violations[i], "\n");
    }
  }
  text += "faults:\n";
  for (const std::string& fault : summary.all_faults) absl::StrAppend(&text, "  ", fault, "\n");
  absl::StrAppend(&text, "replay with: make robustness SEED=", summary.options.seed,
                  "; what the processes said is in ", summary.options.dir, "\n");
  return text;
}

}  // namespace terrace::robustness
