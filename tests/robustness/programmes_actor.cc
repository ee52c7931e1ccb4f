#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/terrace/sample/sample.h"
#include "terrace/registry/v1/registry.pb.h"
#include "tests/robustness/actors.h"

namespace terrace::robustness {
namespace {

namespace v1 = registry::v1;
using types::v1::RowResult;

// Of one programme; then the next one begins, before a town has taken part too often.
constexpr int kRollCallsMost = 12;

class ProgrammesActor : public Actor {
 public:
  ProgrammesActor(Caller* caller, Office* office) : caller_(*caller), office_(*office) {}

  void Act() override {
    const int64_t dice = caller_.Below(100);
    if (name_.empty() || roll_calls_ >= kRollCallsMost) {
      Create();
    } else if (dice < 15) {
      Update();
    } else if (dice < 50) {
      Enroll();
    } else if (dice < 75) {
      Withdraw();
    } else {
      ReadEnrollments();
    }
  }

 private:
  void Create() {
    v1::CreateProgrammeRequest request;
    request.set_parent(office_.name);
    request.set_programme_id(absl::StrCat("p", caller_.Next()));
    request.mutable_programme()->set_display_name("A programme of the office");
    const std::string name = absl::StrCat(office_.name, "/programmes/", request.programme_id());
    v1::Programme made;
    if (!caller_.Expect(caller_.Change(request, &made, {.what = name, .keys = {name}}), name)) {
      return;
    }
    name_ = name;
    etag_ = made.etag();
    roles_.clear();
    roll_calls_ = 0;
    ++programmes_;
    v1::ListProgrammesRequest list;
    list.set_parent(office_.name);
    list.set_page_size(1000);
    v1::ListProgrammesResponse found;
    std::string how;
    if (!caller_.Expect(caller_.ReadAfterChange(list, &found, &how), name)) return;
    caller_.Compare(absl::StrCat("programmes of ", office_.name), absl::StrCat(programmes_),
                    absl::StrCat(found.programmes_size()), how);
  }

  void Update() {
    v1::UpdateProgrammeRequest request;
    request.mutable_programme()->set_name(name_);
    request.mutable_programme()->set_etag(etag_);
    request.mutable_programme()->set_display_name(absl::StrCat("Programme ", caller_.Next()));
    request.mutable_update_mask()->add_paths("display_name");
    v1::Programme made;
    if (!caller_.Expect(caller_.Change(request, &made, {.what = name_, .keys = {name_}}), name_)) {
      return;
    }
    etag_ = made.etag();
    v1::GetProgrammeRequest get;
    get.set_name(name_);
    v1::Programme found;
    std::string how;
    if (!caller_.Expect(caller_.ReadAfterChange(get, &found, &how), name_)) return;
    caller_.Compare(name_, etag_, found.etag(), how);
  }

  std::string RowOf(const std::string& town) const {
    return absl::StrCat(name_, "/enrollments/", resource::OwnerOf(town));
  }

  // Each roll call is a day later than the one before.
  google::type::Date NextDay() {
    return sample::DateOf(absl::CivilDay(2011, 1, 1) + ++roll_calls_);
  }

  void Enroll() {
    v1::EnrollUnitsRequest request;
    request.set_parent(name_);
    const google::type::Date day = NextDay();
    std::map<std::string, v1::EnrollmentRole> roles = roles_;
    std::vector<RowResult::Outcome> expected;
    Call call = {.what = name_};
    for (const std::string& town : office_.towns) {
      if (caller_.Chance(40)) continue;
      v1::EnrollUnitsRequest::Row& row = *request.add_rows();
      row.set_unit(town);
      row.set_role(caller_.Chance(70) ? v1::ENROLLMENT_ROLE_PARTICIPANT
                                      : v1::ENROLLMENT_ROLE_DEMONSTRATION_SITE);
      *row.mutable_from_date() = day;
      const auto [role, is_new] = roles.emplace(town, row.role());
      const bool same = !is_new && role->second == row.role();
      expected.push_back(is_new ? RowResult::OUTCOME_CREATED
                         : same ? RowResult::OUTCOME_UNCHANGED
                                : RowResult::OUTCOME_UPDATED);
      role->second = row.role();
      if (!same) call.keys.push_back(RowOf(town));
    }
    v1::EnrollUnitsResponse made;
    if (request.rows().empty() || !Changed(request, &made, std::move(call), expected)) return;
    roles_ = std::move(roles);
    ReadCoverage();
  }

