#include "common/rpc/operations.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/resource/names.h"
#include "common/resource/page_token.h"
#include "google/protobuf/empty.pb.h"

namespace terrace::rpc {
namespace {

using google::longrunning::CancelOperationRequest;
using google::longrunning::GetOperationRequest;
using google::longrunning::ListOperationsRequest;
using google::longrunning::ListOperationsResponse;
using google::longrunning::Operation;
using google::longrunning::WaitOperationRequest;
using google::protobuf::Empty;
using internal::v1::OperationRecord;

constexpr char kPattern[] = "units/{office}/operations/{operation}";
constexpr absl::Duration kWaitMost = absl::Minutes(10);
// How long an operation that is not known here may take to come from another replica.
constexpr absl::Duration kCatchUpMost = absl::Seconds(2);

class OperationsTable {
 public:
  explicit OperationsTable(std::vector<machine::Machine*> machines)
      : machines_(std::move(machines)) {}

  absl::StatusOr<machine::Machine*> MachineOf(const std::string& name) const {
    absl::StatusOr<resource::Ids> ids = resource::ParseName(name, kPattern);
    if (!ids.ok()) return ids.status();
    for (machine::Machine* machine : machines_) {
      const std::string& service = machine->service();
      if ((*ids)[1] == service || absl::StartsWith((*ids)[1], absl::StrCat(service, "."))) {
        return machine;
      }
    }
    return Error(Reason::NOT_FOUND, {{"name", name}});
  }

  using FindDone = absl::AnyInvocable<void(absl::Status, store::Cursor)>;

  // Fills in the operation and tells as of which position.
  static void Find(machine::Machine* machine, const std::string& name, Operation* out,
                   FindDone done) {
    store::Cursor position;
    absl::Status status = FindHere(machine, name, out, &position);
    if (!absl::IsNotFound(status) || !machine->store().shared()) {
      done(std::move(status), std::move(position));
      return;
    }
    // Another replica may have started it a moment ago.
    machine->executor().Post([machine, name, out, done = std::move(done)]() mutable {
      const absl::StatusOr<store::Cursor> end = machine->store().CatchUp();
      // Nobody is told that it is not there by a replica that lags.
      auto again = [machine, name, out, done = std::move(done)](absl::Status reached) mutable {
        store::Cursor position;
        if (reached.ok()) reached = FindHere(machine, name, out, &position);
        done(std::move(reached), std::move(position));
      };
      if (end.ok()) {
        machine->WaitFor(*end, machine->clock().Now() + kCatchUpMost, std::move(again));
      } else {
        again(end.status());
      }
    });
  }

  static absl::Status FindHere(machine::Machine* machine, const std::string& name, Operation* out,
                               store::Cursor* position) {
    return machine->Read<machine::State>(
        [&](const machine::State& state, const store::Cursor& at) -> absl::Status {
          auto record = state.rows().Get<OperationRecord>(name);
          if (!record) return Error(Reason::NOT_FOUND, {{"name", name}});
          *out = ToOperation(*record);
          *position = at;
          return absl::OkStatus();
        });
  }

  void Get(Call& call, const GetOperationRequest& request, Operation* reply,
           StatusDone done) const {
    absl::StatusOr<machine::Machine*> machine = MachineOf(request.name());
    if (!machine.ok()) {
      done(machine.status());
      return;
    }
    Find(*machine, request.name(), reply,
         [machine = *machine, &call, reply, done = std::move(done)](
             absl::Status status, const store::Cursor& at) mutable {
           if (status.ok()) StampCursor(machine->service(), at, call, reply);
           done(std::move(status));
         });
  }

  absl::Status List(Call& call, const ListOperationsRequest& request,
                    ListOperationsResponse* reply) const {
    absl::StatusOr<machine::Machine*> machine = MachineOf(request.name());
    if (!machine.ok()) return machine.status();
    if (!request.filter().empty()) {
      return Error(Reason::INVALID_FILTER, {{"detail", "operations cannot be filtered"}});
    }
    absl::StatusOr<int> size = resource::CoercePageSize(request.page_size());
    if (!size.ok()) return size.status();
    const uint64_t hash = resource::ListHash({"ListOperations", request.name()});
    absl::StatusOr<resource::PageToken> token =
        resource::DecodePageToken(request.page_token(), hash, (*machine)->position().log_id);
    if (!token.ok()) return token.status();
    const std::string prefix = absl::StrCat(request.name(), ".");
    (*machine)->Read<machine::State>([&](const machine::State& state, const store::Cursor& at) {
      StampCursor((*machine)->service(), at, call, reply);
      state.rows().ForEach(
          prefix, token->last_key, [&](const std::string& key, const machine::Row& row) {
            if (key == token->last_key) return true;
            if (reply->operations_size() == *size) {
              reply->set_next_page_token(resource::EncodePageToken(
                  {reply->operations(*size - 1).name(), at.log_id, at.revision.value}, hash));
              return false;
            }
            *reply->add_operations() = ToOperation(machine::Rows::Parse<OperationRecord>(row));
            return true;
          });
    });
    return absl::OkStatus();
  }

