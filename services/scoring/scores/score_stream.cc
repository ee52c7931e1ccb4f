#include "services/scoring/scores/score_stream.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/error.h"
#include "common/base/timer.h"
#include "common/resource/names.h"
#include "services/scoring/scores/present.h"
#include "services/scoring/state_common.h"

namespace terrace::scoring {
namespace {

using rpc::Message;
using NextDone = absl::AnyInvocable<void(absl::StatusOr<bool>)>;

// Time-outs of all streams come from one timer.
Timer& StreamTimer() {
  static Timer* timer = new Timer();
  return *timer;
}

class ScoreStream : public std::enable_shared_from_this<ScoreStream> {
 public:
  ScoreStream(Scoreboards* boards, machine::Machine* machine, machine::TreeSource tree,
              rpc::Call& call, StreamSpec spec, StreamReply reply)
      : boards_(boards),
        machine_(machine),
        tree_(std::move(tree)),
        call_(call),
        spec_(std::move(spec)),
        reply_(reply) {}

  void Next(Message* out, NextDone done) {
    if (finished_) {
      done(false);
      return;
    }
    const absl::Duration wait = next_send_ - machine_->clock().Now();
    if (wait > absl::ZeroDuration()) {
      Sleep(out, std::move(done), wait, /*on_change=*/false);
    } else {
      Step(out, std::move(done), /*say_something=*/false);
    }
  }

  void Cancel() {
    NextDone done;
    {
      absl::MutexLock lock(&mu_);
      cancelled_ = true;
      done = std::exchange(waiting_, nullptr);
      ++round_;
    }
    if (done) done(absl::CancelledError("the caller is gone"));
  }

 private:
  // One message, if there is anything to say.
  void Step(Message* out, NextDone done, bool say_something) {
    if (pin_ == nullptr || !boards_->Means(spec_.key, pin_)) {
      OpenBoard(out, std::move(done));
      return;
    }
    const std::shared_ptr<const tree::Tree> tree = tree_();
    if (!access::MaySee(call_.identity, *tree, spec_.subtree, machine_->clock().Now())) {
      done(spec_.watch ? Error(Reason::SCOPE_CHANGED)
                       : NotFound(resource::UnitName(spec_.subtree)));
      return;
    }
    StreamPoint point;
    absl::Status status;
    rows_.clear();
    const CompiledScheme* scheme = nullptr;  // Good as long as the board is kept open.
    const bool read = boards_->Read(pin_, [&](const SchemeBoard& board, const Facts& facts) {
      scheme = &board.scheme();
      status = Copy(board, facts, *tree, &point);
    });
    if (!read) {  // It is being built anew.
      pin_ = nullptr;
      OpenBoard(out, std::move(done));
      return;
    }
    if (!status.ok()) {
      done(std::move(status));
      return;
    }
    for (const ScoreRow& row : rows_) {
      FillScore(*scheme, spec_.key.period, *tree, row, reply_.scores(out)->Add());
    }
    const bool news = !reply_.scores(out)->empty() || point.reset || !told_complete_;
    if (spec_.watch && !news && !say_something) {
      Sleep(out, std::move(done), kStreamProgress, /*on_change=*/true);
      return;
    }
    if (!point.complete && reply_.scores(out)->empty() && !point.reset) {
      Post([self = shared_from_this(), out, done = std::move(done)]() mutable {
        self->Step(out, std::move(done), false);
      });
      return;
    }
    told_complete_ = point.complete;
    point.resume_token = ResumeToken();
    reply_.finish(point, out);
    finished_ = !spec_.watch && point.complete;
    if (spec_.watch && point.complete) next_send_ = machine_->clock().Now() + spec_.interval;
    done(true);
  }

