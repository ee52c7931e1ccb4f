// FreezeScheme: what the rules of a scheme find over the peers, as parameters that the scheme can
// carry.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "common/base/error.h"
#include "common/resource/names.h"
#include "services/scoring/boards/peer_walk.h"
#include "services/scoring/engine/finish_all.h"
#include "services/scoring/schemes/combination_check.h"
#include "services/scoring/schemes/compile.h"
#include "services/scoring/schemes/compile_leaf.h"
#include "services/scoring/schemes/indicator_check.h"
#include "services/scoring/schemes/scheme_check.h"
#include "services/scoring/scores/board_read.h"
#include "services/scoring/scoring_state.h"

namespace terrace::scoring {
namespace {

class FreezeRead : public BoardRead {
 public:
  // `thawed` has nothing frozen.
  FreezeRead(rpc::Call& call, v1::Scheme thawed, v1::FreezeSchemeResponse* reply)
      : BoardRead(call), thawed_(std::move(thawed)), reply_(reply) {
    for (const v1::Node& node : thawed_.nodes()) by_entropy_ |= WeighsByEntropy(node);
  }

  absl::StatusOr<bool> Copy(const SchemeBoard& board, const Facts& facts) override {
    copied_.clear();
    if (by_entropy_ && CopySheets(board, facts)) return true;
    CopyPeers(board);
    Stamp(board, facts, reply_);
    return false;
  }

  void Work(bool more) override {
    const engine::Scheme& rules = *rules_;
    for (const auto& [unit, input] : copied_) {
      engine::SheetResult& sheet = sheets_[unit];
      sheet = engine::EvaluateSheet(rules, input);
    }
    if (more) return;
    v1::Scheme& scheme = *reply_->mutable_scheme();
    scheme = thawed_;
    for (const Found& found : found_) {
      v1::FrozenParameters frozen = FrozenOf(rules.leaves[found.leaf], *found.peers);
      frozen.set_node(rules.nodes[rules.leaf_nodes[found.leaf]].id);
      frozen.set_peers(found.shared);
      *scheme.add_frozen() = std::move(frozen);
    }
    if (by_entropy_) FixWeights(scheme);
  }

 private:
  struct Found {
    size_t leaf = 0;
    std::string shared;
    std::shared_ptr<const engine::PeersFound> peers;
  };

  static bool WeighsByEntropy(const v1::Node& node) {
    return node.weighting() == v1::WEIGHTING_ENTROPY && TakesShares(node);
  }

  // True when there are more.
  bool CopySheets(const SchemeBoard& board, const Facts& facts) {
    rules_ = &board.scheme().engine;
    const Unit office = facts.ids.Find(board.scheme().ref.office);
    if (office == kNoUnit || !board.order().Contains(office)) return false;
    if (walk_.Lost(board)) {
      sheets_.clear();
      walk_.Start(board);
    }
    const auto take = [&](Unit unit) {
      if (board.board().SheetOf(unit)) {
        copied_.emplace_back(unit, board.Explain(unit, /*with_records=*/false).input);
      } else {
        sheets_.erase(unit);
      }
    };
    if (walk_.walking()) {
      walk_.Walk(board, office, take);
      return true;
    }
    return !walk_.CatchUp(board, take);
  }

  void CopyPeers(const SchemeBoard& board) {
    found_.clear();
    rules_ = &board.scheme().engine;
    for (size_t leaf = 0; leaf < rules_->leaves.size(); ++leaf) {
      const v1::Node& node = board.scheme().proto.nodes(rules_->leaf_nodes[leaf]);
      if (!node.leaf().has_normalise() || !IsFreezable(node.leaf().normalise())) continue;
      for (auto& [shared, peers] : board.peers().PeersOf(leaf)) {
        found_.push_back({leaf, shared, std::move(peers)});
      }
    }
  }