  void Cancel(Call& call, const CancelOperationRequest& request, Empty*, StatusDone done) const {
    absl::StatusOr<machine::Machine*> machine = MachineOf(request.name());
    if (!machine.ok()) {
      done(machine.status());
      return;
    }
    (*machine)->Execute(
        CommandOf(call, request), {request.name()},
        [name = request.name()](const machine::State&, machine::Decision& decision, std::string*) {
          auto record = decision.Get<OperationRecord>(name);
          if (!record) return Error(Reason::NOT_FOUND, {{"name", name}});
          if (record->done() || record->cancel_requested()) return absl::OkStatus();
          record->set_cancel_requested(true);
          decision.Put(name, *record);
          return absl::OkStatus();
        },
        [done = std::move(done)](absl::StatusOr<machine::Done> result) mutable {
          done(result.status());
        });
  }

  static void Wait(machine::Machine* machine, Call& call, const std::string& name, absl::Time until,
                   Operation* reply, StatusDone done) {
    Find(machine, name, reply,
         [machine, &call, name, until, reply, done = std::move(done)](
             absl::Status status, store::Cursor position) mutable {
           if (!status.ok() || reply->done() || machine->clock().Now() >= until) {
             if (status.ok()) StampCursor(machine->service(), position, call, reply);
             done(std::move(status));
             return;
           }
           // At the next revision, or at the end of the wait, look again.
           ++position.revision.value;
           machine->WaitFor(position, until,
                            [machine, &call, name, until, reply,
                             done = std::move(done)](absl::Status waited) mutable {
                              if (HasReason(waited, Reason::SHUTTING_DOWN)) {
                                done(std::move(waited));
                                return;
                              }
                              machine->executor().Post([machine, &call, name, until, reply,
                                                        done = std::move(done)]() mutable {
                                Wait(machine, call, name, until, reply, std::move(done));
                              });
                            });
         });
  }

 private:
  const std::vector<machine::Machine*> machines_;
};

}  // namespace

Operation ToOperation(const OperationRecord& record) {
  Operation out;
  out.set_name(record.name());
  *out.mutable_metadata() = record.metadata();
  out.set_done(record.done());
  if (record.done() && record.has_error()) {
    *out.mutable_error() = record.error();
  } else if (record.done()) {
    *out.mutable_response() = record.response();
  }
  return out;
}

std::unique_ptr<Methods> OperationsMethods(std::vector<machine::Machine*> machines) {
  auto table = std::make_shared<const OperationsTable>(std::move(machines));
  auto methods = std::make_unique<Methods>("google.longrunning.Operations", nullptr);
  methods->Async<GetOperationRequest, Operation>(
      "GetOperation",
      [table](Call& call, const GetOperationRequest& request, Operation* reply, StatusDone done) {
        table->Get(call, request, reply, std::move(done));
      });
  methods->Read<ListOperationsRequest, ListOperationsResponse>(
      "ListOperations",
      [table](Call& call, const ListOperationsRequest& request, ListOperationsResponse* reply) {
        return table->List(call, request, reply);
      });
  methods->Async<CancelOperationRequest, Empty>(
      "CancelOperation",
      [table](Call& call, const CancelOperationRequest& request, Empty* reply, StatusDone done) {
        table->Cancel(call, request, reply, std::move(done));
      });
  methods->Async<WaitOperationRequest, Operation>(
      "WaitOperation",
      [table](Call& call, const WaitOperationRequest& request, Operation* reply, StatusDone done) {
        absl::StatusOr<machine::Machine*> machine = table->MachineOf(request.name());
        if (!machine.ok()) {
          done(machine.status());
          return;
        }
        absl::Duration timeout = request.has_timeout()
                                     ? absl::Seconds(request.timeout().seconds()) +
                                           absl::Nanoseconds(request.timeout().nanos())
                                     : kWaitMost;
        const absl::Time until =
            std::min(call.deadline, call.received + std::min(timeout, kWaitMost));
        OperationsTable::Wait(*machine, call, request.name(), until, reply, std::move(done));
      });
  return methods;
}

}  // namespace terrace::rpc
