#include "services/scoring/engine/finish_all.h"

#include <limits>
#include <utility>

#include "absl/types/optional.h"
#include "services/scoring/engine/combine.h"
#include "services/scoring/engine/weights.h"

namespace terrace::scoring::engine {
namespace {

absl::optional<Fixed> ValueOf(const NodeResult& result, Fixed points) {
  if (result.assessment != Assessment::kScored || result.available <= Fixed()) return absl::nullopt;
  return OnScale(points, result.earned, result.available);
}

class Finishing {
 public:
  Finishing(const Scheme& scheme, const std::vector<bool>& compared,
            absl::Span<SheetResult* const> sheets)
      : scheme_(scheme), compared_(compared), sheets_(sheets), weights_(WeightsOf(scheme)) {}

  std::vector<Fixed> Run() {
    // The deepest nodes first: those above look at what they make.
    for (int node = static_cast<int>(scheme_.nodes.size()) - 1; node >= 0; --node) {
      const Node& inner = scheme_.nodes[node];
      if (inner.leaf >= 0) continue;
      if (TakesShares(inner.combination) && inner.weighting == Weighting::kEntropy) Weigh(node);
      if (inner.combination == Combination::kCopeland) Outrank(node);
    }
    Finish();
    return std::move(weights_);
  }

 private:
  // What the children of a node earn, by child and sheet, on the scale of the node.
  using Values = std::vector<std::vector<absl::optional<Fixed>>>;

  void Finish() {
    SheetFinisher finisher(&scheme_, weights_);
    for (size_t i = 0; i < sheets_.size(); ++i) {
      if (given_.empty()) {
        finisher.Finish(sheets_[i]);
      } else {
        finisher.Finish(sheets_[i], given_[i]);
      }
    }
  }

  Values ValuesBelow(int node, const std::vector<int>& members) {
    Finish();
    Values values(members.size());
    for (size_t member = 0; member < members.size(); ++member) {
      values[member].resize(sheets_.size());
      for (size_t i = 0; i < sheets_.size(); ++i) {
        if (!compared_[i]) continue;
        values[member][i] = ValueOf(sheets_[i]->nodes[members[member]], scheme_.nodes[node].points);
      }
    }
    return values;
  }

  void Weigh(int node) {
    const std::vector<int> members = MembersOf(scheme_, node);
    const Values values = ValuesBelow(node, members);
    std::vector<std::vector<double>> columns(
        members.size(),
        std::vector<double>(sheets_.size(), std::numeric_limits<double>::quiet_NaN()));
    for (size_t member = 0; member < members.size(); ++member) {
      for (size_t i = 0; i < sheets_.size(); ++i) {
        if (values[member][i]) columns[member][i] = ToDouble(*values[member][i]);
      }
    }
    const std::vector<Fixed> weights = WeighByEntropy(columns);
    for (size_t member = 0; member < members.size(); ++member) {
      weights_[members[member]] = weights[member];
    }
  }

  void Outrank(int node) {
    const std::vector<int> members = MembersOf(scheme_, node);
    const Values values = ValuesBelow(node, members);
    std::vector<MemberColumn> columns;
    for (size_t member = 0; member < members.size(); ++member) {
      columns.push_back({values[member], weights_[members[member]]});
    }
    const std::vector<absl::optional<Fixed>> found =
        CombineCopeland(scheme_.nodes[node].points, columns);
    given_.resize(sheets_.size(), std::vector<absl::optional<Fixed>>(scheme_.nodes.size()));
    for (size_t i = 0; i < sheets_.size(); ++i) given_[i][node] = found[i];
  }

  const Scheme& scheme_;
  const std::vector<bool>& compared_;
  const absl::Span<SheetResult* const> sheets_;
  std::vector<Fixed> weights_;
  // By sheet and node: what nodes earn at which units compete; empty without such nodes.
  std::vector<std::vector<absl::optional<Fixed>>> given_;
};

}  // namespace

std::vector<Fixed> FinishAll(const Scheme& scheme, const std::vector<bool>& compared,
                             absl::Span<SheetResult* const> sheets) {
  return Finishing(scheme, compared, sheets).Run();
}

}  // namespace terrace::scoring::engine
