#include "services/scoring/engine/explain.h"

#include "services/scoring/engine/explain_parts.h"

namespace terrace::scoring::engine {
namespace {

class UnitExplainer {
 public:
  UnitExplainer(const Board& board, const ExplainOptions& options, InputOf input,
                ChildrenOf children)
      : board_(board),
        scheme_(board.scheme()),
        options_(options),
        input_(input),
        children_(children) {}

  Part Whole(Unit unit) {
    Piece whole = ByScore(unit);
    whole.part.contribution = whole.part.value;
    whole.part.shown = Round(whole.part.value, options_.decimals);
    OpenScore(whole.part, options_.depth, FixedSum::FromInteger(1));
    return std::move(whole.part);
  }

 private:
  // What the sheets of a subtree add up to, for a unit above it.
  struct Sums {
    int basis = 0;
    bool ratio = false;
    Accumulator whole;
  };

  Piece ByScore(Unit unit) const {
    const UnitScore score = board_.ScoreOf(unit);
    Piece piece;
    piece.part.kind = Part::Kind::kUnit;
    piece.part.unit = unit;
    piece.part.assessment = score.assessment;
    piece.part.value = score.score;
    piece.part.out_of = scheme_.points;
    return piece;
  }

  Piece SheetPiece(Unit unit) const {
    Piece piece;
    const absl::optional<SheetValue> sheet = board_.SheetOf(unit);
    piece.part.kind = Part::Kind::kSheet;
    piece.part.unit = unit;
    piece.part.assessment = sheet ? sheet->assessment : Assessment::kNotApplicable;
    piece.part.value = piece.local = sheet ? sheet->score : Fixed();
    piece.part.out_of = scheme_.points;
    return piece;
  }

  static bool BySheets(const Rollup& rollup) {
    return rollup.method == Method::kOverDescendants || rollup.method == Method::kRatioOfSums;
  }

  // Takes a unit's score apart by its roll-up.
  void OpenScore(Part& whole, int depth, FixedSum factor) {
    const Unit unit = whole.unit;
    const Rollup& rollup = board_.RollupRuleOf(unit);
    const absl::optional<SheetValue> sheet = board_.SheetOf(unit);
    if (rollup.method == Method::kOwn) {
      if (!sheet) return;
      std::vector<Piece> pieces = {SheetPiece(unit)};
      Finish(whole, std::move(pieces), depth, factor, {});
      return;
    }
    Sums sums;
    std::vector<Piece> pieces;
    const bool rolled = board_.RolledUp(unit).has_value();
    if (BySheets(rollup)) {
      sums = {rollup.basis, rollup.method == Method::kRatioOfSums, board_.RollupOf(unit)};
      pieces = SumPieces(unit, sums, /*own=*/sums.ratio);
    } else {
      pieces = ChildPieces(unit, rollup);
    }
    if (!rolled) {  // Too little is covered: what is there below does not count.
      for (Piece& piece : pieces) piece.local = Fixed();
    }
    if (rollup.mixes() && sheet) MixIn(SheetPiece(unit), rollup, rolled, pieces);
    Finish(whole, std::move(pieces), depth, factor, sums);
  }

  static void MixIn(Piece own, const Rollup& rollup, bool rolled, std::vector<Piece>& pieces) {
    const bool scored = own.part.assessment == Assessment::kScored;
    if (rolled && scored) {
      const FixedSum both = FixedSum(rollup.own_weight) + rollup.rolled_weight;
      own.local = ShareOf(own.local, rollup.own_weight, both);
      for (Piece& piece : pieces) piece.local = ShareOf(piece.local, rollup.rolled_weight, both);
    }
    pieces.insert(pieces.begin(), std::move(own));
  }

