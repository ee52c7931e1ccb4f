#include "services/terrace/sample/loader.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "services/terrace/unit_sender.h"
#include "services/terrace/words.h"
#include "terrace/inspections/v1/field.pb.h"
#include "terrace/measures/v1/assignments.pb.h"

namespace terrace::sample {
namespace {

using cli::Client;

// Limits of the requests.
constexpr int kEnrollRows = 400;
constexpr int kSyncItems = 200;
// Calls under way at once, so that the store can gather commits.
constexpr int kThreads = 16;

using Task = std::function<absl::Status()>;

// Runs all tasks, several at once; the first error.
absl::Status RunAll(const std::vector<Task>& tasks) {
  std::atomic<size_t> next = 0;
  absl::Mutex mu;
  absl::Status error;
  const auto work = [&] {
    for (size_t i = next++; i < tasks.size(); i = next++) {
      const absl::Status status = tasks[i]();
      if (status.ok()) continue;
      next = tasks.size();
      absl::MutexLock lock(&mu);
      if (error.ok()) error = status;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  return error;
}

absl::Status Refused(int64_t count, const types::v1::RowResult& row) {
  return Error(Reason::ROWS_REFUSED,
               {{"count", absl::StrCat(count)},
                {"row", absl::StrCat(row.row(), " (", row.name(), ")")},
                {"detail", absl::StrCat(row.message(), " [", row.reason(), "]")}});
}

template <class Results>
absl::Status CheckResults(const Results& results) {
  for (const types::v1::RowResult& row : results) {
    if (row.outcome() == types::v1::RowResult::OUTCOME_REJECTED) return Refused(1, row);
  }
  return absl::OkStatus();
}

// Sends all messages of a client stream and reads its one reply.
template <class Reply, class Request>
absl::StatusOr<Reply> SendStream(Client* client, const std::vector<Request>& messages) {
  const std::unique_ptr<rpc::Stream> stream = client->Open(Request::descriptor());
  for (const Request& message : messages) {
    if (!stream->Write(message)) break;
  }
  stream->WritesDone();
  Reply reply;
  const bool answered = stream->Read(&reply);
  TERRACE_RETURN_IF_ERROR(client->Explain(stream->Finish()));
  TERRACE_CHECK(answered);
  if (reply.rejected() > 0) return Refused(reply.rejected(), reply.results(0));
  return reply;
}

// ------------------------------------------------------------------------------------- registry

absl::Status LoadUnits(const Sample& sample, Client* client) {
  cli::UnitSender sender(client, {.streams = 1}, nullptr);
  for (const registry::v1::ImportUnitRow& row : sample.units) {
    TERRACE_RETURN_IF_ERROR(sender.Send(row));
  }
  TERRACE_RETURN_IF_ERROR(sender.Barrier());
  const cli::ImportTotals totals = sender.totals();
  if (totals.rejected > 0) return Refused(totals.rejected, totals.refused.front());
  for (const registry::v1::CloseUnitRequest& closure : sample.closures) {
    TERRACE_RETURN_IF_ERROR(client->Get<registry::v1::Unit>(closure).status());
  }
  return absl::OkStatus();
}

absl::Status Enroll(Client* client,
                    const std::vector<registry::v1::EnrollUnitsRequest::Row>& rows) {
  for (size_t first = 0; first < rows.size(); first += kEnrollRows) {
    registry::v1::EnrollUnitsRequest request;
    request.set_parent(kProgramme);
    for (size_t i = first; i < std::min(first + kEnrollRows, rows.size()); ++i) {
      *request.add_rows() = rows[i];
    }
    TERRACE_ASSIGN_OR_RETURN(const auto reply,
                             client->Get<registry::v1::EnrollUnitsResponse>(request));
    TERRACE_RETURN_IF_ERROR(CheckResults(reply.results()));
  }
  return absl::OkStatus();
}

absl::Status LoadProgramme(const Sample& sample, Client* client) {
  TERRACE_RETURN_IF_ERROR(client->Get<registry::v1::Programme>(sample.programme).status());
  TERRACE_RETURN_IF_ERROR(Enroll(client, sample.enrollments));
  TERRACE_RETURN_IF_ERROR(Enroll(client, sample.role_changes));
  registry::v1::WithdrawUnitsRequest request;
  request.set_parent(kProgramme);
  for (const auto& row : sample.withdrawals) *request.add_rows() = row;
  TERRACE_ASSIGN_OR_RETURN(const auto reply,
                           client->Get<registry::v1::WithdrawUnitsResponse>(request));
  return CheckResults(reply.results());
}

absl::Status LoadDesignations(const Sample& sample, Client* client) {
  std::vector<registry::v1::ImportDesignationsRequest> messages(1);
  messages[0].set_acting_office(kNation);
  messages[0].set_programme(kProgramme);
  for (const auto& row : sample.designations) *messages[0].add_rows() = row;
  return SendStream<registry::v1::ImportDesignationsResponse>(client, messages).status();
}

// ------------------------------------------------------------------------------------- measures

std::string OfficeOf(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  return absl::StrCat(parts[0], "/", parts[1]);
}

absl::Status LoadMeasures(const Sample& sample, Client* client) {
  for (const measures::v1::MeasureList& list : sample.lists) {
    measures::v1::CreateMeasureListRequest request;
    request.set_parent(OfficeOf(list.name()));
    request.set_measure_list_id(cli::IdOf(list.name()));
    *request.mutable_measure_list() = list;
    TERRACE_RETURN_IF_ERROR(client->Get<measures::v1::MeasureList>(request).status());
  }
  std::vector<Task> tasks;
  for (const MeasureRecord& record : sample.measures) {
    tasks.emplace_back([client, &record]() -> absl::Status {
      measures::v1::CreateMeasureRequest create;
      create.set_parent(OfficeOf(record.name));
      create.set_measure_id(cli::IdOf(record.name));
      *create.mutable_measure() = record.measure;
      TERRACE_RETURN_IF_ERROR(client->Get<measures::v1::Measure>(create).status());
      measures::v1::IssueMeasureRequest issue;
      issue.set_name(record.name);
      *issue.mutable_issued_time() = ToProto(record.issued);
      return client->Await(issue).status();
    });
  }
  return RunAll(tasks);
}

using AssignmentNames = std::map<std::pair<std::string, std::string>, std::string>;

// Names of assignments by measure and unit.
absl::StatusOr<AssignmentNames> FindAssignments(Client* client) {
  measures::v1::ListAssignmentsRequest request;
  request.set_subtree(kNation);
  AssignmentNames names;
  TERRACE_RETURN_IF_ERROR(client->Pages<measures::v1::ListAssignmentsResponse>(
      request, [&](const measures::v1::ListAssignmentsResponse& page) {
        for (const measures::v1::Assignment& row : page.assignments()) {
          names[{row.measure(), OfficeOf(row.name())}] = row.name();
        }
        return true;
      }));
  return names;
}

// One after the other, as they happened.
absl::Status LoadAssignment(const AssignmentHistory& history, const std::string& name,
                            Client* client) {
  for (const AssignmentHistory::Report& report : history.reports) {
    measures::v1::SubmitReportRequest request;
    request.set_assignment(name);
    request.set_period(report.period);
    request.mutable_content()->mutable_progress()->set_value(absl::StrCat(report.progress_percent));
    request.mutable_content()->set_text(report.text);
    *request.mutable_received_time() = ToProto(report.received);
    TERRACE_RETURN_IF_ERROR(client->Get<measures::v1::Report>(request).status());
  }
  if (history.claimed) {
    measures::v1::ClaimDoneRequest request;
    request.set_name(name);
    request.set_note("done as the reports tell");
    *request.mutable_claimed_time() = ToProto(*history.claimed);
    TERRACE_RETURN_IF_ERROR(client->Get<measures::v1::Assignment>(request).status());
  }
  if (history.verified) {
    measures::v1::VerifyDoneRequest request;
    request.set_name(name);
    request.set_acting_office(history.acting_office);
    *request.mutable_verified_time() = ToProto(*history.verified);
    TERRACE_RETURN_IF_ERROR(client->Get<measures::v1::Assignment>(request).status());
  }
  return absl::OkStatus();
}

absl::Status LoadAssignments(const Sample& sample, Client* client) {
  TERRACE_ASSIGN_OR_RETURN(const AssignmentNames names, FindAssignments(client));
  std::vector<Task> tasks;
  for (const AssignmentHistory& history : sample.assignments) {
    const auto found = names.find({history.measure, history.unit});
    if (found == names.end()) {
      return Error(Reason::NOT_FOUND,
                   {{"name", absl::StrCat(history.unit, "'s part in ", history.measure)}});
    }
    tasks.emplace_back(
        [client, &history, name = found->second] { return LoadAssignment(history, name, client); });
  }
  return RunAll(tasks);
}

absl::Status LoadActivities(const Sample& sample, Client* client) {
  std::vector<measures::v1::ImportActivitiesRequest> messages(1);
  for (const measures::v1::Activity& activity : sample.activities) {
    *messages[0].add_activities() = activity;
  }
  return SendStream<measures::v1::ImportActivitiesResponse>(client, messages).status();
}

// ---------------------------------------------------------------------------------- inspections

absl::Status LoadInspections(const Sample& sample, Client* client) {
  inspections::v1::CreateChecklistRequest create;
  create.set_parent(kNation);
  create.set_checklist_id("site");
  *create.mutable_checklist() = sample.checklist;
  TERRACE_ASSIGN_OR_RETURN(const auto draft, client->Get<inspections::v1::Checklist>(create));
  inspections::v1::PublishChecklistRequest publish;
  publish.set_name(draft.name());
  TERRACE_RETURN_IF_ERROR(client->Get<inspections::v1::Checklist>(publish).status());
  for (const VisitRecords& visits : sample.visits) {
    TERRACE_RETURN_IF_ERROR(SyncVisits(client, visits));
  }
  return absl::OkStatus();
}

absl::Status LoadConsequences(const Sample& sample, Client* client) {
  for (const FindingHistory& history : sample.findings) {
    inspections::v1::ClaimRectifiedRequest claim;
    claim.set_name(history.finding);
    claim.set_note("notices renewed");
    *claim.mutable_captured_time() = ToProto(history.claimed);
    TERRACE_RETURN_IF_ERROR(client->Get<inspections::v1::Finding>(claim).status());
    if (!history.rechecked) continue;
    inspections::v1::RecheckFindingRequest recheck;
    recheck.set_name(history.finding);
    recheck.set_acting_office(history.acting_office);
    recheck.set_mode(inspections::v1::RECHECK_MODE_SITE);
    recheck.set_outcome(inspections::v1::RecheckFindingRequest::OUTCOME_CLOSED);
    *recheck.mutable_captured_time() = ToProto(*history.rechecked);
    TERRACE_RETURN_IF_ERROR(client->Get<inspections::v1::Finding>(recheck).status());
  }
  for (const FollowUpRecord& record : sample.follow_ups) {
    inspections::v1::RecordFollowUpRequest request;
    request.set_parent(record.unit);
    request.set_follow_up_id(record.id);
    request.set_acting_office(record.acting_office);
    *request.mutable_follow_up() = record.follow_up;
    TERRACE_RETURN_IF_ERROR(client->Get<inspections::v1::FollowUp>(request).status());
  }
  return absl::OkStatus();
}

// -------------------------------------------------------------------------------------- scoring

absl::Status LoadStatistics(const Sample& sample, Client* client) {
  for (const StatisticRecords& records : sample.statistics) {
    scoring::v1::CreateStatisticDefinitionRequest create;
    create.set_parent(records.office);
    create.set_statistic_definition_id(records.id);
    *create.mutable_statistic_definition() = records.definition;
    TERRACE_RETURN_IF_ERROR(client->Get<scoring::v1::StatisticDefinition>(create).status());
    if (records.rows.empty()) continue;
    std::vector<scoring::v1::ImportStatisticsRequest> messages(1);
    messages[0].set_acting_office(records.office);
    messages[0].set_definition(absl::StrCat(records.office, "/statisticDefinitions/", records.id));
    for (const scoring::v1::StatisticRow& row : records.rows) *messages[0].add_rows() = row;
    TERRACE_RETURN_IF_ERROR(
        SendStream<scoring::v1::ImportStatisticsResponse>(client, messages).status());
  }
  return absl::OkStatus();
}

absl::Status LoadSchemes(const Sample& sample, Client* client) {
  for (const SchemeRecord& record : sample.schemes) {
    scoring::v1::CreateSchemeRequest create;
    create.set_parent(record.office);
    create.set_scheme_id(record.id);
    create.set_version(record.version);
    *create.mutable_scheme() = record.scheme;
    TERRACE_ASSIGN_OR_RETURN(const auto draft, client->Get<scoring::v1::Scheme>(create));
    scoring::v1::PublishSchemeRequest publish;
    publish.set_name(draft.name());
    TERRACE_RETURN_IF_ERROR(client->Get<scoring::v1::Scheme>(publish).status());
  }
  return absl::OkStatus();
}

size_t CountReports(const Sample& sample) {
  size_t count = 0;
  for (const AssignmentHistory& history : sample.assignments) count += history.reports.size();
  return count;
}

size_t CountItems(const Sample& sample) {
  size_t count = 0;
  for (const VisitRecords& visits : sample.visits) count += visits.items.size();
  return count;
}

size_t CountRows(const Sample& sample) {
  size_t count = 0;
  for (const StatisticRecords& records : sample.statistics) count += records.rows.size();
  return count;
}

}  // namespace

absl::Status SyncVisits(Client* client, const VisitRecords& visits) {
  const std::unique_ptr<rpc::Stream> stream =
      client->Open(inspections::v1::SyncVisitsRequest::descriptor());
  for (size_t first = 0; first < visits.items.size(); first += kSyncItems) {
    inspections::v1::SyncVisitsRequest request;
    request.set_acting_office(visits.acting_office);
    for (size_t i = first; i < std::min(first + kSyncItems, visits.items.size()); ++i) {
      *request.add_items() = visits.items[i];
    }
    inspections::v1::SyncVisitsResponse reply;
    if (!stream->Write(request) || !stream->Read(&reply)) break;
    for (const inspections::v1::ItemResult& result : reply.results()) {
      if (result.outcome() == inspections::v1::ItemResult::OUTCOME_CREATED) continue;
      return Error(Reason::ROWS_REFUSED,
                   {{"count", "1"},
                    {"row", absl::StrCat(first + result.index(), " (", result.name(), ")")},
                    {"detail", absl::StrCat(result.message(), " [", result.reason(), "]")}});
    }
  }
  stream->WritesDone();
  return client->Explain(stream->Finish());
}

absl::Status Load(const Sample& sample, Client* client, const StepFn& on_step) {
  on_step("units", sample.units.size());
  TERRACE_RETURN_IF_ERROR(LoadUnits(sample, client));
  on_step("enrolments", sample.enrollments.size());
  TERRACE_RETURN_IF_ERROR(LoadProgramme(sample, client));
  on_step("titles", sample.designations.size());
  TERRACE_RETURN_IF_ERROR(LoadDesignations(sample, client));
  on_step("measures", sample.measures.size());
  TERRACE_RETURN_IF_ERROR(LoadMeasures(sample, client));
  on_step("monthly reports", CountReports(sample));
  TERRACE_RETURN_IF_ERROR(LoadAssignments(sample, client));
  on_step("activities", sample.activities.size());
  TERRACE_RETURN_IF_ERROR(LoadActivities(sample, client));
  on_step("records of visits", CountItems(sample));
  TERRACE_RETURN_IF_ERROR(LoadInspections(sample, client));
  on_step("claims and follow-ups", sample.findings.size() + sample.follow_ups.size());
  TERRACE_RETURN_IF_ERROR(LoadConsequences(sample, client));
  on_step("statistics", CountRows(sample));
  TERRACE_RETURN_IF_ERROR(LoadStatistics(sample, client));
  on_step("scoring schemes", sample.schemes.size());
  return LoadSchemes(sample, client);
}

}  // namespace terrace::sample
