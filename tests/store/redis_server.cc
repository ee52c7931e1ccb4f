#include "tests/store/redis_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/check.h"
#include "common/base/random.h"
#include "common/store/redis/link.h"
#include "common/store/redis/slot.h"
#include "gtest/gtest.h"

namespace terrace::store {
namespace {

constexpr int kMasters = 3;
constexpr int kSlotsEach = redis::kSlots / kMasters;

// A server is asked so long for an answer; far beyond what a busy machine needs.
constexpr absl::Duration kPatience = absl::Seconds(30);

// Free a moment ago; nothing here uses the system's choice for anything else meanwhile.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  TERRACE_CHECK(fd >= 0 && bind(fd, generic, size) == 0 && getsockname(fd, generic, &size) == 0);
  close(fd);
  return ntohs(address.sin_port);
}

[[noreturn]] void NotInstalled() {
  std::fprintf(stderr,
               "redis-server is missing: \"scripts/setup.sh check\" installs what tests need\n");
  std::_Exit(1);
}

}  // namespace

bool WaitALittle(int round) {
  constexpr absl::Duration kStep = absl::Milliseconds(10);
  absl::SleepFor(kStep);
  return round < kPatience / kStep;
}

RedisServer::RedisServer(std::vector<std::string> args, std::vector<std::string> environment)
    : port_(FreePort()),
      cluster_port_(FreePort()),
      directory_(absl::StrCat(testing::TempDir(), "/terrace-redis-", RandomHex(8))),
      args_(std::move(args)),
      environment_(std::move(environment)) {
  std::filesystem::create_directories(directory_);
  Start();
}

RedisServer::~RedisServer() {
  if (pid_ != 0) Kill();
  std::filesystem::remove_all(directory_);
}

std::string RedisServer::address() const { return absl::StrCat("127.0.0.1:", port_); }

void RedisServer::Start() {
  std::vector<std::string> words = {"redis-server",
                                    "--bind",
                                    "127.0.0.1",
                                    "--port",
                                    absl::StrCat(port_),
                                    "--cluster-port",
                                    absl::StrCat(cluster_port_),
                                    "--dir",
                                    directory_,
                                    "--logfile",
                                    "redis.log",
                                    "--save",
                                    "",
                                    "--appendonly",
                                    "yes",
                                    "--appendfsync",
                                    "always",
                                    "--repl-diskless-sync-delay",
                                    "0",
                                    "--enable-debug-command",
                                    "local"};
  words.insert(words.end(), args_.begin(), args_.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  pid_ = fork();
  TERRACE_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    for (std::string& variable : environment_) putenv(variable.data());
    execvp(argv[0], argv.data());
    _exit(127);
  }
  const bool up = Eventually([this] {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      if (WIFEXITED(status) && WEXITSTATUS(status) == 127) NotInstalled();
      std::fprintf(stderr, "redis-server ended at once; see %s/redis.log\n", directory_.c_str());
      std::_Exit(1);
    }
    auto link = redis::Link::Connect({"127.0.0.1", port_}, kPatience);
    return link.ok() && (*link)->Call({"PING"}, kPatience).ok();
  });
  TERRACE_CHECK(up);
}

absl::StatusOr<std::string> RedisServer::TryCall(
    std::initializer_list<absl::string_view> words) const {
  TERRACE_ASSIGN_OR_RETURN(const auto link, redis::Link::Connect({"127.0.0.1", port_}, kPatience));
  link->Append(words);
  TERRACE_ASSIGN_OR_RETURN(const redis::ReplyPtr reply, link->Receive(kPatience));
  const redis::View view(reply);
  if (view.is_error()) return absl::StrCat("-", view.text());
  if (reply->type == REDIS_REPLY_INTEGER) return absl::StrCat(view.number());
  return std::string(view.text());
}

std::string RedisServer::Call(std::initializer_list<absl::string_view> words) const {
  const absl::StatusOr<std::string> answer = TryCall(words);
  TERRACE_CHECK(answer.ok());
  return *answer;
}

