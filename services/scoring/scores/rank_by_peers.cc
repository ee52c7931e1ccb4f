#include "services/scoring/scores/rank_by_peers.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/error.h"
#include "common/resource/page_token.h"
#include "services/scoring/boards/peer_walk.h"
#include "services/scoring/boards/standing_facts.h"
#include "services/scoring/engine/bands.h"

namespace terrace::scoring {
namespace {

// Of a unit of the level: what a row of the answer is made of, small enough to be kept of all.
struct PeerRow {
  absl::string_view id;  // Good as long as the facts.
  std::string kind;
  bool shown = false;  // It is one of those that are ranked here.
  engine::UnitScore score;
  bool has_sheet = false;
  Fixed covered_points;
  Fixed applicable_points;
  bool rolls_up = false;
  int64_t covered = 0;
  int64_t expected = 0;
  StandingFacts standing;
  std::shared_ptr<const ScoreRow> whole;  // Where vetoes are told by name.
};

// Where a row stands in the list: the greatest value first, then what decides between equal ones,
// then the id. Pages go on behind one.
struct Position {
  Fixed value;
  std::vector<absl::optional<Fixed>> breakers;
  absl::string_view id;

  friend bool operator<(const Position& a, const Position& b) {
    if (a.value != b.value) return a.value > b.value;
    if (a.breakers != b.breakers) return a.breakers > b.breakers;  // None is less than any.
    return a.id < b.id;
  }
};

std::string FormatPosition(const Position& position) {
  std::string text = absl::StrCat(position.value.units());
  for (const absl::optional<Fixed>& breaker : position.breakers) {
    absl::StrAppend(&text, " ", breaker ? absl::StrCat(breaker->units()) : "-");
  }
  return absl::StrCat(text, " ", position.id);
}

// `text` outlives it.
absl::StatusOr<Position> ParsePosition(absl::string_view text, size_t breakers) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ' ');
  int64_t units = 0;
  if (parts.size() != breakers + 2 || !absl::SimpleAtoi(parts[0], &units)) {
    return Error(Reason::INVALID_PAGE_TOKEN);
  }
  Position position{Fixed::FromUnits(units), {}, parts.back()};
  for (size_t i = 1; i <= breakers; ++i) {
    if (parts[i] != "-" && !absl::SimpleAtoi(parts[i], &units)) {
      return Error(Reason::INVALID_PAGE_TOKEN);
    }
    position.breakers.push_back(parts[i] == "-" ? absl::nullopt
                                                : absl::make_optional(Fixed::FromUnits(units)));
  }
  return position;
}

class RankByPeers : public BoardRead {
 public:
  RankByPeers(rpc::Call& call, const v1::RankUnitsRequest& request, calendar::Period period,
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
    const Unit office = facts.ids.Find(board.scheme().ref.office);
    if (walk_.Lost(board)) {
      walk_.StartBelow(board, office);
      copied_.clear();
      rows_.clear();
      TERRACE_ASSIGN_OR_RETURN(const resource::PageToken token,
                               resource::DecodePageToken(request_.page_token(), hash_,
                                                         facts.vector.registry().log_id()));
      behind_text_ = token.last_key;
      behind_.reset();
      if (!behind_text_.empty()) {
        TERRACE_ASSIGN_OR_RETURN(behind_,
                                 ParsePosition(behind_text_, Breakers(board.scheme().engine)));
      }
    }
    const Audience audience = AudienceOf(board);
    const auto take = [&](Unit unit) {
      copied_.emplace_back(unit, RowOf(board, facts, audience, top, office, unit));
    };
    const int units_max = Breakers(board.scheme().engine) > 0 ? kGatheredAtOnce : kCopiedAtOnce;
    if (walk_.walking()) {
      walk_.Walk(board, office, take, units_max);
      return true;
    }
    if (!walk_.CatchUp(board, take, units_max)) return true;
    Stamp(board, facts, reply_);
    return false;
  }

  void Work(bool more) override {
    for (auto& [unit, row] : copied_) {
      if (row) {
        rows_.insert_or_assign(unit, *std::move(row));
      } else {
        rows_.erase(unit);
      }
    }
    copied_.clear();
    if (!more) Fill();
  }

 private:
  // How many values stand in a position beside the score.
  static size_t Breakers(const engine::Scheme& scheme) {
    return scheme.ranking.ties == engine::Ties::kOrdinal ? scheme.ranking.tie_breakers.size() : 0;
  }

