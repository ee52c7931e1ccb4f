#include "services/registry/unit_export.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "common/store/cursor.h"
#include "services/registry/keys.h"
#include "services/registry/registry_state.h"
#include "services/registry/unit_record.h"

namespace terrace::registry {
namespace {

using Record = v1::ExportUnitsResponse::Record;

class UnitExport : public rpc::Source {
 public:
  UnitExport(machine::Machine* machine, absl::Time at) : machine_(machine), at_(at) {}

  absl::Status Start(const v1::ExportUnitsRequest& request) {
    TERRACE_ASSIGN_OR_RETURN(absl::string_view root_id, resource::ParseUnitName(request.subtree()));
    absl::string_view after;
    if (!request.after().empty()) {
      TERRACE_ASSIGN_OR_RETURN(after, resource::ParseUnitName(request.after()));
    }
    machine_->Read<RegistryState>([&](const RegistryState& state, const store::Cursor& position) {
      position_ = position;
      words_ = state.vocabulary();
      tree_ = state.tree();
      hold_ = state.HoldRows();
      return 0;
    });
    if (hold_ == nullptr) return Error(Reason::OVERLOADED, {{"seconds", "10"}});
    const absl::optional<tree::UnitNumber> root = tree_->Number(root_id);
    if (!root) return Error(Reason::NOT_FOUND, {{"name", request.subtree()}});
    tree_->ForEachInSubtree(*root, tree::FromProto(request.line()), [&](tree::UnitNumber unit) {
      if (tree_->Id(unit) > after) units_.push_back(unit);
      return true;
    });
    std::sort(units_.begin(), units_.end(), [this](tree::UnitNumber a, tree::UnitNumber b) {
      return tree_->Id(a) < tree_->Id(b);
    });
    return absl::OkStatus();
  }

  void Next(google::protobuf::Message* out,
            absl::AnyInvocable<void(absl::StatusOr<bool>)> done) override {
    if (next_ == units_.size() && sent_) {
      done(false);
      return;
    }
    auto& part = static_cast<v1::ExportUnitsResponse&>(*out);
    const bool broken =
        machine_->Read<RegistryState>([&](const RegistryState& state, const store::Cursor&) {
          if (hold_->broken()) return true;
          size_t bytes = 0;
          for (int i = 0; i < kExportPartUnits && next_ < units_.size(); ++i, ++next_) {
            if (bytes > kExportPartBytes) break;
            Fill(state, tree_->Id(units_[next_]), part.add_records());
            bytes += part.records(i).ByteSizeLong();
          }
          return false;
        });
    if (broken) {
      done(Error(Reason::CONFLICT));
      return;
    }
    part.set_total(static_cast<int64_t>(units_.size()));
    *part.mutable_at_time() = ToProto(at_);
    *part.mutable_cursor() = store::ToProto(position_);
    sent_ = true;
    done(true);
  }

 private:
  void Fill(const RegistryState& state, absl::string_view id, Record* out) const {
    const Day day = DayOf(at_, DefaultZone());
    const std::string key = UnitKey(id);
    storage::v1::UnitRecord record;
    const std::string* bytes = hold_->Find(key, state.rows().Find(key));
    TERRACE_CHECK(bytes != nullptr && record.ParseFromString(*bytes));
    *out->mutable_unit() = ToUnit(id, record, *words_, day);
    const std::string prefix = PlacementKey(id, "");
    state.rows().ForEach(prefix, "", [&](absl::string_view name, const machine::Row& row) {
      const std::string* place_bytes = hold_->Find(name, &row);
      if (place_bytes == nullptr) return true;  // A place that came later.
      storage::v1::PlacementRecord place;
      TERRACE_CHECK(place.ParseFromString(*place_bytes));
      *out->add_placements() = ToPlacement(id, name.substr(prefix.size()), place);
      return true;
    });
    if (out->placements_size() > 0) {
      *out->mutable_unit()->mutable_placement() = *out->placements().rbegin();
    }
  }

  machine::Machine* const machine_;
  const absl::Time at_;
  store::Cursor position_;
  std::shared_ptr<const Vocabulary> words_;
  std::shared_ptr<const tree::Tree> tree_;
  std::shared_ptr<const RowHold> hold_;
  std::vector<tree::UnitNumber> units_;
  size_t next_ = 0;
  bool sent_ = false;  // An empty subtree still sends one part, with its position.
};

}  // namespace

absl::StatusOr<std::unique_ptr<rpc::Source>> ExportUnits(machine::Machine* machine,
                                                         const rpc::Call& call,
                                                         const v1::ExportUnitsRequest& request) {
  auto source = std::make_unique<UnitExport>(machine, call.received);
  TERRACE_RETURN_IF_ERROR(source->Start(request));
  return source;
}

}  // namespace terrace::registry
