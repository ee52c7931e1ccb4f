// Scoring's State: rows under the names of schemes, statistic definitions and statistics, and the
// decisions and reads over them. Scores are not in it: they are computed (scoreboards.h).
//
// Guard keys: "guards/scheme/{family}" is read and bumped by whatever publishes a version, since
// versions of one scheme must not claim the same periods. "guards/publications/{family}~{period}"
// is read and bumped by whatever starts to publish that period, and "guards/appeals/{publication}"
// by whatever changes how many appeals are open, which finalizing reads.
//
// "guards/campaign/{family}~{period}" is read and bumped by whatever opens a campaign: one at most
// judges a period.
//
// Decisions are spread over files by idea: scheme_commands.cc, statistic_commands.cc,
// campaign_commands.cc, sheet_commands.cc, publication_commands.cc, publication_steps.cc,
// appeal_commands.cc.
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
#include "absl/types/span.h"
#include "common/access/identity.h"
#include "common/machine/decision.h"
#include "common/machine/state.h"
#include "google/longrunning/operations.pb.h"
#include "services/scoring/campaigns/campaign_rules.h"
#include "services/scoring/campaigns/sheet_index.h"
#include "services/scoring/names.h"
#include "services/scoring/publications/publication_index.h"
#include "services/scoring/publications/result_snapshot.h"
#include "terrace/scoring/v1/scoreboard.pb.h"
#include "terrace/storage/v1/scoring.pb.h"

namespace terrace::scoring {

// Limits.
inline constexpr int kStatisticRowsMax = 1000;  // In a message of an import.
inline constexpr size_t kDocumentBytesMax = 500;
inline constexpr size_t kReasonBytesMax = 2000;
inline constexpr size_t kSubjectBytesMax = 2000;
inline constexpr int kLocalizedNamesMax = 20;
inline constexpr int kAppealsPerResult = 20;  // Of one unit against one publication.
// Results of one batch; with the bytes well inside what a batch takes.
inline constexpr size_t kResultsPerBatch = 400;
inline constexpr size_t kResultBytesPerBatch = 512 << 10;
// When an appeal should be answered.
inline constexpr absl::Duration kAdmitWithin = absl::Hours(5 * 24);    // Since it was filed.
inline constexpr absl::Duration kDecideWithin = absl::Hours(15 * 24);  // Since it was admitted.

class ScoringState : public machine::State {
 public:
  void OnChange(const machine::RowChange& change) override {
    sheets_.OnChange(change.key, change.before, change.after);
    publications_.OnChange(change);
  }
  absl::Status ContinueOperation(machine::Decision& decision,
                                 internal::v1::OperationRecord& operation) const override;
  absl::Time NextTick() const override;
  // Publications are worked at by Publisher, for they need boards.
  bool Continues(const internal::v1::OperationRecord& operation) const override;
  std::string IndexDigest() const override { return sheets_.Digest() + publications_.Digest(); }

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
  absl::Status PublishResults(const v1::PublishResultsRequest& request, machine::Decision& decision,
                              internal::v1::OperationRecord* reply) const;
  absl::Status FinalizePublication(const v1::FinalizePublicationRequest& request,
                                   machine::Decision& decision, v1::Publication* reply) const;
  absl::Status FileAppeal(const v1::FileAppealRequest& request, machine::Decision& decision,
                          v1::Appeal* reply) const;
  absl::Status AdmitAppeal(const v1::AdmitAppealRequest& request, machine::Decision& decision,
                           v1::Appeal* reply) const;
  absl::Status DecideAppeal(const v1::DecideAppealRequest& request, machine::Decision& decision,
                            v1::Appeal* reply) const;

  // ---- Steps of Publisher (publisher.h says how they follow each other). Those with an attempt
  // change nothing and return false when it is no longer the one that writes the publication.

  // Makes `attempt` the one that writes, in the place of `former`.
  bool ClaimPublication(const std::string& publication, const std::string& former,
                        const std::string& attempt, machine::Decision& decision) const;
  // Deletes results that an earlier attempt has left, as many as fit; `more` tells whether there
  // are others.
  bool ClearResults(const std::string& publication, const std::string& attempt,
                    machine::Decision& decision, bool* more) const;
  // Adds results; `written` counts those that will have been written then.
  bool WriteResults(const std::string& publication, const std::string& attempt,
                    absl::Span<const UnitResult> results, int64_t written,
                    machine::Decision& decision) const;
  // Announces it, all results being there.
  bool AnnouncePublication(const std::string& publication, const std::string& attempt,
                           const v1::Publication& outcome, machine::Decision& decision) const;
  // Ends the operation with an error.
  bool FailPublication(const std::string& publication, const std::string& attempt,
                       const absl::Status& error, machine::Decision& decision) const;
  // Deletes what a publication has whose operation was cancelled or failed, as much as fits, and
  // in the end marks it as abandoned; `more` as above.
  void AbandonPublication(const std::string& publication, machine::Decision& decision,
                          bool* more) const;

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

  // Publications that are not announced are shown to those who see their office.
  absl::Status GetPublication(const access::Identity& identity, const tree::Tree& tree,
                              absl::Time now, const v1::GetPublicationRequest& request,
                              v1::Publication* reply) const;
  absl::Status ListPublications(const access::Identity& identity, const tree::Tree& tree,
                                absl::Time now, const v1::ListPublicationsRequest& request,
                                const std::string& log_id, int64_t revision,
                                v1::ListPublicationsResponse* reply) const;
  // For the unit itself and the offices above it.
  absl::Status GetResult(const v1::GetResultRequest& request, v1::Result* reply) const;
  absl::Status GetAppeal(const v1::GetAppealRequest& request, v1::Appeal* reply) const;

  const PublicationIndex& publications() const { return publications_; }
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
  PublicationIndex publications_;
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

// `open_appeals` comes from the index.
v1::Publication PresentPublication(absl::string_view name, const storage::v1::PublicationRow& row,
                                   int64_t open_appeals, int64_t revision);
// With all that is stored, nodes included.
v1::Result PresentResult(absl::string_view name, const v1::Publication& publication,
                         const storage::v1::StoredResult& row);
// `publication` is the one that it is about.
v1::Appeal PresentAppeal(absl::string_view name, const storage::v1::AppealRow& row,
                         const v1::Publication& publication, int64_t revision);

// Whether everybody may know of a publication.
bool IsAnnounced(v1::PublicationState state);

// Whether a key is the row of a scheme version, of a definition, of a statistic, or of a campaign.
bool IsSchemeKey(absl::string_view key);
bool IsDefinitionKey(absl::string_view key);
bool IsStatisticKey(absl::string_view key);
bool IsCampaignKey(absl::string_view key);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCORING_STATE_H_
