#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/longrunning/operations.pb.h"
#include "services/terrace/sample/sample.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "tests/robustness/actors.h"

namespace terrace::robustness {
namespace {

namespace v1 = measures::v1;

constexpr int kMeasuresMost = 3;      // Open at a time; older ones are cancelled.
constexpr int kSubmissionsMost = 20;  // Of one report.

class MeasuresActor : public Actor {
 public:
  MeasuresActor(Caller* caller, Office* office)
      : caller_(*caller), office_(*office), list_(absl::StrCat(office->name, "/measureLists/l")) {}

  void Act() override {
    const int64_t dice = caller_.Below(100);
    if (dice < 6 || assignments_.empty()) {
      Issue();
    } else if (dice < 75) {
      Report(&assignments_[caller_.Below(assignments_.size())]);
    } else {
      Claim(caller_.Chance(70) ? Farthest() : &assignments_[caller_.Below(assignments_.size())]);
    }
  }

 private:
  enum class ReportStep { kNone, kSubmitted, kReturned, kAccepted, kExcused };
  enum class ClaimStep { kNone, kAcknowledged, kClaimed, kReturned, kDone };
  struct OwnReport {
    ReportStep step = ReportStep::kNone;
    int submissions = 0;
  };
  struct OwnAssignment {
    std::string name;
    std::string measure;
    ClaimStep claim = ClaimStep::kNone;
    OwnReport reports[12];  // By month of 2016.
  };

  // The one that has come farthest and can go on, so that some come to the end.
  OwnAssignment* Farthest() {
    OwnAssignment* farthest = &assignments_.front();
    for (OwnAssignment& row : assignments_) {
      if (row.claim == ClaimStep::kDone) continue;
      if (farthest->claim == ClaimStep::kDone || row.claim > farthest->claim) farthest = &row;
    }
    return farthest;
  }

  // A month at random, or one whose report waits for a judgement.
  int64_t MonthFor(const OwnAssignment& assignment) {
    const int64_t month = caller_.Below(12);
    if (caller_.Chance(50)) return month;
    for (int64_t i = 0; i < 12; ++i) {
      if (assignment.reports[i].step == ReportStep::kSubmitted) return i;
    }
    return month;
  }

  // A measure for every open village: as many assignments as the client has villages by now.
  void Issue() {
    if (measures_.size() >= kMeasuresMost) Cancel();
    const std::string id = absl::StrCat("m", caller_.Next());
    const std::string name = absl::StrCat(office_.name, "/measures/", id);
    v1::CreateMeasureRequest create;
    create.set_parent(office_.name);
    create.set_measure_id(id);
    v1::Measure& measure = *create.mutable_measure();
    measure.set_list(list_);
    measure.set_display_name(absl::StrCat("Measure ", id));
    *measure.mutable_start_date() = sample::DateOf(absl::CivilDay(2016, 1, 1));
    *measure.mutable_due_date() = sample::DateOf(absl::CivilDay(2016, 12, 31));
    measure.mutable_cascade()->set_subtree(office_.name);
    measure.mutable_cascade()->add_levels("levels/village");
    v1::Measure made;
    if (!caller_.Expect(caller_.Change(create, &made, {.what = name, .keys = {name}}),
                        absl::StrCat("create ", name))) {
      return;
    }
    v1::IssueMeasureRequest issue;
    issue.set_name(name);
    *issue.mutable_issued_time() = sample::NoonProto(absl::CivilDay(2016, 1, 1));
    google::longrunning::Operation operation;
    const absl::Status begun = caller_.Change(issue, &operation, {.what = name});
    const int64_t villages = std::count_if(office_.villages.begin(), office_.villages.end(),
                                           [](const OwnUnit& unit) { return unit.open; });
    if (villages == 0) {
      caller_.Expect(begun, absl::StrCat("issue ", name), {Reason::NO_MATCHING_UNIT});
      return;
    }
    if (!caller_.Expect(begun, absl::StrCat("issue ", name))) return;
    if (!caller_.Await(&operation, {Reason::NO_MATCHING_UNIT})) return;
    v1::IssueMeasureResponse response;
    operation.response().UnpackTo(&response);
    caller_.Compare(absl::StrCat("assignments of ", name), absl::StrCat(villages),
                    absl::StrCat(response.created_count()), "cascade");
    measures_.push_back(name);
    TakeAssignments(name, villages);
  }

  void TakeAssignments(const std::string& measure, int64_t villages) {
    v1::ListAssignmentsRequest request;
    request.set_subtree(office_.name);
    request.set_page_size(1000);
    request.set_filter(absl::StrCat("measure = \"", measure, "\""));
    v1::ListAssignmentsResponse reply;
    std::string how;
    // The operation's answer names no position; the caller's last change is older than it.
    if (!caller_.Expect(caller_.Read(request, &reply), absl::StrCat("assignments of ", measure))) {
      return;
    }
    if (reply.assignments_size() > villages) {
      caller_.Expect(absl::InternalError(absl::StrCat(reply.assignments_size())),
                     absl::StrCat("assignments of ", measure, ", of villages ", villages));
    }
    for (const v1::Assignment& row : reply.assignments()) {
      assignments_.push_back({row.name(), measure});
    }
  }

