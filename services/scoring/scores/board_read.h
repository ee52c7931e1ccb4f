// How a method answers from a board: what it needs is copied under the lock of the facts, in slices
// of about a millisecond, and made into a reply without the lock.
//
// Thread-safety: one read is used by one thread at a time.
#ifndef TERRACE_SERVICES_SCORING_SCORES_BOARD_READ_H_
#define TERRACE_SERVICES_SCORING_SCORES_BOARD_READ_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "common/base/time.h"
#include "common/machine/machine.h"
#include "common/resource/names.h"
#include "common/rpc/methods.h"
#include "common/rpc/positions.h"
#include "services/scoring/boards/scoreboards.h"
#include "services/scoring/scores/present.h"
#include "services/scoring/state_common.h"
#include "terrace/scoring/v1/scoreboard.pb.h"

namespace terrace::scoring {

// Where a method reads.
struct ReadContext {
  std::shared_ptr<Scoreboards> boards;
  machine::Machine* machine;
};

class BoardRead {
 public:
  explicit BoardRead(rpc::Call& call) : call_(call) {}
  virtual ~BoardRead() = default;

  // Under the lock. True when it is to be called again. Between two calls the facts may have
  // changed, and the board may have been built anew (see its epoch).
  virtual absl::StatusOr<bool> Copy(const SchemeBoard& board, const Facts& facts) = 0;
  // After every Copy, without the lock: `more` is what that returned. Of the board nothing may be
  // used but its scheme and what was copied.
  virtual void Work(bool more) = 0;

 protected:
  // Notes what the answer speaks for.
  template <class Reply>
  void Stamp(const SchemeBoard& board, const Facts& facts, Reply* reply) {
    scheme_ = &board.scheme();
    *reply->mutable_vector() = facts.vector;
    *reply->mutable_log_time() = ToProto(LogTimeOf(board, facts));
    call_.position = rpc::FormatPositions(rpc::ToPositions(facts.vector));
  }
  // The unit of a score that the caller may see; NOT_FOUND otherwise.
  static absl::StatusOr<Unit> VisibleUnit(const SchemeBoard& board, const Facts& facts,
                                          const Audience& audience, const ScoreRef& ref);
  // Valid after Stamp; the board is kept open during the read.
  const CompiledScheme& scheme() const { return *scheme_; }
  Audience AudienceOf(const SchemeBoard& board) const {
    return Audience(call_.identity, *call_.tree, board.scheme(), call_.received);
  }

  rpc::Call& call_;

 private:
  const CompiledScheme* scheme_ = nullptr;
};

// A read that looks at two boards under one hold of the lock.
class PairRead : public BoardRead {
 public:
  using BoardRead::BoardRead;

  absl::StatusOr<bool> Copy(const SchemeBoard& board, const Facts& facts) final {
    const SchemeBoard* const other = boards_->BoardOf(other_);
    lost_ = other == nullptr;
    if (lost_) return absl::AbortedError("built anew");
    return CopyBoth(board, *other, facts);
  }
  virtual absl::StatusOr<bool> CopyBoth(const SchemeBoard& board, const SchemeBoard& other,
                                        const Facts& facts) = 0;

 private:
  friend void OnTwoBoards(const ReadContext&, rpc::Call&, const BoardKey&, const BoardKey&,
                          std::shared_ptr<PairRead>, rpc::StatusDone);
  const Scoreboards* boards_ = nullptr;
  Scoreboards::BoardPin other_;
  bool lost_ = false;  // The other board is not ready any more: from the start.
};

// Runs `read` on the boards of both keys, on the executor.
void OnTwoBoards(const ReadContext& context, rpc::Call& call, const BoardKey& key,
                 const BoardKey& other, std::shared_ptr<PairRead> read, rpc::StatusDone done);

// Runs `read` on the board of `key`: at once when it is there and the read is `quick` (one small
// Copy), else on the executor. The board of a draft is given up afterwards.
void OnBoard(const ReadContext& context, rpc::Call& call, const BoardKey& key, bool quick,
             std::shared_ptr<BoardRead> read, rpc::StatusDone done);

inline absl::optional<absl::Time> AtTime(bool set, const google::protobuf::Timestamp& time) {
  return set ? absl::make_optional(FromProto(time)) : absl::nullopt;
}

// Subtree, scheme and period of a request about many units.
template <class Req>
absl::StatusOr<BoardKey> KeyOf(const Req& request) {
  TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(request.subtree()).status());
  BoardKey key;
  TERRACE_ASSIGN_OR_RETURN(key.scheme, ParseScheme(request.scheme()));
  TERRACE_ASSIGN_OR_RETURN(key.period, calendar::Period::Parse(request.period()));
  return key;
}

// The unit of a subtree that is asked about.
inline absl::StatusOr<Unit> TopUnit(const SchemeBoard& board, const Facts& facts,
                                    const std::string& subtree) {
  const Unit top = facts.ids.Find(resource::OwnerOf(subtree));
  if (top == kNoUnit || !board.order().Contains(top)) return NotFound(subtree);
  return top;
}

// The unit that such a request asks about, its line being that of the scheme.
template <class Req>
absl::StatusOr<Unit> TopOf(const SchemeBoard& board, const Facts& facts, const Req& request) {
  if (request.line() != types::v1::LINE_UNSPECIFIED &&
      tree::FromProto(request.line()) != board.scheme().line) {
    return Invalid("line", "the scores of this scheme rise along its own line");
  }
  return TopUnit(board, facts, request.subtree());
}

// analysis_methods.cc
void CompareScores(const ReadContext& context, rpc::Call& call,
                   const v1::CompareScoresRequest& request, v1::CompareScoresResponse* reply,
                   rpc::StatusDone done);
void SimulateScheme(const ReadContext& context, rpc::Call& call,
                    const v1::SimulateSchemeRequest& request, v1::SimulateSchemeResponse* reply,
                    rpc::StatusDone done);
void AssessRobustness(const ReadContext& context, rpc::Call& call,
                      const v1::AssessRobustnessRequest& request,
                      v1::AssessRobustnessResponse* reply, rpc::StatusDone done);

// freeze_scheme.cc
void FreezeScheme(const ReadContext& context, rpc::Call& call,
                  const v1::FreezeSchemeRequest& request, v1::FreezeSchemeResponse* reply,
                  rpc::StatusDone done);

// rank_units.cc
void RankUnits(const ReadContext& context, rpc::Call& call, const v1::RankUnitsRequest& request,
               v1::RankUnitsResponse* reply, rpc::StatusDone done);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCORES_BOARD_READ_H_
