#include "services/measures/import.h"

#include <utility>

#include "common/base/error.h"
#include "common/base/refusal.h"
#include "common/base/text.h"
#include "services/measures/decide.h"

namespace terrace::measures {
namespace {

using google::protobuf::Message;
using rpc::StatusDone;
using types::v1::RowResult;

using Outcomes = std::vector<absl::StatusOr<RowResult::Outcome>>;

// Changes that one row may make, and that a batch keeps free for the machine.
constexpr size_t kChangesPerRow = 2;

class Import : public rpc::Receiver {
 public:
  Import(machine::Machine* machine, rpc::Call& call, ImportSpec spec)
      : machine_(machine), call_(call), spec_(std::move(spec)) {}

  void OnMessage(const Message& request, Message*, StatusDone done) override {
    const bool first = rows_seen_ == 0 && !opened_;
    message_ = spec_.open(request);
    if (!message_.status.ok()) {
      done(message_.status);
      return;
    }
    if (first) validate_only_ = message_.validate_only;
    opened_ = true;
    rows_seen_ += message_.rows.size();
    Store(0, std::move(done));
  }

  void OnEnd(Message* reply, StatusDone done) override {
    spec_.fill(ledger_, reply);
    rpc::StampCursor(machine_->service(),
                     position_.log_id.empty() ? machine_->position() : position_, call_, reply);
    done(absl::OkStatus());
  }

 private:
  // Stores the rows of the message from `next` on, as many at a time as one batch takes.
  void Store(size_t next, StatusDone done) {
    if (next == message_.rows.size()) {
      message_ = ImportMessage();
      done(absl::OkStatus());
      return;
    }
    machine::Command command;
    command.identity = call_.identity;
    command.method = call_.method;
    command.received = call_.received;
    command.deadline = call_.deadline;
    command.validate_only = validate_only_;
    std::vector<std::string> keys;
    for (size_t i = next; i < message_.rows.size(); ++i) {
      keys.push_back(spec_.name(*message_.rows[i]));
    }
    auto outcomes = std::make_shared<Outcomes>();
    machine_->Execute(
        std::move(command), std::move(keys),
        [this, next, outcomes](const machine::State& state, machine::Decision& d, std::string*) {
          outcomes->clear();
          size_t bytes = 0;
          for (size_t i = next; i < message_.rows.size(); ++i) {
            const Message& row = *message_.rows[i];
            bytes += row.ByteSizeLong();
            if (d.room() < kChangesPerRow || (bytes > kImportBatchBytes && i > next)) break;
            const absl::Status checked = CheckMessage(row);
            outcomes->push_back(checked.ok()
                                    ? spec_.decide(static_cast<const MeasuresState&>(state), row, d)
                                    : absl::StatusOr<RowResult::Outcome>(checked));
          }
          return absl::OkStatus();
        },
        [this, next, outcomes,
         done = std::move(done)](absl::StatusOr<machine::Done> result) mutable {
          if (!result.ok()) {
            done(result.status());
            return;
          }
          position_ = result->position;
          for (size_t i = 0; i < outcomes->size(); ++i) {
            ledger_.Add(spec_.name(*message_.rows[next + i]), (*outcomes)[i]);
          }
          // Not on the machine's own thread: the next batch may be long in coming.
          machine_->executor().Post(
              [this, next = next + outcomes->size(), done = std::move(done)]() mutable {
                Store(next, std::move(done));
              });
        });
  }

  machine::Machine* const machine_;
  rpc::Call& call_;
  const ImportSpec spec_;
  bool opened_ = false;
  bool validate_only_ = false;
  size_t rows_seen_ = 0;
  ImportMessage message_;
  ImportLedger ledger_;
  store::Cursor position_;
};

}  // namespace

void ImportLedger::Add(absl::string_view name, const absl::StatusOr<RowResult::Outcome>& outcome) {
  const RowResult::Outcome what = outcome.ok() ? *outcome : RowResult::OUTCOME_REJECTED;
  ++counts_[what];
  if (runs_.empty() || runs_.back().outcome() != what) {
    runs_.emplace_back();
    runs_.back().set_first_row(rows_);
    runs_.back().set_outcome(what);
  }
  runs_.back().set_count(runs_.back().count() + 1);
  const int64_t row = rows_++;
  if (outcome.ok()) return;
  if (static_cast<int>(results_.size()) == kImportRefusalsTold) {
    ++omitted_;
    return;
  }
  RowResult& result = results_.emplace_back();
  result.set_row(row);
  result.set_name(std::string(name));
  result.set_outcome(what);
  FillRefusal(outcome.status(), &result);
}

std::unique_ptr<rpc::Receiver> MakeImport(machine::Machine* machine, rpc::Call& call,
                                          ImportSpec spec) {
  return std::make_unique<Import>(machine, call, std::move(spec));
}

}  // namespace terrace::measures