  void FixWeights(v1::Scheme& scheme) {
    engine::Scheme rules = *rules_;  // Which weighs evenly what is to weigh by entropy.
    std::vector<engine::SheetResult*> sheets;
    for (auto& [unit, sheet] : sheets_) sheets.push_back(&sheet);
    for (int n = 0; n < scheme.nodes_size(); ++n) {
      if (WeighsByEntropy(scheme.nodes(n))) rules.nodes[n].weighting = engine::Weighting::kEntropy;
    }
    const std::vector<Fixed> weights =
        engine::FinishAll(rules, std::vector<bool>(sheets.size(), true), sheets);
    for (int n = 0; n < scheme.nodes_size(); ++n) {
      const int parent = rules.nodes[n].parent;
      if (parent >= 0 && rules.nodes[parent].weighting == engine::Weighting::kEntropy) {
        *scheme.mutable_nodes(n)->mutable_weight() = ExactDecimal(weights[n]);
      }
    }
    for (v1::Node& node : *scheme.mutable_nodes()) {
      if (WeighsByEntropy(node)) node.set_weighting(v1::WEIGHTING_FIXED);
    }
  }

  const v1::Scheme thawed_;
  v1::FreezeSchemeResponse* const reply_;
  bool by_entropy_ = false;
  PeerWalk walk_;
  const engine::Scheme* rules_ = nullptr;                    // Of the board, which is kept open.
  std::vector<std::pair<Unit, engine::SheetInput>> copied_;  // Under this hold.
  std::map<Unit, engine::SheetResult> sheets_;
  std::vector<Found> found_;
};

// The scheme as it stands, without what was frozen.
absl::StatusOr<v1::Scheme> ThawedScheme(const ReadContext& context, rpc::Call& call,
                                        const v1::FreezeSchemeRequest& request) {
  v1::Scheme scheme;
  const absl::Status status =
      context.machine->Read<ScoringState>([&](const ScoringState& state, const store::Cursor&) {
        v1::GetSchemeRequest get;
        get.set_name(request.name());
        return state.GetScheme(call.identity, *call.tree, call.received, get, &scheme);
      });
  TERRACE_RETURN_IF_ERROR(status);
  scheme.clear_frozen();
  return scheme;
}

// The same with weights that no other unit decides, ready to be scored.
absl::StatusOr<std::shared_ptr<const CompiledScheme>> EvenScheme(const ReadContext& context,
                                                                 rpc::Call& call,
                                                                 v1::Scheme scheme) {
  for (v1::Node& node : *scheme.mutable_nodes()) {
    if (node.weighting() == v1::WEIGHTING_ENTROPY) node.set_weighting(v1::WEIGHTING_EQUAL);
  }
  v1::ValidateSchemeResponse checked;
  const absl::Status status =
      context.machine->Read<ScoringState>([&](const ScoringState& state, const store::Cursor&) {
        v1::ValidateSchemeRequest validate;
        *validate.mutable_scheme() = scheme;
        return state.ValidateScheme(call.identity, *call.tree, call.received, validate, &checked);
      });
  TERRACE_RETURN_IF_ERROR(status);
  TERRACE_RETURN_IF_ERROR(
      RefuseErrors(scheme.name(), {checked.issues().begin(), checked.issues().end()}));
  return Compile(scheme);
}

}  // namespace

void FreezeScheme(const ReadContext& context, rpc::Call& call,
                  const v1::FreezeSchemeRequest& request, v1::FreezeSchemeResponse* reply,
                  rpc::StatusDone done) {
  BoardKey key;
  v1::Scheme thawed;
  const auto parse = [&]() -> absl::Status {
    TERRACE_RETURN_IF_ERROR(resource::ParseName(request.name(), kSchemePattern).status());
    TERRACE_ASSIGN_OR_RETURN(key.scheme, ParseScheme(request.name()));
    TERRACE_ASSIGN_OR_RETURN(key.period, calendar::Period::Parse(request.period()));
    TERRACE_ASSIGN_OR_RETURN(thawed, ThawedScheme(context, call, request));
    TERRACE_ASSIGN_OR_RETURN(key.draft, EvenScheme(context, call, thawed));
    if (key.period.kind() == key.draft->periodicity) return absl::OkStatus();
    return Error(Reason::NOT_A_BOARD_PERIOD,
                 {{"period", request.period()}, {"scheme", request.name()}});
  };
  const absl::Status status = parse();
  if (!status.ok()) {
    done(status);
    return;
  }
  key.at = AtTime(request.has_at_time(), request.at_time());
  auto read = std::make_shared<FreezeRead>(call, std::move(thawed), reply);
  OnBoard(context, call, key, /*quick=*/false, std::move(read), std::move(done));
}

}  // namespace terrace::scoring
