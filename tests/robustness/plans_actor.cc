#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/longrunning/operations.pb.h"
#include "terrace/inspections/v1/inspections.pb.h"
#include "tests/robustness/actors.h"

namespace terrace::robustness {
namespace {

namespace v1 = inspections::v1;

constexpr size_t kTeamsMost = 6;  // Not retired.
constexpr int kRounds = 2;
constexpr int kDrawn = 3;  // Of a round.
constexpr int kReserves = 1;

class PlansActor : public Actor {
 public:
  PlansActor(Caller* caller, Office* office)
      : caller_(*caller),
        office_(*office),
        checklist_(absl::StrCat(office->name, "/checklists/c")) {}

  void Act() override {
    const int64_t dice = caller_.Below(100);
    if (published_ == 0 || dice < 20) {
      WorkOnChecklist();
    } else if (teams_.empty() || dice < 40) {
      WorkOnTeams();
    } else {
      GoOn();
    }
  }

 private:
  struct OwnTeam {
    std::string name;
    std::string etag;
  };
  enum class Step { kNone, kDraft, kApproved, kDrawn, kReleasing, kReleased };

  // ------------------------------------------------------------------------------- checklists

  std::string Version(int number) const { return absl::StrCat(checklist_, "@", number); }

  void WorkOnChecklist() {
    const std::string name = Version(published_ + 1);
    const Call call = {.what = name, .keys = {name, checklist_}};
    v1::Checklist made;
    absl::Status status;
    if (draft_etag_.empty()) {
      v1::CreateChecklistRequest request;
      request.set_parent(office_.name);
      request.set_checklist_id("c");
      request.mutable_checklist()->set_display_name("What the office looks at");
      AddItem(request.mutable_checklist());
      status = caller_.Change(request, &made, call);
    } else if (caller_.Chance(60)) {
      v1::UpdateChecklistRequest request;
      v1::Checklist& checklist = *request.mutable_checklist();
      checklist.set_name(name);
      checklist.set_etag(draft_etag_);
      for (int64_t items = 1 + caller_.Below(5); items > 0; --items) AddItem(&checklist);
      request.mutable_update_mask()->add_paths("items");
      status = caller_.Change(request, &made, call);
    } else {
      v1::PublishChecklistRequest request;
      request.set_name(name);
      request.set_etag(draft_etag_);
      status = caller_.Change(request, &made, call);
    }
    if (!caller_.Expect(status, name)) return;
    caller_.Compare("the version of a checklist", name, made.name(), "reply");
    draft_etag_ = made.etag();
    ReadBack<v1::GetChecklistRequest>(made);
    if (made.state() != v1::Checklist::STATE_PUBLISHED) return;
    ++published_;
    draft_etag_.clear();
  }

  void AddItem(v1::Checklist* checklist) {
    v1::ChecklistItem& item = *checklist->add_items();
    item.set_id(absl::StrCat("i", caller_.Next()));
    item.set_text_en("Is it in order?");
    item.set_answer_type(v1::ANSWER_TYPE_PASS_FAIL);
    item.set_severity(v1::SEVERITY_GENERAL);
  }

  // ------------------------------------------------------------------------------------ teams

  void WorkOnTeams() {
    v1::Team made;
    if (teams_.size() < 2 || (teams_.size() < kTeamsMost && caller_.Chance(40))) {
      v1::CreateTeamRequest request;
      request.set_parent(office_.name);
      request.set_team_id(absl::StrCat("t", caller_.Next()));
      request.mutable_team()->set_display_name("A team");
      v1::TeamRole& role = *request.mutable_team()->add_roles();
      role.set_role("inspector");
      role.set_inspectors(2);
      const std::string name = absl::StrCat(office_.name, "/teams/", request.team_id());
      if (!caller_.Expect(caller_.Change(request, &made, {.what = name, .keys = {name}}), name)) {
        return;
      }
      teams_.push_back({name, made.etag()});
    } else {
      OwnTeam& team = teams_[caller_.Below(teams_.size())];
      v1::UpdateTeamRequest request;
      request.mutable_team()->set_name(team.name);
      request.mutable_team()->set_etag(team.etag);
      // A plan that is under way keeps its teams.
      const bool retire =
          std::count(plan_teams_.begin(), plan_teams_.end(), team.name) == 0 && caller_.Chance(50);
      if (retire) {
        request.mutable_team()->set_retired(true);
        request.mutable_update_mask()->add_paths("retired");
      } else {
        request.mutable_team()->set_display_name(absl::StrCat("Team ", caller_.Next()));
        request.mutable_update_mask()->add_paths("display_name");
      }
      if (!caller_.Expect(caller_.Change(request, &made, {.what = team.name, .keys = {team.name}}),
                          team.name)) {
        return;
      }
      team.etag = made.etag();
      if (retire) {
        std::erase_if(teams_, [&made](const OwnTeam& row) { return row.name == made.name(); });
      }
    }
    ReadBack<v1::GetTeamRequest>(made);
  }

