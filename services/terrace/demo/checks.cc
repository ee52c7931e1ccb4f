#include "services/terrace/demo/checks.h"

#include <map>
#include <memory>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "common/base/check.h"
#include "common/base/time.h"
#include "services/terrace/demo/late_report.h"
#include "services/terrace/demo/recount.h"
#include "services/terrace/demo/scoreboard.h"
#include "services/terrace/explanation.h"
#include "services/terrace/sample/loader.h"
#include "services/terrace/sample/sample.h"
#include "services/terrace/words.h"
#include "terrace/registry/v1/coverage.pb.h"
#include "terrace/registry/v1/designation.pb.h"
#include "terrace/scoring/v1/scoreboard.pb.h"

namespace terrace::demo {
namespace {

using cli::Client;

// How long the root's score may take to move on the watch after a visit was acknowledged.
constexpr absl::Duration kWatchTimeout = absl::Seconds(10);

std::string YesNo(bool value) { return value ? "yes" : "no"; }

double Number(const std::string& text) {
  double value = 0;
  return absl::SimpleAtod(text, &value) ? value : 0;
}

std::string UnitOf(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  return absl::StrCat(parts[0], "/", parts[1]);
}

// Scores of the units from a township up to the root, to 6 decimals, as of the county's instant.
absl::StatusOr<std::map<std::string, std::string>> ScoresFrom(Client* client,
                                                              const std::string& township) {
  std::map<std::string, std::string> scores;
  TERRACE_ASSIGN_OR_RETURN(const auto upward, ScoresUpward(client));
  for (const scoring::v1::Score& score : upward) scores[score.unit()] = SixDecimals(score);
  scoring::v1::GetScoreRequest request;
  request.set_name(TownshipScoreName(township));
  *request.mutable_at_time() = ToProto(CountyInstant());
  TERRACE_ASSIGN_OR_RETURN(const auto own, client->Get<scoring::v1::Score>(request));
  scores[township] = SixDecimals(own);
  return scores;
}

// ------------------------------------------------------------------------------------- figures

void CompareFigures(const std::vector<Section>& sections,
                    const std::map<std::string, std::string>& recounted,
                    std::vector<Check>* checks) {
  std::set<std::string> said;
  for (const Section& section : sections) {
    for (const Figure& figure : section.figures) {
      said.insert(figure.key);
      const auto found = recounted.find(figure.key);
      checks->push_back({absl::StrCat(figure.key, ": ", figure.title),
                         found == recounted.end() ? "(not recounted)" : found->second,
                         figure.value});
    }
  }
  for (const auto& [key, value] : recounted) {
    if (said.count(key) == 0) checks->push_back({key, value, "(not said)"});
  }
}

absl::Status CompareScores(Client* client, const Records& records, std::vector<Check>* checks) {
  const auto recounted = RecountScores(records, CountyInstant());
  TERRACE_ASSIGN_OR_RETURN(const auto ranks, RankTownships(client));
  double sum = 0;
  std::string best;
  for (const scoring::v1::Rank& rank : ranks) {
    const scoring::v1::Score& score = rank.score();
    const auto wanted = recounted.find(score.unit());
    checks->push_back({absl::StrCat("score of ", score.unit_display_name()),
                       wanted == recounted.end() ? "-" : wanted->second, SixDecimals(score)});
    sum += Number(score.exact_value().value());
    if (best.empty()) best = score.unit();
  }
  checks->push_back(
      {"townships ranked", absl::StrCat(recounted.size()), absl::StrCat(ranks.size())});
  TERRACE_ASSIGN_OR_RETURN(const auto upward, ScoresUpward(client));
  for (const scoring::v1::Score& score : upward) {
    checks->push_back({absl::StrCat("score of ", score.unit_display_name()),
                       absl::StrFormat("%.6f", sum / static_cast<double>(ranks.size())),
                       SixDecimals(score)});
  }
  TERRACE_ASSIGN_OR_RETURN(const auto explanation, ExplainTownship(client, best));
  const absl::Status adds_up = cli::CheckPartsAddUp(explanation.whole());
  checks->push_back({absl::StrCat("parts of the score of ", best, " add up"), "yes",
                     adds_up.ok() ? "yes" : std::string(adds_up.message())});
  checks->push_back({"the explained score is the score", explanation.score().value().value(),
                     explanation.whole().shown().value()});
  return absl::OkStatus();
}

absl::StatusOr<registry::v1::Coverage> CoverageOf(Client* client) {
  registry::v1::GetCoverageRequest request;
  request.set_programme(sample::kProgramme);
  request.set_subtree(sample::kCountyA);
  *request.mutable_at_time() = ToProto(CountyInstant());
  return client->Get<registry::v1::Coverage>(request);
}

// A unit of the county that holds exactly one valid title at the instant, and that title.
absl::StatusOr<std::string> OnlyTitle(Client* client) {
  registry::v1::ListDesignationsRequest request;
  request.set_subtree(sample::kCountyA);
  request.set_filter("state = \"VALID\"");
  *request.mutable_at_time() = ToProto(CountyInstant());
  std::map<std::string, std::vector<std::string>> titles;
  TERRACE_RETURN_IF_ERROR(client->Pages<registry::v1::ListDesignationsResponse>(
      request, [&](const registry::v1::ListDesignationsResponse& page) {
        for (const auto& row : page.designations())
          titles[UnitOf(row.name())].push_back(row.name());
        return true;
      }));
  for (const auto& [unit, names] : titles) {
    if (unit != sample::kCountyA && names.size() == 1) return names[0];
  }
  return absl::NotFoundError("no unit holds exactly one title");
}

// Waits on a watch until the unit's live value is another one than the first that it shows.
class ScoreWatch {
 public:
  ScoreWatch(Client* client, const std::string& unit)
      : stream_(client->Open(scoring::v1::WatchScoresRequest::descriptor())) {
    scoring::v1::WatchScoresRequest request;
    request.set_subtree(unit);
    request.set_scheme(sample::kTownshipScheme);
    request.set_period(sample::kTownshipPeriod);
    if (stream_->Write(request)) stream_->WritesDone();
  }