  // The units directly below with what the score of each makes of the rolled-up score.
  std::vector<Piece> ChildPieces(Unit unit, const Rollup& rollup) const {
    const Accumulator sums = board_.ChildrenOf(unit);
    const absl::optional<Fixed> rolled = board_.RolledUp(unit);
    bool least_found = false;
    std::vector<Piece> pieces;
    for (Unit child : children_(unit)) {
      Piece piece = ByScore(child);
      const Fixed score = piece.part.value;
      int64_t weight = kWeightUnitsPerOne;
      if (rollup.method == Method::kWeightedMean) {
        piece.part.weight = board_.WeightOf(rollup.weight, child);
        weight = piece.part.weight.value_or(0);
      }
      if (piece.part.assessment == Assessment::kScored) {
        if (rollup.method == Method::kSum) {
          piece.local = score;
        } else if (rollup.method == Method::kMin) {
          // The first of equals carries the whole.
          if (rolled && score == *rolled && !least_found) {
            piece.local = score;
            least_found = true;
          }
        } else {
          piece.local =
              ShareOf(score, FixedSum::FromUnits(weight), FixedSum::FromUnits(sums.weight));
        }
      }
      pieces.push_back(std::move(piece));
    }
    return pieces;
  }

  Fixed LocalOf(const Accumulator& part, const Sums& sums) const {
    if (sums.ratio) {
      return ShareOf(scheme_.points, FixedSum::FromUnits(part.numerator),
                     FixedSum::FromUnits(sums.whole.denominator));
    }
    if (sums.whole.weight <= 0 || sums.whole.weight > kWeightSumUnitsMax) return Fixed();
    // Sums of weight times score stand in 1e-18, weights in 1e-6.
    return Clamped(DivideRounded(part.sum, sums.whole.weight));
  }

  // The subtrees directly below, and the own sheet, with what their sheets make of the sums.
  std::vector<Piece> SumPieces(Unit unit, const Sums& sums, bool own) const {
    std::vector<Piece> pieces;
    if (own && board_.SheetOf(unit)) {
      Piece piece = SheetPiece(unit);
      piece.local = LocalOf(board_.OwnSheetOf(unit, sums.basis), sums);
      pieces.push_back(std::move(piece));
    }
    for (Unit child : children_(unit)) {
      const Accumulator below = board_.SheetsOf(child, sums.basis);
      Piece piece = ByScore(child);
      piece.by_sheets = true;
      piece.local = LocalOf(below, sums);
      // What counts is the subtree, whatever roll-up the unit itself has.
      piece.part.assessment = below.covered > 0   ? Assessment::kScored
                              : below.count == 0  ? Assessment::kNotApplicable
                              : below.not_yet > 0 ? Assessment::kNotYet
                                                  : Assessment::kMissing;
      piece.part.value = MeanOf(below).value_or(Fixed());
      if (scheme_.bases[sums.basis].weight >= 0 && below.weight <= kWeightSumUnitsMax) {
        piece.part.weight = static_cast<int64_t>(below.weight);
      }
      pieces.push_back(std::move(piece));
    }
    return pieces;
  }

  void Finish(Part& whole, std::vector<Piece> pieces, int depth, FixedSum factor,
              const Sums& sums) {
    const FixedSum below = FactorBelow(whole, factor, pieces);
    Distribute(whole, factor, options_, pieces);
    whole.parts.reserve(pieces.size());
    for (Piece& piece : pieces) {
      Part& part = piece.part;
      if (part.kind == Part::Kind::kSheet) {
        OpenSheet(scheme_, input_(part.unit), below, options_, part);
      } else if (part.kind == Part::Kind::kUnit && depth > 0) {
        if (piece.by_sheets) {
          Finish(part, SumPieces(part.unit, sums, /*own=*/true), depth - 1, below, sums);
        } else {
          OpenScore(part, depth - 1, below);
        }
      }
      whole.parts.push_back(std::move(part));
    }
  }

  const Board& board_;
  const Scheme& scheme_;
  const ExplainOptions& options_;
  InputOf input_;
  ChildrenOf children_;
};

}  // namespace

Part ExplainUnit(const Board& board, Unit unit, const ExplainOptions& options, InputOf input,
                 ChildrenOf children) {
  return UnitExplainer(board, options, input, children).Whole(unit);
}

}  // namespace terrace::scoring::engine