  // nullopt for a unit that is none of the level.
  absl::optional<PeerRow> RowOf(const SchemeBoard& board, const Facts& facts,
                                const Audience& audience, Unit top, Unit office, Unit unit) {
    if (!board.order().IsUnder(unit, office) ||
        facts.registry.Level(unit) != absl::string_view(level_) || !IsListed(board, unit)) {
      return absl::nullopt;
    }
    PeerRow row;
    row.id = facts.ids.Id(unit);
    row.kind = std::string(facts.registry.Kind(unit));
    row.shown = unit != top && board.order().IsUnder(unit, top) &&
                (kind_.empty() || row.kind == kind_) && audience.MaySee(row.id);
    row.standing = StandingFactsOf(board, unit, &groups_);
    ScoreRow score = CopyScore(board, facts, unit, {false, false});
    row.score = score.score;
    if (score.sheet) {
      row.has_sheet = true;
      row.covered_points = score.sheet->covered_points;
      row.applicable_points = score.sheet->applicable_points;
    }
    if (score.rollup) {
      row.rolls_up = true;
      row.covered = score.rollup->covered;
      row.expected = score.rollup->count;
    }
    if (score.input) row.whole = std::make_shared<const ScoreRow>(std::move(score));
    return row;
  }

  ScoreRow ScoreRowOf(const PeerRow& row) const {
    if (row.whole != nullptr) return *row.whole;
    ScoreRow score;
    score.unit = row.id;
    score.level = level_;
    score.kind = row.kind;
    score.score = row.score;
    if (row.has_sheet) {
      score.sheet.emplace();
      score.sheet->covered_points = row.covered_points;
      score.sheet->applicable_points = row.applicable_points;
    }
    if (row.rolls_up) {
      score.rollup.emplace();
      score.rollup->covered = row.covered;
      score.rollup->count = row.expected;
    }
    return score;
  }

  void Fill() {
    const engine::Scheme& engine = scheme().engine;
    // Places go by the units that are ranked here, grades by all of the level.
    const bool graded_by_all = engine.banding.method != engine::BandMethod::kBounds;
    StandingColumns all(&engine);
    StandingColumns shown(&engine);
    struct Shown {
      const PeerRow* row;
      size_t number_among_all;
      Position position;
    };
    std::vector<Shown> rows;
    std::vector<size_t> order;  // Of those that have a place.
    for (const auto& [unit, row] : rows_) {
      if (row.shown) {
        const bool stands =
            row.score.assessment == engine::Assessment::kScored && !row.score.disqualified;
        if (stands) order.push_back(rows.size());
        shown.Add(row.id, 0, row.score, row.standing);
        rows.push_back(
            {&row,
             all.size(),
             {engine::Compared(engine, row.score.score), row.standing.breakers, row.id}});
      }
      if (graded_by_all) all.Add(row.id, 0, row.score, row.standing);
    }
    reply_->set_ranked(static_cast<int64_t>(order.size()));
    reply_->set_unranked(static_cast<int64_t>(rows.size() - order.size()));
    const engine::StandingPlaces places = shown.Places();
    const std::vector<int> bands = all.Bands();
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return rows[a].position < rows[b].position; });
    auto next = order.begin();
    if (behind_) {
      next = std::partition_point(order.begin(), order.end(), [&](size_t number) {
        return !(*behind_ < rows[number].position);
      });
    }
    for (; next != order.end(); ++next) {
      const size_t number = *next;
      if (reply_->ranks_size() == static_cast<int>(page_size_)) {
        const types::v1::Cursor& position = reply_->vector().registry();
        reply_->set_next_page_token(
            resource::EncodePageToken({FormatPosition(rows[*std::prev(next)].position),
                                       position.log_id(), position.revision()},
                                      hash_));
        return;
      }
      v1::Rank* rank = reply_->add_ranks();
      FillScore(scheme(), period_, *call_.tree, ScoreRowOf(*rows[number].row),
                rank->mutable_score());
      if (graded_by_all) {
        rank->mutable_score()->set_grade(GradeOfBand(engine, bands[rows[number].number_among_all]));
      }
      rank->set_rank(RankOf(places.ranks[number]));
      rank->set_group_rank(RankOf(places.group_ranks[number]));
      if (const auto exact = ExactRankOf(engine, places.ranks[number])) {
        *rank->mutable_exact_rank() = *exact;
      }
      if (const auto exact = ExactRankOf(engine, places.group_ranks[number])) {
        *rank->mutable_exact_group_rank() = *exact;
      }
    }
  }

  const v1::RankUnitsRequest& request_;
  const calendar::Period period_;
  const size_t page_size_;
  const std::string level_;
  const std::string kind_;
  const uint64_t hash_;
  v1::RankUnitsResponse* const reply_;

  PeerWalk walk_;
  std::string behind_text_;
  absl::optional<Position> behind_;
  GroupNumbers groups_;
  std::vector<std::pair<Unit, absl::optional<PeerRow>>> copied_;  // Under this hold of the lock.
  absl::flat_hash_map<Unit, PeerRow> rows_;
};

}  // namespace

std::unique_ptr<BoardRead> MakeRankByPeers(rpc::Call& call, const v1::RankUnitsRequest& request,
                                           calendar::Period period, size_t page_size, uint64_t hash,
                                           v1::RankUnitsResponse* reply) {
  return std::make_unique<RankByPeers>(call, request, period, page_size, hash, reply);
}

}  // namespace terrace::scoring