  void OpenBoard(Message* out, NextDone done) {
    boards_->Open(spec_.key, call_.deadline,
                  [self = shared_from_this(), out,
                   done = std::move(done)](absl::StatusOr<Scoreboards::BoardPin> pin) mutable {
                    if (!pin.ok()) {
                      done(pin.status());
                      return;
                    }
                    self->pin_ = *std::move(pin);
                    self->Post([self, out, done = std::move(done)]() mutable {
                      self->Step(out, std::move(done), false);
                    });
                  });
  }

  void Post(absl::AnyInvocable<void()> work) { machine_->executor().Post(std::move(work)); }

  // ---- Under the lock of the facts.

  absl::Status Copy(const SchemeBoard& board, const Facts& facts, const tree::Tree& tree,
                    StreamPoint* point) {
    if (spec_.line != types::v1::LINE_UNSPECIFIED &&
        tree::FromProto(spec_.line) != board.scheme().line) {
      return Invalid("line", "the scores of this scheme rise along its own line");
    }
    const Unit top = facts.ids.Find(spec_.subtree);
    if (top == kNoUnit || !board.order().Contains(top)) {
      return started_ ? Error(Reason::SCOPE_CHANGED) : NotFound(resource::UnitName(spec_.subtree));
    }
    TERRACE_RETURN_IF_ERROR(Begin(board, facts, top));
    const Audience audience(call_.identity, tree, board.scheme(), machine_->clock().Now());
    if (walking_) Walk(board, facts, audience, top);
    if (!walking_) TakeChanges(board, facts, audience, top);
    point->vector = facts.vector;
    point->log_time = LogTimeOf(board, facts);
    point->reset = std::exchange(reset_, false);
    point->complete = !walking_ && queue_.empty() && number_ == board.change_number();
    point->changes_only = changes_only_;
    if (point->complete) held_number_ = number_;
    return absl::OkStatus();
  }

  // Starts the walk, or starts it over when what was sent cannot be told apart any more.
  absl::Status Begin(const SchemeBoard& board, const Facts& facts, Unit top) {
    if (!started_) {
      started_ = true;
      if (!spec_.resume_token.empty()) return Resume(board);
      epoch_ = board.epoch();
      structure_ = board.structure_number();
      const absl::optional<int64_t> number =
          spec_.since ? boards_->ChangeNumberAt(pin_, *spec_.since) : absl::nullopt;
      changes_only_ = number.has_value();
      number_ = held_number_ = number.value_or(board.change_number());
      board_ = &board;
      shown_ = ShownBy(board, facts, top);
      if (!number) StartWalk(board, facts, top);
      return absl::OkStatus();
    }
    const bool same_board = epoch_ == board.epoch() && board_ == &board;
    if (same_board && structure_ != board.structure_number() && !walking_ && !shown_.empty() &&
        shown_ == ShownBy(board, facts, top)) {
      structure_ = board.structure_number();
    }
    if (!same_board || structure_ != board.structure_number() ||
        (!walking_ && !board.Remembers(number_))) {
      if (!spec_.watch && ++resets_ > kResetsMax) return Error(Reason::CONFLICT);
      StartWalk(board, facts, top);
    }
    return absl::OkStatus();
  }

  void StartWalk(const SchemeBoard& board, const Facts& facts, Unit top) {
    board_ = &board;
    epoch_ = board.epoch();
    structure_ = board.structure_number();
    number_ = held_number_ = board.change_number();
    walking_ = true;
    reset_ = true;
    changes_only_ = false;
    at_.reset();
    queue_.clear();
    shown_ = ShownBy(board, facts, top);
  }

  // The units of a small stream; empty for a large one.
  std::vector<Unit> ShownBy(const SchemeBoard& board, const Facts& facts, Unit top) const {
    std::vector<Unit> shown;
    if (!spec_.watch) return shown;
    for (TreeOrder::Walk walk = WalkFrom(board, top, absl::nullopt); !walk.done(); walk.Next()) {
      if (shown.size() == kShownKept) return {};
      shown.push_back(walk.unit());
    }
    return shown;
  }

