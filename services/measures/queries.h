// The reads that take more than one step under the State's lock: lists, counts, sums. They run on
// the executor.
#ifndef TERRACE_SERVICES_MEASURES_QUERIES_H_
#define TERRACE_SERVICES_MEASURES_QUERIES_H_

#include "absl/status/status.h"
#include "common/machine/machine.h"
#include "common/rpc/methods.h"
#include "google/longrunning/operations.pb.h"
#include "terrace/measures/v1/activities.pb.h"
#include "terrace/measures/v1/assignments.pb.h"
#include "terrace/measures/v1/lists.pb.h"
#include "terrace/measures/v1/measures.pb.h"
#include "terrace/measures/v1/progress.pb.h"
#include "terrace/measures/v1/reports.pb.h"

namespace terrace::measures {

// Thread-safe: holds nothing but the machine, which outlives it.
class Queries {
 public:
  explicit Queries(machine::Machine* machine) : machine_(machine) {}

  absl::Status ListMeasureLists(rpc::Call& call, const v1::ListMeasureListsRequest& request,
                                v1::ListMeasureListsResponse* reply) const;
  absl::Status GetMeasure(rpc::Call& call, const v1::GetMeasureRequest& request,
                          v1::Measure* reply) const;
  absl::Status ListMeasures(rpc::Call& call, const v1::ListMeasuresRequest& request,
                            v1::ListMeasuresResponse* reply) const;
  absl::Status ListAssignments(rpc::Call& call, const v1::ListAssignmentsRequest& request,
                               v1::ListAssignmentsResponse* reply) const;
  absl::Status ListReports(rpc::Call& call, const v1::ListReportsRequest& request,
                           v1::ListReportsResponse* reply) const;
  absl::Status ListActivities(rpc::Call& call, const v1::ListActivitiesRequest& request,
                              v1::ListActivitiesResponse* reply) const;
  absl::Status SummarizeActivities(rpc::Call& call, const v1::SummarizeActivitiesRequest& request,
                                   v1::SummarizeActivitiesResponse* reply) const;
  absl::Status GetProgress(rpc::Call& call, const v1::GetProgressRequest& request,
                           v1::GetProgressResponse* reply) const;
  absl::Status ListDue(rpc::Call& call, const v1::ListDueRequest& request,
                       v1::ListDueResponse* reply) const;

  // What issuing a measure would do, as a finished operation: for dry runs.
  absl::Status PreviewIssue(rpc::Call& call, const v1::IssueMeasureRequest& request,
                            google::longrunning::Operation* reply) const;

 private:
  machine::Machine* const machine_;
};

// The instant that a read speaks about: the one asked for, or now.
absl::Time InstantOf(const google::protobuf::Timestamp* at_time, const rpc::Call& call,
                     const machine::Machine& machine);

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_QUERIES_H_
