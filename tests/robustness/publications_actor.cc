#include <algorithm>
#include <map>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "common/base/time.h"
#include "common/store/cursor.h"
#include "google/longrunning/operations.pb.h"
#include "terrace/scoring/v1/scoreboard.pb.h"
#include "tests/robustness/actors.h"
#include "tests/robustness/import_stream.h"
#include "tests/robustness/scheme_setup.h"

namespace terrace::robustness {
namespace {

namespace v1 = scoring::v1;
using google::longrunning::Operation;

constexpr size_t kLinesMost = 24;        // Months that something is published about.
constexpr size_t kCorrectionsMost = 30;  // Of one month.
constexpr int kJudgedAtOnce = 2;
constexpr size_t kAppealsMost = 8;                       // Against one publication.
constexpr absl::Duration kSkewMost = absl::Seconds(10);  // Of log time from this process's clock.
constexpr char kNoScore[] = "none";

// Figures of towns; a town without one has no score.
using Figures = std::map<std::string, int64_t>;

struct OwnAppeal {
  std::string name;
  std::string publication;
  std::string etag;
  v1::AppealState state = v1::APPEAL_STATE_FILED;

  bool open() const {
    return state == v1::APPEAL_STATE_FILED || state == v1::APPEAL_STATE_ADMITTED;
  }
};

struct OwnPublication {
  std::string name;
  Operation operation;
  Figures figures;  // That it was made of.
  bool announced = false;
  v1::Publication shown;  // Since it is announced.
};

// What is published about one month: a publication, and those that correct it.
struct Line {
  std::string month;
  Figures figures;  // As they are.
  std::vector<OwnPublication> publications;

  // The results are being written: until then nothing of the month is changed.
  bool preparing() const { return !publications.empty() && !publications.back().announced; }
  OwnPublication* last() { return &publications.back(); }
};

std::string ShownOf(const v1::Publication& row) {
  return absl::StrCat(v1::PublicationState_Name(row.state()), " of ", row.result_count(), " at ",
                      row.root(), ", corrects ", row.corrects());
}

// The office publishes what its towns are worth by one figure; they appeal, and the judge, who has
// a token of its own, admits and decides.
class PublicationsActor : public Actor {
 public:
  PublicationsActor(Caller* caller, Caller* judge, Office* office)
      : caller_(*caller), judge_(*judge), office_(*office) {}

  void Act() override {
    if (scheme_.empty()) {
      SetUp();
      return;
    }
    if (lines_.empty()) {
      Publish(AddLine());
      return;
    }
    Line* const line = &lines_[caller_.Below(lines_.size())];
    const int64_t dice = caller_.Below(100);
    if (const auto waits = absl::c_find_if(lines_, [](const Line& row) { return row.preparing(); });
        waits != lines_.end() && dice < 40) {
      Look(&*waits);
    } else if (line->preparing()) {
      Look(line);
    } else if (dice < 10) {
      ImportFigures(line);
    } else if (dice < 26) {
      const bool fresh = lines_.size() < kLinesMost && caller_.Chance(60);
      Publish(fresh ? AddLine() : line);
    } else if (dice < 46) {
      if (Line* open = Provisional(/*over=*/false); open != nullptr) File(open);
    } else if (dice < 74) {
      for (int i = 0; i < kJudgedAtOnce; ++i) Judge();
    } else if (dice < 88) {
      if (Line* due = Provisional(caller_.Chance(80)); due != nullptr) Finalize(due);
    } else if (!line->publications.empty()) {
      ReadAll(line);
    }
  }

 private:
  // ---- What is scored.

  void SetUp() {
    if (definition_.empty()) {
      v1::CreateStatisticDefinitionRequest request;
      request.set_parent(office_.name);
      request.set_statistic_definition_id("published");
      v1::StatisticDefinition& definition = *request.mutable_statistic_definition();
      definition.set_display_name("A figure of months");
      definition.set_kind(v1::STATISTIC_KIND_FIGURE);
      definition.set_periodicity(v1::PERIODICITY_MONTH);
      const std::string name = absl::StrCat(office_.name, "/statisticDefinitions/published");
      v1::StatisticDefinition made;
      if (!caller_.Expect(caller_.Change(request, &made, {.what = name, .keys = {name}}), name)) {
        return;
      }
      definition_ = name;
    }
    v1::Scheme scheme = MonthlySchemeOfTowns("Towns as they are published");
    v1::Node& node = *scheme.add_nodes();
    node.set_id("figure");
    node.set_display_name("The figure");
    node.mutable_points()->set_value("100");
    node.mutable_leaf()->mutable_statistic()->set_definition(definition_);
    node.mutable_leaf()->mutable_ratio()->mutable_full_at()->set_value("100");
    scheme_ = SetUpScheme(&caller_, office_.name, "p", scheme);
  }

