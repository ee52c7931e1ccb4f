#include "common/store/redis/session.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/base/random.h"

namespace terrace::store::redis {
namespace {

constexpr Script kAllScripts[kScripts] = {Script::kOpen, Script::kCommit, Script::kRead,
                                          Script::kScan, Script::kCompact};

constexpr absl::string_view kIsReplica = "it is a replica";

absl::Status Unsuited(const Link& link, absl::string_view why) {
  return absl::UnavailableError(absl::StrCat(ToString(link.address()), ": ", why));
}

absl::Status Misconfigured(const Link& link, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat(ToString(link.address()), ": ", why));
}

absl::string_view NameOf(Role role) {
  return role == Role::kWriter ? "writer" : role == Role::kTail ? "tail" : "reader";
}

}  // namespace

absl::Status Session::Ensure(absl::Time deadline) {
  Backoff backoff;
  absl::Status why;  // Of several servers' answers the most telling one.
  for (;;) {
    if (link_ != nullptr && (generation_ != keyspace_->generation || link_->Closed())) Drop();
    if (link_ != nullptr) return absl::OkStatus();
    absl::Status status = Connect();
    if (status.ok() || absl::IsFailedPrecondition(status)) return status;
    if (why.ok() || !absl::EndsWith(status.message(), kIsReplica)) why = std::move(status);
    const absl::Duration left = deadline - absl::Now();
    if (keyspace_->stopping() || left <= absl::ZeroDuration()) return why;
    keyspace_->Sleep(std::min(backoff.Next(), left));
  }
}

absl::Status Session::Connect() {
  generation_ = keyspace_->generation;
  const absl::optional<Address> ask = std::exchange(ask_, absl::nullopt);
  Address address;
  if (ask) {
    address = *ask;
  } else {
    TERRACE_ASSIGN_OR_RETURN(address, keyspace_->locator.Primary());
  }
  absl::StatusOr<std::unique_ptr<Link>> link =
      ConnectAs(keyspace_->config, keyspace_->password, address);
  absl::Status status = link.status();
  if (status.ok()) {
    if (ask) (*link)->SetAsking();
    status = Greet(link->get());
  }
  if (!status.ok()) {
    if (!ask_) keyspace_->locator.Forget(address);
    return status;
  }
  absl::MutexLock lock(&mu_);
  link_ = *std::move(link);
  return absl::OkStatus();
}

absl::Status Session::Greet(Link* link) {
  TERRACE_RETURN_IF_ERROR(CheckServer(link));
  const std::string name = absl::StrCat("terrace-", keyspace_->service, "-", NameOf(role_));
  TERRACE_RETURN_IF_ERROR(link->Call({"CLIENT", "SETNAME", name}, timeout()).status());
  // A server short of memory for its clients would rather close other connections than these; it
  // may not let everybody ask for that.
  link->Append({"CLIENT", "NO-EVICT", "on"});
  TERRACE_RETURN_IF_ERROR(link->Receive(timeout()).status());
  TERRACE_RETURN_IF_ERROR(LoadScripts(link));
  if (role_ == Role::kReader) return absl::OkStatus();
  if (role_ == Role::kWriter) {
    // Commands that wait unread in the connection before this one would be executed one day, after
    // a caller was told how its batch ended. The server that has them drops them first.
    if (!client_id_.empty() && connected_to_ == info_.replication_id) {
      link->Append({"CLIENT", "KILL", "ID", client_id_});
      TERRACE_RETURN_IF_ERROR(link->Receive(timeout()).status());
    }
    TERRACE_ASSIGN_OR_RETURN(const ReplyPtr id, link->Call({"CLIENT", "ID"}, timeout()));
    client_id_ = absl::StrCat(View(id).number());
    connected_to_ = info_.replication_id;
  }
  return TakeUpLog(link);
}

