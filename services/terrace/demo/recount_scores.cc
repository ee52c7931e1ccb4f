// The townships' scores of 2016 by hand: the scheme of the sample written out as arithmetic.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/optional.h"
#include "common/base/time.h"
#include "services/terrace/demo/recount.h"
#include "services/terrace/sample/sample.h"
#include "services/terrace/words.h"

namespace terrace::demo {
namespace {

using Ratio = absl::optional<double>;  // Nothing when there is nothing to judge.

Ratio RatioOf(double numerator, double denominator) {
  return denominator == 0 ? absl::nullopt : Ratio(numerator / denominator);
}

double Clamp(double points, double share) { return points * std::min(1.0, std::max(0.0, share)); }

bool BelongsTo(absl::string_view name, absl::string_view owner) {
  return absl::StartsWith(name, absl::StrCat(owner, "/"));
}

Ratio DutiesDone(const Records& records, const std::string& unit, absl::Time at) {
  int all = 0;
  int done = 0;
  for (const auto& [name, assignment] : records.assignments) {
    if (!BelongsTo(name, unit) ||
        records.measures.at(assignment.measure()).list() != sample::kDutyList) {
      continue;
    }
    ++all;
    for (const measures::v1::AssignmentEvent& event : assignment.events()) {
      done += event.type() == measures::v1::AssignmentEvent::TYPE_VERIFIED &&
                      FromProto(event.moment().time()) <= at
                  ? 1
                  : 0;
    }
  }
  return RatioOf(done, all);
}

// The submitted visits of 2016, oldest first, each with its observations by item.
struct SeenVisit {
  absl::Time started;
  std::map<std::string, const inspections::v1::Observation*> items;
};

std::vector<SeenVisit> VisitsOf(const Records& records, const std::string& unit, absl::Time at) {
  std::vector<SeenVisit> visits;
  for (const auto& [name, visit] : records.visits) {
    if (!BelongsTo(name, unit) || FromProto(visit.finished().time()) > at) continue;
    SeenVisit& seen = visits.emplace_back();
    seen.started = FromProto(visit.started().time());
    for (const inspections::v1::Observation& row : records.observations) {
      if (BelongsTo(row.name(), name)) seen.items[row.item()] = &row;
    }
  }
  std::sort(visits.begin(), visits.end(),
            [](const SeenVisit& a, const SeenVisit& b) { return a.started < b.started; });
  return visits;
}

double NumberOf(const types::v1::Decimal& decimal) {
  double value = 0;
  return absl::SimpleAtod(decimal.value(), &value) ? value : 0;
}

// All without a finding; nothing to say yet while findings are open and none is due.
Ratio Rectified(const Records& records, const std::string& unit, absl::Time at) {
  int in_time = 0;
  int due = 0;
  bool open = false;
  for (const inspections::v1::Finding& finding : records.findings) {
    if (!BelongsTo(finding.name(), unit) || finding.steps().empty() ||
        FromProto(finding.steps(0).moment().time()) > at) {
      continue;
    }
    absl::Time closed = absl::InfiniteFuture();
    for (const inspections::v1::FindingStep& step : finding.steps()) {
      if (step.state() == inspections::v1::Finding::STATE_CLOSED) {
        closed = FromProto(step.moment().time());
      }
    }
    const absl::Time deadline =
        finding.has_due_time() ? FromProto(finding.due_time()) : absl::InfiniteFuture();
    if (closed > at && deadline > at) {
      open = true;
      continue;
    }
    ++due;
    in_time += closed <= at && closed < deadline ? 1 : 0;
  }
  return due == 0 && !open ? Ratio(1) : RatioOf(in_time, due);
}

Ratio Covered(const Records& records, const std::string& unit, absl::Time at) {
  int participants = 0;
  int titled = 0;
  for (const auto& [name, record] : records.units) {
    if (name == unit || !IsOpen(records, name, at) || !IsUnder(records, name, unit, at)) continue;
    if (RoleOf(records, name, at) == registry::v1::ENROLLMENT_ROLE_UNSPECIFIED) continue;
    ++participants;
    titled += HighestTitle(records, name, at).empty() ? 0 : 1;
  }
  return RatioOf(titled, participants);
}

Ratio Statistic(const Records& records, const std::string& unit, absl::string_view id) {
  for (const scoring::v1::Statistic& row : records.statistics) {
    if (row.unit() == unit && row.period() == sample::kTownshipPeriod &&
        absl::EndsWith(row.definition(), absl::StrCat("/", id)) && !row.suppressed()) {
      return NumberOf(row.quantity().value());
    }
  }
  return absl::nullopt;
}

class Sheet {
 public:
  void Add(double points, Ratio share) {
    if (!share) return;
    earned_ += Clamp(points, *share);
    available_ += points;
  }
  std::string Text(double bonus) const {
    if (available_ == 0) return "-";
    return absl::StrFormat("%.6f", 100 * earned_ / available_ + bonus);
  }

 private:
  double earned_ = 0;
  double available_ = 0;
};

void AddObserved(const std::vector<SeenVisit>& visits, Sheet* sheet) {
  if (visits.empty()) return;
  double hits = 0;
  double sample = 0;
  double records_points = 0;
  for (const SeenVisit& visit : visits) {
    hits += visit.items.at("signs")->count().hits();
    sample += visit.items.at("signs")->count().sample();
    const std::string& grade = visit.items.at("records")->grade();
    records_points += grade == "A" ? 10 : grade == "B" ? 6.6 : grade == "C" ? 3.3 : 0;
  }
  sheet->Add(5, hits / sample);
  sheet->Add(10, visits.back().items.at("knowledge")->count().hits() >= 4 ? 1 : 0);
  sheet->Add(10, records_points / static_cast<double>(visits.size()) / 10);
  const double defects = NumberOf(visits.back().items.at("defects")->number());
  sheet->Add(10, (10 - std::min(8.0, 1.5 * defects)) / 10);
}

std::string ScoreText(const Records& records, const std::string& unit, absl::Time at) {
  Sheet sheet;
  sheet.Add(25, DutiesDone(records, unit, at));
  const ReportTally reports = TallyReports(records, sample::kDutyList, unit, at);
  const Ratio on_time = RatioOf(reports.on_time, reports.due);
  if (on_time) sheet.Add(15, (*on_time - 0.5) / 0.5);
  AddObserved(VisitsOf(records, unit, at), &sheet);
  sheet.Add(5, Rectified(records, unit, at));
  sheet.Add(10, Covered(records, unit, at));
  const Ratio opinion = Statistic(records, unit, "opinion");
  if (opinion) sheet.Add(10, (*opinion - 60) / 35);
  return sheet.Text(std::min(1.0, 0.5 * Statistic(records, unit, "commendations").value_or(0)));
}

}  // namespace

std::map<std::string, std::string> RecountScores(const Records& records, absl::Time instant) {
  std::map<std::string, std::string> scores;
  for (const sample::Township& township : sample::kTownships) {
    const std::string unit = absl::StrCat("units/", township.id);
    scores[unit] = ScoreText(records, unit, instant);
  }
  return scores;
}

}  // namespace terrace::demo
