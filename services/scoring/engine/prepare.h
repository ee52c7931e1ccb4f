// What is done to columns of figures before rules look at them: changes over time, denominators,
// stand-ins for missing figures, and outliers. Meanings and formulas stand at Preparation in
// proto/terrace/scoring/v1/indicator.proto.
//
// A column has one figure a unit, NaN where there is none. Sums are taken over sorted figures, so
// that no order of units changes a bit.
//
// Thread-safety: pure functions of plain values.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_PREPARE_H_
#define TERRACE_SERVICES_SCORING_ENGINE_PREPARE_H_

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "services/scoring/engine/indicator.h"

namespace terrace::scoring::engine {

using FigureColumn = std::vector<double>;

// By unit, the number of the set of units that it belongs to; -1 for none.
using Sets = std::vector<int>;

// The figure as a change. `history` has the columns of the periods before, the latest first;
// `siblings` are the units with the same parent.
FigureColumn Grow(const Preparation& preparation, const FigureColumn& figures,
                  absl::Span<const FigureColumn> history, const Sets& siblings);

// How many periods back the figures lie that the preparation looks at beside that of the period
// itself, rising.
std::vector<int> PeriodsLookedAt(const Preparation& preparation);

// Divides; what has no denominator, or 0, has no figure.
void Denominate(absl::Span<const double> denominators, FigureColumn& figures);

// Whom stand-ins are taken from.
struct Donors {
  const Sets* all = nullptr;
  const Sets* groups = nullptr;  // GROUP_MEAN, GROUP_MEDIAN; null: nobody is in a group.
  const Sets* siblings = nullptr;
  const FigureColumn* previous = nullptr;  // PREVIOUS_PERIOD; null: there is none.
  bool falling = false;                    // WORST: less is better.
};

// Fills in what is missing, for the units of the donors' set `all`. Says of which units.
std::vector<bool> Impute(ImputationMethod method, const Donors& donors, FigureColumn& figures);

// How lopsided and how heavy in its tails a column is, corrected for the size of the sample.
struct Shape {
  double skewness = 0;  // G1
  double kurtosis = 0;  // G2, excess.
};
// nullopt for fewer than four figures, and for figures that do not differ.
absl::optional<Shape> ShapeOf(absl::Span<const double> figures);

// The quantile of sorted figures at a share from 0 to 1, interpolated (type 7); there is one figure
// at least.
double Quantile(const std::vector<double>& sorted, double share);

// What a treatment does to every figure, once it is found over the peers.
struct Transform {
  enum class Curve : uint8_t { kNone, kLogarithm, kBoxCox };
  // Figures beyond are moved to these.
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  Curve curve = Curve::kNone;
  double offset = 0;  // kLogarithm: ln(x - low + offset).
  double lambda = 0;  // kBoxCox
  int moved = 0;      // How many figures of the peers lay beyond.

  double Of(double figure) const;
  friend bool operator==(const Transform&, const Transform&) = default;
};

// What the treatment does, given the figures of the peers (NaN: none).
Transform FindTransform(const Treatment& treatment, absl::Span<const double> figures);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_PREPARE_H_
