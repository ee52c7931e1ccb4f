// RankUnits: peers of a subtree in order, as of one vector. Here by scores alone, equal ones
// sharing the best of their places; rank_by_peers.h has the rest.
//
// Peers are copied in slices and put in order without the lock. What has changed meanwhile is laid
// over that order in one last short hold, in which the page is taken as well: so all rows and both
// counts speak for the vector of that hold, however fast reports come in.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/resource/page_token.h"
#include "services/scoring/boards/peer_walk.h"
#include "services/scoring/engine/bands.h"
#include "services/scoring/engine/rank.h"
#include "services/scoring/engine/standing.h"
#include "services/scoring/scores/board_read.h"
#include "services/scoring/scores/rank_by_peers.h"

namespace terrace::scoring {
namespace {

class RankRead : public BoardRead {
 public:
  RankRead(rpc::Call& call, const v1::RankUnitsRequest& request, calendar::Period period,
           size_t page_size, uint64_t hash, v1::RankUnitsResponse* reply)
      : BoardRead(call),
        request_(request),
        period_(period),
        page_size_(page_size),
        level_(resource::LastSegment(request.level())),
        kind_(resource::LastSegment(request.kind())),
        hash_(hash),
        reply_(reply) {}

  absl::StatusOr<bool> Copy(const SchemeBoard& board, const Facts& facts) override {
    TERRACE_ASSIGN_OR_RETURN(const Unit top, TopOf(board, facts, request_));
    const View view{board, facts, top, AudienceOf(board)};
    if (walk_.Lost(board)) TERRACE_RETURN_IF_ERROR(Start(view));
    if (walk_.walking()) {
      walk_.Walk(board, top, [&](Unit unit) {
        if (absl::optional<engine::Peer> peer = PeerBelow(view, unit)) copied_.push_back(*peer);
      });
      return true;
    }
    const bool up_to_date =
        walk_.CatchUp(board, [&](Unit unit) { ranking_.Replace(unit, PeerOf(view, unit)); });
    if (!up_to_date || ranking_.replaced() > kReplacedMax) return true;
    TakePage(view);
    return false;
  }

  void Work(bool more) override {
    if (!more) {
      Fill();
      return;
    }
    if (sorted_) {
      ranking_.Merge();
      return;
    }
    for (const engine::Peer& peer : copied_) ranking_.Add(peer);
    copied_.clear();
    sorted_ = !walk_.walking();
    if (sorted_) ranking_.Sort();
  }

 private:
  // Replacements that a page may be taken over.
  static constexpr size_t kReplacedMax = 2 * kCopiedAtOnce;

  // What one Copy sees.
  struct View {
    const SchemeBoard& board;
    const Facts& facts;
    Unit top;
    Audience audience;
  };

  absl::Status Start(const View& view) {
    walk_.Start(view.board);
    sorted_ = false;
    ranking_ = engine::Ranking();
    return StartPage(view.facts.vector.registry().log_id());
  }

  // A page goes on behind a value and a unit: "{units of 1e-12} {id}".
  absl::Status StartPage(const std::string& log_id) {
    TERRACE_ASSIGN_OR_RETURN(resource::PageToken token,
                             resource::DecodePageToken(request_.page_token(), hash_, log_id));
    behind_ = std::move(token.last_key);
    if (behind_.empty()) return absl::OkStatus();
    const size_t space = behind_.find(' ');
    if (space == std::string::npos || !absl::SimpleAtoi(behind_.substr(0, space), &behind_units_)) {
      return Error(Reason::INVALID_PAGE_TOKEN);
    }
    behind_.erase(0, space + 1);
    return absl::OkStatus();
  }

  // The unit as a peer; nullopt when it is none.
  absl::optional<engine::Peer> PeerOf(const View& view, Unit unit) const {
    if (!view.board.order().IsUnder(unit, view.top)) return absl::nullopt;
    return PeerBelow(view, unit);
  }

  absl::optional<engine::Peer> PeerBelow(const View& view, Unit unit) const {
    const auto& [board, facts, top, audience] = view;
    if (unit == top || facts.registry.Level(unit) != absl::string_view(level_) ||
        (!kind_.empty() && facts.registry.Kind(unit) != absl::string_view(kind_))) {
      return absl::nullopt;
    }
    const absl::string_view id = facts.ids.Id(unit);
    if (!IsListed(board, unit) || !audience.MaySee(id)) return absl::nullopt;
    const engine::UnitScore score = board.board().ScoreOf(unit);
    const bool scored = score.assessment == engine::Assessment::kScored && !score.disqualified;
    return engine::Peer{
        unit, scored, scored ? engine::Compared(board.scheme().engine, score.score) : Fixed(), id};
  }

