#include "services/terrace/client.h"

#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "common/base/error.h"
#include "common/base/file.h"
#include "common/base/random.h"
#include "common/rpc/status.h"
#include "google/protobuf/descriptor.h"

namespace terrace::cli {
namespace {

// How long to look whether anybody is there at all.
constexpr absl::Duration kConnectTimeout = absl::Seconds(1);

bool FileExists(const std::string& path) { return access(path.c_str(), R_OK) == 0; }

// The one service of the package that the message belongs to.
absl::string_view ServiceOf(absl::string_view package) {
  if (package == "terrace.registry.v1") return "UnitRegistry";
  if (package == "terrace.measures.v1") return "MeasureTracker";
  if (package == "terrace.inspections.v1") return "InspectionScheduler";
  if (package == "terrace.scoring.v1") return "Scoreboard";
  if (package == "terrace.gateway.v1") return "Access";
  if (package == "terrace.maintenance.v1") return "Maintenance";
  if (package == "google.longrunning") return "Operations";
  TERRACE_CHECK(false && "a package without a service");
  return "";
}

// A copy with a fresh request_id, where there is an empty one.
std::unique_ptr<google::protobuf::Message> WithRequestId(const google::protobuf::Message& request) {
  const auto* field = request.GetDescriptor()->FindFieldByName("request_id");
  if (field == nullptr || !request.GetReflection()->GetString(request, field).empty()) {
    return nullptr;
  }
  std::unique_ptr<google::protobuf::Message> copy(request.New());
  copy->CopyFrom(request);
  copy->GetReflection()->SetString(copy.get(), field, NewRequestId());
  return copy;
}

}  // namespace

std::string MethodOf(const google::protobuf::Descriptor* request) {
  const std::string& package = request->file()->package();
  absl::string_view method = request->name();
  TERRACE_CHECK(absl::ConsumeSuffix(&method, "Request"));
  return absl::StrCat("/", package, ".", ServiceOf(package), "/", method);
}

std::string NewRequestId() {
  std::string hex = RandomHex(16);
  hex[12] = '4';  // Version 4, of the variant that RFC 4122 describes.
  hex[16] = "89ab"[(hex[16] >= 'a' ? hex[16] - 'a' + 10 : hex[16] - '0') & 3];
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-",
                      hex.substr(16, 4), "-", hex.substr(20));
}

Client::Client(std::string address, const std::string& token, absl::Duration timeout,
               const std::string& authorities_file)
    : address_(std::move(address)),
      timeout_(timeout),
      channel_(rpc::Channel::Connect(address_, {token, nullptr, authorities_file})) {}

absl::StatusOr<std::unique_ptr<Client>> Client::FromArguments(const Arguments& arguments) {
  const std::string dir = arguments.Text("data-dir");
  std::string address = arguments.Text("server");
  if (address.empty()) {
    const std::string file = absl::StrCat(dir, "/", kAddressFile);
    address = kDefaultAddress;
    if (FileExists(file)) {
      TERRACE_ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
      address = std::string(absl::StripAsciiWhitespace(text));
    }
  }
  std::string path = arguments.Text("token-file");
  if (path.empty()) path = absl::StrCat(dir, "/", kTokenFile);
  if (!FileExists(path)) return Error(Reason::NO_TOKEN_FILE, {{"path", path}});
  TERRACE_ASSIGN_OR_RETURN(const std::string token, ReadFile(path));
  TERRACE_ASSIGN_OR_RETURN(const int64_t seconds, arguments.Number("timeout", 1, 86400));
  return std::make_unique<Client>(address, std::string(absl::StripAsciiWhitespace(token)),
                                  absl::Seconds(seconds), arguments.Text("ca-file"));
}

absl::Status Client::Call(const google::protobuf::Message& request,
                          google::protobuf::Message* reply) {
  const std::unique_ptr<google::protobuf::Message> stamped = WithRequestId(request);
  return Explain(channel_->Call(MethodOf(request.GetDescriptor()),
                                stamped == nullptr ? request : *stamped, reply,
                                absl::Now() + timeout_));
}

absl::StatusOr<google::longrunning::Operation> Client::Await(
    const google::protobuf::Message& request) {
  google::longrunning::Operation operation;
  TERRACE_RETURN_IF_ERROR(Call(request, &operation));
  while (!operation.done()) {
    google::longrunning::WaitOperationRequest wait;
    wait.set_name(operation.name());
    wait.mutable_timeout()->set_seconds(absl::ToInt64Seconds(timeout_) / 2 + 1);
    TERRACE_RETURN_IF_ERROR(Call(wait, &operation));
  }
  if (operation.has_error()) return rpc::FromRpcStatus(operation.error());
  return operation;
}

std::unique_ptr<rpc::Stream> Client::Open(const google::protobuf::Descriptor* request) {
  return channel_->Open(MethodOf(request));
}

absl::Status Client::Explain(const absl::Status& status) const {
  // What a service says has details; what the transport says has none.
  if (status.code() != absl::StatusCode::kUnavailable || DetailsOf(status)) return status;
  if (channel_->WaitForConnected(absl::Now() + kConnectTimeout)) return status;
  return Error(Reason::SERVER_UNREACHABLE, {{"address", address_}});
}

}  // namespace terrace::cli
