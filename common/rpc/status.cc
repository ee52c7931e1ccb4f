#include "common/rpc/status.h"

#include <string>

#include "absl/strings/cord.h"
#include "common/base/error.h"
#include "google/rpc/error_details.pb.h"

namespace terrace::rpc {
namespace {

constexpr char kErrorInfo[] = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr int kRetryAfterSeconds = 1;

std::string Arg(const ErrorDetails& details, absl::string_view name) {
  for (const auto& [key, value] : details.args) {
    if (key == name) return value;
  }
  return "";
}

void AddMessage(const char* locale, const std::string& text, google::rpc::Status* out) {
  google::rpc::LocalizedMessage message;
  message.set_locale(locale);
  message.set_message(text);
  out->add_details()->PackFrom(message);
}

// The standard detail that fits the code, filled from the error's own arguments.
void AddStandardDetail(const absl::Status& status, const ErrorDetails& details,
                       google::rpc::Status* out) {
  const std::string reason(InfoOf(details.reason).name);
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      if (std::string field = Arg(details, "field"); !field.empty()) {
        google::rpc::BadRequest bad;
        bad.add_field_violations()->set_field(field);
        bad.mutable_field_violations(0)->set_description(details.en);
        out->add_details()->PackFrom(bad);
      }
      return;
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists: {
      google::rpc::ResourceInfo resource;
      resource.set_resource_name(Arg(details, "name"));
      resource.set_description(details.en);
      out->add_details()->PackFrom(resource);
      return;
    }
    case absl::StatusCode::kFailedPrecondition: {
      google::rpc::PreconditionFailure failure;
      failure.add_violations()->set_type(reason);
      failure.mutable_violations(0)->set_subject(Arg(details, "name"));
      failure.mutable_violations(0)->set_description(details.en);
      out->add_details()->PackFrom(failure);
      return;
    }
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted: {
      google::rpc::RetryInfo retry;
      retry.mutable_retry_delay()->set_seconds(kRetryAfterSeconds);
      out->add_details()->PackFrom(retry);
      return;
    }
    default:
      return;
  }
}

}  // namespace

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status out;
  out.set_code(static_cast<int>(status.code()));
  out.set_message(std::string(status.message()));
  absl::optional<ErrorDetails> details = DetailsOf(status);
  if (!details) return out;
  absl::optional<absl::Cord> info = status.GetPayload(kErrorInfo);
  google::protobuf::Any* any = out.add_details();
  any->set_type_url(kErrorInfo);
  any->set_value(std::string(*info));
  AddMessage("zh-CN", details->zh, &out);
  AddMessage("en", details->en, &out);
  AddStandardDetail(status, *details, &out);
  return out;
}

absl::Status FromRpcStatus(const google::rpc::Status& status) {
  absl::Status out(static_cast<absl::StatusCode>(status.code()), status.message());
  for (const google::protobuf::Any& detail : status.details()) {
    if (detail.type_url() == kErrorInfo) out.SetPayload(kErrorInfo, absl::Cord(detail.value()));
  }
  return out;
}

}  // namespace terrace::rpc
