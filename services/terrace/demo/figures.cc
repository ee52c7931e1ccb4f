#include "services/terrace/demo/figures.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/decimal.h"
#include "common/base/time.h"
#include "services/terrace/sample/sample.h"
#include "services/terrace/words.h"
#include "terrace/inspections/v1/summaries.pb.h"
#include "terrace/measures/v1/activities.pb.h"
#include "terrace/measures/v1/measures.pb.h"
#include "terrace/measures/v1/progress.pb.h"
#include "terrace/registry/v1/coverage.pb.h"
#include "terrace/registry/v1/unit.pb.h"
#include "terrace/scoring/v1/scoreboard.pb.h"

namespace terrace::demo {
namespace {

using cli::Client;

// With exactly so many decimals, rounded half up: "1.30" of "1.299709423412".
std::string Rounded(const std::string& value, int decimals) {
  const absl::StatusOr<Decimal> number = Decimal::Parse(value, "value");
  return number.ok() ? number->ToString(decimals) : value;
}

absl::Time EndOf(int year) {
  return absl::FromCivil(absl::CivilSecond(year, 12, 31, 12, 0, 0), cli::ShanghaiZone());
}

// Fills one section, call by call.
class Asker {
 public:
  Asker(Client* client, std::string id, std::string title, absl::Time instant)
      : client_(client), section_{std::move(id), std::move(title), instant, {}} {}

  Section Finish() { return std::move(section_); }

  void Add(absl::string_view key, absl::string_view title, std::string value,
           absl::string_view unit, absl::string_view method) {
    section_.figures.push_back({absl::StrCat(section_.id, ".", key), std::string(title),
                                std::move(value), std::string(unit), std::string(method)});
  }
  void Add(absl::string_view key, absl::string_view title, int64_t count,
           absl::string_view method) {
    Add(key, title, absl::StrCat(count), "", method);
  }

  // Units of some kinds below a unit.
  struct KindFigure {
    const char* key;
    const char* title;
    std::vector<const char*> kinds;
  };
  absl::Status Count(const char* subtree, const std::vector<KindFigure>& figures) {
    registry::v1::CountUnitsRequest request;
    request.set_subtree(subtree);
    *request.mutable_at_time() = ToProto(section_.instant);
    TERRACE_ASSIGN_OR_RETURN(const auto reply,
                             client_->Get<registry::v1::CountUnitsResponse>(request));
    for (const KindFigure& figure : figures) {
      int64_t count = 0;
      for (const auto& row : reply.by_kind()) {
        for (const char* kind : figure.kinds) {
          if (row.kind() == absl::StrCat("kinds/", kind)) count += row.count();
        }
      }
      Add(figure.key, figure.title, count, "CountUnits");
    }
    return absl::OkStatus();
  }

  // Sums of activities of one year.
  struct SumFigure {
    const char* key;
    const char* title;
    const char* kind;
    const char* quantity;  // Null for the number of activities.
  };
  absl::Status Sum(const char* subtree, int year, const std::vector<SumFigure>& figures) {
    measures::v1::SummarizeActivitiesRequest request;
    request.set_subtree(subtree);
    *request.mutable_start_date() = cli::ToDate(absl::CivilDay(year, 1, 1));
    *request.mutable_end_date() = cli::ToDate(absl::CivilDay(year, 12, 31));
    TERRACE_ASSIGN_OR_RETURN(const auto reply,
                             client_->Get<measures::v1::SummarizeActivitiesResponse>(request));
    for (const SumFigure& figure : figures) {
      std::string value = "0";
      std::string unit;
      for (const measures::v1::ActivitySummary& row : reply.summaries()) {
        if (row.kind() != figure.kind) continue;
        if (figure.quantity == nullptr) value = absl::StrCat(row.activity_count());
        for (const measures::v1::QuantitySum& sum : row.sums()) {
          if (figure.quantity == nullptr || sum.key() != figure.quantity) continue;
          value = ValueOf(sum.sum());
          unit = sum.sum().unit();
        }
      }
      Add(figure.key, figure.title, value, unit, "SummarizeActivities");
    }
    return absl::OkStatus();
  }

