// Holds a publication against itself and against the records: whether what is stored still gives
// the root that was announced, and whether the same scores come out today for the same instant.
//
// Thread-safety: as rpc::Methods asks of handlers; the work runs on the executor.
#ifndef TERRACE_SERVICES_SCORING_PUBLICATIONS_VERIFY_PUBLICATION_H_
#define TERRACE_SERVICES_SCORING_PUBLICATIONS_VERIFY_PUBLICATION_H_

#include "services/scoring/scores/board_read.h"
#include "terrace/scoring/v1/publication.pb.h"

namespace terrace::scoring {

// Limits.
inline constexpr int kDifferencesMax = 100;  // Named in an answer.

// Differences are counted for all units, and named for those whose score and result the caller may
// see.
void VerifyPublication(const ReadContext& context, rpc::Call& call,
                       const v1::VerifyPublicationRequest& request,
                       v1::VerifyPublicationResponse* reply, rpc::StatusDone done);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_PUBLICATIONS_VERIFY_PUBLICATION_H_