  void Cancel() {
    const std::string name = measures_.front();
    const bool complete =
        std::all_of(assignments_.begin(), assignments_.end(), [&](const OwnAssignment& row) {
          return row.measure != name || row.claim == ClaimStep::kDone;
        });
    v1::CancelMeasureRequest request;
    request.set_name(name);
    request.set_note("no longer needed");
    v1::Measure made;
    if (!complete && !caller_.Expect(caller_.Change(request, &made, {.what = name, .keys = {name}}),
                                     absl::StrCat("cancel ", name))) {
      return;
    }
    measures_.erase(measures_.begin());
    std::erase_if(assignments_, [&](const OwnAssignment& row) { return row.measure == name; });
  }

  void Report(OwnAssignment* assignment) {
    if (assignment->claim == ClaimStep::kDone) return;
    const int64_t month = MonthFor(*assignment);
    OwnReport* const report = &assignment->reports[month];
    const std::string period = absl::StrFormat("2016-%02d", month + 1);
    const std::string name = absl::StrCat(assignment->name, "/reports/", period);
    v1::Report made;
    absl::Status status;
    const bool open = report->step != ReportStep::kAccepted && report->step != ReportStep::kExcused;
    if (open && caller_.Chance(7)) {
      v1::ExcuseReportRequest request;
      request.set_assignment(assignment->name);
      request.set_period(period);
      request.set_acting_office(office_.name);
      request.set_note(absl::StrCat("no work in winter ", caller_.Next()));
      status = caller_.Change(request, &made, {.what = name, .keys = {name}});
      if (!Took(status, name)) return;
      report->step = ReportStep::kExcused;
    } else if (report->step == ReportStep::kNone || report->step == ReportStep::kReturned) {
      if (report->submissions >= kSubmissionsMost) return;
      v1::SubmitReportRequest request;
      request.set_assignment(assignment->name);
      request.set_period(period);
      request.mutable_content()->set_text(absl::StrCat("work ", caller_.Next()));
      request.mutable_content()->mutable_progress()->set_value(absl::StrCat(caller_.Below(101)));
      status = caller_.Change(
          request, &made,
          {.what = name,
           .keys = {name, absl::StrFormat("%s/submissions/%03d", name, report->submissions + 1)}});
      if (!Took(status, name)) return;
      report->step = ReportStep::kSubmitted;
      ++report->submissions;
    } else if (report->step == ReportStep::kSubmitted && caller_.Chance(60)) {
      v1::ReturnReportRequest request;
      request.set_name(name);
      request.set_acting_office(office_.name);
      request.set_note(absl::StrCat("figures missing ", caller_.Next()));
      status = caller_.Change(request, &made, {.what = name, .keys = {name}});
      if (!Took(status, name)) return;
      report->step = ReportStep::kReturned;
    } else if (report->step == ReportStep::kSubmitted) {
      v1::AcceptReportRequest request;
      request.set_name(name);
      request.set_acting_office(office_.name);
      status = caller_.Change(request, &made, {.what = name, .keys = {name}});
      if (!Took(status, name)) return;
      report->step = ReportStep::kAccepted;
    } else {
      return;
    }
    if (caller_.Chance(50)) return;
    v1::GetReportRequest get;
    get.set_name(name);
    v1::Report found;
    std::string how;
    if (!Took(caller_.ReadAfterChange(get, &found, &how), name)) return;
    const auto text = [](const v1::Report& row) {
      return absl::StrCat(v1::ReportState_Name(row.state()), " of ", row.submission_count(), " at ",
                          row.etag());
    };
    caller_.Compare(name, text(made), text(found), how);
    caller_.Compare(absl::StrCat("submissions of ", name), absl::StrCat(report->submissions),
                    absl::StrCat(found.submission_count()), "count");
  }

  void Claim(OwnAssignment* assignment) {
    v1::Assignment made;
    const std::string& name = assignment->name;
    const Call call = {.what = name, .keys = {name}};
    ClaimStep next = ClaimStep::kDone;
    absl::Status status;
    switch (assignment->claim) {
      case ClaimStep::kNone: {
        v1::AcknowledgeAssignmentRequest request;
        request.set_name(name);
        status = caller_.Change(request, &made, call);
        next = ClaimStep::kAcknowledged;
        break;
      }
      case ClaimStep::kAcknowledged:
      case ClaimStep::kReturned: {
        v1::ClaimDoneRequest request;
        request.set_name(name);
        request.set_note(absl::StrCat("done ", caller_.Next()));
        status = caller_.Change(request, &made, call);
        next = ClaimStep::kClaimed;
        break;
      }
      case ClaimStep::kClaimed:
        if (caller_.Chance(50)) {
          v1::ReturnClaimRequest request;
          request.set_name(name);
          request.set_acting_office(office_.name);
          request.set_note(absl::StrCat("not yet ", caller_.Next()));
          status = caller_.Change(request, &made, call);
          next = ClaimStep::kReturned;
        } else {
          v1::VerifyDoneRequest request;
          request.set_name(name);
          request.set_acting_office(office_.name);
          status = caller_.Change(request, &made, call);
        }
        break;
      case ClaimStep::kDone:
        return;
    }
    if (Took(status, name)) assignment->claim = next;
  }

  bool Took(const absl::Status& status, const std::string& what) {
    return caller_.Expect(status, what);
  }

  Caller& caller_;
  Office& office_;
  const std::string list_;
  std::vector<std::string> measures_;
  std::vector<OwnAssignment> assignments_;
};

}  // namespace

std::unique_ptr<Actor> MakeMeasuresActor(Caller* caller, Office* office) {
  return std::make_unique<MeasuresActor>(caller, office);
}

}  // namespace terrace::robustness
