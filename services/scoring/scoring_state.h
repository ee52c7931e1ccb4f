// Scoring's State: rows under the names of schemes, statistic definitions and statistics, and the
// decisions and reads over them. Scores are not in it: they are computed (scoreboards.h).
//
// Guard keys: "guards/scheme/{family}" is read and bumped by whatever publishes a version, since
// versions of one scheme must not claim the same periods.
//
// "guards/campaign/{family}~{period}" is read and bumped by whatever opens a campaign: one at most
// judges a period.
//
// Decisions are spread over files by idea: scheme_commands.cc, statistic_commands.cc,
// campaign_commands.cc, sheet_commands.cc.
//
// Thread-safety: as machine::State.
#ifndef TERRACE_SERVICES_SCORING_SCORING_STATE_H_
#define TERRACE_SERVICES_SCORING_SCORING_STATE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/access/identity.h"
#include "common/machine/decision.h"
#include "common/machine/state.h"
#include "google/longrunning/operations.pb.h"
#include "services/scoring/campaign_rules.h"
#include "services/scoring/names.h"
#include "services/scoring/sheet_index.h"
#include "terrace/scoring/v1/scoreboard.pb.h"
#include "terrace/storage/v1/scoring.pb.h"

namespace terrace::scoring {

// Limits.
inline constexpr int kStatisticRowsMax = 1000;  // In a message of an import.
inline constexpr size_t kDocumentBytesMax = 500;
inline constexpr size_t kReasonBytesMax = 2000;
inline constexpr size_t kSubjectBytesMax = 2000;
inline constexpr int kLocalizedNamesMax = 20;

class ScoringState : public machine::State {
 public:
  void OnChange(const machine::RowChange& change) override {
    sheets_.OnChange(change.key, change.before, change.after);
  }
  std::string IndexDigest() const override { return sheets_.Digest(); }
  absl::Status ContinueOperation(machine::Decision& decision,
                                 internal::v1::OperationRecord& operation) const override;
  absl::Time NextTick() const override;

  // `next_tick` tells when a score changes by time alone next; null to disconnect. It is called
  // under the State's lock and must be quick. It is no part of the state: what it says decides when
  // a tick is committed, and nothing else.
  void ConnectTicks(std::function<absl::Time()> next_tick) const;

  // Whether a unit takes part in a programme at an instant, for populations; nullopt while the
  // registry has not told everything. Called under the State's lock; it is no part of the state:
  // what it says is frozen when sheets are made.
  using EnrolledFn = std::function<absl::optional<bool>(absl::string_view programme,
                                                        absl::string_view unit, absl::Time at)>;
  void ConnectEnrolment(EnrolledFn enrolled) const;

  // ---- Commands.

  absl::Status CreateScheme(const v1::CreateSchemeRequest& request, machine::Decision& decision,
                            v1::Scheme* reply) const;
  absl::Status UpdateScheme(const v1::UpdateSchemeRequest& request, machine::Decision& decision,
                            v1::Scheme* reply) const;
  absl::Status PublishScheme(const v1::PublishSchemeRequest& request, machine::Decision& decision,
                             v1::Scheme* reply) const;
  absl::Status CloneScheme(const v1::CloneSchemeRequest& request, machine::Decision& decision,
                           v1::Scheme* reply) const;
  absl::Status CreateStatisticDefinition(const v1::CreateStatisticDefinitionRequest& request,
                                         machine::Decision& decision,
                                         v1::StatisticDefinition* reply) const;
  absl::Status UpdateStatisticDefinition(const v1::UpdateStatisticDefinitionRequest& request,
                                         machine::Decision& decision,
                                         v1::StatisticDefinition* reply) const;
  // One row of an import; the definition must exist (see DefinitionFor).
  absl::StatusOr<types::v1::RowResult::Outcome> ImportStatistic(
      const v1::StatisticRow& row, const v1::StatisticDefinition& definition,
      const std::string& acting_office, machine::Decision& decision) const;
  // The declaration that an import by that office may use.
  absl::StatusOr<v1::StatisticDefinition> DefinitionFor(const std::string& name,
                                                        const std::string& acting_office,
                                                        machine::Decision& decision) const;

