#include "common/store/redis/tail_reader.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/store/redis/batches.h"
#include "common/store/redis/server_info.h"

namespace terrace::store::redis {
namespace {

// How long a quiet log is listened to before its log id is looked at again; less while the gate is
// shut, because each look is a probe.
constexpr absl::Duration kListen = absl::Seconds(1);
constexpr absl::Duration kListenShut = absl::Milliseconds(50);
constexpr absl::Duration kReplicasLook = absl::Seconds(1);

// Batches of one look; each may have a megabyte.
constexpr absl::string_view kBatchesMost = "32";

absl::Status StartOver(absl::string_view why) { return absl::UnavailableError(why); }

}  // namespace

void TailReader::Start() {
  thread_ = std::thread([this] { Run(); });
}

void TailReader::Stop() {
  session_.Interrupt();
  if (thread_.joinable()) thread_.join();
}

void TailReader::Run() {
  Backoff backoff;
  while (!keyspace_->stopping()) {
    absl::Status status = session_.Ensure(absl::Now() + keyspace_->config.timeout);
    // Stop may have come before there was anything to interrupt.
    if (status.ok() && !keyspace_->stopping()) status = Step();
    if (status.ok()) {
      backoff = Backoff();
      continue;
    }
    session_.Drop();
    keyspace_->Sleep(backoff.Next());
  }
}

absl::Status TailReader::Step() {
  const Position tail = keyspace_->tail.position();
  TERRACE_RETURN_IF_ERROR(LookForReplicas());
  const bool shut = !keyspace_->gate.open();
  if (shut) {
    const int64_t shuts = keyspace_->gate.shuts();
    TERRACE_ASSIGN_OR_RETURN(const bool enough, session_.IsReplicated(tail.batch_id));
    if (enough) keyspace_->gate.Open(shuts);
  }
  const absl::Duration listen = shut ? kListenShut : kListen;
  const std::string block = absl::StrCat(absl::ToInt64Milliseconds(listen));
  const std::string after = absl::StrCat(tail.revision.value, "-0");
  Link& link = session_.link();
  link.Append({"HMGET", keyspace_->keys.meta, "log_id", "end", "compacted"});
  link.Append(
      {"XREAD", "COUNT", kBatchesMost, "BLOCK", block, "STREAMS", keyspace_->keys.log, after});
  TERRACE_ASSIGN_OR_RETURN(const ReplyPtr meta, link.Receive(session_.timeout()));
  TERRACE_ASSIGN_OR_RETURN(const ReplyPtr read, link.Receive(listen + session_.timeout()));
  for (View reply : {View(meta), View(read)}) {
    if (!reply.is_error()) continue;
    session_.Learn(Classify(reply.text()), Address(link.address()));
    return StartOver(reply.text());
  }
  // Connecting again finds out what happened.
  if (View(meta)[0].text() != tail.log_id || View(meta)[1].number() < tail.revision.value) {
    return StartOver("the log is not what it was");
  }
  const Revision compacted{View(meta)[2].number()};
  if (compacted > tail.revision) {
    keyspace_->tail.Restart({tail.log_id, compacted, ""}, compacted);
    return absl::OkStatus();
  }
  return View(read).is_nil() ? absl::OkStatus() : Take(tail, View(read)[0][1]);
}

absl::Status TailReader::Take(const Position& tail, View entries) {
  TERRACE_ASSIGN_OR_RETURN(const std::vector<StoredBatch> read, ParseBatches(entries));
  std::vector<CommittedPtr> batches;
  for (const StoredBatch& stored : read) {
    if (stored.log_id != tail.log_id) return StartOver("the log was replaced");
    batches.push_back(stored.batch);
  }
  if (batches.empty()) return absl::OkStatus();
  TERRACE_RETURN_IF_ERROR(AwaitReplicas(tail, *batches.back()));
  // Refused when the log was replaced, or when its beginning was forgotten while it was read.
  if (keyspace_->tail.Publish(tail.log_id, batches)) return absl::OkStatus();
  return StartOver("the log has moved on");
}

absl::Status TailReader::AwaitReplicas(const Position& tail, const Committed& last) {
  while (!keyspace_->tail.Await(tail.log_id, last.revision, absl::ZeroDuration())) {
    const int64_t shuts = keyspace_->gate.shuts();
    TERRACE_ASSIGN_OR_RETURN(const bool enough, session_.IsReplicated(last.batch_id));
    if (enough) {
      keyspace_->gate.Open(shuts);
      return absl::OkStatus();
    }
    keyspace_->gate.Shut();
    if (keyspace_->stopping()) return StartOver("stopping");
  }
  return absl::OkStatus();
}

absl::Status TailReader::LookForReplicas() {
  const absl::Time now = absl::Now();
  if (now - replicas_looked_ < kReplicasLook) return absl::OkStatus();
  replicas_looked_ = now;
  TERRACE_ASSIGN_OR_RETURN(const ReplyPtr info,
                           session_.link().Call({"INFO", "replication"}, session_.timeout()));
  const ServerInfo server = ParseInfo(View(info).text());
  if (server.replicas <= session_.replicas()) return absl::OkStatus();
  return StartOver("there are more replicas");  // The log is taken up with their number.
}

}  // namespace terrace::store::redis
