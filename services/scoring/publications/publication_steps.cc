// What Publisher decides, step by step: from the claim of a publication to its announcement.
//
// Every step reads the operation's record and so guards it: of two processes that write the same
// publication only the one whose attempt stands in the record changes anything.
#include <algorithm>

#include "common/base/check.h"
#include "common/base/time.h"
#include "services/scoring/scoring_state.h"

namespace terrace::scoring {
namespace {

using internal::v1::OperationRecord;
using storage::v1::PublicationRow;

// Rows, besides results, that a step changes: the operation, the publication, the corrected one.
constexpr size_t kOtherChanges = 3;

struct Prepared {
  PublicationRow row;
  OperationRecord operation;
};

// The publication, as long as `attempt` is to write it; "" for nobody yet.
absl::optional<Prepared> Held(const std::string& name, const std::string& attempt,
                              machine::Decision& decision) {
  auto row = decision.Get<PublicationRow>(name);
  if (!row || row->publication().state() != v1::PUBLICATION_STATE_PREPARING) return absl::nullopt;
  auto operation = decision.Get<OperationRecord>(row->operation());
  TERRACE_CHECK(operation.has_value());
  if (operation->done() || operation->cancel_requested() || operation->resume() != attempt) {
    return absl::nullopt;
  }
  return Prepared{*std::move(row), *std::move(operation)};
}

void SetWritten(const std::string& publication, int64_t count, OperationRecord* operation) {
  v1::PublishResultsMetadata metadata;
  metadata.set_publication(publication);
  metadata.set_result_count(count);
  operation->mutable_metadata()->PackFrom(metadata);
}

// Deletes as many results as fit. Returns whether there are others.
bool Delete(const std::string& publication, const PublicationIndex::Names& units,
            machine::Decision& decision) {
  for (const std::string& unit : units) {
    if (decision.room() <= kOtherChanges) return true;
    decision.Delete(ResultName(unit, publication));
  }
  return false;
}

}  // namespace

bool ScoringState::ClaimPublication(const std::string& publication, const std::string& former,
                                    const std::string& attempt, machine::Decision& decision) const {
  absl::optional<Prepared> held = Held(publication, former, decision);
  if (!held) return false;
  held->operation.set_resume(attempt);
  SetWritten(publication, 0, &held->operation);
  decision.Put(held->row.operation(), held->operation);
  return true;
}

bool ScoringState::ClearResults(const std::string& publication, const std::string& attempt,
                                machine::Decision& decision, bool* more) const {
  const absl::optional<Prepared> held = Held(publication, attempt, decision);
  if (!held) return false;
  *more = Delete(publication, publications_.ResultsOf(publication), decision);
  // So that others see that it goes on.
  decision.Put(held->row.operation(), held->operation);
  return true;
}

bool ScoringState::WriteResults(const std::string& publication, const std::string& attempt,
                                absl::Span<const UnitResult> results, int64_t written,
                                machine::Decision& decision) const {
  absl::optional<Prepared> held = Held(publication, attempt, decision);
  if (!held) return false;
  for (const UnitResult& result : results) {
    storage::v1::StoredResult row;
    TERRACE_CHECK(row.ParseFromString(result.row));
    decision.Put(ResultName(result.unit, publication), row);
  }
  SetWritten(publication, written, &held->operation);
  decision.Put(held->row.operation(), held->operation);
  return true;
}

bool ScoringState::AnnouncePublication(const std::string& name, const std::string& attempt,
                                       const v1::Publication& outcome,
                                       machine::Decision& decision) const {
  absl::optional<Prepared> held = Held(name, attempt, decision);
  if (!held) return false;
  v1::Publication& publication = *held->row.mutable_publication();
  TERRACE_CHECK(static_cast<int64_t>(publications_.ResultsOf(name).size()) ==
                outcome.result_count());
  *publication.mutable_vector() = outcome.vector();
  publication.set_result_count(outcome.result_count());
  publication.set_root(outcome.root());
  *publication.mutable_publish_time() = ToProto(decision.now());
  if (publication.has_objection_end_time()) {
    publication.set_state(v1::PUBLICATION_STATE_PROVISIONAL);
  } else {
    publication.set_state(v1::PUBLICATION_STATE_FINAL);
    *publication.mutable_final_time() = publication.publish_time();
  }
  held->row.set_edits(held->row.edits() + 1);
  decision.Put(name, held->row);
  if (!publication.corrects().empty()) {
    auto former = decision.Get<PublicationRow>(publication.corrects());
    // While this one was being prepared, no other could begin.
    TERRACE_CHECK(former.has_value() && former->publication().corrected_by().empty());
    former->mutable_publication()->set_corrected_by(name);
    former->set_edits(former->edits() + 1);
    decision.Put(publication.corrects(), *former);
  }
  held->operation.mutable_response()->PackFrom(PresentPublication(name, held->row, 0, 0));
  held->operation.set_done(true);
  decision.Put(held->row.operation(), held->operation);
  return true;
}

bool ScoringState::FailPublication(const std::string& publication, const std::string& attempt,
                                   const absl::Status& error, machine::Decision& decision) const {
  absl::optional<Prepared> held = Held(publication, attempt, decision);
  if (!held) return false;
  held->operation.mutable_error()->set_code(static_cast<int>(error.code()));
  held->operation.mutable_error()->set_message(std::string(error.message()));
  held->operation.set_done(true);
  decision.Put(held->row.operation(), held->operation);
  return true;
}

void ScoringState::AbandonPublication(const std::string& publication, machine::Decision& decision,
                                      bool* more) const {
  *more = false;
  auto row = decision.Get<PublicationRow>(publication);
  if (!row || row->publication().state() != v1::PUBLICATION_STATE_PREPARING) return;
  const auto operation = decision.Get<OperationRecord>(row->operation());
  if (operation && !operation->done()) return;
  *more = Delete(publication, publications_.ResultsOf(publication), decision);
  if (*more) return;
  row->mutable_publication()->set_state(v1::PUBLICATION_STATE_ABANDONED);
  row->set_edits(row->edits() + 1);
  decision.Put(publication, *row);
}

}  // namespace terrace::scoring