  absl::Status CreateCampaign(const v1::CreateCampaignRequest& request, machine::Decision& decision,
                              v1::Campaign* reply) const;
  absl::Status UpdateCampaign(const v1::UpdateCampaignRequest& request, machine::Decision& decision,
                              v1::Campaign* reply) const;
  absl::Status CloseCampaign(const v1::CloseCampaignRequest& request, machine::Decision& decision,
                             v1::Campaign* reply) const;
  absl::Status OpenSheets(const v1::OpenSheetsRequest& request, machine::Decision& decision,
                          google::longrunning::Operation* reply) const;
  absl::Status SubmitSheet(const v1::SubmitSheetRequest& request, machine::Decision& decision,
                           v1::Sheet* reply) const;
  absl::Status RecordReview(const v1::RecordReviewRequest& request, machine::Decision& decision,
                            v1::Sheet* reply) const;
  absl::Status ConfirmSheet(const v1::ConfirmSheetRequest& request, machine::Decision& decision,
                            v1::Sheet* reply) const;
  absl::Status ReturnSheet(const v1::ReturnSheetRequest& request, machine::Decision& decision,
                           v1::Sheet* reply) const;
  absl::Status SealSheet(const v1::SealSheetRequest& request, machine::Decision& decision,
                         v1::Sheet* reply) const;
  absl::Status ReopenSheet(const v1::ReopenSheetRequest& request, machine::Decision& decision,
                           v1::Sheet* reply) const;
  // The open campaign of a batch of reviews, guarded, and one row of it.
  absl::StatusOr<std::shared_ptr<const CampaignRules>> OpenCampaign(
      const std::string& name, machine::Decision& decision) const;
  absl::StatusOr<types::v1::RowResult::Outcome> RecordReviewRow(
      const v1::BatchRecordReviewsRequest& request, int row,
      const std::shared_ptr<const CampaignRules>& rules, machine::Decision& decision) const;

  // ---- Reads. Drafts are shown to those who see the issuing office.

  absl::Status GetScheme(const access::Identity& identity, const tree::Tree& tree, absl::Time now,
                         const v1::GetSchemeRequest& request, v1::Scheme* reply) const;
  absl::Status ListSchemes(const access::Identity& identity, const tree::Tree& tree, absl::Time now,
                           const v1::ListSchemesRequest& request, const std::string& log_id,
                           int64_t revision, v1::ListSchemesResponse* reply) const;
  absl::Status ValidateScheme(const access::Identity& identity, const tree::Tree& tree,
                              absl::Time now, const v1::ValidateSchemeRequest& request,
                              v1::ValidateSchemeResponse* reply) const;
  absl::Status DiffSchemes(const access::Identity& identity, const tree::Tree& tree, absl::Time now,
                           const v1::DiffSchemesRequest& request,
                           v1::DiffSchemesResponse* reply) const;
  absl::Status GetStatisticDefinition(const v1::GetStatisticDefinitionRequest& request,
                                      v1::StatisticDefinition* reply) const;
  absl::Status ListStatisticDefinitions(const v1::ListStatisticDefinitionsRequest& request,
                                        const std::string& log_id, int64_t revision,
                                        v1::ListStatisticDefinitionsResponse* reply) const;

  absl::Status GetCampaign(const access::Identity& identity, const tree::Tree& tree, absl::Time now,
                           const v1::GetCampaignRequest& request, v1::Campaign* reply) const;
  absl::Status ListCampaigns(const access::Identity& identity, const tree::Tree& tree,
                             absl::Time now, const v1::ListCampaignsRequest& request,
                             const std::string& log_id, int64_t revision,
                             v1::ListCampaignsResponse* reply) const;
  absl::Status GetSheet(const access::Identity& identity, const tree::Tree& tree, absl::Time now,
                        const v1::GetSheetRequest& request, v1::Sheet* reply) const;
  // The rules of a campaign that has sheets: one that is open or closed. NOT_FOUND otherwise.
  absl::StatusOr<std::shared_ptr<const CampaignRules>> RulesOf(absl::string_view name) const;
  const SheetIndex& sheets() const { return sheets_; }

  absl::optional<v1::StatisticDefinition> FindDefinition(absl::string_view name) const;
  // The statistic as it is shown: suppressed where its sample is too small.
  v1::Statistic Present(absl::string_view name, const storage::v1::StatisticValueRow& row,
                        int64_t revision) const;

 private:
  absl::Status ContinueOpening(const v1::OpenSheetsRequest& spec, machine::Decision& decision,
                               internal::v1::OperationRecord& operation) const;
  EnrolledFn Enrolment() const;
  v1::Campaign Present(absl::string_view name, const storage::v1::CampaignRow& row,
                       int64_t revision) const;

  SheetIndex sheets_;
  mutable absl::Mutex tick_mu_;
  mutable EnrolledFn enrolled_ ABSL_GUARDED_BY(tick_mu_);
  mutable std::function<absl::Time()> next_tick_ ABSL_GUARDED_BY(tick_mu_);
};

// Rows as resources; `revision` is 0 in the replies of commands, where it is not known yet.
v1::Scheme PresentScheme(absl::string_view name, const storage::v1::SchemeRow& row,
                         int64_t revision);
v1::StatisticDefinition PresentDefinition(absl::string_view name,
                                          const storage::v1::StatisticDefinitionRow& row,
                                          int64_t revision);

// Whether a key is the row of a scheme version, of a definition, of a statistic, or of a campaign.
bool IsSchemeKey(absl::string_view key);
bool IsDefinitionKey(absl::string_view key);
bool IsStatisticKey(absl::string_view key);
bool IsCampaignKey(absl::string_view key);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCORING_STATE_H_
