// RankUnits where places or grades take all peers at once: ties that do not share the best place,
// places within groups, grades by shares or natural breaks.
//
// All units of the level below the issuing office are copied in slices, and copied again when they
// change; the last short hold takes over the rest. What all of it says then speaks for the vector
// of that hold, and is put in order without the lock.
//
// Thread-safety: as BoardRead.
#ifndef TERRACE_SERVICES_SCORING_SCORES_RANK_BY_PEERS_H_
#define TERRACE_SERVICES_SCORING_SCORES_RANK_BY_PEERS_H_

#include <memory>

#include "services/scoring/scores/board_read.h"

namespace terrace::scoring {

// `request` and `reply` outlive the read.
std::unique_ptr<BoardRead> MakeRankByPeers(rpc::Call& call, const v1::RankUnitsRequest& request,
                                           calendar::Period period, size_t page_size, uint64_t hash,
                                           v1::RankUnitsResponse* reply);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCORES_RANK_BY_PEERS_H_