bool RedisServer::HasReplicas(int count) const {
  // On one connection: WAIT speaks for what came before it there.
  auto link = redis::Link::Connect({"127.0.0.1", port_}, kPatience);
  if (!link.ok() || !(*link)->Call({"PING"}, kPatience).ok()) return false;
  const auto acks = (*link)->Call({"WAIT", absl::StrCat(count), "1000"}, kPatience);
  return acks.ok() && redis::View(*acks).number() >= count;
}

void RedisServer::Kill() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void RedisServer::Restart() {
  if (pid_ != 0) Kill();
  Start();
}

// kill returns before the process has stopped. One that waits for its disk stops behind that, which
// may take long; it executes nothing else before, so patience may end.
void RedisServer::Pause() {
  if (!Running()) return;
  kill(pid_, SIGSTOP);
  Eventually([this] {
    siginfo_t info = {};
    return !Running() ||
           (waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid == pid_);
  });
}

void RedisServer::Resume() {
  if (Running()) kill(pid_, SIGCONT);
}

bool RedisServer::Running() {
  if (pid_ != 0 && waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = 0;
  return pid_ != 0;
}

RedisCluster::RedisCluster(absl::Duration node_timeout, const SetupFn& setup,
                           const StartedFn& started) {
  for (int i = 0; i < 2 * kMasters; ++i) {
    std::vector<std::string> args = {"--cluster-enabled",
                                     "yes",
                                     "--cluster-node-timeout",
                                     absl::StrCat(absl::ToInt64Milliseconds(node_timeout)),
                                     "--min-replicas-to-write",
                                     "1",
                                     "--cluster-replica-validity-factor",
                                     "0"};
    Setup own = setup(i);
    args.insert(args.end(), own.args.begin(), own.args.end());
    servers_.push_back(std::make_unique<RedisServer>(std::move(args), std::move(own.environment)));
    started(i, *servers_.back());
  }
  for (int i = 0; i < 2 * kMasters; ++i) {
    RedisServer& server = *servers_[i];
    server.Call({"CLUSTER", "SET-CONFIG-EPOCH", absl::StrCat(i + 1)});
    if (i > 0) {
      server.Call({"CLUSTER", "MEET", "127.0.0.1", absl::StrCat(servers_[0]->port()),
                   absl::StrCat(servers_[0]->cluster_port())});
    }
    if (i >= kMasters) continue;
    const int first = i * kSlotsEach;
    const int last = i + 1 == kMasters ? redis::kSlots - 1 : first + kSlotsEach - 1;
    server.Call({"CLUSTER", "ADDSLOTSRANGE", absl::StrCat(first), absl::StrCat(last)});
  }
  for (int i = kMasters; i < 2 * kMasters; ++i) {
    const std::string master = servers_[i - kMasters]->Call({"CLUSTER", "MYID"});
    TERRACE_CHECK(Eventually([&] {
      return servers_[i]->Call({"CLUSTER", "REPLICATE", master}) == "OK";
    }));
  }
  for (const auto& server : servers_) {
    TERRACE_CHECK(Eventually([&] {
      const std::string info = server->Call({"CLUSTER", "INFO"});
      const std::string replication = server->Call({"INFO", "replication"});
      return info.find("cluster_state:ok") != std::string::npos &&
             info.find("cluster_known_nodes:6") != std::string::npos &&
             (replication.find("master_link_status:up") != std::string::npos ||
              replication.find("connected_slaves:1") != std::string::npos);
    }));
  }
}

std::string RedisCluster::addresses() const {
  return absl::StrJoin(servers_, ",", [](std::string* out, const auto& server) {
    absl::StrAppend(out, server->address());
  });
}

RedisServer& RedisCluster::MasterOf(absl::string_view key) const {
  return *servers_[std::min(redis::SlotOf(key) / kSlotsEach, kMasters - 1)];
}

RedisServer& RedisCluster::ReplicaOf(absl::string_view key) const {
  return *servers_[kMasters + std::min(redis::SlotOf(key) / kSlotsEach, kMasters - 1)];
}

RedisServer& SharedRedisServer() {
  static RedisServer server;
  return server;
}

RedisCluster& SharedRedisCluster() {
  static RedisCluster cluster(kPatience);  // However busy the disk is, none of its masters fails.
  return cluster;
}

}  // namespace terrace::store
