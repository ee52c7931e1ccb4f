#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "terrace/scoring/v1/scoreboard.pb.h"
#include "tests/robustness/actors.h"
#include "tests/robustness/import_stream.h"

namespace terrace::robustness {
namespace {

namespace v1 = scoring::v1;

constexpr char kPeriod[] = "2016";
constexpr int kFiguresMost = 3;  // Declared.

// The scheme gives a town as many points as its figure says, so that a score tells what was read.
class ScoresActor : public Actor {
 public:
  ScoresActor(Caller* caller, Office* office)
      : caller_(*caller), office_(*office), scheme_(absl::StrCat(office->name, "/schemes/s")) {}

  void Act() override {
    const int64_t dice = caller_.Below(100);
    if (figures_.empty() || (dice < 10 && figures_.size() < kFiguresMost)) {
      Declare();
    } else if (dice < 25) {
      UpdateDeclaration(&figures_[caller_.Below(figures_.size())]);
    } else if (dice < 60) {
      ImportFigures(&figures_[caller_.Below(figures_.size())]);
    } else {
      WorkOnScheme();
    }
  }

 private:
  struct Figure {
    std::string name;
    std::string etag;
    std::map<std::string, int64_t> values;  // By town.
  };

  void Declare() {
    v1::CreateStatisticDefinitionRequest request;
    request.set_parent(office_.name);
    request.set_statistic_definition_id(absl::StrCat("f", caller_.Next()));
    v1::StatisticDefinition& definition = *request.mutable_statistic_definition();
    definition.set_display_name("A figure");
    definition.set_kind(v1::STATISTIC_KIND_FIGURE);
    definition.set_periodicity(v1::PERIODICITY_YEAR);
    const std::string name =
        absl::StrCat(office_.name, "/statisticDefinitions/", request.statistic_definition_id());
    v1::StatisticDefinition made;
    if (!caller_.Expect(caller_.Change(request, &made, {.what = name, .keys = {name}}), name)) {
      return;
    }
    figures_.push_back({name, made.etag(), {}});
  }

  void UpdateDeclaration(Figure* figure) {
    v1::UpdateStatisticDefinitionRequest request;
    v1::StatisticDefinition& definition = *request.mutable_statistic_definition();
    definition.set_name(figure->name);
    definition.set_etag(figure->etag);
    definition.set_source(absl::StrCat("yearbook ", caller_.Next()));
    request.mutable_update_mask()->add_paths("source");
    v1::StatisticDefinition made;
    if (!caller_.Expect(
            caller_.Change(request, &made, {.what = figure->name, .keys = {figure->name}}),
            figure->name)) {
      return;
    }
    figure->etag = made.etag();
    if (caller_.Chance(50)) return;
    v1::GetStatisticDefinitionRequest get;
    get.set_name(figure->name);
    v1::StatisticDefinition found;
    std::string how;
    if (!caller_.Expect(caller_.ReadAfterChange(get, &found, &how), figure->name)) return;
    caller_.Compare(figure->name, made.etag(), found.etag(), how);
  }

  void ImportFigures(Figure* figure) {
    v1::ImportStatisticsRequest request;
    request.set_acting_office(office_.name);
    request.set_definition(figure->name);
    const std::string id = figure->name.substr(figure->name.rfind('/') + 1);
    Call call = {.what = figure->name};
    std::map<std::string, int64_t> values;
    for (const std::string& town : office_.towns) {
      if (caller_.Chance(30)) continue;
      v1::StatisticRow& row = *request.add_rows();
      row.set_unit(town);
      row.set_period(kPeriod);
      values[town] = caller_.Below(101);
      row.mutable_quantity()->mutable_value()->set_value(absl::StrCat(values[town]));
      call.keys.push_back(absl::StrCat(town, "/statistics/", office_.id(), "~", id, "~", kPeriod));
    }
    if (values.empty() ||
        !SendImport<v1::ImportStatisticsResponse>(&caller_, "scoring", request, std::move(call))) {
      return;
    }
    for (const auto& [town, value] : values) figure->values[town] = value;
    if (figure->name != scored_) return;
    if (caller_.Chance(50)) {
      ReadScore(values.begin()->first, values.begin()->second);
    } else {
      WatchScores(*figure);
    }
  }

  // Goes on with the last vector, or begins anew, until the stream includes the last change.
  void WatchScores(const Figure& figure) {
    const store::Cursor changed = caller_.position("scoring");
    if (caller_.Chance(20)) Unwatch();
    const absl::Status status = caller_.Follow(NextWatch(), [&](rpc::Stream& stream) {
      // What an attempt shows counts only if it came to a complete message.
      std::map<std::string, std::string> shown = shown_;
      types::v1::RevisionVector last = vector_;
      v1::WatchScoresResponse response;
      while (stream.Read(&response)) {
        CheckNotBack(last, response.vector());
        last = response.vector();
        if (response.reset()) shown.clear();
        for (const v1::Score& score : response.scores()) {
          shown[score.unit()] = score.exact_value().value();
        }
        if (!response.complete() || last.scoring().revision() < changed.revision.value) continue;
        shown_ = std::move(shown);
        vector_ = last;
        return true;
      }
      return false;
    });
    if (!caller_.Expect(status, absl::StrCat("watch of ", scheme_))) return;
    for (const auto& [town, value] : figure.values) {
      caller_.Compare(absl::StrCat("watched score of ", town), absl::StrCat(value), shown_[town],
                      "watch");
    }
  }

