// The sample's inspections: one checklist, the townships of county A twice in 2016, the sites of
// city B three times in 2014, what was found, and what came of it.
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/time.h"
#include "services/terrace/sample/sample.h"

namespace terrace::sample {
namespace {

namespace v1 = inspections::v1;

v1::ChecklistItem* AddItem(v1::Checklist* checklist, const char* id, const char* section,
                           const char* en, const char* zh, v1::AnswerType type) {
  v1::ChecklistItem& item = *checklist->add_items();
  item.set_id(id);
  item.set_section(section);
  item.set_text_en(en);
  item.set_text_zh(zh);
  item.set_answer_type(type);
  return &item;
}

void FillChecklist(v1::Checklist* checklist) {
  checklist->set_display_name("Site check");
  (*checklist->mutable_localized_names())["zh"] = "现场检查表";
  AddItem(checklist, "board", "Premises", "Is the notice board up to date?", "公示栏是否及时更新？",
          v1::ANSWER_TYPE_PASS_FAIL)
      ->set_severity(v1::SEVERITY_GENERAL);
  AddItem(checklist, "signs", "Premises", "Of ten signs, how many can be read?",
          "抽查十处标识，几处清晰？", v1::ANSWER_TYPE_COUNT)
      ->set_sample_size(10);
  AddItem(checklist, "knowledge", "Staff",
          "Of five asked at the desk, how many knew the programme?",
          "抽问五个窗口，几个知晓创建工作？", v1::ANSWER_TYPE_COUNT)
      ->set_sample_size(5);
  v1::ChecklistItem* records =
      AddItem(checklist, "records", "Records", "How complete are the records?", "台账是否齐全？",
              v1::ANSWER_TYPE_GRADE);
  for (const char* grade : {"A", "B", "C", "D"}) records->add_grades(grade);
  AddItem(checklist, "defects", "Services", "How many defects of the service were seen?",
          "发现几处服务缺陷？", v1::ANSWER_TYPE_NUMBER);
}

// How well a unit did on one visit: 0 is best.
struct Quality {
  bool board_failed;
  int signs_missed;      // Of ten.
  int knowledge_missed;  // Of five.
  int grade;             // 0 for A.
  int defects;
};

Quality QualityOf(int unit, int round) {
  const int luck = (unit * 7 + round * 5) % 11;
  // Every round is a little better than the one before.
  const int strain = luck > round ? luck - round : 0;
  return {strain >= 7, strain / 2, strain / 3, strain / 3, strain / 2};
}

class VisitWriter {
 public:
  // `device` counts its observations from 1; `start` is when the team arrived.
  VisitWriter(VisitRecords* records, std::string visit, std::string device, absl::Time start)
      : records_(records), visit_(std::move(visit)), device_(std::move(device)), time_(start) {}

  void Start(int round, v1::InspectionKind kind) {
    v1::SyncStart& start = *Item().mutable_start();
    start.set_round(round);
    start.set_kind(kind);
    start.set_programme(kProgramme);
    *start.mutable_captured_time() = ToProto(time_);
  }

  v1::Observation* Observe(const char* item) {
    v1::Observation& observation = *Item().mutable_observation();
    observation.set_name(absl::StrCat(visit_, "/observations/", device_, "-", ++count_));
    observation.set_item(item);
    time_ += absl::Minutes(6);
    *observation.mutable_captured_time() = ToProto(time_);
    return &observation;
  }

  // The name that the finding raised with the last observation gets.
  std::string FindingName() const {
    return absl::StrCat(visit_, "/findings/", device_, "-", count_);
  }

  void Submit() {
    v1::SyncSubmit& submit = *Item().mutable_submit();
    v1::DeviceCount& declared = *submit.add_declared();
    declared.set_device(device_);
    declared.set_count(count_);
    time_ += absl::Minutes(15);
    *submit.mutable_captured_time() = ToProto(time_);
  }

 private:
  v1::SyncItem& Item() {
    v1::SyncItem& item = records_->items.emplace_back();
    item.set_visit(visit_);
    item.set_checklist(kChecklist);
    return item;
  }

