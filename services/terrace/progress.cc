#include "services/terrace/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace terrace::cli {
namespace {

constexpr int kBarColumns = 30;
constexpr absl::Duration kRedraw = absl::Milliseconds(100);

}  // namespace

std::string Thousands(int64_t number) {
  std::string digits = absl::StrCat(number < 0 ? -number : number);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return number < 0 ? absl::StrCat("-", digits) : digits;
}

bool Progress::OnTerminal() { return isatty(STDERR_FILENO) == 1; }

std::string Progress::Draw(absl::string_view title, int64_t done, int64_t total,
                           absl::Duration passed) {
  if (total < 0) {
    return absl::StrFormat("%s  %s  %.1f s", title, Thousands(done), absl::ToDoubleSeconds(passed));
  }
  const double share = total == 0 ? 1 : static_cast<double>(done) / static_cast<double>(total);
  const int filled = static_cast<int>(share * kBarColumns);
  const double seconds = std::max(absl::ToDoubleSeconds(passed), 1e-3);
  const double rate = static_cast<double>(done) / seconds;
  std::string out =
      absl::StrFormat("%s  [%s%s] %3d %%  %s of %s  %s/s", title, std::string(filled, '#'),
                      std::string(kBarColumns - filled, ' '), static_cast<int>(share * 100),
                      Thousands(done), Thousands(total), Thousands(static_cast<int64_t>(rate)));
  if (done >= total) {
    absl::StrAppendFormat(&out, "  %.1f s", seconds);
  } else if (rate > 0) {
    absl::StrAppendFormat(&out, "  %.0f s left", static_cast<double>(total - done) / rate);
  }
  return out;
}

Progress::Progress(std::string title, int64_t total, bool shown)
    : title_(std::move(title)), total_(total), shown_(shown), start_(absl::Now()) {}

Progress::~Progress() {
  absl::MutexLock lock(&mu_);
  Show(/*last=*/true);
}

void Progress::Add(int64_t count) {
  absl::MutexLock lock(&mu_);
  done_ = total_ < 0 ? done_ + count : std::min(done_ + count, total_);
  if (absl::Now() - drawn_ >= kRedraw) Show(/*last=*/false);
}

void Progress::Show(bool last) {
  if (!shown_) return;
  drawn_ = absl::Now();
  std::fprintf(stderr, "\r\033[K%s%s", Draw(title_, done_, total_, drawn_ - start_).c_str(),
               last ? "\n" : "");
  std::fflush(stderr);
}

}  // namespace terrace::cli
