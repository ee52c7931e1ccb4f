// What scoring's own log tells: the versions of schemes, statistics with their
// definitions, and published results.
//
// Thread-safety: none; whoever owns the facts locks.
#ifndef TERRACE_SERVICES_SCORING_OWN_FACTS_H_
#define TERRACE_SERVICES_SCORING_OWN_FACTS_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "common/calendar/period.h"
#include "services/scoring/boards/scheme_board.h"
#include "services/scoring/facts/facts.h"
#include "services/scoring/names.h"
#include "services/scoring/schemes/compile.h"

namespace terrace::scoring {

class OwnFacts {
 public:
  // Figures go into `facts`, which outlive this.
  explicit OwnFacts(Facts* facts) : facts_(facts) {}

  // Forgets everything.
  void Reset();
  // A row of the log; null when it was deleted.
  void Apply(absl::string_view key, const std::string* value, Touched* touched);

  // The version that is named, or else the one in force for the period. NO_SCHEME_IN_FORCE,
  // NOT_A_BOARD_PERIOD.
  absl::StatusOr<std::shared_ptr<const CompiledScheme>> Resolve(
      const SchemeRef& scheme, const calendar::Period& period) const;

  // The length of the periods of a scheme, by the version in force since last; nullopt without one.
  absl::optional<calendar::PeriodKind> PeriodicityOf(const SchemeRef& scheme) const;

 private:
  struct Version {
    v1::SchemeState state = v1::SCHEME_STATE_UNSPECIFIED;
    std::shared_ptr<const CompiledScheme> compiled;  // Null for drafts.
  };

  void ApplyScheme(absl::string_view key, const std::string* value);
  void ApplyStatistic(absl::string_view key, const std::string* value, Touched* touched);
  void ApplyPublication(absl::string_view key, const std::string* value, Touched* touched);
  void ApplyResult(absl::string_view key, const std::string* value);

  Facts* const facts_;
  // Family -> version id -> version.
  std::map<std::string, std::map<std::string, Version>> schemes_;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_OWN_FACTS_H_
