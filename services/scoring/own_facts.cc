#include "services/scoring/own_facts.h"

#include "common/base/check.h"
#include "common/base/decimal.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "services/scoring/campaigns/review_facts.h"
#include "services/scoring/scoring_state.h"
#include "terrace/storage/v1/scoring.pb.h"

namespace terrace::scoring {

void OwnFacts::Reset() {
  schemes_.clear();
  facts_->figures = Figures();
  facts_->reviews = Reviews();
  facts_->published = PublishedScores();
}

void OwnFacts::Apply(absl::string_view key, const std::string* value, Touched* touched) {
  if (IsSchemeKey(key)) {
    ApplyScheme(key, value);
  } else if (IsDefinitionKey(key)) {
    storage::v1::StatisticDefinitionRow row;
    if (value != nullptr) TERRACE_CHECK(row.ParseFromString(*value));
    // Figures may appear or vanish with it, anywhere.
    touched->everything |= facts_->figures.SetMinimum(key, row.definition().minimum_n());
  } else if (IsStatisticKey(key)) {
    ApplyStatistic(key, value, touched);
  } else if (IsCampaignKey(key)) {
    // A closed campaign leaves leaves missing on every sheet of the population.
    touched->everything |= facts_->reviews.SetCampaign(key, CampaignCounting(value));
  } else if (absl::StatusOr<StageRef> stage = ParseStage(key); stage.ok()) {
    const Unit unit = facts_->ids.Number(stage->sheet.unit);
    const bool beside =
        facts_->reviews.SetStage(unit, stage->sheet.campaign, stage->stage, StageCounting(value));
    touched->sheets.push_back(unit);
    if (beside) touched->beside.push_back(unit);
  } else if (resource::MatchesName(key, kResultPattern)) {
    ApplyResult(key, value);
  } else if (resource::MatchesName(key, kPublicationPattern)) {
    ApplyPublication(key, value, touched);
  }
}

void OwnFacts::ApplyScheme(absl::string_view key, const std::string* value) {
  const SchemeRef ref = *ParseScheme(key);
  Version& version = schemes_[ref.Family()][ref.version];
  version = Version();
  if (value == nullptr) return;
  storage::v1::SchemeRow row;
  TERRACE_CHECK(row.ParseFromString(*value));
  version.state = row.scheme().state();
  if (version.state == v1::SCHEME_STATE_DRAFT) return;
  row.mutable_scheme()->set_name(std::string(key));
  version.compiled = Compile(row.scheme());
}

void OwnFacts::ApplyStatistic(absl::string_view key, const std::string* value, Touched* touched) {
  const StatisticRef ref = *ParseStatistic(key);
  const Unit unit = facts_->ids.Number(ref.unit);
  touched->figures.emplace_back(ref.definition, unit);
  if (value == nullptr) {
    facts_->figures.Remove(unit, ref.definition, ref.period);
    return;
  }
  storage::v1::StatisticValueRow row;
  TERRACE_CHECK(row.ParseFromString(*value));
  absl::StatusOr<Decimal> number = terrace::FromProto(row.quantity().value(), "quantity");
  TERRACE_CHECK(number.ok());  // Checked before it was stored.
  Figure figure{FixedSumFromDecimal(*number), absl::InfinitePast(), row.sample_size()};
  if (row.has_known_time()) figure.known = FromProto(row.known_time());
  facts_->figures.Set(unit, ref.definition, ref.period, figure);
}

void OwnFacts::ApplyPublication(absl::string_view key, const std::string* value, Touched* touched) {
  if (value == nullptr) return;  // They are not deleted.
  storage::v1::PublicationRow row;
  TERRACE_CHECK(row.ParseFromString(*value));
  const v1::Publication& publication = row.publication();
  if (!IsAnnounced(publication.state())) return;
  AnnouncedScores announced{std::string(key), publication.corrects()};
  if (publication.has_final_time()) announced.final_from = FromProto(publication.final_time());
  const std::string family = ParseScheme(publication.scheme())->Family();
  if (facts_->published.SetPublication(family, *calendar::Period::Parse(publication.period()),
                                       std::move(announced))) {
    touched->published.push_back(family);
  }
}

// Results are written before their publication is announced, so that they touch nothing themselves.
void OwnFacts::ApplyResult(absl::string_view key, const std::string* value) {
  const ResultRef ref = *ParseResult(key);
  const Unit unit = facts_->ids.Number(ref.unit);
  storage::v1::StoredResult row;
  if (value != nullptr) TERRACE_CHECK(row.ParseFromString(*value));
  if (!row.result().has_value()) {
    facts_->published.RemoveScore(ref.publication, unit);
    return;
  }
  const absl::StatusOr<Decimal> score = terrace::FromProto(row.result().value(), "value");
  TERRACE_CHECK(score.ok());  // As it was shown.
  facts_->published.SetScore(ref.publication, unit, FixedSumFromDecimal(*score));
}

absl::StatusOr<std::shared_ptr<const CompiledScheme>> OwnFacts::Resolve(
    const SchemeRef& scheme, const calendar::Period& period) const {
  auto none = [&] {
    return Error(Reason::NO_SCHEME_IN_FORCE,
                 {{"scheme", scheme.Family()}, {"period", period.ToString()}});
  };
  auto family = schemes_.find(scheme.Family());
  if (family == schemes_.end()) return none();
  std::shared_ptr<const CompiledScheme> found;
  if (!scheme.version.empty()) {
    auto version = family->second.find(scheme.version);
    if (version != family->second.end()) found = version->second.compiled;
  } else {
    for (const auto& [id, version] : family->second) {
      if (version.state != v1::SCHEME_STATE_PUBLISHED) continue;
      const calendar::Period& first = version.compiled->first_period;
      if (first.First() > period.First()) continue;
      if (found == nullptr || first > found->first_period) found = version.compiled;
    }
  }
  if (found == nullptr) return none();
  if (period.kind() != found->periodicity) {
    return Error(Reason::NOT_A_BOARD_PERIOD,
                 {{"period", period.ToString()}, {"scheme", found->proto.name()}});
  }
  return found;
}

absl::optional<calendar::PeriodKind> OwnFacts::PeriodicityOf(const SchemeRef& scheme) const {
  auto family = schemes_.find(scheme.Family());
  if (family == schemes_.end()) return absl::nullopt;
  const CompiledScheme* last = nullptr;
  for (const auto& [id, version] : family->second) {
    if (version.state != v1::SCHEME_STATE_PUBLISHED) continue;
    if (last == nullptr || version.compiled->first_period > last->first_period) {
      last = version.compiled.get();
    }
  }
  if (last == nullptr) return absl::nullopt;
  return last->periodicity;
}

}  // namespace terrace::scoring
