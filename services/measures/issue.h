// Handing measures out.
//
// Concept. An issue is numbered; the assignments that it makes carry the number, and count once the
// measure lists it. A LEAD is handed out in one batch. A CASCADE is an operation: chunk by chunk it
// walks the subtree and writes assignments that do not count yet, and the closing chunk adds the
// issue to the measure, which makes all of them count at once. An operation that was cancelled or
// failed leaves assignments of a number that never becomes an issue; the next operation takes them
// over or deletes them.
#ifndef TERRACE_SERVICES_MEASURES_ISSUE_H_
#define TERRACE_SERVICES_MEASURES_ISSUE_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/machine/decision.h"
#include "common/machine/rows.h"
#include "common/tree/tree.h"
#include "services/measures/measures_state.h"
#include "terrace/measures/v1/measures.pb.h"
#include "terrace/storage/v1/measures.pb.h"

namespace terrace::measures {

// Whether an operation is handing the measure out.
bool Issuing(const storage::v1::MeasureRecord& record, machine::Decision& d);
bool Issuing(const storage::v1::MeasureRecord& record, const machine::Rows& rows);

// The conditions of a cascade, ready to be asked of every unit of a tree.
class CascadeFilter {
 public:
  // `enrolled` may be empty when the cascade names no programme. All arguments outlive it.
  CascadeFilter(const v1::Cascade& cascade, const tree::Tree& tree, const EnrolledFn& enrolled,
                absl::Time at);

  // kNoUnit when the root is not in the tree.
  tree::UnitNumber root() const { return root_; }
  tree::Line line() const { return line_; }
  bool Matches(tree::UnitNumber unit) const;

 private:
  const v1::Cascade& cascade_;
  const tree::Tree& tree_;
  const EnrolledFn& enrolled_;
  const absl::Time at_;
  const tree::Line line_;
  tree::UnitNumber root_ = tree::kNoUnit;
  absl::flat_hash_set<std::string> levels_;
  absl::flat_hash_set<std::string> kinds_;
};

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_ISSUE_H_
