// The sample's programme: who takes part since when, and who holds which title at which level.
#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "services/terrace/sample/sample.h"

namespace terrace::sample {
namespace {

namespace v1 = registry::v1;

const absl::CivilDay kJoined(2014, 1, 1);

// How many participants have their highest title at each level, from the nation down; the others
// hold none that is valid in 2016.
struct Holders {
  const char* level;
  int count;
};
constexpr Holders kHolders[] = {{"nation", 1},
                                {"province", 2},
                                {"autonomous-prefecture", 2},
                                {"prefecture", 94},
                                {"county", 149}};

void AddTerm(v1::Designation* designation, absl::CivilDay named, absl::string_view batch) {
  v1::DesignationTerm& term = *designation->add_terms();
  *term.mutable_named_date() = DateOf(named);
  term.set_batch(std::string(batch));
  term.set_decision(absl::StrCat("No. ", named.month(), " of ", named.year()));
}

v1::Designation* AddTitle(Sample* sample, const std::string& unit, absl::string_view level,
                          absl::CivilDay named) {
  v1::ImportDesignationRow& row = sample->designations.emplace_back();
  row.set_unit_id(unit);
  row.set_designation_id(absl::StrCat(level, "-", named.year()));
  v1::Designation& designation = *row.mutable_designation();
  designation.set_level(absl::StrCat("levels/", level));
  designation.set_title("model-unit");
  AddTerm(&designation, named, absl::StrCat("batch-", named.year()));
  return &designation;
}

// A day of naming, spread over the years so that the term of five years covers 2016.
absl::CivilDay Named(int index) {
  return absl::CivilDay(2013 + index % 3, 1 + index * 5 % 12, 1 + index * 7 % 28);
}

// Titles that do not count at the end of 2016: run out, taken away, and given later.
void AddInvalidTitles(Sample* sample, absl::Span<const std::string> untitled) {
  for (int i = 0; i < 4; ++i) AddTitle(sample, untitled[i], "county", absl::CivilDay(2010, 5, 4));
  for (int i = 4; i < 6; ++i) {
    v1::Designation* designation =
        AddTitle(sample, untitled[i], "county", absl::CivilDay(2014, 5, 4));
    *designation->mutable_revoked_date() = DateOf(absl::CivilDay(2016, 3, 1));
    designation->set_revoke_reason("two checks failed in a row, decision No. 3 of 2016");
  }
  for (int i = 6; i < 8; ++i) AddTitle(sample, untitled[i], "county", absl::CivilDay(2017, 4, 1));
}

void AddTitles(Sample* sample) {
  const std::vector<std::string> ids = ParticipantIds();
  size_t next = 0;
  for (const Holders& holders : kHolders) {
    for (int i = 0; i < holders.count; ++i, ++next) {
      const std::string& unit = ids[next];
      const absl::string_view level = holders.level;
      AddTitle(sample, unit, level, Named(i));
      // Several levels at once, of which the highest counts.
      const bool region_or_higher = level == "nation" || level == "province";
      if (region_or_higher) AddTitle(sample, unit, "prefecture", Named(i + 1));
      if (region_or_higher || level == "autonomous-prefecture" ||
          (level == "prefecture" && i % 3 == 0)) {
        AddTitle(sample, unit, "county", absl::CivilDay(2012, 6, 1 + i % 28));
      }
      // Some titles of the county are in their second term.
      if (level == "county" && i % 15 == 0) {
        v1::Designation* renewed = sample->designations.back().mutable_designation();
        renewed->clear_terms();
        AddTerm(renewed, absl::CivilDay(2010, 6, 1), "batch-2010");
        AddTerm(renewed, absl::CivilDay(2015, 6, 1), "batch-2015");
      }
    }
  }
  AddInvalidTitles(sample, absl::MakeConstSpan(ids).subspan(next));
  // The county itself holds the nation's title; below it, it is not counted.
  AddTitle(sample, "county-a", "nation", absl::CivilDay(2014, 9, 1));
}

void AddEnrollment(Sample* sample, const std::string& id, v1::EnrollmentRole role,
                   absl::CivilDay from) {
  v1::EnrollUnitsRequest::Row& row = sample->enrollments.emplace_back();
  row.set_unit(absl::StrCat("units/", id));
  row.set_role(role);
  *row.mutable_from_date() = DateOf(from);
}

void AddEnrollments(Sample* sample) {
  const std::vector<std::string> ids = ParticipantIds();
  AddEnrollment(sample, "county-a", v1::ENROLLMENT_ROLE_PARTICIPANT, kJoined);
  for (const std::string& id : ids) {
    AddEnrollment(sample, id, v1::ENROLLMENT_ROLE_PARTICIPANT, kJoined);
  }
  // Every thirteenth has been shown to others as an example since 2015.
  for (size_t i = 0; i < ids.size() - 1; i += 13) {
    v1::EnrollUnitsRequest::Row& row = sample->role_changes.emplace_back();
    row.set_unit(absl::StrCat("units/", ids[i]));
    row.set_role(v1::ENROLLMENT_ROLE_DEMONSTRATION_SITE);
    *row.mutable_from_date() = DateOf(absl::CivilDay(2015, 3, 1));
  }
  AddEnrollment(sample, "a-agency-61", v1::ENROLLMENT_ROLE_PARTICIPANT, kJoined);
  v1::WithdrawUnitsRequest::Row& left = sample->withdrawals.emplace_back();
  left.set_unit("units/a-agency-61");
  *left.mutable_until_date() = DateOf(absl::CivilDay(2016, 1, 1));
  left.set_reason("its work went over to other agencies");
  for (const std::string& id : CitySiteIds()) {
    AddEnrollment(sample, id, v1::ENROLLMENT_ROLE_DEMONSTRATION_SITE, kJoined);
  }
}

}  // namespace

std::vector<std::string> ParticipantIds() {
  std::vector<std::string> ids;
  for (const Township& township : kTownships) {
    ids.push_back(township.id);
    for (int i = 1; i <= township.villages; ++i) {
      ids.push_back(absl::StrCat(township.id, "-village-", TwoDigits(i)));
    }
    for (int i = 1; i <= township.communities; ++i) {
      ids.push_back(absl::StrCat(township.id, "-community-", TwoDigits(i)));
    }
  }
  for (const char* id : {"scenic-area", "park-1", "park-2"}) ids.emplace_back(id);
  for (int k = 0; k < kSiteKindCount; ++k) {
    for (int i = 1; i <= kSiteKinds[k].count; ++i) ids.push_back(SiteId(kSiteKinds[k], i));
  }
  // Dealt out so that every kind and every township gets titles of several levels: 97 shares no
  // divisor with their number.
  std::vector<std::string> dealt;
  for (size_t i = 0; i < ids.size(); ++i) dealt.push_back(ids[i * 97 % ids.size()]);
  return dealt;
}

void AddProgramme(Sample* sample) {
  sample->programme.set_parent(kNation);
  sample->programme.set_programme_id("model-unit");
  v1::Programme& programme = *sample->programme.mutable_programme();
  programme.set_display_name("Model-unit programme");
  (*programme.mutable_localized_names())["zh"] = "示范单位创建";
  programme.set_zone("Asia/Shanghai");
  v1::Title& title = *programme.add_titles();
  title.set_id("model-unit");
  title.set_display_name("Model unit");
  (*title.mutable_localized_names())["zh"] = "示范单位";
  for (const Holders& holders : kHolders) {
    v1::LevelRule& rule = *programme.add_levels();
    rule.set_level(absl::StrCat("levels/", holders.level));
    rule.set_term_months(60);
  }
  programme.set_visibility(v1::VISIBILITY_SUBTREE);
  AddEnrollments(sample);
  AddTitles(sample);
}

}  // namespace terrace::sample