absl::Status Session::CheckServer(Link* link) {
  const Config& config = keyspace_->config;
  TERRACE_ASSIGN_OR_RETURN(const ReplyPtr info,
                           link->Call({"INFO", "server", "replication"}, timeout()));
  info_ = ParseInfo(View(info).text());
  if (absl::optional<std::string> why = FindUnusable(config, info_)) {
    return Misconfigured(*link, *why);
  }
  if (!info_.master) return Unsuited(*link, kIsReplica);
  if (config.allow_unsafe || role_ == Role::kReader) return absl::OkStatus();
  absl::StatusOr<ReplyPtr> settings = link->Call(
      {"CONFIG", "GET", "appendonly", "appendfsync", "maxmemory-policy", "min-replicas-to-write"},
      timeout());
  if (!settings.ok()) {
    return Misconfigured(
        *link, absl::StrCat("its configuration cannot be checked (", settings.status().message(),
                            "); allow_unsafe=1 goes on regardless"));
  }
  absl::optional<std::string> why = FindUnsafe(config, info_, ParseSettings(*settings));
  return why ? Misconfigured(*link, *why) : absl::OkStatus();
}

absl::Status Session::LoadScripts(Link* link) {
  for (Script script : kAllScripts) link->Append({"SCRIPT", "LOAD", SourceOf(script)});
  for (std::string& digest : digests_) {
    TERRACE_ASSIGN_OR_RETURN(const ReplyPtr reply, link->Receive(timeout()));
    if (View(reply).is_error()) return Unsuited(*link, View(reply).text());
    digest = std::string(View(reply).text());
  }
  return absl::OkStatus();
}

absl::Status Session::TakeUpLog(Link* link) {
  const Config& config = keyspace_->config;
  const Position seen = keyspace_->tail.position();
  const std::string replicas = absl::StrCat(info_.replicas);
  const std::string wait = absl::StrCat(config.wait);
  const std::string revision = absl::StrCat(seen.revision.value);
  AppendScript(
      link, Script::kOpen,
      {RandomHex(16), info_.replication_id, replicas, wait, seen.log_id, revision, seen.batch_id});
  TERRACE_ASSIGN_OR_RETURN(const ReplyPtr reply, link->Receive(timeout()));
  const View log(reply);
  if (log.is_error()) {
    Learn(Classify(log.text()), link->address());
    return Unsuited(*link, log.text());
  }
  if (log.size() != 5) return Unsuited(*link, "an answer that makes no sense");
  replicas_ = info_.replicas;
  if (log[4].number() > 0) keyspace_->leftover = true;
  Position end{LogId(log[0].text()), {log[1].number()}, std::string(log[3].text())};
  if (end.log_id == seen.log_id) return absl::OkStatus();
  // The tail will start at this end, so all up to here has to be where it must be.
  TERRACE_ASSIGN_OR_RETURN(const bool replicated, IsReplicated(link, end.batch_id));
  if (!replicated) {
    return Unsuited(
        *link, absl::StrCat("fewer than ", wait, " replicas have the log; see wait= in the URL"));
  }
  // Another role may have been here meanwhile.
  if (keyspace_->tail.position().log_id != seen.log_id) return absl::OkStatus();
  keyspace_->tail.Restart(end, {log[2].number()});
  // All others may still be connected to where the old log was.
  generation_ = ++keyspace_->generation;
  return absl::OkStatus();
}

absl::StatusOr<bool> Session::IsReplicated(const std::string& batch_id) {
  return IsReplicated(link_.get(), batch_id);
}

