#include <utility>

#include "absl/strings/str_cat.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "tests/robustness/actors.h"

namespace terrace::robustness {
namespace {

namespace v1 = measures::v1;

constexpr size_t kListsMost = 8;

// No measure of these lists is ever issued, so that every rule may change.
class ListsActor : public Actor {
 public:
  ListsActor(Caller* caller, Office* office) : caller_(*caller), office_(*office) {}

  void Act() override {
    if (lists_.empty() || (lists_.size() < kListsMost && caller_.Chance(30))) {
      Create();
    } else if (caller_.Chance(70)) {
      Update(&lists_[caller_.Below(lists_.size())]);
    } else {
      ReadProgress(lists_[caller_.Below(lists_.size())].name);
    }
  }

 private:
  struct OwnList {
    std::string name;
    std::string etag;
  };

  void FillRule(v1::MeasureList* list) {
    v1::DueRuleVersion& version = *list->add_due_rules();
    version.set_from_period("2016-01");
    version.mutable_rule()->set_frequency(v1::REPORT_FREQUENCY_MONTHLY);
    version.mutable_rule()->set_day(static_cast<int32_t>(1 + caller_.Below(31)));
  }

  void Create() {
    v1::CreateMeasureListRequest request;
    request.set_parent(office_.name);
    request.set_measure_list_id(absl::StrCat("l", caller_.Next()));
    request.mutable_measure_list()->set_display_name("A list of the office");
    FillRule(request.mutable_measure_list());
    const std::string name =
        absl::StrCat(office_.name, "/measureLists/", request.measure_list_id());
    v1::MeasureList made;
    if (!caller_.Expect(caller_.Change(request, &made, {.what = name, .keys = {name}}), name)) {
      return;
    }
    lists_.push_back({name, made.etag()});
    v1::ListMeasureListsRequest list;
    list.set_parent(office_.name);
    v1::ListMeasureListsResponse found;
    std::string how;
    if (!caller_.Expect(caller_.ReadAfterChange(list, &found, &how), name)) return;
    // And the one that was there from the beginning.
    caller_.Compare(absl::StrCat("lists of ", office_.name), absl::StrCat(lists_.size() + 1),
                    absl::StrCat(found.measure_lists_size()), how);
  }

  void Update(OwnList* own) {
    v1::UpdateMeasureListRequest request;
    v1::MeasureList& list = *request.mutable_measure_list();
    list.set_name(own->name);
    list.set_etag(own->etag);
    if (caller_.Chance(50)) {
      FillRule(&list);
      request.mutable_update_mask()->add_paths("due_rules");
    }
    list.set_display_name(absl::StrCat("List ", caller_.Next()));
    request.mutable_update_mask()->add_paths("display_name");
    v1::MeasureList made;
    if (!caller_.Expect(caller_.Change(request, &made, {.what = own->name, .keys = {own->name}}),
                        own->name)) {
      return;
    }
    own->etag = made.etag();
    v1::GetMeasureListRequest get;
    get.set_name(own->name);
    v1::MeasureList found;
    std::string how;
    if (!caller_.Expect(caller_.ReadAfterChange(get, &found, &how), own->name)) return;
    caller_.Compare(own->name, own->etag, found.etag(), how);
  }

  void ReadProgress(const std::string& name) {
    v1::GetProgressRequest request;
    request.set_list(name);
    v1::GetProgressResponse found;
    std::string how;
    if (!caller_.Expect(caller_.ReadAfterChange(request, &found, &how), name)) return;
    caller_.Compare(absl::StrCat("assignments of ", name), "0",
                    absl::StrCat(found.total().assigned()), how);
  }

  Caller& caller_;
  Office& office_;
  std::vector<OwnList> lists_;
};

}  // namespace

std::unique_ptr<Actor> MakeListsActor(Caller* caller, Office* office) {
  return std::make_unique<ListsActor>(caller, office);
}

}  // namespace terrace::robustness
