// Which units a list or a summary is about: what the request asks for, and of that what
// the caller may see.
//
// Thread-safety. Immutable; holds its own copies.
#ifndef TERRACE_SERVICES_INSPECTIONS_SCOPE_H_
#define TERRACE_SERVICES_INSPECTIONS_SCOPE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/access/identity.h"
#include "common/tree/tree.h"
#include "services/inspections/authority.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::inspections {

class Scope {
 public:
  // `subtree` is a full name or empty. NOT_FOUND for a unit that the tree does not know.
  static absl::StatusOr<Scope> Of(absl::string_view subtree, types::v1::Line line,
                                  access::Identity identity, std::shared_ptr<const tree::Tree> tree,
                                  absl::Time now);

  // Whether the unit (id) is asked for, whoever asks.
  bool Covers(absl::string_view unit) const;
  // Whether it is asked for and the caller may see what belongs to it.
  bool Shows(absl::string_view unit) const;

  Asker asker() const { return {identity_, *tree_, now_}; }
  const access::Identity& identity() const { return identity_; }

 private:
  Scope() = default;

  tree::Line line_ = tree::Line::kTerritory;
  access::Identity identity_;
  std::shared_ptr<const tree::Tree> tree_;
  absl::Time now_;
  tree::UnitNumber root_ = tree::kNoUnit;  // For no limit.
};

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_SCOPE_H_
