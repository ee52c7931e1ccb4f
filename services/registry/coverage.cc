#include "services/registry/coverage.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "common/base/decimal.h"

namespace terrace::registry {
namespace {

constexpr int kRatioDecimals = 12;
constexpr int kPercentDecimals = 2;

// numerator / denominator with that many decimals, half up.
types::v1::Decimal Quotient(int64_t numerator, int64_t denominator, int64_t scale, int decimals) {
  const __int128 scaled = static_cast<__int128>(numerator) * scale;
  const __int128 rounded = (2 * scaled + denominator) / (2 * static_cast<__int128>(denominator));
  absl::StatusOr<Decimal> decimal = Decimal::FromUnscaled(static_cast<int64_t>(rounded), decimals);
  TERRACE_CHECK(decimal.ok());  // At most 1 and 12 decimals.
  return ToProto(*decimal);
}

}  // namespace

v1::Rate RateOf(int64_t numerator, int64_t denominator) {
  TERRACE_CHECK(0 <= numerator && numerator <= denominator);
  v1::Rate rate;
  rate.set_numerator(numerator);
  rate.set_denominator(denominator);
  if (denominator == 0) return rate;
  *rate.mutable_ratio() = Quotient(numerator, denominator, 1'000'000'000'000, kRatioDecimals);
  *rate.mutable_percent() = Quotient(numerator, denominator, 10'000, kPercentDecimals);
  return rate;
}

void CoverageTally::Count(absl::string_view kind, bool demonstration_site,
                          absl::string_view level) {
  if (demonstration_site) ++demonstration_sites_;
  Counts& of_kind = by_kind_[std::string(kind)];
  for (Counts* counts : {&all_, &of_kind}) {
    ++counts->participants;
    if (level.empty()) continue;
    ++counts->titled;
    ++counts->by_level[std::string(level)];
  }
}

template <class Out>
void CoverageTally::FillLevels(const ByLevel& by_level, Out* out) const {
  std::vector<std::pair<int, std::string>> order;
  for (const auto& [level, count] : by_level) order.emplace_back(vocabulary_.Ordinal(level), level);
  std::sort(order.begin(), order.end());
  for (const auto& [ordinal, level] : order) {
    auto* entry = out->Add();
    entry->set_level(LevelName(level));
    entry->set_count(by_level.at(level));
  }
}

void CoverageTally::Fill(v1::Coverage* coverage) const {
  coverage->set_participants(all_.participants);
  coverage->set_demonstration_sites(demonstration_sites_);
  coverage->set_titled(all_.titled);
  *coverage->mutable_rate() = RateOf(all_.titled, all_.participants);
  FillLevels(all_.by_level, coverage->mutable_by_level());
  for (const auto& [kind, counts] : by_kind_) {
    v1::Coverage::KindCoverage& entry = *coverage->add_by_kind();
    entry.set_kind(KindName(kind));
    entry.set_participants(counts.participants);
    entry.set_titled(counts.titled);
    FillLevels(counts.by_level, entry.mutable_by_level());
    *entry.mutable_rate() = RateOf(counts.titled, counts.participants);
  }
}

}  // namespace terrace::registry
