#include "services/scoring/facts/reviews.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace terrace::scoring {
namespace {

// Whether the same sheets come to the same; titles apart.
bool CountsAlike(const ReviewCampaign& a, const ReviewCampaign& b) {
  return a.family == b.family && a.period == b.period && a.closed == b.closed &&
         a.combining.mixing == b.combining.mixing && a.penalties == b.penalties &&
         std::equal(a.combining.stages.begin(), a.combining.stages.end(),
                    b.combining.stages.begin(), b.combining.stages.end(),
                    [](const CombinedStage& one, const CombinedStage& other) {
                      return one.id == other.id && one.spot_check == other.spot_check &&
                             one.weight == other.weight;
                    });
}

}  // namespace

Reviews::Campaign& Reviews::CampaignOf(absl::string_view name) {
  auto it = campaigns_.find(name);
  if (it == campaigns_.end()) {
    const auto number = static_cast<uint32_t>(campaigns_.size());
    it = campaigns_.emplace(std::string(name), Campaign{number, absl::nullopt}).first;
  }
  return it->second;
}

bool Reviews::SetCampaign(absl::string_view name, absl::optional<ReviewCampaign> campaign) {
  Campaign& known = CampaignOf(name);
  if (known.counts) {
    std::map<calendar::Period, std::string>& periods = current_[known.counts->family];
    auto it = periods.find(known.counts->period);
    if (it != periods.end() && it->second == name) periods.erase(it);
  }
  const absl::optional<ReviewCampaign> before = std::exchange(known.counts, std::move(campaign));
  if (known.counts) {
    std::vector<int32_t>& penalties = known.counts->combining.penalties;
    for (const std::string& node : known.counts->penalties) penalties.push_back(NodeNumber(node));
    std::sort(penalties.begin(), penalties.end());
  }
  if (known.counts) current_[known.counts->family][known.counts->period] = std::string(name);
  if (!before) return known.counts && known.counts->closed != absl::InfiniteFuture();
  return !known.counts || !CountsAlike(*before, *known.counts);
}

int32_t Reviews::NodeNumber(const std::string& node) {
  return nodes_.try_emplace(node, static_cast<int32_t>(nodes_.size())).first->second;
}

bool Reviews::SetStage(Unit unit, absl::string_view campaign, absl::string_view stage,
                       const absl::optional<ReviewStage>& given) {
  const Campaign& known = CampaignOf(campaign);
  const SheetKey key(unit, known.number);
  std::vector<Kept>& stages = sheets_[key];
  // Every stage of a sheet that was looked at matters, since all make what was found before.
  const int carried = known.counts ? known.counts->combining.CarriedOver() : -1;
  const auto looked_at = [&](const Kept& one) {
    return carried >= 0 && one.stage == known.counts->combining.stages[carried].id;
  };
  const bool carries = std::any_of(stages.begin(), stages.end(), looked_at);
  auto it = std::find_if(stages.begin(), stages.end(),
                         [&](const Kept& one) { return one.stage == stage; });
  if (!given) {
    if (it != stages.end()) stages.erase(it);
    if (stages.empty()) sheets_.erase(key);
    return carries;
  }
  if (it == stages.end()) it = stages.insert(stages.end(), Kept{std::string(stage), {}, {}, {}});
  it->end = given->end;
  it->values.clear();
  it->reasons.clear();
  it->values.reserve(given->values.size());
  for (const ReviewStage::Value& value : given->values) {
    const int32_t node = NodeNumber(value.node);
    it->values.push_back({node, value.not_applicable, value.points});
    if (value.not_applicable) it->reasons.emplace_back(node, value.reason);
  }
  return carries || looked_at(*it);
}

const std::vector<Reviews::Kept>* Reviews::KeptOf(Unit unit, const Campaign& campaign) const {
  auto it = sheets_.find(SheetKey(unit, campaign.number));
  return it == sheets_.end() ? nullptr : &it->second;
}

