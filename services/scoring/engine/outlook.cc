#include "services/scoring/engine/outlook.h"

#include <algorithm>
#include <utility>

#include "services/scoring/engine/bands.h"
#include "services/scoring/engine/rounding.h"

namespace terrace::scoring::engine {
namespace {

Fixed PointsOf(const Scheme& scheme, int leaf) {
  return scheme.nodes[scheme.leaf_nodes[leaf]].points;
}

class Forecast {
 public:
  Forecast(const Scheme& scheme, const SheetResult& sheet)
      : scheme_(scheme), finisher_(&scheme), sheet_(sheet) {}

  Outlook Run() {
    out_.open = OpenLeaves(scheme_, sheet_);
    for (int leaf : out_.open) out_.open_points += PointsOf(scheme_, leaf);
    out_.least = ScoreAt(FixedSum());
    const int worst = BandNow();
    out_.most = ScoreAt(out_.open_points);
    const int best = BandNow();
    if (scheme_.banding.method != BandMethod::kBounds) return std::move(out_);
    for (int band = 0; band < static_cast<int>(scheme_.bands.size()); ++band) {
      out_.needed.push_back(worst >= 0 && worst <= band ? absl::make_optional(Fixed())
                            : best >= 0 && best <= band ? absl::make_optional(NeededFor(band))
                                                        : absl::nullopt);
    }
    return std::move(out_);
  }

 private:
  // The score when the open leaves earn that much together, each the same share of its points.
  absl::optional<Fixed> ScoreAt(FixedSum earned) {
    LetEarn(scheme_, out_.open, earned, out_.open_points, &sheet_);
    finisher_.Finish(&sheet_);
    if (sheet_.assessment != Assessment::kScored) return absl::nullopt;
    return sheet_.score;
  }

  // Of the sheet as it was finished last; -1 for none.
  int BandNow() const {
    if (sheet_.assessment != Assessment::kScored || sheet_.disqualified) return -1;
    return BandOf(scheme_, sheet_.score, sheet_.best_band);
  }

  // Nothing gives less for more, so the least is found by halving.
  Fixed NeededFor(int band) {
    int128_t too_little = 0;
    int128_t enough = out_.open_points.units();
    while (enough - too_little > 1) {
      const int128_t middle = too_little + (enough - too_little) / 2;
      ScoreAt(FixedSum::FromUnits(middle));
      const int reached = BandNow();
      (reached >= 0 && reached <= band ? enough : too_little) = middle;
    }
    ScoreAt(FixedSum::FromUnits(enough));
    FixedSum needed;
    for (int leaf : out_.open) needed += sheet_.leaves[leaf].earned;
    return Clamped(needed.units());
  }

  const Scheme& scheme_;
  SheetFinisher finisher_;
  SheetResult sheet_;
  Outlook out_;
};

}  // namespace

Outlook OutlookOf(const Scheme& scheme, const SheetResult& sheet) {
  return Forecast(scheme, sheet).Run();
}

std::vector<int> OpenLeaves(const Scheme& scheme, const SheetResult& sheet) {
  std::vector<int> open;
  for (size_t leaf = 0; leaf < sheet.leaves.size(); ++leaf) {
    const Assessment assessment = sheet.leaves[leaf].assessment;
    if (IsExtra(scheme.leaves[leaf])) continue;
    if (assessment != Assessment::kNotYet && assessment != Assessment::kMissing) continue;
    open.push_back(static_cast<int>(leaf));
  }
  return open;
}

void LetEarn(const Scheme& scheme, absl::Span<const int> open, FixedSum numerator,
             FixedSum denominator, SheetResult* sheet) {
  const auto share_of = [&](Fixed points) {
    return Clamped(
        DivideRounded(int128_t{points.units()} * numerator.units(), denominator.units()));
  };
  for (int leaf : open) {
    LeafResult& result = sheet->leaves[leaf];
    result = LeafResult();
    result.assessment = Assessment::kScored;
    result.present = true;
    result.available = PointsOf(scheme, leaf);
    result.earned = share_of(result.available);
    for (int node = scheme.nodes[scheme.leaf_nodes[leaf]].parent; node >= 0;
         node = scheme.nodes[node].parent) {
      if (scheme.nodes[node].combination != Combination::kCopeland) continue;
      sheet->given.resize(scheme.nodes.size());
      sheet->given[node] = share_of(scheme.nodes[node].points);
    }
  }
}

int BandOf(const Scheme& scheme, Fixed score, int best) {
  const int band = BandByBounds(scheme.bands, Compared(scheme, score));
  return band < 0 ? -1 : std::max(band, best);
}

}  // namespace terrace::scoring::engine
