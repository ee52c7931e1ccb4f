// A registry on a memory store, called through its table of methods as a server would, without one.
#ifndef TERRACE_SERVICES_REGISTRY_REGISTRY_TEST_UTIL_H_
#define TERRACE_SERVICES_REGISTRY_REGISTRY_TEST_UTIL_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/executor.h"
#include "common/base/time.h"
#include "common/machine/machine.h"
#include "common/rpc/methods.h"
#include "common/store/store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/registry/dates.h"
#include "services/registry/registry_service.h"
#include "services/registry/registry_state.h"
#include "terrace/registry/v1/coverage.pb.h"
#include "terrace/registry/v1/import.pb.h"
#include "terrace/registry/v1/watch.pb.h"

namespace terrace::registry {

MATCHER_P(HasTheReason, reason, std::string(InfoOf(reason).name)) {
  *result_listener << arg;
  return HasReason(arg, reason);
}
MATCHER(IsFine, "is OK") {
  *result_listener << arg;
  return arg.ok();
}

inline absl::Time At(absl::string_view rfc3339) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, rfc3339, &time, &error)) << error;
  return time;
}

inline google::type::Date DateOf(absl::string_view text) {
  return ToProtoDate(ParseDay(text).value());
}

inline access::Identity WithGrant(std::string unit, options::v1::Role role,
                                  types::v1::Line line = types::v1::LINE_TERRITORY) {
  access::Identity identity;
  identity.subject = absl::StrCat("tokens/", unit.empty() ? "realm" : unit);
  identity.grants.push_back({std::move(unit), line, role, absl::InfiniteFuture()});
  return identity;
}

// What scoring would seal with.
inline Seal TestSeal() { return Seal("a secret of tests", "eligibility"); }

class Registry {
 public:
  // `url` as in store::StoreOptions.
  explicit Registry(const std::string& url = "memory:")
      : clock_(At("2016-06-15T10:00:00+08:00")), executor_(2) {
    admin = WithGrant("", options::v1::ROLE_ADMINISTRATOR);
    auto store = store::OpenStore({url, "registry", &clock_});
    TERRACE_CHECK(store.ok());
    machine::MachineOptions options;
    options.service = "registry";
    options.store = *std::move(store);
    options.make_state = [] { return std::make_unique<RegistryState>(TestSeal()); };
    options.tree = [this] { return Tree(); };
    options.clock = &clock_;
    options.executor = &executor_;
    auto machine = machine::Machine::Start(std::move(options));
    TERRACE_CHECK(machine.ok());
    machine_ = *std::move(machine);
    methods_ = RegistryMethods(machine_.get());
  }
  ~Registry() { machine_->Drain(); }

  machine::Machine& machine() { return *machine_; }
  ManualClock& clock() { return clock_; }

  std::shared_ptr<const tree::Tree> Tree() const {
    if (machine_ == nullptr) return tree::TreeBuilder().Publish();
    return machine_->Read<RegistryState>(
        [](const RegistryState& state, const store::Cursor&) { return state.tree(); });
  }

  rpc::Call NewCall(absl::string_view method, const access::Identity& identity) {
    rpc::Call call;
    call.identity = identity;
    call.method = absl::StrCat("/terrace.registry.v1.UnitRegistry/", method);
    call.received = clock_.Now();
    call.deadline = clock_.Now() + absl::Hours(1);
    call.tree = Tree();
    return call;
  }

  // A unary call.
  template <class Reply, class Request>
  absl::StatusOr<Reply> Call(absl::string_view method, const Request& request,
                             const access::Identity& identity) {
    rpc::Call call = NewCall(method, identity);
    Reply reply;
    absl::Status status;
    absl::Notification done;
    methods_->Find(method)->unary(call, request, &reply, [&](absl::Status s) {
      status = std::move(s);
      done.Notify();
    });
    done.WaitForNotification();
    if (!status.ok()) return status;
    return reply;
  }
  template <class Reply, class Request>
  absl::StatusOr<Reply> Call(absl::string_view method, const Request& request) {
    return Call<Reply>(method, request, admin);
  }

  // A client stream.
  template <class Reply, class Request>
  absl::StatusOr<Reply> Send(absl::string_view method, const std::vector<Request>& messages,
                             const access::Identity& identity) {
    rpc::Call call = NewCall(method, identity);
    std::unique_ptr<rpc::Receiver> receiver = methods_->Find(method)->receiver(call);
    Reply reply;
    for (size_t i = 0; i <= messages.size(); ++i) {
      absl::Status status;
      absl::Notification done;
      auto finish = [&](absl::Status s) {
        status = std::move(s);
        done.Notify();
      };
      if (i < messages.size()) {
        receiver->OnMessage(messages[i], nullptr, finish);
      } else {
        receiver->OnEnd(&reply, finish);
      }
      done.WaitForNotification();
      if (!status.ok()) return status;
    }
    return reply;
  }

