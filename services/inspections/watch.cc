#include "services/inspections/watch.h"

#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/base/check.h"
#include "common/base/time.h"
#include "common/machine/state.h"
#include "common/resource/names.h"
#include "common/rpc/row_watch.h"
#include "services/inspections/inspections_state.h"
#include "services/inspections/pages.h"
#include "services/inspections/records.h"
#include "services/inspections/scope.h"

namespace terrace::inspections {
namespace {

template <class Record>
Record Parse(const std::string& bytes) {
  Record record;
  TERRACE_CHECK(record.ParseFromString(bytes));
  return record;
}

class Feed {
 public:
  Feed(Scope scope, machine::TreeSource tree, const Clock* clock)
      : scope_(std::move(scope)), tree_(std::move(tree)), clock_(clock) {}

  bool Add(absl::string_view key, const std::string* value, store::Revision revision,
           v1::WatchInspectionsResponse* reply) {
    if (value == nullptr) return false;  // Nothing that was shown is ever deleted.
    if (key == machine::kTickKey) {
      *reply->add_resources()->mutable_tick() = Parse<storage::v1::Tick>(*value).instant();
      return true;
    }
    Refresh();
    switch (KindOfKey(key)) {
      case RowKind::kChecklist:
        return AddChecklist(key, *value, revision, reply);
      case RowKind::kVisit:
        if (!Shows(key)) return false;
        *reply->add_resources()->mutable_visit() =
            ToResource(key, Parse<storage::v1::VisitRecord>(*value), revision);
        return true;
      case RowKind::kObservation:
        if (!Shows(key)) return false;
        *reply->add_resources()->mutable_observation() =
            ToResource(key, Parse<storage::v1::ObservationRecord>(*value), revision);
        return true;
      case RowKind::kFinding:
        if (!Shows(key)) return false;
        *reply->add_resources()->mutable_finding() =
            ToResource(key, Parse<storage::v1::FindingRecord>(*value), revision);
        return true;
      case RowKind::kFollowUp:
        if (!Shows(key)) return false;
        *reply->add_resources()->mutable_follow_up() =
            ToResource(key, Parse<storage::v1::FollowUpRecord>(*value), revision);
        return true;
      default:
        return false;
    }
  }

  // Remembers what a resumed stream was sent, or not sent, before.
  void Remember(absl::string_view key) { Shows(key); }
  bool shows_all() const { return scope_.shows_all(); }

  bool scope_changed() {
    Refresh();
    return scope_changed_;
  }

 private:
  bool AddChecklist(absl::string_view key, const std::string& value, store::Revision revision,
                    v1::WatchInspectionsResponse* reply) {
    v1::Checklist checklist = ToResource(key, Parse<storage::v1::ChecklistRecord>(value), revision);
    if (checklist.state() != v1::Checklist::STATE_PUBLISHED || !Applies(key)) return false;
    *reply->add_resources()->mutable_checklist() = std::move(checklist);
    return true;
  }

  bool Shows(absl::string_view key) {
    const std::string unit(resource::OwnerOf(key));
    const bool shown = scope_.Shows(unit);
    if (!scope_.shows_all()) shown_.try_emplace(unit, shown);
    return shown;
  }

  // Rules of higher offices apply to the units below them, so they come along.
  bool Applies(absl::string_view key) {
    const std::string unit(resource::OwnerOf(key));
    const Asker asker = scope_.asker();
    const bool applies =
        asker.identity.service ||
        access::AppliesTo(asker.identity, asker.tree, unit, options::v1::ROLE_VIEWER, asker.now);
    if (!asker.identity.service) applies_.try_emplace(unit, applies);
    return applies;
  }

  // Looks whether the tree has changed, and with it the answer for any unit met so far.
  void Refresh() {
    std::shared_ptr<const tree::Tree> now = tree_();
    if (now == scope_.tree()) return;
    scope_ = scope_.On(std::move(now), clock_->Now());
    for (const auto& [unit, shown] : shown_) {
      if (scope_.Shows(unit) != shown) scope_changed_ = true;
    }
    const Asker asker = scope_.asker();
    for (const auto& [unit, applies] : applies_) {
      if (access::AppliesTo(asker.identity, asker.tree, unit, options::v1::ROLE_VIEWER,
                            asker.now) != applies) {
        scope_changed_ = true;
      }
    }
  }

  Scope scope_;
  const machine::TreeSource tree_;
  const Clock* const clock_;
  absl::flat_hash_map<std::string, bool> shown_;    // Unit -> whether its rows were sent.
  absl::flat_hash_map<std::string, bool> applies_;  // Office -> whether its checklists were sent.
  bool scope_changed_ = false;
};

// Every unit that has something: a resumed stream must notice when one of them moves.
void RememberAll(machine::Machine* machine, Feed* feed) {
  if (feed->shows_all()) return;
  for (RowKind kind : {RowKind::kVisit, RowKind::kFollowUp}) {
    ListSpec all;
    all.kind = kind;
    std::string last;
    for (bool more = true; more;) {
      machine->Read<InspectionsState>([&](const InspectionsState& state, const store::Cursor&) {
        const std::vector<std::string> names = NextNames(state, all, last, kRowsPerHold);
        for (const std::string& name : names) feed->Remember(name);
        more = static_cast<int>(names.size()) == kRowsPerHold;
        if (more) last = names.back();
      });
    }
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
  TERRACE_ASSIGN_OR_RETURN(Scope scope, Scope::Of(request.subtree(), request.line(), call.identity,
                                                  tree(), call.received));
  auto feed = std::make_shared<Feed>(std::move(scope), std::move(tree), &machine->clock());
  absl::optional<store::Cursor> after;
  if (request.has_after()) {
    after = store::Cursor{request.after().log_id(), store::Revision{request.after().revision()}};
    RememberAll(machine, feed.get());
  }
  rpc::RowWatchSpec spec;
  spec.event = [feed](absl::string_view key, const std::string* value, store::Revision revision,
                      rpc::Message* reply) {
    return feed->Add(key, value, revision, static_cast<v1::WatchInspectionsResponse*>(reply));
  };
  spec.finish = [](const rpc::WatchPoint& point, rpc::Message* reply) {
    auto& message = static_cast<v1::WatchInspectionsResponse&>(*reply);
    message.set_kind(KindOf(point.kind));
    if (point.kind != rpc::WatchKind::kSnapshot) {
      message.mutable_cursor()->set_log_id(point.cursor.log_id);
      message.mutable_cursor()->set_revision(point.cursor.revision.value);
    }
    // An empty log has no time yet.
    if (point.commit_time != absl::InfinitePast()) {
      *message.mutable_commit_time() = ToProto(point.commit_time);
    }
  };
  spec.changes_scope = [feed](const store::Committed&) { return feed->scope_changed(); };
  return rpc::WatchRows(machine, std::move(spec), std::move(after));
}

}  // namespace terrace::inspections
