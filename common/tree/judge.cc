#include "common/tree/judge.h"

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "common/base/error.h"

namespace terrace::tree {

absl::Status MayJudge(const Tree& tree, absl::string_view acting_office, absl::string_view issuer,
                      absl::string_view judged) {
  if (!acting_office.empty() && acting_office != judged) {
    if (acting_office == issuer) return absl::OkStatus();
    const absl::optional<UnitNumber> office = tree.Number(acting_office);
    const absl::optional<UnitNumber> unit = tree.Number(judged);
    for (Line line : kBothLines) {
      if (office && unit && tree.IsStrictlyUnder(*unit, *office, line)) return absl::OkStatus();
    }
  }
  return Error(Reason::SELF_JUDGEMENT, {{"office", absl::StrCat("units/", acting_office)},
                                        {"unit", absl::StrCat("units/", judged)}});
}

}  // namespace terrace::tree