  // The newest value of an attribute that was known at the instant.
  struct AttributeFigure {
    const char* key;
    const char* title;
    registry::v1::AttributeKey attribute;
  };
  absl::Status Attributes(const char* unit, const std::vector<AttributeFigure>& figures) {
    registry::v1::GetUnitRequest request;
    request.set_name(unit);
    *request.mutable_at_time() = ToProto(section_.instant);
    TERRACE_ASSIGN_OR_RETURN(const auto reply, client_->Get<registry::v1::Unit>(request));
    const absl::CivilDay today = absl::ToCivilDay(section_.instant, cli::ShanghaiZone());
    for (const AttributeFigure& figure : figures) {
      const registry::v1::UnitAttribute* newest = nullptr;
      for (const registry::v1::UnitAttribute& row : reply.attributes()) {
        const absl::CivilDay day = cli::ToDay(row.as_of_date());
        if (row.key() != figure.attribute || day > today) continue;
        if (newest == nullptr || cli::ToDay(newest->as_of_date()) < day) newest = &row;
      }
      if (newest == nullptr) continue;
      Add(figure.key, figure.title, ValueOf(newest->value()), newest->value().unit(), "GetUnit");
    }
    return absl::OkStatus();
  }

  // One statistic of one unit for one period.
  absl::Status Statistic(absl::string_view key, absl::string_view title, const char* unit,
                         const std::string& definition, const std::string& period) {
    scoring::v1::ListStatisticsRequest request;
    request.set_subtree(unit);
    request.set_definition(definition);
    request.set_filter(absl::StrCat("period = \"", period, "\""));
    TERRACE_ASSIGN_OR_RETURN(const auto reply,
                             client_->Get<scoring::v1::ListStatisticsResponse>(request));
    for (const scoring::v1::Statistic& row : reply.statistics()) {
      if (row.unit() != unit) continue;
      Add(key, title, ValueOf(row.quantity()), row.quantity().unit(), "ListStatistics");
    }
    return absl::OkStatus();
  }

  absl::Status Coverage() {
    registry::v1::GetCoverageRequest request;
    request.set_programme(sample::kProgramme);
    request.set_subtree(sample::kCountyA);
    *request.mutable_at_time() = ToProto(section_.instant);
    TERRACE_ASSIGN_OR_RETURN(const auto reply, client_->Get<registry::v1::Coverage>(request));
    Add("participants", "participating units", reply.participants(), "GetCoverage");
    for (const auto& row : reply.by_level()) {
      Add(absl::StrCat("titled-", cli::IdOf(row.level())),
          absl::StrCat("highest title: ", cli::IdOf(row.level())), row.count(), "GetCoverage");
    }
    Add("titled", "titled units", reply.titled(), "GetCoverage");
    Add("titled-rate", "rate", reply.rate().percent().value(), "%", "GetCoverage");
    Add("titled-rate-shown", "rate, as shown", Rounded(reply.rate().percent().value(), 0), "%",
        "GetCoverage");
    Add("demonstration-sites", "demonstration sites", reply.demonstration_sites(), "GetCoverage");
    return absl::OkStatus();
  }

  absl::Status Progress(absl::string_view key, absl::string_view what, const char* list,
                        const char* subtree) {
    measures::v1::GetProgressRequest request;
    request.set_list(list);
    request.set_subtree(subtree);
    *request.mutable_at_time() = ToProto(section_.instant);
    TERRACE_ASSIGN_OR_RETURN(const auto reply,
                             client_->Get<measures::v1::GetProgressResponse>(request));
    const measures::v1::Progress& total = reply.total();
    Add(key, what, total.measures(), "GetProgress");
    Add(absl::StrCat(key, "-completed"), absl::StrCat(what, " completed"),
        total.measures_complete(), "GetProgress");
    Add(absl::StrCat(key, "-completed-rate"), "completion rate",
        total.done_rate().percent().value(), "%", "GetProgress");
    if (total.reports_due() == 0) return absl::OkStatus();
    Add(absl::StrCat(key, "-reports-due"), "monthly reports due", total.reports_due(),
        "GetProgress");
    Add(absl::StrCat(key, "-reports-on-time"), "of these in time", total.reports_on_time(),
        "GetProgress");
    Add(absl::StrCat(key, "-on-time-rate"), "on-time rate", total.on_time_rate().percent().value(),
        "%", "GetProgress");
    return absl::OkStatus();
  }

