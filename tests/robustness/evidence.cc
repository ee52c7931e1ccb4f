#include "tests/robustness/evidence.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/base/time.h"
#include "common/resource/etag.h"
#include "services/terrace/demo/figures.h"
#include "services/terrace/demo/records.h"
#include "services/terrace/demo/recount.h"
#include "services/terrace/demo/scoreboard.h"
#include "services/terrace/sample/sample.h"
#include "terrace/gateway/v1/access.pb.h"
#include "terrace/inspections/v1/inspections.pb.h"
#include "terrace/scoring/v1/scoreboard.pb.h"
#include "tests/robustness/actors.h"
#include "tests/robustness/traffic.h"

namespace terrace::robustness {
namespace {

constexpr absl::Duration kCatchUpMost = absl::Seconds(30);
constexpr absl::Duration kCallMost = absl::Seconds(10);
constexpr absl::Duration kPause = absl::Milliseconds(100);

// The rows of the service's log that its watch shows, from what the store says is there.
std::map<std::string, std::string> NamesIn(const Log& log) {
  std::map<std::string, std::string> names;
  for (const auto& [key, row] : log.live) {
    for (const std::string& name : ShownBy(log.service, {{key, row.value}})) names[name] = "";
  }
  return names;
}

// The snapshot once the replica has come as far as the log.
absl::StatusOr<std::map<std::string, std::string>> SnapshotAt(const std::string& service,
                                                              rpc::Channel& channel,
                                                              int64_t revision) {
  const absl::Time deadline = absl::Now() + kCatchUpMost;
  absl::StatusOr<std::map<std::string, std::string>> rows;
  int64_t reached = 0;
  do {
    rows = Snapshot(service, channel, &reached);
    if (rows.ok() && reached >= revision) return rows;
    absl::SleepFor(kPause);
  } while (absl::Now() < deadline);
  if (!rows.ok()) return rows;
  return absl::DeadlineExceededError(
      absl::StrCat("a replica of ", service, " is at ", reached, " and the log at ", revision));
}

void SetEnd(const Log& log, types::v1::Cursor* cursor) {
  cursor->set_log_id(log.log_ids.back());
  cursor->set_revision(log.batches.back().revision);
}

// All scores of the townships' scheme as of the county's instant, once the boards include the logs.
absl::StatusOr<std::map<std::string, std::string>> PullScores(rpc::Channel& channel,
                                                              const Logs& logs) {
  scoring::v1::PullScoresRequest request;
  request.set_subtree(sample::kNation);
  request.set_scheme(sample::kTownshipScheme);
  request.set_period(sample::kTownshipPeriod);
  *request.mutable_at_time() = ToProto(demo::CountyInstant());
  types::v1::RevisionVector& least = *request.mutable_min_revision();
  const std::pair<const char*, types::v1::Cursor*> parts[] = {
      {"registry", least.mutable_registry()},
      {"measures", least.mutable_measures()},
      {"inspections", least.mutable_inspections()},
      {"scoring", least.mutable_scoring()}};
  for (const auto& [service, cursor] : parts) SetEnd(logs.at(service), cursor);
  const absl::Time deadline = absl::Now() + kCatchUpMost;
  absl::Status status;
  do {
    std::map<std::string, std::string> rows;
    const std::unique_ptr<rpc::Stream> stream =
        channel.Open("/terrace.scoring.v1.Scoreboard/PullScores", absl::Now() + kCallMost);
    if (stream->Write(request)) stream->WritesDone();
    scoring::v1::PullScoresResponse response;
    while (stream->Read(&response)) {
      for (const scoring::v1::Score& score : response.scores()) {
        rows[score.name()] = absl::StrCat(
            scoring::v1::Assessment_Name(score.assessment()), " ", score.exact_value().value(), " ",
            score.grade(), " ", score.coverage().covered(), "/", score.coverage().expected());
      }
    }
    status = stream->Finish();
    if (status.ok()) return rows;
    absl::SleepFor(kPause);
  } while (absl::Now() < deadline);
  return status;
}

// All pages of a list, which its request wants as of the end of the logs.
template <class Response, class Request, class RowsOf>
absl::StatusOr<std::map<std::string, std::string>> ListAll(Request request, rpc::Channel& channel,
                                                           RowsOf rows_of) {
  const std::string method = cli::MethodOf(Request::descriptor());
  const absl::Time deadline = absl::Now() + kCatchUpMost;
  std::map<std::string, std::string> rows;
  request.set_page_size(1000);
  for (;;) {
    Response page;
    const absl::Status status = channel.Call(method, request, &page, absl::Now() + kCallMost);
    if (!status.ok()) {
      if (absl::Now() > deadline) return status;
      absl::SleepFor(kPause);
      continue;
    }
    for (const auto& row : rows_of(page)) rows[row.name()] = resource::SerializeInOrder(row);
    if (page.next_page_token().empty()) return rows;
    request.set_page_token(page.next_page_token());
  }
}

// No watch shows plans and figures.
absl::StatusOr<std::map<std::string, std::string>> ListPlans(rpc::Channel& channel,
                                                             const Logs& logs) {
  namespace v1 = inspections::v1;
  v1::ListPlansRequest request;
  SetEnd(logs.at("inspections"), request.mutable_min_revision());
  return ListAll<v1::ListPlansResponse>(
      request, channel, [](const v1::ListPlansResponse& page) { return page.plans(); });
}

absl::StatusOr<std::map<std::string, std::string>> ListStatistics(rpc::Channel& channel,
                                                                  const Logs& logs) {
  namespace v1 = scoring::v1;
  v1::ListStatisticsRequest request;
  request.set_subtree(sample::kNation);
  SetEnd(logs.at("scoring"), request.mutable_min_revision()->mutable_scoring());
  return ListAll<v1::ListStatisticsResponse>(
      request, channel, [](const v1::ListStatisticsResponse& page) { return page.statistics(); });
}

using Rows = std::map<std::string, std::string>;

// The publications of the clients' offices and the results of those that are announced.
absl::StatusOr<Rows> ListPublished(rpc::Channel& channel, const Logs& logs) {
  namespace v1 = scoring::v1;
  Rows all;
  for (int client = 0; client < kOffices; ++client) {
    v1::ListPublicationsRequest list;
    list.set_parent(OfficeName(client));
    SetEnd(logs.at("scoring"), list.mutable_min_revision()->mutable_scoring());
    std::vector<std::string> announced;
    TERRACE_ASSIGN_OR_RETURN(
        Rows publications,
        ListAll<v1::ListPublicationsResponse>(
            list, channel, [&announced](const v1::ListPublicationsResponse& page) {
              for (const v1::Publication& row : page.publications()) {
                if (row.has_publish_time()) announced.push_back(row.name());
              }
              return page.publications();
            }));
    all.merge(publications);
    for (const std::string& name : announced) {
      v1::ListResultsRequest results;
      results.set_publication(name);
      *results.mutable_min_revision() = list.min_revision();
      TERRACE_ASSIGN_OR_RETURN(
          Rows rows, ListAll<v1::ListResultsResponse>(
                         results, channel,
                         [](const v1::ListResultsResponse& page) { return page.results(); }));
      all.merge(rows);
    }
  }
  return all;
}

// The campaigns of the clients' offices and the sheets of those that were opened.
absl::StatusOr<Rows> ListJudged(rpc::Channel& channel, const Logs& logs) {
  namespace v1 = scoring::v1;
  Rows all;
  for (int client = 0; client < kOffices; ++client) {
    v1::ListCampaignsRequest list;
    list.set_parent(OfficeName(client));
    SetEnd(logs.at("scoring"), list.mutable_min_revision()->mutable_scoring());
    std::vector<std::string> opened;
    TERRACE_ASSIGN_OR_RETURN(Rows campaigns,
                             ListAll<v1::ListCampaignsResponse>(
                                 list, channel, [&opened](const v1::ListCampaignsResponse& page) {
                                   for (const v1::Campaign& row : page.campaigns()) {
                                     if (row.has_open_time()) opened.push_back(row.name());
                                   }
                                   return page.campaigns();
                                 }));
    all.merge(campaigns);
    for (const std::string& name : opened) {
      v1::ListSheetsRequest sheets;
      sheets.set_campaign(name);
      *sheets.mutable_min_revision() = list.min_revision();
      TERRACE_ASSIGN_OR_RETURN(
          Rows rows,
          ListAll<v1::ListSheetsResponse>(
              sheets, channel, [](const v1::ListSheetsResponse& page) { return page.sheets(); }));
      all.merge(rows);
    }
  }
  return all;
}

}  // namespace

absl::StatusOr<std::vector<Replica>> AskReplicas(const Deployment& deployment, const Logs& logs) {
  std::vector<Replica> replicas;
  for (const char* service : {"registry", "measures", "inspections"}) {
    replicas.push_back(
        {"the store", service, absl::StrCat("names of ", service), NamesIn(logs.at(service))});
  }
  for (const auto& process : deployment.services()) {
    const std::shared_ptr<rpc::Channel> channel = deployment.ConnectAsService(*process);
    for (const char* service : {"registry", "measures", "inspections"}) {
      if (process->service() != service && process->service() != "terrace") continue;
      TERRACE_ASSIGN_OR_RETURN(
          auto rows, SnapshotAt(service, *channel, logs.at(service).batches.back().revision));
      std::map<std::string, std::string> names;
      for (const auto& [name, row] : rows) {
        // The realm's tables start with rows that no log holds.
        const bool table = absl::StartsWith(name, "kinds/") || absl::StartsWith(name, "levels/");
        if (!table || logs.at(service).live.contains(name)) names[name] = "";
      }
      replicas.push_back(
          {process->name(), service, absl::StrCat("names of ", service), std::move(names)});
      replicas.push_back(
          {process->name(), service, absl::StrCat("resources of ", service), std::move(rows)});
    }
    if (process->service() == "scoring" || process->service() == "terrace") {
      TERRACE_ASSIGN_OR_RETURN(auto rows, PullScores(*channel, logs));
      replicas.push_back({process->name(), "scoring", "scores", std::move(rows)});
      TERRACE_ASSIGN_OR_RETURN(auto figures, ListStatistics(*channel, logs));
      replicas.push_back({process->name(), "scoring", "figures", std::move(figures)});
      TERRACE_ASSIGN_OR_RETURN(auto published, ListPublished(*channel, logs));
      replicas.push_back({process->name(), "scoring", "publications", std::move(published)});
      TERRACE_ASSIGN_OR_RETURN(auto judged, ListJudged(*channel, logs));
      replicas.push_back({process->name(), "scoring", "campaigns", std::move(judged)});
    }
    if (process->service() == "inspections" || process->service() == "terrace") {
      TERRACE_ASSIGN_OR_RETURN(auto plans, ListPlans(*channel, logs));
      replicas.push_back({process->name(), "inspections", "plans", std::move(plans)});
    }
  }
  return replicas;
}

absl::StatusOr<std::vector<Recomputed>> RecomputeScores(cli::Client* client) {
  TERRACE_ASSIGN_OR_RETURN(const demo::Records records, demo::ExportRecords(client));
  const std::map<std::string, std::string> counted =
      demo::RecountScores(records, demo::CountyInstant());
  TERRACE_ASSIGN_OR_RETURN(const auto ranks, demo::RankTownships(client));
  std::vector<Recomputed> scores;
  double sum = 0;
  for (const scoring::v1::Rank& rank : ranks) {
    const auto found = counted.find(rank.score().unit());
    scores.push_back({absl::StrCat("the score of ", rank.score().unit()),
                      demo::SixDecimals(rank.score()),
                      found == counted.end() ? "nothing" : found->second});
    double value = 0;
    if (absl::SimpleAtod(rank.score().exact_value().value(), &value)) sum += value;
  }
  scores.push_back({"the number of townships with a score", absl::StrCat(ranks.size()),
                    absl::StrCat(counted.size())});
  TERRACE_ASSIGN_OR_RETURN(const auto upward, demo::ScoresUpward(client));
  for (const scoring::v1::Score& score : upward) {
    scores.push_back({absl::StrCat("the score of ", score.unit()), demo::SixDecimals(score),
                      absl::StrFormat("%.6f", sum / static_cast<double>(ranks.size()))});
  }
  return scores;
}

}  // namespace terrace::robustness
