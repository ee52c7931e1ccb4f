#include "services/scoring/campaigns/sheet_index.h"

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "services/scoring/names.h"
#include "terrace/storage/v1/scoring.pb.h"

namespace terrace::scoring {
namespace {

storage::v1::SheetRow Parsed(const std::string& value) {
  storage::v1::SheetRow row;
  TERRACE_CHECK(row.ParseFromString(value));
  return row;
}

}  // namespace

void SheetIndex::OnChange(absl::string_view key, const std::string* before,
                          const std::string* after) {
  const absl::StatusOr<SheetRef> ref = ParseSheet(key);
  if (!ref.ok()) return;
  Campaign& campaign = campaigns_[ref->campaign];
  if (before != nullptr) {
    const storage::v1::SheetRow row = Parsed(*before);
    campaign.reviewed -= row.state() == v1::SHEET_STATE_REVIEWED ? 1 : 0;
    campaign.sealed -= row.state() == v1::SHEET_STATE_SEALED ? 1 : 0;
    if (row.state() == v1::SHEET_STATE_OPEN) {
      auto stage = campaign.waiting.find(row.stage());
      stage->second.erase(ref->unit);
      if (stage->second.empty()) campaign.waiting.erase(stage);
    }
    if (after == nullptr) campaign.units.erase(ref->unit);
  }
  if (after != nullptr) {
    const storage::v1::SheetRow row = Parsed(*after);
    campaign.reviewed += row.state() == v1::SHEET_STATE_REVIEWED ? 1 : 0;
    campaign.sealed += row.state() == v1::SHEET_STATE_SEALED ? 1 : 0;
    if (row.state() == v1::SHEET_STATE_OPEN) campaign.waiting[row.stage()].insert(ref->unit);
    if (before == nullptr) campaign.units.insert(ref->unit);
  }
  if (campaign.units.empty()) campaigns_.erase(ref->campaign);
}

const SheetIndex::Campaign* SheetIndex::Find(absl::string_view campaign) const {
  auto it = campaigns_.find(campaign);
  return it == campaigns_.end() ? nullptr : &it->second;
}

std::string SheetIndex::Digest() const {
  std::string out;
  for (const auto& [name, campaign] : campaigns_) {
    absl::StrAppend(&out, name, " ", campaign.units.size(), " ", campaign.reviewed, " ",
                    campaign.sealed, ";");
    for (const auto& [stage, units] : campaign.waiting) {
      absl::StrAppend(&out, stage, " ", units.size(), ";");
    }
  }
  return out;
}

}  // namespace terrace::scoring
