#include "services/measures/activity_sums.h"

#include "absl/strings/strip.h"
#include "common/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/measures/test_util.h"

namespace terrace::measures {
namespace {

using ::testing::ElementsAre;

v1::Activity Activity(const std::string& text) { return Text<v1::Activity>(text); }

// "audience = 15000 AT_LEAST person (82)"
std::vector<std::string> Lines(const v1::ActivitySummary& summary) {
  std::vector<std::string> out;
  for (const v1::QuantitySum& sum : summary.sums()) {
    out.push_back(absl::StrCat(
        sum.key(), " = ", sum.sum().value().value(), " ",
        absl::StripPrefix(types::v1::Qualifier_Name(sum.sum().qualifier()), "QUALIFIER_"), " ",
        sum.sum().unit(), " (", sum.activity_count(), ")"));
  }
  return out;
}

TEST(ActivitySumsTest, SumsByKindKeyAndUnit) {
  ActivitySums sums;
  sums.Add(Activity(R"(kind: "lecture"
    quantities { key: "audience" quantity { value { value: "120" } unit: "person" } }
    quantities { key: "hours" quantity { value { value: "1.5" } } })"));
  sums.Add(Activity(R"(kind: "lecture"
    quantities { key: "audience" quantity { value { value: "80" } unit: "person" } }
    quantities { key: "audience-rooms" quantity { value { value: "2" } } })"));
  sums.Add(Activity(R"(kind: "news"
    quantities { key: "audience" quantity { value { value: "1" } unit: "reader" } })"));
  sums.Add(Activity(R"(kind: "lecture")"));
  v1::SummarizeActivitiesResponse response;
  ASSERT_TRUE(sums.Fill(&response).ok());
  ASSERT_EQ(response.summaries_size(), 2);
  EXPECT_EQ(response.summaries(0).kind(), "lecture");
  EXPECT_EQ(response.summaries(0).activity_count(), 3);
  EXPECT_THAT(Lines(response.summaries(0)),
              ElementsAre("audience = 200 EXACT person (2)", "audience-rooms = 2 EXACT  (1)",
                          "hours = 1.5 EXACT  (1)"));
  EXPECT_THAT(Lines(response.summaries(1)), ElementsAre("audience = 1 EXACT reader (1)"));
}

TEST(ActivitySumsTest, ASumIsAsSureAsItsLeastSurePart) {
  auto sum_of = [](std::vector<std::string> qualifiers) {
    ActivitySums sums;
    for (const std::string& qualifier : qualifiers) {
      sums.Add(Activity(
          absl::StrCat(R"(kind: "k" quantities { key: "n" quantity { value { value: "600" } )",
                       qualifier, "}}")));
    }
    v1::SummarizeActivitiesResponse response;
    EXPECT_TRUE(sums.Fill(&response).ok());
    return response.summaries(0).sums(0).sum().qualifier();
  };
  const std::string exact = "qualifier: QUALIFIER_EXACT";
  const std::string least = "qualifier: QUALIFIER_AT_LEAST";
  const std::string about = "qualifier: QUALIFIER_ABOUT";
  EXPECT_EQ(sum_of({"", exact}), types::v1::QUALIFIER_EXACT);
  EXPECT_EQ(sum_of({exact, least, exact}), types::v1::QUALIFIER_AT_LEAST);
  EXPECT_EQ(sum_of({least, about, exact}), types::v1::QUALIFIER_ABOUT);
}

TEST(ActivitySumsTest, SumsAreExactAndSayWhenTheyDoNotFit) {
  ActivitySums tenths;
  for (int i = 0; i < 10; ++i) {
    tenths.Add(
        Activity(R"(kind: "k" quantities { key: "n" quantity { value { value: "0.1" } } })"));
  }
  v1::SummarizeActivitiesResponse response;
  ASSERT_TRUE(tenths.Fill(&response).ok());
  EXPECT_EQ(response.summaries(0).sums(0).sum().value().value(), "1");

  ActivitySums huge;
  for (int i = 0; i < 2; ++i) {
    huge.Add(Activity(R"(kind: "k" quantities { key: "n"
        quantity { value { value: "999999999999.999999" } } })"));
  }
  // 1999999999999.999998 takes 19 digits.
  EXPECT_TRUE(HasReason(huge.Fill(&response), Reason::NUMBER_OUT_OF_RANGE));
}

TEST(ActivitySumsTest, QuantitiesAreChecked) {
  struct Case {
    const char* text;
    Reason reason;
  };
  const std::vector<Case> cases = {
      {R"(quantities { key: "n" })", Reason::REQUIRED_FIELD},
      {R"(quantities { quantity { value { value: "1" } } })", Reason::INVALID_ID},
      {R"(quantities { key: "N o" quantity { value { value: "1" } } })", Reason::INVALID_ID},
      {R"(quantities { key: "n" quantity { value { value: "NaN" } } })", Reason::INVALID_NUMBER},
      {R"(quantities { key: "n" quantity { value { value: "1e9" } } })", Reason::INVALID_NUMBER},
      {R"(quantities { key: "n" quantity { value { value: "" } } })", Reason::INVALID_NUMBER},
      {R"(quantities { key: "n" quantity { value { value: "1000000000000" } } })",
       Reason::NUMBER_OUT_OF_RANGE},
      {R"(quantities { key: "n" quantity { value { value: "-1000000000000" } } })",
       Reason::NUMBER_OUT_OF_RANGE},
      {R"(quantities { key: "n" quantity { value { value: "0.0000001" } } })",
       Reason::NUMBER_OUT_OF_RANGE},
      {R"(quantities { key: "n" quantity { value { value: "99999999999999999999999" } } })",
       Reason::NUMBER_OUT_OF_RANGE},
      {R"(quantities { key: "n" quantity { value { value: "1" } } }
          quantities { key: "n" quantity { value { value: "2" } } })",
       Reason::INVALID_FIELD},
  };
  for (const Case& c : cases) {
    const absl::Status status = CheckQuantities(Activity(c.text).quantities(), "quantities");
    EXPECT_TRUE(HasReason(status, c.reason)) << c.text << "\n" << status;
  }
  v1::Activity many;
  for (int i = 0; i <= kQuantitiesMax; ++i) {
    v1::NamedQuantity* named = many.add_quantities();
    named->set_key(absl::StrCat("n", i));
    named->mutable_quantity()->mutable_value()->set_value("1");
  }
  EXPECT_TRUE(HasReason(CheckQuantities(many.quantities(), "quantities"), Reason::BATCH_TOO_LARGE));
  many.mutable_quantities()->RemoveLast();
  EXPECT_TRUE(CheckQuantities(many.quantities(), "quantities").ok());
}

}  // namespace
}  // namespace terrace::measures
