// What is wrong with how units stand to each other: groupings, places, grades.
//
// Thread-safety: pure functions.
#ifndef TERRACE_SERVICES_SCORING_SCHEMES_STANDING_CHECK_H_
#define TERRACE_SERVICES_SCORING_SCHEMES_STANDING_CHECK_H_

#include "services/scoring/schemes/scheme_issues.h"

namespace terrace::scoring {

void CheckGroupings(const v1::Scheme& scheme, SchemeIssues& issues);
void CheckRanking(const v1::Scheme& scheme, SchemeIssues& issues);
void CheckBanding(const v1::Scheme& scheme, SchemeIssues& issues);
void CheckBands(const v1::Scheme& scheme, SchemeIssues& issues);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCHEMES_STANDING_CHECK_H_
