#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/terrace/sample/sample.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "terrace/registry/v1/registry.pb.h"
#include "tests/robustness/actors.h"
#include "tests/robustness/import_stream.h"

namespace terrace::robustness {
namespace {

constexpr int kNames = 20;  // Of each kind; then the same names come with other content.
constexpr int kRowsMost = 5;

class ImportsActor : public Actor {
 public:
  ImportsActor(Caller* caller, Office* office) : caller_(*caller), office_(*office) {}

  void Act() override {
    switch (caller_.Below(4)) {
      case 0:
        ImportUnits();
        break;
      case 1:
        ImportDesignations();
        break;
      case 2:
        ImportMeasures();
        break;
      default:
        ImportActivities();
        break;
    }
  }

 private:
  std::string AnyId() { return absl::StrCat("i", caller_.Below(kNames)); }

  // Hamlets that only imports touch, of another level than the villages and of another kind than
  // the towns, which are counted.
  void ImportUnits() {
    registry::v1::ImportUnitsRequest request;
    request.set_subtree(office_.name);
    const std::string office = office_.id();
    registry::v1::ImportUnitRow& row = *request.add_rows();
    row.set_unit_id(absl::StrCat(office, "-", AnyId()));
    row.set_parent_id(office);
    row.mutable_unit()->set_display_name(absl::StrCat("Hamlet ", caller_.Next()));
    row.mutable_unit()->set_kind("kinds/township");
    row.mutable_unit()->set_level("levels/township");
    const std::string name = absl::StrCat("units/", row.unit_id());
    // Only new units have a first day.
    if (units_.insert(name).second) {
      *row.mutable_from_date() = sample::DateOf(absl::CivilDay(2015, 1, 1));
    }
    if (!SendImport<registry::v1::ImportUnitsResponse>(&caller_, "registry", request,
                                                       {.what = name, .keys = {name}})) {
      return;
    }
    ReadBack<registry::v1::GetUnitRequest, registry::v1::Unit>(name, row.unit().display_name());
  }

  // Titles of towns, each once.
  void ImportDesignations() {
    registry::v1::ImportDesignationsRequest request;
    request.set_acting_office(office_.name);
    request.set_programme(sample::kProgramme);
    Call call;
    for (const std::string& town : office_.towns) {
      registry::v1::ImportDesignationRow& row = *request.add_rows();
      row.set_unit_id(std::string(resource::OwnerOf(town)));
      row.set_designation_id(AnyId());
      registry::v1::Designation& designation = *row.mutable_designation();
      designation.set_level("levels/county");
      designation.set_title("model-unit");
      *designation.add_terms()->mutable_named_date() = sample::DateOf(absl::CivilDay(2016, 2, 1));
      call.keys.push_back(absl::StrCat(town, "/designations/", row.designation_id()));
    }
    call.what = call.keys.front();
    SendImport<registry::v1::ImportDesignationsResponse>(&caller_, "registry", request,
                                                         std::move(call));
  }

  // Drafts, which are never handed out.
  void ImportMeasures() {
    measures::v1::ImportMeasuresRequest request;
    request.set_parent(office_.name);
    measures::v1::Measure& measure = *request.add_measures();
    measure.set_name(absl::StrCat(office_.name, "/measures/", AnyId()));
    measure.set_list(absl::StrCat(office_.name, "/measureLists/l"));
    measure.set_display_name(absl::StrCat("Measure ", caller_.Next()));
    measure.mutable_lead()->set_unit(office_.name);
    if (!SendImport<measures::v1::ImportMeasuresResponse>(
            &caller_, "measures", request, {.what = measure.name(), .keys = {measure.name()}})) {
      return;
    }
    ReadBack<measures::v1::GetMeasureRequest, measures::v1::Measure>(measure.name(),
                                                                     measure.display_name());
  }

  // Of towns, so that those of the office can be counted. One that is there never changes.
  void ImportActivities() {
    measures::v1::ImportActivitiesRequest request;
    Call call;
    for (int64_t rows = 1 + caller_.Below(kRowsMost); rows > 0; --rows) {
      measures::v1::Activity& activity = *request.add_activities();
      activity.set_name(absl::StrCat(office_.towns.front(), "/activities/i", caller_.Next()));
      activity.set_kind("lecture");
      activity.set_display_name("Lecture in the town");
      *activity.mutable_date() = sample::DateOf(absl::CivilDay(2016, 5, 1));
      call.keys.push_back(activity.name());
    }
    call.what = call.keys.front();
    if (!SendImport<measures::v1::ImportActivitiesResponse>(&caller_, "measures", request, call)) {
      return;
    }
    ReadBack<measures::v1::GetActivityRequest, measures::v1::Activity>(call.what,
                                                                       "Lecture in the town");
  }

  template <class Get, class Resource>
  void ReadBack(const std::string& name, const std::string& display_name) {
    Get get;
    get.set_name(name);
    Resource found;
    std::string how;
    if (!caller_.Expect(caller_.ReadAfterChange(get, &found, &how), name)) return;
    caller_.Compare(name, display_name, found.display_name(), how);
  }

  Caller& caller_;
  Office& office_;
  std::set<std::string> units_;
};

}  // namespace

std::unique_ptr<Actor> MakeImportsActor(Caller* caller, Office* office) {
  return std::make_unique<ImportsActor>(caller, office);
}

}  // namespace terrace::robustness
