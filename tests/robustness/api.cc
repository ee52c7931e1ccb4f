#include "tests/robustness/api.h"

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "google/longrunning/operations.pb.h"
#include "google/protobuf/descriptor.h"

namespace terrace::robustness {
namespace {

constexpr const char* kServices[] = {"terrace.registry.v1.UnitRegistry",
                                     "terrace.measures.v1.MeasureTracker",
                                     "terrace.inspections.v1.InspectionScheduler",
                                     "terrace.scoring.v1.Scoreboard", "terrace.gateway.v1.Access"};
// Operations are kept as long as the log.
constexpr char kNotOffered[] = "google.longrunning.Operations.DeleteOperation";

void AddMethods(const google::protobuf::ServiceDescriptor& service,
                std::vector<std::string>* methods) {
  for (int i = 0; i < service.method_count(); ++i) {
    if (service.method(i)->full_name() == kNotOffered) continue;
    methods->push_back(absl::StrCat("/", service.full_name(), "/", service.method(i)->name()));
  }
}

}  // namespace

std::vector<std::string> PublicMethods() {
  std::vector<std::string> methods;
  AddMethods(*google::longrunning::Operation::descriptor()->file()->FindServiceByName("Operations"),
             &methods);
  for (const char* name : kServices) {
    const google::protobuf::ServiceDescriptor* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    TERRACE_CHECK(service != nullptr);
    AddMethods(*service, &methods);
  }
  return methods;
}

}  // namespace terrace::robustness
