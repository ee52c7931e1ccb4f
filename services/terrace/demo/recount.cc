#include "services/terrace/demo/recount.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/base/time.h"
#include "services/terrace/demo/figures.h"
#include "services/terrace/sample/sample.h"
#include "services/terrace/words.h"

namespace terrace::demo {
namespace {

using sample::kCityB;
using sample::kCountyA;
using sample::kCountyC;
using sample::kProvinceD;
using sample::kProvinceY;
using sample::kSchoolE;
using Values = std::map<std::string, std::string>;

absl::CivilDay DayAt(absl::Time at) { return absl::ToCivilDay(at, cli::ShanghaiZone()); }

std::string OwnerOf(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  return absl::StrCat(parts[0], "/", parts[1]);
}

// The unit above on the territorial line at the instant; empty at the top.
std::string ParentAt(const Records& records, const std::string& unit, absl::Time at) {
  std::string parent;
  for (const registry::v1::Placement& place : records.units.at(unit).placements()) {
    if (cli::ToDay(place.from_date()) <= DayAt(at)) parent = place.parent();
  }
  return parent;
}

// ---------------------------------------------------------------------------------------- units

void CountKinds(const Records& records, absl::string_view section, absl::string_view root,
                absl::Time at, const std::map<std::string, std::set<std::string>>& kinds,
                Values* out) {
  for (const auto& [key, wanted] : kinds) {
    int count = 0;
    for (const auto& [name, record] : records.units) {
      if (name == root || !IsOpen(records, name, at) || !IsUnder(records, name, root, at)) continue;
      count += static_cast<int>(wanted.count(cli::IdOf(record.unit().kind())));
    }
    (*out)[absl::StrCat(section, ".", key)] = absl::StrCat(count);
  }
}

std::string AttributeOf(const Records& records, const std::string& unit,
                        registry::v1::AttributeKey key, absl::Time at) {
  std::string value;
  absl::CivilDay newest = absl::CivilDay::min();
  for (const auto& row : records.units.at(unit).unit().attributes()) {
    const absl::CivilDay day = cli::ToDay(row.as_of_date());
    if (row.key() != key || day > DayAt(at) || day < newest) continue;
    newest = day;
    value = ValueOf(row.value());
  }
  return value;
}

void CountCoverage(const Records& records, absl::Time at, Values* out) {
  int participants = 0;
  int sites = 0;
  int titled = 0;
  std::map<std::string, int> by_level;
  for (const auto& [name, record] : records.units) {
    if (name == kCountyA || !IsOpen(records, name, at) || !IsUnder(records, name, kCountyA, at)) {
      continue;
    }
    const registry::v1::EnrollmentRole role = RoleOf(records, name, at);
    if (role == registry::v1::ENROLLMENT_ROLE_UNSPECIFIED) continue;
    ++participants;
    sites += role == registry::v1::ENROLLMENT_ROLE_DEMONSTRATION_SITE ? 1 : 0;
    const std::string level = HighestTitle(records, name, at);
    if (level.empty()) continue;
    ++titled;
    ++by_level[level];
  }
  (*out)["county-a.participants"] = absl::StrCat(participants);
  (*out)["county-a.demonstration-sites"] = absl::StrCat(sites);
  (*out)["county-a.titled"] = absl::StrCat(titled);
  (*out)["county-a.titled-rate"] = PercentText(titled, participants);
  (*out)["county-a.titled-rate-shown"] = absl::StrFormat("%.0f", 100.0 * titled / participants);
  for (const auto& [level, count] : by_level) {
    (*out)[absl::StrCat("county-a.titled-", cli::IdOf(level))] = absl::StrCat(count);
  }
}

// ------------------------------------------------------------------------------------- measures

bool CountsAsDone(const Records& records, const measures::v1::Assignment& assignment, absl::Time at,
                  absl::Time* done) {
  using Event = measures::v1::AssignmentEvent;
  const measures::v1::Measure& measure = records.measures.at(assignment.measure());
  const bool by_claim = measure.completion().done_by() == measures::v1::DONE_BY_CLAIM;
  const Event* last = nullptr;
  for (const Event& event : assignment.events()) {
    if (FromProto(event.moment().time()) <= at) last = &event;
  }
  if (last == nullptr) return false;
  *done = FromProto(last->moment().time());
  return last->type() == Event::TYPE_VERIFIED || (by_claim && last->type() == Event::TYPE_CLAIMED);
}

void CountProgress(const Records& records, absl::string_view key, absl::string_view list,
                   absl::string_view root, absl::Time at, Values* out) {
  int all = 0;
  int completed = 0;
  for (const auto& [name, assignment] : records.assignments) {
    const measures::v1::Measure& measure = records.measures.at(assignment.measure());
    if (measure.list() != list || !IsUnder(records, OwnerOf(name), root, at)) continue;
    if (assignment.role() != measures::v1::ASSIGNMENT_ROLE_LEAD) continue;
    ++all;
    absl::Time done;
    completed += CountsAsDone(records, assignment, at, &done) ? 1 : 0;
  }
  (*out)[std::string(key)] = absl::StrCat(all);
  (*out)[absl::StrCat(key, "-completed")] = absl::StrCat(completed);
  (*out)[absl::StrCat(key, "-completed-rate")] = PercentText(completed, all);
  const ReportTally reports = TallyReports(records, list, root, at);
  if (reports.due == 0) return;
  (*out)[absl::StrCat(key, "-reports-due")] = absl::StrCat(reports.due);
  (*out)[absl::StrCat(key, "-reports-on-time")] = absl::StrCat(reports.on_time);
  (*out)[absl::StrCat(key, "-on-time-rate")] = PercentText(reports.on_time, reports.due);
}

// ----------------------------------------------------------------------------------- activities

struct Wanted {
  const char* key;
  const char* kind;
  const char* quantity;  // Null for the number of activities.
};

void SumActivities(const Records& records, absl::string_view section, absl::string_view root,
                   int year, absl::Time at, const std::vector<Wanted>& figures, Values* out) {
  for (const Wanted& figure : figures) {
    int count = 0;
    int64_t sum = 0;
    bool at_least = false;
    bool about = false;
    for (const measures::v1::Activity& row : records.activities) {
      if (row.kind() != figure.kind || row.date().year() != year || row.has_withdrawn() ||
          !IsUnder(records, OwnerOf(row.name()), root, at)) {
        continue;
      }
      ++count;
      for (const measures::v1::NamedQuantity& named : row.quantities()) {
        if (figure.quantity == nullptr || named.key() != figure.quantity) continue;
        int64_t value = 0;
        if (!absl::SimpleAtoi(named.quantity().value().value(), &value)) continue;
        sum += value;
        at_least |= named.quantity().qualifier() == types::v1::QUALIFIER_AT_LEAST;
        about |= named.quantity().qualifier() == types::v1::QUALIFIER_ABOUT;
      }
    }
    (*out)[absl::StrCat(section, ".", figure.key)] = figure.quantity == nullptr
                                                         ? absl::StrCat(count)
                                                         : absl::StrCat(about      ? "about "
                                                                        : at_least ? "AL "
                                                                                   : "",
                                                                        sum);
  }
}

// ----------------------------------------------------------------------------------- statistics

std::string StatisticOf(const Records& records, absl::string_view unit,
                        absl::string_view definition, absl::string_view period) {
  for (const scoring::v1::Statistic& row : records.statistics) {
    if (row.unit() == unit && row.definition() == definition && row.period() == period) {
      return ValueOf(row.quantity());
    }
  }
  return "";
}

double Number(const std::string& text) {
  double value = 0;
  return absl::SimpleAtod(text, &value) ? value : 0;
}

void RecountCounty(const Records& records, Values* out) {
  const absl::Time at = CountyInstant();
  CountKinds(records, "county-a", kCountyA, at,
             {{"townships", {"township"}},
              {"towns", {"town"}},
              {"villages", {"village"}},
              {"communities", {"community"}},
              {"committees", {"committee-area"}},
              {"parks", {"industrial-park"}}},
             out);
  int county_rank = 0;
  for (const auto& [name, record] : records.units) {
    if (name != kCountyA && IsOpen(records, name, at) && IsUnder(records, name, kCountyA, at)) {
      county_rank += record.unit().rank() == "levels/county" ? 1 : 0;
    }
  }
  (*out)["county-a.county-rank-inside"] = absl::StrCat(county_rank);
  CountCoverage(records, at, out);
  CountProgress(records, "county-a.measures", sample::kMeasureList, kCountyA, at, out);
  CountProgress(records, "county-a.problems", sample::kProblemList, kCountyA, at, out);
  SumActivities(records, "county-a", kCountyA, 2016, at,
                {{"lectures", "lecture", nullptr},
                 {"lecture-audience", "lecture", "audience"},
                 {"joint-activities", "joint-activity", "events"},
                 {"joint-participants", "joint-activity", "participants"},
                 {"stories", "stories", "stories"},
                 {"news", "news-item", nullptr},
                 {"broadcasts", "broadcast", nullptr},
                 {"handbooks", "handbooks", "handbooks"},
                 {"songs", "songs", "songs"},
                 {"streets", "opening", "streets"},
                 {"stalls", "opening", "stalls"},
                 {"base-modules", "training-base", "modules"},
                 {"base-courses", "training-base", "courses"},
                 {"base-sites", "training-base", "sites"},
                 {"base-forms", "training-base", "forms"}},
                out);
  (*out)["county-a.area"] = AttributeOf(records, kCountyA, registry::v1::ATTRIBUTE_KEY_AREA, at);
  (*out)["county-a.border"] =
      AttributeOf(records, kCountyA, registry::v1::ATTRIBUTE_KEY_BORDER_LENGTH, at);
  (*out)["county-a.population"] =
      AttributeOf(records, kCountyA, registry::v1::ATTRIBUTE_KEY_POPULATION, at);
  for (const char* level : {"nation", "region", "prefecture"}) {
    (*out)[absl::StrCat("county-a.individuals-", level)] =
        StatisticOf(records, kCountyA,
                    absl::StrCat(kCountyA, "/statisticDefinitions/individuals-", level), "2016");
  }
}

void RecountVisits(const Records& records, absl::Time at, Values* out) {
  std::set<std::string> sites;
  std::set<int> rounds;
  int visits = 0;
  for (const auto& [name, visit] : records.visits) {
    if (!IsUnder(records, OwnerOf(name), kCityB, at)) continue;
    if (FromProto(visit.started().time()) > at) continue;
    ++visits;
    sites.insert(OwnerOf(name));
    rounds.insert(visit.round());
  }
  int observations = 0;
  for (const inspections::v1::Observation& row : records.observations) {
    observations +=
        IsUnder(records, OwnerOf(row.name()), kCityB, at) && FromProto(row.captured_time()) <= at
            ? 1
            : 0;
  }
  (*out)["city-b.sites-inspected"] = absl::StrCat(sites.size());
  (*out)["city-b.rounds"] = absl::StrCat(rounds.size());
  (*out)["city-b.visits"] = absl::StrCat(visits);
  (*out)["city-b.observations"] = absl::StrCat(observations);
  std::map<int, int> follow_ups;
  for (const inspections::v1::FollowUp& row : records.follow_ups) {
    if (IsUnder(records, OwnerOf(row.name()), kCityB, at) && FromProto(row.moment().time()) <= at) {
      ++follow_ups[row.kind()];
    }
  }
  for (const auto& [kind, count] : follow_ups) {
    (*out)[absl::StrCat("city-b.follow-ups-", kind)] = absl::StrCat(count);
  }
}

void RecountCity(const Records& records, Values* out) {
  const absl::Time at = CityInstant();
  CountKinds(records, "city-b", kCityB, at,
             {{"subdistricts", {"subdistrict"}},
              {"townships", {"township"}},
              {"zones", {"development-zone"}},
              {"communities-villages", {"community", "village"}}},
             out);
  RecountVisits(records, at, out);
  (*out)["city-b.awareness"] =
      StatisticOf(records, kCityB, absl::StrCat(kCityB, "/statisticDefinitions/awareness"), "2014");
  SumActivities(records, "city-b", kCityB, 2014, at,
                {{"trained", "training", "trained"},
                 {"examined", "examination", "examined"},
                 {"notices", "notice", nullptr},
                 {"news", "news-item", nullptr},
                 {"signboards-large", "signboards", "large"},
                 {"signboards-medium", "signboards", "medium"},
                 {"signboards-small", "signboards", "small"},
                 {"banners", "advertising", "banners"},
                 {"taxis", "advertising", "taxis"},
                 {"lamp-posts", "advertising", "lamp-posts"},
                 {"leaflets", "printed-matter", "leaflets"},
                 {"books-handed-out", "printed-matter", "books-handed-out"},
                 {"books-printed", "printed-matter", "books-printed"},
                 {"bookmarks", "printed-matter", "bookmarks"},
                 {"events", "event", nullptr},
                 {"troupes", "troupes", "troupes"},
                 {"loans", "loans", "amount"},
                 {"loan-enterprises", "loans", "enterprises"}},
                out);
  const std::string office = "units/b-office";
  (*out)["city-b.budget"] = AttributeOf(records, office, registry::v1::ATTRIBUTE_KEY_BUDGET, at);
  (*out)["city-b.staff"] = AttributeOf(records, office, registry::v1::ATTRIBUTE_KEY_STAFF, at);
  (*out)["city-b.area"] = AttributeOf(records, kCityB, registry::v1::ATTRIBUTE_KEY_AREA, at);
  (*out)["city-b.population"] =
      AttributeOf(records, kCityB, registry::v1::ATTRIBUTE_KEY_POPULATION, at);
  (*out)["city-b.town-population"] =
      AttributeOf(records, kCityB, registry::v1::ATTRIBUTE_KEY_TOWN_POPULATION, at);
}

void RecountGrowth(const Records& records, Values* out) {
  const auto growth = [&](absl::string_view unit, const std::string& definition) {
    const double from = Number(StatisticOf(records, unit, definition, "2010"));
    const double to = Number(StatisticOf(records, unit, definition, "2015"));
    return (to - from) / from;
  };
  int above = 0;
  int points = 0;
  for (const char* id :
       {"regional-product", "urban-income", "rural-income", "revenue", "investment"}) {
    const std::string definition = absl::StrCat(kProvinceY, "/statisticDefinitions/", id);
    const double own = growth(kCountyC, definition);
    const bool over_prefecture = own > growth(sample::kPrefectureQ, definition);
    const bool over_province = own > growth(kProvinceY, definition);
    above += over_prefecture && over_province ? 1 : 0;
    points += 10 * (static_cast<int>(over_prefecture) + static_cast<int>(over_province));
    if (id == absl::string_view("revenue") || id == absl::string_view("investment")) continue;
    for (const char* year : {"2010", "2015"}) {
      (*out)[absl::StrCat("county-c.", id, "-", year)] =
          StatisticOf(records, kCountyC, definition, year);
    }
    (*out)[absl::StrCat("county-c.", id, "-growth")] = absl::StrFormat("%.2f", own);
    (*out)[absl::StrCat("county-c.", id, "-growth-percent")] = absl::StrFormat("%.2f", 100 * own);
  }
  (*out)["county-c.indicators-above"] = absl::StrCat(above);
  (*out)["county-c.score"] = absl::StrCat(points);
  const std::string rank = absl::StrCat(kProvinceY, "/statisticDefinitions/assessment-rank");
  (*out)["county-c.rank-2011"] = StatisticOf(records, kCountyC, rank, "2011");
  (*out)["county-c.rank-2014"] = StatisticOf(records, kCountyC, rank, "2014");
  (*out)["county-c.rank-up"] =
      absl::StrCat(static_cast<int>(Number(StatisticOf(records, kCountyC, rank, "2011")) -
                                    Number(StatisticOf(records, kCountyC, rank, "2014"))));
}

void RecountTargets(const Records& records, Values* out) {
  for (const auto& [name, measure] : records.measures) {
    if (OwnerOf(name) != kProvinceD) continue;
    (*out)[absl::StrCat("province-d.", cli::IdOf(name), "-by")] =
        measure.has_due_date() ? absl::StrCat("by ", measure.due_date().year()) : "no year";
  }
  SumActivities(records, "province-d", kProvinceD, 2014, CityInstant(),
                {{"kindergarten-coverage", "targets", "kindergarten-coverage"},
                 {"senior-secondary-enrolment", "targets", "senior-secondary-enrolment"},
                 {"characteristic-villages", "targets", "characteristic-villages"},
                 {"festivals", "targets", "festivals"}},
                out);
}

}  // namespace

bool IsOpen(const Records& records, const std::string& unit, absl::Time at) {
  const registry::v1::Unit& row = records.units.at(unit).unit();
  if (cli::ToDay(row.open_date()) > DayAt(at)) return false;
  return !row.has_close_date() || cli::ToDay(row.close_date()) > DayAt(at);
}

bool IsUnder(const Records& records, const std::string& unit, absl::string_view root,
             absl::Time at) {
  for (std::string name = unit; !name.empty(); name = ParentAt(records, name, at)) {
    if (name == root) return true;
  }
  return false;
}

registry::v1::EnrollmentRole RoleOf(const Records& records, const std::string& unit,
                                    absl::Time at) {
  for (const registry::v1::Enrollment& row : records.enrollments) {
    if (row.unit() != unit) continue;
    for (const registry::v1::EnrollmentSpan& span : row.spans()) {
      if (cli::ToDay(span.from_date()) <= DayAt(at) &&
          (!span.has_until_date() || DayAt(at) < cli::ToDay(span.until_date()))) {
        return span.role();
      }
    }
  }
  return registry::v1::ENROLLMENT_ROLE_UNSPECIFIED;
}

std::string HighestTitle(const Records& records, const std::string& unit, absl::Time at) {
  const absl::CivilDay today = DayAt(at);
  std::string highest;
  for (const registry::v1::Designation& row : records.designations) {
    if (OwnerOf(row.name()) != unit) continue;
    if (row.has_revoked_date() && cli::ToDay(row.revoked_date()) <= today) continue;
    for (const registry::v1::DesignationTerm& term : row.terms()) {
      if (cli::ToDay(term.named_date()) > today || cli::ToDay(term.valid_until()) < today) continue;
      if (highest.empty() ||
          records.levels.at(row.level()).ordinal() < records.levels.at(highest).ordinal()) {
        highest = row.level();
      }
    }
  }
  return highest;
}

ReportTally TallyReports(const Records& records, absl::string_view list, absl::string_view root,
                         absl::Time at) {
  ReportTally tally;
  for (const auto& [name, assignment] : records.assignments) {
    const measures::v1::Measure& measure = records.measures.at(assignment.measure());
    if (measure.list() != list || assignment.role() == measures::v1::ASSIGNMENT_ROLE_CO_OPERATOR ||
        !IsUnder(records, OwnerOf(name), root, at)) {
      continue;
    }
    absl::Time done = absl::InfiniteFuture();
    if (!CountsAsDone(records, assignment, at, &done)) done = absl::InfiniteFuture();
    // The sample's lists ask for a report by the end of the 22nd of each month of 2016.
    if (list != sample::kMeasureList && list != sample::kProblemList && list != sample::kDutyList) {
      continue;
    }
    for (int month = 1; month <= 12; ++month) {
      const absl::Time due = absl::FromCivil(absl::CivilDay(2016, month, 23), cli::ShanghaiZone());
      if (due > at || due > done) continue;
      const auto report = records.reports.find(
          absl::StrCat(name, "/reports/", absl::StrFormat("2016-%02d", month)));
      ++tally.due;
      if (report == records.reports.end()) continue;
      const absl::Time first = FromProto(report->second.events(0).moment().time());
      tally.on_time += first < due ? 1 : 0;
    }
  }
  return tally;
}

std::string PercentText(int64_t numerator, int64_t denominator) {
  if (denominator == 0) return "-";
  const int64_t hundredths = (numerator * 20000 + denominator) / (2 * denominator);
  std::string text = absl::StrFormat("%d.%02d", hundredths / 100, hundredths % 100);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

Values Recount(const Records& records) {
  Values values;
  RecountCounty(records, &values);
  RecountCity(records, &values);
  RecountGrowth(records, &values);
  RecountTargets(records, &values);
  CountProgress(records, "school-e.plan", sample::kSchoolList, kSchoolE, CityInstant(), &values);
  return values;
}

}  // namespace terrace::demo
