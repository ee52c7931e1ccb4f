#include "services/measures/watch.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "common/access/identity.h"
#include "common/base/time.h"
#include "common/machine/state.h"
#include "common/resource/names.h"
#include "common/rpc/row_watch.h"
#include "services/measures/decide.h"
#include "services/measures/measures_state.h"
#include "services/measures/present.h"
#include "terrace/storage/v1/measures.pb.h"

namespace terrace::measures {
namespace {

using google::protobuf::Message;

// What one stream shows. Kept by the stream; used by one thread at a time.
class Viewer {
 public:
  Viewer(access::Identity identity, machine::TreeSource source, tree::UnitNumber root,
         tree::Line line, absl::Time now)
      : identity_(std::move(identity)),
        source_(std::move(source)),
        root_(root),
        line_(line),
        now_(now),
        tree_(source_()) {}

  // Takes over the tree of the moment. Whether a unit that was there before has moved into what the
  // stream shows, or out of it.
  bool ScopeChanged() {
    std::shared_ptr<const tree::Tree> before = tree_;
    tree_ = source_();
    if (tree_ == before || (identity_.service && root_ == tree::kNoUnit)) return false;
    for (tree::UnitNumber unit = 0; unit < before->size(); ++unit) {
      bool moved = false;
      for (tree::Line line : tree::kBothLines) {
        moved |= before->Parent(unit, line) != tree_->Parent(unit, line);
      }
      if (!moved || !before->Exists(unit)) continue;
      // A moved root sees other offices above it, whose rules apply to it.
      if (unit == root_ || Sees(*before, before->Id(unit)) != Sees(*tree_, before->Id(unit))) {
        return true;
      }
    }
    return false;
  }

  bool Add(absl::string_view key, const std::string* value, int64_t revision,
           v1::WatchMeasuresResponse* out) const {
    if (key == machine::kTickKey) return true;  // The message tells the time.
    const std::vector<absl::string_view> parts = absl::StrSplit(key, '/');
    if (parts[0] != "units" || (parts.size() != 4 && parts.size() != 6)) return false;
    const absl::string_view unit = parts[1];
    const absl::string_view collection = parts[2];
    const bool rules = collection == "measureLists" || collection == "measures";
    if (!rules && collection != "assignments" && collection != "activities") return false;
    if (parts.size() == 6 && parts[4] != "reports") return false;
    if (rules ? !Applies(unit) : !Sees(*tree_, unit)) return false;
    if (value == nullptr) {
      out->add_changes()->set_deleted(std::string(key));
      return true;
    }
    if (collection == "measures") {
      v1::Measure measure =
          PresentMeasure(key, Parse<storage::v1::MeasureRecord>(*value), revision);
      // A draft is its office's own matter.
      if (measure.issues().empty() && !Sees(*tree_, unit)) return false;
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

 private:
  template <class Record>
  static Record Parse(const std::string& bytes) {
    Record record;
    TERRACE_CHECK(record.ParseFromString(bytes));
    return record;
  }

  bool Sees(const tree::Tree& tree, absl::string_view unit) const {
    if (root_ != tree::kNoUnit) {
      absl::optional<tree::UnitNumber> number = tree.Number(unit);
      if (!number || !tree.IsUnder(*number, root_, line_)) return false;
    }
    return identity_.service || access::MaySee(identity_, tree, unit, now_);
  }

  // Lists and measures also of the offices above: they apply to the units of the stream.
  bool Applies(absl::string_view unit) const {
    if (Sees(*tree_, unit)) return true;
    if (root_ == tree::kNoUnit) {
      return access::AppliesTo(identity_, *tree_, unit, options::v1::ROLE_VIEWER, now_);
    }
    absl::optional<tree::UnitNumber> number = tree_->Number(unit);
    if (!number) return false;
    for (tree::Line line : tree::kBothLines) {
      if (tree_->IsUnder(root_, *number, line)) return true;
    }
    return false;
  }

  const access::Identity identity_;
  const machine::TreeSource source_;
  const tree::UnitNumber root_;
  const tree::Line line_;
  const absl::Time now_;
  std::shared_ptr<const tree::Tree> tree_;
};

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
  tree::UnitNumber root = tree::kNoUnit;
  if (!request.subtree().empty()) {
    TERRACE_ASSIGN_OR_RETURN(absl::string_view unit, resource::ParseUnitName(request.subtree()));
    absl::optional<tree::UnitNumber> number = call.tree->Number(unit);
    if (!number) return NotFound(request.subtree());
    root = *number;
  }
  auto viewer = std::make_shared<Viewer>(call.identity, std::move(tree), root,
                                         tree::FromProto(request.line()), call.received);
  rpc::RowWatchSpec spec;
  spec.event = [viewer](absl::string_view key, const std::string* value, store::Revision revision,
                        Message* reply) {
    return viewer->Add(key, value, revision.value, static_cast<v1::WatchMeasuresResponse*>(reply));
  };
  spec.finish = [](const rpc::WatchPoint& point, Message* reply) {
    auto* out = static_cast<v1::WatchMeasuresResponse*>(reply);
    out->set_kind(KindOf(point.kind));
    if (point.kind != rpc::WatchKind::kSnapshot) {
      out->mutable_cursor()->set_log_id(point.cursor.log_id);
      out->mutable_cursor()->set_revision(point.cursor.revision.value);
    }
    if (point.commit_time > absl::InfinitePast()) {
      *out->mutable_log_time() = ToProto(point.commit_time);
    }
  };
  spec.changes_scope = [viewer](const store::Committed&) { return viewer->ScopeChanged(); };
  absl::optional<store::Cursor> after;
  if (request.has_after()) {
    after = store::Cursor{request.after().log_id(), store::Revision{request.after().revision()}};
  }
  return rpc::WatchRows(machine, std::move(spec), std::move(after));
}

}  // namespace terrace::measures
