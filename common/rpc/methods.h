// The table of a service's methods: each name with the typed function that answers it. Servers and
// the gateway dispatch by this table, so service code knows no gRPC and can be called in a test
// without a server.
//
// A table belongs to one proto service and must name every method of it: Complete() checks that,
// and that the message types are those of the descriptor.
//
// Thread-safety: a table is filled by one thread, then only read. Handlers may run on any thread
// and at the same time.
#ifndef TERRACE_COMMON_RPC_METHODS_H_
#define TERRACE_COMMON_RPC_METHODS_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/access/identity.h"
#include "common/base/check.h"
#include "common/machine/machine.h"
#include "common/resource/page_token.h"
#include "common/rpc/positions.h"
#include "common/tree/tree.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace terrace::rpc {

using google::protobuf::Message;

// The facts of one call. Lives until the call is over.
struct Call {
  access::Identity identity;
  std::string method;  // "/package.Service/Method"
  absl::Time received;
  absl::Time deadline = absl::InfiniteFuture();
  std::shared_ptr<const tree::Tree> tree;  // As the access check saw it.
  Positions seen;                          // What the caller had seen by then.
  // Written by the handler: positions that the answer speaks for, for the response metadata, such
  // as "registry=<log_id>:<revision>".
  std::string position;
};

using StatusDone = absl::AnyInvocable<void(absl::Status)>;

// Answers one request: fills `reply`, then runs `done` once. call, request and reply live until
// then.
using UnaryFn =
    std::function<void(Call& call, const Message& request, Message* reply, StatusDone done)>;

// Produces the messages of a server stream, on demand: the next is asked for when the last one is
// on its way, which is all the flow control there is.
class Source {
 public:
  virtual ~Source() = default;
  // Fills `out` and runs done(true); done(false) after the last message; an error ends the call.
  // Runs on the executor. A source that has nothing yet keeps `done` for later.
  virtual void Next(Message* out, absl::AnyInvocable<void(absl::StatusOr<bool>)> done) = 0;
  // The caller is gone: run a kept `done` soon, with any status.
  virtual void Cancel() {}
};
using SourceFn =
    std::function<absl::StatusOr<std::unique_ptr<Source>>(Call& call, const Message& request)>;

// Takes the messages of a client stream or of a bidirectional one, one at a time.
class Receiver {
 public:
  virtual ~Receiver() = default;
  // Takes a message. A client stream leaves `reply` null and runs done(OK) when it is ready for the
  // next; a bidirectional one fills `reply`, which is then sent. An error ends the call.
  virtual void OnMessage(const Message& request, Message* reply, StatusDone done) = 0;
  // The caller has sent all. A client stream fills its only reply here.
  virtual void OnEnd(Message* reply, StatusDone done) = 0;
  // The caller is gone before the end.
  virtual void Cancel() {}
};
using ReceiverFn = std::function<std::unique_ptr<Receiver>(Call& call)>;

// Waits until the service includes what the request's min_revision asks for.
using WaitFn = std::function<void(const Message& request, absl::Time deadline, StatusDone done)>;

struct Method {
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  UnaryFn unary;  // Exactly one of the three is set.
  SourceFn source;
  ReceiverFn receiver;
  bool on_executor =
      false;  // Unary only: run on the executor, since it may take over a millisecond.
};

class Methods {
 public:
  // `service` is the full name of the proto service. The machine's position answers min_revision
  // and stamps replies; services without one machine pass null and do both themselves.
  Methods(absl::string_view service, machine::Machine* machine);