  absl::Status Inspections(const char* subtree) {
    inspections::v1::GetInspectionSummaryRequest request;
    request.set_subtree(subtree);
    *request.mutable_at_time() = ToProto(section_.instant);
    TERRACE_ASSIGN_OR_RETURN(const auto reply,
                             client_->Get<inspections::v1::InspectionSummary>(request));
    Add("sites-inspected", "model sites inspected", reply.units_visited(), "GetInspectionSummary");
    Add("rounds", "rounds", reply.rounds_size(), "GetInspectionSummary");
    Add("visits", "visits", reply.visits(), "GetInspectionSummary");
    Add("observations", "observations", reply.observations().total(), "GetInspectionSummary");
    for (const auto& row : reply.follow_ups()) {
      const std::string kind =
          cli::EnumText(inspections::v1::FollowUp::Kind_Name(row.kind()), "KIND_");
      Add(absl::StrCat("follow-ups-", row.kind()), absl::StrCat(kind, "s"), row.count(),
          "GetInspectionSummary");
    }
    return absl::OkStatus();
  }

  // The difference of two figures of the section that are whole numbers.
  void Difference(absl::string_view key, absl::string_view title, absl::string_view from,
                  absl::string_view to) {
    int64_t difference = 0;
    for (const Figure& figure : section_.figures) {
      int64_t value = 0;
      if (!absl::SimpleAtoi(figure.value, &value)) continue;
      if (figure.key == absl::StrCat(section_.id, ".", from)) difference += value;
      if (figure.key == absl::StrCat(section_.id, ".", to)) difference -= value;
    }
    Add(key, title, difference, "ListStatistics");
  }

  Client* client() { return client_; }
  absl::Time instant() const { return section_.instant; }

