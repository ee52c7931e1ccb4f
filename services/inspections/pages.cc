#include "services/inspections/pages.h"

namespace terrace::inspections {

std::vector<std::string> NextNames(const InspectionsState& state, const ListSpec& spec,
                                   const std::string& last, int limit) {
  std::vector<std::string> out;
  if (spec.kind == RowKind::kObservation) {
    // There are too many of them for an index of names: they are read off the rows.
    const std::string from =
        last.empty() ? spec.prefix : absl::StrCat(last, absl::string_view("\0", 1));
    state.rows().ForEach(spec.prefix, from, [&](const std::string& key, const machine::Row&) {
      if (KindOfKey(key) == RowKind::kObservation) out.push_back(key);
      return static_cast<int>(out.size()) < limit;
    });
    return out;
  }
  const absl::btree_set<std::string>& names = state.Names(spec.kind);
  if (!spec.descending) {
    auto it = last.empty() ? names.lower_bound(spec.prefix) : names.upper_bound(last);
    for (; it != names.end() && static_cast<int>(out.size()) < limit &&
           absl::StartsWith(*it, spec.prefix);
         ++it) {
      out.push_back(*it);
    }
    return out;
  }
  // Backwards from the last name, or from behind the last one with the prefix.
  auto it = last.empty()
                ? (spec.prefix.empty() ? names.end()
                                       : names.lower_bound(absl::StrCat(spec.prefix, "\xff")))
                : names.lower_bound(last);
  while (it != names.begin() && static_cast<int>(out.size()) < limit) {
    --it;
    if (!absl::StartsWith(*it, spec.prefix)) break;
    out.push_back(*it);
  }
  return out;
}

}  // namespace terrace::inspections
