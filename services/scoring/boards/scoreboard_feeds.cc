// What the feeds bring: facts change, the vector moves on, and every open board with them.
#include <algorithm>
#include <limits>

#include "common/base/time.h"
#include "common/store/cursor.h"
#include "services/scoring/boards/scoreboard_entry.h"

namespace terrace::scoring {

void Scoreboards::OnRegistry(const registry::v1::WatchUnitsResponse& message) {
  Callbacks callbacks;
  {
    Lock lock(this);
    RegistryFacts::Touched told;
    facts_.registry.Apply(message, &told);
    Touched touched;
    touched.places = std::move(told.units);
    touched.programmes = std::move(told.programmes);
    touched.everything = told.zones;
    if (message.kind() == registry::v1::WATCH_MESSAGE_KIND_SNAPSHOT_END) {
      missing_.registry = false;
      touched.everything = true;
    }
    if (message.has_cursor() && !missing_.registry) {
      *facts_.vector.mutable_registry() = message.cursor();
    }
    if (message.has_commit_time()) {
      facts_.log_time = std::max(facts_.log_time, FromProto(message.commit_time()));
    }
    callbacks = Changed(touched);
  }
  Run(std::move(callbacks));
}

void Scoreboards::OnMeasures(const measures::v1::WatchMeasuresResponse& message) {
  using Message = measures::v1::WatchMeasuresResponse;
  Callbacks callbacks;
  {
    Lock lock(this);
    Touched touched;
    facts_.measures.Apply(message, &touched.sheets);
    if (message.kind() == Message::KIND_SNAPSHOT_END) {
      missing_.measures = false;
      touched.everything = true;
    }
    if (message.has_cursor() && !missing_.measures) {
      *facts_.vector.mutable_measures() = message.cursor();
    }
    if (message.has_log_time()) {
      facts_.log_time = std::max(facts_.log_time, FromProto(message.log_time()));
    }
    callbacks = Changed(touched);
  }
  Run(std::move(callbacks));
}

void Scoreboards::OnInspections(const inspections::v1::WatchInspectionsResponse& message) {
  using Message = inspections::v1::WatchInspectionsResponse;
  Callbacks callbacks;
  {
    Lock lock(this);
    Touched touched;
    facts_.inspections.Apply(message, &touched.sheets);
    if (message.kind() == Message::KIND_SNAPSHOT_END) {
      missing_.inspections = false;
      touched.everything = true;
    }
    if (message.has_cursor() && !missing_.inspections) {
      *facts_.vector.mutable_inspections() = message.cursor();
    }
    if (message.has_commit_time()) {
      facts_.log_time = std::max(facts_.log_time, FromProto(message.commit_time()));
    }
    callbacks = Changed(touched);
  }
  Run(std::move(callbacks));
}

void Scoreboards::ResetRegistry() {
  Lock lock(this);
  facts_.registry.Reset();
  facts_.vector.clear_registry();
  missing_.registry = true;
  BuildAnew();
}

void Scoreboards::ResetMeasures() {
  Lock lock(this);
  facts_.measures.Reset();
  facts_.vector.clear_measures();
  missing_.measures = true;
  BuildAnew();
}

void Scoreboards::ResetInspections() {
  Lock lock(this);
  facts_.inspections.Reset();
  facts_.vector.clear_inspections();
  missing_.inspections = true;
  BuildAnew();
}

void Scoreboards::Load(const machine::Rows& rows, const store::Cursor& position,
                       absl::Time log_time) {
  Callbacks callbacks;
  {
    Lock lock(this);
    Touched touched;
    own_.Reset();
    rows.ForEach("units/", "", [&](const std::string& key, const machine::Row& row) {
      // The analysis does not see that the lock is held around the call.
      [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { own_.Apply(key, &row.value, &touched); }();
      return true;
    });
    touched.everything = true;
    loaded_ = true;
    *facts_.vector.mutable_scoring() = store::ToProto(position);
    facts_.log_time = std::max(facts_.log_time, log_time);
    callbacks = Changed(touched);
  }
  Run(std::move(callbacks));
}

void Scoreboards::OnBatch(const store::Committed& batch, absl::Time log_time) {
  Callbacks callbacks;
  {
    Lock lock(this);
    if (!loaded_ || batch.revision.value <= facts_.vector.scoring().revision()) return;
    Touched touched;
    for (const store::CommittedChange& change : batch.changes) {
      own_.Apply(change.key, change.value ? &*change.value : nullptr, &touched);
    }
    facts_.vector.mutable_scoring()->set_revision(batch.revision.value);
    facts_.log_time = std::max(facts_.log_time, log_time);
    callbacks = Changed(touched);
  }
  Run(std::move(callbacks));
}

Scoreboards::Callbacks Scoreboards::Changed(const Touched& touched) {
  Callbacks callbacks;
  const bool complete = Incomplete().empty();
  absl::Time next = absl::InfiniteFuture();
  for (const BoardPin& pin : boards_) {
    if (!complete) break;  // The feed that completes the facts has all boards built anew.
    SchemeBoard& board = pin->board;
    board.Apply(touched);
    board.AdvanceTo(facts_.log_time);
    Discard(board.TakeDiscarded());
    if (!board.ready()) {
      StartBuilding(pin);
      continue;
    }
    next = std::min(next, board.NextChange());
    pin->Hold(facts_.vector);
  }
  next_change_ = next == absl::InfiniteFuture() ? std::numeric_limits<int64_t>::max()
                                                : absl::ToUnixNanos(next);
  for (auto it = waiters_.begin(); it != waiters_.end();) {
    absl::StatusOr<bool> met = it->second.ready ? complete : Includes(it->second.least);
    if (met.ok() && !*met) {
      ++it;
      continue;
    }
    callbacks.push_back([done = std::move(it->second.done), status = met.status()]() mutable {
      done(std::move(status));
    });
    it = waiters_.erase(it);
  }
  if (complete) {
    for (auto& [id, wake] : wakes_) callbacks.push_back(std::move(wake));
    wakes_.clear();
  }
  return callbacks;
}

absl::optional<bool> Scoreboards::Enrolled(absl::string_view programme, absl::string_view unit,
                                           absl::Time at) const {
  SharedLock lock(this);
  if (missing_.registry) return absl::nullopt;
  const Unit number = facts_.ids.Find(unit);
  return number != kNoUnit && facts_.registry.Enrolled(programme, number, at);
}

absl::Time Scoreboards::NextTick() const {
  const int64_t next = next_change_;
  if (next == std::numeric_limits<int64_t>::max()) return absl::InfiniteFuture();
  // One tick for everything that is due by now.
  return std::max(absl::FromUnixNanos(next), clock_->Now());
}

}  // namespace terrace::scoring
