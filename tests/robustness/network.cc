#include "tests/robustness/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "absl/time/clock.h"
#include "common/base/check.h"

namespace terrace::robustness {
namespace {

constexpr size_t kWaitingBytesMax = 1 << 20;  // Of one direction; then the sender has to wait.
constexpr size_t kReadBytes = 64 << 10;
constexpr int kBacklog = 256;

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

void SendAtOnce(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// With a reset instead of an orderly end.
void CloseRudely(int fd) {
  const linger abort = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  close(fd);
}

}  // namespace

Network::Network() {
  TERRACE_CHECK(pipe2(wake_, O_CLOEXEC | O_NONBLOCK) == 0);
  thread_ = std::thread([this] { Run(); });
}

Network::~Network() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  Wake();
  thread_.join();
  absl::MutexLock lock(&mu_);
  for (const Link& link : links_) close(link.listener);
  for (const Connection& connection : connections_) {
    close(connection.caller);
    close(connection.callee);
  }
  close(wake_[0]);
  close(wake_[1]);
}

int Network::Add(const std::string& name) {
  Link link;
  link.name = name;
  link.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  TERRACE_CHECK(link.listener >= 0 && bind(link.listener, generic, size) == 0 &&
                listen(link.listener, kBacklog) == 0 &&
                getsockname(link.listener, generic, &size) == 0);
  link.port = ntohs(address.sin_port);
  absl::MutexLock lock(&mu_);
  links_.push_back(std::move(link));
  Wake();
  return static_cast<int>(links_.size()) - 1;
}

int Network::port(int link) const {
  absl::MutexLock lock(&mu_);
  return links_[link].port;
}

const std::string& Network::name(int link) const {
  absl::MutexLock lock(&mu_);
  return links_[link].name;  // Links stay where they are, and so do their names.
}

void Network::SetTarget(int link, int port) {
  absl::MutexLock lock(&mu_);
  links_[link].target = port;
}

void Network::Cut(int link, Way way) {
  absl::MutexLock lock(&mu_);
  links_[link].cut_there = way != Way::kBack;
  links_[link].cut_back = way != Way::kThere;
  Wake();
}

void Network::Delay(int link, absl::Duration each_way) {
  absl::MutexLock lock(&mu_);
  links_[link].delay = each_way;
}

void Network::Reset(int link) {
  absl::MutexLock lock(&mu_);
  for (Connection& connection : connections_) {
    if (connection.link == link) connection.broken = true;
  }
  Wake();
}

void Network::Heal(int link) {
  absl::MutexLock lock(&mu_);
  links_[link].cut_there = false;
  links_[link].cut_back = false;
  links_[link].delay = absl::ZeroDuration();
  Wake();
}

void Network::Wake() {
  const char byte = 0;
  // A full pipe wakes as well.
  if (write(wake_[1], &byte, 1) < 0) return;
}

void Network::Accept(int number) {
  const Link& link = links_[number];
  const int caller = accept4(link.listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (caller < 0) return;
  const int callee = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const sockaddr_in address = Loopback(link.target);
  const bool reached =
      link.target != 0 && callee >= 0 &&
      (connect(callee, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
       errno == EINPROGRESS);
  if (!reached) {
    CloseRudely(caller);
    if (callee >= 0) close(callee);
    return;
  }
  SendAtOnce(caller);
  SendAtOnce(callee);
  Connection& connection = connections_.emplace_back();
  connection.link = number;
  connection.caller = caller;
  connection.callee = callee;
}

void Network::Take(int fd, absl::Duration delay, Connection* connection, Pipe* pipe) {
  char bytes[kReadBytes];
  const ssize_t size = recv(fd, bytes, sizeof bytes, 0);
  if (size > 0) {
    pipe->chunks.push_back({absl::Now() + delay, std::string(bytes, size)});
    pipe->waiting += size;
  } else if (size == 0) {
    pipe->ended = true;
  } else if (errno != EAGAIN && errno != EINTR) {
    connection->broken = true;
  }
}

void Network::Give(int fd, Connection* connection, Pipe* pipe) {
  const absl::Time now = absl::Now();
  while (!pipe->chunks.empty() && pipe->chunks.front().due <= now) {
    std::string& bytes = pipe->chunks.front().bytes;
    const ssize_t size = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size < 0) {
      if (errno != EAGAIN && errno != EINTR) connection->broken = true;
      return;
    }
    pipe->waiting -= size;
    if (static_cast<size_t>(size) < bytes.size()) {
      bytes.erase(0, size);
      return;
    }
    pipe->chunks.pop_front();
  }
  if (pipe->chunks.empty() && pipe->ended && !pipe->closed) {
    pipe->closed = true;
    shutdown(fd, SHUT_WR);
  }
}

void Network::Run() {
  // What a descriptor of poll stands for.
  enum class What { kWake, kListener, kCaller, kCallee };
  struct Entry {
    What what;
    int link = 0;
    Connection* connection = nullptr;
  };
  std::vector<pollfd> fds;
  std::vector<Entry> entries;
  for (;;) {
    fds.assign(1, {wake_[0], POLLIN, 0});
    entries.assign(1, {What::kWake});
    absl::Time next = absl::InfiniteFuture();
    {
      absl::MutexLock lock(&mu_);
      if (stopping_) return;
      const absl::Time now = absl::Now();
      for (size_t i = 0; i < links_.size(); ++i) {
        if (links_[i].cut_there || links_[i].cut_back) continue;
        fds.push_back({links_[i].listener, POLLIN, 0});
        entries.push_back({What::kListener, static_cast<int>(i)});
      }
      for (auto it = connections_.begin(); it != connections_.end();) {
        Connection& connection = *it;
        if (connection.broken || (connection.there.closed && connection.back.closed)) {
          (connection.broken ? CloseRudely(connection.caller) : void(close(connection.caller)));
          (connection.broken ? CloseRudely(connection.callee) : void(close(connection.callee)));
          it = connections_.erase(it);
          continue;
        }
        ++it;
        const Link& link = links_[connection.link];
        const auto reads = [](bool cut, const Pipe& pipe) {
          return !cut && !pipe.ended && pipe.waiting < kWaitingBytesMax;
        };
        const auto writes = [&](bool cut, const Pipe& pipe) {
          if (cut) return false;
          if (pipe.chunks.empty()) return pipe.ended && !pipe.closed;
          next = std::min(next, pipe.chunks.front().due > now ? pipe.chunks.front().due : next);
          return pipe.chunks.front().due <= now;
        };
        const short caller = (reads(link.cut_there, connection.there) ? POLLIN : 0) |
                             (writes(link.cut_back, connection.back) ? POLLOUT : 0);
        const short callee = (reads(link.cut_back, connection.back) ? POLLIN : 0) |
                             (writes(link.cut_there, connection.there) ? POLLOUT : 0);
        // A descriptor that nothing is wanted of would still tell that its peer is gone, over and
        // over; poll leaves out negative ones.
        fds.push_back({caller != 0 ? connection.caller : -1, caller, 0});
        entries.push_back({What::kCaller, connection.link, &connection});
        fds.push_back({callee != 0 ? connection.callee : -1, callee, 0});
        entries.push_back({What::kCallee, connection.link, &connection});
      }
    }
    const int64_t wait_ms =
        next == absl::InfiniteFuture()
            ? -1
            : std::max<int64_t>(0, absl::ToInt64Milliseconds(next - absl::Now()) + 1);
    poll(fds.data(), fds.size(), static_cast<int>(wait_ms));
    absl::MutexLock lock(&mu_);
    for (size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].revents == 0) continue;
      const Entry& entry = entries[i];
      if (entry.what == What::kWake) {
        char bytes[256];
        while (read(wake_[0], bytes, sizeof bytes) > 0) {
        }
        continue;
      }
      if (entry.what == What::kListener) {
        Accept(entry.link);
        continue;
      }
      Connection& connection = *entry.connection;
      const bool caller = entry.what == What::kCaller;
      Pipe* const from_here = caller ? &connection.there : &connection.back;
      Pipe* const to_here = caller ? &connection.back : &connection.there;
      const short seen = fds[i].revents;
      if ((fds[i].events & POLLIN) != 0 && (seen & (POLLIN | POLLHUP | POLLERR)) != 0) {
        Take(fds[i].fd, links_[entry.link].delay, &connection, from_here);
      }
      if ((fds[i].events & POLLOUT) != 0 && (seen & (POLLOUT | POLLHUP | POLLERR)) != 0) {
        Give(fds[i].fd, &connection, to_here);
      }
    }
  }
}

}  // namespace terrace::robustness