  Line* AddLine() {
    lines_.push_back({MonthAt(static_cast<int>(lines_.size())), {}, {}});
    ImportFigures(&lines_.back());
    return &lines_.back();
  }

  void ImportFigures(Line* line) {
    v1::ImportStatisticsRequest request;
    request.set_acting_office(office_.name);
    request.set_definition(definition_);
    Call call = {.what = definition_};
    Figures figures = line->figures;
    for (const std::string& town : office_.towns) {
      if (caller_.Chance(30)) continue;
      v1::StatisticRow& row = *request.add_rows();
      row.set_unit(town);
      row.set_period(line->month);
      figures[town] = caller_.Below(101);
      row.mutable_quantity()->mutable_value()->set_value(absl::StrCat(figures[town]));
      call.keys.push_back(
          absl::StrCat(town, "/statistics/", office_.id(), "~published~", line->month));
    }
    if (!call.keys.empty() &&
        SendImport<v1::ImportStatisticsResponse>(&caller_, "scoring", request, std::move(call))) {
      line->figures = std::move(figures);
    }
  }

  static std::string ScoreOf(const Figures& figures, const std::string& town) {
    const auto found = figures.find(town);
    return found == figures.end() ? kNoScore : absl::StrCat(found->second);
  }
  // Of a score or a result.
  template <class Row>
  static std::string ValueOf(const Row& row) {
    return row.has_exact_value() ? row.exact_value().value() : kNoScore;
  }

  // ---- Publications.

  void Publish(Line* line) {
    if (line->preparing() || line->publications.size() >= kCorrectionsMost) return;
    v1::PublishResultsRequest request;
    request.set_parent(office_.name);
    request.set_publication_id(absl::StrCat("p", caller_.Next()));
    const std::string name = absl::StrCat(office_.name, "/publications/", request.publication_id());
    request.set_scheme(caller_.Chance(50) ? scheme_ : absl::StrCat(office_.name, "/schemes/p"));
    v1::Publication& publication = *request.mutable_publication();
    publication.set_display_name("The month's results");
    publication.set_period(line->month);
    publication.set_disclosure(caller_.Chance(50) ? v1::DISCLOSURE_RANKS : v1::DISCLOSURE_NOTHING);
    absl::Time end = absl::InfiniteFuture();
    if (caller_.Chance(80)) {
      end = absl::Now() + absl::Seconds(4 + caller_.Below(20));
      *publication.mutable_objection_end_time() = ToProto(end);
    }
    if (caller_.Chance(30)) {
      *request.mutable_at_time() =
          ToProto(absl::FromCivil(absl::CivilDay(2026, 1, 1), absl::UTCTimeZone()));
    }
    if (!line->publications.empty()) {
      publication.set_corrects(line->last()->name);
      publication.set_reason(absl::StrCat("figures put right ", caller_.Next()));
    }
    OwnPublication own{name, {}, line->figures, false, {}};
    const absl::Status status =
        caller_.Change(request, &own.operation, {.what = name, .keys = {name}});
    // An answer that was long in coming may find the objection time over.
    if (!status.ok() && absl::Now() > end - kSkewMost) {
      caller_.Expect(status, name, {Reason::INVALID_TIME});
      return;
    }
    if (!caller_.Expect(status, name)) return;
    line->publications.push_back(std::move(own));
    ++begun_;
    if (caller_.Chance(10)) Cancel(line->last());
    Look(line);
  }

  void Cancel(OwnPublication* publication) {
    google::longrunning::CancelOperationRequest cancel;
    cancel.set_name(publication->operation.name());
    google::protobuf::Empty nothing;
    caller_.Expect(caller_.Change(cancel, &nothing, {.what = cancel.name(), .in_header = false}),
                   absl::StrCat("cancel ", publication->name));
  }

