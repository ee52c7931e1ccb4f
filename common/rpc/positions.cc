#include "common/rpc/positions.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/store/cursor.h"

namespace terrace::rpc {
namespace {

using types::v1::RevisionVector;

// The places of a vector, by the names of the services.
struct Place {
  const char* service;
  bool (RevisionVector::*has)() const;
  const types::v1::Cursor& (RevisionVector::*get)() const;
  types::v1::Cursor* (RevisionVector::*mutate)();
};
constexpr Place kPlaces[] = {
    {"registry", &RevisionVector::has_registry, &RevisionVector::registry,
     &RevisionVector::mutable_registry},
    {"measures", &RevisionVector::has_measures, &RevisionVector::measures,
     &RevisionVector::mutable_measures},
    {"inspections", &RevisionVector::has_inspections, &RevisionVector::inspections,
     &RevisionVector::mutable_inspections},
    {"scoring", &RevisionVector::has_scoring, &RevisionVector::scoring,
     &RevisionVector::mutable_scoring},
};

}  // namespace

std::string FormatPositions(const Positions& positions) {
  std::string text;
  for (const auto& [service, cursor] : positions) {
    absl::StrAppend(&text, text.empty() ? "" : ",", service, "=", cursor.log_id, ":",
                    cursor.revision.value);
  }
  return text;
}

Positions ParsePositions(absl::string_view text) {
  Positions positions;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    const std::pair<absl::string_view, absl::string_view> named =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    const std::pair<absl::string_view, absl::string_view> cursor =
        absl::StrSplit(named.second, absl::MaxSplits(':', 1));
    int64_t revision = 0;
    if (named.first.empty() || cursor.first.empty() ||
        !absl::SimpleAtoi(cursor.second, &revision) || revision < 0) {
      continue;
    }
    positions[std::string(named.first)] = {std::string(cursor.first), store::Revision{revision}};
  }
  return positions;
}

void MergePositions(const Positions& more, Positions* positions) {
  for (const auto& [service, cursor] : more) {
    store::Cursor& known = (*positions)[service];
    if (known.log_id != cursor.log_id || known.revision < cursor.revision) known = cursor;
  }
}

Positions ToPositions(const RevisionVector& vector) {
  Positions positions;
  for (const Place& place : kPlaces) {
    if ((vector.*place.has)()) positions[place.service] = store::FromProto((vector.*place.get)());
  }
  return positions;
}

RevisionVector ToVector(const Positions& positions) {
  RevisionVector vector;
  for (const Place& place : kPlaces) {
    auto found = positions.find(place.service);
    if (found != positions.end()) *(vector.*place.mutate)() = store::ToProto(found->second);
  }
  return vector;
}

}  // namespace terrace::rpc
