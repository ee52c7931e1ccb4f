// The demo data: the records of one invented region, from which the demo computes its figures.
//
// Concept. A neutral "model-unit programme" with invented names: a county (A) with its 261
// participating units in 2016, a city (B) with its inspected sites in 2014, a county (C) with the
// statistics of a plan, a province (D) with its targets and a school (E) with a plan of its own.
// Everything is a record as the public API takes it: units, enrolments, titles, measures, reports,
// visits, activities, statistics. No figure of the demo's report is written down here as such; the
// services count them. What is left out on purpose: whatever breaks down persons by ethnicity or
// belief, households, religious venues, military units, incidents, petitions, real names.
//
// The records are made by rule, without chance: every run gives the same.
//
// Thread-safety. Plain values and pure functions.
#ifndef TERRACE_SERVICES_TERRACE_SAMPLE_SAMPLE_H_
#define TERRACE_SERVICES_TERRACE_SAMPLE_SAMPLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"
#include "terrace/inspections/v1/checklists.pb.h"
#include "terrace/inspections/v1/field.pb.h"
#include "terrace/inspections/v1/findings.pb.h"
#include "terrace/inspections/v1/follow_ups.pb.h"
#include "terrace/measures/v1/activities.pb.h"
#include "terrace/measures/v1/lists.pb.h"
#include "terrace/measures/v1/measures.pb.h"
#include "terrace/measures/v1/reports.pb.h"
#include "terrace/registry/v1/designation.pb.h"
#include "terrace/registry/v1/import.pb.h"
#include "terrace/registry/v1/programme.pb.h"
#include "terrace/registry/v1/unit.pb.h"
#include "terrace/scoring/v1/scoreboard.pb.h"
#include "terrace/scoring/v1/statistic.pb.h"

namespace terrace::sample {

// Offices and resources that the demo's report asks about.
inline constexpr char kNation[] = "units/nation";
inline constexpr char kCountyA[] = "units/county-a";
inline constexpr char kCityB[] = "units/city-b";
inline constexpr char kCountyC[] = "units/county-c";
inline constexpr char kPrefectureQ[] = "units/prefecture-q";
inline constexpr char kProvinceY[] = "units/province-y";
inline constexpr char kProvinceD[] = "units/province-d";
inline constexpr char kSchoolE[] = "units/school-e";
inline constexpr char kProgramme[] = "units/nation/programmes/model-unit";
inline constexpr char kChecklist[] = "units/nation/checklists/site@1";
inline constexpr char kMeasureList[] = "units/county-a/measureLists/measures";
inline constexpr char kProblemList[] = "units/county-a/measureLists/problems";
inline constexpr char kDutyList[] = "units/nation/measureLists/township-duties";
inline constexpr char kTargetList[] = "units/province-d/measureLists/targets";
inline constexpr char kSchoolList[] = "units/school-e/measureLists/plan";
inline constexpr char kTownshipScheme[] = "units/nation/schemes/township-work";
inline constexpr char kTownshipPeriod[] = "2016";
inline constexpr char kGrowthScheme[] = "units/province-y/schemes/development";
inline constexpr char kGrowthPeriod[] = "2015";

// A measure, whom it was given to when, and what became of it.
struct MeasureRecord {
  std::string name;  // "units/{office}/measures/{measure}"
  measures::v1::Measure measure;
  absl::Time issued;
};

// What one unit did about one measure. A loader finds the assignment's name by the two.
struct AssignmentHistory {
  std::string measure;
  std::string unit;
  absl::optional<absl::Time> claimed;
  absl::optional<absl::Time> verified;  // After the claim.
  std::string acting_office;            // Who verifies.
  struct Report {
    std::string period;
    absl::Time received;
    int progress_percent = 0;
    std::string text;
  };
  std::vector<Report> reports;
};

// What became of a finding after the visit.
struct FindingHistory {
  std::string finding;
  absl::Time claimed;
  absl::optional<absl::Time> rechecked;
  std::string acting_office;
};

struct VisitRecords {
  std::string acting_office;
  std::vector<inspections::v1::SyncItem> items;
};

struct FollowUpRecord {
  std::string unit;
  std::string id;
  std::string acting_office;
  inspections::v1::FollowUp follow_up;
};

struct StatisticRecords {
  std::string office;
  std::string id;
  scoring::v1::StatisticDefinition definition;
  std::vector<scoring::v1::StatisticRow> rows;
};

struct SchemeRecord {
  std::string office;
  std::string id;
  std::string version;
  scoring::v1::Scheme scheme;
};

struct Sample {
  std::vector<registry::v1::ImportUnitRow> units;  // Parents before children.
  std::vector<registry::v1::CloseUnitRequest> closures;
  registry::v1::CreateProgrammeRequest programme;
  // In this order: units join, some change their role, some leave.
  std::vector<registry::v1::EnrollUnitsRequest::Row> enrollments;
  std::vector<registry::v1::EnrollUnitsRequest::Row> role_changes;
  std::vector<registry::v1::WithdrawUnitsRequest::Row> withdrawals;
  std::vector<registry::v1::ImportDesignationRow> designations;

