#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/machine/machine_impl.h"

namespace terrace::machine {

void Machine::Impl::WaitFor(store::Cursor position, absl::Time deadline,
                            absl::AnyInvocable<void(absl::Status)> done) {
  int64_t id = 0;
  {
    absl::MutexLock lock(&mu_);
    if (draining_ && applied_.revision < position.revision) {
      id = -2;
    } else if (!position.log_id.empty() && position.log_id != applied_.log_id) {
      id = -1;
    } else if (applied_.revision < position.revision) {
      id = next_wake_++;
    }
    if (id > 0) {
      // Whichever comes first, the batch or the deadline, takes `done`.
      auto shared = std::make_shared<absl::AnyInvocable<void(absl::Status)>>(std::move(done));
      wakes_.emplace(position.revision.value - 1,
                     std::make_pair(id, [shared](absl::Status status) { (*shared)(status); }));
      if (deadline != absl::InfiniteFuture()) {
        timer_->After(deadline - options_.clock->Now(), [this, id, shared, position] {
          int64_t current = 0;
          {
            absl::MutexLock lock(&mu_);
            auto it = std::find_if(wakes_.begin(), wakes_.end(),
                                   [id](const auto& wake) { return wake.second.first == id; });
            if (it == wakes_.end()) return;
            wakes_.erase(it);
            current = applied_.revision.value;
          }
          (*shared)(Error(Reason::REVISION_NOT_REACHED,
                          {{"revision", absl::StrCat(position.revision.value)},
                           {"current", absl::StrCat(current)}}));
        });
      }
      return;
    }
  }
  done(id == -2   ? Error(Reason::SHUTTING_DOWN)
       : id == -1 ? Error(Reason::LOG_CHANGED)
                  : absl::OkStatus());
}

int64_t Machine::Impl::WakeAfter(store::Revision after, absl::AnyInvocable<void()> wake) {
  int64_t id = 0;
  {
    absl::MutexLock lock(&mu_);
    id = next_wake_++;
    if (applied_.revision <= after) {
      wakes_.emplace(
          after.value,
          std::make_pair(id, [wake = std::move(wake)](absl::Status) mutable { wake(); }));
      return id;
    }
  }
  wake();
  return id;
}

void Machine::Impl::CancelWake(int64_t id) {
  absl::MutexLock lock(&mu_);
  for (auto it = wakes_.begin(); it != wakes_.end(); ++it) {
    if (it->second.first != id) continue;
    wakes_.erase(it);
    return;
  }
}

void Machine::Impl::BatchesAfter(store::Cursor after, int limit, store::LogDone done) {
  std::vector<store::CommittedPtr> batches;
  absl::Status status;
  bool from_log = false;
  bool ahead = false;
  store::Revision end;
  {
    absl::MutexLock lock(&mu_);
    end = applied_.revision;
    ahead = after.log_id == applied_.log_id && after.revision > end && options_.store->shared();
    if (ahead) {
      // Another replica may have told of what this one has not come to yet.
    } else if (after.log_id != applied_.log_id || after.revision > end) {
      status = Error(Reason::LOG_CHANGED);
    } else if (after.revision < end) {
      if (!recent_.empty() && recent_.front()->revision.value <= after.revision.value + 1) {
        size_t skip = after.revision.value + 1 - recent_.front()->revision.value;
        for (size_t i = skip; i < recent_.size() && static_cast<int>(batches.size()) < limit; ++i) {
          batches.push_back(recent_[i]);
        }
      } else {
        from_log = true;
      }
    }
  }
  if (ahead) {
    Post([this, after = std::move(after), done = std::move(done)]() mutable {
      const absl::StatusOr<store::Cursor> now = options_.store->CatchUp();
      if (!now.ok()) {
        done(now.status());
      } else if (now->log_id != after.log_id || now->revision < after.revision) {
        done(Error(Reason::LOG_CHANGED));
      } else {
        done(std::vector<store::CommittedPtr>());
      }
    });
  } else if (!status.ok()) {
    done(std::move(status));
  } else if (from_log) {
    const int64_t last = std::min<int64_t>(end.value, after.revision.value + limit);
    options_.store->ReadLog(store::Revision{after.revision.value + 1}, store::Revision{last},
                            std::move(done));
  } else {
    done(std::move(batches));
  }
}

void Machine::Impl::Listen(Listener listener) {
  absl::MutexLock lock(&mu_);
  listeners_.push_back(std::move(listener));
}

}  // namespace terrace::machine
