// The service over a real Machine and the memory store, called as the adapter calls it: access rule
// on the bytes, checks of texts and numbers, min_revision, handler. No gRPC.
#ifndef TERRACE_SERVICES_INSPECTIONS_SERVICE_FIXTURE_H_
#define TERRACE_SERVICES_INSPECTIONS_SERVICE_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/access/rules.h"
#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/text.h"
#include "common/store/store.h"
#include "common/tree/tree.h"
#include "services/inspections/inspections_service.h"
#include "services/inspections/test_world.h"

namespace terrace::inspections {

// A server stream being read.
class Reading {
 public:
  explicit Reading(std::unique_ptr<rpc::Call> call, std::unique_ptr<rpc::Source> source)
      : call_(std::move(call)), source_(std::move(source)) {}

  // True with a message, false at the end, or the error that ended the stream.
  absl::StatusOr<bool> Next(rpc::Message* out) {
    absl::Notification finished;
    absl::StatusOr<bool> result = false;
    Start(out, [&](absl::StatusOr<bool> next) {
      result = std::move(next);
      finished.Notify();
    });
    finished.WaitForNotification();
    return result;
  }
  // The same without waiting for it.
  void Start(rpc::Message* out, absl::AnyInvocable<void(absl::StatusOr<bool>)> done) {
    source_->Next(out, std::move(done));
  }

 private:
  std::unique_ptr<rpc::Call> call_;
  std::unique_ptr<rpc::Source> source_;
};

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() : builder_(CountyTree()), executor_(2) {
    holder_.Set(builder_.Publish());
    auto store = store::OpenStore({"memory:", "inspections"});
    TERRACE_CHECK(store.ok());
    machine::MachineOptions options;
    options.service = std::string(kServiceName);
    options.store = *std::move(store);
    options.make_state = [] { return std::make_unique<InspectionsState>(); };
    options.tree = [this] { return holder_.Get(); };
    options.clock = &clock_;
    options.executor = &executor_;
    auto machine = machine::Machine::Start(std::move(options));
    TERRACE_CHECK(machine.ok());
    machine_ = *std::move(machine);
    service_ = std::make_unique<InspectionsService>(InspectionsServiceOptions{
        machine_.get(), [this] { return holder_.Get(); },
        [](absl::string_view, absl::string_view unit, absl::Time,
           registry::v1::EnrollmentRole role) {
          return unit == "v07" ||
                 (unit == "v08" && role != registry::v1::ENROLLMENT_ROLE_DEMONSTRATION_SITE);
        }});
  }

  std::unique_ptr<rpc::Call> NewCall(const access::Identity& who, const std::string& method) {
    auto call = std::make_unique<rpc::Call>();
    call->identity = who;
    call->method = absl::StrCat("/terrace.inspections.v1.InspectionScheduler/", method);
    call->received = clock_.Now();
    call->deadline = clock_.Now() + absl::Seconds(20);
    call->tree = holder_.Get();
    return call;
  }

  // What the adapter does before a handler sees the message.
  absl::Status Admit(const std::string& method, const rpc::Message& request,
                     const access::Identity& who) {
    const rpc::Method* entry = service_->methods().Find(method);
    TERRACE_CHECK(entry != nullptr);
    auto rule = access::MethodRule::Of(*entry->descriptor);
    TERRACE_CHECK(rule.ok());
    return rule->Check(who, *holder_.Get(), request.SerializeAsString(), clock_.Now());
  }

  template <class Resp, class Req>
  absl::StatusOr<Resp> Call(const std::string& method, const Req& request,
                            const access::Identity& who) {
    TERRACE_RETURN_IF_ERROR(Admit(method, request, who));
    TERRACE_RETURN_IF_ERROR(CheckMessage(request));
    auto call = NewCall(who, method);
    absl::Notification finished;
    absl::Status result;
    Resp reply;
    const auto done = [&](absl::Status status) {
      result = std::move(status);
      finished.Notify();
    };
    service_->methods().Wait(request, call->deadline, [&](absl::Status status) {
      if (!status.ok()) {
        done(std::move(status));
        return;
      }
      service_->methods().Find(method)->unary(*call, request, &reply, done);
    });
    finished.WaitForNotification();
    if (!result.ok()) return result;
    return reply;
  }

  template <class Req>
  absl::StatusOr<std::unique_ptr<Reading>> Open(const std::string& method, const Req& request,
                                                const access::Identity& who) {
    TERRACE_RETURN_IF_ERROR(Admit(method, request, who));
    TERRACE_RETURN_IF_ERROR(CheckMessage(request));
    auto call = NewCall(who, method);
    auto source = service_->methods().Find(method)->source(*call, request);
    if (!source.ok()) return source.status();
    return std::make_unique<Reading>(std::move(call), *std::move(source));
  }

