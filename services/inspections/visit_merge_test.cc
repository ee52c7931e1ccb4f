#include "services/inspections/visit_merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace terrace::inspections {
namespace {

v1::Observation Seen() {
  v1::Observation observation;
  observation.set_item("asked");
  observation.set_place("east gate");
  observation.mutable_count()->set_hits(3);
  observation.mutable_count()->set_sample(5);
  observation.mutable_captured_time()->set_seconds(1400000000);
  observation.add_evidence()->set_uri("https://files/1");
  return observation;
}

std::vector<std::string> FieldsBetween(const v1::Observation& a, const v1::Observation& b) {
  std::vector<std::string> fields;
  for (const v1::FieldDifference& d : Differences(a, b)) fields.push_back(d.field());
  return fields;
}

TEST(ContentHashTest, WhatTheServiceAddsDoesNotCount) {
  v1::Observation stored = Seen();
  stored.mutable_receive_time()->set_seconds(5);
  stored.mutable_skew()->set_seconds(9);
  stored.set_skewed(true);
  stored.set_revision(77);
  stored.set_etag("e");
  stored.set_conflict_count(2);
  stored.set_content_sha256("00");
  EXPECT_EQ(ContentHash(AsSent(stored)), ContentHash(AsSent(Seen())));
}

TEST(ContentHashTest, EveryWordCounts) {
  const std::string hash = ContentHash(AsSent(Seen()));
  EXPECT_EQ(hash.size(), 32u);
  v1::Observation other = Seen();
  other.mutable_captured_time()->set_nanos(1);
  EXPECT_NE(ContentHash(AsSent(other)), hash);
  other = Seen();
  other.mutable_finding()->set_text("broken");
  EXPECT_NE(ContentHash(AsSent(other)), hash);
}

TEST(ContentHashTest, AFindingInsideCountsByItsContentAlone) {
  v1::Observation a = Seen();
  a.mutable_finding()->set_text("broken");
  v1::Observation b = a;
  b.mutable_finding()->set_name("units/u/visits/v/findings/d-1");
  b.mutable_finding()->set_state(v1::Finding::STATE_CLOSED);
  b.mutable_finding()->add_steps();
  EXPECT_EQ(ContentHash(AsSent(a)), ContentHash(AsSent(b)));
}

TEST(DifferencesTest, NamesExactlyWhatDiffers) {
  v1::Observation sent = Seen();
  EXPECT_THAT(Differences(Seen(), sent), testing::IsEmpty());
  sent.mutable_count()->set_hits(4);
  sent.set_reason("looked again");
  sent.mutable_evidence(0)->set_bytes(9);
  sent.mutable_captured_time()->set_seconds(1400000001);
  EXPECT_THAT(
      FieldsBetween(Seen(), sent),
      testing::UnorderedElementsAre("count.hits", "reason", "evidence[0].bytes", "captured_time"));
  for (const v1::FieldDifference& difference : Differences(Seen(), sent)) {
    if (difference.field() == "count.hits") {
      EXPECT_EQ(difference.stored(), "3");
      EXPECT_EQ(difference.sent(), "4");
    } else if (difference.field() == "captured_time") {
      EXPECT_EQ(difference.stored(), "2014-05-13T16:53:20+00:00");
    }
  }
}

TEST(DifferencesTest, AnotherTypeOfAnswerIsTwoDifferences) {
  v1::Observation sent = Seen();
  sent.set_passed(true);
  EXPECT_THAT(FieldsBetween(Seen(), sent),
              testing::UnorderedElementsAre("count.hits", "count.sample", "passed"));
}

TEST(DifferencesTest, ListsOfOtherLengths) {
  v1::Observation sent = Seen();
  sent.add_evidence()->set_uri("https://files/2");
  EXPECT_THAT(FieldsBetween(Seen(), sent), testing::ElementsAre("evidence[1]"));
  EXPECT_THAT(FieldsBetween(sent, Seen()), testing::ElementsAre("evidence[1]"));
}

TEST(DifferencesTest, ZeroIsNotUnset) {
  v1::Observation failed;
  failed.set_passed(false);
  v1::Observation unset;
  ASSERT_EQ(Differences(failed, unset).size(), 1u);
  EXPECT_EQ(Differences(failed, unset)[0].stored(), "false");
  EXPECT_EQ(Differences(failed, unset)[0].sent(), "");
}

TEST(DifferencesTest, LongTextIsCutBetweenCharacters) {
  v1::Observation stored;
  v1::Observation sent;
  std::string text;
  for (int i = 0; i < 300; ++i) text += "检";
  sent.set_text(text);
  const std::vector<v1::FieldDifference> differences = Differences(stored, sent);
  ASSERT_EQ(differences.size(), 1u);
  EXPECT_LE(differences[0].sent().size(), kDifferenceBytesMax + 3);
  EXPECT_EQ((differences[0].sent().size() - 3) % 3, 0u);
  EXPECT_THAT(differences[0].sent(), testing::EndsWith("…"));
}

TEST(DifferencesTest, AreLimited) {
  v1::Observation stored;
  v1::Observation sent;
  for (int i = 0; i < 100; ++i) sent.add_evidence();
  EXPECT_EQ(Differences(stored, sent).size(), kDifferencesMax);
}

TEST(FieldsOfTest, JoinsThePaths) {
  v1::Observation sent = Seen();
  sent.mutable_count()->set_hits(1);
  sent.set_place("west gate");
  EXPECT_EQ(FieldsOf(Differences(Seen(), sent)), "place, count.hits");
}

}  // namespace
}  // namespace terrace::inspections
