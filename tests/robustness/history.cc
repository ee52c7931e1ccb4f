#include "tests/robustness/history.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace terrace::robustness {
namespace {

const char* Name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAcknowledged:
      return "acknowledged";
    case Outcome::kRefused:
      return "refused";
    case Outcome::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace

std::string ToText(const Call& call) {
  std::string text =
      absl::StrFormat("%s client %d %s %s request_id=%s attempts=%d %s",
                      absl::FormatTime("%H:%M:%E3S", call.start, absl::UTCTimeZone()), call.client,
                      call.method.substr(call.method.rfind('/') + 1), call.what, call.request_id,
                      call.attempts, Name(call.outcome));
  if (call.dry_run) absl::StrAppend(&text, " dry run");
  if (!call.reason.empty()) absl::StrAppend(&text, " ", call.reason);
  if (call.revision > 0) {
    absl::StrAppend(&text, " at ", call.service, "=", call.log_id, ":", call.revision);
  }
  if (call.edit) {
    absl::StrAppend(&text, " etag ", call.edit->base, " -> ", call.edit->made, " token ",
                    call.edit->token);
  }
  return text;
}

std::string ServiceOf(absl::string_view method) {
  const std::vector<std::string> parts = absl::StrSplit(method, '.');
  return parts.size() > 1 ? parts[1] : "";
}

void History::Add(Call call) {
  absl::MutexLock lock(&mu_);
  if (call.outcome == Outcome::kAcknowledged) {
    if (last_acknowledged_ < call.end) {
      longest_silence_ = std::max(longest_silence_, call.end - last_acknowledged_);
    }
    last_acknowledged_ = call.end;
  }
  calls_.push_back(std::move(call));
}

void History::Add(ReadBack read) {
  absl::MutexLock lock(&mu_);
  reads_.push_back(std::move(read));
}

void History::Add(Surprise surprise) {
  absl::MutexLock lock(&mu_);
  surprises_.push_back(std::move(surprise));
}

void History::AddAnswer(const std::string& method) {
  absl::MutexLock lock(&mu_);
  ++answers_[method];
}

std::vector<Call> History::calls() const {
  absl::MutexLock lock(&mu_);
  return calls_;
}

std::vector<ReadBack> History::reads() const {
  absl::MutexLock lock(&mu_);
  return reads_;
}

std::vector<Surprise> History::surprises() const {
  absl::MutexLock lock(&mu_);
  return surprises_;
}

std::map<std::string, int64_t> History::answers() const {
  absl::MutexLock lock(&mu_);
  return answers_;
}

absl::Duration History::TakeLongestSilence() {
  absl::MutexLock lock(&mu_);
  last_acknowledged_ = absl::InfiniteFuture();  // What comes now is counted from its own start.
  return std::exchange(longest_silence_, absl::ZeroDuration());
}

}  // namespace terrace::robustness
