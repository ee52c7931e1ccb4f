#include "services/inspections/timeline.h"

#include <algorithm>

#include "common/base/time.h"
#include "google/protobuf/util/time_util.h"

namespace terrace::inspections {
namespace {

// Whether the moment is there and not after `at`.
bool By(bool has, const v1::Moment& moment, absl::Time at) {
  return has && FromProto(moment.time()) <= at;
}

}  // namespace

v1::Moment MakeMoment(absl::optional<absl::Time> captured, const SenderClock& clock) {
  v1::Moment moment;
  const absl::Time time = captured.value_or(clock.received);
  *moment.mutable_time() = ToProto(time);
  *moment.mutable_receive_time() = ToProto(clock.received);
  bool skewed = time - clock.received > kSkewFlagged;
  if (clock.device_time) {
    const absl::Duration skew = *clock.device_time - clock.received;
    *moment.mutable_skew() =
        google::protobuf::util::TimeUtil::NanosecondsToDuration(absl::ToInt64Nanoseconds(skew));
    skewed = skewed || absl::AbsDuration(skew) > kSkewFlagged;
  }
  moment.set_skewed(skewed);
  return moment;
}

v1::Visit::State StateAt(const v1::Visit& visit, absl::Time at) {
  if (By(visit.has_aborted(), visit.aborted(), at)) return v1::Visit::STATE_ABORTED;
  if (By(visit.has_finished(), visit.finished(), at)) {
    // Records that come late were seen before the team left: a visit that is complete by now was so
    // from its finish on.
    if (visit.missing_size() > 0 || visit.missing_findings_size() > 0) {
      return v1::Visit::STATE_FINISHED;
    }
    return By(visit.has_acknowledgement(), visit.acknowledgement().moment(), at)
               ? v1::Visit::STATE_ACKNOWLEDGED
               : v1::Visit::STATE_SUBMITTED;
  }
  if (By(visit.has_started(), visit.started(), at)) return v1::Visit::STATE_STARTED;
  if (By(visit.has_assigned(), visit.assigned(), at)) return v1::Visit::STATE_ASSIGNED;
  return v1::Visit::STATE_UNSPECIFIED;
}

absl::Time ExistsFrom(const v1::Visit& visit) {
  absl::Time first = absl::InfiniteFuture();
  const auto consider = [&](bool has, const v1::Moment& moment) {
    if (has) first = std::min(first, FromProto(moment.time()));
  };
  consider(visit.has_assigned(), visit.assigned());
  consider(visit.has_started(), visit.started());
  consider(visit.has_finished(), visit.finished());
  consider(visit.has_aborted(), visit.aborted());
  return first;
}

absl::Time ReferenceTime(const v1::Visit& visit) {
  return visit.has_started() ? FromProto(visit.started().time()) : ExistsFrom(visit);
}

const v1::FindingStep* StepAt(const v1::Finding& finding, absl::Time at) {
  for (int i = finding.steps_size() - 1; i >= 0; --i) {
    if (FromProto(finding.steps(i).moment().time()) <= at) return &finding.steps(i);
  }
  return nullptr;
}

bool IsOpen(v1::Finding::State state) {
  return state != v1::Finding::STATE_CLOSED && state != v1::Finding::STATE_WITHDRAWN;
}

bool RunsOut(v1::Finding::State state) {
  return state == v1::Finding::STATE_RAISED || state == v1::Finding::STATE_CONFIRMED ||
         state == v1::Finding::STATE_RETURNED;
}

absl::CivilDay DayOf(const google::type::Date& date) {
  return absl::CivilDay(date.year(), date.month(), date.day());
}

absl::Time EndOfDay(const google::type::Date& date, absl::TimeZone zone) {
  return absl::FromCivil(DayOf(date) + 1, zone);
}

absl::Time MoveEndOfDay(absl::Time end, absl::TimeZone from, absl::TimeZone to) {
  return absl::FromCivil(absl::ToCivilDay(end, from), to);
}

}  // namespace terrace::inspections
