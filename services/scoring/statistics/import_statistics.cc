#include "services/scoring/statistics/import_statistics.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "services/scoring/row_results.h"
#include "services/scoring/scoring_state.h"
#include "services/scoring/state_common.h"
#include "terrace/scoring/v1/scoreboard.pb.h"

namespace terrace::scoring {
namespace {

using rpc::Message;
using rpc::StatusDone;
using types::v1::RowResult;

using Outcomes = std::vector<absl::StatusOr<RowResult::Outcome>>;

// Changes that a batch keeps free for the machine.
constexpr size_t kChangesSpare = 2;

class Import : public rpc::Receiver {
 public:
  Import(machine::Machine* machine, rpc::Call& call) : machine_(machine), call_(call) {}

  void OnMessage(const Message& request, Message*, StatusDone done) override {
    const auto& message = static_cast<const v1::ImportStatisticsRequest&>(request);
    absl::Status status = Open(message);
    if (!status.ok()) {
      done(std::move(status));
      return;
    }
    message_ = message;
    Store(0, std::move(done));
  }

  void OnEnd(Message* reply, StatusDone done) override {
    auto* response = static_cast<v1::ImportStatisticsResponse*>(reply);
    const bool all = rows_ <= kImportResultsTold;
    for (RowResult& result : results_) {
      if (all || result.outcome() == RowResult::OUTCOME_REJECTED) {
        *response->add_results() = std::move(result);
      }
    }
    response->set_created(counts_[RowResult::OUTCOME_CREATED]);
    response->set_updated(counts_[RowResult::OUTCOME_UPDATED]);
    response->set_unchanged(counts_[RowResult::OUTCOME_UNCHANGED]);
    response->set_rejected(counts_[RowResult::OUTCOME_REJECTED]);
    rpc::StampCursor(machine_->service(),
                     position_.log_id.empty() ? machine_->position() : position_, call_, reply);
    done(absl::OkStatus());
  }

 private:
  // All messages speak of the same import.
  absl::Status Open(const v1::ImportStatisticsRequest& message) {
    if (message.rows_size() > kStatisticRowsMax) {
      return Error(Reason::BATCH_TOO_LARGE, {{"count", absl::StrCat(message.rows_size())},
                                             {"limit", absl::StrCat(kStatisticRowsMax)}});
    }
    if (office_.empty()) {
      if (message.acting_office().empty()) return Required("acting_office");
      if (message.definition().empty()) return Required("definition");
      office_ = message.acting_office();
      definition_ = message.definition();
      validate_only_ = message.validate_only();
    }
    if (message.acting_office() != office_) {
      return Invalid("acting_office", "it must be the same in every message");
    }
    if (message.definition() != definition_) {
      return Invalid("definition", "it must be the same in every message");
    }
    return absl::OkStatus();
  }

  // Stores the rows of the message from `next` on, as many at a time as one batch takes.
  void Store(int next, StatusDone done) {
    if (next >= message_.rows_size()) {
      done(absl::OkStatus());
      return;
    }
    machine::Command command;
    command.identity = call_.identity;
    command.method = call_.method;
    command.acting_office = office_;
    command.received = call_.received;
    command.deadline = call_.deadline;
    command.validate_only = validate_only_;
    auto outcomes = std::make_shared<Outcomes>();
    machine_->Execute(
        std::move(command), {absl::StrCat(definition_, " ", office_)},
        [this, next, outcomes](const machine::State& state, machine::Decision& decision,
                               std::string*) {
          return Decide(static_cast<const ScoringState&>(state), next, decision, outcomes.get());
        },
        [this, next, outcomes,
         done = std::move(done)](absl::StatusOr<machine::Done> result) mutable {
          if (!result.ok()) {
            done(result.status());
            return;
          }
          position_ = result->position;
          for (size_t i = 0; i < outcomes->size(); ++i) {
            Count(message_.rows(next + static_cast<int>(i)), (*outcomes)[i]);
          }
          // Not on the machine's own thread: the next batch may be long in coming.
          machine_->executor().Post(
              [this, next = next + static_cast<int>(outcomes->size()),
               done = std::move(done)]() mutable { Store(next, std::move(done)); });
        });
  }

  absl::Status Decide(const ScoringState& state, int next, machine::Decision& decision,
                      Outcomes* outcomes) const {
    outcomes->clear();
    TERRACE_ASSIGN_OR_RETURN(const v1::StatisticDefinition definition,
                             state.DefinitionFor(definition_, office_, decision));
    size_t bytes = 0;
    for (int i = next; i < message_.rows_size(); ++i) {
      bytes += message_.rows(i).ByteSizeLong();
      if (decision.room() < kChangesSpare || (bytes > kImportBatchBytes && i > next)) break;
      outcomes->push_back(state.ImportStatistic(message_.rows(i), definition, office_, decision));
    }
    return absl::OkStatus();
  }

  void Count(const v1::StatisticRow& row, const absl::StatusOr<RowResult::Outcome>& outcome) {
    RowResult result = RowResultOf(rows_++, row.unit(), outcome);
    ++counts_[result.outcome()];
    // Once the stream is too long for all results, only refusals are told.
    const bool told = !outcome.ok() || rows_ <= kImportResultsTold;
    if (told && results_.size() < static_cast<size_t>(2 * kImportResultsTold) &&
        (outcome.ok() || refusals_++ < kImportResultsTold)) {
      results_.push_back(std::move(result));
    }
  }

  machine::Machine* const machine_;
  rpc::Call& call_;
  std::string office_;
  std::string definition_;
  bool validate_only_ = false;
  v1::ImportStatisticsRequest message_;
  int64_t rows_ = 0;
  int64_t refusals_ = 0;
  int64_t counts_[RowResult::Outcome_ARRAYSIZE] = {};
  std::vector<RowResult> results_;
  store::Cursor position_;
};

}  // namespace

std::unique_ptr<rpc::Receiver> MakeStatisticsImport(machine::Machine* machine, rpc::Call& call) {
  return std::make_unique<Import>(machine, call);
}

}  // namespace terrace::scoring