  bool Belongs(const SchemeBoard& board, const Facts& facts, Unit top, Unit unit) const {
    const absl::optional<int> depth = board.order().DepthBelow(unit, top);
    return depth && (spec_.depth < 0 || *depth <= spec_.depth) && HasLevel(facts, unit);
  }

  bool HasLevel(const Facts& facts, Unit unit) const {
    return spec_.levels.empty() || spec_.levels.contains(facts.registry.Level(unit));
  }

  // Of the units that are not too deep.
  TreeOrder::Walk WalkFrom(const SchemeBoard& board, Unit top,
                           absl::optional<absl::string_view> after) const {
    return {&board.order(), top, after,
            spec_.depth < 0 ? std::numeric_limits<int>::max() : spec_.depth};
  }

  void Add(const SchemeBoard& board, const Facts& facts, const Audience& audience, Unit unit) {
    if (audience.MaySee(facts.ids.Id(unit))) rows_.push_back(CopyScore(board, facts, unit, {}));
  }

  void Walk(const SchemeBoard& board, const Facts& facts, const Audience& audience, Unit top) {
    TreeOrder::Walk walk = WalkFrom(board, top, at_);
    Unit last = top;
    for (int i = 0; i < kStreamUnitsLookedAt && !walk.done() && rows_.size() < kStreamScoresMax;
         ++i, walk.Next()) {
      last = walk.unit();
      if (HasLevel(facts, last) && IsListed(board, last)) Add(board, facts, audience, last);
    }
    walking_ = !walk.done();
    if (walking_) at_ = board.order().PathOf(last, top);
  }

  void TakeChanges(const SchemeBoard& board, const Facts& facts, const Audience& audience,
                   Unit top) {
    if (queue_.empty() && board.Remembers(number_)) {
      held_number_ = number_;
      std::set<Unit> once;
      const std::vector<Unit> changed = board.ChangedAfter(number_, kStreamUnitsLookedAt);
      for (Unit unit : changed) {
        if (Belongs(board, facts, top, unit) && once.insert(unit).second) queue_.push_back(unit);
      }
      number_ += static_cast<int64_t>(changed.size());
    }
    while (!queue_.empty() && rows_.size() < kStreamScoresMax) {
      const Unit unit = queue_.front();
      queue_.pop_front();
      if (Belongs(board, facts, top, unit)) Add(board, facts, audience, unit);
    }
  }

  // ---- Resuming a pull: where it stands, on which board of which process.

  std::string ResumeToken() const {
    if (spec_.watch) return "";
    return absl::WebSafeBase64Escape(absl::StrCat(boards_->instance(), "|", epoch_, "|", structure_,
                                                  "|", held_number_, "|", walking_ ? 1 : 0, "|",
                                                  changes_only_ ? 1 : 0, "|", at_.value_or("")));
  }

  absl::Status Resume(const SchemeBoard& board) {
    std::string text;
    if (!absl::WebSafeBase64Unescape(spec_.resume_token, &text)) {
      return Error(Reason::INVALID_PAGE_TOKEN);
    }
    const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits('|', 6));
    if (parts.size() != 7 || !absl::SimpleAtoi(parts[1], &epoch_) ||
        !absl::SimpleAtoi(parts[2], &structure_) || !absl::SimpleAtoi(parts[3], &number_)) {
      return Error(Reason::INVALID_PAGE_TOKEN);
    }
    if (parts[0] != boards_->instance() || epoch_ != board.epoch() ||
        structure_ != board.structure_number() || !board.Remembers(number_)) {
      return Error(Reason::VECTOR_GONE);
    }
    board_ = &board;
    held_number_ = number_;
    walking_ = parts[4] == "1";
    changes_only_ = parts[5] == "1";
    if (walking_) at_ = parts[6];
    return absl::OkStatus();
  }

  // ---- Waiting.

