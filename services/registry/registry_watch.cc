#include "services/registry/registry_watch.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "common/store/cursor.h"
#include "services/registry/fields.h"
#include "services/registry/keys.h"
#include "services/registry/registry_state.h"
#include "services/registry/unit_record.h"
#include "terrace/storage/v1/registry.pb.h"

namespace terrace::registry {
namespace {

template <class T>
T Parsed(const std::string& bytes) {
  T record;
  TERRACE_CHECK(record.ParseFromString(bytes));
  return record;
}

// Whether the stream shows the row.
bool Shows(const rpc::WatchScope& scope, const RowKey& key, const std::string* value) {
  switch (key.kind) {
    case RowKind::kOther:
      return false;
    case RowKind::kLevel:
    case RowKind::kKind:
      return true;
    case RowKind::kEnrollment:
      return scope.Shows(key.item);
    case RowKind::kProgramme:
      if (scope.Shows(key.unit)) return true;
      return value != nullptr && scope.Applies(key.unit) &&
             Parsed<storage::v1::ProgrammeRecord>(*value).programme().visibility() ==
                 v1::VISIBILITY_SUBTREE;
    default:
      return scope.Shows(key.unit);
  }
}

// A new unit comes with its own row; a move writes the place alone.
bool IsNew(const store::Committed& batch, absl::string_view unit) {
  const std::string key = UnitKey(unit);
  return std::any_of(batch.changes.begin(), batch.changes.end(),
                     [&](const store::CommittedChange& change) { return change.key == key; });
}

// Whether a batch takes a unit into what the stream shows or out of it, or moves the subtree as a
// whole, so that other offices stand above it.
bool Moves(const rpc::WatchScope& scope, tree::Line line, const store::Committed& batch) {
  return std::any_of(
      batch.changes.begin(), batch.changes.end(), [&](const store::CommittedChange& change) {
        const RowKey key = ParseKey(change.key);
        if (key.kind != RowKind::kPlacement || !change.value || IsNew(batch, key.unit)) {
          return false;
        }
        const auto place = Parsed<storage::v1::PlacementRecord>(*change.value);
        const bool territory = line == Line::kTerritory;
        const bool was = scope.Shows(territory ? place.left_parent() : place.left_sector_parent());
        const bool is = scope.Shows(territory ? place.parent() : place.sector_parent());
        return was != is || (!is && scope.Applies(key.unit));
      });
}

v1::WatchMessageKind ToKind(rpc::WatchKind kind) {
  switch (kind) {
    case rpc::WatchKind::kSnapshot:
      return v1::WATCH_MESSAGE_KIND_SNAPSHOT;
    case rpc::WatchKind::kSnapshotEnd:
      return v1::WATCH_MESSAGE_KIND_SNAPSHOT_END;
    case rpc::WatchKind::kBatch:
      return v1::WATCH_MESSAGE_KIND_REVISION;
    case rpc::WatchKind::kProgress:
      break;
  }
  return v1::WATCH_MESSAGE_KIND_PROGRESS;
}

}  // namespace

std::shared_ptr<PublishedTree> PublishedTree::Follow(machine::Machine* machine) {
  auto published = std::make_shared<PublishedTree>();
  auto publish = [published, machine](bool anew) {
    std::shared_ptr<const tree::Tree> tree;
    const store::Revision revision = machine->Read<RegistryState>(
        [&](const RegistryState& state, const store::Cursor& position) {
          state.SetLogId(position.log_id);
          tree = state.tree();
          return position.revision;
        });
    absl::MutexLock lock(&published->mu_);
    if (revision < published->revision_ && !anew) return;
    published->tree_ = std::move(tree);
    published->revision_ = revision;
  };
  machine->Listen([publish](const store::CommittedPtr& batch) { publish(batch == nullptr); });
  publish(false);
  return published;
}

std::shared_ptr<const tree::Tree> PublishedTree::At(store::Revision revision) const {
  auto reached = [this, revision]()
                     ABSL_SHARED_LOCKS_REQUIRED(mu_) { return revision_ >= revision; };
  absl::ReaderMutexLock lock(&mu_);
  mu_.Await(absl::Condition(&reached));
  return tree_;
}

bool ToChange(absl::string_view key, const std::string* value, const Vocabulary& vocabulary,
              v1::RegistryChange* change) {
  const RowKey row = ParseKey(key);
  if (row.kind == RowKind::kOther) return false;
  if (value == nullptr) {
    change->set_deleted(std::string(key));
    return true;
  }
  switch (row.kind) {
    case RowKind::kUnit:
      *change->mutable_unit() =
          ToUnit(row.unit, Parsed<storage::v1::UnitRecord>(*value), vocabulary, kFirstDay);
      change->mutable_unit()->clear_state();
      break;
    case RowKind::kPlacement:
      *change->mutable_placement() =
          ToPlacement(row.unit, row.item, Parsed<storage::v1::PlacementRecord>(*value));
      break;
    case RowKind::kProgramme: {
      const auto record = Parsed<storage::v1::ProgrammeRecord>(*value);
      *change->mutable_programme() = record.programme();
      change->mutable_programme()->set_name(std::string(key));
      change->mutable_programme()->set_etag(EtagOf(record));
      break;
    }
    case RowKind::kEnrollment: {
      const auto record = Parsed<storage::v1::EnrollmentRecord>(*value);
      *change->mutable_enrollment() = record.enrollment();
      change->mutable_enrollment()->set_name(std::string(key));
      change->mutable_enrollment()->set_etag(EtagOf(record));
      change->mutable_enrollment()->set_unit(resource::UnitName(row.item));
      break;
    }
    case RowKind::kDesignation: {
      const auto record = Parsed<storage::v1::DesignationRecord>(*value);
      *change->mutable_designation() = record.designation();
      change->mutable_designation()->set_name(std::string(key));
      change->mutable_designation()->set_etag(EtagOf(record));
      break;
    }
    case RowKind::kLevel:
      *change->mutable_level() = ToLevel(row.item, Parsed<storage::v1::LevelRecord>(*value));
      break;
    case RowKind::kKind:
      *change->mutable_kind() = ToKind(row.item, Parsed<storage::v1::KindRecord>(*value));
      break;
    case RowKind::kOther:
      return false;
  }
  return true;
}

absl::StatusOr<std::unique_ptr<rpc::Source>> WatchUnits(machine::Machine* machine,
                                                        std::shared_ptr<const PublishedTree> tree,
                                                        const rpc::Call& call,
                                                        const v1::WatchUnitsRequest& request) {
  if (request.subtree().empty() &&
      !access::HoldsRealm(call.identity, options::v1::ROLE_VIEWER, call.received)) {
    return Error(Reason::ROLE_REQUIRED, {{"role", "VIEWER"}, {"unit", "the whole realm"}});
  }
  rpc::RowWatchSpec spec;
  TERRACE_ASSIGN_OR_RETURN(
      spec.scope,
      rpc::WatchScope::Of(
          request.subtree(), request.line(), rpc::WatchScope::Rules::kAboveSubtree, call.identity,
          [machine, tree = std::move(tree)] { return tree->At(machine->position().revision); },
          &machine->clock()));
  const auto words = [machine] {
    return machine->Read<RegistryState>(
        [](const RegistryState& state, const store::Cursor&) { return state.vocabulary(); });
  };
  spec.event = [scope = spec.scope, words](absl::string_view key, const std::string* value,
                                           store::Revision, google::protobuf::Message* reply) {
    auto& message = static_cast<v1::WatchUnitsResponse&>(*reply);
    if (!Shows(*scope, ParseKey(key), value)) return false;
    return ToChange(key, value, *words(), message.add_changes());
  };
  // The starting tables stand in no row; a snapshot brings them first.
  auto tables_sent = std::make_shared<bool>(request.has_after());
  spec.finish = [words, tables_sent](const rpc::WatchPoint& point,
                                     google::protobuf::Message* reply) {
    auto& message = static_cast<v1::WatchUnitsResponse&>(*reply);
    message.set_kind(ToKind(point.kind));
    if (point.kind == rpc::WatchKind::kSnapshot) {
      if (std::exchange(*tables_sent, true)) return;
      const std::shared_ptr<const Vocabulary> tables = words();
      for (v1::Level& level : tables->Levels()) {
        *message.add_changes()->mutable_level() = std::move(level);
      }
      for (v1::Kind& kind : tables->Kinds()) {
        *message.add_changes()->mutable_kind() = std::move(kind);
      }
      return;
    }
    *message.mutable_cursor() = store::ToProto(point.cursor);
    if (point.kind == rpc::WatchKind::kBatch) {
      *message.mutable_commit_time() = ToProto(point.present);
    }
  };
  absl::optional<store::Cursor> after;
  if (request.has_after()) {
    after = store::FromProto(request.after());
    // The scope knows the tree of now; what moved before, after the cursor, stands in the log.
    spec.moves = [scope = spec.scope, line = tree::FromProto(request.line()),
                  opened = machine->position().revision](const store::Committed& batch) {
      return batch.revision <= opened && !scope->ShowsAll() && Moves(*scope, line, batch);
    };
  }
  return rpc::WatchRows(machine, std::move(spec), std::move(after));
}

}  // namespace terrace::registry
