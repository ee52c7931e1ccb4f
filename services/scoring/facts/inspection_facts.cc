#include "services/scoring/facts/inspection_facts.h"

#include <algorithm>
#include <utility>

#include "common/base/decimal.h"
#include "common/base/time.h"
#include "common/resource/names.h"

namespace terrace::scoring {
namespace {

using inspections::v1::Finding;
using inspections::v1::Observation;
using inspections::v1::Visit;

absl::Time TimeOf(bool set, const inspections::v1::Moment& moment) {
  if (!set) return absl::InfiniteFuture();
  const absl::Time time = FromProto(moment.time());
  return moment.has_receive_time() ? std::min(time, FromProto(moment.receive_time())) : time;
}

// The element of a list sorted by `key_of`, made when it is not there yet.
template <class T, class KeyOf>
T& Entry(std::vector<T>& list, absl::string_view key, KeyOf key_of) {
  auto it = std::lower_bound(list.begin(), list.end(), key,
                             [&](const T& a, absl::string_view k) { return key_of(a) < k; });
  if (it == list.end() || key_of(*it) != key) {
    it = list.insert(it, T());
    key_of(*it) = std::string(key);
  }
  return *it;
}

void FillAnswer(const Observation& proto, ObservationFacts& facts) {
  using Answer = ObservationFacts::Answer;
  switch (proto.answer_case()) {
    case Observation::kPassed:
      facts.answer = proto.passed() ? Answer::kPassed : Answer::kFailed;
      break;
    case Observation::kCount:
      facts.answer = Answer::kCount;
      facts.hits = proto.count().hits();
      facts.sample = proto.count().sample();
      break;
    case Observation::kGrade:
      facts.answer = Answer::kGrade;
      facts.grade = proto.grade();
      break;
    case Observation::kNumber: {
      absl::StatusOr<Decimal> number = terrace::FromProto(proto.number(), "number");
      facts.answer = number.ok() ? Answer::kNumber : Answer::kNone;
      if (number.ok()) facts.number = FixedSumFromDecimal(*number);
      break;
    }
    case Observation::kNoAnswer:
      facts.answer =
          proto.no_answer() == inspections::v1::NO_ANSWER_NOT_APPLICABLE ? Answer::kNotApplicable
          : proto.no_answer() == inspections::v1::NO_ANSWER_REFUSED      ? Answer::kRefused
                                                                         : Answer::kNotAssessed;
      break;
    default:
      facts.answer = Answer::kNone;
      break;
  }
}

}  // namespace

void InspectionFacts::Apply(const inspections::v1::WatchInspectionsResponse& message,
                            std::vector<Unit>* touched) {
  for (const inspections::v1::WatchedResource& resource : message.resources()) {
    const std::string* name = nullptr;
    switch (resource.resource_case()) {
      case inspections::v1::WatchedResource::kVisit:
        name = &resource.visit().name();
        break;
      case inspections::v1::WatchedResource::kObservation:
        name = &resource.observation().name();
        break;
      case inspections::v1::WatchedResource::kFinding:
        name = &resource.finding().name();
        break;
      default:
        continue;  // Checklists, follow-ups and ticks are not scored.
    }
    const Unit unit = ids_->Number(resource::OwnerOf(*name));
    if (resource.has_visit()) ApplyVisit(resource.visit(), unit);
    if (resource.has_observation()) ApplyObservation(resource.observation(), unit);
    if (resource.has_finding()) ApplyFinding(resource.finding(), unit);
    touched->push_back(unit);
  }
}

void InspectionFacts::ApplyVisit(const Visit& proto, Unit unit) {
  std::vector<VisitFacts>& visits = units_[unit].visits;
  VisitFacts facts;
  auto it = std::find_if(visits.begin(), visits.end(),
                         [&](const VisitFacts& visit) { return visit.name == proto.name(); });
  if (it != visits.end()) {
    facts = std::move(*it);
    visits.erase(it);
  }
  facts.name = proto.name();
  facts.checklist = proto.checklist();
  facts.kind = proto.kind();
  facts.started = TimeOf(proto.has_started(), proto.started());
  const bool submitted =
      proto.state() == Visit::STATE_SUBMITTED || proto.state() == Visit::STATE_ACKNOWLEDGED;
  facts.submitted =
      submitted ? TimeOf(proto.has_finished(), proto.finished()) : absl::InfiniteFuture();
  const bool acknowledged = proto.state() == Visit::STATE_ACKNOWLEDGED;
  facts.acknowledged =
      acknowledged ? TimeOf(proto.acknowledgement().has_moment(), proto.acknowledgement().moment())
                   : absl::InfiniteFuture();
  facts.aborted = TimeOf(proto.has_aborted(), proto.aborted());
  auto place = std::upper_bound(visits.begin(), visits.end(), facts,
                                [](const VisitFacts& a, const VisitFacts& b) {
                                  return std::tie(a.started, a.name) < std::tie(b.started, b.name);
                                });
  visits.insert(place, std::move(facts));
}

void InspectionFacts::ApplyObservation(const Observation& proto, Unit unit) {
  const absl::string_view visit_name = resource::ParentName(proto.name());
  std::vector<VisitFacts>& visits = units_[unit].visits;
  auto visit = std::find_if(visits.begin(), visits.end(), [&](const VisitFacts& v) {
    return absl::string_view(v.name) == visit_name;
  });
  if (visit ==
      visits.end()) {  // The visit itself is still to come; it starts in the future so far.
    visit = visits.insert(visits.end(), VisitFacts());
    visit->name = std::string(visit_name);
  }
  ObservationFacts& facts = Entry(
      visit->observations, resource::LastSegment(proto.name()),
      [](auto& o) -> auto& { return o.id; });
  facts.item = proto.item();
  facts.place = proto.place();
  facts.reason = proto.reason();
  facts.time = proto.has_captured_time() ? FromProto(proto.captured_time())
                                         : FromProto(proto.receive_time());
  if (proto.has_receive_time()) {
    facts.time = std::min(facts.time, FromProto(proto.receive_time()));
  }
  FillAnswer(proto, facts);
}

void InspectionFacts::ApplyFinding(const Finding& proto, Unit unit) {
  FindingFacts& facts = Entry(
      units_[unit].findings, proto.name(), [](auto& f) -> auto& { return f.name; });
  facts.item = proto.item();
  facts.severity = proto.severity();
  facts.steps.clear();
  for (const inspections::v1::FindingStep& step : proto.steps()) {
    facts.steps.push_back(
        {TimeOf(step.has_moment(), step.moment()), step.state(),
         step.has_due_time() ? FromProto(step.due_time()) : absl::InfiniteFuture()});
  }
}

const std::vector<VisitFacts>& InspectionFacts::Visits(Unit unit) const {
  static const auto* none = new std::vector<VisitFacts>();
  auto it = units_.find(unit);
  return it == units_.end() ? *none : it->second.visits;
}

const std::vector<FindingFacts>& InspectionFacts::Findings(Unit unit) const {
  static const auto* none = new std::vector<FindingFacts>();
  auto it = units_.find(unit);
  return it == units_.end() ? *none : it->second.findings;
}

}  // namespace terrace::scoring
