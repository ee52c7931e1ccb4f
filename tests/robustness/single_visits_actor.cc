#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/terrace/sample/sample.h"
#include "terrace/inspections/v1/inspections.pb.h"
#include "tests/robustness/actors.h"

namespace terrace::robustness {
namespace {

namespace v1 = inspections::v1;

constexpr size_t kUnderWayMost = 4;
constexpr char kItem[] = "order";

// Visits by hand, for offices whose inspectors have a network on the spot.
class SingleVisitsActor : public Actor {
 public:
  SingleVisitsActor(Caller* caller, Office* office)
      : caller_(*caller),
        office_(*office),
        checklist_(absl::StrCat(office->name, "/checklists/by-hand@1")) {}

  void Act() override {
    const int64_t dice = caller_.Below(100);
    if (!published_) {
      MakeChecklist();
    } else if (under_way_.empty() || (under_way_.size() < kUnderWayMost && dice < 20)) {
      Start();
    } else if (dice < 80) {
      GoOn(caller_.Below(under_way_.size()));
    } else if (dice < 90) {
      FollowUp(AnyTown());
    } else {
      PullPackages();
    }
  }

 private:
  struct OwnVisit {
    std::string name;
    std::string town;
    std::vector<v1::Observation> observations;
    std::vector<std::string> findings;  // Raised by themselves.
    bool submitted = false;
  };

  const std::string& AnyTown() { return office_.towns[caller_.Below(office_.towns.size())]; }

  void MakeChecklist() {
    if (draft_etag_.empty()) {
      v1::CreateChecklistRequest create;
      create.set_parent(office_.name);
      create.set_checklist_id("by-hand");
      create.mutable_checklist()->set_display_name("What is looked at by hand");
      v1::ChecklistItem& item = *create.mutable_checklist()->add_items();
      item.set_id(kItem);
      item.set_text_en("Is it in order?");
      item.set_answer_type(v1::ANSWER_TYPE_PASS_FAIL);
      item.set_severity(v1::SEVERITY_GENERAL);
      v1::Checklist made;
      if (!Took(caller_.Change(create, &made, {.what = checklist_, .keys = {checklist_}}))) return;
      draft_etag_ = made.etag();
    }
    v1::PublishChecklistRequest publish;
    publish.set_name(checklist_);
    publish.set_etag(draft_etag_);
    v1::Checklist made;
    published_ = Took(caller_.Change(publish, &made, {.what = checklist_, .keys = {checklist_}}));
  }

  // ----------------------------------------------------------------------------------- visits

  void Start() {
    OwnVisit visit;
    visit.town = AnyTown();
    v1::StartVisitRequest request;
    request.set_parent(visit.town);
    request.set_visit_id(absl::StrCat("by-hand-", caller_.Next()));
    request.set_acting_office(office_.name);
    request.set_checklist(checklist_);
    visit.name = absl::StrCat(visit.town, "/visits/", request.visit_id());
    if (!Changed(request, visit, v1::Visit::STATE_STARTED)) return;
    ++visits_[visit.town];
    under_way_.push_back(std::move(visit));
  }

  void GoOn(size_t at) {
    OwnVisit& visit = under_way_[at];
    const int64_t dice = caller_.Below(100);
    if (visit.submitted) {
      Acknowledge(visit);
      Remove(at);
    } else if (visit.observations.empty() || dice < 40) {
      Observe(&visit);
    } else if (dice < 60) {
      Raise(&visit);
    } else if (dice < 82) {
      Submit(&visit);
    } else {
      Abort(visit);
      Remove(at);
    }
  }

  void Remove(size_t at) { under_way_.erase(under_way_.begin() + static_cast<int64_t>(at)); }

  // A few more, and sometimes one that was sent before.
  void Observe(OwnVisit* visit) {
    v1::RecordObservationsRequest request;
    request.set_parent(visit->name);
    Call call = {.what = visit->name};
    std::string expected;
    for (int64_t more = 1 + caller_.Below(3); more > 0; --more) {
      v1::Observation& seen = *request.add_observations();
      const size_t number = visit->observations.size() + request.observations_size();
      seen.set_name(absl::StrCat(visit->name, "/observations/desk-", number));
      seen.set_item(kItem);
      seen.set_place(absl::StrCat("door ", number));
      seen.set_passed(caller_.Chance(70));
      if (!seen.passed()) seen.mutable_finding()->set_text("The notices are out of date.");
      call.keys.push_back(seen.name());
      absl::StrAppend(&expected, v1::ItemResult::Outcome_Name(v1::ItemResult::OUTCOME_CREATED));
    }
    const google::protobuf::RepeatedPtrField<v1::Observation> fresh = request.observations();
    if (!visit->observations.empty() && caller_.Chance(30)) {
      *request.add_observations() = visit->observations.back();
      absl::StrAppend(&expected, v1::ItemResult::Outcome_Name(v1::ItemResult::OUTCOME_UNCHANGED));
    }
    v1::RecordObservationsResponse made;
    if (!Took(caller_.Change(request, &made, std::move(call)))) return;
    std::string outcomes;
    for (const v1::ItemResult& row : made.results()) {
      absl::StrAppend(&outcomes, v1::ItemResult::Outcome_Name(row.outcome()));
    }
    caller_.Compare(absl::StrCat("observations of ", visit->name), expected, outcomes, "reply");
    visit->observations.insert(visit->observations.end(), fresh.begin(), fresh.end());
    ReadObservations(*visit);
  }

