// Decide: reports, from the first submission to acceptance.
#include "absl/strings/str_cat.h"
#include "common/base/decimal.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/calendar/period.h"
#include "common/resource/names.h"
#include "services/measures/activity_sums.h"
#include "services/measures/decide.h"
#include "services/measures/measures_state.h"
#include "services/measures/names.h"
#include "services/measures/part.h"
#include "services/measures/present.h"

namespace terrace::measures {

using machine::Decision;
using storage::v1::ReportRecord;
using v1::ReportEvent;

// One thing that happens to a report, and what it needs.
struct MeasuresState::ReportChange {
  absl::string_view assignment;
  calendar::Period period;
  const std::string& etag;
  ReportEvent::Type type;
  absl::string_view note;
  const google::protobuf::Timestamp* time;  // Null: now.
  absl::string_view time_field;
  const std::string* acting_office = nullptr;           // Null for what the unit does itself.
  const v1::SubmitReportRequest* submission = nullptr;  // TYPE_SUBMITTED only.
};

namespace {

constexpr absl::string_view NameOf(int type) {
  switch (type) {
    case ReportEvent::TYPE_SUBMITTED:
      return "SUBMITTED";
    case ReportEvent::TYPE_RETURNED:
      return "RETURNED";
    case ReportEvent::TYPE_ACCEPTED:
      return "ACCEPTED";
    case ReportEvent::TYPE_EXCUSED:
      return "EXCUSED";
    default:
      return "NOT_SUBMITTED";
  }
}

// The order in which things may happen.
absl::Status CheckOrder(absl::string_view name, int last, ReportEvent::Type next) {
  switch (next) {
    case ReportEvent::TYPE_SUBMITTED:
      if (last == ReportEvent::TYPE_UNSPECIFIED || last == ReportEvent::TYPE_RETURNED) {
        return absl::OkStatus();
      }
      return WrongState(name, NameOf(last), "NOT_SUBMITTED or RETURNED");
    case ReportEvent::TYPE_EXCUSED:
      if (last != ReportEvent::TYPE_ACCEPTED && last != ReportEvent::TYPE_EXCUSED) {
        return absl::OkStatus();
      }
      return WrongState(name, NameOf(last), "NOT_SUBMITTED, SUBMITTED or RETURNED");
    default:
      if (last == ReportEvent::TYPE_SUBMITTED) return absl::OkStatus();
      return WrongState(name, NameOf(last), "SUBMITTED");
  }
}

absl::Status CheckContent(const v1::ReportContent& content) {
  if (!content.has_progress() && content.text().empty() && content.quantities().empty() &&
      content.evidence().empty()) {
    return Required("content");
  }
  if (content.has_progress()) {
    constexpr char kField[] = "content.progress";
    TERRACE_ASSIGN_OR_RETURN(Decimal progress, FromProto(content.progress(), kField));
    if (progress.sign() < 0 || progress > *Decimal::FromInteger(100)) {
      return Error(Reason::NUMBER_OUT_OF_RANGE,
                   {{"field", kField}, {"value", progress.ToString()}, {"range", "0 to 100"}});
    }
  }
  TERRACE_RETURN_IF_ERROR(CheckQuantities(content.quantities(), "content.quantities"));
  TERRACE_RETURN_IF_ERROR(CheckEvidence(content.evidence(), "content.evidence"));
  return CheckSize(content, "content");
}

}  // namespace

absl::Status MeasuresState::ChangeReport(const ReportChange& change, Decision& d,
                                         v1::Report* reply) const {
  Part part;
  TERRACE_RETURN_IF_ERROR(ReadPart(change.assignment, d, &part));
  if (change.acting_office != nullptr) {
    TERRACE_RETURN_IF_ERROR(CheckJudge(*change.acting_office, part.issuer, part.unit, d));
  }
  if (!part.entry->facts.counts()) {
    return Error(Reason::NOT_FOR_CO_OPERATOR, {{"name", part.name}});
  }
  const std::string name = ReportName(part.name, change.period);
  ReportRecord record = d.Get<ReportRecord>(name).value_or(ReportRecord());
  TERRACE_RETURN_IF_ERROR(
      CheckEtag(change.etag, record.events().empty() ? "" : EtagOf(record), name));
  TERRACE_ASSIGN_OR_RETURN(absl::Time time,
                           EventTime(change.time, change.time_field, part.issuer, d));
  const int last =
      record.events().empty() ? ReportEvent::TYPE_UNSPECIFIED : record.events().rbegin()->type();
  if (last == ReportEvent::TYPE_UNSPECIFIED && change.type != ReportEvent::TYPE_SUBMITTED &&
      change.type != ReportEvent::TYPE_EXCUSED) {
    return NotFound(name);
  }
  TERRACE_RETURN_IF_ERROR(CheckOrder(name, last, change.type));
  if (change.note.empty() &&
      (change.type == ReportEvent::TYPE_RETURNED || change.type == ReportEvent::TYPE_EXCUSED)) {
    return Required("note");
  }
  if (record.events_size() >= kEventsMax) {
    return Error(Reason::TOO_MANY_EVENTS, {{"name", name}, {"limit", absl::StrCat(kEventsMax)}});
  }
  if (record.events().empty()) {
    const MeasureEntry& measure = *part.entry->measure;
    TERRACE_ASSIGN_OR_RETURN(PeriodDue due, measure.list->schedule.Find(change.period));
    if (!Asks(measure.facts, ReportsFrom(measure.facts, part.issued),
              DoneAt(measure.facts, part.entry->facts, d.now()), due, d.now())) {
      return Error(Reason::PERIOD_NOT_ASKED, {{"period", change.period.ToString()}});
    }
    if (change.type == ReportEvent::TYPE_SUBMITTED && time < due.times.opens) {
      return Error(
          Reason::PERIOD_NOT_OPEN,
          {{"period", change.period.ToString()},
           {"time", absl::FormatTime(absl::RFC3339_sec, due.times.opens, measure.facts.zone)}});
    }
    *record.mutable_due_time() = ToProto(due.times.due);
    *record.mutable_late_time() = ToProto(due.times.grace_end);
    TERRACE_RETURN_IF_ERROR(CheckNotBefore(time, part.issued, change.time_field));
  } else {
    TERRACE_RETURN_IF_ERROR(CheckNotBefore(
        time, FromProto(record.events().rbegin()->moment().time()), change.time_field));
  }

  ReportEvent* event = record.add_events();
  event->set_type(change.type);
  *event->mutable_moment() = change.acting_office != nullptr
                                 ? MomentOf(time, *change.acting_office, "OFFICER", d)
                                 : MomentOf(time, resource::UnitName(part.unit), "REPORTER", d);
  event->set_note(std::string(change.note));
  if (change.submission != nullptr) {
    storage::v1::SubmissionRecord submission;
    int number = 0;
    for (const ReportEvent& e : record.events()) number += e.type() == ReportEvent::TYPE_SUBMITTED;
    submission.mutable_submission()->set_number(number);
    *submission.mutable_submission()->mutable_content() = change.submission->content();
    *submission.mutable_submission()->mutable_submitted() = event->moment();
    if (change.submission->has_captured_time()) {
      *submission.mutable_submission()->mutable_captured_time() =
          change.submission->captured_time();
    }
    if (change.submission->content().has_progress()) {
      *record.mutable_progress() = change.submission->content().progress();
    } else {
      record.clear_progress();
    }
    d.Append(SubmissionKey(name, number), submission);
  }
  TERRACE_RETURN_IF_ERROR(CheckSize(record, "note"));
  d.Put(name, record);
  *reply = PresentReport(name, record, 0, d.now());
  reply->set_measure(part.record.measure());
  reply->set_list(part.measure.list());
  return absl::OkStatus();
}

absl::Status MeasuresState::SubmitReport(const v1::SubmitReportRequest& request, Decision& d,
                                         v1::Report* reply) const {
  TERRACE_ASSIGN_OR_RETURN(calendar::Period period, calendar::Period::Parse(request.period()));
  TERRACE_RETURN_IF_ERROR(CheckContent(request.content()));
  return ChangeReport({request.assignment(), period, request.etag(), ReportEvent::TYPE_SUBMITTED,
                       "", request.has_received_time() ? &request.received_time() : nullptr,
                       "received_time", nullptr, &request},
                      d, reply);
}

absl::Status MeasuresState::ReturnReport(const v1::ReturnReportRequest& request, Decision& d,
                                         v1::Report* reply) const {
  TERRACE_ASSIGN_OR_RETURN(resource::Ids ids, resource::ParseName(request.name(), kReportPattern));
  TERRACE_ASSIGN_OR_RETURN(calendar::Period period, calendar::Period::ParseId(ids.back()));
  return ChangeReport(
      {resource::ParentName(request.name()), period, request.etag(), ReportEvent::TYPE_RETURNED,
       request.note(), request.has_returned_time() ? &request.returned_time() : nullptr,
       "returned_time", &request.acting_office()},
      d, reply);
}

absl::Status MeasuresState::AcceptReport(const v1::AcceptReportRequest& request, Decision& d,
                                         v1::Report* reply) const {
  TERRACE_ASSIGN_OR_RETURN(resource::Ids ids, resource::ParseName(request.name(), kReportPattern));
  TERRACE_ASSIGN_OR_RETURN(calendar::Period period, calendar::Period::ParseId(ids.back()));
  return ChangeReport(
      {resource::ParentName(request.name()), period, request.etag(), ReportEvent::TYPE_ACCEPTED,
       request.note(), request.has_accepted_time() ? &request.accepted_time() : nullptr,
       "accepted_time", &request.acting_office()},
      d, reply);
}

absl::Status MeasuresState::ExcuseReport(const v1::ExcuseReportRequest& request, Decision& d,
                                         v1::Report* reply) const {
  TERRACE_ASSIGN_OR_RETURN(calendar::Period period, calendar::Period::Parse(request.period()));
  return ChangeReport(
      {request.assignment(), period, request.etag(), ReportEvent::TYPE_EXCUSED, request.note(),
       request.has_excused_time() ? &request.excused_time() : nullptr, "excused_time",
       &request.acting_office()},
      d, reply);
}

}  // namespace terrace::measures