  // ------------------------------------------------------------------------------------ plans

  // The next step of the plan that is under way.
  void GoOn() {
    if (step_ != Step::kNone && step_ < Step::kReleasing && caller_.Chance(14)) {
      Cancel();
      return;
    }
    switch (step_) {
      case Step::kNone:
        Create();
        break;
      case Step::kDraft:
        caller_.Chance(45) ? Update() : Approve();
        break;
      case Step::kApproved:
        Draw();
        break;
      case Step::kDrawn:
        Release();
        break;
      case Step::kReleasing:
        AwaitRelease();
        break;
      case Step::kReleased:
        Close();
        break;
    }
  }

  void Create() {
    v1::CreatePlanRequest request;
    request.set_parent(office_.name);
    request.set_plan_id(absl::StrCat("p", caller_.Next()));
    v1::Plan& plan = *request.mutable_plan();
    plan.set_display_name("A plan of the office");
    told_ = caller_.Chance(70);
    plan.set_kind(told_ ? v1::INSPECTION_KIND_SCHEDULED : v1::INSPECTION_KIND_UNANNOUNCED);
    plan.set_checklist(Version(published_));
    plan.mutable_population()->set_subtree(office_.name);
    plan.mutable_population()->add_levels("levels/village");
    plan.mutable_sample()->set_count(kDrawn);
    plan.mutable_sample()->set_reserves(kReserves);
    for (int i = 0; i < kRounds; ++i) plan.add_rounds();
    for (size_t i = 0; i < teams_.size() && i < 2; ++i) plan.add_teams(teams_[i].name);
    plan_ = absl::StrCat(office_.name, "/plans/", request.plan_id());
    if (!Changed(request, Step::kDraft)) return;
    plan_teams_.assign(plan.teams().begin(), plan.teams().end());
    created_ = 0;
    released_ = 0;
  }

  void Update() {
    v1::UpdatePlanRequest request;
    request.mutable_plan()->set_name(plan_);
    request.mutable_plan()->set_etag(etag_);
    request.mutable_plan()->set_document_number(absl::StrCat("No. ", caller_.Next()));
    request.mutable_update_mask()->add_paths("document_number");
    Changed(request, Step::kDraft);
  }

  void Approve() {
    v1::ApprovePlanRequest request;
    request.set_etag(etag_);
    Changed(ActOn(std::move(request)), Step::kApproved);
  }

  // Among the villages that are open by now, all of them the client's own.
  void Draw() {
    v1::Draw made;
    const std::string name = absl::StrCat(plan_, "/draws/1");
    const absl::Status status =
        caller_.Change(ActOn(v1::DrawVisitsRequest()), &made,
                       {.what = name, .keys = {name, absl::StrCat(name, "/pool"), plan_}});
    std::vector<std::string> open;
    for (const OwnUnit& unit : office_.villages) {
      if (unit.open) open.push_back(unit.name);
    }
    if (open.empty()) {
      caller_.Expect(status, name, {Reason::EMPTY_POPULATION});
      return;
    }
    if (!caller_.Expect(status, name)) return;
    step_ = Step::kDrawn;
    const auto pool = static_cast<int64_t>(open.size());
    const int64_t of_round = std::min<int64_t>(pool, kDrawn + kReserves);
    caller_.Compare(absl::StrCat("pool and entries of ", name),
                    absl::StrCat(pool, " ", kRounds * of_round),
                    absl::StrCat(made.pool_count(), " ", made.entries_size()), "draw");
    targets_.clear();
    for (const v1::DrawEntry& entry : made.entries()) {
      if (!entry.reserve()) targets_.push_back({entry.round(), entry.unit()});
    }
    ReadBack<v1::GetDrawRequest>(made);
  }

  // Round by round, or what is left at once.
  void Release() {
    auto request = ActOn(v1::ReleasePlanRequest());
    const bool one = released_ + 1 < kRounds && caller_.Chance(50);
    if (one) request.add_rounds(released_ + 1);
    std::vector<std::string> keys;
    const int last = one ? released_ + 1 : kRounds;
    for (int round = released_ + 1; round <= last; ++round) {
      keys.push_back(absl::StrCat(plan_, "/releases/", round));
    }
    operation_.Clear();
    if (!caller_.Expect(caller_.Change(request, &operation_, {.what = plan_, .keys = keys}),
                        absl::StrCat("release ", plan_))) {
      return;
    }
    expected_created_ = 0;
    expected_skipped_ = 0;
    for (const Target& target : targets_) {
      if (!told_ || target.round <= released_ || target.round > last) continue;
      const bool open = std::any_of(
          office_.villages.begin(), office_.villages.end(),
          [&target](const OwnUnit& unit) { return unit.open && unit.name == target.unit; });
      ++(open ? expected_created_ : expected_skipped_);
    }
    released_ = last;
    step_ = Step::kReleasing;
    alone_ = true;
    AwaitRelease();
  }

