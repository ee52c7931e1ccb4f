#include "common/store/redis/reply.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace terrace::store::redis {
namespace {

struct Code {
  absl::string_view word;
  Fault fault;
};

constexpr Code kCodes[] = {
    {"MOVED", Fault::kMoved},          {"ASK", Fault::kAsk},
    {"TRYAGAIN", Fault::kTryLater},    {"CLUSTERDOWN", Fault::kNotMaster},
    {"LOADING", Fault::kTryLater},     {"BUSY", Fault::kTryLater},
    {"MASTERDOWN", Fault::kNotMaster}, {"READONLY", Fault::kNotMaster},
    {"UNBLOCKED", Fault::kNotMaster},  {"NOREPLICAS", Fault::kFewReplicas},
    {"NOSCRIPT", Fault::kNoScript},
};

}  // namespace

absl::string_view View::text() const {
  if (reply_ == nullptr || reply_->str == nullptr) return "";
  return {reply_->str, reply_->len};
}

int64_t View::number() const {
  if (reply_ == nullptr) return 0;
  if (reply_->type == REDIS_REPLY_INTEGER) return reply_->integer;
  int64_t number = 0;
  return absl::SimpleAtoi(text(), &number) ? number : 0;
}

void AppendCommand(absl::Span<const absl::string_view> words, std::string* out) {
  absl::StrAppend(out, "*", words.size(), "\r\n");
  for (absl::string_view word : words) {
    absl::StrAppend(out, "$", word.size(), "\r\n", word, "\r\n");
  }
}

ErrorReply Classify(absl::string_view error) {
  const std::vector<absl::string_view> words = absl::StrSplit(error, ' ');
  ErrorReply reply;
  for (const Code& code : kCodes) {
    if (words[0] == code.word) reply.fault = code.fault;
  }
  if (reply.fault != Fault::kMoved && reply.fault != Fault::kAsk) return reply;
  // "MOVED 3999 127.0.0.1:6381"; a node that knows no name of the other sends ":6381".
  if (words.size() < 3) return {Fault::kTryLater, {}};
  if (ParseAddress(words[2], &reply.to)) return reply;
  reply.to.host.clear();
  absl::string_view port = words[2];
  if (absl::ConsumePrefix(&port, ":") && absl::SimpleAtoi(port, &reply.to.port)) return reply;
  return {Fault::kTryLater, {}};
}

}  // namespace terrace::store::redis
