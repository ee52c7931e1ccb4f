#include "services/measures/watch.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "common/base/check.h"
#include "common/base/time.h"
#include "common/machine/state.h"
#include "common/rpc/row_watch.h"
#include "common/store/cursor.h"
#include "services/measures/measures_state.h"
#include "services/measures/present.h"
#include "terrace/storage/v1/measures.pb.h"

namespace terrace::measures {
namespace {

using google::protobuf::Message;

template <class Record>
Record Parse(const std::string& bytes) {
  Record record;
  TERRACE_CHECK(record.ParseFromString(bytes));
  return record;
}

// Appends the row as a change if the stream shows it.
bool Add(const rpc::WatchScope& scope, absl::string_view key, const std::string* value,
         int64_t revision, v1::WatchMeasuresResponse* out) {
  if (key == machine::kTickKey) return true;  // The message tells the time.
  const std::vector<absl::string_view> parts = absl::StrSplit(key, '/');
  if (parts[0] != "units" || (parts.size() != 4 && parts.size() != 6)) return false;
  const absl::string_view unit = parts[1];
  const absl::string_view collection = parts[2];
  const bool rules = collection == "measureLists" || collection == "measures";
  if (!rules && collection != "assignments" && collection != "activities") return false;
  if (parts.size() == 6 && parts[4] != "reports") return false;
  if (rules ? !scope.Applies(unit) : !scope.Shows(unit)) return false;
  if (value == nullptr) {
    out->add_changes()->set_deleted(std::string(key));
    return true;
  }
  if (collection == "measures") {
    v1::Measure measure = PresentMeasure(key, Parse<storage::v1::MeasureRecord>(*value), revision);
    // A draft is its office's own matter.
    if (measure.issues().empty() && !scope.Shows(unit)) return false;
    *out->add_changes()->mutable_measure() = std::move(measure);
  } else if (collection == "measureLists") {
    *out->add_changes()->mutable_measure_list() =
        PresentList(key, Parse<storage::v1::MeasureListRecord>(*value), revision);
  } else if (parts.size() == 6) {
    *out->add_changes()->mutable_report() = PresentReport(
        key, Parse<storage::v1::ReportRecord>(*value), revision, absl::InfiniteFuture());
  } else if (collection == "assignments") {
    *out->add_changes()->mutable_assignment() =
        PresentAssignment(key, Parse<storage::v1::AssignmentRecord>(*value), revision);
  } else {
    *out->add_changes()->mutable_activity() =
        PresentActivity(key, Parse<storage::v1::ActivityRecord>(*value), revision);
  }
  return true;
}

v1::WatchMeasuresResponse::Kind KindOf(rpc::WatchKind kind) {
  switch (kind) {
    case rpc::WatchKind::kSnapshot:
      return v1::WatchMeasuresResponse::KIND_SNAPSHOT;
    case rpc::WatchKind::kSnapshotEnd:
      return v1::WatchMeasuresResponse::KIND_SNAPSHOT_END;
    case rpc::WatchKind::kBatch:
      return v1::WatchMeasuresResponse::KIND_REVISION;
    case rpc::WatchKind::kProgress:
      break;
  }
  return v1::WatchMeasuresResponse::KIND_PROGRESS;
}

}  // namespace

absl::StatusOr<std::unique_ptr<rpc::Source>> WatchMeasures(
    machine::Machine* machine, machine::TreeSource tree, rpc::Call& call,
    const v1::WatchMeasuresRequest& request) {
  rpc::RowWatchSpec spec;
  // Lists and measures of the offices above apply to the units of the stream.
  TERRACE_ASSIGN_OR_RETURN(
      spec.scope,
      rpc::WatchScope::Of(request.subtree(), request.line(), rpc::WatchScope::Rules::kAboveSubtree,
                          call.identity, std::move(tree), &machine->clock()));
  spec.event = [scope = spec.scope](absl::string_view key, const std::string* value,
                                    store::Revision revision, Message* reply) {
    return Add(*scope, key, value, revision.value, static_cast<v1::WatchMeasuresResponse*>(reply));
  };
  spec.finish = [](const rpc::WatchPoint& point, Message* reply) {
    auto* out = static_cast<v1::WatchMeasuresResponse*>(reply);
    out->set_kind(KindOf(point.kind));
    if (point.kind != rpc::WatchKind::kSnapshot) {
      *out->mutable_cursor() = store::ToProto(point.cursor);
    }
    if (point.present > absl::InfinitePast()) {
      *out->mutable_log_time() = ToProto(point.present);
    }
  };
  absl::optional<store::Cursor> after;
  if (request.has_after()) after = store::FromProto(request.after());
  return rpc::WatchRows(machine, std::move(spec), std::move(after));
}

}  // namespace terrace::measures
