#include "services/terrace/demo/records.h"

#include <memory>

#include "common/base/check.h"
#include "services/terrace/sample/sample.h"
#include "terrace/scoring/v1/scoreboard.pb.h"

namespace terrace::demo {
namespace {

using cli::Client;

// Reads a watch up to the end of its snapshot.
template <class Reply, class Request, class Take>
absl::Status Snapshot(Client* client, const Request& request, int end, Take take) {
  const std::unique_ptr<rpc::Stream> stream = client->Open(Request::descriptor());
  if (!stream->Write(request)) return client->Explain(stream->Finish());
  stream->WritesDone();
  Reply reply;
  while (stream->Read(&reply)) {
    take(reply);
    if (reply.kind() == end) return absl::OkStatus();
  }
  return client->Explain(stream->Finish());
}

absl::Status ExportRegistry(Client* client, Records* out) {
  registry::v1::ExportUnitsRequest units;
  units.set_subtree(sample::kNation);
  TERRACE_RETURN_IF_ERROR(client->Pull<registry::v1::ExportUnitsResponse>(
      units, [&](const registry::v1::ExportUnitsResponse& part) {
        for (const auto& record : part.records()) out->units[record.unit().name()] = record;
      }));
  TERRACE_ASSIGN_OR_RETURN(const auto levels, client->Get<registry::v1::ListLevelsResponse>(
                                                  registry::v1::ListLevelsRequest()));
  for (const registry::v1::Level& level : levels.levels()) out->levels[level.name()] = level;
  registry::v1::ListEnrollmentsRequest enrollments;
  enrollments.set_parent(sample::kProgramme);
  TERRACE_RETURN_IF_ERROR(client->Pages<registry::v1::ListEnrollmentsResponse>(
      enrollments, [&](const registry::v1::ListEnrollmentsResponse& page) {
        for (const auto& row : page.enrollments()) out->enrollments.push_back(row);
        return true;
      }));
  registry::v1::ListDesignationsRequest designations;
  designations.set_subtree(sample::kNation);
  return client->Pages<registry::v1::ListDesignationsResponse>(
      designations, [&](const registry::v1::ListDesignationsResponse& page) {
        for (const auto& row : page.designations()) out->designations.push_back(row);
        return true;
      });
}

absl::Status ExportMeasures(Client* client, Records* out) {
  measures::v1::WatchMeasuresRequest request;
  request.set_subtree(sample::kNation);
  using Reply = measures::v1::WatchMeasuresResponse;
  return Snapshot<Reply>(client, request, Reply::KIND_SNAPSHOT_END, [&](const Reply& reply) {
    for (const measures::v1::MeasureChange& change : reply.changes()) {
      if (change.has_measure()) out->measures[change.measure().name()] = change.measure();
      if (change.has_assignment()) {
        out->assignments[change.assignment().name()] = change.assignment();
      }
      if (change.has_report()) out->reports[change.report().name()] = change.report();
      if (change.has_activity()) out->activities.push_back(change.activity());
    }
  });
}

absl::Status ExportInspections(Client* client, Records* out) {
  inspections::v1::WatchInspectionsRequest request;
  request.set_subtree(sample::kNation);
  using Reply = inspections::v1::WatchInspectionsResponse;
  return Snapshot<Reply>(client, request, Reply::KIND_SNAPSHOT_END, [&](const Reply& reply) {
    for (const inspections::v1::WatchedResource& row : reply.resources()) {
      if (row.has_visit()) out->visits[row.visit().name()] = row.visit();
      if (row.has_observation()) out->observations.push_back(row.observation());
      if (row.has_finding()) out->findings.push_back(row.finding());
      if (row.has_follow_up()) out->follow_ups.push_back(row.follow_up());
    }
  });
}

absl::Status ExportStatistics(Client* client, Records* out) {
  scoring::v1::ListStatisticsRequest request;
  request.set_subtree(sample::kNation);
  return client->Pages<scoring::v1::ListStatisticsResponse>(
      request, [&](const scoring::v1::ListStatisticsResponse& page) {
        for (const auto& row : page.statistics()) out->statistics.push_back(row);
        return true;
      });
}

}  // namespace

absl::StatusOr<Records> ExportRecords(Client* client) {
  Records records;
  TERRACE_RETURN_IF_ERROR(ExportRegistry(client, &records));
  TERRACE_RETURN_IF_ERROR(ExportMeasures(client, &records));
  TERRACE_RETURN_IF_ERROR(ExportInspections(client, &records));
  TERRACE_RETURN_IF_ERROR(ExportStatistics(client, &records));
  return records;
}

}  // namespace terrace::demo
