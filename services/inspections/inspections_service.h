// The edge of the inspections service: the table of methods of InspectionScheduler over a Machine
// that runs an InspectionsState. What is decided is in the state; here requests are routed, lists
// paged, and rows that the caller must not see left out.
//
// Thread-safety. Constructed by one thread; the table may then be used from any.
#ifndef TERRACE_SERVICES_INSPECTIONS_INSPECTIONS_SERVICE_H_
#define TERRACE_SERVICES_INSPECTIONS_INSPECTIONS_SERVICE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/machine/machine.h"
#include "common/rpc/methods.h"
#include "services/inspections/inspections_state.h"
#include "services/inspections/pages.h"
#include "services/inspections/scope.h"
#include "terrace/inspections/v1/inspections.pb.h"

namespace terrace::inspections {

// Whether the unit (id) takes part in the programme (full name) at that instant, in the role unless
// it is unspecified, as the mirror of the registry knows it. Thread-safe.
using EnrolledFn = std::function<bool(absl::string_view programme, absl::string_view unit,
                                      absl::Time at, registry::v1::EnrollmentRole role)>;

struct InspectionsServiceOptions {
  machine::Machine* machine = nullptr;  // Over an InspectionsState; outlives the service.
  machine::TreeSource tree;
  EnrolledFn enrolled;  // Without it nobody is enrolled in anything.
};

class InspectionsService {
 public:
  explicit InspectionsService(InspectionsServiceOptions options);

  const rpc::Methods& methods() const { return methods_; }

 private:
  // Registration, by the file that holds the handlers.
  void AddSetup();  // inspections_service.cc
  void AddPlans();  // plan_methods.cc
  void AddField();  // field_methods.cc
  void AddReads();  // read_methods.cc

  // A command that queues on those keys.
  template <class Req, class Resp>
  void Mutate(absl::string_view method,
              absl::Status (InspectionsState::*decide)(const Req&, Decision&, Resp*) const,
              std::vector<std::string> (*keys)(const Req&)) {
    methods_.Command<InspectionsState, Req, Resp>(method, decide, keys);
  }

  // A read of one resource: `read` fills it from the State under the lock.
  template <class Req, class Resp>
  void Get(absl::string_view method,
           absl::Status (*read)(const InspectionsState&, const Asker&, const Req&, Resp*));

  // A list: `open` says what is listed, `read` gives a row or nullopt when it is not to be shown.
  template <class Req, class Resp, class T>
  void List(absl::string_view method, RowKind kind,
            google::protobuf::RepeatedPtrField<T>* (Resp::*rows)(),
            absl::StatusOr<std::string> (*prefix)(const Req&),
            absl::optional<T> (*read)(const InspectionsState&, const Scope&, const Req&,
                                      const std::string& name));

  void DrawVisits(rpc::Call& call, const v1::DrawVisitsRequest& request, v1::Draw* reply,
                  rpc::StatusDone done);
  void GetDraw(rpc::Call& call, const v1::GetDrawRequest& request, v1::Draw* reply,
               rpc::StatusDone done);
  absl::Status GetInspectionSummary(rpc::Call& call, const v1::GetInspectionSummaryRequest& request,
                                    v1::InspectionSummary* reply);

  machine::Machine* const machine_;
  const machine::TreeSource tree_;
  const EnrolledFn enrolled_;
  rpc::Methods methods_;
};

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_INSPECTIONS_SERVICE_H_