  // The value of the next message that has one; empty when none comes.
  std::string Next(absl::string_view unlike) {
    // A stream that stays silent is cancelled.
    absl::Notification answered;
    std::thread guard([&] {
      if (!answered.WaitForNotificationWithTimeout(kWatchTimeout)) stream_->Cancel();
    });
    std::string value;
    scoring::v1::WatchScoresResponse reply;
    while (value.empty() && stream_->Read(&reply)) {
      for (const scoring::v1::Score& score : reply.scores()) {
        const std::string shown = SixDecimals(score);
        if (shown != unlike) value = shown;
      }
    }
    answered.Notify();
    guard.join();
    return value;
  }

 private:
  const std::unique_ptr<rpc::Stream> stream_;
};

}  // namespace

absl::StatusOr<std::vector<Check>> CheckFigures(Client* client,
                                                const std::vector<Section>& sections) {
  TERRACE_ASSIGN_OR_RETURN(const Records records, ExportRecords(client));
  std::vector<Check> checks;
  CompareFigures(sections, Recount(records), &checks);
  TERRACE_RETURN_IF_ERROR(CompareScores(client, records, &checks));
  return checks;
}

absl::StatusOr<std::vector<Check>> CheckRevocation(Client* client) {
  TERRACE_ASSIGN_OR_RETURN(const registry::v1::Coverage before, CoverageOf(client));
  TERRACE_ASSIGN_OR_RETURN(const std::string title, OnlyTitle(client));
  registry::v1::RevokeDesignationRequest request;
  request.set_name(title);
  request.set_acting_office(sample::kNation);
  request.set_reason("two checks failed in a row, decision No. 12 of 2016");
  *request.mutable_revoked_date() = cli::ToDate(absl::CivilDay(2016, 12, 1));
  TERRACE_RETURN_IF_ERROR(client->Get<registry::v1::Designation>(request).status());
  TERRACE_ASSIGN_OR_RETURN(const registry::v1::Coverage after, CoverageOf(client));
  TERRACE_ASSIGN_OR_RETURN(const Records records, ExportRecords(client));
  const auto recounted = Recount(records);
  return std::vector<Check>{
      {"one title revoked: titled units fall by one", absl::StrCat(before.titled() - 1),
       absl::StrCat(after.titled())},
      {"one title revoked: titled units, recounted", recounted.at("county-a.titled"),
       absl::StrCat(after.titled())},
      {"one title revoked: rate, recounted", recounted.at("county-a.titled-rate"),
       after.rate().percent().value()},
      {"one title revoked: participants stay", absl::StrCat(before.participants()),
       absl::StrCat(after.participants())},
  };
}

absl::StatusOr<std::vector<Check>> CheckNewVisit(Client* client) {
  TERRACE_ASSIGN_OR_RETURN(const auto ranks, RankTownships(client));
  if (ranks.size() < 2) return absl::NotFoundError("no townships are ranked");
  const std::string township = ranks[0].score().unit();
  const std::string sibling = ranks[1].score().unit();
  TERRACE_ASSIGN_OR_RETURN(const auto before, ScoresFrom(client, township));
  TERRACE_ASSIGN_OR_RETURN(const auto sibling_before, ScoresFrom(client, sibling));
  ScoreWatch watch(client, sample::kNation);
  const std::string watched_before = watch.Next("");
  TERRACE_RETURN_IF_ERROR(sample::SyncVisits(
      client, sample::MakeBadVisit(township, "2016-round-3",
                                   sample::NoonOf(absl::CivilDay(2016, 12, 29)))));
  const std::string watched_after = watch.Next(watched_before);
  TERRACE_ASSIGN_OR_RETURN(const auto after, ScoresFrom(client, township));
  TERRACE_ASSIGN_OR_RETURN(const auto sibling_after, ScoresFrom(client, sibling));
  TERRACE_ASSIGN_OR_RETURN(const Records records, ExportRecords(client));
  std::vector<Check> checks;
  for (const auto& [unit, score] : after) {
    checks.push_back({absl::StrCat("one new visit: the score of ", unit, " falls"), "yes",
                      YesNo(Number(score) < Number(before.at(unit)))});
  }
  checks.push_back({absl::StrCat("one new visit: the score of ", township, ", recounted"),
                    RecountScores(records, CountyInstant()).at(township), after.at(township)});
  checks.push_back({absl::StrCat("one new visit: the score of ", sibling, " stays"),
                    sibling_before.at(sibling), sibling_after.at(sibling)});
  checks.push_back({"one new visit: the watch shows the root moving", "yes",
                    YesNo(!watched_before.empty() && !watched_after.empty())});
  return checks;
}

absl::StatusOr<std::vector<Check>> CheckLateReport(Client* base, Client* moved) {
  const LateReport change = OneReportLate(sample::MakeSample());
  std::vector<Check> checks;
  TERRACE_ASSIGN_OR_RETURN(const std::vector<Section> before, AskFigures(base));
  TERRACE_ASSIGN_OR_RETURN(const std::vector<Section> after, AskFigures(moved));
  TERRACE_ASSIGN_OR_RETURN(const Records records, ExportRecords(moved));
  const auto old_values = ValuesOf(before);
  const auto new_values = ValuesOf(after);
  const auto recounted = Recount(records);
  const auto on_time = [](const std::map<std::string, std::string>& values) {
    int64_t count = 0;
    return absl::SimpleAtoi(values.at("county-a.measures-reports-on-time"), &count) ? count : -1;
  };
  checks.push_back({"one report late: reports in time fall by one",
                    absl::StrCat(on_time(old_values) - 1), absl::StrCat(on_time(new_values))});
  checks.push_back({"one report late: reports due stay",
                    old_values.at("county-a.measures-reports-due"),
                    new_values.at("county-a.measures-reports-due")});
  checks.push_back({"one report late: on-time rate, recounted",
                    recounted.at("county-a.measures-on-time-rate"),
                    new_values.at("county-a.measures-on-time-rate")});
  // Between the deadline and its arrival the report stands on the due list, and in the other realm
  // it does not.
  const auto owed = [&](Client* client) -> absl::StatusOr<std::string> {
    measures::v1::ListDueRequest request;
    request.set_parent(change.unit);
    request.set_filter("kind = \"REPORT\"");
    *request.mutable_at_time() = ToProto(change.between);
    TERRACE_ASSIGN_OR_RETURN(const auto reply, client->Get<measures::v1::ListDueResponse>(request));
    for (const measures::v1::DueItem& item : reply.items()) {
      if (item.measure() == change.measure && item.period() == change.period) {
        return cli::EnumText(measures::v1::DueState_Name(item.state()), "DUE_STATE_");
      }
    }
    return std::string("not due");
  };
  TERRACE_ASSIGN_OR_RETURN(const std::string owed_before, owed(base));
  TERRACE_ASSIGN_OR_RETURN(const std::string owed_after, owed(moved));
  checks.push_back({"one report late: due list before", "not due", owed_before});
  checks.push_back({"one report late: due list after", "overdue", owed_after});
  return checks;
}

}  // namespace terrace::demo
