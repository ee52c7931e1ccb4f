#include <map>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "terrace/scoring/v1/scoreboard.pb.h"
#include "tests/robustness/actors.h"
#include "tests/robustness/scheme_setup.h"

namespace terrace::robustness {
namespace {

namespace v1 = scoring::v1;

constexpr char kPeriod[] = "2016";
constexpr char kLevel[] = "levels/township";

// One score, asked for in every way that there is, is one number.
class ScoreReadsActor : public Actor {
 public:
  ScoreReadsActor(Caller* caller, Office* office)
      : caller_(*caller), office_(*office), scheme_(absl::StrCat(office->name, "/schemes/s")) {}

  void Act() override {
    ReadDeclarations();
    if (!IsInForce()) return;
    const std::map<std::string, std::string> scores = List();
    if (scores.empty()) return;
    auto any = scores.begin();
    std::advance(any, caller_.Below(static_cast<int64_t>(scores.size())));
    BatchGet(any->first, any->second);
    Rank(any->first, any->second);
    Explain(any->first, any->second);
    Pull(any->first, any->second);
    Watch();
  }

 private:
  template <class Request, class Response>
  bool Read(const Request& request, Response* found) {
    return caller_.Expect(caller_.ReadAfterChange(request, found, &how_),
                          absl::StrCat(Request::descriptor()->name(), " about ", office_.name));
  }

  void ReadDeclarations() {
    v1::ListStatisticDefinitionsRequest list;
    list.set_parent(office_.name);
    v1::ListStatisticDefinitionsResponse page;
    if (!Read(list, &page) || page.statistic_definitions().empty()) return;
    const v1::StatisticDefinition& row = page.statistic_definitions(
        static_cast<int>(caller_.Below(page.statistic_definitions_size())));
    v1::GetStatisticDefinitionRequest get;
    get.set_name(row.name());
    v1::StatisticDefinition found;
    if (Read(get, &found)) caller_.Compare(row.name(), row.etag(), found.etag(), how_);
    v1::ListStatisticsRequest figures;
    figures.set_subtree(office_.name);
    figures.set_definition(row.name());
    const bool monthly = row.periodicity() == v1::PERIODICITY_MONTH;
    figures.set_filter(absl::StrCat("period = \"", monthly ? kFirstMonth : kPeriod, "\""));
    v1::ListStatisticsResponse rows;
    if (!Read(figures, &rows)) return;
    caller_.Compare(absl::StrCat("figures of ", row.name()), "one of each town at most",
                    rows.statistics_size() <= static_cast<int>(office_.towns.size())
                        ? "one of each town at most"
                        : absl::StrCat(rows.statistics_size()),
                    how_);
  }

  bool IsInForce() {
    v1::ListSchemesRequest list;
    list.set_parent(office_.name);
    list.set_filter("state = PUBLISHED");
    v1::ListSchemesResponse page;
    return Read(list, &page) && absl::c_any_of(page.schemes(), [this](const v1::Scheme& row) {
             return absl::StartsWith(row.name(), absl::StrCat(scheme_, "@"));
           });
  }

  template <class Request>
  Request OfScheme() const {
    Request request;
    request.set_subtree(office_.name);
    request.set_scheme(scheme_);
    request.set_period(kPeriod);
    return request;
  }

  // By name of the score.
  std::map<std::string, std::string> List() {
    auto request = OfScheme<v1::ListScoresRequest>();
    request.set_page_size(1000);
    v1::ListScoresResponse page;
    std::map<std::string, std::string> scores;
    if (!Read(request, &page)) return scores;
    for (const v1::Score& score : page.scores()) {
      if (score.assessment() != v1::ASSESSMENT_SCORED) continue;
      scores[score.name()] = score.exact_value().value();
    }
    return scores;
  }

  void Compare(const std::string& name, const std::string& value, const v1::Score& found) {
    caller_.Compare(name, value, found.exact_value().value(), how_);
  }

  void BatchGet(const std::string& name, const std::string& value) {
    v1::BatchGetScoresRequest request;
    request.add_names(name);
    v1::BatchGetScoresResponse found;
    if (Read(request, &found)) Compare(name, value, found.scores(0));
  }

  void Rank(const std::string& name, const std::string& value) {
    auto request = OfScheme<v1::RankUnitsRequest>();
    request.set_level(kLevel);
    request.set_page_size(1000);
    v1::RankUnitsResponse found;
    if (!Read(request, &found)) return;
    const v1::Rank* before = nullptr;
    for (const v1::Rank& rank : found.ranks()) {
      if (rank.score().name() == name) Compare(name, value, rank.score());
      if (before != nullptr && before->rank() > rank.rank()) {
        caller_.Compare(absl::StrCat("ranks of ", scheme_), "ascending", "descending", how_);
      }
      before = &rank;
    }
  }

  void Explain(const std::string& name, const std::string& value) {
    v1::ExplainScoreRequest request;
    request.set_name(name);
    v1::Explanation found;
    if (Read(request, &found)) Compare(name, value, found.score());
  }

  void Pull(const std::string& name, const std::string& value) {
    std::vector<v1::PullScoresResponse> messages;
    const absl::Status status =
        caller_.PullAfterChange(OfScheme<v1::PullScoresRequest>(), &messages);
    if (!caller_.Expect(status, absl::StrCat("pull of ", scheme_))) return;
    how_ = "min_revision";
    for (const v1::PullScoresResponse& message : messages) {
      for (const v1::Score& score : message.scores()) {
        if (score.name() == name) Compare(name, value, score);
      }
    }
  }

  // From the beginning to the first message that is whole; scores_actor.cc goes on from there.
  void Watch() {
    const absl::Status status =
        caller_.Follow(OfScheme<v1::WatchScoresRequest>(), [](rpc::Stream& stream) {
          v1::WatchScoresResponse message;
          while (stream.Read(&message)) {
            if (message.complete()) return true;
          }
          return false;
        });
    caller_.Expect(status, absl::StrCat("watch of ", scheme_));
  }

  Caller& caller_;
  Office& office_;
  const std::string scheme_;  // The family of all versions.
  std::string how_;
};

}  // namespace

std::unique_ptr<Actor> MakeScoreReadsActor(Caller* caller, Office* office) {
  return std::make_unique<ScoreReadsActor>(caller, office);
}

}  // namespace terrace::robustness
