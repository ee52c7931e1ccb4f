#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "services/scoring/engine/explain_parts.h"
#include "services/scoring/engine/rounding.h"

namespace terrace::scoring::engine {
namespace {

const Fixed kOne = Fixed::FromInteger(1);

class SheetExplainer {
 public:
  SheetExplainer(const Scheme& scheme, const SheetInput& input, const ExplainOptions& options)
      : scheme_(scheme),
        input_(input),
        options_(options),
        sheet_(EvaluateSheet(scheme, input)),
        scored_(sheet_.assessment == Assessment::kScored),
        first_child_(scheme.nodes.size(), -1),
        next_(scheme.nodes.size(), -1) {
    for (int n = static_cast<int>(scheme.nodes.size()) - 1; n >= 0; --n) {
      const Node& node = scheme.nodes[n];
      if (node.parent < 0 || IsExtra(node)) continue;
      next_[n] = std::exchange(first_child_[node.parent], n);
    }
  }

  void Open(Part& whole, FixedSum factor) {
    std::vector<Piece> pieces = TopNodes();
    if (scored_) AddAdjustments(pieces);
    const bool any = sheet_.available > Fixed();
    DistributeNodes(whole, std::move(pieces), factor, scheme_.points,
                    any ? sheet_.available : scheme_.points);
  }

 private:
  const Leaf* LeafOf(const Node& node) const {
    return node.leaf >= 0 ? &scheme_.leaves[node.leaf] : nullptr;
  }
  bool IsExtra(const Node& node) const { return node.leaf >= 0 && engine::IsExtra(*LeafOf(node)); }
  // Bonuses and penalties.
  bool StandsBeside(const Node& node) const { return IsExtra(node) && !IsVeto(node); }
  bool IsVeto(const Node& node) const {
    return node.leaf >= 0 && std::holds_alternative<VetoRule>(LeafOf(node)->rule);
  }

  Piece NodePiece(size_t n, Fixed local) const {
    Piece piece;
    piece.part.kind = Part::Kind::kNode;
    piece.part.index = static_cast<int32_t>(n);
    piece.part.assessment = sheet_.nodes[n].assessment;
    const int leaf = scheme_.nodes[n].leaf;
    piece.part.refused = leaf >= 0 && sheet_.leaves[leaf].refused;
    piece.part.value = sheet_.nodes[n].earned;
    piece.part.out_of = scheme_.nodes[n].points;
    piece.local = local;
    return piece;
  }

  // The nodes at the top in points of the scheme. Bonuses and penalties stand beside them wherever
  // they hang; vetoes are told only where they strike.
  std::vector<Piece> TopNodes() const {
    std::vector<Piece> pieces;
    for (size_t n = 0; n < scheme_.nodes.size(); ++n) {
      const Node& node = scheme_.nodes[n];
      if (IsVeto(node) || (node.parent >= 0 && !StandsBeside(node))) continue;
      const Fixed earned = scored_ ? sheet_.nodes[n].earned : Fixed();
      pieces.push_back(NodePiece(
          n, StandsBeside(node) ? earned : ShareOf(scheme_.points, earned, sheet_.available)));
    }
    return pieces;
  }

  static Piece Adjustment(Part::Kind kind, Fixed value) {
    Piece piece;
    piece.part.kind = kind;
    piece.part.value = piece.local = value;
    return piece;
  }

  // What the cap on bonuses, the end of all penalties at 0, and the vetoes add to the sum of the
  // nodes, in their order.
  void AddAdjustments(std::vector<Piece>& pieces) const {
    FixedSum score;
    for (const Piece& piece : pieces) score += piece.local;
    if (sheet_.bonus < sheet_.bonus_uncapped) {
      pieces.push_back(
          Adjustment(Part::Kind::kBonusCap,
                     Fixed::FromUnits(sheet_.bonus.units() - sheet_.bonus_uncapped.units())));
      score += pieces.back().local;
    }
    const FixedSum floor = std::min(score + sheet_.penalty, FixedSum());
    if (score < floor) {
      pieces.push_back(Adjustment(Part::Kind::kFloor, Clamped((floor - score).units())));
      score += pieces.back().local;
    }
    for (size_t n = 0; n < scheme_.nodes.size(); ++n) {
      if (!IsVeto(scheme_.nodes[n]) || !sheet_.leaves[scheme_.nodes[n].leaf].struck) continue;
      const auto& veto = std::get<VetoRule>(LeafOf(scheme_.nodes[n])->rule);
      const Fixed most = veto.effect == VetoEffect::kMaxScore ? veto.max_score : Fixed();
      Piece piece = NodePiece(n, Fixed());
      piece.part.kind = Part::Kind::kVeto;
      const bool limits = veto.effect == VetoEffect::kZero || veto.effect == VetoEffect::kMaxScore;
      if (limits && score > FixedSum(most)) {
        absl::StatusOr<Fixed> taken = Narrow(FixedSum(most) - score, "veto");
        if (taken.ok()) piece.local = *taken;
        score = most;
      }
      piece.part.value = piece.local;
      pieces.push_back(std::move(piece));
    }
  }

