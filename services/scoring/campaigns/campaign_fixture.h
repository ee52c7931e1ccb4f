// A scoring service with a published scheme of reviews and a campaign over villages of a county:
// self-assessment, township, county, then a spot check that caps.
#ifndef TERRACE_SERVICES_SCORING_CAMPAIGNS_CAMPAIGN_FIXTURE_H_
#define TERRACE_SERVICES_SCORING_CAMPAIGNS_CAMPAIGN_FIXTURE_H_

#include <string>
#include <utility>
#include <vector>

#include "google/longrunning/operations.pb.h"
#include "services/scoring/scoring_fixture.h"
#include "terrace/internal/v1/internal.pb.h"

namespace terrace::scoring {

inline constexpr char kCampaign[] = "units/county/campaigns/y2015";

inline access::Identity Reporter(const std::string& unit) {
  return Who(unit, options::v1::ROLE_REPORTER);
}
inline std::string SheetOf(const std::string& unit) {
  return absl::StrCat("units/", unit, "/sheets/county~y2015");
}

// "work=50" or "work=40 why" or "files=- why" for what does not apply, "work=" to take back.
inline v1::LeafValue ValueOf(const std::string& text) {
  v1::LeafValue value;
  const size_t equals = text.find('=');
  const size_t space = std::min(text.find(' '), text.size());
  value.set_node(text.substr(0, equals));
  const std::string points = text.substr(equals + 1, space - equals - 1);
  if (points == "-") {
    value.set_not_applicable(true);
  } else if (!points.empty()) {
    value.mutable_points()->set_value(points);
  }
  if (space < text.size()) value.set_reason(text.substr(space + 1));
  return value;
}

class CampaignTest : public ScoringTest {
 protected:
  CampaignTest() {
    AddTreeUnit("archive", "county", "office");
    Start([](v1::Scheme& scheme) { scheme = ReviewScheme(); });
  }

  static v1::Campaign TestCampaign() {
    return Parse<v1::Campaign>(R"pb(
      display_name: "Year-end 2015"
      scheme: "units/county/schemes/quality@1"
      period: "2015"
      stages {
        id: "self"
        display_name: "Self-assessment"
        localized_names { key: "zh-CN" value: "自评" }
        kind: STAGE_KIND_SELF
        due_date { year: 2016 month: 5 day: 31 }
      }
      stages {
        id: "town"
        display_name: "Township"
        kind: STAGE_KIND_REVIEW
        level: "levels/township"
        due_date { year: 2016 month: 6 day: 30 }
      }
      stages {
        id: "county"
        display_name: "County"
        localized_names { key: "zh-CN" value: "县级复核" }
        kind: STAGE_KIND_REVIEW
        by_scorer: true
      }
      stages {
        id: "spot"
        display_name: "Spot check"
        kind: STAGE_KIND_SPOT_CHECK
        effect: SPOT_CHECK_EFFECT_CAP
      }
    )pb");
  }

  absl::StatusOr<v1::Campaign> CreateCampaign(const v1::Campaign& campaign,
                                              const std::string& id = "y2015") {
    v1::CreateCampaignRequest request;
    request.set_parent("units/county");
    request.set_campaign_id(id);
    *request.mutable_campaign() = campaign;
    return Do<v1::Campaign>("CreateCampaign", Officer("county"), request);
  }
  absl::StatusOr<v1::Campaign> GetCampaign(const std::string& name = kCampaign,
                                           const access::Identity& who = Viewer("county")) {
    v1::GetCampaignRequest request;
    request.set_name(name);
    return Do<v1::Campaign>("GetCampaign", who, request);
  }
  absl::StatusOr<google::longrunning::Operation> OpenSheets(const std::string& name = kCampaign) {
    v1::OpenSheetsRequest request;
    request.set_name(name);
    return Do<google::longrunning::Operation>("OpenSheets", Officer("county"), request);
  }
  absl::StatusOr<v1::Campaign> CloseCampaign(const std::string& etag = "") {
    v1::CloseCampaignRequest request;
    request.set_name(kCampaign);
    request.set_etag(etag);
    return Do<v1::Campaign>("CloseCampaign", Officer("county"), request);
  }

