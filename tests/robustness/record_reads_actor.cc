#include <utility>

#include "absl/strings/str_cat.h"
#include "terrace/inspections/v1/inspections.pb.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "tests/robustness/actors.h"

namespace terrace::robustness {
namespace {

namespace in = inspections::v1;
namespace me = measures::v1;

// What a list shows is what its single resources say: nobody but the client changes what belongs to
// its office. Operations do, whose positions nobody is told: of what they touch, names alone are
// compared.
class RecordReadsActor : public Actor {
 public:
  RecordReadsActor(Caller* caller, Office* office)
      : caller_(*caller), office_(*office), next_(3 * static_cast<size_t>(caller->client())) {}

  // One kind of read after the other.
  void Act() override {
    using Reads = void (RecordReadsActor::*)();
    constexpr Reads kReads[] = {
        &RecordReadsActor::Measures,   &RecordReadsActor::Assignments,
        &RecordReadsActor::Reports,    &RecordReadsActor::Activities,
        &RecordReadsActor::Due,        &RecordReadsActor::WatchMeasures,
        &RecordReadsActor::Checklists, &RecordReadsActor::Teams,
        &RecordReadsActor::Plans,      &RecordReadsActor::Visits,
        &RecordReadsActor::Findings,   &RecordReadsActor::WatchInspections,
    };
    (this->*kReads[next_++ % std::size(kReads)])();
  }

 private:
  // Reads a page of the list, and one row of it by its name.
  template <class Page, class Get, class List, class Row, class TextOf>
  void ListAndGet(List list, const google::protobuf::RepeatedPtrField<Row>& (Page::*rows)() const,
                  TextOf text_of) {
    list.set_page_size(1000);
    Page page;
    if (!Read(list, &page) || (page.*rows)().empty()) return;
    const auto any = static_cast<int>(caller_.Below((page.*rows)().size()));
    const Row& row = (page.*rows)()[any];
    Get get;
    get.set_name(row.name());
    Row found;
    if (Read(get, &found)) caller_.Compare(row.name(), text_of(row), text_of(found), how_);
  }

  template <class Request, class Response>
  bool Read(const Request& request, Response* found) {
    return caller_.Expect(caller_.ReadAfterChange(request, found, &how_),
                          absl::StrCat(Request::descriptor()->name(), " about ", office_.name));
  }

  template <class List>
  List OfOffice() const {
    List list;
    list.set_parent(office_.name);
    return list;
  }
  template <class List>
  List BelowOffice() const {
    List list;
    list.set_subtree(office_.name);
    return list;
  }

  // Opens a watch of the office's subtree and waits for its first message.
  template <class Request, class Response>
  void Watch() {
    const absl::Status status = caller_.Follow(BelowOffice<Request>(), [](rpc::Stream& stream) {
      Response message;
      return stream.Read(&message);
    });
    caller_.Expect(status, absl::StrCat(Request::descriptor()->name(), " of ", office_.name));
  }

  static constexpr auto kName = [](const auto& row) { return row.name(); };
  static constexpr auto kEtag = [](const auto& row) { return row.etag(); };

  void Measures() {
    ListAndGet<me::ListMeasuresResponse, me::GetMeasureRequest>(
        OfOffice<me::ListMeasuresRequest>(), &me::ListMeasuresResponse::measures, kName);
  }
  void Assignments() {
    ListAndGet<me::ListAssignmentsResponse, me::GetAssignmentRequest>(
        BelowOffice<me::ListAssignmentsRequest>(), &me::ListAssignmentsResponse::assignments,
        kName);
  }
  void Reports() {
    ListAndGet<me::ListReportsResponse, me::GetReportRequest>(
        BelowOffice<me::ListReportsRequest>(), &me::ListReportsResponse::reports, kEtag);
  }
  void Activities() {
    ListAndGet<me::ListActivitiesResponse, me::GetActivityRequest>(
        BelowOffice<me::ListActivitiesRequest>(), &me::ListActivitiesResponse::activities, kEtag);
  }
  void Due() {
    me::ListDueResponse found;
    Read(BelowOffice<me::ListDueRequest>(), &found);
  }
  void WatchMeasures() { Watch<me::WatchMeasuresRequest, me::WatchMeasuresResponse>(); }

  void Checklists() {
    ListAndGet<in::ListChecklistsResponse, in::GetChecklistRequest>(
        OfOffice<in::ListChecklistsRequest>(), &in::ListChecklistsResponse::checklists, kEtag);
  }
  void Teams() {
    ListAndGet<in::ListTeamsResponse, in::GetTeamRequest>(OfOffice<in::ListTeamsRequest>(),
                                                          &in::ListTeamsResponse::teams, kEtag);
  }
  void Plans() {
    ListAndGet<in::ListPlansResponse, in::GetPlanRequest>(OfOffice<in::ListPlansRequest>(),
                                                          &in::ListPlansResponse::plans, kName);
  }
  void Visits() {
    ListAndGet<in::ListVisitsResponse, in::GetVisitRequest>(BelowOffice<in::ListVisitsRequest>(),
                                                            &in::ListVisitsResponse::visits, kName);
  }
  void Findings() {
    ListAndGet<in::ListFindingsResponse, in::GetFindingRequest>(
        BelowOffice<in::ListFindingsRequest>(), &in::ListFindingsResponse::findings, kEtag);
  }
  void WatchInspections() { Watch<in::WatchInspectionsRequest, in::WatchInspectionsResponse>(); }

  Caller& caller_;
  Office& office_;
  size_t next_;  // The next kind of read.
  std::string how_;
};

}  // namespace

std::unique_ptr<Actor> MakeRecordReadsActor(Caller* caller, Office* office) {
  return std::make_unique<RecordReadsActor>(caller, office);
}

}  // namespace terrace::robustness
