#include "absl/strings/str_cat.h"
#include "services/terrace/sample/sample.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "tests/robustness/actors.h"

namespace terrace::robustness {
namespace {

namespace v1 = measures::v1;

class ActivitiesActor : public Actor {
 public:
  ActivitiesActor(Caller* caller, Office* office) : caller_(*caller), office_(*office) {}

  void Act() override {
    if (activities_.empty() || caller_.Chance(75)) {
      Record();
    } else {
      Withdraw();
    }
  }

 private:
  void Record() {
    const std::string id = absl::StrCat("a", caller_.Next());
    const std::string name = absl::StrCat(office_.name, "/activities/", id);
    v1::RecordActivityRequest request;
    request.set_parent(office_.name);
    request.set_activity_id(id);
    v1::Activity& activity = *request.mutable_activity();
    activity.set_kind("lecture");
    activity.set_display_name(absl::StrCat("Lecture ", id));
    *activity.mutable_date() = sample::DateOf(absl::CivilDay(2016, 5, 1));
    v1::Activity made;
    if (!caller_.Expect(caller_.Change(request, &made, {.what = name, .keys = {name}}), name)) {
      return;
    }
    // The same again, under another request id, is the same activity.
    if (caller_.Chance(30)) {
      caller_.Expect(caller_.Change(request, &made, {.what = name, .in_header = false}),
                     absl::StrCat("repeat ", name));
    }
    activities_.push_back(name);
    ReadSum();
  }

  void Withdraw() {
    const size_t at = caller_.Below(activities_.size());
    const std::string name = activities_[at];
    v1::WithdrawActivityRequest request;
    request.set_name(name);
    request.set_note("recorded by mistake");
    v1::Activity made;
    if (!caller_.Expect(caller_.Change(request, &made, {.what = name, .keys = {name}}), name)) {
      return;
    }
    activities_.erase(activities_.begin() + static_cast<int64_t>(at));
    ReadSum();
  }

  void ReadSum() {
    if (caller_.Chance(70)) return;
    v1::SummarizeActivitiesRequest sum;
    sum.set_parent(office_.name);
    v1::SummarizeActivitiesResponse found;
    std::string how;
    if (!caller_.Expect(caller_.ReadAfterChange(sum, &found, &how), "sum of activities")) return;
    caller_.Compare(
        absl::StrCat("activities of ", office_.name), absl::StrCat(activities_.size()),
        absl::StrCat(found.summaries_size() == 0 ? 0 : found.summaries(0).activity_count()), how);
  }

  Caller& caller_;
  Office& office_;
  std::vector<std::string> activities_;  // Not withdrawn.
};

}  // namespace

std::unique_ptr<Actor> MakeActivitiesActor(Caller* caller, Office* office) {
  return std::make_unique<ActivitiesActor>(caller, office);
}

}  // namespace terrace::robustness
