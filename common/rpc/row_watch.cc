#include "common/rpc/row_watch.h"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include "absl/types/span.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/timer.h"
#include "common/resource/names.h"

namespace terrace::rpc {
namespace {

using NextDone = absl::AnyInvocable<void(absl::StatusOr<bool>)>;

// Progress messages of all streams come from one timer.
Timer& ProgressTimer() {
  static Timer* timer = new Timer();
  return *timer;
}

class RowWatch : public Source, public std::enable_shared_from_this<RowWatch> {
 public:
  RowWatch(machine::Machine* machine, RowWatchSpec spec, absl::optional<store::Cursor> after)
      : machine_(machine), spec_(std::move(spec)), snapshot_(!after) {
    if (after) {
      at_ = *after;
    }
  }

  void Next(Message* out, NextDone done) override {
    if (snapshot_) {
      SnapshotPage(out, std::move(done));
    } else {
      Continue(out, std::move(done));
    }
  }

  void Cancel() override {
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
  // A page of rows. Rows that change between two pages come again from the log, with their later
  // revision, before SNAPSHOT_END.
  void SnapshotPage(Message* out, NextDone done) {
    struct Copy {
      std::string key;
      std::string value;
      store::Revision revision;
    };
    std::vector<Copy> rows;
    bool more = false;
    store::Cursor position;
    absl::Time present;
    machine_->Read<machine::State>([&](const machine::State& state, const store::Cursor& at) {
      position = at;
      present = state.present();
      state.rows().ForEach("", from_, [&](const std::string& key, const machine::Row& row) {
        if (rows.size() == kWatchPageRows) {
          from_ = key;
          more = true;
          return false;
        }
        rows.push_back({key, row.value, row.revision});
        return true;
      });
    });
    // After the rows are at hand, so that the tree knows their units.
    if (EndsHere(done)) return;
    for (const Copy& row : rows) spec_.event(row.key, &row.value, row.revision, out);
    if (at_.log_id.empty()) at_ = position;  // The log is followed from the first page on.
    snapshot_target_ = position.revision;
    if (!more) snapshot_ = false;
    ending_ = !more;
    spec_.finish({WatchKind::kSnapshot, at_, present}, out);
    done(true);
  }

  // True when what the stream may show has changed: `done` has run, and nothing follows.
  bool EndsHere(NextDone& done) {
    scope_changed_ = scope_changed_ || spec_.scope->Changed();
    if (scope_changed_) done(Error(Reason::SCOPE_CHANGED));
    return scope_changed_;
  }

  void Continue(Message* out, NextDone done) {
    if (EndsHere(done)) return;
    if (ending_ && at_.revision >= snapshot_target_) {
      ending_ = false;
      spec_.finish({WatchKind::kSnapshotEnd, at_, Present()}, out);
      done(true);
      return;
    }
    if (!batches_.empty()) {
      Deliver(out, std::move(done));
      return;
    }
    machine_->BatchesAfter(
        at_, kWatchBatches,
        [self = shared_from_this(), out,
         done = std::move(done)](absl::StatusOr<std::vector<store::CommittedPtr>> batches) mutable {
          if (!batches.ok()) {
            done(batches.status());
          } else if (batches->empty()) {
            self->Sleep(out, std::move(done));
          } else {
            self->batches_.assign(batches->begin(), batches->end());
            self->machine_->executor().Post([self, out, done = std::move(done)]() mutable {
              self->Deliver(out, std::move(done));
            });
          }
        });
  }

  // The next batch that holds something for the caller; the others only move the cursor.
  void Deliver(Message* out, NextDone done) {
    if (EndsHere(done)) return;
    while (!batches_.empty() && !scope_changed_) {
      store::CommittedPtr batch = std::move(batches_.front());
      batches_.pop_front();
      at_.revision = batch->revision;
      bool any = false;
      for (const store::CommittedChange& change : batch->changes) {
        any |=
            spec_.event(change.key, change.value ? &*change.value : nullptr, batch->revision, out);
      }
      scope_changed_ = spec_.moves && spec_.moves(*batch);
      if (any) {
        latest_ = std::max(latest_, machine::InstantOf(*batch));
        spec_.finish({WatchKind::kBatch, at_, latest_}, out);
        done(true);
        return;
      }
    }
    Continue(out, std::move(done));
  }

  // Waits for the next batch, but not longer than kWatchProgress.
  void Sleep(Message* out, NextDone done) {
    int64_t round = 0;
    NextDone refused;
    {
      absl::MutexLock lock(&mu_);
      (cancelled_ ? refused : waiting_) = std::move(done);
      round = ++round_;
    }
    if (refused) {
      refused(absl::CancelledError("the caller is gone"));
      return;
    }
    std::weak_ptr<RowWatch> weak = weak_from_this();
    int64_t wake = machine_->WakeAfter(
        at_.revision, [weak, out, round] { WakeUp(weak, out, round, /*quiet=*/false); });
    ProgressTimer().After(kWatchProgress, [weak, out, round, wake] {
      auto self = weak.lock();
      if (self == nullptr) return;
      self->machine_->CancelWake(wake);
      WakeUp(weak, out, round, /*quiet=*/true);
    });
  }

  static void WakeUp(const std::weak_ptr<RowWatch>& weak, Message* out, int64_t round, bool quiet) {
    auto self = weak.lock();
    if (self == nullptr) return;
    self->machine_->executor().Post([weak, out, round, quiet] {
      auto self = weak.lock();
      NextDone done;
      if (self == nullptr || !self->Take(round, &done)) return;
      if (quiet) {
        self->Progress(out, std::move(done));
      } else {
        self->Continue(out, std::move(done));
      }
    });
  }

  void Progress(Message* out, NextDone done) {
    if (EndsHere(done)) return;
    spec_.finish({WatchKind::kProgress, at_, Present()}, out);
    done(true);
  }

  // True for whoever comes first of batch, progress and cancel.
  bool Take(int64_t round, NextDone* done) {
    absl::MutexLock lock(&mu_);
    if (round != round_ || !waiting_) return false;
    *done = std::exchange(waiting_, nullptr);
    return true;
  }

  absl::Time Present() const {
    return machine_->Read<machine::State>(
        [](const machine::State& state, const store::Cursor&) { return state.present(); });
  }

  machine::Machine* const machine_;
  const RowWatchSpec spec_;

  // Used by one Next at a time.
  bool snapshot_;
  bool ending_ = false;  // All pages are out, SNAPSHOT_END is not.
  std::string from_;
  store::Revision snapshot_target_;
  store::Cursor at_;
  absl::Time latest_ = absl::InfinitePast();  // Of what batches spoke of.
  std::deque<store::CommittedPtr> batches_;
  bool scope_changed_ = false;

  absl::Mutex mu_;
  NextDone waiting_ ABSL_GUARDED_BY(mu_);
  int64_t round_ ABSL_GUARDED_BY(mu_) = 0;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
};

// Sources are owned alone; a watch is also held by what it waits for.
class SharedSource : public Source {
 public:
  explicit SharedSource(std::shared_ptr<RowWatch> watch) : watch_(std::move(watch)) {}
  ~SharedSource() override { watch_->Cancel(); }
  void Next(Message* out, NextDone done) override { watch_->Next(out, std::move(done)); }
  void Cancel() override { watch_->Cancel(); }

