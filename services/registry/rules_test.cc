// The pure rules of the registry: dates, codes, enrolments, titles, coverage, search, programmes.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/registry/codes.h"
#include "services/registry/coverage.h"
#include "services/registry/dates.h"
#include "services/registry/designation.h"
#include "services/registry/enrollment.h"
#include "services/registry/keys.h"
#include "services/registry/programme.h"
#include "services/registry/registry_state.h"
#include "services/registry/text_match.h"
#include "services/registry/unit_record.h"
#include "services/registry/versioned.h"
#include "services/registry/vocabulary.h"

namespace terrace::registry {
namespace {

using ::testing::ElementsAre;
using types::v1::RowResult;

google::type::Date DateOf(absl::string_view text) { return ToProtoDate(ParseDay(text).value()); }

google::type::Date RawDate(int year, int month, int day) {
  google::type::Date date;
  date.set_year(year);
  date.set_month(month);
  date.set_day(day);
  return date;
}

TEST(DatesTest, AFullDateIsADayAndAnAbsentOneIsNone) {
  EXPECT_EQ(**ParseDate("f", RawDate(2016, 2, 29)), Day(2016, 2, 29));
  EXPECT_EQ(*ParseDate("f", RawDate(0, 0, 0)), absl::nullopt);
}

TEST(DatesTest, PartialAndImpossibleDatesAreRefused) {
  for (const google::type::Date& date :
       {RawDate(2016, 0, 0), RawDate(2016, 5, 0), RawDate(0, 5, 1), RawDate(2015, 2, 29),
        RawDate(2016, 13, 1), RawDate(2016, 4, 31), RawDate(-5, 1, 1), RawDate(10000, 1, 1),
        RawDate(2016, -1, 3)}) {
    EXPECT_TRUE(HasReason(ParseDate("f", date).status(), Reason::INVALID_TIME))
        << date.ShortDebugString();
  }
}

TEST(DatesTest, TextAndBack) {
  EXPECT_EQ(FormatDay(Day(916, 1, 9)), "0916-01-09");
  EXPECT_EQ(ParseDay("2016-12-31"), Day(2016, 12, 31));
  for (absl::string_view bad :
       {"2016-2-29", "2015-02-29", "0000-01-01", "2016-1a-01", "2016/01/01", "2016-01-01 ", ""}) {
    EXPECT_EQ(ParseDay(bad), absl::nullopt) << bad;
  }
}

TEST(DatesTest, TodayIsTheDayOfTheZone) {
  absl::Time time = absl::FromCivil(absl::CivilSecond(2016, 5, 21, 16, 30, 0), absl::UTCTimeZone());
  EXPECT_EQ(DayOf(time, DefaultZone()), Day(2016, 5, 22));
  EXPECT_EQ(*TodayOrEarlier("f", {}, Day(2016, 5, 22)), Day(2016, 5, 22));
  EXPECT_EQ(*TodayOrEarlier("f", DateOf("2016-05-01"), Day(2016, 5, 22)), Day(2016, 5, 1));
  EXPECT_TRUE(HasReason(TodayOrEarlier("f", DateOf("2016-05-23"), Day(2016, 5, 22)).status(),
                        Reason::DATE_IN_FUTURE));
}

TEST(DatesTest, UnknownZoneIsRefused) {
  EXPECT_TRUE(LoadZone("zone", "Asia/Urumqi").ok());
  EXPECT_TRUE(HasReason(LoadZone("zone", "Asia/Nowhere").status(), Reason::INVALID_FIELD));
}

// Codes that public examples of the standard give.
TEST(CodesTest, UnifiedSocialCreditCodesAreCheckedByTheirLastCharacter) {
  EXPECT_TRUE(IsUnifiedSocialCreditCode("91350100M000100Y43"));
  EXPECT_FALSE(IsUnifiedSocialCreditCode("91350100M000100Y44"));
  EXPECT_FALSE(IsUnifiedSocialCreditCode("91350100M000100I43"));  // I is not in the alphabet.
  EXPECT_FALSE(IsUnifiedSocialCreditCode("91350100m000100y43"));
  EXPECT_FALSE(IsUnifiedSocialCreditCode("91350100M000100Y4"));
  EXPECT_FALSE(IsUnifiedSocialCreditCode(""));
}

v1::UnitCode Code(absl::string_view system, absl::string_view code, absl::string_view from = "",
                  absl::string_view until = "") {
  v1::UnitCode out;
  out.set_system(std::string(system));
  out.set_code(std::string(code));
  if (!from.empty()) *out.mutable_from_date() = DateOf(from);
  if (!until.empty()) *out.mutable_until_date() = DateOf(until);
  return out;
}

absl::Status CheckAll(const std::vector<v1::UnitCode>& codes) {
  return CheckCodes({codes.begin(), codes.end()});
}

TEST(CodesTest, WhatACodeMayBe) {
  EXPECT_TRUE(CheckAll({Code("stat", "654322"), Code("uscc", "91350100M000100Y43")}).ok());
  EXPECT_TRUE(HasReason(CheckAll({Code("Stat", "1")}), Reason::INVALID_ID));
  EXPECT_TRUE(HasReason(CheckAll({Code("stat", "")}), Reason::INVALID_UNIT_CODE));
  EXPECT_TRUE(HasReason(CheckAll({Code("stat", "65 43")}), Reason::INVALID_UNIT_CODE));
  EXPECT_TRUE(HasReason(CheckAll({Code("stat", "新疆")}), Reason::INVALID_UNIT_CODE));
  EXPECT_TRUE(HasReason(CheckAll({Code("stat", std::string(65, '1'))}), Reason::INVALID_UNIT_CODE));
  EXPECT_TRUE(HasReason(CheckAll({Code("uscc", "123")}), Reason::INVALID_UNIT_CODE));
  EXPECT_TRUE(
      HasReason(CheckAll({Code("stat", "1", "2016-01-01", "2016-01-01")}), Reason::DATE_TOO_EARLY));
  EXPECT_TRUE(HasReason(CheckAll(std::vector<v1::UnitCode>(51, Code("stat", "1"))),
                        Reason::BATCH_TOO_LARGE));
}

TEST(CodesTest, OnlyCodesThatBeginAlikeMeetInAGuard) {
  auto guard = [](const char* system, const char* code) {
    v1::UnitCode proto;
    proto.set_system(system);
    proto.set_code(code);
    return CodeGuard(proto);
  };
  EXPECT_EQ(guard("gb2260", "110101"), guard("gb2260", "110112001"));
  EXPECT_NE(guard("gb2260", "110101"), guard("gb2260", "330102"));
  EXPECT_NE(guard("gb2260", "110101"), guard("stats", "110101"));
  EXPECT_NE(guard("gb2260", "11"), guard("gb2260", "1101"));
}

TEST(CodesTest, AUnitMayHoldACodeAgainLaterButNotTwiceAtATime) {
  EXPECT_TRUE(
      CheckAll({Code("stat", "1", "", "2010-01-01"), Code("stat", "1", "2012-01-01")}).ok());
  EXPECT_TRUE(
      HasReason(CheckAll({Code("stat", "1", "", "2012-01-02"), Code("stat", "1", "2012-01-01")}),
                Reason::INVALID_FIELD));
}

TEST(EnrollmentTest, SpansFollowEachOther) {
  v1::Enrollment enrollment;
  EXPECT_EQ(*Enroll(v1::ENROLLMENT_ROLE_PARTICIPANT, Day(2014, 1, 1), &enrollment),
            RowResult::OUTCOME_CREATED);
  EXPECT_EQ(*Enroll(v1::ENROLLMENT_ROLE_PARTICIPANT, Day(2014, 1, 1), &enrollment),
            RowResult::OUTCOME_UNCHANGED);
  EXPECT_EQ(*Enroll(v1::ENROLLMENT_ROLE_DEMONSTRATION_SITE, Day(2015, 1, 1), &enrollment),
            RowResult::OUTCOME_UPDATED);
  EXPECT_EQ(*Withdraw(Day(2016, 1, 1), "asked to", &enrollment), RowResult::OUTCOME_UPDATED);
  EXPECT_EQ(*Withdraw(Day(2016, 1, 1), "asked to", &enrollment), RowResult::OUTCOME_UNCHANGED);
  EXPECT_EQ(*Enroll(v1::ENROLLMENT_ROLE_PARTICIPANT, Day(2017, 1, 1), &enrollment),
            RowResult::OUTCOME_UPDATED);

  EXPECT_EQ(RoleOn(enrollment, Day(2013, 12, 31)), v1::ENROLLMENT_ROLE_UNSPECIFIED);
  EXPECT_EQ(RoleOn(enrollment, Day(2014, 1, 1)), v1::ENROLLMENT_ROLE_PARTICIPANT);
  EXPECT_EQ(RoleOn(enrollment, Day(2014, 12, 31)), v1::ENROLLMENT_ROLE_PARTICIPANT);
  EXPECT_EQ(RoleOn(enrollment, Day(2015, 1, 1)), v1::ENROLLMENT_ROLE_DEMONSTRATION_SITE);
  EXPECT_EQ(RoleOn(enrollment, Day(2015, 12, 31)), v1::ENROLLMENT_ROLE_DEMONSTRATION_SITE);
  EXPECT_EQ(RoleOn(enrollment, Day(2016, 1, 1)), v1::ENROLLMENT_ROLE_UNSPECIFIED);
  EXPECT_EQ(RoleOn(enrollment, Day(2030, 1, 1)), v1::ENROLLMENT_ROLE_PARTICIPANT);
}

TEST(EnrollmentTest, HistoryIsNotRewritten) {
  v1::Enrollment enrollment;
  EXPECT_TRUE(HasReason(Withdraw(Day(2016, 1, 1), "", &enrollment).status(), Reason::WRONG_STATE));
  ASSERT_TRUE(Enroll(v1::ENROLLMENT_ROLE_PARTICIPANT, Day(2014, 1, 1), &enrollment).ok());
  EXPECT_TRUE(HasReason(
      Enroll(v1::ENROLLMENT_ROLE_DEMONSTRATION_SITE, Day(2013, 1, 1), &enrollment).status(),
      Reason::DATE_TOO_EARLY));
  EXPECT_TRUE(
      HasReason(Withdraw(Day(2014, 1, 1), "", &enrollment).status(), Reason::DATE_TOO_EARLY));
  ASSERT_TRUE(Withdraw(Day(2014, 1, 2), "", &enrollment).ok());
  EXPECT_TRUE(HasReason(Withdraw(Day(2015, 1, 2), "", &enrollment).status(), Reason::WRONG_STATE));
  EXPECT_TRUE(
      HasReason(Enroll(v1::ENROLLMENT_ROLE_PARTICIPANT, Day(2014, 1, 1), &enrollment).status(),
                Reason::DATE_TOO_EARLY));
}

TEST(EnrollmentTest, ARoleThatWasWrongFromTheStartIsPutRight) {
  v1::Enrollment enrollment;
  ASSERT_TRUE(Enroll(v1::ENROLLMENT_ROLE_PARTICIPANT, Day(2014, 1, 1), &enrollment).ok());
  EXPECT_EQ(*Enroll(v1::ENROLLMENT_ROLE_DEMONSTRATION_SITE, Day(2014, 1, 1), &enrollment),
            RowResult::OUTCOME_UPDATED);
  EXPECT_EQ(enrollment.spans_size(), 1);
  EXPECT_EQ(RoleOn(enrollment, Day(2014, 1, 1)), v1::ENROLLMENT_ROLE_DEMONSTRATION_SITE);
}

TEST(DesignationTest, LastDaysOfTerms) {
  EXPECT_EQ(LastDayOfTerm(Day(2016, 5, 1), 60), Day(2021, 4, 30));
  EXPECT_EQ(LastDayOfTerm(Day(2016, 1, 1), 12), Day(2016, 12, 31));
  EXPECT_EQ(LastDayOfTerm(Day(2016, 2, 29), 12), Day(2017, 2, 28));
  EXPECT_EQ(LastDayOfTerm(Day(2016, 2, 29), 48), Day(2020, 2, 28));
  EXPECT_EQ(LastDayOfTerm(Day(2016, 1, 31), 1), Day(2016, 2, 29));
  EXPECT_EQ(LastDayOfTerm(Day(2016, 5, 1), 0), kLastDay);
  EXPECT_EQ(LastDayOfTerm(Day(9990, 5, 1), 1200), kLastDay);
}

v1::Designation TwoTerms() {
  v1::Designation designation;
  designation.set_name("units/u/designations/d");
  for (const auto& [named, until] :
       {std::pair("2010-05-01", "2015-04-30"), std::pair("2016-01-01", "2020-12-31")}) {
    v1::DesignationTerm& term = *designation.add_terms();
    *term.mutable_named_date() = DateOf(named);
    *term.mutable_valid_until() = DateOf(until);
  }
  return designation;
}

TEST(DesignationTest, StatesOnTheDaysAroundEachChange) {
  v1::Designation designation = TwoTerms();
  EXPECT_EQ(StateOn(designation, Day(2010, 4, 30), kLastDay), v1::DESIGNATION_STATE_PENDING);
  EXPECT_EQ(StateOn(designation, Day(2010, 5, 1), kLastDay), v1::DESIGNATION_STATE_VALID);
  EXPECT_EQ(StateOn(designation, Day(2015, 4, 30), kLastDay), v1::DESIGNATION_STATE_VALID);
  EXPECT_EQ(StateOn(designation, Day(2015, 5, 1), kLastDay), v1::DESIGNATION_STATE_EXPIRED);
  EXPECT_EQ(StateOn(designation, Day(2016, 1, 1), kLastDay), v1::DESIGNATION_STATE_VALID);
  EXPECT_EQ(StateOn(designation, Day(2021, 1, 1), kLastDay), v1::DESIGNATION_STATE_EXPIRED);
  EXPECT_EQ(StateOn(designation, Day(2016, 3, 1), Day(2016, 3, 1)), v1::DESIGNATION_STATE_LAPSED);
  EXPECT_EQ(StateOn(designation, Day(2016, 2, 29), Day(2016, 3, 1)), v1::DESIGNATION_STATE_VALID);

  EXPECT_TRUE(HasReason(Revoke(Day(2016, 1, 1), "why", &designation), Reason::DATE_TOO_EARLY));
  ASSERT_TRUE(Revoke(Day(2017, 6, 1), "why", &designation).ok());
  EXPECT_EQ(StateOn(designation, Day(2017, 5, 31), kLastDay), v1::DESIGNATION_STATE_VALID);
  EXPECT_EQ(StateOn(designation, Day(2017, 6, 1), kLastDay), v1::DESIGNATION_STATE_REVOKED);
  EXPECT_FALSE(IsHeldOn(designation, Day(2017, 6, 1)));
  EXPECT_TRUE(HasReason(Revoke(Day(2018, 1, 1), "why", &designation), Reason::WRONG_STATE));
}

TEST(DesignationTest, ScoresAreHeldAgainstTheThresholdExactly) {
  v1::LevelRule rule;
  v1::Designation designation;
  EXPECT_TRUE(CheckScore(rule, designation).ok());
  rule.mutable_threshold()->set_value("90");
  EXPECT_TRUE(HasReason(CheckScore(rule, designation), Reason::REQUIRED_FIELD));
  designation.mutable_score()->set_value("89.999999999999999");
  EXPECT_TRUE(HasReason(CheckScore(rule, designation), Reason::SCORE_TOO_LOW));
  designation.mutable_score()->set_value("90");
  EXPECT_TRUE(CheckScore(rule, designation).ok());
  designation.mutable_score()->set_value("NaN");
  EXPECT_TRUE(HasReason(CheckScore(rule, designation), Reason::INVALID_NUMBER));
}

TEST(CoverageTest, RatesAreExactAndRoundedHalfUp) {
  const v1::Rate rate = RateOf(248, 261);
  EXPECT_EQ(rate.percent().value(), "95.02");
  EXPECT_EQ(rate.ratio().value(), "0.950191570881");
  EXPECT_EQ(RateOf(1, 3).percent().value(), "33.33");
  EXPECT_EQ(RateOf(2, 3).percent().value(), "66.67");
  EXPECT_EQ(RateOf(1, 8000).percent().value(), "0.01");   // 0.0125 %
  EXPECT_EQ(RateOf(1, 20000).percent().value(), "0.01");  // 0.005 % is half.
  EXPECT_EQ(RateOf(0, 7).percent().value(), "0");
  EXPECT_EQ(RateOf(7, 7).percent().value(), "100");
  EXPECT_EQ(RateOf(7, 7).ratio().value(), "1");
  EXPECT_FALSE(RateOf(0, 0).has_ratio());
}

TEST(CoverageTest, EachUnitCountsOnceAtItsHighestLevel) {
  const Vocabulary vocabulary;
  CoverageTally tally(vocabulary);
  using Levels = std::vector<std::string>;
  tally.Add("village", false, Levels{"county", "nation", "prefecture"});
  tally.Add("village", true, Levels{"county"});
  tally.Add("school", false, Levels{"prefecture", "county"});
  tally.Add("school", false, Levels{});
  v1::Coverage coverage;
  tally.Fill(&coverage);
  EXPECT_EQ(coverage.participants(), 4);
  EXPECT_EQ(coverage.titled(), 3);
  EXPECT_EQ(coverage.demonstration_sites(), 1);
  EXPECT_EQ(coverage.rate().percent().value(), "75");
  std::vector<std::string> levels;
  for (const auto& entry : coverage.by_level()) {
    levels.push_back(absl::StrCat(entry.level(), "=", entry.count()));
  }
  EXPECT_THAT(levels, ElementsAre("levels/nation=1", "levels/prefecture=1", "levels/county=1"));
  ASSERT_EQ(coverage.by_kind_size(), 2);
  EXPECT_EQ(coverage.by_kind(0).kind(), "kinds/school");
  EXPECT_EQ(coverage.by_kind(0).participants(), 2);
  EXPECT_EQ(coverage.by_kind(0).titled(), 1);
  EXPECT_EQ(coverage.by_kind(1).rate().numerator(), 2);
}

TEST(TextMatchTest, AllWordsInOneNameInAnyLanguage) {
  v1::Unit unit;
  unit.set_display_name("东湖镇");
  (*unit.mutable_localized_names())["en"] = "East Lake Town";
  unit.add_former_names()->set_display_name("红旗公社");
  unit.add_codes()->set_code("654322105");
  auto found = [&unit](absl::string_view query) {
    const TextMatch match = TextMatch::Parse(query).value();
    const std::string hit = match.Find(unit);
    EXPECT_TRUE(hit.empty() || match.MayMatch(unit.SerializeAsString())) << query;
    return hit;
  };
  EXPECT_EQ(found("东湖"), "东湖镇");
  EXPECT_EQ(found("lake EAST"), "East Lake Town");
  EXPECT_EQ(found("红旗"), "红旗公社");
  EXPECT_EQ(found("54322"), "654322105");
  EXPECT_EQ(found("东湖 lake"), "");
  EXPECT_EQ(found("west"), "");
  EXPECT_TRUE(HasReason(TextMatch::Parse("  ").status(), Reason::REQUIRED_FIELD));
  EXPECT_TRUE(
      HasReason(TextMatch::Parse(std::string(1 << 20, 'x')).status(), Reason::TEXT_TOO_LONG));
}

v1::Programme GoodProgramme() {
  v1::Programme programme;
  programme.set_display_name("Model units");
  v1::Title& title = *programme.add_titles();
  title.set_id("model");
  title.set_display_name("Model unit");
  for (absl::string_view level : {"prefecture", "county"}) {
    programme.add_levels()->set_level(LevelName(level));
  }
  return programme;
}

TEST(ProgrammeTest, DefaultsAreFilledIn) {
  v1::Programme programme = GoodProgramme();
  ASSERT_TRUE(CheckProgramme(Vocabulary(), &programme).ok());
  EXPECT_EQ(programme.zone(), "Asia/Shanghai");
  EXPECT_EQ(programme.visibility(), v1::VISIBILITY_SUBTREE);
}

TEST(ProgrammeTest, WhatIsWrongIsRefused) {
  auto refused = [](auto change) {
    v1::Programme programme = GoodProgramme();
    change(programme);
    return CheckProgramme(Vocabulary(), &programme);
  };
  using P = v1::Programme;
  EXPECT_TRUE(HasReason(refused([](P& p) { p.clear_display_name(); }), Reason::REQUIRED_FIELD));
  EXPECT_TRUE(HasReason(refused([](P& p) { p.set_zone("Mars/Base"); }), Reason::INVALID_FIELD));
  EXPECT_TRUE(
      HasReason(refused([](P& p) { *p.add_titles() = p.titles(0); }), Reason::INVALID_FIELD));
  EXPECT_TRUE(
      HasReason(refused([](P& p) { p.mutable_titles(0)->set_id("A"); }), Reason::INVALID_ID));
  EXPECT_TRUE(HasReason(refused([](P& p) { p.mutable_levels(0)->set_level("levels/moon"); }),
                        Reason::UNKNOWN_LEVEL));
  EXPECT_TRUE(HasReason(refused([](P& p) { p.mutable_levels(0)->set_level("levels/county"); }),
                        Reason::INVALID_FIELD));
  EXPECT_TRUE(HasReason(refused([](P& p) { p.mutable_levels(0)->set_term_months(-1); }),
                        Reason::NUMBER_OUT_OF_RANGE));
  EXPECT_TRUE(
      HasReason(refused([](P& p) { p.mutable_levels(0)->mutable_threshold()->set_value("1e2"); }),
                Reason::INVALID_NUMBER));
  EXPECT_TRUE(
      HasReason(refused([](P& p) { p.mutable_levels(1)->set_required_level("levels/prefecture"); }),
                Reason::INVALID_FIELD));
  EXPECT_TRUE(HasReason(refused([](P& p) { p.add_quotas()->set_level("levels/village"); }),
                        Reason::INVALID_FIELD));
  EXPECT_TRUE(HasReason(refused([](P& p) { p.add_quotas()->set_kind("kinds/castle"); }),
                        Reason::UNKNOWN_KIND));
  EXPECT_TRUE(
      HasReason(refused([](P& p) { p.add_quotas()->set_limit(-3); }), Reason::NUMBER_OUT_OF_RANGE));
  EXPECT_TRUE(HasReason(
      refused([](P& p) { *p.mutable_calendar()->add_working_days() = DateOf("2016-05-04"); }),
      Reason::INVALID_FIELD));
}

TEST(VocabularyTest, StartingTablesAreConsistent) {
  const Vocabulary vocabulary;
  const std::vector<v1::Level> levels = vocabulary.Levels();
  ASSERT_EQ(levels.size(), 8u);
  EXPECT_EQ(levels.front().name(), "levels/nation");
  for (size_t i = 1; i < levels.size(); ++i) {
    EXPECT_LT(levels[i - 1].ordinal(), levels[i].ordinal());
  }
  for (const v1::Kind& kind : vocabulary.Kinds()) {
    EXPECT_NE(kind.org_class(), v1::ORG_CLASS_UNSPECIFIED) << kind.name();
    EXPECT_FALSE(kind.localized_names().at("zh").empty()) << kind.name();
  }
  EXPECT_LT(vocabulary.Ordinal("village"), vocabulary.Ordinal("unknown"));
}

TEST(KeysTest, EveryRowHasItsKind) {
  EXPECT_EQ(ParseKey("units/a").unit, "a");
  EXPECT_EQ(ParseKey("units/a/placements/2016-01-01").kind, RowKind::kPlacement);
  EXPECT_EQ(ParseKey("units/a/designations/d").item, "d");
  const RowKey enrollment = ParseKey("units/a/programmes/p/enrollments/b");
  EXPECT_EQ(enrollment.kind, RowKind::kEnrollment);
  EXPECT_EQ(enrollment.programme, "units/a/programmes/p");
  EXPECT_EQ(enrollment.item, "b");
  EXPECT_EQ(ParseKey("units/a/programmes/p").programme, "units/a/programmes/p");
  EXPECT_EQ(ParseKey("levels/county").kind, RowKind::kLevel);
  for (absl::string_view other : {"", "units", "units/a/visits/b", "guards/tree", "x/y/z/a/b/c/d/e",
                                  "units/a/programmes/p/operations/o"}) {
    EXPECT_EQ(ParseKey(other).kind, RowKind::kOther) << other;
  }
}

TEST(VersionedTest, APinKeepsWhatItSaw) {
  Versioned<std::vector<int>> value;
  value.Mutable().push_back(1);
  {
    const Versioned<std::vector<int>>::Pin pin = value.pin();
    value.Mutable().push_back(2);
    EXPECT_THAT(*pin, ElementsAre(1));
    EXPECT_THAT(value.get(), ElementsAre(1, 2));
  }
  const int* place = value.get().data();
  value.Mutable()[0] = 5;
  EXPECT_EQ(value.get().data(), place) << "copied although nobody holds a pin";
}

storage::v1::UnitRecord GoodUnit(absl::string_view kind = "kinds/village") {
  v1::Unit unit;
  unit.set_display_name("Somewhere");
  unit.set_kind(std::string(kind));
  unit.set_level("levels/village");
  return ToRecord(unit);
}

TEST(UnitRecordTest, WhatAUnitMustSay) {
  const Vocabulary vocabulary;
  auto refused = [&](auto change, absl::string_view kind = "kinds/village") {
    storage::v1::UnitRecord record = GoodUnit(kind);
    change(*record.mutable_unit());
    return CheckUnit("u", vocabulary, &record);
  };
  using U = v1::Unit;
  EXPECT_TRUE(refused([](U&) {}).ok());
  EXPECT_TRUE(HasReason(refused([](U& u) { u.clear_display_name(); }), Reason::REQUIRED_FIELD));
  EXPECT_TRUE(HasReason(refused([](U& u) { u.set_display_name(std::string(1 << 20, 'x')); }),
                        Reason::TEXT_TOO_LONG));
  EXPECT_TRUE(
      HasReason(refused([](U& u) { u.set_display_name("\xff\xfe"); }), Reason::INVALID_UTF8));
  EXPECT_TRUE(HasReason(refused([](U& u) { u.clear_kind(); }), Reason::REQUIRED_FIELD));
  EXPECT_TRUE(HasReason(refused([](U& u) { u.set_kind("household"); }), Reason::UNKNOWN_KIND));
  EXPECT_TRUE(HasReason(refused([](U& u) { u.set_level("moon"); }), Reason::UNKNOWN_LEVEL));
  EXPECT_TRUE(HasReason(refused([](U& u) { u.set_rank("moon"); }), Reason::UNKNOWN_LEVEL));
  EXPECT_TRUE(HasReason(refused([](U& u) { (*u.mutable_localized_names())["?"] = "x"; }),
                        Reason::INVALID_FIELD));
}

TEST(UnitRecordTest, OrganisationsHaveACodeOrAReason) {
  const Vocabulary vocabulary;
  storage::v1::UnitRecord record = GoodUnit("kinds/school");
  EXPECT_TRUE(HasReason(CheckUnit("u", vocabulary, &record), Reason::ORGANISATION_CODE_NEEDED));
  *record.mutable_unit()->add_codes() = Code("stat", "1");
  EXPECT_TRUE(HasReason(CheckUnit("u", vocabulary, &record), Reason::ORGANISATION_CODE_NEEDED));
  *record.mutable_unit()->add_codes() = Code("uscc", "91350100M000100Y43");
  EXPECT_TRUE(CheckUnit("u", vocabulary, &record).ok());
  record.mutable_unit()->clear_codes();
  record.mutable_unit()->set_no_code_reason("new, code applied for");
  EXPECT_TRUE(CheckUnit("u", vocabulary, &record).ok());
}

TEST(UnitRecordTest, AttributesHaveTheirOwnMeasure) {
  const Vocabulary vocabulary;
  storage::v1::UnitRecord record = GoodUnit();
  v1::UnitAttribute& area = *record.mutable_unit()->add_attributes();
  area.set_key(v1::ATTRIBUTE_KEY_AREA);
  area.mutable_value()->mutable_value()->set_value("33700");
  EXPECT_TRUE(HasReason(CheckUnit("u", vocabulary, &record), Reason::REQUIRED_FIELD));
  *area.mutable_as_of_date() = DateOf("2016-01-01");
  ASSERT_TRUE(CheckUnit("u", vocabulary, &record).ok());
  EXPECT_EQ(record.unit().attributes(0).value().unit(), "km2");
  *record.mutable_unit()->add_attributes() = record.unit().attributes(0);
  EXPECT_TRUE(HasReason(CheckUnit("u", vocabulary, &record), Reason::INVALID_FIELD));
  record.mutable_unit()->mutable_attributes()->DeleteSubrange(1, 1);
  record.mutable_unit()->mutable_attributes(0)->mutable_value()->set_unit("mile2");
  EXPECT_TRUE(HasReason(CheckUnit("u", vocabulary, &record), Reason::INVALID_FIELD));
  record.mutable_unit()->mutable_attributes(0)->mutable_value()->clear_unit();
  record.mutable_unit()->mutable_attributes(0)->mutable_value()->mutable_value()->set_value("-1");
  EXPECT_TRUE(HasReason(CheckUnit("u", vocabulary, &record), Reason::INVALID_FIELD));
}

}  // namespace
}  // namespace terrace::registry