// WAIT speaks for what the server had when the last command of its connection ended: that is the
// look at the batch, with which it had the batch. Whatever replica it counts got all of that from
// this server, and a WAIT that began before the server became a replica ends with an error.
absl::StatusOr<bool> Session::IsReplicated(Link* link, const std::string& batch_id) {
  const Config& config = keyspace_->config;
  if (config.wait == 0) return true;
  const std::string wait = absl::StrCat(config.wait);
  const std::string limit = absl::StrCat(absl::ToInt64Milliseconds(config.wait_max));
  link->Append({"ZSCORE", keyspace_->keys.ids, batch_id});
  link->Append({"WAIT", wait, limit});
  TERRACE_ASSIGN_OR_RETURN(const ReplyPtr place, link->Receive(timeout()));
  TERRACE_ASSIGN_OR_RETURN(const ReplyPtr acks, link->Receive(config.wait_max + timeout()));
  for (View reply : {View(place), View(acks)}) {
    if (reply.is_error()) return Unsuited(*link, reply.text());
  }
  if (!batch_id.empty() && View(place).is_nil()) return Unsuited(*link, "the log was replaced");
  return View(acks).number() >= config.wait;
}

void Session::AppendScript(Link* link, Script script, absl::Span<const absl::string_view> args) {
  std::vector<absl::string_view> words = {"EVALSHA", digests_[static_cast<size_t>(script)], "6"};
  for (absl::string_view key : keyspace_->keys.all()) words.push_back(key);
  words.insert(words.end(), args.begin(), args.end());
  link->Append(words);
}

void Session::AppendScript(Script script, absl::Span<const absl::string_view> args) {
  AppendScript(link_.get(), script, args);
}

void Session::Drop() {
  absl::MutexLock lock(&mu_);
  link_.reset();
}

void Session::Learn(const ErrorReply& error, const Address& from) {
  Address to = error.to;
  if (to.host.empty()) to.host = from.host;
  switch (error.fault) {
    case Fault::kMoved:
      keyspace_->locator.Moved(to);
      return Drop();
    case Fault::kAsk:
      ask_ = std::move(to);
      return Drop();
    case Fault::kNotMaster:
      ++keyspace_->generation;
      keyspace_->locator.Forget(from);
      return Drop();
    case Fault::kNoScript:  // They are loaded again with the next connection.
      return Drop();
    case Fault::kTryLater:
    case Fault::kFewReplicas:
    case Fault::kRefused:
      return;
  }
}

absl::StatusOr<ReplyPtr> Session::Run(Script script, absl::Span<const absl::string_view> args) {
  TERRACE_ASSIGN_OR_RETURN(std::vector<ReplyPtr> replies,
                           Run(1, [&] { AppendScript(script, args); }));
  return std::move(replies[0]);
}

absl::StatusOr<std::vector<ReplyPtr>> Session::Run(int count, absl::FunctionRef<void()> append) {
  const absl::Time deadline = absl::Now() + timeout();
  Backoff backoff;
  for (;;) {
    TERRACE_RETURN_IF_ERROR(Ensure(deadline));
    append();
    absl::Status status;
    absl::Status why;
    absl::optional<ErrorReply> error;
    std::vector<ReplyPtr> replies;
    for (int i = 0; i < count && status.ok(); ++i) {
      absl::StatusOr<ReplyPtr> reply = link_->Receive(timeout());
      status = reply.status();
      if (!status.ok()) continue;
      const View view(replies.emplace_back(*std::move(reply)));
      if (!view.is_error() || error) continue;
      error = Classify(view.text());
      why = Unsuited(*link_, view.text());
      if (error->fault == Fault::kRefused) status = absl::InternalError(why.message());
    }
    if (!status.ok()) {
      Drop();  // Answers may be outstanding.
      if (absl::IsInternal(status)) return status;
    } else if (error) {
      status = std::move(why);
      Learn(*error, Address(link_->address()));
    } else {
      return replies;
    }
    const absl::Duration left = deadline - absl::Now();
    if (keyspace_->stopping() || left <= absl::ZeroDuration()) return status;
    keyspace_->Sleep(std::min(backoff.Next(), left));
  }
}

void Session::Interrupt() {
  absl::MutexLock lock(&mu_);
  if (link_ != nullptr) link_->Interrupt();
}

}  // namespace terrace::store::redis
