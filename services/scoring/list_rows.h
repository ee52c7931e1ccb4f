// Lists of what an office has, page by page, straight from the rows of the State.
//
// Thread-safety: pure functions; the State under its lock.
#ifndef TERRACE_SERVICES_SCORING_LIST_ROWS_H_
#define TERRACE_SERVICES_SCORING_LIST_ROWS_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "common/base/error.h"
#include "common/machine/rows.h"
#include "common/resource/filter.h"
#include "common/resource/names.h"
#include "common/resource/page_token.h"
#include "google/protobuf/repeated_field.h"

namespace terrace::scoring {

// One page of the resources of `request.parent()`, in the order of their names. `infix` stands
// between the office and the ids; `present` makes the resource of a row, nullopt where the caller
// does not see it. The page speaks for `revision` of the log.
template <class Req, class Resource, class Present>
absl::Status ListRows(const machine::Rows& rows, const Req& request, absl::string_view infix,
                      const std::string& log_id, int64_t revision, Present present,
                      google::protobuf::RepeatedPtrField<Resource>* page, std::string* next) {
  TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(request.parent()).status());
  TERRACE_ASSIGN_OR_RETURN(const int size, resource::CoercePageSize(request.page_size()));
  std::string wanted;
  if constexpr (requires { request.filter(); }) wanted = request.filter();
  TERRACE_ASSIGN_OR_RETURN(const resource::Filter filter,
                           resource::Filter::Parse(wanted, Resource::descriptor()));
  const uint64_t hash = resource::ListHash({Req::descriptor()->name(), request.parent(), wanted});
  TERRACE_ASSIGN_OR_RETURN(const resource::PageToken token,
                           resource::DecodePageToken(request.page_token(), hash, log_id));
  std::string last;
  bool more = false;
  rows.ForEach(absl::StrCat(request.parent(), infix), token.last_key,
               [&](const std::string& key, const machine::Row& row) {
                 if (key == token.last_key) return true;
                 more = page->size() == size;
                 if (more) return false;
                 last = key;
                 absl::optional<Resource> resource = present(key, row);
                 if (resource && filter.Matches(*resource)) *page->Add() = *std::move(resource);
                 return true;
               });
  if (more) *next = resource::EncodePageToken({last, log_id, revision}, hash);
  return absl::OkStatus();
}

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_LIST_ROWS_H_