  std::vector<measures::v1::MeasureList> lists;  // With their names.
  std::vector<MeasureRecord> measures;
  std::vector<AssignmentHistory> assignments;
  std::vector<measures::v1::Activity> activities;  // With their names.

  inspections::v1::Checklist checklist;
  std::vector<VisitRecords> visits;
  std::vector<FindingHistory> findings;
  std::vector<FollowUpRecord> follow_ups;

  std::vector<StatisticRecords> statistics;
  std::vector<SchemeRecord> schemes;
};

Sample MakeSample();

// ------------------------------------------------------------------------------------ the parts

void AddUnits(Sample* sample);
void AddProgramme(Sample* sample);  // After the units: programme, enrolments, titles.
void AddMeasures(Sample* sample);   // Lists, measures, reports.
void AddActivities(Sample* sample);
void AddInspections(Sample* sample);
void AddStatistics(Sample* sample);  // And schemes.

// One township or town of county A.
struct Township {
  const char* id;
  const char* place;     // "East Lake"
  const char* place_zh;  // "东湖"
  bool town;
  int villages;
  int communities;
};
inline constexpr int kTownshipCount = 10;
extern const Township kTownships[kTownshipCount];

// Ids of county A's participating units below the townships' tier and beside it: "a-school-01".
struct SiteKind {
  const char* id;       // "school"
  const char* kind;     // "kinds/school"
  const char* name;     // "School"
  const char* name_zh;  // "学校"
  const char* uscc;     // The first two characters of its codes.
  int count;
};
extern const SiteKind kSiteKinds[];
extern const int kSiteKindCount;
std::string SiteId(const SiteKind& kind, int number);

// The units of county A that take part, in the order in which they are dealt titles.
std::vector<std::string> ParticipantIds();

// The sites of city B that are inspected.
std::vector<std::string> CitySiteIds();
// A new visit to a township, as the self-test of the demo adds one: every answer is the worst.
VisitRecords MakeBadVisit(absl::string_view unit, absl::string_view visit, absl::Time start);

// --------------------------------------------------------------------------------- small helpers

google::type::Date DateOf(absl::CivilDay day);
// Noon of that day in Asia/Shanghai.
absl::Time NoonOf(absl::CivilDay day);
google::protobuf::Timestamp NoonProto(absl::CivilDay day);
types::v1::Quantity MakeQuantity(int64_t value, absl::string_view unit,
                                 types::v1::Qualifier qualifier = types::v1::QUALIFIER_EXACT);
types::v1::Quantity MakeDecimalQuantity(
    absl::string_view value, absl::string_view unit,
    types::v1::Qualifier qualifier = types::v1::QUALIFIER_EXACT);
// Part i of n of a total: whole numbers that differ a little and add up to it.
int64_t PartOf(int64_t total, int n, int i);
// A unified social credit code with the right check character, made of a number.
std::string MakeUscc(absl::string_view first_two, int number);
// "07".
std::string TwoDigits(int number);

}  // namespace terrace::sample

#endif  // TERRACE_SERVICES_TERRACE_SAMPLE_SAMPLE_H_
