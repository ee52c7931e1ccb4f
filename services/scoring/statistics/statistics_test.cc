// Statistics: declarations, imports row by row, what is shown of them.
#include "services/scoring/scoring_fixture.h"

namespace terrace::scoring {
namespace {

using types::v1::RowResult;

v1::StatisticRow Row(const std::string& unit, const std::string& value,
                     const std::string& period = "2016") {
  v1::StatisticRow row;
  row.set_unit(UnitNamed(unit));
  row.set_period(period);
  row.mutable_quantity()->mutable_value()->set_value(value);
  return row;
}

class StatisticsTest : public ScoringTest {
 protected:
  std::vector<v1::Statistic> List(const std::string& subtree, const std::string& filter = "",
                                  const std::string& definition = "", int page_size = 2) {
    v1::ListStatisticsRequest request;
    request.set_subtree(UnitNamed(subtree));
    request.set_filter(filter);
    request.set_definition(definition);
    request.set_page_size(page_size);
    std::vector<v1::Statistic> all;
    do {
      auto page = Do<v1::ListStatisticsResponse>("ListStatistics", Viewer("province"), request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      all.insert(all.end(), page->statistics().begin(), page->statistics().end());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return all;
  }
};

TEST_F(StatisticsTest, ADeclarationKeepsWhatFiguresMean) {
  Define(kIncome, v1::STATISTIC_KIND_FIGURE);
  v1::UpdateStatisticDefinitionRequest update;
  update.mutable_statistic_definition()->set_name(kIncome);
  update.mutable_statistic_definition()->set_subject("Income per head");
  auto updated =
      Do<v1::StatisticDefinition>("UpdateStatisticDefinition", Officer("county"), update);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->subject(), "Income per head");
  EXPECT_EQ(updated->kind(), v1::STATISTIC_KIND_FIGURE);
  update.mutable_update_mask()->add_paths("kind");
  EXPECT_TRUE(
      Refused(Do<v1::StatisticDefinition>("UpdateStatisticDefinition", Officer("county"), update),
              Reason::INVALID_MASK));
  v1::ListStatisticDefinitionsRequest list;
  list.set_parent("units/county");
  auto page =
      Do<v1::ListStatisticDefinitionsResponse>("ListStatisticDefinitions", Viewer("a1"), list);
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->statistic_definitions_size(), 1);
  EXPECT_EQ(page->statistic_definitions(0).name(), kIncome);
}

TEST_F(StatisticsTest, RowsAreTakenOneByOne) {
  Define(kIncome, v1::STATISTIC_KIND_FIGURE);
  v1::StatisticRow in_yuan = Row("a1", "3");
  in_yuan.mutable_quantity()->set_unit("CNY");
  v1::StatisticRow personal = Row("a2", "4");
  personal.set_document("ask 13812345678");
  auto reply =
      Import("county", kIncome,
             {Row("a1", "1.5"), Row("none", "1"), Row("a2", "x"), Row("a2", "2", "2016-05"),
              in_yuan, Row("a2", "7"), Row("province", "1"), personal});
  ASSERT_TRUE(reply.ok()) << reply.status();
  std::vector<std::string> outcomes;
  for (const RowResult& result : reply->results()) {
    EXPECT_EQ(result.row(), static_cast<int64_t>(outcomes.size()));
    outcomes.push_back(result.outcome() == RowResult::OUTCOME_REJECTED ? result.reason() : "taken");
  }
  EXPECT_EQ(outcomes, (std::vector<std::string>{"taken", "NOT_FOUND", "INVALID_NUMBER",
                                                "INVALID_PERIOD", "INVALID_FIELD", "taken",
                                                "NOT_BELOW_ISSUER", "PERSONAL_DATA"}));
  EXPECT_EQ(reply->created(), 2);
  EXPECT_EQ(reply->rejected(), 6);
  EXPECT_GT(reply->cursor().revision(), 0);

  reply = Import("county", kIncome, {Row("a1", "1.5"), Row("a2", "8")});
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->unchanged(), 1);
  EXPECT_EQ(reply->updated(), 1);
}

TEST_F(StatisticsTest, AnUnknownDeclarationOrOneOfAnotherBranchIsRefused) {
  EXPECT_TRUE(Refused(Import("county", kIncome, {Row("a1", "1")}), Reason::NOT_FOUND));
  Define(kIncome, v1::STATISTIC_KIND_FIGURE);
  EXPECT_TRUE(Refused(Import("province", kIncome, {Row("a1", "1")}), Reason::NOT_FROM_ABOVE));
  EXPECT_TRUE(Import("a", kIncome, {Row("a1", "1"), Row("a", "1")}).ok());
}

TEST_F(StatisticsTest, NobodyRatesItselfAndEveryRatingHasAReason) {
  Define(kRating, v1::STATISTIC_KIND_RATING);
  v1::StatisticRow own = Row("a", "5");
  own.set_reason("We did well.");
  v1::StatisticRow below = Row("a1", "5");
  below.set_reason("Seen on 3 May.");
  auto reply = Import("a", kRating, {own, Row("a1", "5"), below});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->results(0).reason(), "SELF_JUDGEMENT");
  EXPECT_EQ(reply->results(1).reason(), "REQUIRED_FIELD");
  EXPECT_EQ(reply->results(1).field(), "reason");
  EXPECT_EQ(reply->results(2).outcome(), RowResult::OUTCOME_CREATED);
}

TEST_F(StatisticsTest, SmallSamplesAreSuppressed) {
  Define(kIncome, v1::STATISTIC_KIND_SURVEY, /*minimum_n=*/30);
  v1::StatisticRow small = Row("a1", "88.5");
  small.set_sample_size(29);
  v1::StatisticRow enough = Row("a2", "91");
  enough.set_sample_size(30);
  auto reply = Import("county", kIncome, {small, enough, Row("a3", "1")});
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->results(2).reason(), "REQUIRED_FIELD");
  const std::vector<v1::Statistic> all = List("a");
  ASSERT_EQ(all.size(), 2);
  EXPECT_TRUE(all[0].suppressed());
  EXPECT_FALSE(all[0].has_quantity());
  EXPECT_EQ(all[1].quantity().value().value(), "91");
}

TEST_F(StatisticsTest, ListsASubtreePageByPage) {
  Define(kIncome, v1::STATISTIC_KIND_FIGURE);
  Define(kPeople, v1::STATISTIC_KIND_FIGURE);
  ASSERT_TRUE(Import("county", kIncome,
                     {Row("a", "1"), Row("a1", "2"), Row("b1", "3"), Row("a1", "4", "2015")})
                  .ok());
  ASSERT_TRUE(Import("county", kPeople, {Row("a1", "500"), Row("county", "9000")}).ok());
  EXPECT_EQ(List("county").size(), 6);
  EXPECT_EQ(List("a").size(), 4);
  EXPECT_EQ(List("a1").size(), 3);
  EXPECT_EQ(List("a1", "period = 2015").size(), 1);
  EXPECT_EQ(List("county", "", kPeople).size(), 2);
  EXPECT_EQ(List("b")[0].name(), "units/b1/statistics/county~income~2016");
}

}  // namespace
}  // namespace terrace::scoring
