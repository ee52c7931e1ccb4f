// A server stream that a thread of its own fills: for what blocks, such as reading a store from its
// beginning to its end or a stream of another process. One message at a time waits to be sent, so a
// slow caller slows the thread and fills nobody's memory. A thread a stream is right for the few
// streams of administrators, not for watches.
//
// Thread-safety. An outlet may be used by any thread, one at a time. Destroying the source waits
// for its thread, which is told to come to an end: Send then says false, and the function given to
// OnCancel runs.
#ifndef TERRACE_COMMON_RPC_THREAD_SOURCE_H_
#define TERRACE_COMMON_RPC_THREAD_SOURCE_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "common/base/executor.h"
#include "common/rpc/methods.h"

namespace terrace::rpc {

class Outlet {
 public:
  virtual ~Outlet() = default;
  // Takes the content of `message`, of the method's reply type, once the one before is on its way.
  // False when the caller is gone: nothing more need be sent.
  virtual bool Send(Message* message) = 0;
  // Runs `stop` as soon as the caller is gone, at once if it is already. At most once a source.
  // `stop` shares what it refers to, and does not block.
  virtual void OnCancel(absl::AnyInvocable<void()> stop) = 0;
};

// Runs `produce` on a new thread; its status ends the stream. The executor outlives the source.
std::unique_ptr<Source> ThreadSource(Executor* executor,
                                     absl::AnyInvocable<absl::Status(Outlet& outlet)> produce);

}  // namespace terrace::rpc

#endif  // TERRACE_COMMON_RPC_THREAD_SOURCE_H_
