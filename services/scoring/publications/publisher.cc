#include "services/scoring/publications/publisher.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "common/rpc/positions.h"

namespace terrace::scoring {
namespace {

using internal::v1::OperationRecord;
using storage::v1::PublicationRow;

// Whether the same may go well later.
bool MayPass(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnavailable:
      return true;
    default:
      return false;
  }
}

}  // namespace

// One attempt at one publication, in this process.
struct Publisher::Work {
  std::string name;
  std::string attempt;
  bool ended = false;  // The operation had when it began.
  bool failing = false;
  bool more = false;  // What a step that deletes has left.
  ResultSnapshot snapshot;
  size_t written = 0;  // Results of it.
  v1::Publication outcome;
};

Publisher::Publisher(machine::Machine* machine, std::shared_ptr<Scoreboards> boards,
                     machine::TreeSource tree, StaleInputsFn stale_inputs)
    : machine_(machine),
      tree_(std::move(tree)),
      stale_inputs_(std::move(stale_inputs)),
      executor_(&machine->executor()),
      boards_(std::move(boards)) {}

void Publisher::Start() {
  machine_->Listen([weak = weak_from_this()](const store::CommittedPtr& batch) {
    const std::shared_ptr<Publisher> self = weak.lock();
    if (self == nullptr) return;
    const auto matters = [](const store::CommittedChange& change) {
      return absl::StrContains(change.key, kPublicationsInfix) ||
             absl::StrContains(change.key, "/operations/");
    };
    const bool concerns =
        batch == nullptr || std::any_of(batch->changes.begin(), batch->changes.end(), matters);
    if (concerns) self->Post([self = self.get()] { self->Look(); });
  });
  Post([this] { Look(); });
}

void Publisher::Stop() {
  timer_.Stop();
  std::shared_ptr<Scoreboards> boards;  // Let go of without the lock.
  absl::MutexLock lock(&mu_);
  stopping_ = true;
  mu_.Await(absl::Condition(
      +[](int* active) { return *active == 0; }, &active_));
  boards = std::move(boards_);
}

bool Publisher::stopped() const {
  absl::MutexLock lock(&mu_);
  return stopping_;
}

void Publisher::Post(absl::AnyInvocable<void()> work) {
  {
    // What is answered after Stop finds no executor any more.
    absl::MutexLock lock(&mu_);
    if (stopping_) return;
    ++active_;
  }
  executor_->Post([self = shared_from_this(), work = std::move(work)]() mutable {
    if (!self->stopped()) work();
    absl::MutexLock lock(&self->mu_);
    --self->active_;
  });
}

void Publisher::LookLater() {
  {
    absl::MutexLock lock(&mu_);
    if (look_due_ || stopping_) return;
    look_due_ = true;
  }
  timer_.After(kLookEvery, [weak = weak_from_this()] {
    const std::shared_ptr<Publisher> self = weak.lock();
    if (self == nullptr) return;
    {
      absl::MutexLock lock(&self->mu_);
      self->look_due_ = false;
    }
    self->Post([self = self.get()] { self->Look(); });
  });
}

// ------------------------------------------------------------------------------------- who works

void Publisher::Look() {
  std::vector<Found> all;
  machine_->Read<ScoringState>([&](const ScoringState& state, const store::Cursor&) {
    for (const std::string& name : state.publications().preparing()) {
      const auto row = state.rows().Get<PublicationRow>(name);
      Found found{name};
      if (const machine::Row* operation = state.rows().Find(row->operation())) {
        const auto record = machine::Rows::Parse<OperationRecord>(*operation);
        found.attempt = record.resume();
        found.revision = operation->revision.value;
        found.ended = record.done();
      } else {
        found.ended = true;
      }
      all.push_back(std::move(found));
    }
  });
  StaleInputs stale;
  if (!all.empty() && stale_inputs_) stale_inputs_(&stale);
  for (const Found& found : all) {
    if (!found.ended && !stale.empty()) continue;
    auto work = std::make_shared<Work>();
    work->name = found.name;
    work->ended = found.ended;
    {
      absl::MutexLock lock(&mu_);
      if (!MayClaim(found)) continue;
      working_.emplace(found.name, found.ended);
      work->attempt = absl::StrCat(boards_->instance(), ".", ++attempts_);
    }
    if (found.ended) {
      Abandon(work);
    } else {
      Claim(work, found.attempt);
    }
  }
  if (!all.empty()) LookLater();
}