  void ReadObservations(const OwnVisit& visit) {
    v1::ListObservationsRequest list;
    list.set_parent(visit.name);
    v1::ListObservationsResponse page;
    std::string how;
    if (Took(caller_.ReadAfterChange(list, &page, &how))) {
      caller_.Compare(absl::StrCat("observations of ", visit.name),
                      absl::StrCat(visit.observations.size()),
                      absl::StrCat(page.observations_size()), how);
    }
    const v1::Observation& any = visit.observations[caller_.Below(visit.observations.size())];
    v1::GetObservationRequest get;
    get.set_name(any.name());
    v1::Observation found;
    if (!Took(caller_.ReadAfterChange(get, &found, &how))) return;
    caller_.Compare(any.name(), absl::StrCat(any.place(), any.passed() ? " passed" : " failed"),
                    absl::StrCat(found.place(), found.passed() ? " passed" : " failed"), how);
  }

  void Raise(OwnVisit* visit) {
    const std::string id = absl::StrCat("f", caller_.Next());
    const std::string name = absl::StrCat(visit->name, "/findings/", id);
    v1::RaiseFindingRequest request;
    request.set_parent(visit->name);
    request.set_finding_id(id);
    request.mutable_finding()->set_text(absl::StrCat("Nobody answers at door ", id));
    v1::Finding made;
    if (!Took(caller_.Change(request, &made, {.what = name, .keys = {name}}))) return;
    visit->findings.push_back(id);
    // The same again, under another request id, is the same finding.
    if (caller_.Chance(30)) {
      Took(caller_.Change(request, &made, {.what = name, .in_header = false}));
    }
  }

  void Submit(OwnVisit* visit) {
    v1::SubmitVisitRequest request;
    request.set_name(visit->name);
    request.set_remarks("all seen");
    v1::DeviceCount& desk = *request.add_declared();
    desk.set_device("desk");
    desk.set_count(static_cast<int32_t>(visit->observations.size()));
    for (const std::string& id : visit->findings) request.add_declared_findings(id);
    if (!Changed(request, *visit, v1::Visit::STATE_SUBMITTED)) return;
    visit->submitted = true;
    std::vector<std::string> ids = visit->findings;
    for (const v1::Observation& seen : visit->observations) {
      if (seen.has_finding()) ids.push_back(seen.name().substr(seen.name().rfind('/') + 1));
    }
    for (const std::string& id : ids) {
      office_.findings.push_back(
          {absl::StrCat(visit->name, "/findings/", id), v1::Finding::STATE_RAISED});
    }
  }

  void Acknowledge(const OwnVisit& visit) {
    v1::AcknowledgeVisitRequest request;
    request.set_name(visit.name);
    request.set_outcome(v1::Acknowledgement::OUTCOME_AGREED);
    if (Changed(request, visit, v1::Visit::STATE_ACKNOWLEDGED)) ReadSummary(visit.town);
  }

  void Abort(const OwnVisit& visit) {
    v1::AbortVisitRequest request;
    request.set_name(visit.name);
    request.set_reason("the road is blocked");
    if (Changed(request, visit, v1::Visit::STATE_ABORTED)) ReadSummary(visit.town);
  }

  template <class Request>
  bool Changed(const Request& request, const OwnVisit& visit, v1::Visit::State state) {
    v1::Visit made;
    if (!Took(caller_.Change(request, &made, {.what = visit.name, .keys = {visit.name}}))) {
      return false;
    }
    const auto text = [](const v1::Visit& row) {
      return absl::StrCat(v1::Visit::State_Name(row.state()), " with ", row.observation_count(),
                          " observations at ", row.etag());
    };
    caller_.Compare(absl::StrCat("state of ", visit.name), v1::Visit::State_Name(state),
                    v1::Visit::State_Name(made.state()), "reply");
    v1::GetVisitRequest get;
    get.set_name(visit.name);
    v1::Visit found;
    std::string how;
    if (Took(caller_.ReadAfterChange(get, &found, &how))) {
      caller_.Compare(visit.name, text(made), text(found), how);
    }
    return true;
  }