  // `scaled` points of the whole stand for `points` earned by the nodes; bonuses are not scaled.
  void DistributeNodes(Part& whole, std::vector<Piece> pieces, FixedSum factor, Fixed scaled,
                       Fixed points) {
    factor = FactorBelow(whole, factor, pieces);
    Distribute(whole, factor, options_, pieces);
    absl::StatusOr<Fixed> narrow = Narrow(factor, "factor");
    const FixedSum inner = narrow.ok() ? ShareOf(*narrow, scaled, points) : Fixed();
    whole.parts.reserve(pieces.size());
    for (Piece& piece : pieces) {
      Part& part = piece.part;
      if (part.kind == Part::Kind::kVeto) OpenVeto(part);
      if (part.kind == Part::Kind::kNode) {
        OpenNode(part, StandsBeside(scheme_.nodes[part.index]) ? factor : inner);
      }
      whole.parts.push_back(std::move(part));
    }
  }

  std::vector<Part> RecordsOf(const Node& node) const {
    return ExplainLeaf(*LeafOf(node), node.points, input_.leaves[node.leaf],
                       sheet_.leaves[node.leaf]);
  }

  void OpenNode(Part& whole, FixedSum factor) {
    const Node& node = scheme_.nodes[whole.index];
    std::vector<Piece> pieces;
    if (node.leaf >= 0) {
      std::vector<Part> records = RecordsOf(node);
      pieces.resize(records.size());
      for (size_t i = 0; i < records.size(); ++i) {
        // Records of a sheet that has no score earn nothing, whatever their leaf found.
        pieces[i].local = scored_ ? records[i].value : Fixed();
        pieces[i].part = std::move(records[i]);
      }
      Distribute(whole, factor, options_, pieces);
      whole.parts.reserve(pieces.size());
      for (Piece& piece : pieces) whole.parts.push_back(std::move(piece.part));
      return;
    }
    if (TakesShares(node.combination)) {
      OpenShares(whole, factor);
      return;
    }
    FixedSum available;
    for (int n = first_child_[whole.index]; n >= 0; n = next_[n]) {
      available += sheet_.nodes[n].available;
      pieces.push_back(NodePiece(n, scored_ ? sheet_.nodes[n].earned : Fixed()));
    }
    absl::StatusOr<Fixed> points = Narrow(available, "points");
    const bool scales = node.combination == Combination::kScale && points.ok() && *points > Fixed();
    // The factor from what the children earned, which the node scales to its own points.
    absl::StatusOr<Fixed> narrow = Narrow(factor, "factor");
    if (scales && narrow.ok()) factor = ShareOf(*narrow, node.points, *points);
    DistributeNodes(whole, std::move(pieces), factor, kOne, kOne);
  }

  void OpenShares(Part& whole, FixedSum factor) {
    const Node& node = scheme_.nodes[whole.index];
    const NodeResult& result = sheet_.nodes[whole.index];
    std::vector<Piece> pieces;  // Those that are scored first.
    std::vector<Piece> without;
    std::vector<ExplainedMember> members;
    for (int n = first_child_[whole.index]; n >= 0; n = next_[n]) {
      const NodeResult& child = sheet_.nodes[n];
      const bool counts = scored_ && result.available > Fixed() && child.available > Fixed();
      (counts ? pieces : without).push_back(NodePiece(n, Fixed()));
      if (counts) members.push_back({child.earned, child.available, scheme_.nodes[n].weight});
    }
    ExplainMembers(node, result.earned, members, absl::MakeSpan(pieces));
    const bool contest = node.combination == Combination::kCopeland;
    const bool uneven = node.combination == Combination::kMazziottaPareto ||
                        node.combination == Combination::kMazziottaParetoPlus;
    if ((contest || uneven) && !members.empty()) {
      FixedSum shares;
      for (const Piece& piece : pieces) shares += piece.local;
      const Fixed rest = Clamped((FixedSum(result.earned) - shares).units());
      Piece adjustment = Adjustment(contest ? Part::Kind::kContest : Part::Kind::kUneven, rest);
      if (contest) adjustment.part.index = whole.index;
      if (contest || rest != Fixed()) without.push_back(std::move(adjustment));
    }
    pieces.insert(pieces.end(), without.begin(), without.end());
    absl::StatusOr<Fixed> narrow = Narrow(FactorBelow(whole, factor, pieces), "factor");
    Distribute(whole, factor, options_, pieces);
    whole.parts.reserve(pieces.size());
    for (Piece& piece : pieces) {
      if (piece.part.kind == Part::Kind::kNode) {
        OpenNode(piece.part, narrow.ok() ? ShareOf(*narrow, piece.slope, kOne) : Fixed());
      }
      whole.parts.push_back(std::move(piece.part));
    }
  }

  // What struck: the first record carries what the veto takes away, the others stand beside it.
  void OpenVeto(Part& whole) const {
    for (Part& part : RecordsOf(scheme_.nodes[whole.index])) {
      if (part.kind != Part::Kind::kRecord) continue;
      if (whole.parts.size() == static_cast<size_t>(options_.parts_max)) break;
      if (whole.parts.empty()) {
        part.contribution = whole.contribution;
        part.shown = whole.shown;
      }
      whole.parts.push_back(std::move(part));
    }
  }

  const Scheme& scheme_;
  const SheetInput& input_;
  const ExplainOptions& options_;
  const SheetResult sheet_;
  const bool scored_;
  // By node: its first child that is no extra, in the order of the scheme, and the next one of the
  // same parent; -1 for none.
  std::vector<int> first_child_;
  std::vector<int> next_;
};

}  // namespace

void OpenSheet(const Scheme& scheme, const SheetInput& input, FixedSum factor,
               const ExplainOptions& options, Part& whole) {
  SheetExplainer(scheme, input, options).Open(whole, factor);
}

}  // namespace terrace::scoring::engine