bool Publisher::MayClaim(const Found& found) {
  if (working_.contains(std::make_pair(found.name, found.ended))) return false;
  const bool own = absl::StartsWith(found.attempt, absl::StrCat(boards_->instance(), "."));
  if (found.ended || found.attempt.empty() || own || !machine_->store().shared()) return true;
  const absl::Time now = machine_->clock().Now();
  Seen& seen = seen_[found.name];
  if (seen.revision != found.revision) {
    seen = {found.revision, now};
    return false;
  }
  return now - seen.since >= kLease;
}

void Publisher::End(const WorkPtr& work) {
  {
    absl::MutexLock lock(&mu_);
    working_.erase(std::make_pair(work->name, work->ended));
    seen_.erase(work->name);
  }
  LookLater();
}

// ----------------------------------------------------------------------------------------- steps

void Publisher::Run(const WorkPtr& work, Step step, Next next) {
  machine::Command command;
  command.identity.subject = absl::StrCat("services/", machine_->service());
  command.identity.service = true;
  command.method = "publication";
  command.received = machine_->clock().Now();
  command.deadline = command.received + machine::kCommandTimeoutDefault;
  machine_->Execute(
      std::move(command), {work->name},
      [step = std::move(step)](const machine::State& state, machine::Decision& decision,
                               std::string* reply) {
        *reply = step(static_cast<const ScoringState&>(state), decision) ? "taken" : "";
        return absl::OkStatus();
      },
      [self = shared_from_this(), work,
       next = std::move(next)](absl::StatusOr<machine::Done> done) mutable {
        Publisher& publisher = *self;
        publisher.Post(
            [self = std::move(self), work, next = std::move(next), done = std::move(done)] {
              if (done.ok() && !done->reply.empty()) {
                next();
              } else if (done.ok() || MayPass(done.status()) || work->failing) {
                self->End(work);
              } else {
                self->Fail(work, done.status());
              }
            });
      });
}

void Publisher::Claim(const WorkPtr& work, const std::string& former) {
  Run(
      work,
      [work, former](const ScoringState& state, machine::Decision& decision) {
        return state.ClaimPublication(work->name, former, work->attempt, decision);
      },
      [this, work] { Read(work); });
}

void Publisher::Read(const WorkPtr& work) {
  SnapshotRequest request;
  rpc::Positions least;
  machine_->Read<ScoringState>([&](const ScoringState& state, const store::Cursor& position) {
    const auto row = state.rows().Get<PublicationRow>(work->name);
    const auto operation = state.rows().Get<OperationRecord>(row->operation());
    v1::PublishResultsRequest spec;
    TERRACE_CHECK(operation.has_value() && operation->spec().UnpackTo(&spec));
    least = rpc::ToPositions(spec.min_revision());
    const rpc::Positions known = rpc::ToPositions(boards_->vector());
    for (const auto& [service, cursor] : rpc::ToPositions(row->seen())) {
      const auto log = known.find(service);  // Another log is not waited for.
      if (log == known.end() || log->second.log_id != cursor.log_id) continue;
      rpc::MergePositions({{service, cursor}}, &least);
    }
    least[machine_->service()] = position;
    request.board.scheme = *ParseScheme(row->publication().scheme());
    request.board.period = *calendar::Period::Parse(row->publication().period());
    request.board.at = FromProto(row->publication().at_time());
  });
  request.names = tree_();
  request.deadline = machine_->clock().Now() + kReadyWaitMax;
  request.stopped = [weak = weak_from_this()] {
    const std::shared_ptr<Publisher> self = weak.lock();
    return self == nullptr || self->stopped();
  };
  auto taken = [self = shared_from_this(), work](absl::StatusOr<ResultSnapshot> snapshot) mutable {
    Publisher& publisher = *self;
    publisher.Post([self = std::move(self), work, snapshot = std::move(snapshot)]() mutable {
      self->Take(work, std::move(snapshot));
    });
  };
  const absl::Time deadline = request.deadline;
  // What waits inside the boards must not keep them.
  boards_->WaitFor(
      rpc::ToVector(least), deadline,
      [weak_boards = std::weak_ptr<Scoreboards>(boards_), executor = executor_,
       request = std::move(request), taken = std::move(taken)](absl::Status status) mutable {
        std::shared_ptr<Scoreboards> boards = weak_boards.lock();
        if (!status.ok()) {
          taken(std::move(status));
        } else if (boards != nullptr) {
          TakeSnapshot(std::move(boards), executor, std::move(request), std::move(taken));
        }
      });
}

