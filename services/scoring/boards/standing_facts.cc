#include "services/scoring/boards/standing_facts.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/decimal.h"
#include "services/scoring/engine/sheet.h"

namespace terrace::scoring {
namespace {

int GroupOf(int grouping, const SchemeBoard& board, Unit unit, GroupNumbers* numbers) {
  const absl::optional<std::string> common = board.GroupOf(grouping, unit);
  // One grouping's figure is not another one's.
  return common ? numbers->Of(absl::StrCat(grouping, " ", *common)) : -1;
}

}  // namespace

StandingFacts StandingFactsOf(const SchemeBoard& board, Unit unit, GroupNumbers* numbers) {
  const engine::Scheme& scheme = board.scheme().engine;
  StandingFacts out;
  out.ranking_group = GroupOf(scheme.ranking.grouping, board, unit, numbers);
  if (scheme.banding.method != engine::BandMethod::kBounds) {
    out.banding_group = GroupOf(scheme.banding.grouping, board, unit, numbers);
  }
  if (scheme.ranking.ties != engine::Ties::kOrdinal || scheme.ranking.tie_breakers.empty()) {
    return out;
  }
  out.breakers.resize(scheme.ranking.tie_breakers.size());
  if (!board.board().SheetOf(unit)) return out;
  const engine::SheetResult sheet =
      engine::EvaluateSheet(scheme, board.Explain(unit, /*with_records=*/false).input);
  for (size_t i = 0; i < out.breakers.size(); ++i) {
    const int node = scheme.ranking.tie_breakers[i];
    out.breakers[i] = engine::NodeValue(scheme, node, sheet.nodes[node]);
  }
  return out;
}

void StandingColumns::Add(absl::string_view id, int level, const engine::UnitScore& score,
                          const StandingFacts& facts) {
  const bool stands = score.assessment == engine::Assessment::kScored && !score.disqualified;
  if (scheme_.ranking.ties == engine::Ties::kOrdinal) ids_.emplace_back(id);
  levels_.push_back(level);
  scores_.push_back(stands ? absl::make_optional(score.score) : absl::nullopt);
  best_.push_back(score.best_band);
  ranking_groups_.push_back(facts.ranking_group);
  banding_groups_.push_back(facts.banding_group);
  for (size_t i = 0; i < breakers_.size(); ++i) {
    breakers_[i].push_back(i < facts.breakers.size() ? facts.breakers[i] : absl::nullopt);
  }
}

engine::Standers StandingColumns::Units(
    std::vector<absl::Span<const absl::optional<Fixed>>> breakers) const {
  engine::Standers units;
  units.scores = scores_;
  units.levels = levels_;
  units.ranking_groups = ranking_groups_;
  if (scheme_.banding.grouping >= 0) units.banding_groups = banding_groups_;
  units.best = best_;
  units.breakers = {std::move(breakers), ids_};
  return units;
}

engine::StandingPlaces StandingColumns::Places() const {
  return engine::StandingPlacesOf(scheme_, Units({breakers_.begin(), breakers_.end()}));
}

std::vector<int> StandingColumns::Bands() const {
  return engine::StandingBandsOf(scheme_, Units({}));
}

int64_t RankOf(const absl::optional<double>& place) {
  return place ? static_cast<int64_t>(*place) : 0;
}

absl::optional<types::v1::Decimal> ExactRankOf(const engine::Scheme& scheme,
                                               const absl::optional<double>& place) {
  if (!place || scheme.ranking.ties != engine::Ties::kFractional) return absl::nullopt;
  // Places are whole or half.
  const absl::StatusOr<Decimal> exact =
      Decimal::FromUnscaled(static_cast<int64_t>(*place * 10), 1, "rank");
  TERRACE_CHECK(exact.ok());
  return terrace::ToProto(*exact);
}

std::string GradeOfBand(const engine::Scheme& scheme, int band) {
  return band < 0 ? "" : scheme.bands[band].grade;
}

}  // namespace terrace::scoring
