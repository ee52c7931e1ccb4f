#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/store/cursor.h"
#include "services/terrace/sample/sample.h"
#include "terrace/registry/v1/registry.pb.h"
#include "terrace/scoring/v1/eligibility.pb.h"
#include "tests/robustness/actors.h"

namespace terrace::robustness {
namespace {

namespace v1 = registry::v1;

constexpr int kVillagesMost = 40;  // Open at a time.
constexpr int kContestedCodes = 12;
constexpr int kLastHonour = 3;  // With a step after it.

class RegistryActor : public Actor {
 public:
  RegistryActor(Caller* caller, Office* office) : caller_(*caller), office_(*office) {}

  void Act() override {
    const int64_t dice = caller_.Below(100);
    OwnUnit* const unit = AnyOpen();
    if (unit == nullptr || (dice < 30 && Open() < kVillagesMost)) {
      Create();
    } else if (dice < 55) {
      Rename(unit);
    } else if (dice < 65) {
      Move(unit);
    } else if (dice < 75) {
      TakeCode(unit);
    } else if (dice < 92) {
      OwnUnit* const farthest = caller_.Chance(50) ? Farthest() : nullptr;
      Honour(farthest == nullptr ? unit : farthest);
    } else {
      Close(unit);
    }
  }

 private:
  int64_t Open() const {
    return std::count_if(office_.villages.begin(), office_.villages.end(),
                         [](const OwnUnit& unit) { return unit.open; });
  }
  OwnUnit* AnyOpen() {
    std::vector<OwnUnit*> open;
    for (OwnUnit& unit : office_.villages) {
      if (unit.open) open.push_back(&unit);
    }
    return open.empty() ? nullptr : open[caller_.Below(open.size())];
  }
  // The open one that has come farthest and can go on, so that some come to the end.
  OwnUnit* Farthest() {
    OwnUnit* farthest = nullptr;
    for (OwnUnit& unit : office_.villages) {
      if (!unit.open || unit.honours > kLastHonour) continue;
      if (farthest == nullptr || unit.honours > farthest->honours) farthest = &unit;
    }
    return farthest;
  }
  const std::string& AnyTown() { return office_.towns[caller_.Below(office_.towns.size())]; }

  void Create() {
    OwnUnit unit;
    const std::string id = absl::StrCat(office_.id(), "-v", caller_.Next());
    unit.name = absl::StrCat("units/", id);
    unit.parent = AnyTown();
    unit.display_name = absl::StrCat("Village ", id);
    v1::CreateUnitRequest request;
    request.set_parent(unit.parent);
    request.set_unit_id(id);
    request.mutable_unit()->set_display_name(unit.display_name);
    request.mutable_unit()->set_kind("kinds/village");
    request.mutable_unit()->set_level("levels/village");
    *request.mutable_from_date() = sample::DateOf(absl::CivilDay(2015, 1, 1));
    v1::Unit made;
    if (!caller_.Expect(caller_.Change(request, &made, {.what = unit.name, .keys = {unit.name}}),
                        absl::StrCat("create ", unit.name))) {
      return;
    }
    unit.etag = made.etag();
    ReadBack(unit);
    office_.villages.push_back(std::move(unit));
  }

  void Rename(OwnUnit* unit) {
    v1::UpdateUnitRequest request;
    request.mutable_unit()->set_name(unit->name);
    request.mutable_unit()->set_etag(unit->etag);
    request.mutable_unit()->set_display_name(
        absl::StrCat("Village ", unit->id(), " renamed ", caller_.Next()));
    request.mutable_update_mask()->add_paths("display_name");
    v1::Unit made;
    if (!caller_.Expect(caller_.Change(request, &made, {.what = unit->name, .keys = {unit->name}}),
                        absl::StrCat("rename ", unit->name))) {
      return;
    }
    unit->display_name = request.unit().display_name();
    unit->etag = made.etag();
    ReadBack(*unit);
  }

  void Move(OwnUnit* unit) {
    v1::MoveUnitRequest request;
    request.set_name(unit->name);
    request.set_parent(AnyTown());
    if (request.parent() == unit->parent) return;
    request.set_reason(absl::StrCat("decision ", caller_.Next()));
    v1::Unit made;
    if (!caller_.Expect(caller_.Change(request, &made, {.what = unit->name}),
                        absl::StrCat("move ", unit->name))) {
      return;
    }
    unit->parent = request.parent();
    ReadBack(*unit);
  }

  // A code of the few that all clients want, or none any more.
  void TakeCode(OwnUnit* unit) {
    v1::UpdateUnitRequest request;
    request.mutable_unit()->set_name(unit->name);
    request.mutable_unit()->set_etag(unit->etag);
    std::string wanted;
    if (unit->code.empty()) {
      wanted = absl::StrCat("c", caller_.Below(kContestedCodes));
      v1::UnitCode& code = *request.mutable_unit()->add_codes();
      code.set_system("contested");
      code.set_code(wanted);
    }
    request.mutable_update_mask()->add_paths("codes");
    v1::Unit made;
    const absl::Status status = caller_.Change(request, &made, {.what = unit->name});
    if (!caller_.Expect(status, absl::StrCat("code of ", unit->name), {Reason::CODE_TAKEN})) return;
    unit->etag = made.etag();
    unit->code = wanted;
    ReadBack(*unit);
  }

