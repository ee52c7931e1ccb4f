// Helpers of tests: small worlds made of the messages that scoring follows.
#ifndef TERRACE_SERVICES_SCORING_TEST_WORLD_H_
#define TERRACE_SERVICES_SCORING_TEST_WORLD_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/check.h"
#include "common/base/time.h"
#include "google/protobuf/text_format.h"
#include "services/scoring/boards/scheme_board.h"
#include "services/scoring/facts/facts.h"
#include "terrace/inspections/v1/watch.pb.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "terrace/registry/v1/watch.pb.h"
#include "terrace/scoring/v1/scheme.pb.h"

namespace terrace::scoring {

template <class T>
T Parse(const std::string& text) {
  T message;
  TERRACE_CHECK(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

// "2016-05-22 10:00" in Asia/Shanghai.
inline absl::Time At(const std::string& text) {
  absl::Time time;
  std::string error;
  TERRACE_CHECK(
      absl::ParseTime("%Y-%m-%d %H:%M", text, absl::FixedTimeZone(8 * 3600), &time, &error));
  return time;
}

inline google::type::Date Date(const std::string& text) {
  absl::StatusOr<absl::CivilDay> day = calendar::ParseDay(text, "");
  TERRACE_CHECK(day.ok());
  google::type::Date date;
  date.set_year(static_cast<int32_t>(day->year()));
  date.set_month(day->month());
  date.set_day(day->day());
  return date;
}

inline std::string UnitNamed(const std::string& id) { return absl::StrCat("units/", id); }

// ---- Messages. Ids without collections.

inline registry::v1::RegistryChange UnitChange(const std::string& id, const std::string& level,
                                               const std::string& kind,
                                               const std::string& closed = "") {
  registry::v1::RegistryChange change;
  registry::v1::Unit& unit = *change.mutable_unit();
  unit.set_name(UnitNamed(id));
  unit.set_level("levels/" + level);
  unit.set_kind("kinds/" + kind);
  if (!closed.empty()) *unit.mutable_close_date() = Date(closed);
  return change;
}

inline registry::v1::RegistryChange PlaceChange(const std::string& id, const std::string& parent,
                                                const std::string& from) {
  registry::v1::RegistryChange change;
  registry::v1::Placement& place = *change.mutable_placement();
  place.set_name(absl::StrCat(UnitNamed(id), "/placements/", from));
  if (!parent.empty()) place.set_parent(UnitNamed(parent));
  *place.mutable_from_date() = Date(from);
  return change;
}

using Dates = std::vector<std::pair<std::string, std::string>>;  // From, until; empty for open.

inline registry::v1::RegistryChange EnrollChange(const std::string& programme,
                                                 const std::string& id, const Dates& spans) {
  registry::v1::RegistryChange change;
  registry::v1::Enrollment& enrollment = *change.mutable_enrollment();
  enrollment.set_name(absl::StrCat(programme, "/enrollments/", id));
  for (const auto& [from, until] : spans) {
    registry::v1::EnrollmentSpan& span = *enrollment.add_spans();
    *span.mutable_from_date() = Date(from);
    if (!until.empty()) *span.mutable_until_date() = Date(until);
  }
  return change;
}

inline registry::v1::RegistryChange TitleChange(const std::string& programme, const std::string& id,
                                                const std::string& title, const Dates& terms,
                                                const std::string& revoked = "") {
  registry::v1::RegistryChange change;
  registry::v1::Designation& designation = *change.mutable_designation();
  designation.set_name(absl::StrCat(UnitNamed(id), "/designations/", title));
  designation.set_programme(programme);
  for (const auto& [named, until] : terms) {
    registry::v1::DesignationTerm& term = *designation.add_terms();
    *term.mutable_named_date() = Date(named);
    if (!until.empty()) *term.mutable_valid_until() = Date(until);
  }
  if (!revoked.empty()) *designation.mutable_revoked_date() = Date(revoked);
  return change;
}

// ---- Whoever is told by such messages.

class Teller {
 public:
  virtual ~Teller() = default;

  void Tell(registry::v1::RegistryChange change) {
    registry::v1::WatchUnitsResponse message;
    *message.add_changes() = std::move(change);
    Deliver(std::move(message));
  }
  void Tell(const measures::v1::MeasureChange& change) {
    measures::v1::WatchMeasuresResponse message;
    *message.add_changes() = change;
    Deliver(std::move(message));
  }
  void Tell(const inspections::v1::WatchedResource& resource) {
    inspections::v1::WatchInspectionsResponse message;
    *message.add_resources() = resource;
    Deliver(std::move(message));
  }

  void Visit(const std::string& unit, const std::string& id, const std::string& started,
             const std::string& submitted = "", const std::string& aborted = "") {
    inspections::v1::WatchedResource resource;
    inspections::v1::Visit& visit = *resource.mutable_visit();
    visit.set_name(absl::StrCat("units/", unit, "/visits/", id));
    visit.set_checklist("units/county/checklists/village@3");
    visit.set_kind(inspections::v1::INSPECTION_KIND_SCHEDULED);
    visit.set_state(inspections::v1::Visit::STATE_STARTED);
    *visit.mutable_started()->mutable_time() = ToProto(At(started));
    if (!submitted.empty()) {
      visit.set_state(inspections::v1::Visit::STATE_SUBMITTED);
      *visit.mutable_finished()->mutable_time() = ToProto(At(submitted));
    }
    if (!aborted.empty()) {
      visit.set_state(inspections::v1::Visit::STATE_ABORTED);
      *visit.mutable_aborted()->mutable_time() = ToProto(At(aborted));
    }
    Tell(resource);
  }
  void Observe(const std::string& visit, const std::string& id, const std::string& answer,
               const std::string& item, const std::string& time) {
    auto resource = Parse<inspections::v1::WatchedResource>("observation { " + answer + " }");
    inspections::v1::Observation& observation = *resource.mutable_observation();
    observation.set_name(absl::StrCat("units/", visit, "/observations/", id));
    observation.set_item(item);
    *observation.mutable_captured_time() = ToProto(At(time));
    Tell(resource);
  }
  void Find(const std::string& name, const std::vector<std::pair<int, std::string>>& steps,
            const std::string& due) {
    inspections::v1::WatchedResource resource;
    inspections::v1::Finding& finding = *resource.mutable_finding();
    finding.set_name("units/" + name);
    finding.set_severity(inspections::v1::SEVERITY_GENERAL);
    for (const auto& [state, time] : steps) {
      inspections::v1::FindingStep& step = *finding.add_steps();
      step.set_state(static_cast<inspections::v1::Finding::State>(state));
      *step.mutable_moment()->mutable_time() = ToProto(At(time));
      *step.mutable_due_time() = ToProto(At(due));
    }
    Tell(resource);
  }
  // A list with reports due at the end of the 22nd of every month.
  void TellList() {
    Tell(Parse<measures::v1::MeasureChange>(R"pb(
      measure_list {
        name: "units/county/measureLists/tasks"
        due_rules {
          from_period: "2016-01"
          rule { frequency: REPORT_FREQUENCY_MONTHLY day: 22 }
        }
      })pb"));
  }
  void TellMeasure(const std::string& id) {
    auto change = Parse<measures::v1::MeasureChange>(R"pb(
      measure {
        list: "units/county/measureLists/tasks"
        issues { number: 1 }
      })pb");
    change.mutable_measure()->set_name("units/county/measures/" + id);
    *change.mutable_measure()->mutable_issues(0)->mutable_issued()->mutable_time() =
        ToProto(At("2016-01-01 00:00"));
    Tell(change);
  }
  void Assign(const std::string& unit, const std::string& measure,
              const std::string& verified = "") {
    measures::v1::MeasureChange change;
    measures::v1::Assignment& assignment = *change.mutable_assignment();
    assignment.set_name(absl::StrCat("units/", unit, "/assignments/", measure));
    assignment.set_measure("units/county/measures/" + measure);
    assignment.set_role(measures::v1::ASSIGNMENT_ROLE_LEAD);
    assignment.set_issue(1);
    if (!verified.empty()) {
      measures::v1::AssignmentEvent& event = *assignment.add_events();
      event.set_type(measures::v1::AssignmentEvent::TYPE_VERIFIED);
      *event.mutable_moment()->mutable_time() = ToProto(At(verified));
    }
    Tell(change);
  }
  void Report(const std::string& unit, const std::string& measure, const std::string& period,
              const std::string& submitted, bool late) {
    measures::v1::MeasureChange change;
    measures::v1::Report& report = *change.mutable_report();
    report.set_name(absl::StrCat("units/", unit, "/assignments/", measure, "/reports/", period));
    report.set_timeliness(late ? measures::v1::TIMELINESS_LATE : measures::v1::TIMELINESS_ON_TIME);
    measures::v1::ReportEvent& event = *report.add_events();
    event.set_type(measures::v1::ReportEvent::TYPE_SUBMITTED);
    *event.mutable_moment()->mutable_time() = ToProto(At(submitted));
    Tell(change);
  }

  // A unit with its place from the year 2000 on.
  void AddUnit(const std::string& id, const std::string& parent, const std::string& level,
               const std::string& kind = "area") {
    Tell(UnitChange(id, level, kind));
    Tell(PlaceChange(id, parent, "2000-01-01"));
  }

 protected:
  virtual void Deliver(registry::v1::WatchUnitsResponse message) = 0;
  virtual void Deliver(measures::v1::WatchMeasuresResponse message) = 0;
  virtual void Deliver(inspections::v1::WatchInspectionsResponse message) = 0;
};

// Facts alone, and what messages touched since it was asked last.
class World : public Teller {
 public:
  // `value` in thousandths.
  void TellFigure(const std::string& id, const std::string& definition, const std::string& period,
                  int64_t value, absl::Time known = absl::InfinitePast()) {
    const Unit unit = facts.ids.Number(id);
    facts.figures.Set(
        unit, definition, *calendar::Period::Parse(period),
        {FixedSum::FromUnits(int128_t{value} * (kFixedUnitsPerOne / 1000)), known, 0});
    touched_.figures.emplace_back(definition, unit);
  }

  void TellCampaign(const std::string& name, absl::optional<ReviewCampaign> campaign) {
    touched_.everything |= facts.reviews.SetCampaign(name, std::move(campaign));
  }
  void TellStage(const std::string& id, const std::string& campaign, const std::string& stage,
                 const absl::optional<ReviewStage>& given) {
    const Unit unit = facts.ids.Number(id);
    const bool beside = facts.reviews.SetStage(unit, campaign, stage, given);
    touched_.sheets.push_back(unit);
    if (beside) touched_.beside.push_back(unit);
  }
  // Results of "units/county/schemes/other", in thousandths.
  void TellPublished(const std::string& id, const std::string& corrects, const std::string& period,
                     absl::Time final_from,
                     const std::vector<std::pair<std::string, int64_t>>& scores) {
    constexpr char kOther[] = "units/county/schemes/other";
    for (const auto& [unit, score] : scores) {
      facts.published.SetScore(id, UnitOf(unit),
                               FixedSum::FromUnits(int128_t{score} * (kFixedUnitsPerOne / 1000)));
    }
    if (facts.published.SetPublication(kOther, *calendar::Period::Parse(period),
                                       {id, corrects, final_from})) {
      touched_.published.push_back(kOther);
    }
  }

  Touched TakeTouched() { return std::exchange(touched_, Touched()); }
  Unit UnitOf(const std::string& id) { return facts.ids.Number(id); }

  Facts facts;

 protected:
  void Deliver(registry::v1::WatchUnitsResponse message) override {
    RegistryFacts::Touched touched;
    facts.registry.Apply(message, &touched);
    touched_.places.insert(touched_.places.end(), touched.units.begin(), touched.units.end());
    for (auto& programme : touched.programmes) touched_.programmes.push_back(std::move(programme));
    touched_.everything |= touched.zones;
  }
  void Deliver(measures::v1::WatchMeasuresResponse message) override {
    facts.measures.Apply(message, &touched_.sheets);
  }
  void Deliver(inspections::v1::WatchInspectionsResponse message) override {
    facts.inspections.Apply(message, &touched_.sheets);
  }

 private:
  Touched touched_;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_TEST_WORLD_H_
