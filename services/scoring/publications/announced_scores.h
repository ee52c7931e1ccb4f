// Scores as they were announced, for those who ask for PROVISIONAL or PUBLISHED ones: what stands
// in the results of a publication, in the form of live scores.
//
// Thread-safety: see each.
#ifndef TERRACE_SERVICES_SCORING_PUBLICATIONS_ANNOUNCED_SCORES_H_
#define TERRACE_SERVICES_SCORING_PUBLICATIONS_ANNOUNCED_SCORES_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/base/time.h"
#include "common/calendar/period.h"
#include "common/rpc/methods.h"
#include "services/scoring/names.h"
#include "services/scoring/scoring_service.h"
#include "services/scoring/scoring_state.h"

namespace terrace::scoring {

// Why there is no asking about other instants.
inline constexpr char kAnnouncedStand[] = "announced scores stand as they are";

// Whether that kind of answer comes from a publication.
inline bool IsOfPublication(v1::ScoreState state) {
  return state == v1::SCORE_STATE_PROVISIONAL || state == v1::SCORE_STATE_PUBLISHED;
}

// A publication whose scores are wanted. A plain value; State only while it may be read.
class Announced {
 public:
  // `family` without its version; `points` of the version.
  Announced(v1::Publication publication, SchemeRef family, const calendar::Period& period,
            types::v1::Decimal points)
      : publication_(std::move(publication)),
        family_(std::move(family)),
        period_(period),
        points_(std::move(points)) {}

  const v1::Publication& publication() const { return publication_; }

  // The score of a unit; NOT_FOUND where it has no result.
  absl::Status Fill(const ScoringState& state, absl::string_view unit, bool with_nodes,
                    v1::Score* score) const;
  // What the scores speak for.
  template <class Reply>
  void Stamp(Reply* reply) const {
    *reply->mutable_vector() = publication_.vector();
    *reply->mutable_log_time() = publication_.at_time();
  }

 private:
  v1::Publication publication_;
  SchemeRef family_;
  calendar::Period period_;
  types::v1::Decimal points_;
};

// The publication of a scheme's period in that state which no other one in that state corrects.
// NOT_FOUND when there is none, or when it is of another version than the one that is asked for.
absl::StatusOr<Announced> FindAnnounced(const ScoringState& state, const SchemeRef& scheme,
                                        const calendar::Period& period, v1::ScoreState wanted);

// PullScores for such scores. `machine` outlives the source, `call` lives until it is over.
absl::StatusOr<std::unique_ptr<rpc::Source>> PullAnnounced(machine::Machine* machine,
                                                           rpc::Call& call,
                                                           const v1::PullScoresRequest& request,
                                                           StaleInputsFn stale_inputs);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_PUBLICATIONS_ANNOUNCED_SCORES_H_
