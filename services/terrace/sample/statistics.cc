// The sample's statistics, and the two schemes that score by them and by everything else.
#include "absl/strings/str_cat.h"
#include "services/terrace/sample/sample.h"

namespace terrace::sample {
namespace {

namespace v1 = scoring::v1;

StatisticRecords* AddDefinition(Sample* sample, const char* office, const char* id,
                                const char* title, const char* title_zh, const char* unit,
                                v1::StatisticKind kind = v1::STATISTIC_KIND_FIGURE) {
  StatisticRecords& records = sample->statistics.emplace_back();
  records.office = office;
  records.id = id;
  records.definition.set_display_name(title);
  (*records.definition.mutable_localized_names())["zh"] = title_zh;
  records.definition.set_subject(title);
  records.definition.set_unit_of_measure(unit);
  records.definition.set_kind(kind);
  records.definition.set_periodicity(v1::PERIODICITY_YEAR);
  return &records;
}

v1::StatisticRow* AddRow(StatisticRecords* records, const std::string& unit, const char* period,
                         const std::string& value, const char* document) {
  v1::StatisticRow& row = records->rows.emplace_back();
  row.set_unit(unit);
  row.set_period(period);
  row.mutable_quantity()->mutable_value()->set_value(value);
  row.set_document(document);
  return &row;
}

// ------------------------------------------------------------------------------------ county A

void AddTownshipStatistics(Sample* sample) {
  StatisticRecords* opinion =
      AddDefinition(sample, kNation, "opinion", "Satisfaction of those asked", "群众满意度", "%",
                    v1::STATISTIC_KIND_SURVEY);
  opinion->definition.set_minimum_n(30);
  for (int t = 0; t < kTownshipCount; ++t) {
    v1::StatisticRow* row =
        AddRow(opinion, absl::StrCat("units/", kTownships[t].id), "2016",
               absl::StrCat(80 + (t * 7 + 3) % 17, ".", 1 + t % 8), "survey of November 2016");
    // One sample is too small: its figure is kept, and neither shown nor scored.
    row->set_sample_size(t == 8 ? 12 : 60 + 5 * t);
  }
  StatisticRecords* praise = AddDefinition(sample, kNation, "commendations",
                                           "Commendations by higher offices", "上级表彰次数", "");
  for (int t : {1, 4, 6}) {
    AddRow(praise, absl::StrCat("units/", kTownships[t].id), "2016", absl::StrCat(1 + t % 3),
           "list of commendations 2016");
  }
  AddDefinition(sample, kNation, "serious-breaches", "Serious breaches of the rules",
                "严重违规次数", "");
}

void AddCountyStatistics(Sample* sample) {
  struct Individuals {
    const char* id;
    const char* title;
    const char* title_zh;
    const char* count;
  };
  // Counts only: who they are is no business of this system.
  constexpr Individuals kIndividuals[] = {
      {"individuals-nation", "Model individuals of the nation", "国家级模范个人数", "1"},
      {"individuals-region", "Model individuals of the region", "自治区级模范个人数", "4"},
      {"individuals-prefecture", "Model individuals of the prefecture", "地区级模范个人数", "21"},
  };
  for (const Individuals& row : kIndividuals) {
    AddRow(AddDefinition(sample, kCountyA, row.id, row.title, row.title_zh, "person"), kCountyA,
           "2016", row.count, "yearly report 2016");
  }
  AddRow(AddDefinition(sample, kCityB, "awareness", "Awareness across units, as reported",
                       "知晓率（上报）", "%"),
         kCityB, "2014", "100", "report of 2014");
}

// ------------------------------------------------------------------------------------ county C

struct Growth {
  const char* id;
  const char* title;
  const char* title_zh;
  const char* unit;
  const char* county[2];  // 2010 and 2015.
  const char* prefecture[2];
  const char* province[2];
};

// The county's first three are those of the founding report. Its other two, and all figures of the
// prefecture and the province, are invented here, since the report does not name them.
constexpr Growth kGrowth[] = {
    {"regional-product",
     "Regional product",
     "地区生产总值",
     "100 million CNY",
     {"24.09", "55.4"},
     {"404.5", "762.9"},
     {"7220", "13717.9"}},
    {"urban-income",
     "Urban income per head",
     "城镇居民人均收入",
     "CNY",
     {"15018", "26841"},
     {"15800", "26070"},
     {"16065", "26373"}},
    {"rural-income",
     "Rural income per head",
     "农村居民人均收入",
     "CNY",
     {"3223", "7592"},
     {"3900", "8190"},
     {"3952", "8242"}},
    {"revenue",
     "Public revenue",
     "一般公共预算收入",
     "100 million CNY",
     {"1.9", "4.6"},
     {"36.2", "72.4"},
     {"871.2", "1808.1"}},
    {"investment",
     "Investment in fixed assets",
     "固定资产投资",
     "100 million CNY",
     {"15.2", "61.3"},
     {"262", "786"},
     {"5528.7", "13500.6"}},
};
constexpr const char* kGrowthYears[2] = {"2010", "2015"};
constexpr char kInvented[] = "invented for this sample";

void AddGrowthStatistics(Sample* sample) {
  for (size_t i = 0; i < std::size(kGrowth); ++i) {
    const Growth& growth = kGrowth[i];
    StatisticRecords* records =
        AddDefinition(sample, kProvinceY, growth.id, growth.title, growth.title_zh, growth.unit);
    for (int year : {0, 1}) {
      AddRow(records, kCountyC, kGrowthYears[year], growth.county[year],
             i < 3 ? "report on the three-year plan" : kInvented);
      AddRow(records, kPrefectureQ, kGrowthYears[year], growth.prefecture[year], kInvented);
      AddRow(records, kProvinceY, kGrowthYears[year], growth.province[year], kInvented);
    }
  }
  StatisticRecords* rank =
      AddDefinition(sample, kProvinceY, "assessment-rank",
                    "Rank in the province's assessment of counties", "全省县域考核排名", "");
  AddRow(rank, kCountyC, "2011", "51", "report on the three-year plan");
  AddRow(rank, kCountyC, "2014", "23", "report on the three-year plan");
}

// ------------------------------------------------------------------------------------- schemes

types::v1::Decimal MakeDecimal(const char* text) {
  types::v1::Decimal decimal;
  decimal.set_value(text);
  return decimal;
}

v1::Node* AddNode(v1::Scheme* scheme, const char* id, const char* parent, const char* title,
                  const char* title_zh, const char* points) {
  v1::Node& node = *scheme->add_nodes();
  node.set_id(id);
  node.set_parent(parent);
  node.set_display_name(title);
  (*node.mutable_localized_names())["zh"] = title_zh;
  *node.mutable_points() = MakeDecimal(points);
  return &node;
}

v1::Leaf* Observed(v1::Node* node, const char* item, v1::VisitChoice visits) {
  v1::ObservationSource& source = *node->mutable_leaf()->mutable_observations();
  source.set_checklist(kChecklist);
  source.add_items(item);
  source.set_visits(visits);
  return node->mutable_leaf();
}

void AddWorkNodes(v1::Scheme* scheme) {
  AddNode(scheme, "work", "", "Daily work", "日常工作", "40");
  v1::Leaf* duties =
      AddNode(scheme, "duties", "work", "Duties done", "任务完成", "25")->mutable_leaf();
  duties->mutable_measures()->set_list(kDutyList);
  duties->mutable_ratio();
  v1::Leaf* reports =
      AddNode(scheme, "reports", "work", "Monthly reports in time", "月报及时", "15")
          ->mutable_leaf();
  reports->mutable_timeliness()->set_list(kDutyList);
  *reports->mutable_ratio()->mutable_zero_at() = MakeDecimal("0.5");
}

void AddSiteNodes(v1::Scheme* scheme) {
  AddNode(scheme, "site", "", "Checks on the spot", "现场检查", "35");
  Observed(AddNode(scheme, "signs", "site", "Signs", "标识", "5"), "signs", v1::VISIT_CHOICE_POOLED)
      ->mutable_ratio();
  v1::PassFailRule& knowledge =
      *Observed(AddNode(scheme, "knowledge", "site", "Knowledge at the desk", "窗口知晓", "10"),
                "knowledge", v1::VISIT_CHOICE_LATEST)
           ->mutable_pass_fail();
  knowledge.set_samples_min(5);
  knowledge.set_passes_min(4);
  v1::GradeRule& records = *Observed(AddNode(scheme, "records", "site", "Records", "台账", "10"),
                                     "records", v1::VISIT_CHOICE_MEAN)
                                ->mutable_grade();
  const std::pair<const char*, const char*> grades[] = {
      {"A", "10"}, {"B", "6.6"}, {"C", "3.3"}, {"D", "0"}};
  for (const auto& [grade, points] : grades) {
    v1::GradeRule::Grade& row = *records.add_grades();
    row.set_grade(grade);
    *row.mutable_points() = MakeDecimal(points);
  }
  v1::DeductRule& defects =
      *Observed(AddNode(scheme, "defects", "site", "Defects of services", "服务缺陷", "10"),
                "defects", v1::VISIT_CHOICE_LATEST)
           ->mutable_deduct();
  *defects.mutable_each() = MakeDecimal("1.5");
  *defects.mutable_cap() = MakeDecimal("8");
}

void AddResultNodes(v1::Scheme* scheme) {
  AddNode(scheme, "results", "", "Results", "成效", "25");
  v1::Leaf* rectified =
      AddNode(scheme, "rectified", "results", "Findings put right in time", "问题整改", "5")
          ->mutable_leaf();
  rectified->mutable_rectification();
  rectified->mutable_ratio();
  rectified->set_empty(v1::EMPTY_POLICY_FULL);
  v1::Leaf* coverage =
      AddNode(scheme, "coverage", "results", "Titled units below", "命名覆盖", "10")
          ->mutable_leaf();
  coverage->mutable_coverage()->set_programme(kProgramme);
  coverage->mutable_ratio();
  v1::Leaf* opinion =
      AddNode(scheme, "opinion", "results", "Opinion of those served", "群众评价", "10")
          ->mutable_leaf();
  opinion->mutable_statistic()->set_definition("units/nation/statisticDefinitions/opinion");
  *opinion->mutable_ratio()->mutable_full_at() = MakeDecimal("95");
  *opinion->mutable_ratio()->mutable_zero_at() = MakeDecimal("60");
  v1::Leaf* bonus =
      AddNode(scheme, "commendations", "", "Commendations", "表彰加分", "0")->mutable_leaf();
  bonus->mutable_statistic()->set_definition("units/nation/statisticDefinitions/commendations");
  *bonus->mutable_bonus()->mutable_each() = MakeDecimal("0.5");
  *bonus->mutable_bonus()->mutable_cap() = MakeDecimal("1");
  v1::Leaf* veto =
      AddNode(scheme, "breaches", "", "Serious breaches", "否决事项", "0")->mutable_leaf();
  veto->mutable_statistic()->set_definition("units/nation/statisticDefinitions/serious-breaches");
  veto->mutable_veto()->set_effect(v1::VETO_EFFECT_ZERO);
}

void AddRollup(v1::Scheme* scheme, const char* level, v1::RollupMethod method) {
  v1::LevelRollup& rollup = *scheme->add_rollups();
  rollup.set_level(level);
  rollup.mutable_rollup()->set_method(method);
}

void AddTownshipScheme(Sample* sample) {
  SchemeRecord& record = sample->schemes.emplace_back();
  record.office = kNation;
  record.id = "township-work";
  record.version = "2016";
  v1::Scheme& scheme = record.scheme;
  scheme.set_display_name("Work of townships");
  (*scheme.mutable_localized_names())["zh"] = "乡镇创建工作测评";
  *scheme.mutable_points() = MakeDecimal("100");
  scheme.set_periodicity(v1::PERIODICITY_YEAR);
  scheme.set_first_period(kTownshipPeriod);
  scheme.mutable_population()->add_levels("levels/township");
  scheme.mutable_population()->add_kinds("kinds/town");
  scheme.mutable_population()->add_kinds("kinds/township");
  scheme.mutable_population()->set_programme(kProgramme);
  AddWorkNodes(&scheme);
  AddSiteNodes(&scheme);
  AddResultNodes(&scheme);
  AddRollup(&scheme, "levels/county", v1::ROLLUP_METHOD_MEAN);
  for (const char* level :
       {"levels/prefecture", "levels/autonomous-prefecture", "levels/province", "levels/nation"}) {
    AddRollup(&scheme, level, v1::ROLLUP_METHOD_OVER_DESCENDANTS);
  }
  scheme.set_counts_from(v1::COUNTS_FROM_SUBMITTED);
  scheme.set_audience(v1::AUDIENCE_UNIT);
  const std::pair<const char*, const char*> bands[] = {
      {"excellent", "90"}, {"good", "80"}, {"pass", "60"}, {"fail", ""}};
  for (const auto& [grade, bound] : bands) {
    v1::Band& band = *scheme.add_bands();
    band.set_grade(grade);
    if (*bound != '\0') *band.mutable_lower_bound() = MakeDecimal(bound);
  }
}

// Five indicators, each against the prefecture's and against the province's growth.
void AddGrowthScheme(Sample* sample) {
  SchemeRecord& record = sample->schemes.emplace_back();
  record.office = kProvinceY;
  record.id = "development";
  record.version = "2015";
  v1::Scheme& scheme = record.scheme;
  scheme.set_display_name("Growth above the averages");
  (*scheme.mutable_localized_names())["zh"] = "增速高于平均";
  *scheme.mutable_points() = MakeDecimal("100");
  scheme.set_periodicity(v1::PERIODICITY_YEAR);
  scheme.set_first_period(kGrowthPeriod);
  scheme.mutable_population()->add_levels("levels/county");
  for (const Growth& growth : kGrowth) {
    for (const char* level : {"prefecture", "province"}) {
      const std::string id = absl::StrCat(growth.id, "-", level);
      v1::Node& node = *AddNode(&scheme, id.c_str(), "", growth.title, growth.title_zh, "10");
      node.mutable_leaf()->mutable_statistic()->set_definition(
          absl::StrCat(kProvinceY, "/statisticDefinitions/", growth.id));
      v1::GrowthAboveParentRule& rule = *node.mutable_leaf()->mutable_growth_above_parent();
      rule.set_base_period(kGrowthYears[0]);
      rule.set_against_level(absl::StrCat("levels/", level));
    }
  }
  AddRollup(&scheme, "levels/prefecture", v1::ROLLUP_METHOD_MEAN);
  AddRollup(&scheme, "levels/province", v1::ROLLUP_METHOD_MEAN);
}

}  // namespace

void AddStatistics(Sample* sample) {
  AddTownshipStatistics(sample);
  AddCountyStatistics(sample);
  AddGrowthStatistics(sample);
  AddTownshipScheme(sample);
  AddGrowthScheme(sample);
}

}  // namespace terrace::sample
