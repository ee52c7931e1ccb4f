// Pages of a list, read by key: a page looks at a bounded number of rows under the State's lock and
// goes on in a further hold, so a list that shows little of much holds nobody up.
//
// Thread-safety. Functions of the caller's thread; the Machine is thread-safe.
#ifndef TERRACE_SERVICES_INSPECTIONS_PAGES_H_
#define TERRACE_SERVICES_INSPECTIONS_PAGES_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/machine/machine.h"
#include "common/resource/filter.h"
#include "common/resource/page_token.h"
#include "services/inspections/inspections_state.h"

namespace terrace::inspections {

// Rows looked at under one hold of the lock.
inline constexpr int kRowsPerHold = 1000;

// What a list request asks for, whatever it lists.
struct ListSpec {
  RowKind kind = RowKind::kOther;
  std::string prefix;  // Names begin with this; empty for all.
  int page_size = 0;   // Coerced.
  bool descending = false;
  uint64_t hash = 0;  // Identity of the list, for page tokens.
  resource::PageToken from;
};

// Reads page_size, page_token and order_by ("", "name", "name desc"); `parts` are the other things
// that choose the rows. `log_id` is the log that the page will be read from.
template <class Request>
absl::StatusOr<ListSpec> ReadListSpec(const Request& request, RowKind kind, std::string prefix,
                                      std::vector<std::string> parts, absl::string_view log_id) {
  ListSpec spec;
  spec.kind = kind;
  spec.prefix = std::move(prefix);
  TERRACE_ASSIGN_OR_RETURN(spec.page_size, resource::CoercePageSize(request.page_size()));
  if (request.order_by() == "name desc" && kind != RowKind::kObservation) {
    spec.descending = true;
  } else if (!request.order_by().empty() && request.order_by() != "name") {
    return Error(Reason::INVALID_FIELD,
                 {{"field", "order_by"}, {"detail", "\"name\" or \"name desc\""}});
  }
  parts.push_back(Request::descriptor()->full_name());
  parts.push_back(request.filter());
  parts.push_back(request.order_by());
  const std::vector<absl::string_view> views(parts.begin(), parts.end());
  spec.hash = resource::ListHash(views);
  TERRACE_ASSIGN_OR_RETURN(spec.from,
                           resource::DecodePageToken(request.page_token(), spec.hash, log_id));
  return spec;
}

// The next names of the list after `last` (empty: from the beginning), at most `limit`.
std::vector<std::string> NextNames(const InspectionsState& state, const ListSpec& spec,
                                   const std::string& last, int limit);

// Fills a page with what `read` gives (nullopt: not to be shown) and `filter` lets through. Returns
// the token of the next page, empty at the end; `*position` is what the page speaks for at least.
template <class T>
absl::StatusOr<std::string> FillPage(
    machine::Machine& machine, const ListSpec& spec, absl::string_view filter_text,
    const std::function<absl::optional<T>(const InspectionsState&, const std::string&)>& read,
    google::protobuf::RepeatedPtrField<T>* page, store::Cursor* position) {
  TERRACE_ASSIGN_OR_RETURN(resource::Filter filter,
                           resource::Filter::Parse(filter_text, T::descriptor()));
  std::string last = spec.from.last_key;
  std::string last_shown;
  bool first = true;
  while (true) {
    bool end = false;
    bool full = false;
    machine.Read<InspectionsState>([&](const InspectionsState& state, const store::Cursor& at) {
      if (first) *position = at;
      first = false;
      const std::vector<std::string> names = NextNames(state, spec, last, kRowsPerHold);
      end = static_cast<int>(names.size()) < kRowsPerHold;
      for (const std::string& name : names) {
        absl::optional<T> row = read(state, name);
        if (row && filter.Matches(*row)) {
          if (page->size() == spec.page_size) {
            full = true;  // There is a further row to show, so there is a further page.
            return;
          }
          *page->Add() = *std::move(row);
          last_shown = name;
        }
        last = name;
      }
    });
    if (full) {
      return resource::EncodePageToken({last_shown, position->log_id, position->revision.value},
                                       spec.hash);
    }
    if (end) return std::string();
  }
}

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_PAGES_H_