 private:
  std::shared_ptr<RowWatch> watch_;
};

// Whether numbers of units mean the same in both versions: both come from one mirror, which keeps
// its ids where they are.
bool AreOfOneMirror(const tree::Tree& before, const tree::Tree& after) {
  return before.size() == 0 || (after.size() > 0 && before.Id(0).data() == after.Id(0).data());
}

bool WasThere(const tree::Tree& before, tree::UnitNumber unit) {
  return unit < before.size() && before.Exists(unit);
}

}  // namespace

absl::StatusOr<std::shared_ptr<WatchScope>> WatchScope::Of(const std::string& subtree,
                                                           types::v1::Line line, Rules rules,
                                                           access::Identity identity,
                                                           machine::TreeSource tree,
                                                           const Clock* clock) {
  std::shared_ptr<WatchScope> scope(new WatchScope());
  scope->tree_ = tree();
  scope->compared_ = scope->tree_;
  scope->now_ = clock->Now();
  if (!subtree.empty()) {
    TERRACE_ASSIGN_OR_RETURN(absl::string_view id, resource::ParseUnitName(subtree));
    if (!scope->tree_->Number(id)) return Error(Reason::NOT_FOUND, {{"name", subtree}});
    scope->subtree_ = Part{std::string(id), tree::FromProto(line)};
  }
  for (const access::Grant& grant : identity.grants) {
    if (grant.unit.empty() || grant.expires <= scope->now_) continue;
    scope->grants_.push_back({grant.unit, tree::FromProto(grant.line)});
  }
  scope->identity_ = std::move(identity);
  scope->rules_ = rules;
  scope->source_ = std::move(tree);
  scope->clock_ = clock;
  return scope;
}

bool WatchScope::Changed() {
  if (HasExpired(std::exchange(now_, clock_->Now()))) return true;
  if (ShowsAll()) return false;
  tree_ = source_();
  if (tree_ == compared_) return false;
  if (absl::AbsDuration(now_ - compared_time_) < kWatchComparePause &&
      UnitsWalked() > kWatchUnitsAtOnce) {
    return false;
  }
  compared_time_ = now_;
  const std::shared_ptr<const tree::Tree> before = std::exchange(compared_, tree_);
  return Differs(*before);
}

// Roughly, what a comparison looks at.
size_t WatchScope::UnitsWalked() const {
  size_t units = 0;
  const auto add = [&](const Part& part) {
    if (absl::optional<tree::UnitNumber> top = tree_->Number(part.top)) {
      units += tree_->SubtreeCount(*top, part.line);
    }
  };
  if (subtree_) add(*subtree_);
  if (!subtree_ || rules_ == Rules::kAboveGrants) {
    std::for_each(grants_.begin(), grants_.end(), add);
  }
  return units;
}

bool WatchScope::Applies(absl::string_view office) const {
  if (Shows(office)) return true;
  if (rules_ == Rules::kAboveGrants || !subtree_) {
    return access::AppliesTo(identity_, *tree_, office, options::v1::ROLE_VIEWER, now_);
  }
  const absl::optional<tree::UnitNumber> number = tree_->Number(office);
  const absl::optional<tree::UnitNumber> top = tree_->Number(subtree_->top);
  if (!number || !top) return false;
  return std::any_of(tree::kBothLines.begin(), tree::kBothLines.end(),
                     [&](tree::Line line) { return tree_->IsUnder(*top, *number, line); });
}

bool WatchScope::ShowsAll() const {
  return !subtree_ && access::HoldsRealm(identity_, options::v1::ROLE_VIEWER, now_);
}

bool WatchScope::MaySee(const tree::Tree& tree, absl::string_view unit) const {
  return access::MaySee(identity_, tree, unit, now_);
}

bool WatchScope::ShowsOn(const tree::Tree& tree, absl::string_view unit) const {
  if (subtree_) {
    const absl::optional<tree::UnitNumber> number = tree.Number(unit);
    const absl::optional<tree::UnitNumber> top = tree.Number(subtree_->top);
    if (!number || !top || !tree.IsUnder(*number, *top, subtree_->line)) return false;
  }
  return MaySee(tree, unit);
}

bool WatchScope::HasExpired(absl::Time since) const {
  return std::any_of(
      identity_.grants.begin(), identity_.grants.end(),
      [&](const access::Grant& grant) { return since < grant.expires && grant.expires <= now_; });
}

bool WatchScope::Differs(const tree::Tree& before) const {
  if (!AreOfOneMirror(before, *tree_)) return true;
  if (subtree_ && PartDiffers(before, *subtree_)) return true;
  const bool sees_all = access::HoldsRealm(identity_, options::v1::ROLE_VIEWER, now_);
  const bool by_rules = rules_ == Rules::kAboveGrants || !subtree_;
  if (!sees_all && (by_rules || !IsWithinOneGrant(before))) {
    for (const Part& grant : grants_) {
      if (PartDiffers(before, grant)) return true;
    }
  }
  if (!by_rules) return AboveDiffers(before, subtree_->top);
  return !sees_all && std::any_of(grants_.begin(), grants_.end(), [&](const Part& grant) {
    return AboveDiffers(before, grant.top);
  });
}

// Whether one grant covers the whole subtree in both versions, so that all of it may be seen.
bool WatchScope::IsWithinOneGrant(const tree::Tree& before) const {
  const auto covers = [&](const Part& grant, const tree::Tree& tree) {
    const absl::optional<tree::UnitNumber> top = tree.Number(subtree_->top);
    const absl::optional<tree::UnitNumber> above = tree.Number(grant.top);
    return top && above && tree.IsUnder(*top, *above, grant.line);
  };
  return std::any_of(grants_.begin(), grants_.end(), [&](const Part& grant) {
    return grant.line == subtree_->line && covers(grant, before) && covers(grant, *tree_);
  });
}

// Whether a unit came into the part or left it for which the answer is another one now. Where the
// highest such unit hangs, or hung, the list of children has changed.
bool WatchScope::PartDiffers(const tree::Tree& before, const Part& part) const {
  const tree::Tree& after = *tree_;
  const tree::Line line = part.line;
  const absl::optional<tree::UnitNumber> top = after.Number(part.top);
  if (!top) return false;
  const auto was_inside = [&](tree::UnitNumber unit) {
    return WasThere(before, *top) && before.IsUnder(unit, *top, line);
  };
  return !after.ForEachInSubtree(*top, line, [&](tree::UnitNumber parent) {
    absl::Span<const tree::UnitNumber> were;
    if (parent < before.size()) were = before.Children(parent, line);
    const absl::Span<const tree::UnitNumber> are = after.Children(parent, line);
    if (were.data() == are.data() && were.size() == are.size()) return true;
    for (tree::UnitNumber child : were) {
      if (after.Parent(child, line) != parent && !after.IsUnder(child, *top, line) &&
          AnyUnitDiffers(before, before, child, line)) {
        return false;
      }
    }
    for (tree::UnitNumber child : are) {
      if (WasThere(before, child) && before.Parent(child, line) != parent && !was_inside(child) &&
          AnyUnitDiffers(before, after, child, line)) {
        return false;
      }
    }
    return true;
  });
}

// Whether a unit below `top` of the tree `where` was there before and is shown in one version only.
bool WatchScope::AnyUnitDiffers(const tree::Tree& before, const tree::Tree& where,
                                tree::UnitNumber top, tree::Line line) const {
  return !where.ForEachInSubtree(top, line, [&](tree::UnitNumber unit) {
    if (!WasThere(before, unit)) return true;
    const absl::string_view id = before.Id(unit);
    if (ShowsOn(before, id) != ShowsOn(*tree_, id)) return false;
    return rules_ != Rules::kAboveGrants || MaySee(before, id) == MaySee(*tree_, id);
  });
}

// Whether other units that were there before stand above the unit, on either line.
bool WatchScope::AboveDiffers(const tree::Tree& before, absl::string_view unit) const {
  const auto above = [&](const tree::Tree& tree) {
    std::set<tree::UnitNumber> offices;
    if (absl::optional<tree::UnitNumber> number = tree.Number(unit)) {
      for (tree::Line line : tree::kBothLines) {
        for (tree::UnitNumber office : tree.Path(*number, line)) {
          if (WasThere(before, office)) offices.insert(office);
        }
      }
    }
    return offices;
  };
  return above(before) != above(*tree_);
}

std::unique_ptr<Source> WatchRows(machine::Machine* machine, RowWatchSpec spec,
                                  absl::optional<store::Cursor> after) {
  TERRACE_CHECK(spec.scope != nullptr);
  return std::make_unique<SharedSource>(
      std::make_shared<RowWatch>(machine, std::move(spec), std::move(after)));
}

}  // namespace terrace::rpc
