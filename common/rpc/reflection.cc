#include "common/rpc/reflection.h"

#include <set>
#include <utility>

#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"

namespace terrace::rpc {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;

// The file and all that it imports, once each.
template <class Response>
void AddFile(const FileDescriptor* file, std::set<const FileDescriptor*>* seen, Response* out) {
  if (!seen->insert(file).second) return;
  google::protobuf::FileDescriptorProto proto;
  file->CopyTo(&proto);
  out->mutable_file_descriptor_response()->add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file->dependency_count(); ++i) AddFile(file->dependency(i), seen, out);
}

template <class Request, class Response>
class ReflectionReceiver : public Receiver {
 public:
  explicit ReflectionReceiver(const std::vector<std::string>* services) : services_(services) {}

  void OnMessage(const Message& message, Message* reply, StatusDone done) override {
    const Request& request = static_cast<const Request&>(message);
    Response* response = static_cast<Response*>(reply);
    const DescriptorPool* pool = DescriptorPool::generated_pool();
    response->set_valid_host(request.host());
    *response->mutable_original_request() = request;
    switch (request.message_request_case()) {
      case Request::kListServices:
        for (const std::string& name : *services_) {
          response->mutable_list_services_response()->add_service()->set_name(name);
        }
        break;
      case Request::kFileByFilename:
        Answer(pool->FindFileByName(request.file_by_filename()), response);
        break;
      case Request::kFileContainingSymbol:
        Answer(pool->FindFileContainingSymbol(request.file_containing_symbol()), response);
        break;
      case Request::kFileContainingExtension: {
        const auto& wanted = request.file_containing_extension();
        const auto* type = pool->FindMessageTypeByName(wanted.containing_type());
        const auto* extension = type == nullptr
                                    ? nullptr
                                    : pool->FindExtensionByNumber(type, wanted.extension_number());
        Answer(extension == nullptr ? nullptr : extension->file(), response);
        break;
      }
      case Request::kAllExtensionNumbersOfType: {
        const auto* type = pool->FindMessageTypeByName(request.all_extension_numbers_of_type());
        if (type == nullptr) {
          Answer(nullptr, response);
          break;
        }
        std::vector<const google::protobuf::FieldDescriptor*> extensions;
        pool->FindAllExtensions(type, &extensions);
        auto* numbers = response->mutable_all_extension_numbers_response();
        numbers->set_base_type_name(type->full_name());
        for (const auto* extension : extensions) {
          numbers->add_extension_number(extension->number());
        }
        break;
      }
      default:
        Answer(nullptr, response);
    }
    done(absl::OkStatus());
  }

  void OnEnd(Message*, StatusDone done) override { done(absl::OkStatus()); }

 private:
  static void Answer(const FileDescriptor* file, Response* response) {
    if (file == nullptr) {
      response->mutable_error_response()->set_error_code(
          static_cast<int>(absl::StatusCode::kNotFound));
      response->mutable_error_response()->set_error_message("not found");
      return;
    }
    std::set<const FileDescriptor*> seen;
    AddFile(file, &seen, response);
  }

  const std::vector<std::string>* const services_;
};

template <class Request, class Response>
std::unique_ptr<Methods> Table(const char* service, std::vector<std::string> services) {
  auto shared = std::make_shared<const std::vector<std::string>>(std::move(services));
  auto methods = std::make_unique<Methods>(service, nullptr);
  methods->Receive<Request, Response>("ServerReflectionInfo", [shared](Call&) {
    return std::make_unique<ReflectionReceiver<Request, Response>>(shared.get());
  });
  return methods;
}

}  // namespace

std::vector<std::unique_ptr<Methods>> ReflectionMethods(std::vector<std::string> services) {
  // Linking the descriptor in is what makes health visible.
  grpc::health::v1::HealthCheckRequest::descriptor();
  std::vector<std::unique_ptr<Methods>> tables;
  tables.push_back(Table<grpc::reflection::v1::ServerReflectionRequest,
                         grpc::reflection::v1::ServerReflectionResponse>(
      "grpc.reflection.v1.ServerReflection", services));
  tables.push_back(Table<grpc::reflection::v1alpha::ServerReflectionRequest,
                         grpc::reflection::v1alpha::ServerReflectionResponse>(
      "grpc.reflection.v1alpha.ServerReflection", std::move(services)));
  return tables;
}

}  // namespace terrace::rpc
