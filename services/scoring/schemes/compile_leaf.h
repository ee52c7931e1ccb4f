// The leaf of a scheme made ready for the engine: preparation, rule and policies, with every
// default filled in.
//
// Thread-safety: pure functions.
#ifndef TERRACE_SERVICES_SCORING_SCHEMES_COMPILE_LEAF_H_
#define TERRACE_SERVICES_SCORING_SCHEMES_COMPILE_LEAF_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/leaf_columns.h"
#include "services/scoring/engine/scheme.h"
#include "terrace/scoring/v1/scheme.pb.h"

namespace terrace::scoring {

// What a leaf refers to by name.
struct LeafContext {
  const std::vector<engine::Band>& bands;
  const absl::flat_hash_map<std::string, int>& groupings;  // Id -> index.
};

// All of these take what has no errors (scheme_check.h).
engine::Leaf CompileLeaf(const v1::Leaf& leaf, Fixed points, const LeafContext& context);
engine::PeersFound CompileFrozen(const v1::FrozenParameters& frozen);
// What CompileFrozen makes that of: as much as the leaf looks at.
v1::FrozenParameters FrozenOf(const engine::Leaf& leaf, const engine::PeersFound& found);
engine::NormaliseMethod NormaliseMethodOf(v1::NormaliseMethod method);
FixedSum ExactNumber(const types::v1::Decimal& wire);
Fixed ExactPoints(const types::v1::Decimal& wire);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCHEMES_COMPILE_LEAF_H_
