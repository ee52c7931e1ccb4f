// An import as clients send it: in one message, sometimes twice, and all of it again until the
// service has counted it.
#ifndef TERRACE_TESTS_ROBUSTNESS_IMPORT_STREAM_H_
#define TERRACE_TESTS_ROBUSTNESS_IMPORT_STREAM_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/terrace/client.h"
#include "tests/robustness/caller.h"

namespace terrace::robustness {

// Sends `request`, which holds all rows of the import, until every row of it is stored. A refused
// row is a surprise. `service` is the one whose log takes them.
template <class Response, class Request>
bool SendImport(Caller* caller, const std::string& service, const Request& request, Call call) {
  const std::string what = call.what;
  call.in_header = false;
  Response reply;
  const int times = caller->Chance(20) ? 2 : 1;
  const std::string method = cli::MethodOf(Request::descriptor());
  const absl::Status status = caller->ChangeBy(
      method,
      [&](rpc::Channel& channel, absl::Time deadline, Call* made) {
        const std::unique_ptr<rpc::Stream> stream = channel.Open(method, deadline);
        for (int i = 0; i < times; ++i) {
          if (!stream->Write(request)) break;
        }
        stream->WritesDone();
        const bool answered = stream->Read(&reply);
        const absl::Status ended = stream->Finish();
        if (!ended.ok()) return ended;
        if (!answered) return absl::UnavailableError("no answer");
        made->service = service;
        made->log_id = reply.cursor().log_id();
        made->revision = reply.cursor().revision();
        return absl::OkStatus();
      },
      std::move(call));
  if (!caller->Expect(status, absl::StrCat("import of ", what))) return false;
  if (reply.rejected() == 0) return true;
  caller->Expect(absl::InternalError(reply.ShortDebugString()), absl::StrCat("import of ", what));
  return false;
}

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_IMPORT_STREAM_H_
