#include "services/terrace/unit_sender.h"

#include <memory>
#include <utility>

#include "common/base/check.h"

namespace terrace::cli {

UnitSender::UnitSender(Client* client, SenderOptions options, Progress* progress)
    : client_(client), options_(std::move(options)), progress_(progress) {
  for (int i = 0; i < options_.streams; ++i) threads_.emplace_back([this] { Work(); });
}

UnitSender::~UnitSender() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    waiting_.clear();
  }
  for (std::thread& thread : threads_) thread.join();
}

absl::Status UnitSender::Send(registry::v1::ImportUnitRow row) {
  if (batch_.messages.empty() || batch_.messages.back().rows_size() >= options_.message_rows) {
    registry::v1::ImportUnitsRequest& message = batch_.messages.emplace_back();
    message.set_subtree(options_.subtree);
    message.set_validate_only(options_.dry_run);
  }
  *batch_.messages.back().add_rows() = std::move(row);
  ++batch_.rows;
  ++rows_taken_;
  return batch_.rows < options_.batch_rows ? absl::OkStatus() : Flush();
}

absl::Status UnitSender::Flush() {
  absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(this, &UnitSender::CanTake));
  TERRACE_RETURN_IF_ERROR(error_);
  if (batch_.rows > 0) waiting_.push_back(std::move(batch_));
  batch_ = Batch();
  batch_.first_row = rows_taken_;
  return absl::OkStatus();
}

absl::Status UnitSender::Barrier() {
  TERRACE_RETURN_IF_ERROR(Flush());
  absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(this, &UnitSender::Idle));
  return error_;
}

ImportTotals UnitSender::totals() const {
  absl::MutexLock lock(&mu_);
  return totals_;
}

void UnitSender::Work() {
  for (;;) {
    Batch batch;
    {
      absl::MutexLock lock(&mu_);
      mu_.Await(absl::Condition(this, &UnitSender::HasWork));
      if (stopping_) return;
      batch = std::move(waiting_.back());
      waiting_.pop_back();
      ++under_way_;
    }
    const absl::Status status = SendBatch(batch);
    absl::MutexLock lock(&mu_);
    --under_way_;
    if (!status.ok() && error_.ok()) error_ = status;
  }
}

absl::Status UnitSender::SendBatch(const Batch& batch) {
  const std::unique_ptr<rpc::Stream> stream =
      client_->Open(registry::v1::ImportUnitsRequest::descriptor());
  for (const registry::v1::ImportUnitsRequest& message : batch.messages) {
    if (!stream->Write(message)) break;  // Finish tells why.
  }
  stream->WritesDone();
  registry::v1::ImportUnitsResponse reply;
  const bool answered = stream->Read(&reply);
  TERRACE_RETURN_IF_ERROR(client_->Explain(stream->Finish()));
  TERRACE_CHECK(answered);
  Take(batch, reply);
  return absl::OkStatus();
}

void UnitSender::Take(const Batch& batch, const registry::v1::ImportUnitsResponse& reply) {
  {
    absl::MutexLock lock(&mu_);
    totals_.rows += reply.rows();
    totals_.created += reply.created();
    totals_.updated += reply.updated();
    totals_.unchanged += reply.unchanged();
    totals_.rejected += reply.rejected();
    for (types::v1::RowResult result : reply.results()) {
      if (totals_.refused.size() == kRefusedShown) break;
      result.set_row(batch.first_row + result.row() + 1);
      totals_.refused.push_back(std::move(result));
    }
  }
  if (progress_ != nullptr) progress_->Add(batch.rows);
}

}  // namespace terrace::cli
