#include "common/base/error.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "google/rpc/error_details.pb.h"

namespace terrace {
namespace {

constexpr ReasonInfo kCatalogue[] = {
#define REASON(name, code, en, zh) {Reason::name, #name, absl::StatusCode::code, en, zh},
#include "common/base/reasons.def"
#undef REASON
};

// The payload holds a google.rpc.ErrorInfo, so the edge can send it as it is.
constexpr absl::string_view kPayload = "type.googleapis.com/google.rpc.ErrorInfo";

std::string Fill(absl::string_view sentence, const ErrorArgs& args) {
  std::vector<std::pair<std::string, std::string>> replacements;
  replacements.reserve(args.size());
  for (const auto& [key, value] : args)
    replacements.emplace_back(absl::StrCat("{", key, "}"), value);
  return absl::StrReplaceAll(sentence, replacements);
}

}  // namespace

absl::Span<const ReasonInfo> ReasonCatalogue() { return kCatalogue; }

const ReasonInfo& InfoOf(Reason reason) { return kCatalogue[static_cast<size_t>(reason)]; }

absl::Status Error(Reason reason, ErrorArgs args) {
  const ReasonInfo& info = InfoOf(reason);
  google::rpc::ErrorInfo detail;
  detail.set_reason(std::string(info.name));
  detail.set_domain("terrace");
  for (const auto& [key, value] : args) (*detail.mutable_metadata())[key] = value;
  absl::Status status(info.code, Fill(info.en, args));
  status.SetPayload(kPayload, absl::Cord(detail.SerializeAsString()));
  return status;
}

absl::optional<ErrorDetails> DetailsOf(const absl::Status& status) {
  absl::optional<absl::Cord> payload = status.GetPayload(kPayload);
  google::rpc::ErrorInfo detail;
  if (!payload || !detail.ParseFromString(std::string(*payload))) return absl::nullopt;
  for (const ReasonInfo& info : kCatalogue) {
    if (info.name != absl::string_view(detail.reason())) continue;
    ErrorDetails out{info.reason, {}, "", ""};
    for (const auto& [key, value] : detail.metadata()) out.args.emplace_back(key, value);
    out.en = Fill(info.en, out.args);
    out.zh = Fill(info.zh, out.args);
    return out;
  }
  return absl::nullopt;
}

bool HasReason(const absl::Status& status, Reason reason) {
  absl::optional<ErrorDetails> details = DetailsOf(status);
  return details && details->reason == reason;
}

}  // namespace terrace
