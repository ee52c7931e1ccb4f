// Who may judge whom: accept, return, excuse, grant, renew, revoke, review, recheck, release.
//
// Nobody judges itself. A judging verb names the office in whose name it is spoken; that office
// must be the issuer of what is judged, or a strict ancestor of the judged unit on either line, and
// never the judged unit. That the caller may speak for the office is checked by the access rules.
#ifndef TERRACE_COMMON_TREE_JUDGE_H_
#define TERRACE_COMMON_TREE_JUDGE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/tree/tree.h"

namespace terrace::tree {

// Unit ids. `issuer` may be empty when nothing was issued. SELF_JUDGEMENT unless the office may
// judge; units that the mirror does not know are above nobody.
absl::Status MayJudge(const Tree& tree, absl::string_view acting_office, absl::string_view issuer,
                      absl::string_view judged);

}  // namespace terrace::tree

#endif  // TERRACE_COMMON_TREE_JUDGE_H_