  // A read that takes less than a millisecond: absl::Status fn(Call&, const Req&, Resp*).
  template <class Req, class Resp, class F>
  void Read(absl::string_view method, F fn) {
    AddUnary<Req, Resp>(method, Synchronous<Req, Resp>(std::move(fn)), false);
  }
  // A read that may take longer and so runs on the executor.
  template <class Req, class Resp, class F>
  void SlowRead(absl::string_view method, F fn) {
    AddUnary<Req, Resp>(method, Synchronous<Req, Resp>(std::move(fn)), true);
  }
  // A read on the State under its lock: absl::Status (S::*fn)(const Call&, const Req&, Resp*)
  // const, or a callable (const S&, Call&, const Req&, Resp*).
  template <class S, class Req, class Resp, class F>
  void StateRead(absl::string_view method, F fn) {
    machine::Machine* machine = machine_;
    AddUnary<Req, Resp>(
        method,
        [machine, fn](Call& call, const Message& request, Message* reply, StatusDone done) {
          store::Cursor position;
          absl::Status status = machine->Read<S>([&](const S& state, const store::Cursor& at) {
            position = at;
            return std::invoke(fn, state, call, static_cast<const Req&>(request),
                               static_cast<Resp*>(reply));
          });
          if (status.ok()) StampPosition(*machine, position, call, reply);
          done(std::move(status));
        },
        false);
  }
  // A call that answers later: fn(Call&, const Req&, Resp*, StatusDone).
  template <class Req, class Resp, class F>
  void Async(absl::string_view method, F fn) {
    AddUnary<Req, Resp>(
        method,
        [fn](Call& call, const Message& request, Message* reply, StatusDone done) {
          fn(call, static_cast<const Req&>(request), static_cast<Resp*>(reply), std::move(done));
        },
        false);
  }
  // A command: absl::Status (S::*decide)(const Req&, Decision&, Resp*) const. Queues on
  // keys(request) beside its request id.
  template <class S, class Req, class Resp, class F>
  void Command(absl::string_view method, F decide,
               std::function<std::vector<std::string>(const Req&)> keys) {
    machine::Machine* machine = machine_;
    AddUnary<Req, Resp>(
        method,
        [machine, decide, keys](Call& call, const Message& request, Message* reply,
                                StatusDone done) {
          const Req& typed = static_cast<const Req&>(request);
          RunCommand(
              machine, call, request, keys(typed),
              [decide, &typed](const machine::State& state, machine::Decision& decision,
                               std::string* bytes) {
                Resp resp;
                absl::Status status =
                    std::invoke(decide, static_cast<const S&>(state), typed, decision, &resp);
                if (status.ok()) bytes->assign(resp.SerializeAsString());
                return status;
              },
              reply, std::move(done));
        },
        false);
  }
  // absl::StatusOr<std::unique_ptr<Source>> fn(Call&, const Req&)
  template <class Req, class Resp, class F>
  void ServerStream(absl::string_view method, F fn) {
    Method& entry = Add(method, Req::descriptor(), Resp::descriptor());
    entry.source = [fn](Call& call, const Message& request) {
      return fn(call, static_cast<const Req&>(request));
    };
  }
  // std::unique_ptr<Receiver> fn(Call&), for client streams and bidirectional ones.
  template <class Req, class Resp, class F>
  void Receive(absl::string_view method, F fn) {
    Method& entry = Add(method, Req::descriptor(), Resp::descriptor());
    entry.receiver = [fn](Call& call) { return fn(call); };
  }

  const google::protobuf::ServiceDescriptor* descriptor() const { return descriptor_; }
  // Null when there is no such method; `method` is the bare name.
  const Method* Find(absl::string_view method) const;
  // Ends the process when a method of the proto is missing: a programmer's error.
  void Complete() const;
  machine::Machine* machine() const { return machine_; }

  // Replaces the answer to min_revision (scoring waits on a vector).
  void set_wait(WaitFn wait) { wait_ = std::move(wait); }
  void Wait(const Message& request, absl::Time deadline, StatusDone done) const;

 private:
  template <class Req, class Resp, class F>
  static UnaryFn Synchronous(F fn) {
    return [fn](Call& call, const Message& request, Message* reply, StatusDone done) {
      done(fn(call, static_cast<const Req&>(request), static_cast<Resp*>(reply)));
    };
  }
  template <class Req, class Resp>
  void AddUnary(absl::string_view method, UnaryFn fn, bool on_executor) {
    Method& entry = Add(method, Req::descriptor(), Resp::descriptor());
    entry.unary = std::move(fn);
    entry.on_executor = on_executor;
  }
  Method& Add(absl::string_view method, const google::protobuf::Descriptor* request,
              const google::protobuf::Descriptor* reply);

  static void StampPosition(const machine::Machine& machine, const store::Cursor& position,
                            Call& call, Message* reply);

  const google::protobuf::ServiceDescriptor* descriptor_;
  machine::Machine* machine_;
  WaitFn wait_;
  absl::flat_hash_map<std::string, Method> methods_;
};

// The command of a call, for receivers that commit their own batches (imports, sync): request_id,
// validate_only, acting_office and captured time are read from the request's fields of those names.
machine::Command CommandOf(const Call& call, const Message& request);

// What the request's page_token says that the answer must have reached.
absl::optional<resource::PagePosition> PagePositionOf(const Message& request);

// Runs a call as a command; `decide` outlives neither request nor reply. The reply gets its
// position, and in its field "revision", where it has one that Decide left open, the revision that
// the command was stored at: which only the log knows.
void RunCommand(machine::Machine* machine, Call& call, const Message& request,
                std::vector<std::string> keys, machine::DecideFn decide, Message* reply,
                StatusDone done);

// Sets the reply's field "cursor" (terrace.types.v1.Cursor) if it has one, and the call's position.
void StampCursor(absl::string_view service, const store::Cursor& position, Call& call,
                 Message* reply);

}  // namespace terrace::rpc

#endif  // TERRACE_COMMON_RPC_METHODS_H_