  void AwaitRelease() {
    if (!caller_.Await(&operation_)) {
      alone_ = false;
      if (operation_.has_error()) Forget();
      return;
    }
    v1::ReleasePlanResponse response;
    operation_.response().UnpackTo(&response);
    caller_.Compare(absl::StrCat("targets of the release of ", plan_),
                    absl::StrCat(expected_created_ + expected_skipped_),
                    absl::StrCat(response.created() + response.skipped()), "release");
    if (alone_) {
      caller_.Compare(absl::StrCat("closed targets of ", plan_), absl::StrCat(expected_skipped_),
                      absl::StrCat(response.skipped()), "release");
    }
    created_ += response.created();
    step_ = released_ < kRounds ? Step::kDrawn : Step::kReleased;
  }

  void Close() {
    auto request = ActOn(v1::ClosePlanRequest());
    request.set_reason("done");
    if (!Changed(request, Step::kNone)) return;
    // Closing came after all of its visits.
    v1::ListVisitsRequest list;
    list.set_subtree(office_.name);
    list.set_page_size(100);
    list.set_filter(absl::StrCat("plan = \"", plan_, "\""));
    v1::ListVisitsResponse found;
    std::string how;
    if (caller_.Expect(caller_.ReadAfterChange(list, &found, &how), plan_)) {
      caller_.Compare(absl::StrCat("visits of ", plan_), absl::StrCat(created_),
                      absl::StrCat(found.visits_size()), how);
    }
    Forget();
  }

  void Cancel() {
    // What is released cannot be cancelled.
    const bool released = released_ > 0;
    auto request = ActOn(v1::CancelPlanRequest());
    request.set_reason("no longer needed");
    v1::Plan made;
    const absl::Status status = caller_.Change(request, &made, {.what = plan_, .keys = {plan_}});
    if (released) {
      if (caller_.Expect(status, plan_, {Reason::WRONG_STATE})) {
        caller_.Compare(plan_, "RELEASED", "CANCELLED", "cancel");
      }
      return;
    }
    if (!caller_.Expect(status, absl::StrCat("cancel ", plan_))) return;
    ReadBack<v1::GetPlanRequest>(made);
    Forget();
  }

  template <class Request>
  Request ActOn(Request request) {
    request.set_name(plan_);
    request.set_acting_office(office_.name);
    return request;
  }

  template <class Request>
  bool Changed(const Request& request, Step next) {
    v1::Plan made;
    if (!caller_.Expect(caller_.Change(request, &made, {.what = plan_, .keys = {plan_}}), plan_)) {
      return false;
    }
    etag_ = made.etag();
    step_ = next;
    ReadBack<v1::GetPlanRequest>(made);
    return true;
  }

  void Forget() {
    step_ = Step::kNone;
    plan_teams_.clear();
  }

  template <class Get, class Resource>
  void ReadBack(const Resource& made) {
    if (caller_.Chance(50)) return;
    Get get;
    get.set_name(made.name());
    Resource found;
    std::string how;
    if (!caller_.Expect(caller_.ReadAfterChange(get, &found, &how), made.name())) return;
    caller_.Compare(made.name(), made.etag(), found.etag(), how);
  }

  struct Target {
    int round;
    std::string unit;
  };

  Caller& caller_;
  Office& office_;
  const std::string checklist_;
  int published_ = 0;       // The last version in use.
  std::string draft_etag_;  // Of the next one.
  std::vector<OwnTeam> teams_;
  // The plan that is under way.
  Step step_ = Step::kNone;
  std::string plan_;
  std::string etag_;
  bool told_ = false;  // Whether its units are told.
  std::vector<std::string> plan_teams_;
  std::vector<Target> targets_;
  int released_ = 0;  // Rounds.
  google::longrunning::Operation operation_;
  bool alone_ = false;  // Whether the client did nothing else, and so closed nothing, since then.
  int64_t expected_created_ = 0;
  int64_t expected_skipped_ = 0;
  int64_t created_ = 0;
};

}  // namespace

std::unique_ptr<Actor> MakePlansActor(Caller* caller, Office* office) {
  return std::make_unique<PlansActor>(caller, office);
}

}  // namespace terrace::robustness
