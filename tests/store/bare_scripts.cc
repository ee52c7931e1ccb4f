#include "tests/store/bare_scripts.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/random.h"
#include "common/store/log_record.h"

namespace terrace::store {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(30);

}  // namespace

BareScripts::BareScripts(const RedisServer& server, absl::string_view realm,
                         absl::string_view service)
    : keys_(realm, service),
      link_(*redis::Link::Connect({"127.0.0.1", server.port()}, kTimeout)),
      log_id_(RandomHex(16)) {
  const redis::ReplyPtr digest =
      *link_->Call({"SCRIPT", "LOAD", SourceOf(redis::Script::kCommit)}, kTimeout);
  digest_ = std::string(redis::View(digest).text());
  TERRACE_CHECK(
      link_->Call({"HSET", keys_.meta, "log_id", log_id_, "end", "0", "time", "0"}, kTimeout).ok());
}

void BareScripts::Commit(absl::Span<const Batch> batches, int wait) {
  for (const Batch& batch : batches) Append(batch);
  if (wait > 0) link_->Append({"WAIT", absl::StrCat(wait), "1000"});
  for (size_t i = 0; i < batches.size(); ++i) {
    const redis::ReplyPtr reply = *link_->Receive(kTimeout);
    TERRACE_CHECK(redis::View(reply)[0].text() == "OK");
  }
  if (wait > 0) TERRACE_CHECK(redis::View(*link_->Receive(kTimeout)).number() >= wait);
}

void BareScripts::Append(const Batch& batch) {
  std::vector<size_t> offsets;
  const std::string changes = EncodeChanges(SaltChanges(batch.changes), &offsets);
  std::deque<std::string> numbers;  // Stays where it is as it grows.
  const auto number = [&numbers](auto value) -> absl::string_view {
    return numbers.emplace_back(absl::StrCat(value));
  };
  const auto sets = std::count_if(batch.changes.begin(), batch.changes.end(),
                                  [](const Change& change) { return change.value.has_value(); });
  std::vector<absl::string_view> words = {"EVALSHA", digest_, "6"};
  for (absl::string_view key : keys_.all()) words.push_back(key);
  words.insert(words.end(),
               {log_id_, "0", "", batch.id, batch.header, changes, number(batch.guards.size()),
                number(sets), number(static_cast<ptrdiff_t>(batch.changes.size()) - sets), ""});
  for (const Guard& guard : batch.guards) {
    words.insert(words.end(), {guard.key, number(guard.revision.value)});
  }
  for (size_t i = 0; i < batch.changes.size(); ++i) {
    const Change& change = batch.changes[i];
    if (!change.value) continue;
    words.insert(words.end(), {change.key, number(offsets[i] + 1), number(change.value->size())});
  }
  for (const Change& change : batch.changes) {
    if (!change.value) words.push_back(change.key);
  }
  link_->Append(words);
}

}  // namespace terrace::store
