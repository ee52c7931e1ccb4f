// The sample's tree: a nation with three provinces, county A and city B in one of them.
#include "absl/strings/str_cat.h"
#include "services/terrace/sample/sample.h"

namespace terrace::sample {

const Township kTownships[kTownshipCount] = {
    {"town-01", "East Lake", "东湖", true, 8, 3},
    {"town-02", "West Hill", "西岭", true, 8, 2},
    {"town-03", "North Bridge", "北桥", true, 8, 2},
    {"town-04", "South Meadow", "南原", true, 8, 2},
    {"town-05", "Upper Spring", "上泉", true, 8, 2},
    {"town-06", "Lower Ford", "下渡", false, 8, 0},
    {"town-07", "Long River", "长河", false, 8, 0},
    {"town-08", "Round Hill", "圆山", false, 7, 0},
    {"town-09", "White Stone", "白石", false, 7, 0},
    {"town-10", "Green Valley", "青谷", false, 7, 0},
};

const SiteKind kSiteKinds[] = {
    {"agency", "kinds/agency", "Agency", "机关", "11", 60},
    {"institution", "kinds/public-institution", "Institution", "事业单位", "12", 20},
    {"school", "kinds/school", "School", "学校", "12", 24},
    {"hospital", "kinds/hospital", "Hospital", "医院", "12", 6},
    {"enterprise", "kinds/enterprise", "Enterprise", "企业", "91", 30},
    {"association", "kinds/community-organisation", "Association", "社会组织", "51", 8},
    {"venue", "kinds/public-venue", "Venue", "公共场所", "12", 6},
    {"other", "kinds/other", "Organisation", "其他单位", "N1", 6},
};
const int kSiteKindCount = static_cast<int>(std::size(kSiteKinds));

namespace {

namespace v1 = registry::v1;

const absl::CivilDay kOpened(2000, 1, 1);

v1::Unit* AddUnit(Sample* sample, const std::string& id, const std::string& parent,
                  const std::string& name, const std::string& name_zh, const char* kind,
                  const char* level) {
  v1::ImportUnitRow& row = sample->units.emplace_back();
  row.set_unit_id(id);
  row.set_parent_id(parent);
  *row.mutable_from_date() = DateOf(kOpened);
  v1::Unit& unit = *row.mutable_unit();
  unit.set_display_name(name);
  (*unit.mutable_localized_names())["zh"] = name_zh;
  unit.set_kind(kind);
  unit.set_level(level);
  return &unit;
}

void AddAttribute(v1::Unit* unit, v1::AttributeKey key, const types::v1::Quantity& value,
                  absl::CivilDay day) {
  v1::UnitAttribute& attribute = *unit->add_attributes();
  attribute.set_key(key);
  *attribute.mutable_value() = value;
  *attribute.mutable_as_of_date() = DateOf(day);
  attribute.set_source("yearly report");
}

void AddCode(v1::Unit* unit, const char* first_two, int number) {
  v1::UnitCode& code = *unit->add_codes();
  code.set_system("uscc");
  code.set_code(MakeUscc(first_two, number));
}

void AddTop(Sample* sample) {
  AddUnit(sample, "nation", "", "Nation", "国家", "kinds/nation", "levels/nation");
  AddUnit(sample, "region-r", "nation", "Region R", "R自治区", "kinds/autonomous-region",
          "levels/province");
  // Two tiers between the region and the county: depth is not fixed.
  AddUnit(sample, "prefecture-n", "region-r", "Autonomous Prefecture N", "N自治州",
          "kinds/autonomous-prefecture", "levels/autonomous-prefecture");
  AddUnit(sample, "prefecture-m", "prefecture-n", "Prefecture M", "M地区", "kinds/prefecture",
          "levels/prefecture");
}

// A village that was closed before 2016: it is not counted then, and was before.
void AddClosedVillage(Sample* sample, const Township& township) {
  const std::string id = absl::StrCat(township.id, "-village-", TwoDigits(township.villages + 1));
  AddUnit(sample, id, township.id,
          absl::StrCat(township.place, " Village ", TwoDigits(township.villages + 1)),
          absl::StrCat(township.place_zh, "村", TwoDigits(township.villages + 1)), "kinds/village",
          "levels/village");
  v1::CloseUnitRequest& closure = sample->closures.emplace_back();
  closure.set_name(absl::StrCat("units/", id));
  *closure.mutable_close_date() = DateOf(absl::CivilDay(2015, 7, 1));
  closure.set_reason("joined to its neighbour by decision No. 15 of 2015");
}

void AddTownships(Sample* sample) {
  for (const Township& township : kTownships) {
    AddUnit(sample, township.id, "county-a",
            absl::StrCat(township.place, township.town ? " Town" : " Township"),
            absl::StrCat(township.place_zh, township.town ? "镇" : "乡"),
            township.town ? "kinds/town" : "kinds/township", "levels/township");
    for (int i = 1; i <= township.villages; ++i) {
      AddUnit(sample, absl::StrCat(township.id, "-village-", TwoDigits(i)), township.id,
              absl::StrCat(township.place, " Village ", TwoDigits(i)),
              absl::StrCat(township.place_zh, "村", TwoDigits(i)), "kinds/village",
              "levels/village");
    }
    for (int i = 1; i <= township.communities; ++i) {
      AddUnit(sample, absl::StrCat(township.id, "-community-", TwoDigits(i)), township.id,
              absl::StrCat(township.place, " Community ", TwoDigits(i)),
              absl::StrCat(township.place_zh, "社区", TwoDigits(i)), "kinds/community",
              "levels/village");
    }
  }
  AddClosedVillage(sample, kTownships[kTownshipCount - 1]);
}

// Agencies lie in the county seat; the others also in the townships. Schools are led by the first
// agency on the sector line, hospitals by the second.
void AddSites(Sample* sample) {
  int number = 0;
  for (const SiteKind& kind : kSiteKinds) {
    for (int i = 1; i <= kind.count; ++i) {
      const bool in_township = kind.id != absl::string_view("agency") && i % 2 == 0;
      const std::string parent = in_township ? kTownships[i / 2 % kTownshipCount].id : "county-a";
      v1::Unit* unit = AddUnit(sample, SiteId(kind, i), parent,
                               absl::StrCat("County A ", kind.name, " ", TwoDigits(i)),
                               absl::StrCat("A县第", i, kind.name_zh), kind.kind, "levels/site");
      AddCode(unit, kind.uscc, ++number);
      v1::ImportUnitRow& row = sample->units.back();
      if (kind.id == absl::string_view("school")) row.set_sector_parent_id("a-agency-01");
      if (kind.id == absl::string_view("hospital")) row.set_sector_parent_id("a-agency-02");
    }
  }
}

// Units of the county that do not take part: one has left the programme, two never joined.
void AddOutsiders(Sample* sample) {
  AddCode(AddUnit(sample, "a-agency-61", "county-a", "County A Agency 61", "A县第61机关",
                  "kinds/agency", "levels/site"),
          "11", 901);
  for (int i : {31, 32}) {
    v1::Unit* unit = AddUnit(sample, absl::StrCat("a-enterprise-", i), "county-a",
                             absl::StrCat("County A Enterprise ", i),
                             absl::StrCat("A县第", i, "企业"), "kinds/enterprise", "levels/site");
    unit->set_no_code_reason("being registered");
  }
}

void AddCountyA(Sample* sample) {
  v1::Unit* county = AddUnit(sample, "county-a", "prefecture-m", "County A", "A县", "kinds/county",
                             "levels/county");
  const absl::CivilDay day(2016, 12, 31);
  AddAttribute(county, v1::ATTRIBUTE_KEY_AREA, MakeQuantity(33700, "km2"), day);
  AddAttribute(county, v1::ATTRIBUTE_KEY_BORDER_LENGTH, MakeQuantity(193, "km"), day);
  AddAttribute(county, v1::ATTRIBUTE_KEY_POPULATION, MakeQuantity(102000, "person"), day);
  county->set_contact_role("programme office");
  AddTownships(sample);
  // A rank that differs from the level: a committee of county rank inside a county.
  AddUnit(sample, "scenic-area", "county-a", "Mirror Lake Scenic Area Committee",
          "镜湖景区管理委员会", "kinds/committee-area", "levels/township")
      ->set_rank("levels/county");
  AddUnit(sample, "park-1", "county-a", "First Industrial Park", "第一工业园区",
          "kinds/industrial-park", "levels/township");
  AddUnit(sample, "park-2", "county-a", "Second Industrial Park", "第二工业园区",
          "kinds/industrial-park", "levels/township");
  AddSites(sample);
  AddOutsiders(sample);
}

void AddCityB(Sample* sample) {
  v1::Unit* city =
      AddUnit(sample, "city-b", "prefecture-n", "City B", "B市", "kinds/city", "levels/county");
  const absl::CivilDay day(2014, 12, 31);
  AddAttribute(city, v1::ATTRIBUTE_KEY_AREA, MakeDecimalQuantity("1171.2", "km2"), day);
  AddAttribute(city, v1::ATTRIBUTE_KEY_POPULATION, MakeQuantity(310000, "person"), day);
  AddAttribute(city, v1::ATTRIBUTE_KEY_TOWN_POPULATION, MakeQuantity(160000, "person"), day);
  for (int i = 1; i <= 5; ++i) {
    const std::string id = absl::StrCat("b-subdistrict-", i);
    AddUnit(sample, id, "city-b", absl::StrCat("City B Subdistrict ", i),
            absl::StrCat("B市第", i, "街道"), "kinds/subdistrict", "levels/township");
    for (int c = 1; c <= 6; ++c) {
      AddUnit(sample, absl::StrCat(id, "-community-", c), id,
              absl::StrCat("Subdistrict ", i, " Community ", c),
              absl::StrCat("第", i, "街道第", c, "社区"), "kinds/community", "levels/village");
    }
  }
  AddUnit(sample, "b-township", "city-b", "City B Township", "B市乡", "kinds/township",
          "levels/township");
  for (int v = 1; v <= 11; ++v) {
    AddUnit(sample, absl::StrCat("b-village-", TwoDigits(v)), "b-township",
            absl::StrCat("City B Village ", TwoDigits(v)), absl::StrCat("B市第", v, "村"),
            "kinds/village", "levels/village");
  }
  for (int i : {1, 2}) {
    AddUnit(sample, absl::StrCat("b-zone-", i), "city-b",
            absl::StrCat("City B Development Zone ", i), absl::StrCat("B市第", i, "开发区"),
            "kinds/development-zone", "levels/township");
  }
  for (int i = 1; i <= 7; ++i) {
    AddCode(
        AddUnit(sample, absl::StrCat("b-school-", i), "city-b", absl::StrCat("City B School ", i),
                absl::StrCat("B市第", i, "学校"), "kinds/school", "levels/site"),
        "12", 1000 + i);
  }
  v1::Unit* office = AddUnit(sample, "b-office", "city-b", "City B Programme Office",
                             "B市创建办公室", "kinds/agency", "levels/site");
  AddCode(office, "11", 1100);
  AddAttribute(office, v1::ATTRIBUTE_KEY_BUDGET,
               MakeQuantity(600000, "CNY", types::v1::QUALIFIER_AT_LEAST), day);
  AddAttribute(office, v1::ATTRIBUTE_KEY_STAFF, MakeQuantity(8, "person"), day);
}

void AddOthers(Sample* sample) {
  AddUnit(sample, "province-y", "nation", "Province Y", "Y省", "kinds/province", "levels/province");
  AddUnit(sample, "prefecture-q", "province-y", "Prefecture Q", "Q自治州",
          "kinds/autonomous-prefecture", "levels/prefecture");
  AddUnit(sample, "county-c", "prefecture-q", "County C", "C县", "kinds/county", "levels/county");
  AddCode(
      AddUnit(sample, "school-e", "county-c", "School E", "E学校", "kinds/school", "levels/site"),
      "12", 1200);
  AddUnit(sample, "province-d", "nation", "Province D", "D省", "kinds/province", "levels/province");
  AddCode(AddUnit(sample, "d-education", "province-d", "Province D Education Agency", "D省教育部门",
                  "kinds/agency", "levels/site"),
          "11", 1300);
  AddCode(AddUnit(sample, "d-culture", "province-d", "Province D Culture Agency", "D省文化部门",
                  "kinds/agency", "levels/site"),
          "11", 1301);
}

}  // namespace

std::string SiteId(const SiteKind& kind, int number) {
  return absl::StrCat("a-", kind.id, "-", TwoDigits(number));
}

std::vector<std::string> CitySiteIds() {
  std::vector<std::string> ids;
  for (int i = 1; i <= 12; ++i) {
    ids.push_back(absl::StrCat("b-subdistrict-", (i - 1) % 5 + 1, "-community-", (i - 1) / 5 + 1));
  }
  for (int i = 1; i <= 7; ++i) ids.push_back(absl::StrCat("b-school-", i));
  return ids;
}

void AddUnits(Sample* sample) {
  AddTop(sample);
  AddCountyA(sample);
  AddCityB(sample);
  AddOthers(sample);
}

}  // namespace terrace::sample
