#include <utility>

#include "absl/strings/str_cat.h"
#include "services/terrace/sample/sample.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "terrace/registry/v1/registry.pb.h"
#include "tests/robustness/actors.h"
#include "tests/robustness/register_edit.h"

namespace terrace::robustness {
namespace {

// Figures of a unit, words of a description: then the next edit starts it over.
constexpr int kFiguresMost = 150;
constexpr int kDescriptionBytesMost = 7000;

class RegisterActor : public Actor {
 public:
  explicit RegisterActor(Caller* caller) : caller_(*caller) {}

  void Act() override {
    const int64_t number = caller_.Below(kRegisters);
    switch (caller_.Below(5)) {
      case 0:
      case 1:
        AddFigure(absl::StrCat("units/rb-register-", number));
        break;
      case 2:
        AddWord<measures::v1::GetMeasureRequest>(
            absl::StrCat(kSharedOffice, "/measures/register-", number),
            &measures::v1::UpdateMeasureRequest::mutable_measure);
        break;
      case 3:
        AddWord<measures::v1::GetMeasureListRequest>(
            absl::StrCat(kSharedOffice, "/measureLists/register-", number),
            &measures::v1::UpdateMeasureListRequest::mutable_measure_list);
        break;
      default:
        AddToName(absl::StrCat(kSharedOffice, "/programmes/register-", number));
        break;
    }
  }

 private:
  void AddFigure(const std::string& name) {
    registry::v1::GetUnitRequest get;
    get.set_name(name);
    registry::v1::Unit found;
    if (!caller_.Expect(caller_.Read(get, &found), absl::StrCat("read ", name))) return;
    registry::v1::UpdateUnitRequest request;
    registry::v1::Unit& unit = *request.mutable_unit();
    unit.set_name(name);
    unit.set_etag(found.etag());
    Call call = NextEdit(&caller_, unit);
    call.edit->cleared = found.attributes_size() >= kFiguresMost;
    if (!call.edit->cleared) *unit.mutable_attributes() = found.attributes();
    registry::v1::UnitAttribute& figure = *unit.add_attributes();
    figure.set_key(registry::v1::ATTRIBUTE_KEY_STAFF);
    figure.mutable_value()->mutable_value()->set_value("1");
    // One figure a day: the days count them.
    *figure.mutable_as_of_date() =
        sample::DateOf(absl::CivilDay(2000, 1, 1) + (unit.attributes_size() - 1));
    figure.set_source(call.edit->token);
    request.mutable_update_mask()->add_paths("attributes");
    registry::v1::Unit made;
    EditRegister(&caller_, request, &made, std::move(call));
  }

  template <class Get, class Update, class Resource>
  void AddWord(const std::string& name, Resource* (Update::*resource)()) {
    Get get;
    get.set_name(name);
    Resource found;
    if (!caller_.Expect(caller_.Read(get, &found), absl::StrCat("read ", name))) return;
    Update request;
    Resource& changed = *(request.*resource)();
    changed.set_name(name);
    changed.set_etag(found.etag());
    Call call = NextEdit(&caller_, changed);
    changed.set_description(Extended(found.description(), kDescriptionBytesMost, &*call.edit));
    request.mutable_update_mask()->add_paths("description");
    Resource made;
    EditRegister(&caller_, request, &made, std::move(call));
  }

  void AddToName(const std::string& name) {
    registry::v1::GetProgrammeRequest get;
    get.set_name(name);
    registry::v1::Programme found;
    if (!caller_.Expect(caller_.Read(get, &found), absl::StrCat("read ", name))) return;
    registry::v1::UpdateProgrammeRequest request;
    AddToNameOf(&caller_, found, &request, request.mutable_programme());
  }

  Caller& caller_;
};

}  // namespace

std::unique_ptr<Actor> MakeRegisterActor(Caller* caller) {
  return std::make_unique<RegisterActor>(caller);
}

}  // namespace terrace::robustness
