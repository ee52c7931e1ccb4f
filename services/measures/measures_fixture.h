// A measures service on a memory store, called by its table of methods, with a clock and a tree
// that tests set. It lives through 2016.
//
//   region - county (the office) - east, west (townships) - east-1, east-2, west-1 (villages)
//   county also leads "school" on the territorial line, and "bureau" leads it on the sector line
#ifndef TERRACE_SERVICES_MEASURES_MEASURES_FIXTURE_H_
#define TERRACE_SERVICES_MEASURES_MEASURES_FIXTURE_H_

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/access/identity.h"
#include "common/base/error.h"
#include "common/base/executor.h"
#include "common/machine/machine.h"
#include "common/resource/names.h"
#include "common/rpc/methods.h"
#include "gtest/gtest.h"
#include "services/measures/measures_service.h"
#include "services/measures/measures_state.h"
#include "services/measures/test_util.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "terrace/measures/v1/progress.pb.h"

namespace terrace::measures {

// A caller that holds one role at one unit, along the territorial line.
inline access::Identity Who(const std::string& unit, access::Role role) {
  access::Identity identity;
  identity.subject = absl::StrCat("units/", unit, "/tokens/", role);
  access::Grant grant;
  grant.unit = unit;
  grant.role = role;
  identity.grants.push_back(grant);
  return identity;
}
inline access::Identity Officer(const std::string& unit) {
  return Who(unit, options::v1::ROLE_OFFICER);
}
inline access::Identity Reporter(const std::string& unit) {
  return Who(unit, options::v1::ROLE_REPORTER);
}

class MeasuresTest : public ::testing::Test {
 protected:
  static constexpr char kService[] = "terrace.measures.v1.MeasureTracker";

  MeasuresTest() : clock_(T("2016-01-04 09:00")) {
    AddUnit("region", "", "region");
    AddUnit("county", "region", "county");
    AddUnit("other", "region", "county");
    for (const char* town : {"east", "west"}) AddUnit(town, "county", "township");
    AddUnit("east-1", "east", "village");
    AddUnit("east-2", "east", "village");
    AddUnit("west-1", "west", "village");
    AddUnit("bureau", "county", "agency");
    AddUnit("school", "county", "agency", "bureau", "school");
    PublishTree();
    Open();
  }
  ~MeasuresTest() override { machine_.reset(); }

  void AddUnit(const std::string& id, const std::string& parent, const std::string& level,
               const std::string& sector_parent = "", const std::string& kind = "office") {
    tree::UnitRecord unit;
    unit.id = id;
    unit.territory_parent = parent;
    unit.sector_parent = sector_parent;
    unit.level = level;
    unit.kind = kind;
    ASSERT_TRUE(builder_.Upsert(unit).ok());
  }
  void PublishTree() { tree_.Set(builder_.Publish()); }

  // Starts the service on a store; its log is kept over a second Open.
  void Open() {
    store::StoreOptions store_options;
    store_options.url = "memory:";
    store_options.keyspace = "measures";
    store_options.clock = &clock_;
    auto store = store::OpenStore(store_options);
    ASSERT_TRUE(store.ok()) << store.status();
    machine::MachineOptions options;
    options.service = "measures";
    options.store = *std::move(store);
    options.make_state = [this] {
      return std::make_unique<MeasuresState>(
          [this](absl::string_view programme, absl::string_view unit, absl::Time) {
            return programme == "units/county/programmes/model" &&
                   enrolled_.count(std::string(unit));
          },
          [](absl::string_view programme) {
            return programme == "units/county/programmes/far" ? "Pacific/Honolulu" : "";
          });
    };
    options.tree = [this] { return tree_.Get(); };
    options.clock = &clock_;
    options.executor = &executor_;
    auto machine = machine::Machine::Start(std::move(options));
    ASSERT_TRUE(machine.ok()) << machine.status();
    machine_ = *std::move(machine);
    methods_ = MeasureMethods(machine_.get(), [this] { return tree_.Get(); });
  }

  void Now(absl::string_view time) { clock_.Set(T(time)); }

  rpc::Call CallOf(const std::string& method, access::Identity identity) {
    rpc::Call call;
    call.identity = std::move(identity);
    call.method = absl::StrCat("/", kService, "/", method);
    call.received = clock_.Now();
    call.tree = tree_.Get();
    return call;
  }

  // Calls a unary method as `identity`. Access rules are the server's and are not checked here.
  template <class Resp, class Req>
  absl::StatusOr<Resp> Do(const std::string& method, const access::Identity& identity,
                          const Req& request) {
    rpc::Call call = CallOf(method, identity);
    const rpc::Method* entry = methods_->Find(method);
    TERRACE_CHECK(entry != nullptr && entry->unary != nullptr);
    Resp reply;
    absl::Status status;
    absl::Notification done;
    entry->unary(call, request, &reply, [&](absl::Status result) {
      status = std::move(result);
      done.Notify();
    });
    done.WaitForNotification();
    if (!status.ok()) return status;
    return reply;
  }

  // Sends a client stream of these messages.
  template <class Resp, class Req>
  absl::StatusOr<Resp> Send(const std::string& method, const access::Identity& identity,
                            const std::vector<Req>& messages) {
    rpc::Call call = CallOf(method, identity);
    std::unique_ptr<rpc::Receiver> receiver = methods_->Find(method)->receiver(call);
    absl::Status status;
    for (const Req& message : messages) {
      absl::Notification done;
      receiver->OnMessage(message, nullptr, [&](absl::Status result) {
        status = std::move(result);
        done.Notify();
      });
      done.WaitForNotification();
      if (!status.ok()) return status;
    }
    Resp reply;
    absl::Notification done;
    receiver->OnEnd(&reply, [&](absl::Status result) {
      status = std::move(result);
      done.Notify();
    });
    done.WaitForNotification();
    if (!status.ok()) return status;
    return reply;
  }

