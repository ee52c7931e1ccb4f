#include "services/measures/measures_service.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/rpc/operations.h"
#include "services/measures/decide.h"
#include "services/measures/import.h"
#include "services/measures/measures_state.h"
#include "services/measures/names.h"
#include "services/measures/queries.h"
#include "services/measures/reads.h"
#include "services/measures/watch.h"

namespace terrace::measures {
namespace {

using google::protobuf::Message;
using machine::Machine;
using rpc::Call;
using rpc::StatusDone;
using types::v1::RowResult;

// Registers a command that queues on one key.
template <class Req, class Resp>
void AddCommand(rpc::Methods& methods, absl::string_view method,
                absl::Status (MeasuresState::*decide)(const Req&, machine::Decision&, Resp*) const,
                std::string (*key)(const Req&)) {
  methods.Command<MeasuresState, Req, Resp>(
      method, decide, [key](const Req& request) { return std::vector<std::string>{key(request)}; });
}

template <class Req>
std::string Name(const Req& request) {
  return request.name();
}
template <class Req>
std::string Assignment(const Req& request) {
  return request.assignment();
}
// What a report's verb and a submission queue on: the assignment.
template <class Req>
std::string AssignmentOfReport(const Req& request) {
  return std::string(resource::ParentName(request.name()));
}

void AddLists(rpc::Methods& methods, const Queries& queries) {
  AddCommand<v1::CreateMeasureListRequest, v1::MeasureList>(
      methods, "CreateMeasureList", &MeasuresState::CreateMeasureList, [](const auto& request) {
        return absl::StrCat(request.parent(), "/measureLists/", request.measure_list_id());
      });
  AddCommand<v1::UpdateMeasureListRequest, v1::MeasureList>(
      methods, "UpdateMeasureList", &MeasuresState::UpdateMeasureList,
      [](const auto& request) { return request.measure_list().name(); });
  methods.StateRead<MeasuresState, v1::GetMeasureListRequest, v1::MeasureList>(
      "GetMeasureList",
      [](const MeasuresState& state, Call&, const v1::GetMeasureListRequest& request,
         v1::MeasureList* reply) { return ReadList(state, request.name(), reply); });
  methods.SlowRead<v1::ListMeasureListsRequest, v1::ListMeasureListsResponse>(
      "ListMeasureLists", [queries](Call& call, const auto& request, auto* reply) {
        return queries.ListMeasureLists(call, request, reply);
      });
}

void AddMeasures(rpc::Methods& methods, const Queries& queries) {
  Machine* machine = methods.machine();
  AddCommand<v1::CreateMeasureRequest, v1::Measure>(
      methods, "CreateMeasure", &MeasuresState::CreateMeasure, [](const auto& request) {
        return absl::StrCat(request.parent(), "/measures/", request.measure_id());
      });
  AddCommand<v1::UpdateMeasureRequest, v1::Measure>(
      methods, "UpdateMeasure", &MeasuresState::UpdateMeasure,
      [](const auto& request) { return request.measure().name(); });
  AddCommand<v1::CancelMeasureRequest, v1::Measure>(methods, "CancelMeasure",
                                                    &MeasuresState::CancelMeasure, &Name);
  methods.SlowRead<v1::GetMeasureRequest, v1::Measure>(
      "GetMeasure", [queries](Call& call, const auto& request, auto* reply) {
        return queries.GetMeasure(call, request, reply);
      });
  methods.SlowRead<v1::ListMeasuresRequest, v1::ListMeasuresResponse>(
      "ListMeasures", [queries](Call& call, const auto& request, auto* reply) {
        return queries.ListMeasures(call, request, reply);
      });
  methods.Receive<v1::ImportMeasuresRequest, v1::ImportMeasuresResponse>(
      "ImportMeasures", [machine](Call& call) {
        auto parent = std::make_shared<std::string>();
        ImportSpec spec;
        spec.open = [parent](const Message& message) {
          const auto& request = static_cast<const v1::ImportMeasuresRequest&>(message);
          ImportMessage out;
          out.validate_only = request.validate_only();
          out.status = CheckCount(request.measures_size(), kImportRowsPerMessage);
          if (parent->empty()) *parent = request.parent();
          if (request.parent().empty()) out.status = Required("parent");
          if (*parent != request.parent()) {
            out.status = Invalid("parent", "it must be the same in every message");
          }
          for (const v1::Measure& row : request.measures()) out.rows.push_back(&row);
          return out;
        };
        spec.name = [](const Message& row) { return static_cast<const v1::Measure&>(row).name(); };
        spec.decide = [parent](const MeasuresState& state, const Message& row,
                               machine::Decision& d) {
          return state.ImportMeasure(static_cast<const v1::Measure&>(row), *parent, d);
        };
        spec.fill = [](const ImportLedger& ledger, Message* reply) {
          ledger.Fill(static_cast<v1::ImportMeasuresResponse*>(reply));
        };
        return MakeImport(machine, call, std::move(spec));
      });
  methods.Async<v1::IssueMeasureRequest, google::longrunning::Operation>(
      "IssueMeasure", [machine, queries](Call& call, const v1::IssueMeasureRequest& request,
                                         google::longrunning::Operation* reply, StatusDone done) {
        machine->Execute(
            rpc::CommandOf(call, request), {request.name()},
            [&request](const machine::State& state, machine::Decision& d, std::string* bytes) {
              internal::v1::OperationRecord operation;
              absl::Status status =
                  static_cast<const MeasuresState&>(state).IssueMeasure(request, d, &operation);
              if (status.ok()) *bytes = operation.SerializeAsString();
              return status;
            },
            [machine, queries, &call, &request, reply,
             done = std::move(done)](absl::StatusOr<machine::Done> result) mutable {
              if (!result.ok()) {
                done(result.status());
                return;
              }
              if (request.validate_only()) {
                machine->executor().Post(
                    [queries, &call, &request, reply, done = std::move(done)]() mutable {
                      done(queries.PreviewIssue(call, request, reply));
                    });
                return;
              }
              internal::v1::OperationRecord operation;
              TERRACE_CHECK(operation.ParseFromString(result->reply));
              *reply = rpc::ToOperation(operation);
              rpc::StampCursor(machine->service(), result->position, call, reply);
              done(absl::OkStatus());
            });
      });
}

void AddAssignments(rpc::Methods& methods, const Queries& queries) {
  AddCommand<v1::AcknowledgeAssignmentRequest, v1::Assignment>(
      methods, "AcknowledgeAssignment", &MeasuresState::AcknowledgeAssignment, &Name);
  AddCommand<v1::ClaimDoneRequest, v1::Assignment>(methods, "ClaimDone", &MeasuresState::ClaimDone,
                                                   &Name);
  AddCommand<v1::VerifyDoneRequest, v1::Assignment>(methods, "VerifyDone",
                                                    &MeasuresState::VerifyDone, &Name);
  AddCommand<v1::ReturnClaimRequest, v1::Assignment>(methods, "ReturnClaim",
                                                     &MeasuresState::ReturnClaim, &Name);
  methods.StateRead<MeasuresState, v1::GetAssignmentRequest, v1::Assignment>(
      "GetAssignment", [](const MeasuresState& state, Call& call,
                          const v1::GetAssignmentRequest& request, v1::Assignment* reply) {
        Tables tables(request.has_at_time() ? FromProto(request.at_time())
                                            : std::max(call.received, state.present()));
        return ReadAssignment(state, request.name(), tables, reply);
      });
  methods.SlowRead<v1::ListAssignmentsRequest, v1::ListAssignmentsResponse>(
      "ListAssignments", [queries](Call& call, const auto& request, auto* reply) {
        return queries.ListAssignments(call, request, reply);
      });
  methods.SlowRead<v1::GetProgressRequest, v1::GetProgressResponse>(
      "GetProgress", [queries](Call& call, const auto& request, auto* reply) {
        return queries.GetProgress(call, request, reply);
      });
  methods.SlowRead<v1::ListDueRequest, v1::ListDueResponse>(
      "ListDue", [queries](Call& call, const auto& request, auto* reply) {
        return queries.ListDue(call, request, reply);
      });
}

// Reads the report under the lock, then its submissions from the store.
void GetReport(Machine* machine, Call& call, const v1::GetReportRequest& request, v1::Report* reply,
               StatusDone done) {
  store::Cursor position;
  absl::Time at;
  const absl::Status status =
      machine->Read<MeasuresState>([&](const MeasuresState& state, const store::Cursor& cursor) {
        position = cursor;
        at = request.has_at_time() ? FromProto(request.at_time())
                                   : std::max(call.received, state.present());
        return ReadReport(state, request.name(), at, reply);
      });
  if (!status.ok()) {
    done(status);
    return;
  }
  rpc::StampCursor(machine->service(), position, call, reply);
  std::vector<std::string> keys;
  for (int i = 1; i <= reply->submission_count(); ++i) {
    keys.push_back(SubmissionKey(request.name(), i));
  }
  machine->store().Read(
      keys, [reply, done = std::move(done)](
                absl::StatusOr<std::vector<absl::optional<store::Entry>>> found) mutable {
        if (!found.ok()) {
          done(found.status());
          return;
        }
        for (const absl::optional<store::Entry>& entry : *found) {
          storage::v1::SubmissionRecord record;
          if (!entry || !record.ParseFromString(entry->value)) {
            done(Error(Reason::STORE_DAMAGED, {{"detail", "a submission is missing"}}));
            return;
          }
          *reply->add_submissions() = std::move(*record.mutable_submission());
        }
        // Of an earlier instant the submissions of then tell the progress.
        if (!reply->submissions().empty()) {
          const v1::ReportContent& last = reply->submissions().rbegin()->content();
          if (last.has_progress()) *reply->mutable_progress() = last.progress();
        }
        done(absl::OkStatus());
      });
}

void AddReports(rpc::Methods& methods, const Queries& queries) {
  Machine* machine = methods.machine();
  AddCommand<v1::SubmitReportRequest, v1::Report>(methods, "SubmitReport",
                                                  &MeasuresState::SubmitReport, &Assignment);
  AddCommand<v1::ExcuseReportRequest, v1::Report>(methods, "ExcuseReport",
                                                  &MeasuresState::ExcuseReport, &Assignment);
  AddCommand<v1::ReturnReportRequest, v1::Report>(
      methods, "ReturnReport", &MeasuresState::ReturnReport, &AssignmentOfReport);
  AddCommand<v1::AcceptReportRequest, v1::Report>(
      methods, "AcceptReport", &MeasuresState::AcceptReport, &AssignmentOfReport);
  methods.Async<v1::GetReportRequest, v1::Report>(
      "GetReport",
      [machine](Call& call, const v1::GetReportRequest& request, v1::Report* reply,
                StatusDone done) { GetReport(machine, call, request, reply, std::move(done)); });
  methods.SlowRead<v1::ListReportsRequest, v1::ListReportsResponse>(
      "ListReports", [queries](Call& call, const auto& request, auto* reply) {
        return queries.ListReports(call, request, reply);
      });
}

// Reads the activity under the lock, then its text and evidence from the store.
void GetActivity(Machine* machine, Call& call, const v1::GetActivityRequest& request,
                 v1::Activity* reply, StatusDone done) {
  store::Cursor position;
  const absl::Status status =
      machine->Read<MeasuresState>([&](const MeasuresState& state, const store::Cursor& cursor) {
        position = cursor;
        return ReadActivity(state, request.name(), reply);
      });
  if (!status.ok()) {
    done(status);
    return;
  }
  rpc::StampCursor(machine->service(), position, call, reply);
  const std::vector<std::string> keys = {ActivityDetailKey(request.name())};
  machine->store().Read(
      keys, [reply, done = std::move(done)](
                absl::StatusOr<std::vector<absl::optional<store::Entry>>> found) mutable {
        if (!found.ok()) {
          done(found.status());
          return;
        }
        storage::v1::ActivityDetailRecord detail;
        if (found->front() && detail.ParseFromString(found->front()->value)) {
          reply->set_text(std::move(*detail.mutable_text()));
          reply->mutable_evidence()->Swap(detail.mutable_evidence());
        }
        done(absl::OkStatus());
      });
}

void AddActivities(rpc::Methods& methods, const Queries& queries) {
  Machine* machine = methods.machine();
  AddCommand<v1::RecordActivityRequest, v1::Activity>(
      methods, "RecordActivity", &MeasuresState::RecordActivity, [](const auto& request) {
        return absl::StrCat(request.parent(), "/activities/", request.activity_id());
      });
  AddCommand<v1::WithdrawActivityRequest, v1::Activity>(methods, "WithdrawActivity",
                                                        &MeasuresState::WithdrawActivity, &Name);
  methods.Receive<v1::ImportActivitiesRequest, v1::ImportActivitiesResponse>(
      "ImportActivities", [machine](Call& call) {
        ImportSpec spec;
        spec.open = [](const Message& message) {
          const auto& request = static_cast<const v1::ImportActivitiesRequest&>(message);
          ImportMessage out;
          out.validate_only = request.validate_only();
          out.status = CheckCount(request.activities_size(), kImportRowsPerMessage);
          for (const v1::Activity& row : request.activities()) out.rows.push_back(&row);
          return out;
        };
        spec.name = [](const Message& row) { return static_cast<const v1::Activity&>(row).name(); };
        spec.decide = [](const MeasuresState& state, const Message& row, machine::Decision& d) {
          return state.ImportActivity(static_cast<const v1::Activity&>(row), d);
        };
        spec.fill = [](const ImportLedger& ledger, Message* reply) {
          ledger.Fill(static_cast<v1::ImportActivitiesResponse*>(reply));
        };
        return MakeImport(machine, call, std::move(spec));
      });
  methods.Async<v1::GetActivityRequest, v1::Activity>(
      "GetActivity",
      [machine](Call& call, const v1::GetActivityRequest& request, v1::Activity* reply,
                StatusDone done) { GetActivity(machine, call, request, reply, std::move(done)); });
  methods.SlowRead<v1::ListActivitiesRequest, v1::ListActivitiesResponse>(
      "ListActivities", [queries](Call& call, const auto& request, auto* reply) {
        return queries.ListActivities(call, request, reply);
      });
  methods.SlowRead<v1::SummarizeActivitiesRequest, v1::SummarizeActivitiesResponse>(
      "SummarizeActivities", [queries](Call& call, const auto& request, auto* reply) {
        return queries.SummarizeActivities(call, request, reply);
      });
}

}  // namespace

std::unique_ptr<rpc::Methods> MeasureMethods(machine::Machine* machine, machine::TreeSource tree) {
  auto methods = std::make_unique<rpc::Methods>("terrace.measures.v1.MeasureTracker", machine);
  const Queries queries(machine);
  AddLists(*methods, queries);
  AddMeasures(*methods, queries);
  AddAssignments(*methods, queries);
  AddReports(*methods, queries);
  AddActivities(*methods, queries);
  methods->ServerStream<v1::WatchMeasuresRequest, v1::WatchMeasuresResponse>(
      "WatchMeasures",
      [machine, tree = std::move(tree)](Call& call, const v1::WatchMeasuresRequest& request) {
        return WatchMeasures(machine, tree, call, request);
      });
  methods->Complete();
  return methods;
}

}  // namespace terrace::measures
