#include "services/terrace/sample/sample.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/registry/codes.h"

namespace terrace::sample {
namespace {

const Sample& TheSample() {
  static const auto* const kSample = new Sample(MakeSample());
  return *kSample;
}

TEST(Sample, ParentsComeBeforeTheirChildren) {
  std::set<std::string> seen;
  for (const registry::v1::ImportUnitRow& row : TheSample().units) {
    EXPECT_TRUE(seen.empty() ? row.parent_id().empty() : seen.count(row.parent_id()) > 0)
        << row.unit_id();
    EXPECT_TRUE(seen.insert(row.unit_id()).second) << row.unit_id();
  }
}

TEST(Sample, OrganisationsCarryTrueCodesOrAReason) {
  std::set<std::string> codes;
  for (const registry::v1::ImportUnitRow& row : TheSample().units) {
    if (row.unit().level() != "levels/site") continue;
    if (row.unit().codes_size() == 0) {
      EXPECT_FALSE(row.unit().no_code_reason().empty()) << row.unit_id();
      continue;
    }
    const std::string& code = row.unit().codes(0).code();
    EXPECT_TRUE(registry::IsUnifiedSocialCreditCode(code)) << code;
    EXPECT_TRUE(codes.insert(code).second) << code;
  }
}

// Everything that is loaded refers to units that are there.
TEST(Sample, NamesOnlyItsOwnUnits) {
  std::set<std::string> units;
  for (const auto& row : TheSample().units) units.insert(absl::StrCat("units/", row.unit_id()));
  for (const auto& row : TheSample().enrollments) EXPECT_EQ(units.count(row.unit()), 1u);
  for (const auto& row : TheSample().designations) {
    EXPECT_EQ(units.count(absl::StrCat("units/", row.unit_id())), 1u);
  }
  for (const auto& history : TheSample().assignments) {
    EXPECT_EQ(units.count(history.unit), 1u) << history.unit;
  }
  for (const auto& record : TheSample().follow_ups) EXPECT_EQ(units.count(record.unit), 1u);
  for (const auto& records : TheSample().statistics) {
    for (const auto& row : records.rows) EXPECT_EQ(units.count(row.unit()), 1u) << row.unit();
  }
}

TEST(Sample, ParticipantsAreDealtOnce) {
  const std::vector<std::string> ids = ParticipantIds();
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());
}

TEST(Sample, ADesignationIdIsUsedOnceByAUnit) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const auto& row : TheSample().designations) {
    EXPECT_TRUE(seen.insert({row.unit_id(), row.designation_id()}).second)
        << row.unit_id() << " " << row.designation_id();
  }
}

TEST(Sample, ItemsOfAVisitAreAsManyAsItDeclares) {
  std::map<std::string, int> observed, declared;
  for (const VisitRecords& records : TheSample().visits) {
    for (const inspections::v1::SyncItem& item : records.items) {
      if (item.has_observation()) ++observed[item.visit()];
      if (item.has_submit()) declared[item.visit()] = item.submit().declared(0).count();
    }
  }
  EXPECT_EQ(observed, declared);
}

TEST(Sample, IsTheSameEveryTime) {
  const Sample again = MakeSample();
  ASSERT_EQ(again.units.size(), TheSample().units.size());
  for (size_t i = 0; i < again.activities.size(); ++i) {
    EXPECT_EQ(again.activities[i].SerializeAsString(),
              TheSample().activities[i].SerializeAsString());
  }
}

template <class Messages>
void ExpectClean(const Messages& messages, std::string* text) {
  for (const auto& message : messages) {
    EXPECT_TRUE(CheckMessage(message).ok()) << message.Utf8DebugString();
    absl::StrAppend(text, message.Utf8DebugString(), "\n");
  }
}

// What the founding reports hold and this system does not: in no record, in neither language.
TEST(Sample, LeavesOutWhatIsLeftOutOnPurpose) {
  const Sample& sample = TheSample();
  std::string text;
  ExpectClean(sample.units, &text);
  ExpectClean(sample.designations, &text);
  ExpectClean(sample.lists, &text);
  ExpectClean(sample.activities, &text);
  for (const MeasureRecord& record : sample.measures) text += record.measure.Utf8DebugString();
  for (const VisitRecords& records : sample.visits) ExpectClean(records.items, &text);
  for (const StatisticRecords& records : sample.statistics) {
    text += records.definition.Utf8DebugString();
    ExpectClean(records.rows, &text);
  }
  for (const SchemeRecord& record : sample.schemes) text += record.scheme.Utf8DebugString();
  for (const char* word :
       {"ethnic",   "nationalit", "minorit", "relig",  "belief",   "mosque", "temple", "church",
        "cadre",    "household",  "family",  "pledge", "military", "army",   "police", "incident",
        "petition", "民族",       "宗教",    "干部",   "家庭",     "信访"}) {
    EXPECT_FALSE(absl::StrContains(text, word)) << word;
  }
}

TEST(PartOf, AddsUpToTheWhole) {
  for (int64_t total : {0, 1, 82, 600, 15000, 50000}) {
    for (int n : {1, 2, 3, 10, 82, 120}) {
      int64_t sum = 0;
      for (int i = 0; i < n; ++i) {
        const int64_t part = PartOf(total, n, i);
        EXPECT_GE(part, 0);
        sum += part;
      }
      EXPECT_EQ(sum, total) << total << " in " << n;
    }
  }
}

TEST(MakeUscc, HasTheRightCheckCharacter) {
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(registry::IsUnifiedSocialCreditCode(MakeUscc("91", i))) << MakeUscc("91", i);
  }
}

}  // namespace
}  // namespace terrace::sample