  // Waits until the operation is done.
  internal::v1::OperationRecord Finished(const std::string& operation) {
    while (true) {
      auto [record, position] =
          machine_->Read<ScoringState>([&](const ScoringState& state, const store::Cursor& at) {
            return std::make_pair(state.rows().Get<internal::v1::OperationRecord>(operation), at);
          });
      if (!record || record->done()) return record.value_or(internal::v1::OperationRecord());
      ++position.revision.value;
      absl::Notification moved;
      machine_->WaitFor(position, clock_.Now() + absl::Hours(1),
                        [&](const absl::Status&) { moved.Notify(); });
      moved.WaitForNotification();
    }
  }
  // The response of OpenSheets: "created existing", or the code of its error.
  std::string Opened(const absl::StatusOr<google::longrunning::Operation>& operation) {
    if (!operation.ok()) return operation.status().ToString();
    const internal::v1::OperationRecord record = Finished(operation->name());
    if (record.has_error()) return absl::StrCat("error ", record.error().code());
    v1::OpenSheetsResponse response;
    EXPECT_TRUE(record.response().UnpackTo(&response));
    return absl::StrCat(response.created_count(), " ", response.existing_count());
  }
  void OpenCampaign(const v1::Campaign& campaign = TestCampaign()) {
    auto created = CreateCampaign(campaign);
    ASSERT_TRUE(created.ok()) << created.status();
    ASSERT_EQ(Opened(OpenSheets()), "4 0");
  }

  // ---- Sheets.

  absl::StatusOr<v1::Sheet> GetSheet(const std::string& unit,
                                     const access::Identity& who = Viewer("county")) {
    v1::GetSheetRequest request;
    request.set_name(SheetOf(unit));
    return Do<v1::Sheet>("GetSheet", who, request);
  }
  absl::StatusOr<v1::Sheet> Submit(const std::string& unit, const std::vector<std::string>& values,
                                   bool draft = false, const std::string& etag = "") {
    v1::SubmitSheetRequest request;
    request.set_name(SheetOf(unit));
    for (const std::string& value : values) *request.add_values() = ValueOf(value);
    request.set_draft(draft);
    request.set_etag(etag);
    return Do<v1::Sheet>("SubmitSheet", Reporter(unit), request);
  }
  absl::StatusOr<v1::Sheet> Record(const std::string& unit, const std::string& office,
                                   const std::string& stage,
                                   const std::vector<std::string>& values) {
    v1::RecordReviewRequest request;
    request.set_name(SheetOf(unit));
    request.set_acting_office(UnitNamed(office));
    request.set_stage(stage);
    for (const std::string& value : values) *request.add_values() = ValueOf(value);
    return Do<v1::Sheet>("RecordReview", Officer(office), request);
  }
  template <class Request>
  Request Verb(const std::string& unit, const std::string& office) {
    Request request;
    request.set_name(SheetOf(unit));
    request.set_acting_office(UnitNamed(office));
    return request;
  }
  absl::StatusOr<v1::Sheet> Confirm(const std::string& unit, const std::string& office,
                                    const std::string& stage) {
    auto request = Verb<v1::ConfirmSheetRequest>(unit, office);
    request.set_stage(stage);
    return Do<v1::Sheet>("ConfirmSheet", Officer(office), request);
  }
  absl::StatusOr<v1::Sheet> Return(const std::string& unit, const std::string& office,
                                   const std::string& reason, const std::string& stage = "") {
    auto request = Verb<v1::ReturnSheetRequest>(unit, office);
    request.set_stage(stage);
    request.set_reason(reason);
    return Do<v1::Sheet>("ReturnSheet", Officer(office), request);
  }
  absl::StatusOr<v1::Sheet> Seal(const std::string& unit, const std::string& office = "county") {
    return Do<v1::Sheet>("SealSheet", Officer(office), Verb<v1::SealSheetRequest>(unit, office));
  }
  absl::StatusOr<v1::Sheet> Reopen(const std::string& unit, const std::string& stage,
                                   const std::string& reason = "By order 7.",
                                   const std::string& office = "county") {
    auto request = Verb<v1::ReopenSheetRequest>(unit, office);
    request.set_stage(stage);
    request.set_reason(reason);
    return Do<v1::Sheet>("ReopenSheet", Officer(office), request);
  }
  // A sheet that is through all stages but the spot check.
  void Review(const std::string& unit, const std::string& township, const std::string& work = "50",
              const std::string& files = "30") {
    ASSERT_TRUE(Submit(unit, {"work=" + work, "files=" + files}).ok());
    ASSERT_TRUE(Confirm(unit, township, "town").ok());
    ASSERT_TRUE(Confirm(unit, "county", "county").ok());
  }

  // "OPEN self", "REVIEWED".
  static std::string Standing(const v1::Sheet& sheet) {
    return absl::StrCat(v1::SheetState_Name(sheet.state()).substr(12),
                        sheet.stage().empty() ? "" : " ", sheet.stage());
  }
  static std::string Standing(const absl::StatusOr<v1::Sheet>& sheet) {
    return sheet.ok() ? Standing(*sheet) : sheet.status().ToString();
  }
  // "work=50@self files=30@town".
  static std::string CombinedText(const v1::Sheet& sheet) {
    std::string text;
    for (const v1::CombinedValue& value : sheet.combined()) {
      absl::StrAppend(&text, text.empty() ? "" : " ", value.node(), "=",
                      value.not_applicable() ? "-" : value.points().value(), "@", value.stage());
    }
    return text;
  }
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_CAMPAIGNS_CAMPAIGN_FIXTURE_H_
