#include "services/registry/vocabulary.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/registry/fields.h"

namespace terrace::registry {
namespace {

struct StartingLevel {
  const char* id;
  int ordinal;
  const char* en;
  const char* zh;
};

// Steps of 1,000 leave room for tiers between these.
constexpr StartingLevel kStartingLevels[] = {
    {"nation", 1000, "Nation", "国家级"},
    {"province", 2000, "Province or autonomous region", "省级"},
    {"autonomous-prefecture", 3000, "Autonomous prefecture above prefectures", "自治州级"},
    {"prefecture", 4000, "Prefecture", "地级"},
    {"county", 5000, "County", "县级"},
    {"township", 6000, "Township", "乡级"},
    {"village", 7000, "Village or community", "村级"},
    {"site", 8000, "Site without a rank", "点位"},
};

struct StartingKind {
  const char* id;
  v1::OrgClass org_class;
  const char* en;
  const char* zh;
};

constexpr StartingKind kStartingKinds[] = {
    {"nation", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "Nation", "国家"},
    {"province", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "Province", "省"},
    {"autonomous-region", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "Autonomous region", "自治区"},
    {"municipality", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "Municipality", "直辖市"},
    {"prefecture", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "Prefecture", "地区"},
    {"autonomous-prefecture", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "Autonomous prefecture", "自治州"},
    {"league", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "League", "盟"},
    {"city", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "City", "市"},
    {"county", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "County", "县"},
    {"banner", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "Banner", "旗"},
    {"district", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "District", "市辖区"},
    {"township", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "Township", "乡"},
    {"town", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "Town", "镇"},
    {"subdistrict", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "Subdistrict", "街道"},
    {"sumu", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "Sumu", "苏木"},
    {"village", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "Village", "村"},
    {"community", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "Community", "社区"},
    {"gacha", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "Gacha", "嘎查"},
    {"committee-area", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "Area of a management committee",
     "管委会辖区"},
    {"industrial-park", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "Industrial park", "工业园区"},
    {"development-zone", v1::ORG_CLASS_ADMINISTRATIVE_AREA, "Development zone", "开发区"},
    {"agency", v1::ORG_CLASS_AGENCY, "Agency", "机关"},
    {"public-institution", v1::ORG_CLASS_AGENCY, "Public institution", "事业单位"},
    {"school", v1::ORG_CLASS_SCHOOL, "School", "学校"},
    {"kindergarten", v1::ORG_CLASS_SCHOOL, "Kindergarten", "幼儿园"},
    {"hospital", v1::ORG_CLASS_HOSPITAL, "Hospital", "医院"},
    {"enterprise", v1::ORG_CLASS_ENTERPRISE, "Enterprise", "企业"},
    {"community-organisation", v1::ORG_CLASS_COMMUNITY_ORGANISATION, "Community organisation",
     "社会组织"},
    {"public-venue", v1::ORG_CLASS_PUBLIC_VENUE, "Public venue", "公共场所"},
    {"other", v1::ORG_CLASS_OTHER_ORGANISATION, "Other organisation", "其他单位"},
};

}  // namespace

absl::string_view LevelId(absl::string_view name) {
  return absl::ConsumePrefix(&name, kLevelPrefix) ? name : absl::string_view();
}

absl::string_view KindId(absl::string_view name) {
  return absl::ConsumePrefix(&name, kKindPrefix) ? name : absl::string_view();
}

std::string LevelName(absl::string_view id) { return absl::StrCat(kLevelPrefix, id); }
std::string KindName(absl::string_view id) { return absl::StrCat(kKindPrefix, id); }

Vocabulary::Vocabulary() {
  for (const StartingLevel& row : kStartingLevels) {
    v1::Level& level = *levels_[row.id].mutable_level();
    level.set_display_name(row.en);
    (*level.mutable_localized_names())["zh"] = row.zh;
    level.set_ordinal(row.ordinal);
  }
  for (const StartingKind& row : kStartingKinds) {
    v1::Kind& kind = *kinds_[row.id].mutable_kind();
    kind.set_display_name(row.en);
    (*kind.mutable_localized_names())["zh"] = row.zh;
    kind.set_org_class(row.org_class);
  }
}

void Vocabulary::SetLevel(absl::string_view id, storage::v1::LevelRecord record) {
  levels_[std::string(id)] = std::move(record);
}

void Vocabulary::SetKind(absl::string_view id, storage::v1::KindRecord record) {
  kinds_[std::string(id)] = std::move(record);
}

const storage::v1::LevelRecord* Vocabulary::FindLevel(absl::string_view id) const {
  auto it = levels_.find(id);
  return it == levels_.end() ? nullptr : &it->second;
}

const storage::v1::KindRecord* Vocabulary::FindKind(absl::string_view id) const {
  auto it = kinds_.find(id);
  return it == kinds_.end() ? nullptr : &it->second;
}

int Vocabulary::Ordinal(absl::string_view level_id) const {
  const storage::v1::LevelRecord* record = FindLevel(level_id);
  return record == nullptr ? std::numeric_limits<int>::max() : record->level().ordinal();
}

v1::OrgClass Vocabulary::ClassOf(absl::string_view kind_id) const {
  const storage::v1::KindRecord* record = FindKind(kind_id);
  return record == nullptr ? v1::ORG_CLASS_UNSPECIFIED : record->kind().org_class();
}

std::vector<v1::Level> Vocabulary::Levels() const {
  std::vector<v1::Level> out;
  out.reserve(levels_.size());
  for (const auto& [id, record] : levels_) out.push_back(ToLevel(id, record));
  std::sort(out.begin(), out.end(),
            [](const v1::Level& a, const v1::Level& b) { return a.ordinal() < b.ordinal(); });
  return out;
}

std::vector<v1::Kind> Vocabulary::Kinds() const {
  std::vector<v1::Kind> out;
  out.reserve(kinds_.size());
  for (const auto& [id, record] : kinds_) out.push_back(ToKind(id, record));
  return out;
}

std::string Vocabulary::LevelAt(int ordinal) const {
  for (const auto& [id, record] : levels_) {
    if (record.level().ordinal() == ordinal) return id;
  }
  return "";
}

v1::Level ToLevel(absl::string_view id, const storage::v1::LevelRecord& record) {
  v1::Level level = record.level();
  level.set_name(LevelName(id));
  level.set_etag(EtagOf(record));
  return level;
}

v1::Kind ToKind(absl::string_view id, const storage::v1::KindRecord& record) {
  v1::Kind kind = record.kind();
  kind.set_name(KindName(id));
  kind.set_etag(EtagOf(record));
  return kind;
}

}  // namespace terrace::registry