  // One message of a SyncVisits stream.
  absl::StatusOr<v1::SyncVisitsResponse> SyncOne(const v1::SyncVisitsRequest& request,
                                                 const access::Identity& who) {
    TERRACE_RETURN_IF_ERROR(Admit("SyncVisits", request, who));
    auto call = NewCall(who, "SyncVisits");
    auto receiver = service_->methods().Find("SyncVisits")->receiver(*call);
    absl::Notification finished;
    absl::Status result;
    v1::SyncVisitsResponse reply;
    receiver->OnMessage(request, &reply, [&](absl::Status status) {
      result = std::move(status);
      finished.Notify();
    });
    finished.WaitForNotification();
    if (!result.ok()) return result;
    return reply;
  }

  void PublishChecklist() {
    v1::CreateChecklistRequest create;
    create.set_parent("units/county");
    create.set_checklist_id("visit");
    *create.mutable_checklist() = SampleChecklist();
    auto draft = Call<v1::Checklist>("CreateChecklist", create, Officer("county"));
    ASSERT_TRUE(draft.ok()) << draft.status();
    v1::PublishChecklistRequest publish;
    publish.set_name(kList);
    ASSERT_TRUE(Call<v1::Checklist>("PublishChecklist", publish, Officer("county")).ok());
  }

  void AddTeam(const std::string& id) {
    v1::CreateTeamRequest create = Text<v1::CreateTeamRequest>(
        "parent: 'units/county' team { third_party: true roles { role: 'i' inspectors: 2 } }");
    create.set_team_id(id);
    create.mutable_team()->set_display_name(id);
    create.mutable_team()->add_members(absl::StrCat("tokens/", id));
    auto team = Call<v1::Team>("CreateTeam", create, Officer("county"));
    ASSERT_TRUE(team.ok()) << team.status();
  }

  // An approved and drawn plan of the county over all villages.
  std::string DrawnPlan(const std::string& id, const std::string& more = "") {
    v1::CreatePlanRequest create;
    create.set_parent("units/county");
    create.set_plan_id(id);
    *create.mutable_plan() = Text<v1::Plan>(
        absl::StrCat("display_name: 'Plan' kind: INSPECTION_KIND_UNANNOUNCED checklist: '", kList,
                     "' population { levels: 'levels/village' } rounds {} ", more));
    auto plan = Call<v1::Plan>("CreatePlan", create, Officer("county"));
    EXPECT_TRUE(plan.ok()) << plan.status();
    auto approve = Text<v1::ApprovePlanRequest>("acting_office: 'units/county'");
    approve.set_name(plan->name());
    EXPECT_TRUE(Call<v1::Plan>("ApprovePlan", approve, Officer("county")).ok());
    auto draw = Text<v1::DrawVisitsRequest>("acting_office: 'units/county'");
    draw.set_name(plan->name());
    auto drawn = Call<v1::Draw>("DrawVisits", draw, Officer("county"));
    EXPECT_TRUE(drawn.ok()) << drawn.status();
    return plan->name();
  }

  void Release(const std::string& plan) {
    auto release = Text<v1::ReleasePlanRequest>("acting_office: 'units/county'");
    release.set_name(plan);
    auto operation =
        Call<google::longrunning::Operation>("ReleasePlan", release, Officer("county"));
    ASSERT_TRUE(operation.ok()) << operation.status();
    for (int i = 0; i < 500; ++i) {
      const bool done =
          machine_->Read<InspectionsState>([](const InspectionsState& state, const store::Cursor&) {
            return state.open_operations().empty();
          });
      if (done) return;
      absl::SleepFor(absl::Milliseconds(10));
    }
    FAIL() << "the release did not end";
  }

  // A visit of its own with one observation.
  std::string Visited(const std::string& unit, const std::string& id) {
    const std::string visit = absl::StrCat("units/", unit, "/visits/", id);
    v1::SyncVisitsRequest request;
    request.set_acting_office("units/county");
    v1::SyncItem& item = *request.add_items();
    item.set_visit(visit);
    item.set_checklist(kList);
    *item.mutable_observation() = Passed(visit, "tab-1");
    auto reply = SyncOne(request, Inspector("county"));
    EXPECT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(reply->results(0).outcome(), v1::ItemResult::OUTCOME_CREATED)
        << reply->results(0).message();
    return visit;
  }

  SystemClock clock_;
  tree::TreeBuilder builder_;
  tree::TreeHolder holder_;
  Executor executor_;
  std::unique_ptr<machine::Machine> machine_;
  std::unique_ptr<InspectionsService> service_;
};

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_SERVICE_FIXTURE_H_
