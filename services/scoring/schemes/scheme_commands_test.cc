// The life of schemes: draft, published, superseded.
#include "services/scoring/scoring_fixture.h"

namespace terrace::scoring {
namespace {

// How many errors a refused scheme has, as the error's arguments say.
std::string ErrorsOf(const absl::Status& status) {
  const absl::optional<ErrorDetails> details = DetailsOf(status);
  if (!details) return "";
  for (const auto& [key, value] : details->args) {
    if (key == "count") return value;
  }
  return "";
}

class SchemeTest : public ScoringTest {
 protected:
  absl::StatusOr<v1::Scheme> GetOne(const std::string& name, const access::Identity& who,
                                    const std::string& period = "") {
    v1::GetSchemeRequest request;
    request.set_name(name);
    request.set_period(period);
    return Do<v1::Scheme>("GetScheme", who, request);
  }
};

TEST_F(SchemeTest, ADraftIsReadAndChangedByItsOffice) {
  absl::StatusOr<v1::Scheme> created = Create(TestScheme(), "1");
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->name(), "units/county/schemes/quality@1");
  EXPECT_EQ(created->state(), v1::SCHEME_STATE_DRAFT);
  EXPECT_GT(created->revision(), 0);
  EXPECT_TRUE(Refused(Create(TestScheme(), "1"), Reason::ALREADY_EXISTS));
  EXPECT_TRUE(Refused(Create(TestScheme(), "No!"), Reason::INVALID_ID));

  v1::UpdateSchemeRequest update;
  update.mutable_scheme()->set_name(created->name());
  update.mutable_scheme()->set_etag(created->etag());
  update.mutable_scheme()->set_display_name("Better");
  auto updated = Do<v1::Scheme>("UpdateScheme", Officer("county"), update);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->display_name(), "Better");
  EXPECT_EQ(updated->nodes_size(), created->nodes_size());
  EXPECT_NE(updated->etag(), created->etag());
  EXPECT_TRUE(
      Refused(Do<v1::Scheme>("UpdateScheme", Officer("county"), update), Reason::ETAG_MISMATCH));
  update.mutable_scheme()->clear_etag();
  update.mutable_update_mask()->add_paths("state");
  EXPECT_TRUE(
      Refused(Do<v1::Scheme>("UpdateScheme", Officer("county"), update), Reason::INVALID_MASK));

  // Drafts are the office's own; whoever is below does not see them.
  EXPECT_TRUE(GetOne(created->name(), Viewer("county")).ok());
  EXPECT_TRUE(GetOne(created->name(), Viewer("province")).ok());
  EXPECT_TRUE(Refused(GetOne(created->name(), Viewer("a1")), Reason::NOT_FOUND));
}

TEST_F(SchemeTest, OnlyASchemeWithoutErrorsIsPublished) {
  v1::Scheme scheme = TestScheme();
  scheme.mutable_nodes(1)->mutable_points()->set_value("39");
  ASSERT_TRUE(Create(scheme, "1").ok());  // A draft may be wrong.
  absl::StatusOr<v1::Scheme> published = PublishVersion("1");
  ASSERT_TRUE(Refused(published, Reason::SCHEME_INVALID));
  EXPECT_EQ(ErrorsOf(published.status()), "4");  // Three statistics are missing.
  DefineAll();
  EXPECT_EQ(ErrorsOf(PublishVersion("1").status()), "1");

  v1::ValidateSchemeRequest validate;
  validate.set_name(absl::StrCat(kScheme, "@1"));
  auto found = Do<v1::ValidateSchemeResponse>("ValidateScheme", Officer("county"), validate);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_FALSE(found->publishable());
  ASSERT_EQ(found->issues_size(), 1);
  EXPECT_EQ(found->issues(0).code(), "POINTS_DO_NOT_ADD_UP");
  validate.clear_name();
  *validate.mutable_scheme() = TestScheme();
  found = Do<v1::ValidateSchemeResponse>("ValidateScheme", Officer("county"), validate);
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->publishable());
}

TEST_F(SchemeTest, APublishedVersionNeverChanges) {
  Start();
  v1::UpdateSchemeRequest update;
  update.mutable_scheme()->set_name(absl::StrCat(kScheme, "@1"));
  update.mutable_scheme()->set_display_name("Other");
  EXPECT_TRUE(
      Refused(Do<v1::Scheme>("UpdateScheme", Officer("county"), update), Reason::WRONG_STATE));
  EXPECT_TRUE(Refused(PublishVersion("1"), Reason::WRONG_STATE));
  EXPECT_TRUE(GetOne(absl::StrCat(kScheme, "@1"), Viewer("a1")).ok());
}

