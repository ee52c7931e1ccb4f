#include "services/measures/queries.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/resource/filter.h"
#include "common/resource/names.h"
#include "services/measures/activity_sums.h"
#include "services/measures/decide.h"
#include "services/measures/issue.h"
#include "services/measures/measures_state.h"
#include "services/measures/names.h"
#include "services/measures/pager.h"
#include "services/measures/progress_scan.h"
#include "services/measures/reads.h"
#include "services/measures/unit_scope.h"

namespace terrace::measures {
namespace {

using resource::Filter;

constexpr int kChildrenMax = 10000;
// Units of the tree that a preview of an issue looks at between two looks at the State.
constexpr int kPreviewNames = 1000;

// The request's fields that choose rows, for the page token.
template <class Request>
std::string LineOf(const Request& request) {
  return absl::StrCat(request.line());
}

template <class Request>
std::string TimeOf(const Request& request) {
  return request.has_at_time() ? request.at_time().SerializeAsString() : "";
}

// Takes steps until the page is full or the list at its end: step(state, pager) returns whether the
// end was reached.
template <class Step>
void RunSteps(const machine::Machine& machine, Pager& pager, Step step) {
  while (pager.more()) {
    machine.Read<MeasuresState>([&](const MeasuresState& state, const store::Cursor& at) {
      pager.Stepped(at, step(state));
    });
  }
}

template <class Reply>
absl::Status FinishPage(const machine::Machine& machine, const Pager& pager, rpc::Call& call,
                        Reply* reply) {
  reply->set_next_page_token(pager.NextToken());
  rpc::StampCursor(machine.service(), pager.cursor(), call, reply);
  return absl::OkStatus();
}

// The counts of a measure at an instant of the past.
MeasureCounts CountAt(const machine::Machine& machine, const std::string& name, absl::Time at) {
  MeasureScan scan(at);
  MeasureCounts counts;
  bool ended = false;
  while (!ended) {
    machine.Read<MeasuresState>([&](const MeasuresState& state, const store::Cursor&) {
      const MeasureEntry* entry = state.FindMeasure(name);
      if (entry == nullptr) {
        ended = true;
        return;
      }
      int budget = kStepRows;
      ended = scan.Step(*entry, state, &budget, [](const AssignmentEntry&) {});
      if (ended) counts = scan.counts(entry->facts);
    });
  }
  return counts;
}

v1::Measure Complete(const machine::Machine& machine, MeasureRead read, bool past, absl::Time at) {
  if (past) read.counts = CountAt(machine, read.measure.name(), at);
  FillMeasure(read.counts, read.issuing, at, &read.measure);
  return std::move(read.measure);
}

}  // namespace

absl::Time InstantOf(const google::protobuf::Timestamp* at_time, const rpc::Call& call,
                     const machine::Machine& machine) {
  if (at_time != nullptr) return FromProto(*at_time);
  return machine.Read<MeasuresState>([&](const MeasuresState& state, const store::Cursor&) {
    return std::max(call.received, state.present());
  });
}

absl::Status Queries::ListMeasureLists(rpc::Call& call, const v1::ListMeasureListsRequest& request,
                                       v1::ListMeasureListsResponse* reply) const {
  TERRACE_ASSIGN_OR_RETURN(
      UnitScope scope,
      UnitScope::Of(request.parent(), request.subtree(), request.line(), UnitScope::Sees::kApplying,
                    call.identity, call.tree, call.received));
  TERRACE_ASSIGN_OR_RETURN(Filter filter,
                           Filter::Parse(request.filter(), v1::MeasureList::descriptor()));
  TERRACE_ASSIGN_OR_RETURN(
      Pager pager,
      Pager::Start(*machine_, request.page_size(), request.page_token(), request.order_by(),
                   {"ListMeasureLists", request.parent(), request.subtree(), LineOf(request),
                    request.filter()}));
  RunSteps(*machine_, pager, [&](const MeasuresState& state) {
    return StepLists(state, scope, &pager.position(), [&](v1::MeasureList list) {
      if (!filter.Matches(list)) return true;
      *reply->add_measure_lists() = std::move(list);
      return pager.Took();
    });
  });
  return FinishPage(*machine_, pager, call, reply);
}

absl::Status Queries::GetMeasure(rpc::Call& call, const v1::GetMeasureRequest& request,
                                 v1::Measure* reply) const {
  const absl::Time at =
      InstantOf(request.has_at_time() ? &request.at_time() : nullptr, call, *machine_);
  MeasureRead read;
  store::Cursor position;
  TERRACE_RETURN_IF_ERROR(
      machine_->Read<MeasuresState>([&](const MeasuresState& state, const store::Cursor& cursor) {
        position = cursor;
        return ReadMeasure(state, request.name(), call.identity, *call.tree, call.received, &read);
      }));
  *reply = Complete(*machine_, std::move(read), request.has_at_time(), at);
  rpc::StampCursor(machine_->service(), position, call, reply);
  return absl::OkStatus();
}

absl::Status Queries::ListMeasures(rpc::Call& call, const v1::ListMeasuresRequest& request,
                                   v1::ListMeasuresResponse* reply) const {
  const absl::Time at =
      InstantOf(request.has_at_time() ? &request.at_time() : nullptr, call, *machine_);
  TERRACE_ASSIGN_OR_RETURN(
      UnitScope scope,
      UnitScope::Of(request.parent(), request.subtree(), request.line(), UnitScope::Sees::kApplying,
                    call.identity, call.tree, call.received));
  TERRACE_ASSIGN_OR_RETURN(Filter filter,
                           Filter::Parse(request.filter(), v1::Measure::descriptor()));
  TERRACE_ASSIGN_OR_RETURN(
      Pager pager,
      Pager::Start(*machine_, request.page_size(), request.page_token(), request.order_by(),
                   {"ListMeasures", request.parent(), request.subtree(), LineOf(request),
                    request.filter(), TimeOf(request)}));
  // One measure per look: counting one of the past takes looks of its own.
  while (pager.more()) {
    absl::optional<MeasureRead> read;
    machine_->Read<MeasuresState>([&](const MeasuresState& state, const store::Cursor& cursor) {
      const bool ended = StepMeasures(state, scope, call.identity, *call.tree, call.received,
                                      &pager.position(), [&read](MeasureRead found) {
                                        read = std::move(found);
                                        return false;
                                      });
      pager.Stepped(cursor, ended);
    });
    if (!read) continue;
    v1::Measure measure = Complete(*machine_, *std::move(read), request.has_at_time(), at);
    if (!filter.Matches(measure)) continue;
    *reply->add_measures() = std::move(measure);
    pager.Took();
  }
  return FinishPage(*machine_, pager, call, reply);
}

absl::Status Queries::ListAssignments(rpc::Call& call, const v1::ListAssignmentsRequest& request,
                                      v1::ListAssignmentsResponse* reply) const {
  const absl::Time at =
      InstantOf(request.has_at_time() ? &request.at_time() : nullptr, call, *machine_);
  TERRACE_ASSIGN_OR_RETURN(UnitScope scope, UnitScope::Of(request.parent(), request.subtree(),
                                                          request.line(), UnitScope::Sees::kOwn,
                                                          call.identity, call.tree, call.received));
  TERRACE_ASSIGN_OR_RETURN(Filter filter,
                           Filter::Parse(request.filter(), v1::Assignment::descriptor()));
  TERRACE_ASSIGN_OR_RETURN(
      Pager pager,
      Pager::Start(*machine_, request.page_size(), request.page_token(), request.order_by(),
                   {"ListAssignments", request.parent(), request.subtree(), LineOf(request),
                    request.filter(), TimeOf(request)}));
  Tables tables(at);
  RunSteps(*machine_, pager, [&](const MeasuresState& state) {
    return StepAssignments(state, scope, tables, &pager.position(), [&](v1::Assignment row) {
      if (!filter.Matches(row)) return true;
      *reply->add_assignments() = std::move(row);
      return pager.Took();
    });
  });
  return FinishPage(*machine_, pager, call, reply);
}

absl::Status Queries::ListReports(rpc::Call& call, const v1::ListReportsRequest& request,
                                  v1::ListReportsResponse* reply) const {
  const absl::Time at =
      InstantOf(request.has_at_time() ? &request.at_time() : nullptr, call, *machine_);
  // The parent may be an assignment.
  std::string unit = request.parent();
  std::string assignment;
  if (resource::MatchesName(unit, kAssignmentPattern)) {
    if (!request.subtree().empty()) return Invalid("subtree", "give either parent or subtree");
    assignment = unit;
    unit = resource::UnitName(resource::OwnerOf(assignment));
  }
  TERRACE_ASSIGN_OR_RETURN(
      UnitScope scope, UnitScope::Of(unit, request.subtree(), request.line(), UnitScope::Sees::kOwn,
                                     call.identity, call.tree, call.received));
  TERRACE_ASSIGN_OR_RETURN(Filter filter,
                           Filter::Parse(request.filter(), v1::Report::descriptor()));
  TERRACE_ASSIGN_OR_RETURN(
      Pager pager,
      Pager::Start(*machine_, request.page_size(), request.page_token(), request.order_by(),
                   {"ListReports", request.parent(), request.subtree(), LineOf(request),
                    request.filter(), TimeOf(request)}));
  RunSteps(*machine_, pager, [&](const MeasuresState& state) {
    return StepReports(state, scope, assignment, at, &pager.position(), &pager.inner(),
                       [&](v1::Report row) {
                         if (!filter.Matches(row)) return true;
                         *reply->add_reports() = std::move(row);
                         return pager.Took();
                       });
  });
  return FinishPage(*machine_, pager, call, reply);
}

absl::Status Queries::ListActivities(rpc::Call& call, const v1::ListActivitiesRequest& request,
                                     v1::ListActivitiesResponse* reply) const {
  TERRACE_ASSIGN_OR_RETURN(UnitScope scope, UnitScope::Of(request.parent(), request.subtree(),
                                                          request.line(), UnitScope::Sees::kOwn,
                                                          call.identity, call.tree, call.received));
  TERRACE_ASSIGN_OR_RETURN(Filter filter,
                           Filter::Parse(request.filter(), v1::Activity::descriptor()));
  TERRACE_ASSIGN_OR_RETURN(
      Pager pager,
      Pager::Start(*machine_, request.page_size(), request.page_token(), request.order_by(),
                   {"ListActivities", request.parent(), request.subtree(), LineOf(request),
                    request.filter(), request.show_withdrawn() ? "withdrawn" : ""}));
  RunSteps(*machine_, pager, [&](const MeasuresState& state) {
    return StepActivities(state, scope, &pager.position(), [&](v1::Activity row) {
      if (row.has_withdrawn() && !request.show_withdrawn()) return true;
      if (!filter.Matches(row)) return true;
      *reply->add_activities() = std::move(row);
      return pager.Took();
    });
  });
  return FinishPage(*machine_, pager, call, reply);
}

absl::Status Queries::SummarizeActivities(rpc::Call& call,
                                          const v1::SummarizeActivitiesRequest& request,
                                          v1::SummarizeActivitiesResponse* reply) const {
  if (request.parent().empty() && request.subtree().empty()) return Required("parent or subtree");
  TERRACE_ASSIGN_OR_RETURN(UnitScope scope, UnitScope::Of(request.parent(), request.subtree(),
                                                          request.line(), UnitScope::Sees::kOwn,
                                                          call.identity, call.tree, call.received));
  absl::CivilDay first(calendar::kYearMin, 1, 1);
  absl::CivilDay last(calendar::kYearMax, 12, 31);
  if (request.has_start_date()) {
    TERRACE_ASSIGN_OR_RETURN(first, DayOf(request.start_date(), "start_date"));
  }
  if (request.has_end_date()) {
    TERRACE_ASSIGN_OR_RETURN(last, DayOf(request.end_date(), "end_date"));
  }
  const absl::flat_hash_set<std::string> kinds(request.kinds().begin(), request.kinds().end());
  ActivitySums sums;
  WalkPosition walk;
  store::Cursor position;
  bool ended = false;
  while (!ended) {
    machine_->Read<MeasuresState>([&](const MeasuresState& state, const store::Cursor& at) {
      if (position.log_id.empty()) position = at;
      ended = StepActivities(state, scope, &walk, [&](v1::Activity row) {
        const absl::CivilDay day(row.date().year(), row.date().month(), row.date().day());
        if (!row.has_withdrawn() && first <= day && day <= last &&
            (kinds.empty() || kinds.contains(row.kind())) &&
            (request.programme().empty() || request.programme() == row.programme())) {
          sums.Add(row);
        }
        return true;
      });
    });
  }
  TERRACE_RETURN_IF_ERROR(sums.Fill(reply));
  rpc::StampCursor(machine_->service(), position, call, reply);
  return absl::OkStatus();
}

absl::Status Queries::GetProgress(rpc::Call& call, const v1::GetProgressRequest& request,
                                  v1::GetProgressResponse* reply) const {
  TERRACE_ASSIGN_OR_RETURN(resource::Ids list, resource::ParseName(request.list(), kListPattern));
  const absl::Time at =
      InstantOf(request.has_at_time() ? &request.at_time() : nullptr, call, *machine_);
  const bool whole = request.subtree().empty();
  absl::string_view unit = list[0];
  if (!whole) {
    TERRACE_ASSIGN_OR_RETURN(unit, resource::ParseUnitName(request.subtree()));
  }
  // Without a subtree it is that of the office, which the caller must see as well.
  if (whole && !call.identity.service &&
      !access::MaySee(call.identity, *call.tree, unit, call.received)) {
    return Required("subtree");
  }
  absl::optional<tree::UnitNumber> root = call.tree->Number(unit);
  if (!root) return NotFound(resource::UnitName(unit));
  const tree::Line line = tree::FromProto(request.line());
  if (request.by_child()) {
    TERRACE_RETURN_IF_ERROR(
        CheckCount(static_cast<int64_t>(call.tree->Children(*root, line).size()), kChildrenMax));
  }
  ProgressScan scan(request.list(), call.tree, *root, line, request.by_child(), at);
  store::Cursor position;
  absl::Time next = absl::InfiniteFuture();
  bool found = true;
  bool ended = false;
  while (!ended) {
    machine_->Read<MeasuresState>([&](const MeasuresState& state, const store::Cursor& cursor) {
      const ListEntry* entry = state.FindList(request.list());
      found = entry != nullptr;
      if (!found) {
        ended = true;
        return;
      }
      if (position.log_id.empty()) {
        position = cursor;
        next = NextBoundaryOf(state, {entry->measures.begin(), entry->measures.end()}, at);
      }
      ended = scan.Step(state);
    });
  }
  if (!found) return NotFound(request.list());
  scan.Fill(reply);
  *reply->mutable_at_time() = ToProto(at);
  if (next < absl::InfiniteFuture()) *reply->mutable_next_change_time() = ToProto(next);
  rpc::StampCursor(machine_->service(), position, call, reply);
  return absl::OkStatus();
}

absl::Status Queries::ListDue(rpc::Call& call, const v1::ListDueRequest& request,
                              v1::ListDueResponse* reply) const {
  const absl::Time at =
      InstantOf(request.has_at_time() ? &request.at_time() : nullptr, call, *machine_);
  TERRACE_ASSIGN_OR_RETURN(UnitScope scope, UnitScope::Of(request.parent(), request.subtree(),
                                                          request.line(), UnitScope::Sees::kOwn,
                                                          call.identity, call.tree, call.received));
  TERRACE_ASSIGN_OR_RETURN(Filter filter,
                           Filter::Parse(request.filter(), v1::DueItem::descriptor()));
  TERRACE_ASSIGN_OR_RETURN(
      Pager pager,
      Pager::Start(*machine_, request.page_size(), request.page_token(), request.order_by(),
                   {"ListDue", request.parent(), request.subtree(), LineOf(request),
                    request.filter(), TimeOf(request)}));
  Tables tables(at);
  RunSteps(*machine_, pager, [&](const MeasuresState& state) {
    return StepDue(state, scope, tables, &pager.position(), &pager.inner(), [&](v1::DueItem row) {
      if (!filter.Matches(row)) return true;
      *reply->add_items() = std::move(row);
      return pager.Took();
    });
  });
  *reply->mutable_at_time() = ToProto(at);

  // When the whole list may change, not only this page.
  absl::flat_hash_set<std::string> measures;
  WalkPosition walk;
  bool ended = scope.units() == nullptr;
  while (!ended) {
    machine_->Read<MeasuresState>([&](const MeasuresState& state, const store::Cursor&) {
      ended = StepSources(state, scope, &walk, &measures);
    });
  }
  const absl::Time next =
      machine_->Read<MeasuresState>([&](const MeasuresState& state, const store::Cursor&) {
        return scope.units() == nullptr ? state.NextBoundary(at)
                                        : NextBoundaryOf(state, measures, at);
      });
  if (next < absl::InfiniteFuture()) *reply->mutable_next_change_time() = ToProto(next);
  return FinishPage(*machine_, pager, call, reply);
}

absl::Status Queries::PreviewIssue(rpc::Call& call, const v1::IssueMeasureRequest& request,
                                   google::longrunning::Operation* reply) const {
  MeasureRead read;
  EnrolledFn enrolled;
  TERRACE_RETURN_IF_ERROR(
      machine_->Read<MeasuresState>([&](const MeasuresState& state, const store::Cursor&) {
        enrolled = state.enrolled();
        return ReadMeasure(state, request.name(), call.identity, *call.tree, call.received, &read);
      }));
  v1::IssueMeasureResponse response;
  response.set_measure(request.name());
  if (read.measure.has_lead()) {
    response.set_created_count(1 + read.measure.lead().co_operators_size());
  } else {
    const absl::Time time =
        request.has_issued_time() ? FromProto(request.issued_time()) : call.received;
    const CascadeFilter filter(read.measure.cascade(), *call.tree, enrolled, time);
    std::vector<std::string> names;
    auto count = [&] {
      machine_->Read<MeasuresState>([&](const MeasuresState& state, const store::Cursor&) {
        for (const std::string& name : names) {
          const bool exists = state.FindIssued(name, absl::InfiniteFuture()) != nullptr;
          if (exists) {
            response.set_existing_count(response.existing_count() + 1);
          } else {
            response.set_created_count(response.created_count() + 1);
          }
        }
      });
      names.clear();
    };
    if (filter.root() != tree::kNoUnit) {
      call.tree->ForEachInSubtree(filter.root(), filter.line(), [&](tree::UnitNumber unit) {
        if (filter.Matches(unit))
          names.push_back(AssignmentName(call.tree->Id(unit), request.name()));
        if (names.size() == kPreviewNames) count();
        return true;
      });
    }
    count();
    if (response.created_count() + response.existing_count() == 0) {
      return Error(Reason::NO_MATCHING_UNIT, {{"name", request.name()}});
    }
  }
  reply->set_done(true);
  reply->mutable_response()->PackFrom(response);
  return absl::OkStatus();
}

}  // namespace terrace::measures
