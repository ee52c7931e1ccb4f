#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/longrunning/operations.pb.h"
#include "google/protobuf/empty.pb.h"
#include "services/terrace/sample/sample.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "tests/robustness/actors.h"

namespace terrace::robustness {
namespace {

namespace v1 = measures::v1;
using google::longrunning::Operation;

// Measures for the office's towns that are handed out in two attempts: the first is cancelled as
// soon as it has begun, and may have ended by then.
class OperationsActor : public Actor {
 public:
  OperationsActor(Caller* caller, Office* office) : caller_(*caller), office_(*office) {}

  void Act() override {
    const std::string id = absl::StrCat("o", caller_.Next());
    measure_ = absl::StrCat(office_.name, "/measures/", id);
    v1::CreateMeasureRequest create;
    create.set_parent(office_.name);
    create.set_measure_id(id);
    v1::Measure& measure = *create.mutable_measure();
    measure.set_list(absl::StrCat(office_.name, "/measureLists/l"));
    measure.set_display_name(absl::StrCat("Measure ", id));
    measure.mutable_cascade()->set_subtree(office_.name);
    measure.mutable_cascade()->add_kinds("kinds/county");
    measure.mutable_cascade()->set_include_root(true);
    v1::Measure made;
    if (!Took(caller_.Change(create, &made, {.what = measure_, .keys = {measure_}}))) return;
    Operation first;
    if (!Issue(&first)) return;
    google::longrunning::CancelOperationRequest cancel;
    cancel.set_name(first.name());
    google::protobuf::Empty nothing;
    if (!Took(caller_.Change(cancel, &nothing, {.what = first.name(), .in_header = false}))) return;
    const bool issued = caller_.Await(&first);
    if (caller_.given_up() || !first.done()) return;
    Read(first);
    if (!issued) {
      // What was cancelled can be begun anew.
      Operation second;
      if (!Issue(&second) || !caller_.Await(&second)) return;
      Read(second);
    }
    v1::CancelMeasureRequest over;
    over.set_name(measure_);
    over.set_note("no longer needed");
    Took(caller_.Change(over, &made, {.what = measure_, .keys = {measure_}}));
  }

 private:
  bool Took(const absl::Status& status) { return caller_.Expect(status, measure_); }

  bool Issue(Operation* operation) {
    v1::IssueMeasureRequest issue;
    issue.set_name(measure_);
    return Took(caller_.Change(issue, operation, {.what = measure_}));
  }

  // An operation that is done stays as it is; a replica may not know yet that it is.
  void Read(const Operation& done) {
    google::longrunning::GetOperationRequest get;
    get.set_name(done.name());
    Operation found;
    if (!Took(caller_.Read(get, &found))) return;
    caller_.Await(&found);
    if (found.done()) {
      caller_.Compare(done.name(), done.ShortDebugString(), found.ShortDebugString(), "operation");
    }
    v1::IssueMeasureResponse response;
    if (done.response().UnpackTo(&response)) {
      caller_.Compare(absl::StrCat("assignments of ", measure_), "1",
                      absl::StrCat(response.created_count()), "cascade");
    }
    google::longrunning::ListOperationsRequest list;
    list.set_name(absl::StrCat(office_.name, "/operations/measures"));
    list.set_page_size(1000);
    google::longrunning::ListOperationsResponse page;
    if (!Took(caller_.Read(list, &page))) return;
    // A replica may not know the last one yet.
    const auto of_office = [this](const Operation& row) {
      return absl::StartsWith(row.name(), absl::StrCat(office_.name, "/operations/measures."));
    };
    caller_.Compare(absl::StrCat("operations of ", office_.name), "its own",
                    absl::c_all_of(page.operations(), of_office) ? "its own" : "others",
                    "operations");
  }

  Caller& caller_;
  Office& office_;
  std::string measure_;
};

}  // namespace

std::unique_ptr<Actor> MakeOperationsActor(Caller* caller, Office* office) {
  return std::make_unique<OperationsActor>(caller, office);
}

}  // namespace terrace::robustness
