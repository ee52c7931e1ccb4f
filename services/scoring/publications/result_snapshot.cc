#include "services/scoring/publications/result_snapshot.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/sha256.h"
#include "common/resource/etag.h"
#include "services/scoring/boards/peer_walk.h"
#include "services/scoring/boards/standing_facts.h"
#include "services/scoring/engine/standing.h"
#include "services/scoring/scores/present.h"

namespace terrace::scoring {
namespace {

class Collector {
 public:
  explicit Collector(SnapshotRequest request) : request_(std::move(request)) {}

  const SnapshotRequest& request() const { return request_; }
  // Another board is read from here on.
  void Restart() { walk_ = PeerWalk(); }

  // Under the lock. True when it is to be called again.
  bool Copy(const SchemeBoard& board, const Facts& facts) {
    scheme_ = &board.scheme();
    const Unit office = facts.ids.Find(scheme_->ref.office);
    if (walk_.Lost(board)) {
      walk_.StartBelow(board, office);
      copied_.clear();
      rows_.clear();
    }
    const auto take = [&](Unit unit) { CopyUnit(board, facts, office, unit); };
    if (walk_.walking()) {
      walk_.Walk(board, office, take, kGatheredAtOnce);
      return true;
    }
    if (!walk_.CatchUp(board, take, kGatheredAtOnce)) return true;
    snapshot_.vector = facts.vector;
    return false;
  }

  // Without it, after every Copy.
  void Work() {
    for (Copied& copied : copied_) {
      if (copied.row) {
        rows_.insert_or_assign(copied.unit, RowOf(*copied.row, std::move(copied.standing)));
      } else {
        rows_.erase(copied.unit);
      }
    }
    copied_.clear();
  }

  ResultSnapshot Finish() && {
    std::vector<Row> rows;
    rows.reserve(rows_.size());
    for (auto& [unit, row] : rows_) rows.push_back(std::move(row));
    // A name goes on with a slash behind the unit, which some characters of ids stand before.
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
      return absl::StrCat(a.unit, "/") < absl::StrCat(b.unit, "/");
    });
    const engine::Scheme& scheme = scheme_->engine;
    StandingColumns columns(&scheme);
    for (const Row& row : rows) columns.Add(row.unit, row.level, row.score, row.standing);
    const engine::StandingPlaces places = columns.Places();
    const std::vector<int> bands = columns.Bands();
    std::map<int, int64_t> ranked;                        // By level.
    std::map<std::pair<int, int>, int64_t> group_ranked;  // By level and group.
    for (size_t i = 0; i < rows.size(); ++i) {
      if (places.ranks[i]) ++ranked[rows[i].level];
      if (places.group_ranks[i]) ++group_ranked[{rows[i].level, rows[i].standing.ranking_group}];
    }
    snapshot_.results.reserve(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      storage::v1::StoredResult stored;
      TERRACE_CHECK(stored.ParseFromString(rows[i].result));
      v1::Result& result = *stored.mutable_result();
      result.set_grade(GradeOfBand(scheme, bands[i]));
      result.set_rank(RankOf(places.ranks[i]));
      result.set_ranked_count(ranked[rows[i].level]);
      if (const auto exact = ExactRankOf(scheme, places.ranks[i])) {
        *result.mutable_exact_rank() = *exact;
      }
      if (places.group_ranks[i]) {
        result.set_group_rank(RankOf(places.group_ranks[i]));
        result.set_group_ranked_count(
            group_ranked[{rows[i].level, rows[i].standing.ranking_group}]);
        if (const auto exact = ExactRankOf(scheme, places.group_ranks[i])) {
          *result.mutable_exact_group_rank() = *exact;
        }
      }
      snapshot_.results.push_back({std::move(rows[i].unit), resource::SerializeInOrder(stored)});
    }
    return std::move(snapshot_);
  }

 private:
  struct Copied {
    Unit unit;
    absl::optional<ScoreRow> row;  // Unset when it has no result (any more).
    StandingFacts standing;
  };
  struct Row {
    std::string unit;
    int level = 0;  // Number among levels_.
    engine::UnitScore score;
    StandingFacts standing;
    std::string result;  // StoredResult without places and grade.
  };

