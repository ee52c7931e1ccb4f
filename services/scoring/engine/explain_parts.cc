#include "services/scoring/engine/explain_parts.h"

#include <algorithm>
#include <cstdlib>

#include "absl/status/statusor.h"
#include "common/base/check.h"

namespace terrace::scoring::engine {
namespace {

// Keeps the greatest pieces, in their order, and puts the rest into one.
void LeaveOut(size_t most, std::vector<Piece>& pieces) {
  if (pieces.size() <= most) return;
  std::vector<size_t> order(pieces.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  auto size = [&](size_t i) { return std::abs(pieces[i].part.contribution.units()); };
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return size(a) > size(b); });
  std::vector<bool> keep(pieces.size());
  for (size_t i = 0; i < most; ++i) keep[order[i]] = true;
  std::vector<Piece> kept;
  Piece others;
  others.part.kind = Part::Kind::kOthers;
  FixedSum rest;
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (keep[i]) {
      kept.push_back(std::move(pieces[i]));
    } else {
      rest += pieces[i].part.contribution;
      ++others.part.omitted;
    }
  }
  absl::StatusOr<Fixed> narrow = Narrow(rest, "others");
  TERRACE_CHECK(narrow.ok());  // Each is smaller than those that stay, which add up to a Fixed.
  others.part.contribution = others.local = *narrow;
  kept.push_back(std::move(others));
  pieces = std::move(kept);
}

FixedSum Total(absl::Span<const Piece> pieces) {
  FixedSum total;
  for (const Piece& piece : pieces) total += piece.local;
  return total;
}

}  // namespace

Fixed ShareOf(Fixed whole, FixedSum numerator, FixedSum denominator) {
  if (denominator == FixedSum()) return Fixed();
  absl::StatusOr<Fixed> share = MultiplyDivide(whole, numerator, denominator, "share");
  return share.ok() ? *share : Fixed();
}

void Distribute(const Part& whole, FixedSum factor, const ExplainOptions& options,
                std::vector<Piece>& pieces) {
  if (pieces.size() == 1 && options.parts_max > 0) {  // As most records are.
    pieces[0].part.contribution = whole.contribution;
    pieces[0].part.shown = Round(whole.shown, options.decimals);
    return;
  }
  const FixedSum total = Total(pieces);
  std::vector<Fixed> parts;
  parts.reserve(pieces.size());
  for (const Piece& piece : pieces) {
    parts.push_back(total != FixedSum() ? ShareOf(piece.local, whole.contribution, total)
                                        : ShareOf(piece.local, factor, FixedSum::FromInteger(1)));
  }
  const std::vector<FixedSum> exact = Apportion(parts, whole.contribution, kFixedDecimals);
  for (size_t i = 0; i < pieces.size(); ++i) {
    absl::StatusOr<Fixed> narrow = Narrow(exact[i], "part");
    TERRACE_CHECK(narrow.ok());
    pieces[i].part.contribution = *narrow;
  }
  LeaveOut(static_cast<size_t>(options.parts_max), pieces);
  parts.clear();
  for (const Piece& piece : pieces) parts.push_back(piece.part.contribution);
  const std::vector<FixedSum> shown = Apportion(parts, whole.shown, options.decimals);
  for (size_t i = 0; i < pieces.size(); ++i) pieces[i].part.shown = shown[i];
}

FixedSum FactorBelow(const Part& whole, FixedSum factor, absl::Span<const Piece> pieces) {
  const FixedSum total = Total(pieces);
  if (total == FixedSum()) return factor;
  absl::StatusOr<Fixed> scale = Divide(whole.contribution, total, "scale");
  return scale.ok() ? *scale : factor;
}

}  // namespace terrace::scoring::engine
