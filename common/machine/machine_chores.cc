#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/machine/machine_impl.h"
#include "common/store/cursor.h"

namespace terrace::machine {

void Machine::Impl::Look() {
  Sweep();
  absl::Time next = absl::InfiniteFuture();
  bool operations = false;
  {
    absl::ReaderMutexLock lock(&state_mu_);
    next = state_->NextTick();
    operations = !state_->open_operations().empty();
  }
  if (next <= options_.clock->Now()) Tick(next);
  if (operations) ContinueOperations();
  timer_->After(kTickLook, [this] { Look(); });
}

void Machine::Impl::Tick(absl::Time instant) {
  {
    absl::MutexLock lock(&mu_);
    if (ticking_) return;
    ticking_ = true;
  }
  Command command;
  command.identity.subject = absl::StrCat("services/", options_.service);
  command.identity.service = true;
  command.method = "tick";
  command.received = options_.clock->Now();
  Execute(
      std::move(command), {std::string(kTickKey)},
      [instant](const State& state, Decision& decision, std::string*) {
        storage::v1::Tick tick;
        // Another replica may have been first; its tick guards this one.
        auto last = decision.Get<storage::v1::Tick>(kTickKey);
        if (last && FromProto(last->instant()) >= instant) return absl::OkStatus();
        *tick.mutable_instant() = ToProto(instant);
        decision.Put(kTickKey, tick);
        return absl::OkStatus();
      },
      [this](absl::StatusOr<Done>) {
        absl::MutexLock lock(&mu_);
        ticking_ = false;
      });
}

void Machine::Impl::Sweep() {
  absl::Time log_time;
  {
    absl::ReaderMutexLock lock(&state_mu_);
    log_time = state_->log_time();
  }
  std::vector<std::string> expired = requests_.Expired(log_time, store::kBatchChangesMax / 2);
  if (expired.empty()) return;
  {
    absl::MutexLock lock(&mu_);
    if (sweeping_ || draining_) return;
    sweeping_ = true;
  }
  Command command;
  command.identity.subject = absl::StrCat("services/", options_.service);
  command.method = "sweep";
  command.received = options_.clock->Now();
  store::Batch batch;
  batch.id = store::NewBatchId();
  batch.header = MakeHeader(command, {});
  for (std::string& key : expired) batch.changes.push_back({std::move(key), absl::nullopt});
  options_.store->Commit(std::move(batch), [this](absl::StatusOr<store::Revision>) {
    absl::MutexLock lock(&mu_);
    sweeping_ = false;
  });
}

void Machine::Impl::ContinueOperations() {
  std::vector<std::string> names;
  {
    absl::ReaderMutexLock lock(&state_mu_);
    for (const std::string& name : state_->open_operations()) {
      const auto record = state_->rows().Get<internal::v1::OperationRecord>(name);
      if (record->cancel_requested() || state_->Continues(*record)) names.push_back(name);
    }
  }
  for (const std::string& name : names) {
    {
      absl::MutexLock lock(&mu_);
      if (draining_ || !operations_running_.insert(name).second) continue;
    }
    auto again = std::make_shared<bool>(false);
    Command command;
    command.identity.subject = absl::StrCat("services/", options_.service);
    command.identity.service = true;
    command.method = "operation";
    command.received = options_.clock->Now();
    Execute(
        std::move(command), {name},
        [name, again](const State& state, Decision& decision, std::string*) {
          auto record = decision.Get<internal::v1::OperationRecord>(name);
          if (!record || record->done()) return absl::OkStatus();
          // Another replica may know more of the registry than this one does by now: one that has
          // just started knows nothing, not even the name of its log.
          const tree::TreeCursor& tree = decision.tree().cursor();
          const store::Cursor known = store::FromProto(record->registry());
          const bool behind = tree.log_id.empty() ? !known.log_id.empty()
                                                  : tree.log_id == known.log_id &&
                                                        tree.revision < known.revision.value;
          if (behind) return absl::OkStatus();
          *record->mutable_registry() = store::ToProto({tree.log_id, {tree.revision}});
          absl::Status status;
          if (record->cancel_requested()) {
            status = absl::CancelledError("cancelled on request");
          } else {
            status = state.ContinueOperation(decision, *record);
          }
          if (!status.ok()) {
            record->mutable_error()->set_code(static_cast<int>(status.code()));
            record->mutable_error()->set_message(std::string(status.message()));
            record->set_done(true);
          }
          decision.Put(name, *record);
          *again = !record->done();
          return absl::OkStatus();
        },
        [this, name, again](absl::StatusOr<Done> done) {
          {
            absl::MutexLock lock(&mu_);
            operations_running_.erase(name);
          }
          if (done.ok() && *again) Post([this] { ContinueOperations(); });
        });
  }
}

}  // namespace terrace::machine
