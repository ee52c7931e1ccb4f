// The review chain of one sheet: who may state and end what, and what becomes of the others.
//
// Concept. A sheet stands at one stage at a time. A stage that ends makes the sheet go on to the
// next one; once only spot checks are left it is reviewed. Until the next one has stated anything,
// the one before may still put its values right; the first value freezes them.
//
// Thread-safety: none; one decision uses one.
#ifndef TERRACE_SERVICES_SCORING_CAMPAIGNS_SHEET_EDIT_H_
#define TERRACE_SERVICES_SCORING_CAMPAIGNS_SHEET_EDIT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/machine/decision.h"
#include "services/scoring/campaigns/campaign_rules.h"
#include "services/scoring/names.h"
#include "terrace/storage/v1/scoring.pb.h"

namespace terrace::scoring {

// Limits.
inline constexpr size_t kStageBytesMax = 400 << 10;  // Of one stage of a sheet; fits a batch.

using LeafValues = google::protobuf::RepeatedPtrField<v1::LeafValue>;
using StageList = std::vector<storage::v1::StageRow>;  // By the place of the stage; maybe empty.

// Who does something, and when.
struct Judge {
  types::v1::Actor actor;
  absl::Time now;
};

class SheetEdit {
 public:
  // The sheet as it stands, guarded with all its stages. NOT_FOUND without one.
  static absl::StatusOr<SheetEdit> Load(std::shared_ptr<const CampaignRules> rules,
                                        const std::string& unit, machine::Decision& decision);

  const std::string& name() const { return name_; }
  const std::string& unit() const { return unit_; }  // Id.
  const CampaignRules& rules() const { return *rules_; }
  const storage::v1::SheetRow& row() const { return row_; }
  const StageList& stages() const { return stages_; }
  bool IsOver(int stage) const { return stages_[stage].values().has_end_time(); }

  // Whether the stage states exactly these values already.
  bool States(int stage, const LeafValues& values) const;
  // States values that are new or that change. `may` is asked for each leaf.
  absl::Status State(int stage, const LeafValues& values, const Judge& judge,
                     absl::FunctionRef<absl::Status(const LeafLimits&)> may);
  // WRONG_STATE unless the sheet stands at the stage.
  absl::Status CheckStandsAt(int stage) const;
  absl::Status End(int stage, const Judge& judge);
  absl::Status Return(int stage, const std::string& reason);
  absl::Status Seal();
  absl::Status Reopen(int stage, const std::string& reason);

  // Puts what has changed; nothing if nothing has.
  void Store(machine::Decision& decision);
  bool changed() const { return changed_; }
  bool created_stage() const { return created_stage_; }

 private:
  SheetEdit() = default;

  absl::Status WrongState(const std::string& needed) const;
  // Whether the stage has ended and may still put values right.
  bool MayAmend(int stage) const;
  absl::Status CheckTakes(int stage) const;
  // What the stages before state of the leaf; nullptr for nothing.
  const v1::LeafValue* Before(int stage, const std::string& node) const;
  // The stored form of a value, checked by itself.
  absl::StatusOr<v1::LeafValue> Checked(const v1::LeafValue& value) const;
  absl::Status CheckReason(int stage, const v1::LeafValue& value) const;
  // The stage and all after it are not over any more.
  void GoBackTo(int stage);
  void Change(int stage);

  std::shared_ptr<const CampaignRules> rules_;
  std::string name_;
  std::string unit_;
  storage::v1::SheetRow row_;
  StageList stages_;
  std::vector<bool> stored_;  // Whether the stage has a row.
  std::vector<bool> touched_;
  bool changed_ = false;
  bool created_stage_ = false;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_CAMPAIGNS_SHEET_EDIT_H_
