// The network between the processes under test: links that carry TCP connections from a port of
// their own to whatever stands behind them, and that can be cut, delayed and reset.
//
// Concept. A link that is cut carries nothing; what was sent meanwhile lies in the kernel's buffers
// and arrives once it is healed, as after a partition that TCP outlasts. New connections seem to be
// made and stay silent. A link can be cut in one direction only.
//
// Thread-safe; one thread of its own moves the bytes.
#ifndef TERRACE_TESTS_ROBUSTNESS_NETWORK_H_
#define TERRACE_TESTS_ROBUSTNESS_NETWORK_H_

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace terrace::robustness {

enum class Way { kBoth, kThere, kBack };  // There: from whoever connects.

class Network {
 public:
  Network();
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // A link that leads nowhere yet; `name` is "from>to". Returns its number.
  int Add(const std::string& name);
  int port(int link) const;
  const std::string& name(int link) const;
  // Connections that exist go on to where they led.
  void SetTarget(int link, int port);

  void Cut(int link, Way way);
  void Delay(int link, absl::Duration each_way);
  void Reset(int link);  // Closes what is open, rudely; new connections work.
  void Heal(int link);   // Ends cuts and delays.

 private:
  struct Chunk {
    absl::Time due;
    std::string bytes;
  };
  struct Pipe {
    std::deque<Chunk> chunks;
    size_t waiting = 0;   // Bytes.
    bool ended = false;   // The sender has closed.
    bool closed = false;  // And the receiver was told.
  };
  struct Connection {
    int link;
    int caller;
    int callee;
    Pipe there;
    Pipe back;
    bool broken = false;
  };
  struct Link {
    std::string name;
    int listener;
    int port;
    int target = 0;
    bool cut_there = false;
    bool cut_back = false;
    absl::Duration delay = absl::ZeroDuration();
  };

  void Run();
  void Wake();
  void Accept(int link) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Take(int fd, absl::Duration delay, Connection* connection, Pipe* pipe)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Give(int fd, Connection* connection, Pipe* pipe) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  int wake_[2];
  mutable absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::deque<Link> links_ ABSL_GUARDED_BY(mu_);
  std::list<Connection> connections_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_NETWORK_H_