  // What scoring seals about a unit that takes part, for the registry to open; whether the unit is
  // eligible, as it must be.
  bool AskScoring(const OwnUnit& unit, std::string* seal) {
    scoring::v1::CheckEligibilityRequest request;
    request.set_unit(unit.name);
    request.set_programme(sample::kProgramme);
    request.set_level("levels/county");
    request.set_title("model-unit");
    *request.mutable_min_revision()->mutable_registry() =
        store::ToProto(caller_.position("registry"));
    scoring::v1::Eligibility answer;
    const std::string what = absl::StrCat("eligibility of ", unit.name);
    if (!caller_.Expect(caller_.Read(request, &answer), what)) return false;
    caller_.Compare(what, "eligible", answer.eligible() ? "eligible" : answer.ShortDebugString(),
                    "min_revision");
    *seal = answer.seal();
    return answer.eligible();
  }

  // The next step in the programme.
  void Honour(OwnUnit* unit) {
    const std::string title = absl::StrCat(unit->name, "/designations/t1");
    const std::string what = absl::StrCat("step ", unit->honours, " of ", title);
    absl::Status status;
    v1::Designation made;
    switch (unit->honours) {
      case 0: {
        v1::EnrollUnitsRequest request;
        request.set_parent(sample::kProgramme);
        v1::EnrollUnitsRequest::Row& row = *request.add_rows();
        row.set_unit(unit->name);
        row.set_role(v1::ENROLLMENT_ROLE_PARTICIPANT);
        *row.mutable_from_date() = sample::DateOf(absl::CivilDay(2016, 1, 1));
        v1::EnrollUnitsResponse reply;
        status = caller_.Change(
            request, &reply,
            {.what = unit->name,
             .keys = {absl::StrCat(sample::kProgramme, "/enrollments/", unit->id())}});
        if (status.ok() && reply.results(0).outcome() != types::v1::RowResult::OUTCOME_CREATED) {
          status = absl::InternalError(reply.ShortDebugString());
        }
        break;
      }
      case 1: {
        v1::GrantDesignationRequest request;
        request.set_parent(unit->name);
        request.set_designation_id("t1");
        request.set_acting_office(office_.name);
        v1::Designation& designation = *request.mutable_designation();
        designation.set_programme(sample::kProgramme);
        designation.set_level("levels/county");
        designation.set_title("model-unit");
        *designation.add_terms()->mutable_named_date() = sample::DateOf(absl::CivilDay(2016, 2, 1));
        if (!AskScoring(*unit, request.mutable_eligibility())) return;
        status = caller_.Change(request, &made, {.what = title, .keys = {title}});
        break;
      }
      case 2: {
        v1::RenewDesignationRequest request;
        request.set_name(title);
        request.set_acting_office(office_.name);
        *request.mutable_term()->mutable_named_date() = sample::DateOf(absl::CivilDay(2018, 2, 1));
        if (!AskScoring(*unit, request.mutable_eligibility())) return;
        status = caller_.Change(request, &made, {.what = title, .keys = {title}});
        if (status.ok() && made.terms_size() != 2) {
          status = absl::InternalError(made.ShortDebugString());
        }
        break;
      }
      case 3: {
        v1::RevokeDesignationRequest request;
        request.set_name(title);
        request.set_acting_office(office_.name);
        request.set_reason("decision of the office");
        *request.mutable_revoked_date() = sample::DateOf(absl::CivilDay(2019, 2, 1));
        status = caller_.Change(request, &made, {.what = title, .keys = {title}});
        break;
      }
      default:
        Rename(unit);
        return;
    }
    if (caller_.Expect(status, what)) ++unit->honours;
  }

  void Close(OwnUnit* unit) {
    v1::CloseUnitRequest request;
    request.set_name(unit->name);
    request.set_reason("merged with its neighbour");
    v1::Unit made;
    if (!caller_.Expect(caller_.Change(request, &made, {.what = unit->name, .keys = {unit->name}}),
                        absl::StrCat("close ", unit->name))) {
      return;
    }
    unit->open = false;
    unit->etag = made.etag();
    ReadBack(*unit);
  }

  void ReadBack(const OwnUnit& unit) {
    if (caller_.Chance(50)) return;
    v1::GetUnitRequest request;
    request.set_name(unit.name);
    v1::Unit found;
    std::string how;
    const absl::Status status = caller_.ReadAfterChange(request, &found, &how);
    if (!caller_.Expect(status, absl::StrCat("read back ", unit.name, " by ", how))) return;
    caller_.Compare(
        unit.name, absl::StrCat(unit.display_name, " | ", unit.etag, " | ", unit.parent),
        absl::StrCat(found.display_name(), " | ", found.etag(), " | ", found.placement().parent()),
        how);
  }

  Caller& caller_;
  Office& office_;
};

}  // namespace

std::unique_ptr<Actor> MakeRegistryActor(Caller* caller, Office* office) {
  return std::make_unique<RegistryActor>(caller, office);
}

}  // namespace terrace::robustness