  v1::WatchScoresRequest NextWatch() {
    v1::WatchScoresRequest request;
    request.set_subtree(office_.name);
    request.set_scheme(scheme_);
    request.set_period(kPeriod);
    request.set_depth(2);
    if (vector_.has_scoring()) *request.mutable_vector() = vector_;
    return request;
  }

  void Unwatch() {
    vector_.Clear();
    shown_.clear();
  }

  void CheckNotBack(const types::v1::RevisionVector& before,
                    const types::v1::RevisionVector& after) {
    const std::pair<const types::v1::Cursor*, const types::v1::Cursor*> parts[] = {
        {&before.registry(), &after.registry()},
        {&before.measures(), &after.measures()},
        {&before.inspections(), &after.inspections()},
        {&before.scoring(), &after.scoring()}};
    for (const auto& [earlier, later] : parts) {
      if (earlier->revision() <= later->revision()) continue;
      caller_.Expect(
          absl::InternalError(absl::StrCat("{", before.ShortDebugString(), "} and then {",
                                           after.ShortDebugString(), "}")),
          absl::StrCat("the vector of a watch of ", scheme_, " goes back"));
    }
  }

  void ReadScore(const std::string& town, int64_t value) {
    v1::GetScoreRequest get;
    get.set_name(absl::StrCat(town, "/scores/", office_.id(), "~s~", kPeriod));
    v1::Score found;
    std::string how;
    if (!caller_.Expect(caller_.ReadAfterChange(get, &found, &how), get.name())) return;
    double points = -1;
    (void)absl::SimpleAtod(found.exact_value().value(), &points);
    caller_.Compare(get.name(), absl::StrCat(value), absl::StrCat(points), how);
  }

  // Versions follow each other in force.
  void WorkOnScheme() {
    v1::Scheme made;
    absl::Status status;
    if (draft_.empty()) {
      v1::CreateSchemeRequest request;
      request.set_parent(office_.name);
      request.set_scheme_id("s");
      request.set_version(absl::StrCat("v", caller_.Next()));
      draft_figure_ = figures_[caller_.Below(figures_.size())].name;
      Fill(request.mutable_scheme());
      const std::string name = absl::StrCat(scheme_, "@", request.version());
      if (!Changed(request, name, &made)) return;
      draft_ = name;
    } else if (caller_.Chance(50)) {
      v1::UpdateSchemeRequest request;
      request.mutable_scheme()->set_name(draft_);
      request.mutable_scheme()->set_etag(etag_);
      request.mutable_scheme()->set_description(absl::StrCat("of note ", caller_.Next()));
      request.mutable_update_mask()->add_paths("description");
      if (!Changed(request, draft_, &made)) return;
      Validate();
    } else {
      v1::PublishSchemeRequest request;
      request.set_name(draft_);
      request.set_etag(etag_);
      request.set_supersedes(in_force_);
      if (!Changed(request, draft_, &made)) return;
      in_force_ = draft_;
      scored_ = draft_figure_;
      draft_.clear();
      ReadInForce();
    }
  }

  void Fill(v1::Scheme* scheme) {
    scheme->set_display_name("Towns by one figure");
    scheme->mutable_points()->set_value("100");
    scheme->set_periodicity(v1::PERIODICITY_YEAR);
    scheme->set_first_period(kPeriod);
    scheme->mutable_population()->add_levels("levels/township");
    v1::Node& node = *scheme->add_nodes();
    node.set_id("figure");
    node.set_display_name("The figure");
    node.mutable_points()->set_value("100");
    node.mutable_leaf()->mutable_statistic()->set_definition(draft_figure_);
    node.mutable_leaf()->mutable_ratio()->mutable_full_at()->set_value("100");
  }

  template <class Request>
  bool Changed(const Request& request, const std::string& name, v1::Scheme* made) {
    if (!caller_.Expect(caller_.Change(request, made, {.what = name, .keys = {name}}), name)) {
      return false;
    }
    etag_ = made->etag();
    return true;
  }

  void Validate() {
    v1::ValidateSchemeRequest request;
    request.set_name(draft_);
    v1::ValidateSchemeResponse found;
    std::string how;
    if (!caller_.Expect(caller_.ReadAfterChange(request, &found, &how), draft_)) return;
    caller_.Compare(absl::StrCat(draft_, " is publishable"), "1",
                    absl::StrCat(found.publishable() ? 1 : 0), how);
  }

  void ReadInForce() {
    v1::GetSchemeRequest get;
    get.set_name(scheme_);
    get.set_period(kPeriod);
    v1::Scheme found;
    std::string how;
    if (caller_.Expect(caller_.ReadAfterChange(get, &found, &how), scheme_)) {
      caller_.Compare(absl::StrCat(scheme_, " in force"), in_force_, found.name(), how);
    }
    for (const Figure& figure : figures_) {
      if (figure.name != scored_ || figure.values.empty()) continue;
      ReadScore(figure.values.begin()->first, figure.values.begin()->second);
    }
  }

  Caller& caller_;
  Office& office_;
  const std::string scheme_;  // The family of all versions.
  std::vector<Figure> figures_;
  std::string draft_;  // The version that is being written, and its etag.
  std::string etag_;
  std::string draft_figure_;
  std::string in_force_;
  std::string scored_;  // The figure by which it scores.
  // What the last watch showed, by town, and of which positions.
  std::map<std::string, std::string> shown_;
  types::v1::RevisionVector vector_;
};

}  // namespace

std::unique_ptr<Actor> MakeScoresActor(Caller* caller, Office* office) {
  return std::make_unique<ScoresActor>(caller, office);
}

}  // namespace terrace::robustness