void Publisher::Take(const WorkPtr& work, absl::StatusOr<ResultSnapshot> snapshot) {
  if (!snapshot.ok()) {
    if (MayPass(snapshot.status())) {
      End(work);
    } else {
      Fail(work, snapshot.status());
    }
    return;
  }
  work->snapshot = *std::move(snapshot);
  ResultTree tree;
  for (const UnitResult& result : work->snapshot.results) tree.Add(result.row);
  *work->outcome.mutable_vector() = work->snapshot.vector;
  work->outcome.set_result_count(static_cast<int64_t>(work->snapshot.results.size()));
  work->outcome.set_root(tree.Root());
  Clear(work);
}

void Publisher::Clear(const WorkPtr& work) {
  Run(
      work,
      [work](const ScoringState& state, machine::Decision& decision) {
        return state.ClearResults(work->name, work->attempt, decision, &work->more);
      },
      [this, work] {
        if (work->more) {
          Clear(work);
        } else {
          Write(work);
        }
      });
}

void Publisher::Write(const WorkPtr& work) {
  const std::vector<UnitResult>& results = work->snapshot.results;
  if (work->written == results.size()) {
    Announce(work);
    return;
  }
  const size_t first = work->written;
  size_t end = first;
  size_t bytes = 0;
  while (end < results.size() && end - first < kResultsPerBatch &&
         (end == first || bytes + results[end].row.size() <= kResultBytesPerBatch)) {
    bytes += results[end++].row.size();
  }
  Run(
      work,
      [work, first, end](const ScoringState& state, machine::Decision& decision) {
        return state.WriteResults(
            work->name, work->attempt,
            absl::MakeConstSpan(work->snapshot.results).subspan(first, end - first),
            static_cast<int64_t>(end), decision);
      },
      [this, work, end] {
        work->written = end;
        Write(work);
      });
}

void Publisher::Announce(const WorkPtr& work) {
  Run(
      work,
      [work](const ScoringState& state, machine::Decision& decision) {
        return state.AnnouncePublication(work->name, work->attempt, work->outcome, decision);
      },
      [this, work] { End(work); });
}

void Publisher::Fail(const WorkPtr& work, const absl::Status& error) {
  work->failing = true;
  Run(
      work,
      [work, error](const ScoringState& state, machine::Decision& decision) {
        return state.FailPublication(work->name, work->attempt, error, decision);
      },
      [this, work] { Abandon(work); });
}

void Publisher::Abandon(const WorkPtr& work) {
  work->failing = true;
  Run(
      work,
      [work](const ScoringState& state, machine::Decision& decision) {
        state.AbandonPublication(work->name, decision, &work->more);
        return true;
      },
      [this, work] {
        if (work->more) {
          Abandon(work);
        } else {
          End(work);
        }
      });
}

}  // namespace terrace::scoring
