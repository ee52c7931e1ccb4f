// A bar that moves while something long goes on; only where a person looks on, on a terminal.
//
// Thread-safety. Add and Set may be called from any thread.
#ifndef TERRACE_SERVICES_TERRACE_PROGRESS_H_
#define TERRACE_SERVICES_TERRACE_PROGRESS_H_

#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace terrace::cli {

class Progress {
 public:
  // With `shown` false it prints nothing. Draws on standard error. A total below 0 is not known.
  Progress(std::string title, int64_t total, bool shown);
  // Leaves the finished bar on its line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Add(int64_t count) ABSL_LOCKS_EXCLUDED(mu_);

  // Whether standard error is a terminal.
  static bool OnTerminal();
  // The bar as text: "Units  [#####     ]  50 %  12,345 of 24,690  1,234/s  10 s left".
  static std::string Draw(absl::string_view title, int64_t done, int64_t total,
                          absl::Duration passed);

 private:
  void Show(bool last) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string title_;
  const int64_t total_;
  const bool shown_;
  const absl::Time start_;
  absl::Mutex mu_;
  int64_t done_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Time drawn_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
};

// "665,277": with thousands separated.
std::string Thousands(int64_t number);

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_PROGRESS_H_
