#include <utility>

#include "absl/strings/str_cat.h"
#include "terrace/inspections/v1/inspections.pb.h"
#include "tests/robustness/actors.h"

namespace terrace::robustness {
namespace {

namespace v1 = inspections::v1;

class FindingsActor : public Actor {
 public:
  FindingsActor(Caller* caller, Office* office) : caller_(*caller), office_(*office) {}

  void Act() override {
    if (office_.findings.empty()) return;
    const size_t at = caller_.Below(office_.findings.size());
    OwnFinding& finding = office_.findings[at];
    GoOn(&finding);
    if (finding.state == v1::Finding::STATE_CLOSED ||
        finding.state == v1::Finding::STATE_WITHDRAWN) {
      office_.findings.erase(office_.findings.begin() + static_cast<int64_t>(at));
    }
  }

 private:
  void GoOn(OwnFinding* finding) {
    const int64_t dice = caller_.Below(100);
    switch (finding->state) {
      case v1::Finding::STATE_RAISED:
        if (dice < 30)
          return Judge<v1::ConfirmFindingRequest>(finding, v1::Finding::STATE_CONFIRMED);
        [[fallthrough]];
      case v1::Finding::STATE_CONFIRMED:
        if (dice < 50) return Say<v1::DisputeFindingRequest>(finding, v1::Finding::STATE_DISPUTED);
        if (dice < 72) return Say<v1::ClaimRectifiedRequest>(finding, v1::Finding::STATE_CLAIMED);
        return Judge<v1::WithdrawFindingRequest>(finding, v1::Finding::STATE_WITHDRAWN);
      case v1::Finding::STATE_DISPUTED:
        if (dice < 60)
          return Judge<v1::ConfirmFindingRequest>(finding, v1::Finding::STATE_CONFIRMED);
        return Judge<v1::WithdrawFindingRequest>(finding, v1::Finding::STATE_WITHDRAWN);
      case v1::Finding::STATE_CLAIMED:
        return Recheck(finding, dice < 70);
      default:
        return Say<v1::ClaimRectifiedRequest>(finding, v1::Finding::STATE_CLAIMED);
    }
  }

  // The unit speaks.
  template <class Request>
  void Say(OwnFinding* finding, v1::Finding::State state) {
    Request request;
    request.set_name(finding->name);
    request.set_note(absl::StrCat("the town says ", caller_.Next()));
    Changed(request, finding, state);
  }

  // The office judges.
  template <class Request>
  void Judge(OwnFinding* finding, v1::Finding::State state) {
    Request request;
    request.set_name(finding->name);
    request.set_acting_office(office_.name);
    request.set_note(absl::StrCat("the office says ", caller_.Next()));
    Changed(request, finding, state);
  }

  void Recheck(OwnFinding* finding, bool put_right) {
    v1::RecheckFindingRequest request;
    request.set_name(finding->name);
    request.set_acting_office(office_.name);
    request.set_note("looked at again");
    request.set_mode(v1::RECHECK_MODE_DESK);
    request.set_outcome(put_right ? v1::RecheckFindingRequest::OUTCOME_CLOSED
                                  : v1::RecheckFindingRequest::OUTCOME_RETURNED);
    Changed(request, finding, put_right ? v1::Finding::STATE_CLOSED : v1::Finding::STATE_RETURNED);
  }

  template <class Request>
  void Changed(const Request& request, OwnFinding* finding, v1::Finding::State state) {
    v1::Finding made;
    const Call call = {.what = finding->name, .keys = {finding->name}};
    if (!caller_.Expect(caller_.Change(request, &made, call), finding->name)) return;
    finding->state = state;
    v1::GetFindingRequest get;
    get.set_name(finding->name);
    v1::Finding found;
    std::string how;
    if (!caller_.Expect(caller_.ReadAfterChange(get, &found, &how), finding->name)) return;
    caller_.Compare(finding->name, absl::StrCat(v1::Finding::State_Name(state), " ", made.etag()),
                    absl::StrCat(v1::Finding::State_Name(found.state()), " ", found.etag()), how);
  }

  Caller& caller_;
  Office& office_;
};

}  // namespace

std::unique_ptr<Actor> MakeFindingsActor(Caller* caller, Office* office) {
  return std::make_unique<FindingsActor>(caller, office);
}

}  // namespace terrace::robustness
