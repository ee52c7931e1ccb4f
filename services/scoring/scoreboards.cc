#include "services/scoring/scoreboards.h"

#include <algorithm>
#include <limits>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/base/decimal.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/base/time.h"
#include "common/machine/state.h"
#include "services/scoring/scoring_state.h"
#include "terrace/storage/v1/scoring.pb.h"

namespace terrace::scoring {
namespace {

using types::v1::Cursor;
using types::v1::RevisionVector;

void SetCursor(const store::Cursor& from, Cursor* to) {
  to->set_log_id(from.log_id);
  to->set_revision(from.revision.value);
}

bool HasKind(const calendar::Period& period, const CompiledScheme& scheme) {
  return period.kind() == scheme.periodicity;
}

}  // namespace

struct Scoreboards::Entry {
  Entry(std::shared_ptr<const CompiledScheme> scheme, const calendar::Period& period,
        const Facts* facts, absl::optional<absl::Time> at)
      : board(std::move(scheme), period, facts, at), at(at) {}

  // All under the lock of the facts.
  SchemeBoard board;
  const absl::optional<absl::Time> at;
  bool building = false;
  std::vector<absl::AnyInvocable<void()>> waiting;  // For the board to be ready.
  // Change numbers at the vectors of late, oldest first.
  struct Held {
    std::string vector;
    int64_t epoch;
    int64_t structure;
    int64_t change_number;
  };
  std::deque<Held> held;
  void Hold(const types::v1::RevisionVector& vector) {
    held.push_back({vector.SerializeAsString(), board.epoch(), board.structure_number(),
                    board.change_number()});
    if (held.size() > kVectorsHeld) held.pop_front();
  }
};

Scoreboards::Scoreboards(const Clock* clock, Executor* executor, Feeds feeds)
    : clock_(clock), executor_(executor), instance_(RandomHex(8)), missing_(feeds) {}

Scoreboards::~Scoreboards() {
  absl::MutexLock lock(&mu_);
  stopping_ = true;
  mu_.Await(absl::Condition(
      +[](int* builders) { return *builders == 0; }, &builders_));
}

void Scoreboards::LetOthersIn() const {
  const absl::Time until = absl::Now() + kBuildStepTime;
  while (wanting_ > 0 && absl::Now() < until) std::this_thread::yield();
}

void Scoreboards::Run(Callbacks callbacks) {
  for (auto& callback : callbacks) callback();
}

// ---------------------------------------------------------------------------------------- feeds

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

void Scoreboards::BuildAnew() {
  Touched everything;
  everything.everything = true;
  for (const BoardPin& pin : boards_) {
    pin->board.Apply(everything);
    Discard(pin->board.TakeDiscarded());
  }
}

void Scoreboards::Discard(std::shared_ptr<void> garbage) {
  if (garbage != nullptr) executor_->Post([garbage = std::move(garbage)] {});
}

void Scoreboards::Load(const machine::Rows& rows, const store::Cursor& position,
                       absl::Time log_time) {
  Callbacks callbacks;
  {
    Lock lock(this);
    Touched touched;
    rows.ForEach("units/", "", [&](const std::string& key, const machine::Row& row) {
      // The analysis does not see that the lock is held around the call.
      [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { ApplyOwnRow(key, &row.value, &touched); }();
      return true;
    });
    touched.everything = true;
    loaded_ = true;
    SetCursor(position, facts_.vector.mutable_scoring());
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
      ApplyOwnRow(change.key, change.value ? &*change.value : nullptr, &touched);
    }
    facts_.vector.mutable_scoring()->set_revision(batch.revision.value);
    facts_.log_time = std::max(facts_.log_time, log_time);
    callbacks = Changed(touched);
  }
  Run(std::move(callbacks));
}

void Scoreboards::ApplyOwnRow(absl::string_view key, const std::string* value, Touched* touched) {
  if (IsSchemeKey(key)) {
    const SchemeRef ref = *ParseScheme(key);
    Version& version = schemes_[ref.Family()][ref.version];
    version = Version();
    if (value == nullptr) return;
    storage::v1::SchemeRow row;
    TERRACE_CHECK(row.ParseFromString(*value));
    version.state = row.scheme().state();
    if (version.state == v1::SCHEME_STATE_DRAFT) return;
    row.mutable_scheme()->set_name(std::string(key));
    version.compiled = Compile(row.scheme());
  } else if (IsDefinitionKey(key)) {
    storage::v1::StatisticDefinitionRow row;
    if (value != nullptr) TERRACE_CHECK(row.ParseFromString(*value));
    // Figures may appear or vanish with it, anywhere.
    touched->everything |= facts_.figures.SetMinimum(key, row.definition().minimum_n());
  } else if (IsStatisticKey(key)) {
    const StatisticRef ref = *ParseStatistic(key);
    const Unit unit = facts_.ids.Number(ref.unit);
    touched->figures.emplace_back(ref.definition, unit);
    if (value == nullptr) {
      facts_.figures.Remove(unit, ref.definition, ref.period);
      return;
    }
    storage::v1::StatisticValueRow row;
    TERRACE_CHECK(row.ParseFromString(*value));
    absl::StatusOr<Decimal> number = terrace::FromProto(row.quantity().value(), "quantity");
    TERRACE_CHECK(number.ok());  // Checked before it was stored.
    Figure figure{FixedSumFromDecimal(*number), absl::InfinitePast(), row.sample_size()};
    if (row.has_known_time()) figure.known = FromProto(row.known_time());
    facts_.figures.Set(unit, ref.definition, ref.period, figure);
  }
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

absl::Time Scoreboards::NextTick() const {
  const int64_t next = next_change_;
  if (next == std::numeric_limits<int64_t>::max()) return absl::InfiniteFuture();
  // One tick for everything that is due by now.
  return std::max(absl::FromUnixNanos(next), clock_->Now());
}

// ------------------------------------------------------------------------------------ positions

std::string Scoreboards::Incomplete() const {
  if (!loaded_) return "scoring";
  if (missing_.registry) return "registry";
  if (missing_.measures) return "measures";
  if (missing_.inspections) return "inspections";
  return "";
}

RevisionVector Scoreboards::vector() const {
  SharedLock lock(this);
  return facts_.vector;
}

absl::StatusOr<bool> Scoreboards::Includes(const RevisionVector& least) const {
  const std::pair<const Cursor*, const Cursor*> pairs[] = {
      {&least.registry(), &facts_.vector.registry()},
      {&least.measures(), &facts_.vector.measures()},
      {&least.inspections(), &facts_.vector.inspections()},
      {&least.scoring(), &facts_.vector.scoring()}};
  for (const auto& [wanted, have] : pairs) {
    if (wanted->log_id().empty() && wanted->revision() == 0) continue;
    if (have->log_id().empty()) return false;  // Nothing was heard from that log yet.
    if (!wanted->log_id().empty() && wanted->log_id() != have->log_id()) {
      return Error(Reason::LOG_CHANGED);
    }
    if (have->revision() < wanted->revision()) return false;
  }
  return true;
}

void Scoreboards::AddWaiter(Waiter waiter, absl::Time deadline) {
  absl::Status now;
  int64_t id = 0;
  {
    Lock lock(this);
    absl::StatusOr<bool> met =
        waiter.ready ? absl::StatusOr<bool>(Incomplete().empty()) : Includes(waiter.least);
    if (met.ok() && !*met) {
      id = next_id_++;
      waiters_.emplace(id, std::move(waiter));
    } else {
      now = met.status();
    }
  }
  if (id == 0) {
    waiter.done(std::move(now));
    return;
  }
  const absl::Duration left = std::min(deadline - clock_->Now(), kReadyWaitMax);
  timer_.After(left, [this, id] { Expire(id); });
}

void Scoreboards::Expire(int64_t id) {
  absl::AnyInvocable<void(absl::Status)> done;
  absl::Status status;
  {
    Lock lock(this);
    auto it = waiters_.find(id);
    if (it == waiters_.end()) return;
    if (it->second.ready) {
      status = Error(Reason::NOT_READY, {{"service", Incomplete()}});
    } else {
      status =
          Error(Reason::REVISION_NOT_REACHED, {{"revision", it->second.least.ShortDebugString()},
                                               {"current", facts_.vector.ShortDebugString()}});
    }
    done = std::move(it->second.done);
    waiters_.erase(it);
  }
  done(std::move(status));
}

void Scoreboards::WaitFor(const RevisionVector& least, absl::Time deadline,
                          absl::AnyInvocable<void(absl::Status)> done) {
  AddWaiter({least, /*ready=*/false, std::move(done)}, deadline);
}

int64_t Scoreboards::WakeOnChange(absl::AnyInvocable<void()> wake) {
  Lock lock(this);
  wakes_.emplace(next_id_, std::move(wake));
  return next_id_++;
}

void Scoreboards::CancelWake(int64_t id) {
  absl::AnyInvocable<void()> dropped;  // Destroyed without the lock.
  Lock lock(this);
  auto it = wakes_.find(id);
  if (it == wakes_.end()) return;
  dropped = std::move(it->second);
  wakes_.erase(it);
}

// --------------------------------------------------------------------------------------- boards

absl::StatusOr<std::shared_ptr<const CompiledScheme>> Scoreboards::Resolve(
    const BoardKey& key) const {
  auto none = [&] {
    return Error(Reason::NO_SCHEME_IN_FORCE,
                 {{"scheme", key.scheme.Family()}, {"period", key.period.ToString()}});
  };
  auto family = schemes_.find(key.scheme.Family());
  if (family == schemes_.end()) return none();
  std::shared_ptr<const CompiledScheme> found;
  if (!key.scheme.version.empty()) {
    auto version = family->second.find(key.scheme.version);
    if (version != family->second.end()) found = version->second.compiled;
  } else {
    for (const auto& [id, version] : family->second) {
      if (version.state != v1::SCHEME_STATE_PUBLISHED) continue;
      const calendar::Period& first = version.compiled->first_period;
      if (first.First() > key.period.First()) continue;
      if (found == nullptr || first > found->first_period) found = version.compiled;
    }
  }
  if (found == nullptr) return none();
  if (!HasKind(key.period, *found)) {
    return Error(Reason::NOT_A_BOARD_PERIOD,
                 {{"period", key.period.ToString()}, {"scheme", found->proto.name()}});
  }
  return found;
}

absl::Status Scoreboards::MakeRoom() {
  auto units = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    size_t sum = facts_.ids.size();
    for (const BoardPin& pin : boards_) sum += pin->board.board().size();
    return sum;
  };
  while (boards_.size() >= kBoardsMax || (!boards_.empty() && units() > kBoardUnitsMax)) {
    auto oldest = std::find_if(boards_.rbegin(), boards_.rend(), [](const BoardPin& pin) {
      return pin.use_count() == 1 && !pin->building && pin->waiting.empty();
    });
    if (oldest == boards_.rend()) {
      return Error(Reason::TOO_MANY_BOARDS, {{"limit", absl::StrCat(boards_.size())}});
    }
    Discard(std::move(*oldest));
    boards_.erase(std::next(oldest).base());
  }
  return absl::OkStatus();
}

absl::StatusOr<Scoreboards::BoardPin> Scoreboards::FindOrMake(const BoardKey& key) {
  TERRACE_ASSIGN_OR_RETURN(std::shared_ptr<const CompiledScheme> scheme, Resolve(key));
  for (auto it = boards_.begin(); it != boards_.end(); ++it) {
    const SchemeBoard& board = (*it)->board;
    if (board.scheme().proto.name() == scheme->proto.name() && board.period() == key.period &&
        (*it)->at == key.at) {
      boards_.splice(boards_.begin(), boards_, it);
      return boards_.front();
    }
  }
  TERRACE_RETURN_IF_ERROR(MakeRoom());
  boards_.push_front(std::make_shared<Entry>(std::move(scheme), key.period, &facts_, key.at));
  return boards_.front();
}

void Scoreboards::Open(const BoardKey& key, absl::Time deadline,
                       absl::AnyInvocable<void(absl::StatusOr<BoardPin>)> done) {
  absl::StatusOr<BoardPin> result;
  {
    Lock lock(this);
    if (!Incomplete().empty()) {
      result = BoardPin();
    } else {
      result = FindOrMake(key);
      if (result.ok() && !(*result)->board.ready()) {
        BoardPin pin = *result;
        pin->waiting.push_back([this, key, deadline, done = std::move(done)]() mutable {
          Open(key, deadline, std::move(done));
        });
        StartBuilding(pin);
        return;
      }
    }
  }
  if (!result.ok() || *result != nullptr) {
    done(std::move(result));
    return;
  }
  Waiter waiter;
  waiter.ready = true;
  waiter.done = [this, key, deadline, done = std::move(done)](absl::Status status) mutable {
    if (!status.ok()) {
      done(std::move(status));
    } else {
      Open(key, deadline, std::move(done));
    }
  };
  AddWaiter(std::move(waiter), deadline);
}

Scoreboards::BoardPin Scoreboards::Peek(const BoardKey& key) {
  Lock lock(this);
  if (!Incomplete().empty()) return nullptr;
  absl::StatusOr<BoardPin> pin = FindOrMake(key);
  return pin.ok() && (*pin)->board.ready() ? *pin : nullptr;
}

void Scoreboards::StartBuilding(const BoardPin& pin) {
  if (pin->building || stopping_) return;
  pin->building = true;
  ++builders_;
  executor_->Post([this, pin] { Build(pin); });
}

// One step under the lock at a time, so that feeds and readers come in between.
void Scoreboards::Build(const BoardPin& pin) {
  Callbacks callbacks;
  bool done = false;
  while (!done) {
    LetOthersIn();
    absl::MutexLock lock(&mu_);
    const absl::Time until = absl::Now() + kBuildStepTime;
    while (!done && absl::Now() < until) {
      done = stopping_ || !Incomplete().empty() || pin->board.BuildStep(kBuildStepUnits);
    }
    Discard(pin->board.TakeDiscarded());
    if (!done) continue;
    pin->building = false;
    --builders_;
    callbacks.swap(pin->waiting);
    if (pin->board.ready()) {
      pin->Hold(facts_.vector);
      const absl::Time next = pin->board.NextChange();
      if (next < absl::InfiniteFuture()) {
        next_change_ = std::min<int64_t>(next_change_, absl::ToUnixNanos(next));
      }
    }
    for (auto& [id, wake] : wakes_) callbacks.push_back(std::move(wake));
    wakes_.clear();
  }
  Run(std::move(callbacks));
}

bool Scoreboards::Read(const BoardPin& pin,
                       absl::FunctionRef<void(const SchemeBoard&, const Facts&)> fn) const {
  SharedLock lock(this);
  if (!Incomplete().empty() || !pin->board.ready()) return false;
  fn(pin->board, facts_);
  return true;
}

bool Scoreboards::Means(const BoardKey& key, const BoardPin& pin) const {
  SharedLock lock(this);
  absl::StatusOr<std::shared_ptr<const CompiledScheme>> scheme = Resolve(key);
  return scheme.ok() && (*scheme)->proto.name() == pin->board.scheme().proto.name();
}

absl::optional<int64_t> Scoreboards::ChangeNumberAt(const BoardPin& pin,
                                                    const RevisionVector& vector) const {
  const std::string wanted = vector.SerializeAsString();
  for (auto it = pin->held.rbegin(); it != pin->held.rend(); ++it) {
    if (it->vector != wanted) continue;
    if (it->epoch != pin->board.epoch() || it->structure != pin->board.structure_number() ||
        !pin->board.Remembers(it->change_number)) {
      break;
    }
    return it->change_number;
  }
  return absl::nullopt;
}

}  // namespace terrace::scoring
