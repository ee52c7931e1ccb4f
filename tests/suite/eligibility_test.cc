// From a score to a title over the wire, whether or not scoring and the registry share a process:
// what scoring seals, the registry opens, and nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/base/error.h"
#include "common/base/seal.h"
#include "google/longrunning/operations.pb.h"
#include "google/protobuf/text_format.h"
#include "terrace/registry/v1/registry.pb.h"
#include "terrace/scoring/v1/scoreboard.pb.h"
#include "tests/suite/processes_fixture.h"
#include "tests/suite/requests.h"

namespace terrace {
namespace {

constexpr char kRegistry[] = "/terrace.registry.v1.UnitRegistry/";
constexpr char kScoring[] = "/terrace.scoring.v1.Scoreboard/";
constexpr char kProgramme[] = "units/county/programmes/model";

template <class Fixture>
class EligibilityTest : public Fixture {
 protected:
  void SetUp() override {
    Fixture::SetUp();
    this->CreateUnit("county", "");
    for (const char* unit : {"east", "west"}) this->CreateUnit(unit, "county");
    const absl::Status published = PublishOrderScheme(*this->admin_, "county");
    ASSERT_TRUE(published.ok()) << published;
    registry::v1::CreateProgrammeRequest create;
    create.set_parent("units/county");
    create.set_programme_id("model");
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
        R"pb(
          display_name: "Model units"
          titles { id: "model" display_name: "Model unit" }
          levels {
            level: "levels/county"
            threshold { value: "90" }
            score_rule { scheme: "units/county/schemes/order" periods_back_max: 100 }
          }
        )pb",
        create.mutable_programme()));
    registry::v1::Programme programme;
    Must(kRegistry, "CreateProgramme", create, &programme);
    registry::v1::EnrollUnitsRequest enroll;
    enroll.set_parent(kProgramme);
    for (const char* unit : {"units/east", "units/west"}) {
      registry::v1::EnrollUnitsRequest::Row& row = *enroll.add_rows();
      row.set_unit(unit);
      row.set_role(registry::v1::ENROLLMENT_ROLE_PARTICIPANT);
    }
    registry::v1::EnrollUnitsResponse enrolled;
    Must(kRegistry, "EnrollUnits", enroll, &enrolled);
  }

  absl::Status Ask(const std::string& service, const std::string& method,
                   const google::protobuf::Message& request, google::protobuf::Message* reply) {
    return this->Call(*this->admin_, service + method, request, reply);
  }
  void Must(const std::string& service, const std::string& method,
            const google::protobuf::Message& request, google::protobuf::Message* reply) {
    const absl::Status status = Ask(service, method, request, reply);
    ASSERT_TRUE(status.ok()) << method << ": " << status;
  }

  scoring::v1::Eligibility Check(const std::string& unit) {
    scoring::v1::CheckEligibilityRequest request;
    request.set_unit("units/" + unit);
    request.set_programme(kProgramme);
    request.set_level("levels/county");
    scoring::v1::Eligibility answer;
    Must(kScoring, "CheckEligibility", request, &answer);
    return answer;
  }
  absl::Status Grant(const std::string& unit, const std::string& seal,
                     registry::v1::Designation* granted) {
    registry::v1::GrantDesignationRequest request;
    request.set_parent("units/" + unit);
    request.set_acting_office("units/county");
    request.mutable_designation()->set_programme(kProgramme);
    request.mutable_designation()->set_level("levels/county");
    request.mutable_designation()->set_title("model");
    request.set_eligibility(seal);
    return Ask(kRegistry, "GrantDesignation", request, granted);
  }
  // Announces the scores of 2016, which are final at once.
  void Publish() {
    scoring::v1::PublishResultsRequest request;
    request.set_parent("units/county");
    request.set_publication_id("round");
    request.set_scheme("units/county/schemes/order");
    request.mutable_publication()->set_display_name("Results");
    request.mutable_publication()->set_period("2016");
    google::longrunning::Operation operation;
    Must(kScoring, "PublishResults", request, &operation);
    google::longrunning::WaitOperationRequest wait;
    wait.set_name(operation.name());
    wait.mutable_timeout()->set_seconds(10);
    while (!operation.done()) {
      Must("/google.longrunning.Operations/", "WaitOperation", wait, &operation);
      if (this->HasFatalFailure()) return;
    }
    ASSERT_TRUE(operation.has_response()) << operation.ShortDebugString();
  }
};

using Fixtures = testing::Types<SuiteTest, ProcessesTest>;
TYPED_TEST_SUITE(EligibilityTest, Fixtures);

TYPED_TEST(EligibilityTest, FromAScoreToATitle) {
  registry::v1::Designation title;
  const scoring::v1::Eligibility early = this->Check("east");
  EXPECT_FALSE(early.eligible()) << "nothing is published";
  absl::Status status = this->Grant("east", early.seal(), &title);
  EXPECT_TRUE(HasReason(status, Reason::NOT_ELIGIBLE)) << status;

  this->Publish();
  const scoring::v1::Eligibility answer = this->Check("east");
  ASSERT_TRUE(answer.eligible()) << answer.DebugString();
  EXPECT_EQ(answer.score().value(), "100");

  status = this->Grant("east", "", &title);
  EXPECT_TRUE(HasReason(status, Reason::ELIGIBILITY_NEEDED)) << status;
  status = this->Grant("west", answer.seal(), &title);
  EXPECT_TRUE(HasReason(status, Reason::ELIGIBILITY_MISMATCH)) << status;
  scoring::v1::Eligibility copied = answer;
  copied.clear_seal();
  const Seal another("0123456789abcdef", "eligibility");
  status = this->Grant("east", another.Put(copied.SerializeAsString()), &title);
  EXPECT_TRUE(HasReason(status, Reason::ELIGIBILITY_FORGED)) << status;

  status = this->Grant("east", answer.seal(), &title);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(title.score().value(), "100");
  ASSERT_EQ(title.terms_size(), 1);
  EXPECT_EQ(title.terms(0).score().scheme(), "units/county/schemes/order@1");
  EXPECT_EQ(title.terms(0).score().period(), "2016");
  EXPECT_EQ(title.terms(0).score().publication(), "units/county/publications/round");
}

}  // namespace
}  // namespace terrace
