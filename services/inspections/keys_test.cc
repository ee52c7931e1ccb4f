#include "services/inspections/keys.h"

#include <gtest/gtest.h>

#include "common/base/error.h"

namespace terrace::inspections {
namespace {

TEST(KeysTest, KindOfEveryKey) {
  EXPECT_EQ(KindOfKey("units/a/checklists/c@1"), RowKind::kChecklist);
  EXPECT_EQ(KindOfKey("units/a/checklists/c"), RowKind::kChecklistHead);
  EXPECT_EQ(KindOfKey("units/a/teams/t"), RowKind::kTeam);
  EXPECT_EQ(KindOfKey("units/a/plans/p"), RowKind::kPlan);
  EXPECT_EQ(KindOfKey(DrawKey("units/a/plans/p")), RowKind::kDraw);
  EXPECT_EQ(KindOfKey(PoolKey(DrawKey("units/a/plans/p"))), RowKind::kPool);
  EXPECT_EQ(KindOfKey(ReleaseKey("units/a/plans/p", 2)), RowKind::kRelease);
  EXPECT_EQ(KindOfKey("units/a/visits/v"), RowKind::kVisit);
  EXPECT_EQ(KindOfKey(ObservationKey("units/a/visits/v", "d-1")), RowKind::kObservation);
  EXPECT_EQ(KindOfKey(FindingKey("units/a/visits/v", "f")), RowKind::kFinding);
  EXPECT_EQ(KindOfKey("units/a/followUps/f"), RowKind::kFollowUp);
  EXPECT_EQ(KindOfKey(ConflictKey(FindingKey("units/a/visits/v", "f"), std::string(32, 'x'))),
            RowKind::kConflict);
  EXPECT_EQ(KindOfKey("units/a"), RowKind::kOther);
  EXPECT_EQ(KindOfKey("units/a/operations/inspections.x"), RowKind::kOther);
  EXPECT_EQ(KindOfKey("ticks/last"), RowKind::kOther);
  EXPECT_EQ(KindOfKey(""), RowKind::kOther);
}

TEST(KeysTest, OwnersOfKeys) {
  EXPECT_EQ(VisitOfKey("units/a/visits/v"), "units/a/visits/v");
  EXPECT_EQ(VisitOfKey("units/a/visits/v/findings/f/conflicts/0011"), "units/a/visits/v");
  EXPECT_EQ(VisitOfKey("units/a/plans/p"), "");
  EXPECT_EQ(VisitOfKey("units/a/visits"), "");
  EXPECT_EQ(PlanOfKey("units/a/plans/p/draws/1/pool"), "units/a/plans/p");
  EXPECT_EQ(PlanOfKey("units/a/plans/p"), "units/a/plans/p");
  EXPECT_EQ(RecordOfConflict("units/a/visits/v/findings/f/conflicts/0011"),
            "units/a/visits/v/findings/f");
}

TEST(KeysTest, ObservationIdsSplitAtTheLastDash) {
  absl::StatusOr<ObservationId> id = ParseObservationId("tablet-7-12");
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_EQ(id->device, "tablet-7");
  EXPECT_EQ(id->number, 12);
}

TEST(KeysTest, ObservationIdsHaveOneSpelling) {
  for (absl::string_view bad : {"", "d", "d-", "-1", "d-0", "d-01", "d-1x", "d--", "d-+1", "D-1",
                                "d-99999999999", "d/1-1"}) {
    absl::StatusOr<ObservationId> id = ParseObservationId(bad);
    EXPECT_TRUE(HasReason(id.status(), Reason::INVALID_FIELD)) << bad << ": " << id.status();
  }
}

}  // namespace
}  // namespace terrace::inspections