  // Waits until an operation is done and returns its record.
  internal::v1::OperationRecord Finished(const std::string& operation) {
    for (int i = 0; i < 1000; ++i) {
      auto record =
          machine_->Read<MeasuresState>([&](const MeasuresState& state, const store::Cursor&) {
            return state.rows().Get<internal::v1::OperationRecord>(operation);
          });
      if (record && record->done()) return *record;
      absl::SleepFor(absl::Milliseconds(20));
    }
    ADD_FAILURE() << operation << " does not end";
    return {};
  }

  // ---- What most tests begin with.

  // A list of the county: monthly by the 22nd, from January 2016 on.
  void MakeList(const std::string& id = "list", const std::string& more = "") {
    v1::CreateMeasureListRequest request;
    request.set_parent("units/county");
    request.set_measure_list_id(id);
    *request.mutable_measure_list() = Text<v1::MeasureList>(absl::StrCat(R"(
        display_name: "Thirty measures"
        due_rules { from_period: "2016-01" rule { frequency: REPORT_FREQUENCY_MONTHLY day: 22 } })",
                                                                         more));
    auto list = Do<v1::MeasureList>("CreateMeasureList", Officer("county"), request);
    ASSERT_TRUE(list.ok()) << list.status();
  }

  // A measure of the county on its list, in text format without list and title.
  absl::StatusOr<v1::Measure> MakeMeasure(const std::string& id, const std::string& text) {
    v1::CreateMeasureRequest request;
    request.set_parent("units/county");
    request.set_measure_id(id);
    *request.mutable_measure() = Text<v1::Measure>(text);
    if (request.measure().list().empty()) {
      request.mutable_measure()->set_list("units/county/measureLists/list");
    }
    if (request.measure().display_name().empty()) {
      request.mutable_measure()->set_display_name(absl::StrCat("Measure ", id));
    }
    return Do<v1::Measure>("CreateMeasure", Officer("county"), request);
  }

  absl::StatusOr<google::longrunning::Operation> Issue(const std::string& id,
                                                       const std::string& time = "") {
    v1::IssueMeasureRequest request;
    request.set_name(absl::StrCat("units/county/measures/", id));
    if (!time.empty()) *request.mutable_issued_time() = ToProto(T(time));
    return Do<google::longrunning::Operation>("IssueMeasure", Officer("county"), request);
  }

  // A measure led by a unit, issued. Returns the name of the assignment.
  std::string MakeLead(const std::string& id, const std::string& unit,
                       const std::string& more = "") {
    auto measure = MakeMeasure(id, absl::StrCat("lead { unit: 'units/", unit, "' } ", more));
    EXPECT_TRUE(measure.ok()) << measure.status();
    auto operation = Issue(id);
    EXPECT_TRUE(operation.ok()) << operation.status();
    return absl::StrCat("units/", unit, "/assignments/county~", id);
  }

  absl::StatusOr<v1::Report> Submit(const std::string& assignment, const std::string& period,
                                    const access::Identity& who, const std::string& received = "",
                                    const std::string& content = "text: 'Done so far.'") {
    v1::SubmitReportRequest request;
    request.set_assignment(assignment);
    request.set_period(period);
    *request.mutable_content() = Text<v1::ReportContent>(content);
    if (!received.empty()) *request.mutable_received_time() = ToProto(T(received));
    return Do<v1::Report>("SubmitReport", who, request);
  }

  template <class Req>
  absl::StatusOr<v1::Report> Judge(const std::string& method, const std::string& name,
                                   const std::string& office, const access::Identity& who,
                                   const std::string& note = "Please see the remarks.") {
    Req request;
    request.set_name(name);
    request.set_acting_office(absl::StrCat("units/", office));
    request.set_note(note);
    return Do<v1::Report>(method, who, request);
  }

  v1::Assignment GetAssignment(const std::string& name, const std::string& at = "") {
    v1::GetAssignmentRequest request;
    request.set_name(name);
    if (!at.empty()) *request.mutable_at_time() = ToProto(T(at));
    auto reply = Do<v1::Assignment>("GetAssignment", Officer("county"), request);
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.value_or(v1::Assignment());
  }

  int64_t Revision() { return machine_->position().revision.value; }

  ManualClock clock_;
  Executor executor_{2};
  tree::TreeBuilder builder_;
  tree::TreeHolder tree_;
  std::set<std::string> enrolled_;
  std::unique_ptr<machine::Machine> machine_;
  std::unique_ptr<rpc::Methods> methods_;
};

// EXPECT_REASON(call, UNKNOWN_PARENT): refused with that reason.
#define EXPECT_REASON(call, reason)                                                \
  do {                                                                             \
    const auto result_ = (call);                                                   \
    EXPECT_TRUE(HasReason(::terrace::measures::StatusOf(result_), Reason::reason)) \
        << ::terrace::measures::StatusOf(result_);                                 \
  } while (false)

inline absl::Status StatusOf(const absl::Status& status) { return status; }
template <class T>
absl::Status StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_MEASURES_FIXTURE_H_
