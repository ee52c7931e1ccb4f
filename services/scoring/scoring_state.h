// Scoring's State: rows under the names of schemes, statistic definitions and statistics, and the
// decisions and reads over them. Scores are not in it: they are computed (scoreboards.h).
//
// Guard keys: "guards/scheme/{family}" is read and bumped by whatever publishes a version, since
// versions of one scheme must not claim the same periods.
//
// Decisions are spread over files by idea: scheme_commands.cc, statistic_commands.cc.
//
// Thread-safety: as machine::State.
#ifndef TERRACE_SERVICES_SCORING_SCORING_STATE_H_
#define TERRACE_SERVICES_SCORING_SCORING_STATE_H_

#include <functional>
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
#include "services/scoring/names.h"
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
  void OnChange(const machine::RowChange& change) override {}
  absl::Time NextTick() const override;

  // `next_tick` tells when a score changes by time alone next; null to disconnect. It is called
  // under the State's lock and must be quick. It is no part of the state: what it says decides when
  // a tick is committed, and nothing else.
  void ConnectTicks(std::function<absl::Time()> next_tick) const;

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

  absl::optional<v1::StatisticDefinition> FindDefinition(absl::string_view name) const;
  // The statistic as it is shown: suppressed where its sample is too small.
  v1::Statistic Present(absl::string_view name, const storage::v1::StatisticValueRow& row,
                        int64_t revision) const;

 private:
  mutable absl::Mutex tick_mu_;
  mutable std::function<absl::Time()> next_tick_ ABSL_GUARDED_BY(tick_mu_);
};

// Rows as resources; `revision` is 0 in the replies of commands, where it is not known yet.
v1::Scheme PresentScheme(absl::string_view name, const storage::v1::SchemeRow& row,
                         int64_t revision);
v1::StatisticDefinition PresentDefinition(absl::string_view name,
                                          const storage::v1::StatisticDefinitionRow& row,
                                          int64_t revision);

// Whether a key is the row of a scheme version, of a definition, or of a statistic.
bool IsSchemeKey(absl::string_view key);
bool IsDefinitionKey(absl::string_view key);
bool IsStatisticKey(absl::string_view key);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCORING_STATE_H_
