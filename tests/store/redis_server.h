// Redis servers that a test starts for itself: on free ports, with a directory of their own, as
// safe as the engine asks for. They end with the object, and with the process if that dies first.
//
// Made by the main thread, because a server ends with the thread that started it.
#ifndef TERRACE_TESTS_STORE_REDIS_SERVER_H_
#define TERRACE_TESTS_STORE_REDIS_SERVER_H_

#include <sys/types.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace terrace::store {

class RedisServer {
 public:
  // Starts it with the settings in `args` ("--name", "value", ...) after the safe ones and with the
  // variables in `environment` ("NAME=value") added, and waits until it answers.
  explicit RedisServer(std::vector<std::string> args = {},
                       std::vector<std::string> environment = {});
  ~RedisServer();

  int port() const { return port_; }
  int cluster_port() const { return cluster_port_; }  // Of the bus between the nodes.
  std::string address() const;                        // "127.0.0.1:port"

  // The text of the answer; numbers as text, "" for nil and for lists, "-..." for an error. A
  // Status when there is none: the server may just have ended.
  absl::StatusOr<std::string> TryCall(std::initializer_list<absl::string_view> words) const;
  // The same of a server that answers, otherwise the test program ends.
  std::string Call(std::initializer_list<absl::string_view> words) const;

  // So many replicas have everything; false when the server does not answer.
  bool HasReplicas(int count) const;

  // SIGKILL; then again with what is on its disk.
  void Kill();
  void Restart();

  void Pause();   // SIGSTOP: it executes nothing from then until Resume.
  void Resume();  // SIGCONT.

  // False once it has ended, by itself or by Kill.
  bool Running();

 private:
  void Start();

  const int port_;
  const int cluster_port_;
  const std::string directory_;
  const std::vector<std::string> args_;
  std::vector<std::string> environment_;
  pid_t pid_ = 0;
};

// Three masters with a replica each.
class RedisCluster {
 public:
  // What one of the servers, counted from 0, is started with beside the usual.
  struct Setup {
    std::vector<std::string> args;
    std::vector<std::string> environment;
  };
  using SetupFn = std::function<Setup(int number)>;
  // Hears of each server before it meets the others.
  using StartedFn = std::function<void(int number, const RedisServer& server)>;

  // A master that does not answer for so long is replaced.
  explicit RedisCluster(
      absl::Duration node_timeout, const SetupFn& setup = [](int) { return Setup(); },
      const StartedFn& started = [](int, const RedisServer&) {});

  const std::vector<std::unique_ptr<RedisServer>>& servers() const { return servers_; }
  std::string addresses() const;  // Of all, separated by commas.

  // The server that has the slot of `key` as its master, and the one that replicates it.
  RedisServer& MasterOf(absl::string_view key) const;
  RedisServer& ReplicaOf(absl::string_view key) const;

 private:
  std::vector<std::unique_ptr<RedisServer>> servers_;  // Three masters, then their replicas.
};

// One of each for all tests of a program; their keyspaces are apart by realm.
RedisServer& SharedRedisServer();
RedisCluster& SharedRedisCluster();

// Calls `done` until it returns true; false when it never did.
template <typename Done>
bool Eventually(Done done);
bool WaitALittle(int round);

template <typename Done>
bool Eventually(Done done) {
  for (int round = 0; !done(); ++round) {
    if (!WaitALittle(round)) return false;
  }
  return true;
}

}  // namespace terrace::store

#endif  // TERRACE_TESTS_STORE_REDIS_SERVER_H_
