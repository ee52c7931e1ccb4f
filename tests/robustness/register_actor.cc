#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/terrace/sample/sample.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "terrace/registry/v1/registry.pb.h"
#include "tests/robustness/actors.h"

namespace terrace::robustness {
namespace {

// Figures of a unit, words of a description: then the next edit starts it over.
constexpr int kFiguresMost = 150;
constexpr int kDescriptionBytesMost = 7000;

class RegisterActor : public Actor {
 public:
  explicit RegisterActor(Caller* caller) : caller_(*caller) {}

  void Act() override {
    if (caller_.Chance(50)) {
      AddFigure(absl::StrCat("units/rb-register-", caller_.Below(kRegisters)));
    } else {
      AddWord(absl::StrCat(kSharedOffice, "/measures/register-", caller_.Below(kRegisters)));
    }
  }

 private:
  std::string Token() { return absl::StrCat(caller_.client(), ".", caller_.Next()); }

  void AddFigure(const std::string& name) {
    registry::v1::GetUnitRequest get;
    get.set_name(name);
    registry::v1::Unit found;
    if (!caller_.Expect(caller_.Read(get, &found), absl::StrCat("read ", name))) return;
    Call call = {.what = name, .keys = {name}};
    call.edit = RegisterEdit{name, found.etag(), "", Token(), false};
    registry::v1::UpdateUnitRequest request;
    registry::v1::Unit& unit = *request.mutable_unit();
    unit.set_name(name);
    unit.set_etag(found.etag());
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
    Edit(request, &made, std::move(call));
  }

  void AddWord(const std::string& name) {
    measures::v1::GetMeasureRequest get;
    get.set_name(name);
    measures::v1::Measure found;
    if (!caller_.Expect(caller_.Read(get, &found), absl::StrCat("read ", name))) return;
    Call call = {.what = name, .keys = {name}};
    call.edit = RegisterEdit{name, found.etag(), "", Token(), false};
    measures::v1::UpdateMeasureRequest request;
    measures::v1::Measure& measure = *request.mutable_measure();
    measure.set_name(name);
    measure.set_etag(found.etag());
    call.edit->cleared = found.description().size() >= kDescriptionBytesMost;
    measure.set_description(call.edit->cleared || found.description().empty()
                                ? call.edit->token
                                : absl::StrCat(found.description(), " ", call.edit->token));
    request.mutable_update_mask()->add_paths("description");
    measures::v1::Measure made;
    Edit(request, &made, std::move(call));
  }

  template <class Request, class Resource>
  void Edit(const Request& request, Resource* made, Call call) {
    const std::string what = call.what;
    caller_.Expect(caller_.Edit(request, made, std::move(call), [made] { return made->etag(); }),
                   what, {Reason::ETAG_MISMATCH});
  }

  Caller& caller_;
};

}  // namespace

std::unique_ptr<Actor> MakeRegisterActor(Caller* caller) {
  return std::make_unique<RegisterActor>(caller);
}

}  // namespace terrace::robustness