  VisitRecords* records_;
  const std::string visit_;
  const std::string device_;
  absl::Time time_;
  int count_ = 0;
};

void SetCount(v1::Observation* observation, int missed, int sample) {
  observation->mutable_count()->set_hits(sample - missed);
  observation->mutable_count()->set_sample(sample);
}

// All observations of a visit. Returns the name of the finding that it raises, or nothing.
std::string Observe(const Quality& quality, absl::optional<absl::CivilDay> rectify_by,
                    VisitWriter* visit) {
  std::string finding;
  v1::Observation* board = visit->Observe("board");
  board->set_passed(!quality.board_failed);
  if (quality.board_failed) {
    board->set_reason("notices older than three months");
    v1::Finding& raised = *board->mutable_finding();
    raised.set_text("The notice board shows notices that are out of date.");
    if (rectify_by) *raised.mutable_rectify_by() = DateOf(*rectify_by);
    finding = visit->FindingName();
  }
  SetCount(visit->Observe("signs"), quality.signs_missed, 10);
  SetCount(visit->Observe("knowledge"), quality.knowledge_missed, 5);
  visit->Observe("records")->set_grade(std::string(1, static_cast<char>('A' + quality.grade)));
  visit->Observe("defects")->mutable_number()->set_value(absl::StrCat(quality.defects));
  return finding;
}

// Twice a year; what was found is put right in time, late, or not at all, in turn.
void AddTownshipVisits(Sample* sample) {
  int found = 0;
  for (int round = 1; round <= 2; ++round) {
    VisitRecords& records = sample->visits.emplace_back();
    records.acting_office = kCountyA;
    for (int t = 0; t < kTownshipCount; ++t) {
      const absl::CivilDay day(2016, round == 1 ? 6 : 11, 6 + 2 * t);
      VisitWriter visit(&records,
                        absl::StrCat("units/", kTownships[t].id, "/visits/2016-round-", round),
                        "tablet1", NoonOf(day) - absl::Hours(2));
      visit.Start(round, v1::INSPECTION_KIND_SCHEDULED);
      const std::string finding = Observe(QualityOf(t, round - 1), day + 20, &visit);
      visit.Submit();
      if (finding.empty() || ++found % 4 == 0) continue;  // Every fourth is never put right.
      const absl::CivilDay put_right = found % 4 == 3 ? day + 28 : day + 12;
      sample->findings.push_back(
          {finding, NoonOf(put_right), NoonOf(put_right + 2), std::string(kCountyA)});
    }
  }
}

// Nineteen sites, three rounds, on irregular days.
void AddCityVisits(Sample* sample) {
  const std::vector<std::string> sites = CitySiteIds();
  for (int round = 1; round <= 3; ++round) {
    VisitRecords& records = sample->visits.emplace_back();
    records.acting_office = kCityB;
    for (size_t s = 0; s < sites.size(); ++s) {
      const int site = static_cast<int>(s);
      const absl::CivilDay day =
          absl::CivilDay(2014, round * 3, 3) + (site * site + round * 11) % 37;
      VisitWriter visit(&records, absl::StrCat("units/", sites[s], "/visits/2014-round-", round),
                        absl::StrCat("tablet", site % 3 + 1), NoonOf(day) - absl::Hours(3));
      visit.Start(round, v1::INSPECTION_KIND_SCHEDULED);
      Observe(QualityOf(site, round - 1), absl::nullopt, &visit);
      visit.Submit();
    }
  }
}

// After each round: others look at the best site, and a laggard is brought on.
void AddFollowUps(Sample* sample) {
  const std::vector<std::string> sites = CitySiteIds();
  for (int round = 1; round <= 3; ++round) {
    size_t best = 0;
    size_t worst = 0;
    for (size_t s = 0; s < sites.size(); ++s) {
      const auto defects = [&](size_t at) {
        return QualityOf(static_cast<int>(at), round - 1).defects;
      };
      if (defects(s) < defects(best)) best = s;
      if (defects(s) > defects(worst)) worst = s;
    }
    const auto add = [&](size_t site, v1::FollowUp::Kind kind, const char* id, const char* title) {
      FollowUpRecord& record = sample->follow_ups.emplace_back();
      record.unit = absl::StrCat("units/", sites[site]);
      record.id = absl::StrCat(id, "-", round);
      record.acting_office = kCityB;
      record.follow_up.set_kind(kind);
      record.follow_up.set_title(title);
      *record.follow_up.mutable_date() = DateOf(absl::CivilDay(2014, round * 3 + 2, 18));
      record.follow_up.add_visits(absl::StrCat(record.unit, "/visits/2014-round-", round));
    };
    add(best, v1::FollowUp::KIND_OBSERVATION_MEETING, "observation-meeting",
        "Observation meeting at a good site");
    add(worst, v1::FollowUp::KIND_PROMOTION_MEETING, "promotion-meeting",
        "Promotion meeting for a laggard");
  }
}

}  // namespace

VisitRecords MakeBadVisit(absl::string_view unit, absl::string_view visit, absl::Time start) {
  VisitRecords records;
  records.acting_office = kCountyA;
  VisitWriter writer(&records, absl::StrCat(unit, "/visits/", visit), "tablet9", start);
  writer.Start(3, v1::INSPECTION_KIND_SCHEDULED);
  Observe({true, 10, 5, 3, 9}, absl::nullopt, &writer);
  writer.Submit();
  return records;
}

void AddInspections(Sample* sample) {
  FillChecklist(&sample->checklist);
  AddTownshipVisits(sample);
  AddCityVisits(sample);
  AddFollowUps(sample);
}

}  // namespace terrace::sample
