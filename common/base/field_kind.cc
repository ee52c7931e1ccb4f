#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "common/base/text.h"

namespace terrace {
namespace {

// Last words of fields that hold what machines made and what may look like anything: resource
// names, ids, codes of organisations, digests, sums. Sorted. Short on purpose: whatever is not
// listed is searched for personal data, which does other machine-made text no harm.
constexpr absl::string_view kCodeWords[] = {"code", "cursor", "denominator", "digest", "etag",
                                            "hash", "id",     "key",         "name",   "numerator",
                                            "seed", "sha256", "sum"};

absl::string_view LastWord(absl::string_view field) {
  const size_t at = field.rfind('_');
  absl::string_view word = at == absl::string_view::npos ? field : field.substr(at + 1);
  absl::ConsumeSuffix(&word, "s");
  return word;
}

}  // namespace

FieldKind KindOfField(absl::string_view field) {
  if (absl::EndsWith(field, "display_name") || field == "localized_names") {
    return FieldKind::kDisplayName;
  }
  if (field == "filter" || field == "order_by" || field == "query") return FieldKind::kQuery;
  const absl::string_view word = LastWord(field);
  if (word == "token") return FieldKind::kToken;
  if (word == "uri" || word == "url") return FieldKind::kUri;
  if (std::binary_search(std::begin(kCodeWords), std::end(kCodeWords), word)) {
    return FieldKind::kCode;
  }
  return FieldKind::kText;
}

}  // namespace terrace