const std::pair<const std::string, Reviews::Campaign>* Reviews::Current(
    absl::string_view family, const calendar::Period& period) const {
  auto periods = current_.find(family);
  if (periods == current_.end()) return nullptr;
  auto current = periods->second.find(period);
  return current == periods->second.end() ? nullptr : &*campaigns_.find(current->second);
}

std::vector<StageOver> Reviews::Over(Unit unit, const Campaign& campaign, absl::Time at,
                                     absl::Time* next_change) const {
  std::vector<StageOver> over;
  const std::vector<Kept>* stages = KeptOf(unit, campaign);
  if (stages == nullptr) return over;
  for (const Kept& one : *stages) {
    if (one.end > at) *next_change = std::min(*next_change, one.end);
    const int index = campaign.counts->combining.IndexOf(one.stage);
    if (one.end <= at && index >= 0) over.push_back({index, one.values});
  }
  std::sort(over.begin(), over.end(),
            [](const StageOver& a, const StageOver& b) { return a.stage < b.stage; });
  return over;
}

bool Reviews::CarriesOver(absl::string_view family, const calendar::Period& period) const {
  const auto* current = Current(family, period);
  return current != nullptr && current->second.counts->combining.CarriedOver() >= 0;
}

void Reviews::AddToSample(Unit unit, absl::string_view family, const calendar::Period& period,
                          absl::Time at, ReviewSample* sample) const {
  const auto* current = Current(family, period);
  if (current == nullptr) return;
  const Combining& combining = current->second.counts->combining;
  terrace::scoring::AddToSample(combining, Over(unit, current->second, at, &sample->next_change),
                                &sample->found);
}

ReviewedSheet Reviews::Judge(Unit unit, absl::string_view family, const calendar::Period& period,
                             absl::Time at, const ReviewSample& sample, bool with_sentences) const {
  ReviewedSheet sheet;
  const auto* current = Current(family, period);
  if (current == nullptr) return sheet;
  const ReviewCampaign& campaign = *current->second.counts;
  sheet.campaign = current->first;
  sheet.closed = campaign.closed <= at;
  sheet.next_change = sample.next_change;
  if (!sheet.closed) sheet.next_change = std::min(sheet.next_change, campaign.closed);
  const std::vector<StageOver> over = Over(unit, current->second, at, &sheet.next_change);
  sheet.combined = CombineStages(campaign.combining, over, sample.found, with_sentences);
  return sheet;
}

const CombinedPoints* Reviews::Find(const ReviewedSheet& sheet, absl::string_view node) const {
  auto number = nodes_.find(node);
  if (number == nodes_.end()) return nullptr;
  auto it = std::lower_bound(
      sheet.combined.begin(), sheet.combined.end(), number->second,
      [](const CombinedPoints& leaf, int32_t wanted) { return leaf.node < wanted; });
  return it != sheet.combined.end() && it->node == number->second ? &*it : nullptr;
}

std::vector<std::pair<std::string, std::string>> Reviews::Stated(Unit unit,
                                                                 absl::string_view campaign,
                                                                 absl::string_view node,
                                                                 absl::Time at) const {
  std::vector<std::pair<std::string, std::string>> out;
  auto number = nodes_.find(node);
  auto known = campaigns_.find(campaign);
  if (number == nodes_.end() || known == campaigns_.end() || !known->second.counts) return out;
  const std::vector<Kept>* stages = KeptOf(unit, known->second);
  if (stages == nullptr) return out;
  for (const CombinedStage& stage : known->second.counts->combining.stages) {
    for (const Kept& one : *stages) {
      if (one.stage != stage.id || one.end > at) continue;
      for (const StagePoints& value : one.values) {
        if (value.node != number->second) continue;
        out.emplace_back(stage.id,
                         value.not_applicable ? "not applicable" : FormatSum(value.points));
      }
      for (const auto& [reasoned, reason] : one.reasons) {
        if (reasoned == number->second) out.emplace_back(absl::StrCat(stage.id, ".reason"), reason);
      }
    }
  }
  return out;
}

}  // namespace terrace::scoring
