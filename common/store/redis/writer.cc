#include "common/store/redis/writer.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/store/batch_check.h"
#include "common/store/format_gate.h"
#include "common/store/log_record.h"
#include "common/store/redis/readers.h"

namespace terrace::store::redis {
namespace {

// Nothing is stored, and it may work soon.
absl::Status NotNow() { return Error(Reason::STORE_NOT_READY, {{"seconds", "1"}}); }

absl::Status Replaced() {
  return Error(Reason::STORE_FAILED,
               {{"detail", "the log was replaced, and what was known of it no longer holds"}});
}

}  // namespace

absl::Status Writer::Open() {
  TERRACE_RETURN_IF_ERROR(session_.Ensure(absl::Now() + keyspace_->config.timeout));
  keyspace_->Accept(keyspace_->tail.position().log_id);
  return CheckFormatKey();
}

absl::Status Writer::CheckFormatKey() {
  const LogId log_id = keyspace_->tail.position().log_id;
  TERRACE_ASSIGN_OR_RETURN(const ReplyPtr reply,
                           session_.Run(Script::kRead, {log_id, std::string(kFormatKey)}));
  const View view(reply);
  if (view[0].text() != "OK") return absl::UnavailableError("the log was replaced");
  if (!view[2].is_nil()) TERRACE_RETURN_IF_ERROR(CheckFormat(view[2].text()));
  format_revision_ = absl::StrCat(view[3].number());
  format_stale_ = false;
  return absl::OkStatus();
}

Writer::Item Writer::ItemOf(Batch batch) {
  Item item;
  item.committed = std::make_shared<Committed>();
  item.committed->batch_id = std::move(batch.id);
  item.committed->header = std::move(batch.header);
  item.committed->changes = SaltChanges(std::move(batch.changes));
  item.guards = std::move(batch.guards);
  item.not_before = batch.not_before;
  item.encoded = EncodeChanges(item.committed->changes, &item.value_offsets);
  return item;
}

std::vector<absl::StatusOr<CommittedPtr>> Writer::CommitGroup(std::vector<Batch> group) {
  std::vector<Item> items;
  items.reserve(group.size());
  Items waiting;
  for (Batch& batch : group) {
    items.push_back(ItemOf(std::move(batch)));
    waiting.push_back(&items.back());
  }
  const absl::Time deadline = absl::Now() + keyspace_->config.timeout;
  Backoff backoff;
  while (!waiting.empty() && MaySend(waiting, deadline)) {
    waiting = Send(waiting);
    if (waiting.empty() || format_stale_) continue;
    keyspace_->Sleep(backoff.Next());
    if (absl::Now() < deadline) continue;
    Refuse(waiting, NotNow());
    break;
  }
  std::vector<absl::StatusOr<CommittedPtr>> answers;
  answers.reserve(items.size());
  for (Item& item : items) answers.push_back(*std::move(item.answer));
  return answers;
}

bool Writer::MaySend(const Items& items, absl::Time deadline) {
  absl::Status status;
  if (!keyspace_->gate.open() || !session_.Ensure(deadline).ok()) {
    status = NotNow();
  } else if (keyspace_->tail.position().log_id != keyspace_->accepted_log()) {
    status = Replaced();
  } else if (format_stale_) {
    status = CheckFormatKey();
    if (absl::IsUnavailable(status)) status = NotNow();
  }
  if (!status.ok()) Refuse(items, status);
  return status.ok();
}

Writer::Items Writer::Send(const Items& items) {
  const Config& config = keyspace_->config;
  log_id_ = keyspace_->accepted_log();
  for (const Item* item : items) AppendCommit(*item);
  if (config.wait > 0) AppendWait(items);
  Items again;
  absl::optional<ErrorReply> error;
  for (size_t i = 0; i < items.size(); ++i) {
    absl::StatusOr<ReplyPtr> reply = session_.link().Receive(config.timeout);
    if (!reply.ok()) {
      session_.Drop();
      if (config.wait > 0) DoubtStored(items);
      for (; i < items.size(); ++i) items[i]->answer = Error(Reason::OUTCOME_UNKNOWN);
      return again;
    }
    TakeAnswer(*reply, items[i], &error);
    if (!items[i]->answer) again.push_back(items[i]);
  }
  const Address from = session_.link().address();
  if (config.wait > 0 && !AreReplicated(items)) DoubtStored(items);
  if (error) {
    if (error->fault == Fault::kFewReplicas) keyspace_->gate.Shut();
    session_.Learn(*error, from);
  }
  return again;
}

// As Session::IsReplicated, for all batches of the group.
void Writer::AppendWait(const Items& items) {
  const Config& config = keyspace_->config;
  std::vector<absl::string_view> words = {"ZMSCORE", keyspace_->keys.ids};
  for (const Item* item : items) words.push_back(item->committed->batch_id);
  session_.link().Append(words);
  const std::string limit = absl::StrCat(absl::ToInt64Milliseconds(config.wait_max));
  session_.link().Append({"WAIT", absl::StrCat(config.wait), limit});
}

bool Writer::AreReplicated(const Items& items) {
  const Config& config = keyspace_->config;
  absl::StatusOr<ReplyPtr> places = session_.link().Receive(config.timeout);
  absl::StatusOr<ReplyPtr> acks = absl::UnavailableError("");
  if (places.ok()) acks = session_.link().Receive(config.wait_max + config.timeout);
  if (!acks.ok()) {
    session_.Drop();
    return false;
  }
  if (View(*acks).number() < config.wait) {
    keyspace_->gate.Shut();
    return false;
  }
  for (size_t i = 0; i < items.size(); ++i) {
    if (!items[i]->answer) continue;
    const absl::StatusOr<CommittedPtr>& answer = *items[i]->answer;
    const View place = View(*places)[i];
    if (answer.ok() && place.number() != (*answer)->revision.value) return false;
    if (HasReason(answer.status(), Reason::BATCH_STORED) && place.is_nil()) return false;
  }
  return true;
}

void Writer::AppendCommit(const Item& item) {
  const Committed& batch = *item.committed;
  std::deque<std::string> numbers;  // Stays where it is as it grows.
  const auto number = [&numbers](auto value) -> absl::string_view {
    return numbers.emplace_back(absl::StrCat(value));
  };
  const auto sets = std::count_if(batch.changes.begin(), batch.changes.end(),
                                  [](const CommittedChange& change) { return change.value; });
  std::vector<absl::string_view> args = {log_id_, format_revision_};
  args.push_back(keyspace_->clock != nullptr ? number(absl::ToUnixMicros(keyspace_->clock->Now()))
                                             : absl::string_view());
  args.insert(args.end(), {batch.batch_id, batch.header, item.encoded});
  args.push_back(number(item.guards.size()));
  args.push_back(number(sets));
  args.push_back(number(static_cast<ptrdiff_t>(batch.changes.size()) - sets));
  args.push_back(item.not_before > absl::InfinitePast()
                     ? number(absl::ToUnixMicros(item.not_before))
                     : absl::string_view());
  for (const Guard& guard : item.guards) {
    args.insert(args.end(), {guard.key, number(guard.revision.value)});
  }
  for (size_t i = 0; i < batch.changes.size(); ++i) {
    const CommittedChange& change = batch.changes[i];
    if (!change.value) continue;
    args.insert(args.end(),
                {change.key, number(item.value_offsets[i] + 1), number(change.value->size())});
  }
  for (const CommittedChange& change : batch.changes) {
    if (!change.value) args.push_back(change.key);
  }
  session_.AppendScript(Script::kCommit, args);
}

void Writer::TakeAnswer(View reply, Item* item, absl::optional<ErrorReply>* error) {
  if (reply.is_error()) {
    const ErrorReply said = Classify(reply.text());
    if (said.fault == Fault::kRefused) {
      item->answer = Error(Reason::STORE_REFUSED, {{"detail", std::string(reply.text())}});
    } else if (!*error) {
      *error = said;
    }
    return;
  }
  const absl::string_view answer = reply[0].text();
  if (answer == "OK") {
    Committed& batch = *item->committed;
    batch.revision.value = reply[1].number();
    batch.commit_time = absl::FromUnixMicros(reply[2].number());
    batch.leaf = ComputeLeaf(log_id_, batch);
    item->answer = CommittedPtr(item->committed);
  } else if (answer == "STORED") {
    item->answer = Error(Reason::BATCH_STORED);
  } else if (answer == "GUARD") {
    const auto which = static_cast<size_t>(reply[1].number() - 1);
    item->answer = which < item->guards.size()
                       ? GuardFailed(item->guards[which].key)
                       : Error(Reason::STORE_REFUSED, {{"detail", "an unknown guard failed"}});
  } else if (answer == "EARLY") {
    item->answer = TooEarly(item->not_before - absl::FromUnixMicros(reply[1].number()));
  } else if (answer == "FORMAT") {
    format_stale_ = true;
  } else {
    // "LOG": a new connection looks at the log again.
    *error = ErrorReply{Fault::kNoScript, {}};
  }
}

void Writer::Refuse(const Items& items, const absl::Status& status) {
  for (Item* item : items) item->answer = status;
}

// What changed nothing stays as it was answered.
void Writer::DoubtStored(const Items& items) {
  for (Item* item : items) {
    if (!item->answer) continue;
    if (item->answer->ok() || HasReason(item->answer->status(), Reason::BATCH_STORED)) {
      item->answer = Error(Reason::OUTCOME_UNKNOWN);
    }
  }
}

absl::StatusOr<bool> Writer::CompactSlice(Revision revision) {
  const LogId log_id = keyspace_->accepted_log();
  const std::string up_to = absl::StrCat(revision.value);
  const std::string slice = absl::StrCat(kCompactBatchesMax);
  absl::StatusOr<ReplyPtr> reply = session_.Run(Script::kCompact, {log_id, up_to, slice});
  if (!reply.ok()) return Unreadable(reply.status());
  if (View(*reply)[0].text() != "OK") return Replaced();
  return View(*reply)[1].number() == 1;
}

void Writer::Maintain() {
  if (!keyspace_->leftover) return;
  const absl::StatusOr<bool> finished = CompactSlice(Revision{0});
  if (finished.ok() && *finished) keyspace_->leftover = false;
}

}  // namespace terrace::store::redis
