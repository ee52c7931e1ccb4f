#include "services/scoring/engine/finish_all.h"

#include <limits>
#include <utility>

#include "absl/types/optional.h"
#include "services/scoring/engine/combine.h"
#include "services/scoring/engine/contest.h"
#include "services/scoring/engine/weights.h"

namespace terrace::scoring::engine {
namespace {

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
    for (SheetResult* sheet : sheets_) finisher.Finish(sheet);
  }

  Values ValuesBelow(int node, const std::vector<int>& members) {
    Finish();
    Values values(members.size());
    for (size_t member = 0; member < members.size(); ++member) {
      values[member].resize(sheets_.size());
      for (size_t i = 0; i < sheets_.size(); ++i) {
        if (!compared_[i]) continue;
        values[member][i] = BroughtTo(scheme_.nodes[node], sheets_[i]->nodes[members[member]]);
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
    std::vector<Fixed> weights;
    for (int member : members) weights.push_back(weights_[member]);
    Contest contest(scheme_.nodes[node].points, std::move(weights));
    std::vector<absl::optional<Fixed>> row(members.size());
    for (size_t i = 0; i < sheets_.size(); ++i) {
      for (size_t member = 0; member < members.size(); ++member) row[member] = values[member][i];
      contest.Set(i, row);
    }
    for (size_t i = 0; i < sheets_.size(); ++i) {
      sheets_[i]->given.resize(scheme_.nodes.size());
      sheets_[i]->given[node] = contest.EarnedBy(i);
    }
  }

  const Scheme& scheme_;
  const std::vector<bool>& compared_;
  const absl::Span<SheetResult* const> sheets_;
  std::vector<Fixed> weights_;
};

}  // namespace

std::vector<Fixed> FinishAll(const Scheme& scheme, const std::vector<bool>& compared,
                             absl::Span<SheetResult* const> sheets) {
  return Finishing(scheme, compared, sheets).Run();
}

}  // namespace terrace::scoring::engine
