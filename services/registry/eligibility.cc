#include "services/registry/eligibility.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "services/registry/fields.h"
#include "terrace/scoring/v1/eligibility.pb.h"

namespace terrace::registry {
namespace {

using scoring::v1::Eligibility;

absl::Status CheckSame(absl::string_view field, absl::string_view found, absl::string_view needed) {
  if (found == needed) return absl::OkStatus();
  return Error(Reason::ELIGIBILITY_MISMATCH, {{"field", std::string(field)},
                                              {"found", absl::StrCat("\"", found, "\"")},
                                              {"needed", absl::StrCat("\"", needed, "\"")}});
}

absl::Status NotEligible(const Eligibility& answer) {
  std::string en, zh;
  for (const scoring::v1::EligibilityCheck& check : answer.checks()) {
    if (check.outcome() != scoring::v1::ELIGIBILITY_OUTCOME_FAILED) continue;
    absl::StrAppend(&en, en.empty() ? "" : " ", check.message());
    absl::StrAppend(&zh, check.message_zh());
  }
  return Error(Reason::NOT_ELIGIBLE,
               {{"unit", answer.unit()}, {"detail", std::move(en)}, {"detail_zh", std::move(zh)}});
}

}  // namespace

absl::StatusOr<absl::optional<v1::TermScore>> ScoreVouchedFor(const Seal& seal,
                                                              absl::string_view sealed,
                                                              const WantedTitle& wanted,
                                                              absl::Time now) {
  const v1::LevelRule& rule = wanted.rule;
  if (sealed.empty()) {
    if (!rule.has_score_rule()) return absl::nullopt;
    return Error(Reason::ELIGIBILITY_NEEDED, {{"level", rule.level()}});
  }
  Eligibility answer;
  const absl::optional<absl::string_view> content = seal.Open(sealed);
  if (!content || !answer.ParseFromArray(content->data(), static_cast<int>(content->size()))) {
    return Error(Reason::ELIGIBILITY_FORGED);
  }
  TERRACE_RETURN_IF_ERROR(CheckSame("unit", answer.unit(), wanted.unit));
  TERRACE_RETURN_IF_ERROR(CheckSame("programme", answer.programme(), wanted.programme));
  TERRACE_RETURN_IF_ERROR(CheckSame("level", answer.level(), rule.level()));
  if (!answer.title().empty()) {
    TERRACE_RETURN_IF_ERROR(CheckSame("title", answer.title(), wanted.title));
  }
  if (!SameContent(answer.rule(), rule)) {
    return Error(Reason::ELIGIBILITY_OUTDATED,
                 {{"programme", answer.programme()}, {"level", rule.level()}});
  }
  if (!answer.eligible()) return NotEligible(answer);
  const absl::Time valid_until = FromProto(answer.valid_until());
  if (now > valid_until) {
    return Error(Reason::ELIGIBILITY_EXPIRED,
                 {{"time", absl::FormatTime(absl::RFC3339_sec, valid_until, absl::UTCTimeZone())}});
  }
  if (!rule.has_score_rule()) return absl::nullopt;
  v1::TermScore score;
  *score.mutable_value() = answer.score();
  score.set_scheme(answer.scheme());
  score.set_period(answer.period());
  score.set_publication(answer.publication());
  *score.mutable_check_time() = answer.log_time();
  return score;
}

}  // namespace terrace::registry