 private:
  Client* const client_;
  Section section_;
};

absl::Status AskCounty(Asker* a) {
  using registry::v1::ATTRIBUTE_KEY_AREA;
  using registry::v1::ATTRIBUTE_KEY_BORDER_LENGTH;
  using registry::v1::ATTRIBUTE_KEY_POPULATION;
  TERRACE_RETURN_IF_ERROR(
      a->Count(sample::kCountyA, {{"townships", "townships", {"township"}},
                                  {"towns", "towns", {"town"}},
                                  {"villages", "villages", {"village"}},
                                  {"communities", "communities", {"community"}},
                                  {"committees", "scenic-area committees", {"committee-area"}},
                                  {"parks", "industrial parks", {"industrial-park"}}}));
  // Rank is apart from level: a unit of county rank inside the county.
  registry::v1::ListUnitsRequest ranked;
  ranked.set_subtree(sample::kCountyA);
  ranked.set_filter("rank = \"levels/county\" AND level != \"levels/county\"");
  *ranked.mutable_at_time() = ToProto(a->instant());
  TERRACE_ASSIGN_OR_RETURN(const auto reply,
                           a->client()->Get<registry::v1::ListUnitsResponse>(ranked));
  a->Add("county-rank-inside", "units of county rank inside the county", reply.units_size(),
         "ListUnits");
  TERRACE_RETURN_IF_ERROR(a->Coverage());
  TERRACE_RETURN_IF_ERROR(
      a->Progress("measures", "measures", sample::kMeasureList, sample::kCountyA));
  TERRACE_RETURN_IF_ERROR(
      a->Progress("problems", "people's problems", sample::kProblemList, sample::kCountyA));
  TERRACE_RETURN_IF_ERROR(
      a->Sum(sample::kCountyA, 2016,
             {{"lectures", "lecture sessions", "lecture", nullptr},
              {"lecture-audience", "lecture audience", "lecture", "audience"},
              {"joint-activities", "joint activities", "joint-activity", "events"},
              {"joint-participants", "participants of these", "joint-activity", "participants"},
              {"stories", "stories", "stories", "stories"},
              {"news", "news items", "news-item", nullptr},
              {"broadcasts", "programmes broadcast", "broadcast", nullptr},
              {"handbooks", "handbooks", "handbooks", "handbooks"},
              {"songs", "songs", "songs", "songs"},
              {"streets", "streets opened", "opening", "streets"},
              {"stalls", "stalls opened", "opening", "stalls"},
              {"base-modules", "training base: modules", "training-base", "modules"},
              {"base-courses", "training base: courses", "training-base", "courses"},
              {"base-sites", "training base: sites", "training-base", "sites"},
              {"base-forms", "training base: forms", "training-base", "forms"}}));
  TERRACE_RETURN_IF_ERROR(
      a->Attributes(sample::kCountyA, {{"area", "area", ATTRIBUTE_KEY_AREA},
                                       {"border", "border", ATTRIBUTE_KEY_BORDER_LENGTH},
                                       {"population", "population", ATTRIBUTE_KEY_POPULATION}}));
  for (const char* level : {"nation", "region", "prefecture"}) {
    TERRACE_RETURN_IF_ERROR(a->Statistic(
        absl::StrCat("individuals-", level), absl::StrCat("model individuals: ", level),
        sample::kCountyA,
        absl::StrCat(sample::kCountyA, "/statisticDefinitions/individuals-", level), "2016"));
  }
  return absl::OkStatus();
}

absl::Status AskCity(Asker* a) {
  using registry::v1::ATTRIBUTE_KEY_AREA;
  using registry::v1::ATTRIBUTE_KEY_BUDGET;
  using registry::v1::ATTRIBUTE_KEY_POPULATION;
  using registry::v1::ATTRIBUTE_KEY_STAFF;
  using registry::v1::ATTRIBUTE_KEY_TOWN_POPULATION;
  TERRACE_RETURN_IF_ERROR(
      a->Count(sample::kCityB,
               {{"subdistricts", "subdistricts", {"subdistrict"}},
                {"townships", "townships", {"township"}},
                {"zones", "development zones", {"development-zone"}},
                {"communities-villages", "communities and villages", {"community", "village"}}}));
  TERRACE_RETURN_IF_ERROR(a->Inspections(sample::kCityB));
  TERRACE_RETURN_IF_ERROR(
      a->Statistic("awareness", "awareness, as reported", sample::kCityB,
                   absl::StrCat(sample::kCityB, "/statisticDefinitions/awareness"), "2014"));
  TERRACE_RETURN_IF_ERROR(
      a->Sum(sample::kCityB, 2014,
             {{"trained", "trained", "training", "trained"},
              {"examined", "examined", "examination", "examined"},
              {"notices", "notices", "notice", nullptr},
              {"news", "news items", "news-item", nullptr},
              {"signboards-large", "signboards, large", "signboards", "large"},
              {"signboards-medium", "signboards, medium", "signboards", "medium"},
              {"signboards-small", "signboards, small", "signboards", "small"},
              {"banners", "banners", "advertising", "banners"},
              {"taxis", "taxis", "advertising", "taxis"},
              {"lamp-posts", "lamp-post advertisements", "advertising", "lamp-posts"},
              {"leaflets", "leaflets", "printed-matter", "leaflets"},
              {"books-handed-out", "books handed out", "printed-matter", "books-handed-out"},
              {"books-printed", "of books printed", "printed-matter", "books-printed"},
              {"bookmarks", "bookmarks", "printed-matter", "bookmarks"},
              {"events", "events", "event", nullptr},
              {"troupes", "troupes", "troupes", "troupes"},
              {"loans", "loans", "loans", "amount"},
              {"loan-enterprises", "to enterprises", "loans", "enterprises"}}));
  TERRACE_RETURN_IF_ERROR(a->Attributes(
      "units/b-office",
      {{"budget", "budget", ATTRIBUTE_KEY_BUDGET}, {"staff", "staff", ATTRIBUTE_KEY_STAFF}}));
  return a->Attributes(sample::kCityB,
                       {{"area", "area", ATTRIBUTE_KEY_AREA},
                        {"population", "population", ATTRIBUTE_KEY_POPULATION},
                        {"town-population", "in town", ATTRIBUTE_KEY_TOWN_POPULATION}});
}

// A figure of an explained leaf; empty when it has none of that name.
std::string FigureOf(const scoring::v1::Part& part, absl::string_view name) {
  for (const scoring::v1::Figure& figure : part.figures()) {
    if (name == absl::string_view(figure.name())) return figure.value();
  }
  return "";
}

// Growth from `base` to `value` times 10^`shift`, with two decimals, rounded half away from zero:
// "1.30" of 24.09 and 55.4, and with a shift of 2 its percentage, "129.97". Empty without figures.
std::string GrowthText(const std::string& value, const std::string& base, int shift) {
  const absl::StatusOr<Decimal> to = Decimal::Parse(value, "value");
  const absl::StatusOr<Decimal> from = Decimal::Parse(base, "base");
  if (!to.ok() || !from.ok() || from->sign() <= 0) return "";
  const auto units = [&](const Decimal& number) {
    __int128 out = number.unscaled();
    for (int i = number.decimals(); i < std::max(to->decimals(), from->decimals()); ++i) out *= 10;
    return out;
  };
  __int128 numerator = units(*to) - units(*from);
  const __int128 denominator = units(*from);
  for (int i = 0; i < shift + 2; ++i) numerator *= 10;
  const __int128 half = numerator < 0 ? -denominator : denominator;
  const auto hundredths = static_cast<int64_t>((2 * numerator + half) / (2 * denominator));
  const absl::StatusOr<Decimal> growth = Decimal::FromUnscaled(hundredths, 2);
  return growth.ok() ? growth->ToString(2) : "";
}

void FindNodes(const scoring::v1::Part& part,
               std::map<std::string, const scoring::v1::Part*>* out) {
  if (part.kind() == scoring::v1::PART_KIND_NODE) (*out)[part.subject()] = &part;
  for (const scoring::v1::Part& child : part.parts()) FindNodes(child, out);
}

absl::Status AskGrowth(Asker* a) {
  struct Indicator {
    const char* id;
    const char* title;
    bool reported;  // Whether the founding report names the county's own figures.
  };
  constexpr Indicator kIndicators[] = {{"regional-product", "regional product", true},
                                       {"urban-income", "urban income per head", true},
                                       {"rural-income", "rural income per head", true},
                                       {"revenue", "public revenue", false},
                                       {"investment", "investment", false}};
  scoring::v1::ExplainScoreRequest request;
  request.set_name(
      absl::StrCat(sample::kCountyC, "/scores/province-y~development~", sample::kGrowthPeriod));
  *request.mutable_at_time() = ToProto(a->instant());
  TERRACE_ASSIGN_OR_RETURN(const auto explained,
                           a->client()->Get<scoring::v1::Explanation>(request));
  std::map<std::string, const scoring::v1::Part*> nodes;
  FindNodes(explained.whole(), &nodes);
  int64_t above = 0;
  for (const Indicator& row : kIndicators) {
    const std::string definition =
        absl::StrCat(sample::kProvinceY, "/statisticDefinitions/", row.id);
    for (const char* year : {"2010", "2015"}) {
      if (!row.reported) continue;
      TERRACE_RETURN_IF_ERROR(a->Statistic(absl::StrCat(row.id, "-", year),
                                           absl::StrCat(row.title, " ", year), sample::kCountyC,
                                           definition, year));
    }
    bool ahead = true;
    for (const char* level : {"prefecture", "province"}) {
      const auto node = nodes.find(absl::StrCat(row.id, "-", level));
      if (node == nodes.end()) continue;
      ahead = ahead && node->second->value().value() == node->second->out_of().value();
      if (row.reported && level == absl::string_view("province")) {
        // What the score was computed from, as the explanation gives it.
        const std::string value = FigureOf(*node->second, "value");
        const std::string base = FigureOf(*node->second, "base");
        a->Add(absl::StrCat(row.id, "-growth"), absl::StrCat(row.title, ": growth"),
               GrowthText(value, base, 0), "", "ExplainScore");
        a->Add(absl::StrCat(row.id, "-growth-percent"), "in per cent", GrowthText(value, base, 2),
               "%", "ExplainScore");
      }
    }
    above += ahead ? 1 : 0;
  }
  a->Add("indicators-above", "indicators that grew faster than prefecture and province", above,
         "ExplainScore");
  a->Add("score", "points for growth above the averages", explained.score().value().value(), "",
         "ExplainScore");
  const std::string rank =
      absl::StrCat(sample::kProvinceY, "/statisticDefinitions/assessment-rank");
  TERRACE_RETURN_IF_ERROR(a->Statistic("rank-2011", "rank in the province's assessment 2011",
                                       sample::kCountyC, rank, "2011"));
  TERRACE_RETURN_IF_ERROR(a->Statistic("rank-2014", "rank in the province's assessment 2014",
                                       sample::kCountyC, rank, "2014"));
  a->Difference("rank-up", "places up", "rank-2011", "rank-2014");
  return absl::OkStatus();
}

absl::Status AskTargets(Asker* a) {
  measures::v1::ListMeasuresRequest request;
  request.set_parent(sample::kProvinceD);
  *request.mutable_at_time() = ToProto(a->instant());
  TERRACE_RETURN_IF_ERROR(a->client()->Pages<measures::v1::ListMeasuresResponse>(
      request, [&](const measures::v1::ListMeasuresResponse& page) {
        for (const measures::v1::Measure& row : page.measures()) {
          a->Add(absl::StrCat(cli::IdOf(row.name()), "-by"), row.display_name(),
                 row.has_due_date() ? absl::StrCat("by ", row.due_date().year()) : "no year", "",
                 "ListMeasures");
        }
        return true;
      }));
  return a->Sum(
      sample::kProvinceD, 2014,
      {{"kindergarten-coverage", "towns and communities with a public kindergarten", "targets",
        "kindergarten-coverage"},
       {"senior-secondary-enrolment", "senior-secondary gross enrolment", "targets",
        "senior-secondary-enrolment"},
       {"characteristic-villages", "characteristic villages", "targets", "characteristic-villages"},
       {"festivals", "festivals", "targets", "festivals"}});
}

}  // namespace

absl::Time CountyInstant() { return EndOf(2016); }
absl::Time CityInstant() { return EndOf(2014); }
absl::Time GrowthInstant() { return EndOf(2015); }

std::string ValueOf(const types::v1::Quantity& quantity) {
  types::v1::Quantity plain = quantity;
  plain.clear_unit();
  return cli::QuantityText(plain);
}

std::map<std::string, std::string> ValuesOf(const std::vector<Section>& sections) {
  std::map<std::string, std::string> values;
  for (const Section& section : sections) {
    for (const Figure& figure : section.figures) values[figure.key] = figure.value;
  }
  return values;
}

absl::StatusOr<std::vector<Section>> AskFigures(Client* client) {
  std::vector<Section> sections;
  Asker county(client, "county-a", "County A in 2016", CountyInstant());
  TERRACE_RETURN_IF_ERROR(AskCounty(&county));
  sections.push_back(county.Finish());
  Asker city(client, "city-b", "City B in 2014", CityInstant());
  TERRACE_RETURN_IF_ERROR(AskCity(&city));
  sections.push_back(city.Finish());
  Asker growth(client, "county-c", "County C: growth from 2010 to 2015", GrowthInstant());
  TERRACE_RETURN_IF_ERROR(AskGrowth(&growth));
  sections.push_back(growth.Finish());
  Asker targets(client, "province-d", "Province D: targets", CityInstant());
  TERRACE_RETURN_IF_ERROR(AskTargets(&targets));
  sections.push_back(targets.Finish());
  Asker school(client, "school-e", "School E: its own plan of 2014", CityInstant());
  TERRACE_RETURN_IF_ERROR(
      school.Progress("plan", "steps of the plan", sample::kSchoolList, sample::kSchoolE));
  sections.push_back(school.Finish());
  return sections;
}

}  // namespace terrace::demo
