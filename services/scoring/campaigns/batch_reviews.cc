#include "services/scoring/campaigns/batch_reviews.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "services/scoring/campaigns/campaign_rules.h"
#include "services/scoring/row_results.h"
#include "services/scoring/scoring_state.h"
#include "services/scoring/state_common.h"

namespace terrace::scoring {
namespace {

using types::v1::RowResult;

// Rows that one batch may read and change, and what it keeps free for the machine: a sheet has a
// row of its own and one for each stage.
constexpr size_t kChangesOfRow = 1 + kStagesMax;
constexpr size_t kChangesSpare = 4;

class Batch : public std::enable_shared_from_this<Batch> {
 public:
  Batch(machine::Machine* machine, rpc::Call& call, const v1::BatchRecordReviewsRequest& request,
        v1::BatchRecordReviewsResponse* reply, rpc::StatusDone done)
      : machine_(machine), call_(call), request_(request), reply_(reply), done_(std::move(done)) {}

  // Stores the rows from `next` on, as many at a time as one batch takes.
  void Store(int next) {
    if (next >= request_.rows_size()) {
      rpc::StampCursor(machine_->service(),
                       position_.log_id.empty() ? machine_->position() : position_, call_, reply_);
      done_(absl::OkStatus());
      return;
    }
    machine_->Execute(
        rpc::CommandOf(call_, request_), {request_.campaign()},
        [self = shared_from_this(), next](const machine::State& state, machine::Decision& decision,
                                          std::string*) {
          return self->Decide(static_cast<const ScoringState&>(state), next, decision);
        },
        [self = shared_from_this(), next](absl::StatusOr<machine::Done> result) {
          if (!result.ok()) {
            self->done_(result.status());
            return;
          }
          self->position_ = result->position;
          int row = next;
          for (const auto& outcome : self->outcomes_) {
            *self->reply_->add_results() =
                RowResultOf(row, self->request_.rows(row).unit(), outcome);
            ++row;
          }
          // Not on the machine's own thread: the next batch may be long in coming.
          self->machine_->executor().Post([self, row] { self->Store(row); });
        });
  }

 private:
  absl::Status Decide(const ScoringState& state, int next, machine::Decision& decision) {
    outcomes_.clear();
    TERRACE_ASSIGN_OR_RETURN(const std::shared_ptr<const CampaignRules> rules,
                             state.OpenCampaign(request_.campaign(), decision));
    size_t bytes = 0;
    for (int i = next; i < request_.rows_size(); ++i) {
      bytes += request_.rows(i).ByteSizeLong();
      if (i > next &&
          (decision.room() < kChangesOfRow + kChangesSpare || bytes > kReviewBatchBytes)) {
        break;
      }
      outcomes_.push_back(state.RecordReviewRow(request_, i, rules, decision));
    }
    return absl::OkStatus();
  }

  machine::Machine* const machine_;
  rpc::Call& call_;
  const v1::BatchRecordReviewsRequest& request_;
  v1::BatchRecordReviewsResponse* const reply_;
  rpc::StatusDone done_;
  std::vector<absl::StatusOr<RowResult::Outcome>> outcomes_;  // Of the batch under way.
  store::Cursor position_;
};

}  // namespace

void RecordReviews(machine::Machine* machine, rpc::Call& call,
                   const v1::BatchRecordReviewsRequest& request,
                   v1::BatchRecordReviewsResponse* reply, rpc::StatusDone done) {
  if (request.rows_size() > kReviewRowsMax) {
    done(Error(Reason::BATCH_TOO_LARGE, {{"count", absl::StrCat(request.rows_size())},
                                         {"limit", absl::StrCat(kReviewRowsMax)}}));
    return;
  }
  std::make_shared<Batch>(machine, call, request, reply, std::move(done))->Store(0);
}

}  // namespace terrace::scoring
