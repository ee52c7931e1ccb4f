#include "common/resource/etag.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/base/text.h"

namespace terrace::resource {
namespace {

// 72 bits: no two revisions that anyone could mix up share an etag.
constexpr size_t kEtagHashBytes = 9;

}  // namespace

std::string EtagOf(absl::string_view log_id, int64_t revision) {
  return absl::WebSafeBase64Escape(
      Sha256(absl::StrCat("etag/", log_id, "/", revision)).substr(0, kEtagHashBytes));
}

absl::Status CheckEtag(absl::string_view etag, absl::string_view log_id, int64_t revision,
                       absl::string_view name) {
  if (etag.empty() || etag == absl::string_view(EtagOf(log_id, revision))) return absl::OkStatus();
  return Error(Reason::ETAG_MISMATCH, {{"name", QuoteText(name)}});
}

}  // namespace terrace::resource
