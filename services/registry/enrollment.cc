#include "services/registry/enrollment.h"

#include <string>

#include "common/base/check.h"
#include "common/base/error.h"
#include "services/registry/fields.h"

namespace terrace::registry {
namespace {

using types::v1::RowResult;

Day From(const v1::EnrollmentSpan& span) { return DayOr(span.from_date(), kFirstDay); }
Day Until(const v1::EnrollmentSpan& span) { return DayOr(span.until_date(), kLastDay); }

}  // namespace

v1::EnrollmentRole RoleOn(const v1::Enrollment& enrollment, Day day) {
  for (const v1::EnrollmentSpan& span : enrollment.spans()) {
    if (From(span) <= day && day < Until(span)) return span.role();
  }
  return v1::ENROLLMENT_ROLE_UNSPECIFIED;
}

absl::StatusOr<RowResult::Outcome> Enroll(v1::EnrollmentRole role, Day from,
                                          v1::Enrollment* enrollment) {
  const bool is_new = enrollment->spans_size() == 0;
  if (!is_new) {
    v1::EnrollmentSpan& last = *enrollment->mutable_spans()->rbegin();
    const bool lasts = Until(last) == kLastDay;
    TERRACE_RETURN_IF_ERROR(CheckNotBefore("from_date", from, lasts ? From(last) : Until(last)));
    if (lasts && last.role() == role) return RowResult::OUTCOME_UNCHANGED;
    if (lasts && From(last) == from) {  // A role that was wrong from the start.
      last.set_role(role);
      return RowResult::OUTCOME_UPDATED;
    }
    TERRACE_RETURN_IF_ERROR(CheckCount(enrollment->spans_size() + 1, kSpansMax));
    if (lasts) *last.mutable_until_date() = ToProtoDate(from);
  }
  v1::EnrollmentSpan& span = *enrollment->add_spans();
  span.set_role(role);
  *span.mutable_from_date() = ToProtoDate(from);
  return is_new ? RowResult::OUTCOME_CREATED : RowResult::OUTCOME_UPDATED;
}

absl::StatusOr<RowResult::Outcome> Withdraw(Day until, absl::string_view reason,
                                            v1::Enrollment* enrollment) {
  absl::Status takes_no_part = Error(Reason::WRONG_STATE, {{"name", enrollment->unit()},
                                                           {"state", "not enrolled"},
                                                           {"needed", "an enrolment that lasts"}});
  if (enrollment->spans_size() == 0) return takes_no_part;
  v1::EnrollmentSpan& last = *enrollment->mutable_spans()->rbegin();
  if (Until(last) == until && last.reason() == reason) return RowResult::OUTCOME_UNCHANGED;
  if (Until(last) != kLastDay) return takes_no_part;
  TERRACE_RETURN_IF_ERROR(CheckNotBefore("until_date", until, From(last) + 1));
  *last.mutable_until_date() = ToProtoDate(until);
  last.set_reason(std::string(reason));
  return RowResult::OUTCOME_UPDATED;
}

}  // namespace terrace::registry
