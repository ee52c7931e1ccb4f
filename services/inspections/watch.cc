#include "services/inspections/watch.h"

#include <string>
#include <utility>

#include "common/base/check.h"
#include "common/base/time.h"
#include "common/machine/state.h"
#include "common/resource/names.h"
#include "common/rpc/row_watch.h"
#include "common/store/cursor.h"
#include "services/inspections/keys.h"
#include "services/inspections/records.h"

namespace terrace::inspections {
namespace {

template <class Record>
Record Parse(const std::string& bytes) {
  Record record;
  TERRACE_CHECK(record.ParseFromString(bytes));
  return record;
}

// Appends the row as a resource if the stream shows it.
bool Add(const rpc::WatchScope& scope, absl::string_view key, const std::string* value,
         store::Revision revision, v1::WatchInspectionsResponse* reply) {
  if (value == nullptr) return false;  // Nothing that was shown is ever deleted.
  if (key == machine::kTickKey) {
    *reply->add_resources()->mutable_tick() = Parse<storage::v1::Tick>(*value).instant();
    return true;
  }
  const RowKind kind = KindOfKey(key);
  if (kind == RowKind::kChecklist) {
    v1::Checklist checklist =
        ToResource(key, Parse<storage::v1::ChecklistRecord>(*value), revision);
    if (checklist.state() != v1::Checklist::STATE_PUBLISHED ||
        !scope.Applies(resource::OwnerOf(key))) {
      return false;
    }
    *reply->add_resources()->mutable_checklist() = std::move(checklist);
    return true;
  }
  if (!scope.Shows(resource::OwnerOf(key))) return false;
  switch (kind) {
    case RowKind::kVisit:
      *reply->add_resources()->mutable_visit() =
          ToResource(key, Parse<storage::v1::VisitRecord>(*value), revision);
      return true;
    case RowKind::kObservation:
      *reply->add_resources()->mutable_observation() =
          ToResource(key, Parse<storage::v1::ObservationRecord>(*value), revision);
      return true;
    case RowKind::kFinding:
      *reply->add_resources()->mutable_finding() =
          ToResource(key, Parse<storage::v1::FindingRecord>(*value), revision);
      return true;
    case RowKind::kFollowUp:
      *reply->add_resources()->mutable_follow_up() =
          ToResource(key, Parse<storage::v1::FollowUpRecord>(*value), revision);
      return true;
    default:
      return false;
  }
}

v1::WatchInspectionsResponse::Kind KindOf(rpc::WatchKind kind) {
  switch (kind) {
    case rpc::WatchKind::kSnapshot:
      return v1::WatchInspectionsResponse::KIND_SNAPSHOT;
    case rpc::WatchKind::kSnapshotEnd:
      return v1::WatchInspectionsResponse::KIND_SNAPSHOT_END;
    case rpc::WatchKind::kBatch:
      return v1::WatchInspectionsResponse::KIND_CHANGES;
    case rpc::WatchKind::kProgress:
      return v1::WatchInspectionsResponse::KIND_PROGRESS;
  }
  return v1::WatchInspectionsResponse::KIND_UNSPECIFIED;
}

}  // namespace

absl::StatusOr<std::unique_ptr<rpc::Source>> Watch(machine::Machine* machine,
                                                   machine::TreeSource tree, const rpc::Call& call,
                                                   const v1::WatchInspectionsRequest& request) {
  rpc::RowWatchSpec spec;
  // Checklists of all offices above the caller come along: whichever of them inspects a unit, the
  // list that it goes by is there.
  TERRACE_ASSIGN_OR_RETURN(
      spec.scope,
      rpc::WatchScope::Of(request.subtree(), request.line(), rpc::WatchScope::Rules::kAboveGrants,
                          call.identity, std::move(tree), &machine->clock()));
  absl::optional<store::Cursor> after;
  if (request.has_after()) after = store::FromProto(request.after());
  spec.event = [scope = spec.scope](absl::string_view key, const std::string* value,
                                    store::Revision revision, rpc::Message* reply) {
    return Add(*scope, key, value, revision, static_cast<v1::WatchInspectionsResponse*>(reply));
  };
  spec.finish = [](const rpc::WatchPoint& point, rpc::Message* reply) {
    auto& message = static_cast<v1::WatchInspectionsResponse&>(*reply);
    message.set_kind(KindOf(point.kind));
    if (point.kind != rpc::WatchKind::kSnapshot) {
      *message.mutable_cursor() = store::ToProto(point.cursor);
    }
    // An empty log has no time yet.
    if (point.present != absl::InfinitePast()) {
      *message.mutable_commit_time() = ToProto(point.present);
    }
  };
  return rpc::WatchRows(machine, std::move(spec), std::move(after));
}

}  // namespace terrace::inspections