  void Sleep(Message* out, NextDone done, absl::Duration longest, bool on_change) {
    int64_t round = 0;
    {
      absl::MutexLock lock(&mu_);
      if (!cancelled_) {
        waiting_ = std::move(done);
        round = ++round_;
      }
    }
    if (round == 0) {
      done(absl::CancelledError("the caller is gone"));
      return;
    }
    std::weak_ptr<ScoreStream> weak = weak_from_this();
    int64_t wake = 0;
    if (on_change) {
      wake = boards_->WakeOnChange([weak, out, round] { WakeUp(weak, out, round, false); });
      // What changed between the last look and this registration.
      bool missed = true;
      boards_->Read(pin_, [&](const SchemeBoard& board, const Facts&) {
        missed = board.change_number() != number_ || board.epoch() != epoch_ ||
                 board.structure_number() != structure_;
      });
      if (missed) WakeUp(weak, out, round, false);
    }
    StreamTimer().After(longest, [weak, out, round, wake, boards = boards_, on_change] {
      if (weak.lock() == nullptr) return;
      if (on_change) boards->CancelWake(wake);
      WakeUp(weak, out, round, on_change);
    });
  }

  static void WakeUp(const std::weak_ptr<ScoreStream>& weak, Message* out, int64_t round,
                     bool say_something) {
    std::shared_ptr<ScoreStream> self = weak.lock();
    if (self == nullptr) return;
    self->Post([weak, out, round, say_something] {
      std::shared_ptr<ScoreStream> self = weak.lock();
      NextDone done;
      if (self != nullptr && self->Take(round, &done)) {
        self->Step(out, std::move(done), say_something);
      }
    });
  }

  // True for whoever comes first of change, time and cancel.
  bool Take(int64_t round, NextDone* done) {
    absl::MutexLock lock(&mu_);
    if (round != round_ || !waiting_) return false;
    *done = std::exchange(waiting_, nullptr);
    return true;
  }

  Scoreboards* const boards_;
  machine::Machine* const machine_;
  const machine::TreeSource tree_;
  rpc::Call& call_;
  const StreamSpec spec_;
  const StreamReply reply_;

  // Used by one Next at a time.
  Scoreboards::BoardPin pin_;
  const SchemeBoard* board_ = nullptr;  // The one that was walked; compared, never used.
  bool started_ = false;
  bool finished_ = false;
  bool walking_ = false;
  bool reset_ = false;
  bool changes_only_ = false;
  bool told_complete_ = false;
  int resets_ = 0;
  int64_t epoch_ = 0;
  int64_t structure_ = 0;
  int64_t number_ = 0;              // Changes up to here are sent or in the queue.
  int64_t held_number_ = 0;         // Changes up to here are sent.
  absl::optional<std::string> at_;  // Path of the last unit that the walk looked at.
  std::vector<Unit> shown_;
  std::deque<Unit> queue_;
  std::vector<ScoreRow> rows_;  // Of the message that is being made.
  absl::Time next_send_ = absl::InfinitePast();

  absl::Mutex mu_;
  NextDone waiting_ ABSL_GUARDED_BY(mu_);
  int64_t round_ ABSL_GUARDED_BY(mu_) = 0;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
};

// Sources are owned alone; a stream is also held by what it waits for.
class SharedStream : public rpc::Source {
 public:
  explicit SharedStream(std::shared_ptr<ScoreStream> stream) : stream_(std::move(stream)) {}
  ~SharedStream() override { stream_->Cancel(); }
  void Next(Message* out, NextDone done) override { stream_->Next(out, std::move(done)); }
  void Cancel() override { stream_->Cancel(); }

 private:
  std::shared_ptr<ScoreStream> stream_;
};

}  // namespace

std::unique_ptr<rpc::Source> MakeScoreStream(Scoreboards* boards, machine::Machine* machine,
                                             machine::TreeSource tree, rpc::Call& call,
                                             StreamSpec spec, StreamReply reply) {
  return std::make_unique<SharedStream>(std::make_shared<ScoreStream>(
      boards, machine, std::move(tree), call, std::move(spec), reply));
}

}  // namespace terrace::scoring
