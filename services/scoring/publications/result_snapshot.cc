#include "services/scoring/publications/result_snapshot.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/sha256.h"
#include "common/resource/etag.h"
#include "services/scoring/engine/bands.h"
#include "services/scoring/engine/places.h"
#include "services/scoring/present.h"

namespace terrace::scoring {
namespace {

// Units looked at under one hold of the lock: each is gathered again for its nodes.
constexpr int kGatheredAtOnce = 200;

class Collector {
 public:
  explicit Collector(SnapshotRequest request) : request_(std::move(request)) {}

  const SnapshotRequest& request() const { return request_; }
  // Another board is read from here on.
  void Restart() { started_ = false; }

  // Under the lock. True when it is to be called again.
  bool Copy(const SchemeBoard& board, const Facts& facts) {
    scheme_ = &board.scheme();
    const Unit office = facts.ids.Find(scheme_->ref.office);
    if (!started_ || epoch_ != board.epoch() || !board.Remembers(number_)) {
      started_ = true;
      epoch_ = board.epoch();
      number_ = board.change_number();
      walking_ = office != kNoUnit && board.order().Contains(office);
      after_.reset();
      copied_.clear();
      rows_.clear();
    }
    if (walking_) {
      Walk(board, facts, office);
      return true;
    }
    const std::vector<Unit> changed = board.ChangedAfter(number_, kGatheredAtOnce);
    for (Unit unit : changed) CopyUnit(board, facts, office, unit);
    number_ += static_cast<int64_t>(changed.size());
    if (number_ < board.change_number()) return true;
    snapshot_.vector = facts.vector;
    return false;
  }

  // Without it, after every Copy.
  void Work() {
    for (Copied& copied : copied_) {
      if (copied.row) {
        rows_.insert_or_assign(copied.unit, RowOf(*copied.row));
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
    std::vector<absl::optional<Fixed>> values;
    std::vector<int> groups;
    std::vector<int64_t> ranked(levels_.size());
    for (const Row& row : rows) {
      values.push_back(row.compared);
      groups.push_back(row.level);
      if (row.compared) ++ranked[row.level];
    }
    const std::vector<absl::optional<double>> places =
        engine::PlacesOf(values, scheme_->engine.ranking.ties, groups, {});
    snapshot_.results.reserve(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      storage::v1::StoredResult stored;
      TERRACE_CHECK(stored.ParseFromString(rows[i].result));
      v1::Result& result = *stored.mutable_result();
      if (places[i]) result.set_rank(static_cast<int64_t>(*places[i]));
      result.set_ranked_count(ranked[rows[i].level]);
      snapshot_.results.push_back({std::move(rows[i].unit), resource::SerializeInOrder(stored)});
    }
    return std::move(snapshot_);
  }

 private:
  struct Copied {
    Unit unit;
    absl::optional<ScoreRow> row;  // Unset when it has no result (any more).
  };
  struct Row {
    std::string unit;
    int level = 0;                   // Number among levels_.
    absl::optional<Fixed> compared;  // Unset for who is not ranked.
    std::string result;              // StoredResult without the place.
  };

  void Walk(const SchemeBoard& board, const Facts& facts, Unit office) {
    TreeOrder::Walk walk(&board.order(), office, after_);
    Unit last = office;
    for (int i = 0; i < kGatheredAtOnce && !walk.done(); ++i, walk.Next()) {
      last = walk.unit();
      if (IsListed(board, last)) {
        copied_.push_back({last, CopyScore(board, facts, last, {true, false})});
      }
    }
    walking_ = !walk.done();
    if (walking_) after_ = board.order().PathOf(last, office);
  }

  void CopyUnit(const SchemeBoard& board, const Facts& facts, Unit office, Unit unit) {
    Copied copied{unit, absl::nullopt};
    if (board.board().HasPlace(unit) && board.order().IsUnder(unit, office) &&
        IsListed(board, unit)) {
      copied.row = CopyScore(board, facts, unit, {true, false});
    }
    copied_.push_back(std::move(copied));
  }

  Row RowOf(const ScoreRow& copied) {
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
    result.set_grade(score.grade());
    *result.mutable_coverage() = score.coverage();
    result.set_disqualified(score.disqualified());
    *result.mutable_nodes() = score.nodes();
    *result.mutable_vetoes() = score.vetoes();
    Row row;
    row.unit = std::string(copied.unit);
    row.level = levels_.try_emplace(copied.level, static_cast<int>(levels_.size())).first->second;
    if (copied.score.assessment == engine::Assessment::kScored && !copied.score.disqualified) {
      row.compared = engine::Compared(scheme_->engine, copied.score.score);
    }
    row.result = stored.SerializeAsString();
    return row;
  }

  const SnapshotRequest request_;
  const CompiledScheme* scheme_ = nullptr;  // Of the board, which is kept open meanwhile.
  bool started_ = false;
  bool walking_ = false;
  int64_t epoch_ = 0;
  int64_t number_ = 0;                 // Changes up to here are in it.
  absl::optional<std::string> after_;  // Path of the last unit that the walk looked at.
  std::vector<Copied> copied_;         // Under this hold of the lock.
  absl::flat_hash_map<Unit, Row> rows_;
  absl::flat_hash_map<std::string, int> levels_;
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