  // Looks how far a publication is. If its publisher was killed, another one takes it over only
  // after a while; that is not waited for.
  void Look(Line* line) {
    OwnPublication& own = *line->last();
    const std::string what = absl::StrCat("publication of ", own.name);
    if (!own.operation.done()) {
      google::longrunning::WaitOperationRequest wait;
      wait.set_name(own.operation.name());
      wait.mutable_timeout()->set_nanos(300'000'000);
      if (!caller_.Expect(caller_.Read(wait, &own.operation), what)) return;
      if (!own.operation.done()) return;
    }
    v1::GetPublicationRequest get;
    get.set_name(own.name);
    v1::Publication found;
    if (!Read(get, &found)) return;
    // The operation's answer names no position, and a replica may not know of it yet.
    if (found.state() == v1::PUBLICATION_STATE_PREPARING) return;
    announced_ = std::max(announced_, found.revision());
    if (own.operation.has_error()) {
      const bool cancelled =
          own.operation.error().code() == static_cast<int>(absl::StatusCode::kCancelled);
      caller_.Compare(what, "cancelled, ABANDONED",
                      absl::StrCat(cancelled ? "cancelled" : own.operation.ShortDebugString(), ", ",
                                   v1::PublicationState_Name(found.state()).substr(18)),
                      how_);
      line->publications.pop_back();
      return;
    }
    v1::Publication announced;
    own.operation.response().UnpackTo(&announced);
    caller_.Compare(what, ShownOf(announced), ShownOf(found), how_);
    caller_.Compare(what, absl::StrCat("of ", office_.towns.size()),
                    absl::StrCat("of ", found.result_count()), how_);
    own.shown = std::move(found);
    own.announced = true;
    if (line->publications.size() > 1) {
      // A publication that is corrected has changed.
      ReadPublication(*line, line->publications.size() - 2);
    }
    ReadResults(*line);
  }

  static absl::Time EndOf(const OwnPublication& publication) {
    return FromProto(publication.shown.objection_end_time());
  }
  static bool IsProvisional(const OwnPublication& publication) {
    return publication.announced && publication.shown.state() == v1::PUBLICATION_STATE_PROVISIONAL;
  }
  int64_t OpenAppeals(const std::string& publication) const {
    return absl::c_count_if(appeals_, [&](const OwnAppeal& appeal) {
      return appeal.publication == publication && appeal.open();
    });
  }

  // A line whose last publication units may object to, or may not any more; null for none.
  Line* Provisional(bool over) {
    const auto found = absl::c_find_if(lines_, [over](Line& line) {
      return !line.publications.empty() && IsProvisional(*line.last()) &&
             over == (absl::Now() > EndOf(*line.last()));
    });
    return found == lines_.end() ? nullptr : &*found;
  }

  void Finalize(Line* line) {
    OwnPublication& own = *line->last();
    v1::FinalizePublicationRequest request;
    request.set_name(own.name);
    if (caller_.Chance(50)) request.set_etag(own.shown.etag());
    const bool over = absl::Now() > EndOf(own) + kSkewMost;
    const int64_t open = OpenAppeals(own.name);
    v1::Publication made;
    const absl::Status status =
        caller_.Change(request, &made, {.what = own.name, .keys = {own.name}});
    const std::string what = absl::StrCat("finalize ", own.name);
    if (status.ok()) {
      const bool early = absl::Now() < EndOf(own) - kSkewMost;
      caller_.Compare(what, "0 appeals open, in time",
                      absl::StrCat(open, " appeals open, ", early ? "early" : "in time"), "reply");
      own.shown = std::move(made);
      ReadPublication(*line, line->publications.size() - 1);
    } else if (!over) {
      caller_.Expect(status, what, {Reason::OBJECTION_RUNNING, Reason::APPEALS_OPEN});
    } else if (open > 0) {
      caller_.Expect(status, what, {Reason::APPEALS_OPEN});
    } else {
      caller_.Expect(status, what);
    }
  }

  // ---- Appeals.

  void File(Line* line) {
    const OwnPublication& own = *line->last();
    const auto filed = absl::c_count_if(
        appeals_, [&](const OwnAppeal& appeal) { return appeal.publication == own.name; });
    if (filed >= static_cast<int64_t>(kAppealsMost)) return;
    v1::FileAppealRequest request;
    request.set_parent(office_.towns[caller_.Below(office_.towns.size())]);
    request.set_appeal_id(absl::StrCat("a", caller_.Next()));
    request.mutable_appeal()->set_publication(own.name);
    request.mutable_appeal()->set_grounds("The figure is an old one");
    if (caller_.Chance(50)) request.mutable_appeal()->set_node("figure");
    const std::string name = absl::StrCat(request.parent(), "/appeals/", request.appeal_id());
    const bool over = absl::Now() > EndOf(own) + kSkewMost;
    v1::Appeal made;
    const absl::Status status = caller_.Change(request, &made, {.what = name, .keys = {name}});
    if (!status.ok() && absl::Now() > EndOf(own) - kSkewMost) {
      caller_.Expect(status, name, {Reason::OBJECTION_OVER});
      return;
    }
    if (!caller_.Expect(status, name)) return;
    if (over) caller_.Compare(name, "refused", "filed too late", "reply");
    appeals_.push_back({name, own.name, made.etag(), made.state()});
    ReadAppeal(appeals_.back());
  }

