#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/decimal.h"
#include "common/base/fixed.h"
#include "terrace/scoring/v1/scoreboard.pb.h"
#include "tests/robustness/actors.h"

namespace terrace::robustness {
namespace {

namespace v1 = scoring::v1;

constexpr char kPeriod[] = "2016";
constexpr char kLevel[] = "levels/township";

// What the decimal says; 0 for nothing.
FixedSum SumOf(const types::v1::Decimal& value) {
  const absl::StatusOr<Decimal> decimal = terrace::FromProto(value, "value");
  if (!decimal.ok()) return FixedSum();
  const absl::StatusOr<Fixed> fixed = FixedFromDecimal(*decimal, "value");
  return fixed.ok() ? FixedSum(*fixed) : FixedSum();
}

// Asks about the scheme by which scores_actor.cc scores, and about copies of it.
class QuestionsActor : public Actor {
 public:
  QuestionsActor(Caller* caller, Office* office)
      : caller_(*caller), office_(*office), scheme_(absl::StrCat(office->name, "/schemes/s")) {}

  void Act() override {
    if (!FindInForce()) return;
    CloneAndDiff();
    Compare();
    Freeze();
    Simulate();
    Assess();
  }

 private:
  template <class Request, class Response>
  bool Read(const Request& request, Response* found) {
    return caller_.Expect(caller_.ReadAfterChange(request, found, &how_),
                          absl::StrCat(Request::descriptor()->name(), " about ", scheme_));
  }

  bool FindInForce() {
    v1::GetSchemeRequest get;
    get.set_name(scheme_);
    get.set_period(kPeriod);
    return caller_.Expect(caller_.ReadAfterChange(get, &in_force_, &how_), scheme_,
                          {Reason::NO_SCHEME_IN_FORCE, Reason::NOT_FOUND}) &&
           !in_force_.name().empty();
  }

  // A copy says the same; a copy of a copy with another word in it differs by that word.
  void CloneAndDiff() {
    v1::CloneSchemeRequest clone;
    clone.set_name(in_force_.name());
    clone.set_parent(office_.name);
    clone.set_scheme_id("q");
    clone.set_version(absl::StrCat("v", caller_.Next()));
    const std::string name = absl::StrCat(office_.name, "/schemes/q@", clone.version());
    v1::Scheme made;
    if (!caller_.Expect(caller_.Change(clone, &made, {.what = name, .keys = {name}}), name)) return;
    copy_ = name;
    CompareChanges("");
    v1::UpdateSchemeRequest update;
    update.mutable_scheme()->set_name(name);
    update.mutable_scheme()->set_etag(made.etag());
    update.mutable_scheme()->set_display_name(absl::StrCat("Copy ", caller_.Next()));
    update.mutable_update_mask()->add_paths("display_name");
    if (!caller_.Expect(caller_.Change(update, &made, {.what = name, .keys = {name}}), name)) {
      return;
    }
    CompareChanges(" display_name");
  }

  void CompareChanges(const std::string& expected) {
    v1::DiffSchemesRequest diff;
    diff.set_name(in_force_.name());
    diff.set_other(copy_);
    v1::DiffSchemesResponse found;
    if (!Read(diff, &found)) return;
    const auto text = [](std::string* out, const v1::SchemeChange& change) {
      absl::StrAppend(out, change.node(), " ", change.field());
    };
    caller_.Compare(absl::StrCat(copy_, " against ", in_force_.name()),
                    absl::StrCat("comparable:", expected),
                    absl::StrCat(found.comparable() ? "comparable:" : "not comparable:",
                                 absl::StrJoin(found.changes(), ",", text)),
                    how_);
  }

