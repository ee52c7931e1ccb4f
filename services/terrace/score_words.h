// What scores and sheets say, in words.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_TERRACE_SCORE_WORDS_H_
#define TERRACE_SERVICES_TERRACE_SCORE_WORDS_H_

#include <string>

#include "terrace/scoring/v1/campaign.pb.h"
#include "terrace/scoring/v1/score.pb.h"

namespace terrace::cli {

// "not yet".
std::string AssessmentText(scoring::v1::Assessment assessment);
// "30 of 40", or why there is nothing.
std::string NodeText(const scoring::v1::NodeScore& node);
// "open at county", "reviewed".
std::string StandingText(const scoring::v1::Sheet& sheet);

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_SCORE_WORDS_H_