  void Judge() {
    const auto open = absl::c_find_if(appeals_, [](const OwnAppeal& row) { return row.open(); });
    if (open == appeals_.end()) return;
    if (open->state == v1::APPEAL_STATE_FILED) {
      v1::AdmitAppealRequest request;
      request.set_refuse(caller_.Chance(30));
      request.set_statement(absl::StrCat("looked at ", caller_.Next()));
      Decide(request, request.refuse() ? v1::APPEAL_STATE_REFUSED : v1::APPEAL_STATE_ADMITTED,
             &*open);
    } else {
      v1::DecideAppealRequest request;
      request.set_outcome(caller_.Chance(50) ? v1::APPEAL_STATE_ADJUSTED
                                             : v1::APPEAL_STATE_DISMISSED);
      request.set_statement(absl::StrCat("found out ", caller_.Next()));
      Decide(request, request.outcome(), &*open);
    }
  }

  template <class Request>
  void Decide(Request request, v1::AppealState state, OwnAppeal* appeal) {
    request.set_name(appeal->name);
    request.set_acting_office(office_.name);
    v1::Appeal made;
    if (caller_.Chance(10)) {
      // Nobody judges what they have filed.
      const absl::Status status = caller_.Change(request, &made, {.what = appeal->name});
      caller_.Expect(status.ok() ? absl::InternalError("judged by who filed it") : status,
                     appeal->name, {Reason::JUDGED_BEFORE});
      return;
    }
    if (!judge_.Expect(
            judge_.Change(request, &made, {.what = appeal->name, .keys = {appeal->name}}),
            appeal->name)) {
      return;
    }
    appeal->state = state;
    appeal->etag = made.etag();
    caller_.Compare(appeal->name, v1::AppealState_Name(state), v1::AppealState_Name(made.state()),
                    "reply");
    ReadAppeal(*appeal);
  }

  // ---- Reads.

  // Includes what the client and its judge have changed, and what they have seen announced.
  template <class Request, class Response>
  bool Read(Request request, Response* found) {
    Caller& last =
        judge_.position("scoring").revision.value > caller_.position("scoring").revision.value
            ? judge_
            : caller_;
    const std::string what = absl::StrCat(Request::descriptor()->name(), " by ", office_.name);
    store::Cursor least = last.position("scoring");
    if (announced_ <= least.revision.value) {
      return caller_.Expect(last.ReadAfterChange(request, found, &how_), what);
    }
    least.revision.value = announced_;
    *request.mutable_min_revision()->mutable_scoring() = store::ToProto(least);
    how_ = "min_revision";
    return caller_.Expect(last.Read(request, found), what);
  }

  void ReadAll(Line* line) {
    const size_t any = caller_.Below(line->publications.size());
    const OwnPublication& own = line->publications[any];
    ReadPublication(*line, any);
    ListPublications();
    ReadResults(*line);
    Verify(*line, own);
    ReadScore(*line, own);
    ListAppeals(own.name);
    if (!appeals_.empty()) ReadAppeal(appeals_[caller_.Below(appeals_.size())]);
  }

  void ReadPublication(const Line& line, size_t number) {
    const OwnPublication& own = line.publications[number];
    v1::GetPublicationRequest get;
    get.set_name(own.name);
    v1::Publication found;
    if (!Read(get, &found)) return;
    const bool corrected =
        number + 1 < line.publications.size() && line.publications[number + 1].announced;
    caller_.Compare(own.name,
                    absl::StrCat(ShownOf(own.shown), ", corrected by ",
                                 corrected ? line.publications[number + 1].name : "", ", appeals ",
                                 OpenAppeals(own.name)),
                    absl::StrCat(ShownOf(found), ", corrected by ", found.corrected_by(),
                                 ", appeals ", found.open_appeal_count()),
                    how_);
  }

  // All that were ever begun are there: those that were cancelled, too.
  void ListPublications() {
    v1::ListPublicationsRequest list;
    list.set_parent(office_.name);
    list.set_page_size(1000);
    v1::ListPublicationsResponse page;
    if (!Read(list, &page)) return;
    caller_.Compare(absl::StrCat("publications of ", office_.name), absl::StrCat(begun_),
                    absl::StrCat(page.publications_size()), how_);
  }

  std::string Values(const Figures& figures) const {
    std::map<std::string, std::string> values;
    for (const std::string& town : office_.towns) values[town] = ScoreOf(figures, town);
    return absl::StrJoin(values, ", ", absl::PairFormatter(" "));
  }