  // The parts are the difference, to the last digit, also when most of them are left out.
  void Compare() {
    const auto score = [this](const std::string& town) {
      return absl::StrCat(town, "/scores/", office_.id(), "~s~", kPeriod);
    };
    v1::CompareScoresRequest request;
    request.set_name(score(office_.towns[caller_.Below(office_.towns.size())]));
    request.set_other(score(office_.towns[caller_.Below(office_.towns.size())]));
    request.set_parts_max(static_cast<int32_t>(caller_.Below(2)));
    v1::CompareScoresResponse found;
    if (!Read(request, &found) || !found.has_difference()) return;
    FixedSum parts;
    for (const v1::DifferencePart& part : found.parts()) parts += SumOf(part.contribution());
    const FixedSum difference =
        SumOf(found.other().exact_value()) - SumOf(found.score().exact_value());
    caller_.Compare(
        absl::StrCat(request.other(), " against ", request.name()),
        absl::StrCat(FormatSum(difference), " in parts of ", FormatSum(difference)),
        absl::StrCat(FormatSum(SumOf(found.difference())), " in parts of ", FormatSum(parts)),
        how_);
  }

  // Nothing of the scheme looks at other units, so there is nothing to freeze.
  void Freeze() {
    v1::FreezeSchemeRequest request;
    request.set_name(in_force_.name());
    request.set_period(kPeriod);
    v1::FreezeSchemeResponse found;
    if (!Read(request, &found)) return;
    caller_.Compare(absl::StrCat(request.name(), " frozen"), in_force_.nodes(0).ShortDebugString(),
                    found.scheme().nodes(0).ShortDebugString(), how_);
    caller_.Compare(absl::StrCat(request.name(), " frozen"), "0 sets of peers",
                    absl::StrCat(found.scheme().frozen_size(), " sets of peers"), how_);
  }

  // A scheme that asks for twice as much gives half the points.
  void Simulate() {
    v1::SimulateSchemeRequest request;
    request.set_name(in_force_.name());
    request.set_period(kPeriod);
    request.set_subtree(office_.name);
    request.set_level(kLevel);
    const bool same = !copy_.empty() && caller_.Chance(50) && OfSameFigure();
    if (same) {
      request.set_changed_name(copy_);
    } else {
      *request.mutable_changed() = in_force_;
      request.mutable_changed()
          ->mutable_nodes(0)
          ->mutable_leaf()
          ->mutable_ratio()
          ->mutable_full_at()
          ->set_value("200");
    }
    v1::SimulateSchemeResponse found;
    if (!Read(request, &found)) return;
    const std::string what = absl::StrCat("simulation of ", request.name());
    if (same) {
      caller_.Compare(what, "0 changed", absl::StrCat(found.score_changed_count(), " changed"),
                      how_);
      return;
    }
    for (const v1::SimulatedUnit& unit : found.units()) {
      caller_.Compare(absl::StrCat(what, " of ", unit.unit()), FormatSum(SumOf(unit.before())),
                      FormatSum(SumOf(unit.after()) + SumOf(unit.after())), how_);
    }
  }

  // Whether the copy scores by the figure of the version that is in force.
  bool OfSameFigure() {
    v1::DiffSchemesRequest diff;
    diff.set_name(in_force_.name());
    diff.set_other(copy_);
    v1::DiffSchemesResponse found;
    return Read(diff, &found) && found.comparable();
  }

  // The same draws at whatever replica.
  void Assess() {
    v1::AssessRobustnessRequest request;
    request.set_scheme(scheme_);
    request.set_period(kPeriod);
    request.set_subtree(office_.name);
    request.set_level(kLevel);
    request.set_draws(50);
    request.set_seed(static_cast<uint64_t>(caller_.Below(1000)));
    v1::AssessRobustnessResponse first;
    v1::AssessRobustnessResponse second;
    if (!Read(request, &first) || !Read(request, &second)) return;
    const auto text = [](const v1::AssessRobustnessResponse& found) {
      const auto unit = [](std::string* out, const v1::PlaceRange& row) {
        absl::StrAppend(out, row.ShortDebugString());
      };
      return absl::StrJoin(found.units(), ", ", unit);
    };
    caller_.Compare(absl::StrCat("robustness of ", scheme_), text(first), text(second), how_);
  }

  Caller& caller_;
  Office& office_;
  const std::string scheme_;  // The family of all versions.
  v1::Scheme in_force_;
  std::string copy_;  // The last one.
  std::string how_;
};

}  // namespace

std::unique_ptr<Actor> MakeQuestionsActor(Caller* caller, Office* office) {
  return std::make_unique<QuestionsActor>(caller, office);
}

}  // namespace terrace::robustness