  void Withdraw() {
    v1::WithdrawUnitsRequest request;
    request.set_parent(name_);
    const google::type::Date day = NextDay();
    std::map<std::string, v1::EnrollmentRole> roles = roles_;
    std::vector<RowResult::Outcome> expected;
    Call call = {.what = name_};
    for (const std::string& town : office_.towns) {
      if (caller_.Chance(60)) continue;
      v1::WithdrawUnitsRequest::Row& row = *request.add_rows();
      row.set_unit(town);
      row.set_reason("decision of the office");
      *row.mutable_until_date() = day;
      const auto role = roles.find(town);
      const bool lasts = role != roles.end() && role->second != v1::ENROLLMENT_ROLE_UNSPECIFIED;
      expected.push_back(lasts ? RowResult::OUTCOME_UPDATED : RowResult::OUTCOME_REJECTED);
      if (!lasts) continue;
      role->second = v1::ENROLLMENT_ROLE_UNSPECIFIED;
      call.keys.push_back(RowOf(town));
    }
    v1::WithdrawUnitsResponse made;
    if (request.rows().empty() || !Changed(request, &made, std::move(call), expected)) return;
    roles_ = std::move(roles);
    ReadCoverage();
  }

  // What became of the rows; whether the change was made.
  template <class Request, class Response>
  bool Changed(const Request& request, Response* made, Call call,
               const std::vector<RowResult::Outcome>& expected) {
    // Rows that are so already, or refused, write nothing.
    call.in_header = !call.keys.empty();
    if (!caller_.Expect(caller_.Change(request, made, std::move(call)), name_)) return false;
    const auto text = [](std::string* out, RowResult::Outcome outcome) {
      absl::StrAppend(out, RowResult::Outcome_Name(outcome));
    };
    std::vector<RowResult::Outcome> outcomes;
    for (const RowResult& row : made->results()) outcomes.push_back(row.outcome());
    caller_.Compare(absl::StrCat("rows about ", name_), absl::StrJoin(expected, " ", text),
                    absl::StrJoin(outcomes, " ", text), "reply");
    return true;
  }

  void ReadCoverage() {
    if (caller_.Chance(40)) return;
    v1::GetCoverageRequest request;
    request.set_programme(name_);
    v1::Coverage found;
    std::string how;
    if (!caller_.Expect(caller_.ReadAfterChange(request, &found, &how), name_)) return;
    int participants = 0;
    int sites = 0;
    for (const auto& [town, role] : roles_) {
      participants += role != v1::ENROLLMENT_ROLE_UNSPECIFIED;
      sites += role == v1::ENROLLMENT_ROLE_DEMONSTRATION_SITE;
    }
    caller_.Compare(absl::StrCat("coverage of ", name_), absl::StrCat(participants, " ", sites),
                    absl::StrCat(found.participants(), " ", found.demonstration_sites()), how);
  }

  void ReadEnrollments() {
    v1::ListEnrollmentsRequest request;
    request.set_parent(name_);
    request.set_include_withdrawn(true);
    v1::ListEnrollmentsResponse found;
    std::string how;
    if (!caller_.Expect(caller_.ReadAfterChange(request, &found, &how), name_)) return;
    std::map<std::string, v1::EnrollmentRole> roles;
    for (const v1::Enrollment& row : found.enrollments()) roles[row.unit()] = row.role();
    const auto text = [](const std::map<std::string, v1::EnrollmentRole>& all) {
      return absl::StrJoin(all, " ", [](std::string* out, const auto& row) {
        absl::StrAppend(out, row.first, "=", v1::EnrollmentRole_Name(row.second));
      });
    };
    caller_.Compare(absl::StrCat("enrolments of ", name_), text(roles_), text(roles), how);
  }

  Caller& caller_;
  Office& office_;
  std::string name_;  // Of the programme that is under way.
  std::string etag_;
  std::map<std::string, v1::EnrollmentRole> roles_;  // Of towns that are or were in it.
  int roll_calls_ = 0;
  int programmes_ = 0;
};

}  // namespace

std::unique_ptr<Actor> MakeProgrammesActor(Caller* caller, Office* office) {
  return std::make_unique<ProgrammesActor>(caller, office);
}

}  // namespace terrace::robustness