  void TakePage(const View& view) {
    absl::optional<engine::Ranking::Position> behind;
    if (!behind_.empty()) behind = {Fixed::FromUnits(behind_units_), behind_};
    places_ = ranking_.Read(behind, page_size_, &more_);
    for (const engine::Place& place : places_) {
      rows_.push_back(CopyScore(view.board, view.facts, place.peer.unit, {false, false}));
    }
    reply_->set_ranked(ranking_.scored());
    reply_->set_unranked(ranking_.unscored());
    Stamp(view.board, view.facts, reply_);
  }

  void Fill() {
    for (size_t i = 0; i < places_.size(); ++i) {
      v1::Rank* rank = reply_->add_ranks();
      rank->set_rank(places_[i].place);
      FillScore(scheme(), period_, *call_.tree, rows_[i], rank->mutable_score());
    }
    if (!more_) return;
    const engine::Peer& last = places_.back().peer;
    const types::v1::Cursor& position = reply_->vector().registry();
    reply_->set_next_page_token(resource::EncodePageToken(
        {absl::StrCat(last.value.units(), " ", last.id), position.log_id(), position.revision()},
        hash_));
  }

  const v1::RankUnitsRequest& request_;
  const calendar::Period period_;
  const size_t page_size_;
  const std::string level_;
  const std::string kind_;
  const uint64_t hash_;
  v1::RankUnitsResponse* const reply_;

  PeerWalk walk_;
  bool sorted_ = false;
  std::string behind_;                // Id that the page goes on behind; empty at the start.
  int64_t behind_units_ = 0;          // Its value.
  std::vector<engine::Peer> copied_;  // Under this hold of the lock.
  engine::Ranking ranking_;
  std::vector<engine::Place> places_;
  std::vector<ScoreRow> rows_;
  bool more_ = false;
};

// What ranks the units of a scheme is known with its board.
class RankByScheme : public BoardRead {
 public:
  RankByScheme(rpc::Call& call, const v1::RankUnitsRequest& request, calendar::Period period,
               size_t page_size, v1::RankUnitsResponse* reply)
      : BoardRead(call),
        request_(request),
        period_(period),
        page_size_(page_size),
        hash_(resource::ListHash({"RankUnits", request.subtree(), request.scheme(),
                                  request.period(), request.level(), request.kind(),
                                  request.at_time().SerializeAsString()})),
        reply_(reply) {}

  absl::StatusOr<bool> Copy(const SchemeBoard& board, const Facts& facts) override {
    const std::string& scheme = board.scheme().proto.name();
    if (rank_ == nullptr || scheme_ != scheme) {
      scheme_ = scheme;
      if (engine::StandsByPeers(board.scheme().engine)) {
        rank_ = MakeRankByPeers(call_, request_, period_, page_size_, hash_, reply_);
      } else {
        rank_ = std::make_unique<RankRead>(call_, request_, period_, page_size_, hash_, reply_);
      }
    }
    return rank_->Copy(board, facts);
  }
  void Work(bool more) override { rank_->Work(more); }

 private:
  const v1::RankUnitsRequest& request_;
  const calendar::Period period_;
  const size_t page_size_;
  const uint64_t hash_;
  v1::RankUnitsResponse* const reply_;
  std::string scheme_;  // The version that `rank_` is for.
  std::unique_ptr<BoardRead> rank_;
};

}  // namespace

void RankUnits(const ReadContext& context, rpc::Call& call, const v1::RankUnitsRequest& request,
               v1::RankUnitsResponse* reply, rpc::StatusDone done) {
  absl::StatusOr<BoardKey> key = KeyOf(request);
  absl::StatusOr<int> size = resource::CoercePageSize(request.page_size());
  absl::Status level = resource::ParseName(request.level(), "levels/{level}").status();
  if (request.level().empty()) level = Required("level");
  absl::Status kind = request.kind().empty()
                          ? absl::OkStatus()
                          : resource::ParseName(request.kind(), "kinds/{kind}").status();
  for (const absl::Status& status : {key.status(), size.status(), level, kind}) {
    if (status.ok()) continue;
    done(status);
    return;
  }
  key->at = AtTime(request.has_at_time(), request.at_time());
  auto read =
      std::make_shared<RankByScheme>(call, request, key->period, static_cast<size_t>(*size), reply);
  OnBoard(context, call, *key, /*quick=*/false, std::move(read), std::move(done));
}

}  // namespace terrace::scoring
