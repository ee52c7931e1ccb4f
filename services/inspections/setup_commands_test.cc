// Checklists and teams.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "services/inspections/test_world.h"

namespace terrace::inspections {
namespace {

v1::CreateChecklistRequest NewChecklist() {
  v1::CreateChecklistRequest request;
  request.set_parent("units/county");
  request.set_checklist_id("visit");
  *request.mutable_checklist() = SampleChecklist();
  return request;
}

absl::StatusOr<v1::Checklist> Publish(World& world, const std::string& name,
                                      const std::string& etag = "") {
  v1::PublishChecklistRequest request;
  request.set_name(name);
  request.set_etag(etag);
  return world.Do(&InspectionsState::PublishChecklist, request, Officer("county"));
}

TEST(ChecklistTest, VersionsCountFromOneAndOneDraftAtATime) {
  World world;
  auto first = world.Do(&InspectionsState::CreateChecklist, NewChecklist(), Officer("county"));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->name(), "units/county/checklists/visit@1");
  EXPECT_EQ(first->state(), v1::Checklist::STATE_DRAFT);
  EXPECT_FALSE(first->etag().empty());
  auto second = world.Do(&InspectionsState::CreateChecklist, NewChecklist(), Officer("county"));
  EXPECT_TRUE(HasReason(second.status(), Reason::DRAFT_EXISTS)) << second.status();

  auto published = Publish(world, first->name());
  ASSERT_TRUE(published.ok()) << published.status();
  EXPECT_EQ(published->state(), v1::Checklist::STATE_PUBLISHED);
  EXPECT_TRUE(published->has_publish_time());
  second = world.Do(&InspectionsState::CreateChecklist, NewChecklist(), Officer("county"));
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->name(), "units/county/checklists/visit@2");
}

TEST(ChecklistTest, PublishedVersionsNeverChange) {
  World world;
  world.PublishChecklist();
  v1::UpdateChecklistRequest update;
  update.mutable_checklist()->set_name(kList);
  update.mutable_checklist()->set_display_name("Other");
  auto updated = world.Do(&InspectionsState::UpdateChecklist, update, Officer("county"));
  EXPECT_TRUE(HasReason(updated.status(), Reason::WRONG_STATE)) << updated.status();
  EXPECT_TRUE(HasReason(Publish(world, kList).status(), Reason::WRONG_STATE));
  EXPECT_EQ(world.state.ReadChecklist(kList)->display_name(), "Model unit visit");
}

TEST(ChecklistTest, DraftsChangeUnderTheirEtag) {
  World world;
  auto draft = world.Do(&InspectionsState::CreateChecklist, NewChecklist(), Officer("county"));
  v1::UpdateChecklistRequest update;
  update.mutable_checklist()->set_name(draft->name());
  update.mutable_checklist()->set_display_name("Better");
  update.mutable_checklist()->set_etag(draft->etag());
  auto updated = world.Do(&InspectionsState::UpdateChecklist, update, Officer("county"));
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->display_name(), "Better");
  EXPECT_EQ(updated->items_size(), 5) << "what the mask leaves out stays";
  EXPECT_NE(updated->etag(), draft->etag());
  auto again = world.Do(&InspectionsState::UpdateChecklist, update, Officer("county"));
  EXPECT_TRUE(HasReason(again.status(), Reason::ETAG_MISMATCH)) << again.status();
  EXPECT_TRUE(
      HasReason(Publish(world, draft->name(), draft->etag()).status(), Reason::ETAG_MISMATCH));
  update.mutable_checklist()->set_etag(updated->etag());
  update.mutable_update_mask()->add_paths("state");
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::UpdateChecklist, update, Officer("county")).status(),
                Reason::INVALID_MASK));
}

TEST(ChecklistTest, ABadDraftIsNotPublished) {
  World world;
  v1::CreateChecklistRequest request = NewChecklist();
  request.mutable_checklist()->mutable_items(0)->clear_answer_type();
  auto draft = world.Do(&InspectionsState::CreateChecklist, request, Officer("county"));
  ASSERT_TRUE(draft.ok()) << "drafts may be incomplete: " << draft.status();
  EXPECT_TRUE(HasReason(Publish(world, draft->name()).status(), Reason::REQUIRED_FIELD));
  EXPECT_EQ(world.state.ReadChecklist(draft->name())->state(), v1::Checklist::STATE_DRAFT);
}

TEST(ChecklistTest, UnknownOfficesAndBadIdsAreRefused) {
  World world;
  v1::CreateChecklistRequest request = NewChecklist();
  request.set_parent("units/nowhere");
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::CreateChecklist, request, Officer("county")).status(),
                Reason::NOT_FOUND));
  request = NewChecklist();
  request.set_checklist_id("Visit@1");
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::CreateChecklist, request, Officer("county")).status(),
                Reason::INVALID_ID));
  request = NewChecklist();
  request.set_parent("county");
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::CreateChecklist, request, Officer("county")).status(),
                Reason::INVALID_NAME));
  EXPECT_THAT(world.Keys(""), testing::IsEmpty());
}

v1::CreateTeamRequest NewTeam(int inspectors) {
  v1::CreateTeamRequest request;
  request.set_parent("units/county");
  request.set_team_id("a");
  request.mutable_team()->set_display_name("Team A");
  v1::TeamRole& role = *request.mutable_team()->add_roles();
  role.set_role("inspector");
  role.set_inspectors(inspectors);
  return request;
}

TEST(TeamTest, HasAtLeastTwoInspectors) {
  World world;
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::CreateTeam, NewTeam(1), Officer("county")).status(),
                Reason::TEAM_TOO_SMALL));
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::CreateTeam, NewTeam(-3), Officer("county")).status(),
                Reason::NUMBER_OUT_OF_RANGE));
  v1::CreateTeamRequest two_roles = NewTeam(1);
  v1::TeamRole& lead = *two_roles.mutable_team()->add_roles();
  lead.set_role("lead");
  lead.set_inspectors(1);
  auto team = world.Do(&InspectionsState::CreateTeam, two_roles, Officer("county"));
  ASSERT_TRUE(team.ok()) << team.status();
  auto again = world.Do(&InspectionsState::CreateTeam, two_roles, Officer("county"));
  EXPECT_TRUE(HasReason(again.status(), Reason::ALREADY_EXISTS));
}

TEST(TeamTest, Updates) {
  World world;
  ASSERT_TRUE(world.Do(&InspectionsState::CreateTeam, NewTeam(3), Officer("county")).ok());
  v1::UpdateTeamRequest update;
  update.mutable_team()->set_name("units/county/teams/a");
  update.mutable_team()->set_retired(true);
  update.mutable_update_mask()->add_paths("retired");
  auto team = world.Do(&InspectionsState::UpdateTeam, update, Officer("county"));
  ASSERT_TRUE(team.ok()) << team.status();
  EXPECT_TRUE(team->retired());
  EXPECT_EQ(team->display_name(), "Team A");
  update.mutable_team()->set_name("units/county/teams/b");
  EXPECT_TRUE(HasReason(world.Do(&InspectionsState::UpdateTeam, update, Officer("county")).status(),
                        Reason::NOT_FOUND));
}

}  // namespace
}  // namespace terrace::inspections