  void CopyUnit(const SchemeBoard& board, const Facts& facts, Unit office, Unit unit) {
    const bool listed = board.board().HasPlace(unit) && board.order().IsUnder(unit, office) &&
                        IsListed(board, unit);
    Copied copied{unit, absl::nullopt, {}};
    if (listed) {
      copied.row = CopyScore(board, facts, unit, {true, false});
      copied.standing = StandingFactsOf(board, unit, &groups_);
    }
    copied_.push_back(std::move(copied));
  }

  Row RowOf(const ScoreRow& copied, StandingFacts standing) {
    v1::Score score;
    FillScore(*scheme_, request_.board.period, *request_.names, copied, &score);
    storage::v1::StoredResult stored;
    v1::Result& result = *stored.mutable_result();
    result.set_unit_display_name(score.unit_display_name());
    result.set_unit_level(score.unit_level());
    result.set_unit_kind(score.unit_kind());
    result.set_assessment(score.assessment());
    if (score.has_value()) *result.mutable_value() = score.value();
    if (score.has_exact_value()) *result.mutable_exact_value() = score.exact_value();
    *result.mutable_coverage() = score.coverage();
    result.set_disqualified(score.disqualified());
    *result.mutable_nodes() = score.nodes();
    *result.mutable_vetoes() = score.vetoes();
    Row row;
    row.unit = std::string(copied.unit);
    row.level = levels_.try_emplace(copied.level, static_cast<int>(levels_.size())).first->second;
    row.score = copied.score;
    row.standing = std::move(standing);
    row.result = stored.SerializeAsString();
    return row;
  }

  const SnapshotRequest request_;
  const CompiledScheme* scheme_ = nullptr;  // Of the board, which is kept open meanwhile.
  PeerWalk walk_;
  std::vector<Copied> copied_;  // Under this hold of the lock.
  absl::flat_hash_map<Unit, Row> rows_;
  absl::flat_hash_map<std::string, int> levels_;
  GroupNumbers groups_;
  ResultSnapshot snapshot_;
};

using Done = absl::AnyInvocable<void(absl::StatusOr<ResultSnapshot>)>;

void Collect(std::shared_ptr<Scoreboards> boards, Executor* executor,
             std::unique_ptr<Collector> collector, Done done) {
  const BoardKey key = collector->request().board;
  const absl::Time deadline = collector->request().deadline;
  // What waits inside the boards must not keep them.
  auto opened = [weak = std::weak_ptr<Scoreboards>(boards), executor,
                 collector = std::move(collector),
                 done = std::move(done)](absl::StatusOr<Scoreboards::BoardPin> pin) mutable {
    if (!pin.ok()) {
      done(pin.status());
      return;
    }
    std::shared_ptr<Scoreboards> boards = weak.lock();
    if (boards == nullptr) return;  // They are going.
    collector->Restart();
    executor->Post([boards = std::move(boards), executor, pin = *std::move(pin),
                    collector = std::move(collector), done = std::move(done)]() mutable {
      bool more = true;
      while (more) {
        if (collector->request().stopped()) {
          done(absl::CancelledError("stopped"));
          return;
        }
        const bool copied = boards->Read(pin, [&](const SchemeBoard& board, const Facts& facts) {
          more = collector->Copy(board, facts);
        });
        if (!copied) {  // The board is being built anew.
          Collect(std::move(boards), executor, std::move(collector), std::move(done));
          return;
        }
        collector->Work();
      }
      done(std::move(*collector).Finish());
    });
  };
  boards->Open(key, deadline, std::move(opened));
}

}  // namespace

void ResultTree::Add(absl::string_view row) {
  // A leaf of RFC 6962 is hashed behind a zero byte, so that no node passes for one.
  const std::string hash = Sha256Stream().Add(absl::string_view("\0", 1)).Add(row).Finish();
  peaks_.Append(*ledger::HashFrom(hash));
}

std::string ResultTree::Root() const { return absl::BytesToHexString(ledger::View(peaks_.Root())); }

void TakeSnapshot(std::shared_ptr<Scoreboards> boards, Executor* executor, SnapshotRequest request,
                  Done done) {
  Collect(std::move(boards), executor, std::make_unique<Collector>(std::move(request)),
          std::move(done));
}

}  // namespace terrace::scoring