  // -------------------------------------------------------------------------- what follows them

  void ReadSummary(const std::string& town) {
    std::string how;
    v1::ListVisitsRequest list;
    list.set_parent(town);
    list.set_page_size(1000);
    v1::ListVisitsResponse page;
    if (Took(caller_.ReadAfterChange(list, &page, &how))) {
      caller_.Compare(absl::StrCat("visits to ", town), absl::StrCat(visits_[town]),
                      absl::StrCat(page.visits_size()), how);
    }
    v1::GetInspectionSummaryRequest request;
    request.set_subtree(town);
    v1::InspectionSummary found;
    if (!Took(caller_.ReadAfterChange(request, &found, &how))) return;
    // Villages below are visited by the office's plans.
    constexpr char kEnough[] = "as many as there, or more";
    caller_.Compare(absl::StrCat("visits at or below ", town), kEnough,
                    found.visits() >= visits_[town] ? kEnough : absl::StrCat(found.visits()), how);
  }

  void FollowUp(const std::string& town) {
    v1::RecordFollowUpRequest request;
    request.set_parent(town);
    request.set_follow_up_id(absl::StrCat("u", caller_.Next()));
    request.set_acting_office(office_.name);
    v1::FollowUp& follow_up = *request.mutable_follow_up();
    follow_up.set_kind(v1::FollowUp::KIND_TALK);
    follow_up.set_title("A talk with the town");
    *follow_up.mutable_date() = sample::DateOf(absl::CivilDay(2016, 9, 1));
    const std::string name = absl::StrCat(town, "/followUps/", request.follow_up_id());
    v1::FollowUp made;
    if (!Took(caller_.Change(request, &made, {.what = name, .keys = {name}}))) return;
    v1::GetFollowUpRequest get;
    get.set_name(name);
    v1::FollowUp found;
    std::string how;
    if (Took(caller_.ReadAfterChange(get, &found, &how))) {
      caller_.Compare(name, made.etag(), found.etag(), how);
    }
    ++follow_ups_[town];
    v1::ListFollowUpsRequest list;
    list.set_parent(town);
    list.set_page_size(1000);
    v1::ListFollowUpsResponse page;
    if (!Took(caller_.ReadAfterChange(list, &page, &how))) return;
    caller_.Compare(absl::StrCat("follow-ups of ", town), absl::StrCat(follow_ups_[town]),
                    absl::StrCat(page.follow_ups_size()), how);
  }

  // With what is to be put right in each town.
  void PullPackages() {
    v1::PullVisitPackagesRequest request;
    for (const std::string& town : office_.towns) request.add_units(town);
    request.set_checklist(checklist_);
    request.set_acting_office(office_.name);
    std::vector<v1::PullVisitPackagesResponse> messages;
    if (!Took(caller_.PullAfterChange(request, &messages))) return;
    std::map<std::string, size_t> open;
    for (const OwnFinding& finding : office_.findings) {
      ++open[absl::StrCat("units/", resource::OwnerOf(finding.name))];
    }
    size_t packages = 0;
    for (const v1::PullVisitPackagesResponse& message : messages) {
      for (const v1::VisitPackage& package : message.packages()) {
        ++packages;
        // Those of visits that are under way come on top.
        caller_.Compare(
            absl::StrCat("open findings at ", package.unit().name()), "all of them",
            static_cast<size_t>(package.open_findings_size()) >= open[package.unit().name()]
                ? "all of them"
                : absl::StrCat(package.open_findings_size()),
            "min_revision");
      }
    }
    caller_.Compare(absl::StrCat("packages of ", office_.name), absl::StrCat(office_.towns.size()),
                    absl::StrCat(packages), "min_revision");
  }

  bool Took(const absl::Status& status) {
    return caller_.Expect(status, absl::StrCat("visits of ", office_.name));
  }

  Caller& caller_;
  Office& office_;
  const std::string checklist_;
  std::string draft_etag_;
  bool published_ = false;
  std::vector<OwnVisit> under_way_;
  std::map<std::string, int64_t> visits_;      // By town.
  std::map<std::string, int64_t> follow_ups_;  // By town.
};

}  // namespace

std::unique_ptr<Actor> MakeSingleVisitsActor(Caller* caller, Office* office) {
  return std::make_unique<SingleVisitsActor>(caller, office);
}

}  // namespace terrace::robustness
