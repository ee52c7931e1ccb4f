#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/error.h"
#include "common/resource/names.h"
#include "common/rpc/operations.h"
#include "google/protobuf/empty.pb.h"

namespace terrace::rpc {
namespace {

using google::longrunning::CancelOperationRequest;
using google::longrunning::GetOperationRequest;
using google::longrunning::ListOperationsRequest;
using google::longrunning::ListOperationsResponse;
using google::longrunning::Operation;
using google::longrunning::WaitOperationRequest;

using Services = std::map<std::string, std::shared_ptr<Channel>>;

template <class Req, class Resp>
void Forward(Methods* methods, const char* method, std::shared_ptr<const Services> services,
             const access::IdentitySigner* signer) {
  methods->Async<Req, Resp>(method, [services, signer](Call& call, const Req& request, Resp* reply,
                                                       StatusDone done) {
    const absl::string_view id = resource::LastSegment(request.name());
    const std::pair<std::string, std::string> parts = absl::StrSplit(id, absl::MaxSplits('.', 1));
    auto service = services->find(parts.first);
    if (service == services->end()) {
      done(Error(Reason::NOT_FOUND, {{"name", request.name()}}));
      return;
    }
    service->second->CallAsync(call.method, request, reply, call.deadline,
                               OnBehalf{signer->Sign(call.identity, call.received), &call.position},
                               std::move(done));
  });
}

}  // namespace

std::unique_ptr<Methods> ForwardOperations(Services services,
                                           const access::IdentitySigner* signer) {
  auto shared = std::make_shared<const Services>(std::move(services));
  auto methods = std::make_unique<Methods>("google.longrunning.Operations", nullptr);
  Forward<GetOperationRequest, Operation>(methods.get(), "GetOperation", shared, signer);
  Forward<ListOperationsRequest, ListOperationsResponse>(methods.get(), "ListOperations", shared,
                                                         signer);
  Forward<CancelOperationRequest, google::protobuf::Empty>(methods.get(), "CancelOperation", shared,
                                                           signer);
  Forward<WaitOperationRequest, Operation>(methods.get(), "WaitOperation", shared, signer);
  return methods;
}

}  // namespace terrace::rpc
