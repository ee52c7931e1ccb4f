#include "common/store/redis/link.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"

namespace terrace::store::redis {

absl::StatusOr<std::unique_ptr<Link>> Link::Connect(const Address& address,
                                                    absl::Duration timeout) {
  std::unique_ptr<Link> link(new Link(address));
  link->context_.reset(
      redisConnectWithTimeout(address.host.c_str(), address.port, absl::ToTimeval(timeout)));
  if (link->context_ == nullptr) return absl::UnavailableError("out of memory");
  if (link->context_->err != 0) {
    return absl::UnavailableError(
        absl::StrCat(ToString(address), ": ", absl::string_view(link->context_->errstr)));
  }
  redisEnableKeepAlive(link->context_.get());
  return link;
}

void Link::Append(absl::Span<const absl::string_view> words) {
  constexpr absl::string_view kAsking[] = {"ASKING"};
  if (asking_) AppendCommand(kAsking, &out_);
  AppendCommand(words, &out_);
}

absl::Status Link::Send() {
  absl::string_view rest = out_;
  while (!rest.empty()) {
    const ssize_t sent = send(context_->fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) {
      return absl::UnavailableError(absl::StrCat(ToString(address_), ": ", std::strerror(errno)));
    }
    rest.remove_prefix(static_cast<size_t>(sent));
  }
  out_.clear();
  return absl::OkStatus();
}

absl::Status Link::SetTimeout(absl::Duration timeout) {
  if (timeout == timeout_) return absl::OkStatus();
  if (redisSetTimeout(context_.get(), absl::ToTimeval(timeout)) != REDIS_OK) {
    return absl::UnavailableError("the time limit of a socket cannot be set");
  }
  timeout_ = timeout;
  return absl::OkStatus();
}

absl::StatusOr<ReplyPtr> Link::Next() {
  void* reply = nullptr;
  if (redisGetReply(context_.get(), &reply) != REDIS_OK) {
    return absl::UnavailableError(
        absl::StrCat(ToString(address_), ": ", absl::string_view(context_->errstr)));
  }
  return ReplyPtr(static_cast<redisReply*>(reply));
}

absl::StatusOr<ReplyPtr> Link::Receive(absl::Duration timeout) {
  TERRACE_RETURN_IF_ERROR(SetTimeout(timeout));
  TERRACE_RETURN_IF_ERROR(Send());
  if (asking_) TERRACE_RETURN_IF_ERROR(Next().status());
  return Next();
}

absl::StatusOr<ReplyPtr> Link::Call(absl::Span<const absl::string_view> words,
                                    absl::Duration timeout) {
  Append(words);
  TERRACE_ASSIGN_OR_RETURN(ReplyPtr reply, Receive(timeout));
  if (View(reply).is_error()) {
    return absl::UnavailableError(absl::StrCat(ToString(address_), ": ", View(reply).text()));
  }
  return reply;
}

bool Link::Closed() const {
  char next;
  const ssize_t size = recv(context_->fd, &next, 1, MSG_PEEK | MSG_DONTWAIT);
  return size >= 0 || (errno != EAGAIN && errno != EINTR);
}

void Link::Interrupt() { shutdown(context_->fd, SHUT_RDWR); }

}  // namespace terrace::store::redis