  void ReadResults(const Line& line) {
    const OwnPublication& own = line.publications[caller_.Below(line.publications.size())];
    v1::ListResultsRequest list;
    list.set_publication(own.name);
    v1::ListResultsResponse page;
    if (!Read(list, &page)) return;
    std::map<std::string, std::string> values;
    for (const v1::Result& result : page.results()) values[result.unit()] = ValueOf(result);
    caller_.Compare(absl::StrCat("results of ", own.name), Values(own.figures),
                    absl::StrJoin(values, ", ", absl::PairFormatter(" ")), how_);
    const std::string& town = office_.towns[caller_.Below(office_.towns.size())];
    v1::GetResultRequest get;
    get.set_name(absl::StrCat(town, "/results/", office_.id(), "~",
                              own.name.substr(own.name.rfind('/') + 1)));
    v1::Result found;
    if (!Read(get, &found)) return;
    const v1::ScoreState state =
        IsProvisional(own) ? v1::SCORE_STATE_PROVISIONAL : v1::SCORE_STATE_PUBLISHED;
    caller_.Compare(get.name(),
                    absl::StrCat(ScoreOf(own.figures, town), " ", v1::ScoreState_Name(state)),
                    absl::StrCat(ValueOf(found), " ", v1::ScoreState_Name(found.state())), how_);
  }

  // What is published is as it was; what differs now are the figures that were put right since.
  void Verify(const Line& line, const OwnPublication& own) {
    v1::VerifyPublicationRequest request;
    request.set_name(own.name);
    v1::VerifyPublicationResponse found;
    if (!Read(request, &found)) return;
    const int64_t differing = absl::c_count_if(office_.towns, [&](const std::string& town) {
      return ScoreOf(line.figures, town) != ScoreOf(own.figures, town);
    });
    caller_.Compare(
        absl::StrCat("verification of ", own.name),
        absl::StrCat("root ", own.shown.root(), ", ", differing, " of ", office_.towns.size(),
                     " differ"),
        absl::StrCat(found.root_matches() ? "root " : "another root ", found.computed_root(), ", ",
                     found.differing_count(), " of ", found.recomputed_count(), " differ"),
        how_);
  }

  // The live score about the publication's instant.
  void ReadScore(const Line& line, const OwnPublication& own) {
    const std::string& town = office_.towns[caller_.Below(office_.towns.size())];
    v1::GetScoreRequest get;
    get.set_name(absl::StrCat(town, "/scores/", office_.id(), "~p~", line.month));
    *get.mutable_at_time() = own.shown.at_time();
    v1::Score found;
    if (!Read(get, &found)) return;
    caller_.Compare(get.name(), ScoreOf(line.figures, town), ValueOf(found), how_);
  }

  void ReadAppeal(const OwnAppeal& appeal) {
    v1::GetAppealRequest get;
    get.set_name(appeal.name);
    v1::Appeal found;
    if (!Read(get, &found)) return;
    caller_.Compare(appeal.name,
                    absl::StrCat(v1::AppealState_Name(appeal.state), " at ", appeal.etag),
                    absl::StrCat(v1::AppealState_Name(found.state()), " at ", found.etag()), how_);
  }

  void ListAppeals(const std::string& publication) {
    v1::ListAppealsRequest list;
    list.set_subtree(office_.name);
    list.set_publication(publication);
    v1::ListAppealsResponse page;
    if (!Read(list, &page)) return;
    std::map<std::string, std::string> expected;
    for (const OwnAppeal& appeal : appeals_) {
      if (appeal.publication == publication) expected[appeal.name] = appeal.etag;
    }
    std::map<std::string, std::string> found;
    for (const v1::Appeal& appeal : page.appeals()) found[appeal.name()] = appeal.etag();
    caller_.Compare(absl::StrCat("appeals against ", publication),
                    absl::StrJoin(expected, ", ", absl::PairFormatter(" at ")),
                    absl::StrJoin(found, ", ", absl::PairFormatter(" at ")), how_);
  }

  Caller& caller_;
  Caller& judge_;
  Office& office_;
  std::string definition_;
  std::string scheme_;  // The version.
  std::vector<Line> lines_;
  std::vector<OwnAppeal> appeals_;
  int64_t begun_ = 0;      // Publications.
  int64_t announced_ = 0;  // Revision of the last one that was seen.
  std::string how_;
};

}  // namespace

std::unique_ptr<Actor> MakePublicationsActor(Caller* caller, Caller* judge, Office* office) {
  return std::make_unique<PublicationsActor>(caller, judge, office);
}

}  // namespace terrace::robustness