  // Sends one message of a client stream and goes away.
  template <class Request>
  void StartAndAbandon(rpc::Call& call, absl::string_view method, const Request& message) {
    std::unique_ptr<rpc::Receiver> receiver = methods_->Find(method)->receiver(call);
    absl::Notification done;
    receiver->OnMessage(message, nullptr, [&](absl::Status) { done.Notify(); });
    receiver->Cancel();
    done.WaitForNotification();
  }

  // Opens a server stream.
  template <class Request>
  absl::StatusOr<std::unique_ptr<rpc::Source>> Open(rpc::Call& call, absl::string_view method,
                                                    const Request& request) {
    return methods_->Find(method)->source(call, request);
  }
  // Its next message; OUT_OF_RANGE at its end.
  template <class Reply>
  static absl::StatusOr<Reply> Next(rpc::Source& source) {
    Reply reply;
    absl::StatusOr<bool> more;
    absl::Notification done;
    source.Next(&reply, [&](absl::StatusOr<bool> m) {
      more = std::move(m);
      done.Notify();
    });
    done.WaitForNotification();
    if (!more.ok()) return more.status();
    if (!*more) return absl::OutOfRangeError("the end");
    return reply;
  }

  // ---- Shorthand.

  // A row of an area under `parent` (id).
  static v1::ImportUnitRow Area(std::string id, std::string parent, absl::string_view level,
                                absl::string_view kind, std::string name = "") {
    v1::ImportUnitRow row;
    row.mutable_unit()->set_display_name(name.empty() ? absl::StrCat("Area ", id) : name);
    row.mutable_unit()->set_level(absl::StrCat("levels/", level));
    row.mutable_unit()->set_kind(absl::StrCat("kinds/", kind));
    row.set_unit_id(std::move(id));
    row.set_parent_id(std::move(parent));
    return row;
  }
  static v1::ImportUnitRow Organisation(std::string id, std::string parent,
                                        absl::string_view kind) {
    v1::ImportUnitRow row = Area(std::move(id), std::move(parent), "site", kind);
    row.mutable_unit()->set_no_code_reason("invented for a test");
    return row;
  }

  absl::StatusOr<v1::Unit> Create(const v1::ImportUnitRow& row, const access::Identity& identity) {
    v1::CreateUnitRequest request;
    request.set_unit_id(row.unit_id());
    if (!row.parent_id().empty()) request.set_parent(absl::StrCat("units/", row.parent_id()));
    if (!row.sector_parent_id().empty()) {
      request.set_sector_parent(absl::StrCat("units/", row.sector_parent_id()));
    }
    *request.mutable_unit() = row.unit();
    if (row.has_from_date()) *request.mutable_from_date() = row.from_date();
    return Call<v1::Unit>("CreateUnit", request, identity);
  }
  absl::StatusOr<v1::Unit> Create(const v1::ImportUnitRow& row) { return Create(row, admin); }

  absl::StatusOr<v1::Unit> Get(const std::string& id) {
    v1::GetUnitRequest request;
    request.set_name(absl::StrCat("units/", id));
    return Call<v1::Unit>("GetUnit", request);
  }

  absl::StatusOr<v1::ImportUnitsResponse> Import(const std::vector<v1::ImportUnitRow>& rows,
                                                 bool dry_run = false) {
    v1::ImportUnitsRequest message;
    message.set_validate_only(dry_run);
    for (const v1::ImportUnitRow& row : rows) *message.add_rows() = row;
    return Send<v1::ImportUnitsResponse>("ImportUnits", std::vector{message}, admin);
  }

  // nation > province > county > two townships > three villages; opened on 2010-01-01.
  void AddSmallTree() {
    std::vector<v1::ImportUnitRow> rows = {
        Area("nation", "", "nation", "nation"),
        Area("province", "nation", "province", "province"),
        Area("county", "province", "county", "county"),
        Area("east", "county", "township", "town"),
        Area("west", "county", "township", "township"),
        Area("east-1", "east", "village", "village"),
        Area("east-2", "east", "village", "community"),
        Area("west-1", "west", "village", "village"),
    };
    for (v1::ImportUnitRow& row : rows) *row.mutable_from_date() = DateOf("2010-01-01");
    auto result = Import(rows);
    TERRACE_CHECK(result.ok());
    TERRACE_CHECK(result->created() == static_cast<int64_t>(rows.size()));
  }

  access::Identity admin;

 private:
  ManualClock clock_;
  Executor executor_;
  std::unique_ptr<machine::Machine> machine_;
  std::unique_ptr<rpc::Methods> methods_;
};

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_REGISTRY_TEST_UTIL_H_
