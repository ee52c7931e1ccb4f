// A campaign with what its scheme says of units and leaves, and the rules of judging: whose right
// a stage is, what a value may be, what comes after a stage.
//
// Thread-safety: immutable once made.
#ifndef TERRACE_SERVICES_SCORING_CAMPAIGNS_CAMPAIGN_RULES_H_
#define TERRACE_SERVICES_SCORING_CAMPAIGNS_CAMPAIGN_RULES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/base/fixed.h"
#include "common/calendar/period.h"
#include "common/machine/decision.h"
#include "common/machine/rows.h"
#include "common/tree/tree.h"
#include "services/scoring/campaigns/combine_stages.h"
#include "services/scoring/names.h"
#include "terrace/storage/v1/scoring.pb.h"

namespace terrace::scoring {

// Limits.
inline constexpr int kStagesMax = 8;
inline constexpr int kStageValuesMax = 1000;  // In a request.
inline constexpr int kEvidenceMax = 20;

// Where the campaign stands: one whose sheets were being made when that was cancelled or failed is
// a draft again.
v1::CampaignState StateOf(const storage::v1::CampaignRow& row, const machine::Rows& rows);

// What a scheme asks of a leaf that is judged.
struct LeafLimits {
  int place = 0;  // Among the leaves.
  Fixed most;
  bool judged = true;  // False for vetoes, which are no matter of points.
  std::string scorer;  // "units/{office}"; empty for none.
};

class CampaignRules {
 public:
  // The scheme must be there: a published version, which never changes in what is read here.
  static absl::StatusOr<std::shared_ptr<const CampaignRules>> Of(absl::string_view name,
                                                                 const v1::Campaign& campaign,
                                                                 const machine::Rows& rows);

  const std::string& name() const { return name_; }
  const v1::Campaign& campaign() const { return campaign_; }
  absl::string_view office() const;  // Id of the issuing office.
  tree::Line line() const { return line_; }
  absl::TimeZone zone() const { return zone_; }
  const v1::Scheme& scheme() const { return scheme_; }
  const calendar::Period& period() const { return period_; }
  const Combining& combining() const { return combining_; }

  // ---- Stages, by their place.

  int stage_count() const { return campaign_.stages_size(); }
  const v1::ReviewStage& stage(int index) const { return campaign_.stages(index); }
  bool IsSpotCheck(int index) const { return stage(index).kind() == v1::STAGE_KIND_SPOT_CHECK; }
  // INVALID_FIELD for a stage that the campaign has not.
  absl::StatusOr<int> IndexOf(absl::string_view id) const;
  // The one that sheets go on to; -1 when only spot checks are left.
  int After(int index) const {
    return index + 1 < stage_count() && !IsSpotCheck(index + 1) ? index + 1 : -1;
  }
  bool IsLate(int index, absl::Time now) const;

  // ---- Leaves.

  const LeafLimits* FindLeaf(absl::string_view node) const;
  const std::string& NodeAt(int place) const { return nodes_[place]; }
  int leaf_count() const { return static_cast<int>(nodes_.size()); }

  // ---- Offices and units, by their ids.

  // Whether the unit belongs to the population; enrolment in the scheme's programme apart.
  bool InPopulation(const tree::Tree& tree, tree::UnitNumber unit) const;
  // Whose right the stage is for a unit: the unit itself for a self-assessment.
  absl::string_view RightOf(int stage, const tree::Tree& tree, tree::UnitNumber unit) const;
  // OK when the office may end the stage, or state what no scorer states: it is the one whose right
  // it is or lies above it. A self-assessment that does not come is ended by the issuing office.
  absl::Status MayEnd(int stage, const tree::Tree& tree, absl::string_view unit,
                      absl::string_view acting) const;
  // OK when the office may state the leaf.
  absl::Status MayState(int stage, const LeafLimits& leaf, const tree::Tree& tree,
                        absl::string_view unit, absl::string_view acting) const;
  // OK for the issuing office and those above it.
  absl::Status MaySeal(const tree::Tree& tree, absl::string_view unit,
                       absl::string_view acting) const;

 private:
  CampaignRules() = default;
  absl::Status CheckRight(absl::string_view right, const tree::Tree& tree, absl::string_view unit,
                          absl::string_view acting, absl::string_view what) const;

  std::string name_;
  v1::Campaign campaign_;
  v1::Scheme scheme_;
  tree::Line line_ = tree::Line::kTerritory;
  absl::TimeZone zone_;
  calendar::Period period_;
  Combining combining_;
  std::vector<std::string> nodes_;  // Of leaves.
  absl::flat_hash_map<std::string, LeafLimits> leaves_;
};

// Whether a campaign may be opened as it stands; the scheme is looked up by `decision`.
absl::Status CheckCampaign(const v1::Campaign& campaign, absl::string_view office,
                           machine::Decision& decision);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_CAMPAIGNS_CAMPAIGN_RULES_H_
