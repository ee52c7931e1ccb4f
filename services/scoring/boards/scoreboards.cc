#include "services/scoring/boards/scoreboards.h"

#include <algorithm>
#include <limits>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/rpc/positions.h"
#include "services/scoring/boards/scoreboard_entry.h"

namespace terrace::scoring {
namespace {

using types::v1::RevisionVector;

}  // namespace

Scoreboards::Scoreboards(const Clock* clock, Executor* executor, Feeds feeds)
    : clock_(clock), executor_(executor), instance_(RandomHex(8)), missing_(feeds), own_(&facts_) {}

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
  rpc::Positions known = rpc::ToPositions(facts_.vector);
  for (const auto& [service, wanted] : rpc::ToPositions(least)) {
    if (wanted.log_id.empty() && wanted.revision.value == 0) continue;
    const store::Cursor& have = known[service];
    if (have.log_id.empty()) return false;  // Nothing was heard from that log yet.
    if (!wanted.log_id.empty() && wanted.log_id != have.log_id) return Error(Reason::LOG_CHANGED);
    if (have.revision < wanted.revision) return false;
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

void Scoreboards::WaitComplete(absl::Time deadline, absl::AnyInvocable<void(absl::Status)> done) {
  AddWaiter({{}, /*ready=*/true, std::move(done)}, deadline);
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

absl::Status Scoreboards::MakeRoom() {
  auto units = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    size_t sum = facts_.ids.size();
    for (const BoardPin& pin : boards_) sum += pin->board.board().size();
    return sum;
  };
  while (boards_.size() >= kBoardsMax || (!boards_.empty() && units() > kBoardUnitsMax)) {
    // One that is only kept is not in use, though it may be built anew: then its builder has it
    // too.
    auto oldest = std::find_if(boards_.rbegin(), boards_.rend(), [](const BoardPin& pin) {
      return pin.use_count() == (pin->building ? 2 : 1) && pin->waiting.empty();
    });
    if (oldest == boards_.rend()) {
      return Error(Reason::TOO_MANY_BOARDS, {{"limit", absl::StrCat(boards_.size())}});
    }
    (*oldest)->given_up = true;
    Discard(std::move(*oldest));
    boards_.erase(std::next(oldest).base());
  }
  return absl::OkStatus();
}

absl::StatusOr<Scoreboards::BoardPin> Scoreboards::FindOrMake(const BoardKey& key) {
  std::shared_ptr<const CompiledScheme> scheme = key.draft;
  if (scheme == nullptr) {
    TERRACE_ASSIGN_OR_RETURN(scheme, own_.Resolve(key.scheme, key.period));
  }
  for (auto it = boards_.begin(); it != boards_.end(); ++it) {
    const SchemeBoard& board = (*it)->board;
    const bool same =
        (*it)->draft ? &board.scheme() == key.draft.get()
                     : key.draft == nullptr && board.scheme().proto.name() == scheme->proto.name();
    if (same && board.period() == key.period && (*it)->at == key.at) {
      boards_.splice(boards_.begin(), boards_, it);
      return boards_.front();
    }
  }
  TERRACE_RETURN_IF_ERROR(MakeRoom());
  boards_.push_front(std::make_shared<Entry>(std::move(scheme), key, &facts_));
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
  auto complete = [this, key, deadline, done = std::move(done)](absl::Status status) mutable {
    if (!status.ok()) {
      done(std::move(status));
    } else {
      Open(key, deadline, std::move(done));
    }
  };
  WaitComplete(deadline, std::move(complete));
}

void Scoreboards::Close(const BoardPin& pin) {
  Lock lock(this);
  boards_.remove(pin);
}

const SchemeBoard* Scoreboards::BoardOf(const BoardPin& pin) const {
  return pin->board.ready() ? &pin->board : nullptr;
}

Scoreboards::BoardPin Scoreboards::Peek(const BoardKey& key) {
  Lock lock(this);
  if (!Incomplete().empty()) return nullptr;
  absl::StatusOr<BoardPin> pin = FindOrMake(key);
  return pin.ok() && (*pin)->board.ready() ? *pin : nullptr;
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
      done = stopping_ || pin->given_up || !Incomplete().empty() ||
             pin->board.BuildStep(kBuildStepUnits);
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

bool Scoreboards::ReadFacts(absl::FunctionRef<void(const Facts&, const OwnFacts&)> fn) const {
  SharedLock lock(this);
  if (!Incomplete().empty()) return false;
  fn(facts_, own_);
  return true;
}

bool Scoreboards::Means(const BoardKey& key, const BoardPin& pin) const {
  SharedLock lock(this);
  absl::StatusOr<std::shared_ptr<const CompiledScheme>> scheme =
      own_.Resolve(key.scheme, key.period);
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
