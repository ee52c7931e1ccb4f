#include "services/registry/designation.h"

#include <algorithm>
#include <string>

#include "common/base/check.h"
#include "common/base/decimal.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "services/registry/fields.h"

namespace terrace::registry {
namespace {

Day Named(const v1::DesignationTerm& term) { return DayOr(term.named_date(), kFirstDay); }
Day Last(const v1::DesignationTerm& term) { return DayOr(term.valid_until(), kLastDay); }
Day Revoked(const v1::Designation& designation) {
  return DayOr(designation.revoked_date(), kLastDay);
}

}  // namespace

Day LastDayOfTerm(Day named, int months) {
  if (months == 0) return kLastDay;
  const absl::CivilMonth month = absl::CivilMonth(named) + months;
  const Day month_end = Day(month + 1) - 1;
  // Where the month is too short for the day, the term covers the whole month.
  if (named.day() > month_end.day()) return std::min(month_end, kLastDay);
  return std::min(Day(month.year(), month.month(), named.day()) - 1, kLastDay);
}

bool IsHeldOn(const v1::Designation& designation, Day day) {
  if (Revoked(designation) <= day) return false;
  return std::any_of(
      designation.terms().begin(), designation.terms().end(),
      [day](const v1::DesignationTerm& term) { return Named(term) <= day && day <= Last(term); });
}

v1::DesignationState StateOn(const v1::Designation& designation, Day day, Day closed) {
  if (designation.terms_size() == 0 || day < Named(designation.terms(0))) {
    return v1::DESIGNATION_STATE_PENDING;
  }
  if (Revoked(designation) <= day) return v1::DESIGNATION_STATE_REVOKED;
  if (closed <= day) return v1::DESIGNATION_STATE_LAPSED;
  return IsHeldOn(designation, day) ? v1::DESIGNATION_STATE_VALID : v1::DESIGNATION_STATE_EXPIRED;
}

Day LastDayOf(const v1::Designation& designation) {
  return designation.terms_size() == 0 ? kFirstDay : Last(*designation.terms().rbegin());
}

absl::Status CompleteTerm(const v1::LevelRule& rule, Day after, Day today,
                          v1::DesignationTerm* term) {
  term->clear_score();
  TERRACE_ASSIGN_OR_RETURN(Day named, TodayOrEarlier("named_date", term->named_date(), today));
  TERRACE_RETURN_IF_ERROR(CheckNotBefore("named_date", named, after + 1));
  *term->mutable_named_date() = ToProtoDate(named);
  TERRACE_ASSIGN_OR_RETURN(absl::optional<Day> last, ParseDate("valid_until", term->valid_until()));
  if (!last) {
    const Day ruled = LastDayOfTerm(named, rule.term_months());
    if (ruled < kLastDay) *term->mutable_valid_until() = ToProtoDate(ruled);
  } else {
    TERRACE_RETURN_IF_ERROR(CheckNotBefore("valid_until", *last, named));
  }
  TERRACE_RETURN_IF_ERROR(CheckText("batch", term->batch(), kBatchIdBytesMax));
  return CheckText("decision", term->decision(), kRemarkBytesMax);
}

const v1::LevelRule* FindRule(const v1::Programme& programme, absl::string_view level) {
  for (const v1::LevelRule& rule : programme.levels()) {
    if (rule.level() == level) return &rule;
  }
  return nullptr;
}

absl::Status CheckTitle(const v1::Programme& programme, absl::string_view title, Day day) {
  if (title.empty()) return Required("title");
  for (const v1::Title& known : programme.titles()) {
    if (known.id() == title && DayOr(known.from_date(), kFirstDay) <= day &&
        day < DayOr(known.until_date(), kLastDay)) {
      return absl::OkStatus();
    }
  }
  return Error(
      Reason::UNKNOWN_TITLE,
      {{"programme", programme.name()}, {"title", std::string(title)}, {"date", FormatDay(day)}});
}

absl::Status NoSuchRule(const v1::Programme& programme, absl::string_view level) {
  return Error(Reason::LEVEL_NOT_IN_PROGRAMME,
               {{"programme", programme.name()}, {"level", std::string(level)}});
}

absl::Status CheckScore(const v1::LevelRule& rule, const v1::Designation& designation) {
  absl::optional<Decimal> score;
  if (designation.has_score()) {
    TERRACE_ASSIGN_OR_RETURN(score, FromProto(designation.score(), "score"));
  }
  if (!rule.has_threshold()) return absl::OkStatus();
  TERRACE_ASSIGN_OR_RETURN(Decimal threshold, FromProto(rule.threshold(), "threshold"));
  if (!score) return Required("score");
  if (*score >= threshold) return absl::OkStatus();
  return Error(Reason::SCORE_TOO_LOW,
               {{"threshold", threshold.ToString()}, {"score", score->ToString()}});
}

absl::Status Revoke(Day day, absl::string_view reason, v1::Designation* designation) {
  if (Revoked(*designation) != kLastDay) {
    return Error(Reason::WRONG_STATE, {{"name", designation->name()},
                                       {"state", "REVOKED"},
                                       {"needed", "a title that was not taken away"}});
  }
  const Day named = Named(*designation->terms().rbegin());
  TERRACE_RETURN_IF_ERROR(CheckNotBefore("revoked_date", day, named + 1));
  *designation->mutable_revoked_date() = ToProtoDate(day);
  designation->set_revoke_reason(std::string(reason));
  return absl::OkStatus();
}

}  // namespace terrace::registry
