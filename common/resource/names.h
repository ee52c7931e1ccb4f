// Resource names and ids: one grammar, in one place.
//
// Concept. A name is a path of collections and ids, "units/yumin/programmes/model-units", and
// starts with the unit that owns the thing. An id is [a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?; a last
// segment may join several ids by "~" (composite) and end in "@" and a version. Ids are opaque:
// nothing reads a meaning out of them. The full form "//{realm}/units/..." names the deployment
// too; inside a realm the prefix is left out.
//
// Patterns look like the names: "units/{unit}/schemes/{scheme}@{version}",
// "units/{unit}/scores/{office}~{scheme}~{period}".
//
// Thread-safety. Pure functions.
#ifndef TERRACE_COMMON_RESOURCE_NAMES_H_
#define TERRACE_COMMON_RESOURCE_NAMES_H_

#include <string>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace terrace::resource {

inline constexpr size_t kIdBytesMax = 63;
inline constexpr size_t kNameBytesMax = 512;

// The ids of a name, in the order of the pattern. Views into the parsed name.
using Ids = absl::InlinedVector<absl::string_view, 4>;

bool IsValidId(absl::string_view id);
// OK or INVALID_ID.
absl::Status CheckId(absl::string_view id);

// Takes `name` apart by `pattern`. INVALID_NAME, with the pattern, when it does not fit. The views
// live as long as the bytes of `name`.
absl::StatusOr<Ids> ParseName(absl::string_view name, absl::string_view pattern);
// Whether ParseName would succeed.
bool MatchesName(absl::string_view name, absl::string_view pattern);
// Puts ids into a pattern. A wrong count or an id outside the grammar is a programmer's error.
std::string FormatName(absl::string_view pattern, absl::Span<const absl::string_view> ids);

// "units/{id}" and back: the names used most.
std::string UnitName(absl::string_view id);
absl::StatusOr<absl::string_view> ParseUnitName(absl::string_view name);

// Whether `name` is collections and ids in turn, whatever the collections are.
bool IsWellFormedName(absl::string_view name);

// Id of the unit that owns a name of the form "units/{unit}" or "units/{unit}/...": a view into
// `name`; empty when the name has another form. Looks at the owner alone, not at the rest.
absl::string_view OwnerOf(absl::string_view name);

// The name without its last collection and id: "units/a/visits/b" -> "units/a"; empty at the top.
absl::string_view ParentName(absl::string_view name);
// The last segment: "units/a/visits/b" -> "b".
absl::string_view LastSegment(absl::string_view name);

// Takes "//{realm}/" off: {realm, rest}; the realm is empty when the name has none.
std::pair<absl::string_view, absl::string_view> SplitRealm(absl::string_view name);
// The name inside `realm`. NOT_FOUND for a name of another realm, INVALID_NAME for "//" without
// one.
absl::StatusOr<absl::string_view> StripRealm(absl::string_view name, absl::string_view realm);

}  // namespace terrace::resource

#endif  // TERRACE_COMMON_RESOURCE_NAMES_H_
