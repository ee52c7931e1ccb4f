// The list of what is wrong with a scheme, and the checks that all its parts share.
//
// Thread-safety: none; one list belongs to one check.
#ifndef TERRACE_SERVICES_SCORING_SCHEMES_SCHEME_ISSUES_H_
#define TERRACE_SERVICES_SCORING_SCHEMES_SCHEME_ISSUES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "common/base/fixed.h"
#include "services/scoring/schemes/scheme_check.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::scoring {

enum class Issue {
#define ISSUE(code, severity, en, zh) code,
#include "services/scoring/schemes/scheme_issues.def"
#undef ISSUE
};

// Nullopt where the wire holds no number that fits; the edge has checked the form.
absl::optional<FixedSum> Number(const types::v1::Decimal& wire);
// Bonuses, penalties and vetoes stand outside the total.
inline bool IsExtra(const v1::Leaf& leaf) {
  return leaf.has_bonus() || leaf.has_penalty() || leaf.has_veto();
}
inline FixedSum Whole(int64_t value) { return FixedSum::FromInteger(value); }

class SchemeIssues {
 public:
  // Both outlive it.
  SchemeIssues(const v1::Scheme& scheme, const FindDefinition& definition)
      : scheme_(scheme), definition_(definition) {}

  // What is added from here on is about this node; empty for none.
  void set_node(std::string id) { node_ = std::move(id); }
  bool has_errors() const { return HasErrors(issues_); }
  // Errors first.
  std::vector<v1::SchemeIssue> Take();

  void Add(Issue issue, absl::string_view field, absl::string_view arg0 = "",
           absl::string_view arg1 = "");
  // A number between least and most; `required` says whether it may be left out.
  absl::optional<FixedSum> InRange(bool present, const types::v1::Decimal& wire,
                                   absl::string_view field, FixedSum least, FixedSum most,
                                   bool required);
  void CheckCount(int count, int most, absl::string_view field);
  void CheckCodes(const google::protobuf::RepeatedPtrField<std::string>& names,
                  absl::string_view pattern, absl::string_view field, int most);
  void CheckName(const std::string& name, absl::string_view pattern, absl::string_view field);
  void CheckPeriod(const std::string& text, absl::string_view field, bool same_length);
  absl::optional<v1::StatisticDefinition> CheckStatistic(const std::string& name,
                                                         const std::string& field);
  void CheckNumber(int64_t number, const std::string& field);
  // Empty, or the id of one of the scheme's groupings.
  void CheckGrouping(const std::string& id, const std::string& field);

 private:
  const v1::Scheme& scheme_;
  const FindDefinition& definition_;
  std::vector<v1::SchemeIssue> issues_;
  std::string node_;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCHEMES_SCHEME_ISSUES_H_