TEST_F(SchemeTest, TheVersionInForceGoesByThePeriod) {
  Start();
  v1::Scheme next = TestScheme();
  next.set_first_period("2018");
  ASSERT_TRUE(Create(next, "2").ok());
  ASSERT_TRUE(PublishVersion("2").ok());
  auto version = [&](const std::string& period) {
    absl::StatusOr<v1::Scheme> scheme = GetOne(kScheme, Viewer("a1"), period);
    return scheme.ok() ? scheme->name().substr(scheme->name().find('@')) : "none";
  };
  EXPECT_EQ(version("2015"), "none");
  EXPECT_EQ(version("2016"), "@1");
  EXPECT_EQ(version("2017"), "@1");
  EXPECT_EQ(version("2018"), "@2");
  EXPECT_EQ(version(""), "@2");
}

TEST_F(SchemeTest, AVersionTakesTheSamePeriodsOnlyByNamingTheOther) {
  Start();
  ASSERT_TRUE(Create(TestScheme(), "2").ok());
  EXPECT_TRUE(Refused(PublishVersion("2"), Reason::PERIODS_TAKEN));
  EXPECT_TRUE(Refused(PublishVersion("2", "3"), Reason::PERIODS_TAKEN));
  ASSERT_TRUE(PublishVersion("2", "1").ok());
  absl::StatusOr<v1::Scheme> before = GetOne(absl::StrCat(kScheme, "@1"), Viewer("a1"));
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->state(), v1::SCHEME_STATE_SUPERSEDED);
  EXPECT_EQ(before->superseded_by(), absl::StrCat(kScheme, "@2"));
  EXPECT_EQ(Get("a1")->scheme(), absl::StrCat(kScheme, "@2"));
}

TEST_F(SchemeTest, ListsPageByPageWithAFilter) {
  Start();
  for (const char* version : {"2", "3", "4", "5"}) ASSERT_TRUE(Create(TestScheme(), version).ok());
  v1::ListSchemesRequest request;
  request.set_parent("units/county");
  request.set_page_size(2);
  std::vector<std::string> names;
  do {
    auto page = Do<v1::ListSchemesResponse>("ListSchemes", Viewer("county"), request);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_LE(page->schemes_size(), 2);
    EXPECT_GT(page->cursor().revision(), 0);
    for (const v1::Scheme& scheme : page->schemes()) names.push_back(scheme.name());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(names.size(), 5);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  request.set_page_size(0);
  request.set_filter("state = PUBLISHED");
  EXPECT_EQ(Do<v1::ListSchemesResponse>("ListSchemes", Viewer("county"), request)->schemes_size(),
            1);
  request.clear_filter();
  EXPECT_EQ(Do<v1::ListSchemesResponse>("ListSchemes", Viewer("a1"), request)->schemes_size(), 1);
  request.set_page_size(-1);
  EXPECT_TRUE(Refused(Do<v1::ListSchemesResponse>("ListSchemes", Viewer("a1"), request),
                      Reason::INVALID_PAGE_SIZE));
}

TEST_F(SchemeTest, ARepeatedRequestAnswersTheSame) {
  v1::CreateSchemeRequest request;
  request.set_parent("units/county");
  request.set_scheme_id("quality");
  request.set_version("1");
  *request.mutable_scheme() = TestScheme();
  request.set_request_id("6b1c1f0a-4a62-4d5c-8d0e-6a5b9f3a0c11");
  auto first = Do<v1::Scheme>("CreateScheme", Officer("county"), request);
  auto second = Do<v1::Scheme>("CreateScheme", Officer("county"), request);
  ASSERT_TRUE(first.ok() && second.ok()) << second.status();
  EXPECT_EQ(first->etag(), second->etag());
  request.set_request_id("6b1c1f0a-4a62-4d5c-8d0e-6a5b9f3a0c12");
  request.set_version("2");
  request.set_validate_only(true);
  EXPECT_TRUE(Do<v1::Scheme>("CreateScheme", Officer("county"), request).ok());
  EXPECT_TRUE(Refused(GetOne(absl::StrCat(kScheme, "@2"), Viewer("county")), Reason::NOT_FOUND));
}

}  // namespace
}  // namespace terrace::scoring
