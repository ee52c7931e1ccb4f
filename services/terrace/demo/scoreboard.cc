#include "services/terrace/demo/scoreboard.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/decimal.h"
#include "common/base/time.h"
#include "services/terrace/demo/figures.h"
#include "services/terrace/sample/sample.h"
#include "services/terrace/words.h"
#include "terrace/registry/v1/unit.pb.h"
#include "terrace/scoring/v1/scoreboard.pb.h"

namespace terrace::demo {

std::string TownshipScoreName(absl::string_view unit) {
  return absl::StrCat(unit, "/scores/nation~township-work~", sample::kTownshipPeriod);
}

absl::StatusOr<std::vector<scoring::v1::Rank>> RankTownships(cli::Client* client) {
  scoring::v1::RankUnitsRequest request;
  request.set_subtree(sample::kCountyA);
  request.set_scheme(sample::kTownshipScheme);
  request.set_period(sample::kTownshipPeriod);
  request.set_level("levels/township");
  *request.mutable_at_time() = ToProto(CountyInstant());
  std::vector<scoring::v1::Rank> ranks;
  TERRACE_RETURN_IF_ERROR(client->Pages<scoring::v1::RankUnitsResponse>(
      request, [&](const scoring::v1::RankUnitsResponse& page) {
        ranks.insert(ranks.end(), page.ranks().begin(), page.ranks().end());
        return true;
      }));
  return ranks;
}

absl::StatusOr<std::vector<scoring::v1::Score>> ScoresUpward(cli::Client* client) {
  registry::v1::GetPathRequest path;
  path.set_name(sample::kCountyA);
  TERRACE_ASSIGN_OR_RETURN(const auto units, client->Get<registry::v1::GetPathResponse>(path));
  scoring::v1::BatchGetScoresRequest request;
  for (const registry::v1::Unit& unit : units.units()) {
    request.add_names(TownshipScoreName(unit.name()));
  }
  *request.mutable_at_time() = ToProto(CountyInstant());
  TERRACE_ASSIGN_OR_RETURN(const auto reply,
                           client->Get<scoring::v1::BatchGetScoresResponse>(request));
  std::vector<scoring::v1::Score> scores(reply.scores().begin(), reply.scores().end());
  std::reverse(scores.begin(), scores.end());
  return scores;
}

absl::StatusOr<scoring::v1::Explanation> ExplainTownship(cli::Client* client,
                                                         absl::string_view unit) {
  scoring::v1::ExplainScoreRequest request;
  request.set_name(TownshipScoreName(unit));
  *request.mutable_at_time() = ToProto(CountyInstant());
  return client->Get<scoring::v1::Explanation>(request);
}

absl::StatusOr<std::vector<measures::v1::DueItem>> ListDue(cli::Client* client) {
  measures::v1::ListDueRequest request;
  request.set_subtree(sample::kCountyA);
  *request.mutable_at_time() = ToProto(CountyInstant());
  std::vector<measures::v1::DueItem> items;
  TERRACE_RETURN_IF_ERROR(client->Pages<measures::v1::ListDueResponse>(
      request, [&](const measures::v1::ListDueResponse& page) {
        items.insert(items.end(), page.items().begin(), page.items().end());
        return true;
      }));
  return items;
}

std::string SixDecimals(const scoring::v1::Score& score) {
  const absl::StatusOr<Decimal> value = Decimal::Parse(score.exact_value().value(), "exact_value");
  return value.ok() ? value->ToString(6) : "-";
}

}  // namespace terrace::demo
