// A client: asks until it knows the outcome, and writes down what it heard.
//
// A change keeps its request id over all its repetitions and goes to another gateway each time, so
// whatever became of the first attempt, the answer is the one that the change has. What a call is
// refused with is for the actor to judge.
//
// For one thread each.
#ifndef TERRACE_TESTS_ROBUSTNESS_CALLER_H_
#define TERRACE_TESTS_ROBUSTNESS_CALLER_H_

#include <atomic>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/base/error.h"
#include "common/rpc/channel.h"
#include "common/store/store.h"
#include "google/longrunning/operations.pb.h"
#include "google/protobuf/message.h"
#include "tests/robustness/history.h"

namespace terrace::robustness {

class Caller {
 public:
  // `channels` lead to the same realm by different ways. After `give_up` became true nothing is
  // tried again.
  Caller(int client, uint64_t seed, std::vector<std::shared_ptr<rpc::Channel>> channels,
         History* history, const std::atomic<bool>* give_up);

  // Fills in the request id. `call` says what is known of the change beforehand: what, keys, edit.
  // CANCELLED when it was given up. Sometimes asks first whether it would work, which must tell the
  // same and write nothing.
  absl::Status Change(const google::protobuf::Message& request, google::protobuf::Message* reply,
                      Call call);
  // The same for an edit: `etag` tells the one of the reply.
  absl::Status Edit(const google::protobuf::Message& request, google::protobuf::Message* reply,
                    Call call, const std::function<std::string()>& etag);
  // Asks only whether the change would work. `call` has the keys of rows that nothing ever writes.
  absl::Status DryRun(const google::protobuf::Message& request, google::protobuf::Message* reply,
                      Call call);
  // Change for one exchange on a stream. `once` is tried until its answer is definite and fills
  // in the call's log position.
  using OnceFn = std::function<absl::Status(rpc::Channel& channel, absl::Time deadline, Call*)>;
  absl::Status ChangeBy(const std::string& method, const OnceFn& once, Call call);

  // Reads something that must include the last acknowledged change of the same service: by
  // `min_revision`, where the request has one and the dice say so, over any way; else over the way
  // of that change. Says how.
  absl::Status ReadAfterChange(const google::protobuf::Message& request,
                               google::protobuf::Message* reply, std::string* how);
  absl::Status Read(const google::protobuf::Message& request, google::protobuf::Message* reply);
  // Opens a stream that does not end by itself, over any way, until `take` says that it has seen
  // enough.
  absl::Status Follow(const google::protobuf::Message& request,
                      const std::function<bool(rpc::Stream& stream)>& take);
  // Reads a stream to its end, which must include the last acknowledged change of the same service.
  template <class Response, class Request>
  absl::Status PullAfterChange(Request request, std::vector<Response>* messages) {
    AskForLastChange(&request);
    return Follow(request, [messages](rpc::Stream& stream) {
      messages->clear();
      Response message;
      while (stream.Read(&message)) messages->push_back(message);
      return false;
    });
  }

  // Waits for the end of an operation; whether it succeeded. With `lawful` errors, see Expect.
  bool Await(google::longrunning::Operation* operation, std::initializer_list<Reason> lawful = {});

  // A definite answer that is not OK and not among `lawful` is a surprise; returns whether it is
  // OK.
  bool Expect(const absl::Status& status, const std::string& what,
              std::initializer_list<Reason> lawful = {});
  void Compare(const std::string& what, const std::string& expected, const std::string& found,
               const std::string& how);

  int client() const { return client_; }
  int64_t Below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }
  bool Chance(int percent) { return Below(100) < percent; }
  // A new number, for ids.
  int Next() { return next_++; }
  bool given_up() const { return *give_up_; }
  // Of the service's last change that was acknowledged.
  const store::Cursor& position(const std::string& service) { return last_[service].position; }

 private:
  // A service's last change that was acknowledged.
  struct LastChange {
    size_t way = 0;
    bool by_stream = false;
    store::Cursor position;
  };

  absl::Status Send(const google::protobuf::Message& request, google::protobuf::Message* reply,
                    Call call, const std::function<std::string()>& etag);
  // Sets `min_revision` to the last change of the request's service, if there is one.
  void AskForLastChange(google::protobuf::Message* request);
  // Repeats `once` until its answer is definite, and notes what has answered.
  absl::Status TryReads(const std::string& method, const std::function<size_t()>& way,
                        const std::function<absl::Status(rpc::Channel& channel)>& once);
  std::string NewRequestId();
  absl::Duration Patience() { return absl::Milliseconds(500 + Below(3500)); }

  const int client_;
  std::mt19937_64 random_;
  const std::vector<std::shared_ptr<rpc::Channel>> channels_;
  History* const history_;
  const std::atomic<bool>* const give_up_;
  int next_ = 0;
  std::map<std::string, LastChange> last_;  // By service.
};

// Waits a moment before the next attempt.
void Rest(rpc::Channel& channel);

// Whether the answer leaves open what became of the change, or asks to try again.
bool TryAgain(const absl::Status& status);

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_CALLER_H_
