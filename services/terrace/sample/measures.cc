// The sample's measures: the county's two lists with one lead each, the townships' duties handed
// down a subtree, a province's targets, and a school's plan of its own.
#include <iterator>

#include "absl/strings/str_cat.h"
#include "services/terrace/sample/sample.h"

namespace terrace::sample {
namespace {

namespace v1 = measures::v1;

constexpr int kYear = 2016;
constexpr int kMeasures = 30;
constexpr int kMeasuresDone = 25;
constexpr int kProblems = 30;
constexpr int kProblemsDone = 21;
constexpr int kDuties = 3;

const absl::CivilDay kIssued(kYear, 1, 8);

std::string Period(int month) { return absl::StrCat(kYear, "-", TwoDigits(month)); }

// Every month by the 22nd, that day included, in the year.
v1::MeasureList MonthlyList(const char* name, const char* title, const char* title_zh) {
  v1::MeasureList list;
  list.set_name(name);
  list.set_display_name(title);
  (*list.mutable_localized_names())["zh"] = title_zh;
  list.set_programme(kProgramme);
  list.set_time_zone("Asia/Shanghai");
  v1::DueRuleVersion& version = *list.add_due_rules();
  version.set_from_period(Period(1));
  v1::DueRule& rule = *version.mutable_rule();
  rule.set_frequency(v1::REPORT_FREQUENCY_MONTHLY);
  rule.set_day(22);
  rule.set_inclusive(true);
  list.set_last_period(Period(12));
  return list;
}

MeasureRecord* AddMeasure(Sample* sample, const std::string& office, const std::string& list,
                          const std::string& id, const std::string& title) {
  MeasureRecord& record = sample->measures.emplace_back();
  record.name = absl::StrCat(office, "/measures/", id);
  record.issued = NoonOf(kIssued);
  record.measure.set_list(list);
  record.measure.set_display_name(title);
  *record.measure.mutable_start_date() = DateOf(absl::CivilDay(kYear, 1, 1));
  return &record;
}

// What the unit handed in for the months that fell due before it was done. Some reports come two
// days late and a few are missing, by a pattern that `seed` shifts.
void AddReports(AssignmentHistory* history, absl::CivilDay done, int seed) {
  for (int month = 1; month <= 12; ++month) {
    const absl::CivilDay due(kYear, month, 22);
    if (due >= done) break;
    const int pattern = (seed * 7 + month * 11) % 59;
    if (pattern == 0) continue;  // Missing.
    const bool late = pattern % 14 == 1;
    const absl::CivilDay day = late ? due + 2 : due - pattern % 7;
    history->reports.push_back({Period(month), NoonOf(day), month * 100 / 12,
                                absl::StrCat("work of ", Period(month), " carried out")});
  }
}

// A measure or a problem of the county with one lead, two helpers and its course in 2016.
struct Task {
  std::string list;
  std::string id;
  std::string title;
  int lead;  // Number of the agency.
  absl::CivilDay due;
  absl::optional<absl::CivilDay> done;
  int seed;
};

void AddTask(Sample* sample, const Task& task) {
  MeasureRecord* record = AddMeasure(sample, kCountyA, task.list, task.id, task.title);
  v1::Measure& measure = record->measure;
  *measure.mutable_due_date() = DateOf(task.due);
  measure.set_phase(task.due.year() == kYear ? v1::PHASE_SHORT_TERM : v1::PHASE_MID_TERM);
  measure.mutable_completion()->set_done_by(v1::DONE_BY_VERIFICATION);
  v1::Lead& lead = *measure.mutable_lead();
  lead.set_unit(absl::StrCat("units/a-agency-", TwoDigits(task.lead)));
  for (int helper : {task.lead % 60 + 1, (task.lead + 6) % 60 + 1}) {
    lead.add_co_operators(absl::StrCat("units/a-agency-", TwoDigits(helper)));
  }
  lead.set_responsible_role("deputy head");

  AssignmentHistory& history = sample->assignments.emplace_back();
  history.measure = record->name;
  history.unit = lead.unit();
  history.acting_office = kCountyA;
  if (task.done) {
    history.claimed = NoonOf(*task.done - 3);
    history.verified = NoonOf(*task.done);
  }
  AddReports(&history, task.done.value_or(absl::CivilDay(kYear + 1, 1, 1)), task.seed);
}

// Those that are not done: overdue, due in the first days of January, and due in the next year.
absl::CivilDay OpenDue(int index) {
  switch (index % 3) {
    case 0:
      return absl::CivilDay(kYear, 12, 20);
    case 1:
      return absl::CivilDay(kYear + 1, 1, 2);
    default:
      return absl::CivilDay(kYear + 1, 6, 30);
  }
}

void AddCountyTasks(Sample* sample) {
  sample->lists.push_back(MonthlyList(kMeasureList, "Measures of 2016", "2016年措施清单"));
  sample->lists.push_back(
      MonthlyList(kProblemList, "People's problems of 2016", "2016年民生问题清单"));
  for (int i = 0; i < kMeasures; ++i) {
    const bool done = i < kMeasuresDone;
    AddTask(sample, {kMeasureList, absl::StrCat("measure-", TwoDigits(i + 1)),
                     absl::StrCat("Measure ", TwoDigits(i + 1)), i + 1,
                     done ? absl::CivilDay(kYear, 12, 31) : OpenDue(i),
                     done ? absl::make_optional(absl::CivilDay(kYear, 6 + i % 7, 5 + i % 20))
                          : absl::nullopt,
                     i});
  }
  for (int i = 0; i < kProblems; ++i) {
    const bool done = i < kProblemsDone;
    AddTask(sample, {kProblemList, absl::StrCat("problem-", TwoDigits(i + 1)),
                     absl::StrCat("Problem ", TwoDigits(i + 1)), 31 + i,
                     done ? absl::CivilDay(kYear, 12, 31) : OpenDue(i),
                     done ? absl::make_optional(absl::CivilDay(kYear, 5 + i % 8, 3 + i % 22))
                          : absl::nullopt,
                     i + 100});
  }
}

// Duties that the nation hands down to every township of county A.
void AddDuties(Sample* sample) {
  constexpr const char* kTitles[kDuties] = {"Publish the village boards every month",
                                            "Hold the yearly open day",
                                            "Train the village offices"};
  sample->lists.push_back(MonthlyList(kDutyList, "Duties of townships 2016", "2016年乡镇任务"));
  for (int i = 0; i < kDuties; ++i) {
    MeasureRecord* record =
        AddMeasure(sample, kNation, kDutyList, absl::StrCat("duty-", i + 1), kTitles[i]);
    *record->measure.mutable_due_date() = DateOf(absl::CivilDay(kYear, 12, 25));
    record->measure.mutable_completion()->set_done_by(v1::DONE_BY_VERIFICATION);
    v1::Cascade& cascade = *record->measure.mutable_cascade();
    cascade.set_subtree(kCountyA);
    cascade.add_levels("levels/township");
    cascade.add_kinds("kinds/town");
    cascade.add_kinds("kinds/township");
    cascade.set_programme(kProgramme);
    for (int t = 0; t < kTownshipCount; ++t) {
      AssignmentHistory& history = sample->assignments.emplace_back();
      history.measure = record->name;
      history.unit = absl::StrCat("units/", kTownships[t].id);
      history.acting_office = kCountyA;
      // Two duties of three are done nearly everywhere, the last in half of the townships.
      const bool done = (t * 3 + i * 5) % 10 < (i == kDuties - 1 ? 5 : 9);
      const absl::CivilDay day(kYear, 10 + (t + i) % 3, 3 + (t * 2 + i) % 20);
      if (done) {
        history.claimed = NoonOf(day - 2);
        history.verified = NoonOf(day);
      }
      AddReports(&history, done ? day : absl::CivilDay(kYear + 1, 1, 1), t * 3 + i + 200);
    }
  }
}

// Province D's targets: two with the year by which they are due, two without.
void AddTargets(Sample* sample) {
  v1::MeasureList list;
  list.set_name(kTargetList);
  list.set_display_name("Targets of Province D");
  (*list.mutable_localized_names())["zh"] = "D省目标";
  sample->lists.push_back(list);
  struct Target {
    const char* id;
    const char* title;
    const char* lead;
    int due_year;  // 0 for none.
  };
  constexpr Target kTargets[] = {
      {"kindergartens", "A public kindergarten in every urban community and every township",
       "units/d-education", 2015},
      {"senior-secondary", "Senior-secondary gross enrolment of about 90 %", "units/d-education",
       2020},
      {"villages", "500 characteristic villages", "units/d-culture", 0},
      {"festivals", "20 festivals", "units/d-culture", 0},
  };
  for (const Target& target : kTargets) {
    MeasureRecord* record = AddMeasure(sample, kProvinceD, kTargetList,
                                       absl::StrCat("target-", target.id), target.title);
    *record->measure.mutable_start_date() = DateOf(absl::CivilDay(2014, 1, 1));
    record->issued = NoonOf(absl::CivilDay(2014, 1, 15));
    if (target.due_year != 0) {
      *record->measure.mutable_due_date() = DateOf(absl::CivilDay(target.due_year, 12, 31));
    }
    record->measure.set_phase(v1::PHASE_LONG_TERM);
    record->measure.mutable_lead()->set_unit(target.lead);
  }
}

// The smallest user: a school that hands itself a plan and reports on it by its own word.
void AddSchoolPlan(Sample* sample) {
  v1::MeasureList list;
  list.set_name(kSchoolList);
  list.set_display_name("Plan of School E");
  (*list.mutable_localized_names())["zh"] = "E学校工作计划";
  sample->lists.push_back(list);
  struct Step {
    const char* id;
    const char* title;
    int done_month;  // 0 while it is not done.
  };
  constexpr Step kSteps[] = {{"leading-group", "Set up a leading group", 3},
                             {"duties", "Break the duties down to every class", 4},
                             {"publicity", "Publicity on boards and in lessons", 6},
                             {"checks", "Check every term what has been done", 0}};
  for (const Step& step : kSteps) {
    MeasureRecord* record = AddMeasure(sample, kSchoolE, kSchoolList, step.id, step.title);
    *record->measure.mutable_start_date() = DateOf(absl::CivilDay(2014, 3, 1));
    record->issued = NoonOf(absl::CivilDay(2014, 3, 1));
    *record->measure.mutable_due_date() = DateOf(absl::CivilDay(2014, 12, 31));
    record->measure.mutable_completion()->set_done_by(v1::DONE_BY_CLAIM);
    record->measure.mutable_lead()->set_unit(kSchoolE);
    AssignmentHistory& history = sample->assignments.emplace_back();
    history.measure = record->name;
    history.unit = kSchoolE;
    if (step.done_month > 0) history.claimed = NoonOf(absl::CivilDay(2014, step.done_month, 20));
  }
}

}  // namespace

void AddMeasures(Sample* sample) {
  AddCountyTasks(sample);
  AddDuties(sample);
  AddTargets(sample);
  AddSchoolPlan(sample);
}

}  // namespace terrace::sample
