#include "tests/bench/load.h"

#include <algorithm>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"

namespace terrace::bench {
namespace {

class Load {
 public:
  Load(absl::Duration time, StartWork start) : start_(std::move(start)) {
    counted_from_ = absl::Now() + time / 4;
    end_ = counted_from_ + time;
  }

  LoadResult Run(int in_flight) {
    for (int i = 0; i < in_flight; ++i) Next();
    {
      absl::MutexLock lock(&mu_);
      auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return running_ == 0; };
      mu_.Await(absl::Condition(&idle));
    }
    std::sort(milliseconds_.begin(), milliseconds_.end());
    result_.calls = static_cast<int64_t>(milliseconds_.size());
    result_.per_second = result_.calls / absl::ToDoubleSeconds(end_ - counted_from_);
    if (!milliseconds_.empty()) {
      result_.p50_ms = milliseconds_[milliseconds_.size() / 2];
      result_.p99_ms = milliseconds_[milliseconds_.size() * 99 / 100];
    }
    return result_;
  }

 private:
  void Next() {
    int64_t number = 0;
    {
      absl::MutexLock lock(&mu_);
      if (absl::Now() >= end_) return;
      number = next_++;
      ++running_;
    }
    const absl::Time began = absl::Now();
    start_(number, [this, began](absl::Status status) {
      Next();
      const absl::Time now = absl::Now();
      absl::MutexLock lock(&mu_);
      if (!status.ok()) {
        if (result_.failed++ == 0) result_.first_error = status.ToString();
      } else if (now >= counted_from_ && now <= end_) {
        milliseconds_.push_back(absl::ToDoubleMilliseconds(now - began));
      }
      --running_;
    });
  }

  const StartWork start_;
  absl::Time counted_from_;
  absl::Time end_;
  absl::Mutex mu_;
  int64_t next_ ABSL_GUARDED_BY(mu_) = 0;
  int running_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<double> milliseconds_ ABSL_GUARDED_BY(mu_);
  LoadResult result_;
};

}  // namespace

LoadResult RunLoad(int in_flight, absl::Duration time, StartWork start) {
  return Load(time, std::move(start)).Run(in_flight);
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

}  // namespace terrace::bench
