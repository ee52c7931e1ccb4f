// The sample's activities: what units did, with quantities. "At least" is kept where the founding
// report says "over".
#include "absl/strings/str_cat.h"
#include "services/terrace/sample/sample.h"

namespace terrace::sample {
namespace {

namespace v1 = measures::v1;

constexpr types::v1::Qualifier kExact = types::v1::QUALIFIER_EXACT;
constexpr types::v1::Qualifier kAtLeast = types::v1::QUALIFIER_AT_LEAST;

struct Amount {
  const char* key;
  int64_t value;
  const char* unit;
  types::v1::Qualifier qualifier = kExact;
};

v1::Activity* AddActivity(Sample* sample, absl::string_view unit, const std::string& id,
                          const char* kind, const std::string& title, absl::CivilDay day,
                          std::initializer_list<Amount> amounts) {
  v1::Activity& activity = sample->activities.emplace_back();
  activity.set_name(absl::StrCat(unit, "/activities/", id));
  activity.set_kind(kind);
  activity.set_display_name(title);
  *activity.mutable_date() = DateOf(day);
  activity.set_programme(kProgramme);
  for (const Amount& amount : amounts) {
    v1::NamedQuantity& quantity = *activity.add_quantities();
    quantity.set_key(amount.key);
    *quantity.mutable_quantity() = MakeQuantity(amount.value, amount.unit, amount.qualifier);
  }
  return &activity;
}

absl::CivilDay DayOf2016(int index) {
  return absl::CivilDay(2016, 1 + index % 12, 1 + index * 5 % 28);
}

// Lectures and joint activities take place in the townships.
void AddCountyEvents(Sample* sample) {
  constexpr int kLectures = 82;
  constexpr int kJoint = 120;  // Records; each tells of several events of a month.
  for (int i = 0; i < kLectures; ++i) {
    AddActivity(sample, absl::StrCat("units/", kTownships[i % kTownshipCount].id),
                absl::StrCat("lecture-", i + 1), "lecture", absl::StrCat("Lecture ", i + 1),
                DayOf2016(i), {{"audience", PartOf(15000, kLectures, i), "person", kAtLeast}});
  }
  for (int i = 0; i < kJoint; ++i) {
    AddActivity(sample, absl::StrCat("units/", kTownships[i / 12].id),
                absl::StrCat("joint-2016-", TwoDigits(i % 12 + 1)), "joint-activity",
                absl::StrCat("Joint activities of month ", i % 12 + 1),
                absl::CivilDay(2016, i % 12 + 1, 25),
                {{"events", PartOf(600, kJoint, i), "", kAtLeast},
                 {"participants", PartOf(50000, kJoint, i), "person", kAtLeast}});
  }
}

void AddCountyPublicity(Sample* sample) {
  for (int i = 0; i < 187; ++i) {
    AddActivity(sample, kCountyA, absl::StrCat("news-2016-", i + 1), "news-item",
                absl::StrCat("News item ", i + 1), DayOf2016(i), {});
  }
  for (int i = 0; i < 2; ++i) {
    AddActivity(sample, kCountyA, absl::StrCat("broadcast-2016-", i + 1), "broadcast",
                absl::StrCat("Programme ", i + 1), absl::CivilDay(2016, 5 + 4 * i, 12), {});
  }
  AddActivity(sample, kCountyA, "stories-2016", "stories", "Stories told in the year",
              absl::CivilDay(2016, 12, 20), {{"stories", 100, "", kAtLeast}});
  AddActivity(sample, kCountyA, "songs-2016", "songs", "Songs taught in the year",
              absl::CivilDay(2016, 12, 20), {{"songs", 30, "", kAtLeast}});
  for (int i = 0; i < kTownshipCount; ++i) {
    AddActivity(sample, absl::StrCat("units/", kTownships[i].id), "handbooks-2016", "handbooks",
                "Handbooks handed out", absl::CivilDay(2016, 4, 1 + i),
                {{"handbooks", PartOf(10000, kTownshipCount, i), ""}});
  }
  AddActivity(sample, kCountyA, "opening-2016", "opening", "A street with stalls opened",
              absl::CivilDay(2016, 8, 18), {{"streets", 1, ""}, {"stalls", 5, ""}});
  AddActivity(sample, kCountyA, "training-base", "training-base", "Training base",
              absl::CivilDay(2016, 3, 1),
              {{"modules", 5, ""}, {"courses", 3, ""}, {"sites", 4, ""}, {"forms", 6, ""}});
}

void AddCityActivities(Sample* sample) {
  AddActivity(sample, kCityB, "training-2014", "training", "Trainings", absl::CivilDay(2014, 5, 10),
              {{"trained", 600, "person", kAtLeast}});
  AddActivity(sample, kCityB, "examination-2014", "examination", "Examination",
              absl::CivilDay(2014, 6, 20), {{"examined", 6000, "person", kAtLeast}});
  for (int i = 0; i < 4; ++i) {
    AddActivity(sample, kCityB, absl::StrCat("notice-2014-", i + 1), "notice",
                absl::StrCat("Notice ", i + 1), absl::CivilDay(2014, 2 + 2 * i, 14), {});
  }
  for (int i = 0; i < 84; ++i) {
    AddActivity(sample, kCityB, absl::StrCat("news-2014-", i + 1), "news-item",
                absl::StrCat("News item ", i + 1), absl::CivilDay(2014, 1 + i % 12, 1 + i * 5 % 28),
                {});
  }
  // The report gives three numbers of signboards without saying which is which: the sizes are ours.
  AddActivity(sample, kCityB, "signboards-2014", "signboards", "Signboards put up",
              absl::CivilDay(2014, 4, 2), {{"large", 1, ""}, {"medium", 3, ""}, {"small", 6, ""}});
  AddActivity(sample, kCityB, "advertising-2014", "advertising", "Advertising in the streets",
              absl::CivilDay(2014, 9, 1),
              {{"banners", 30, "", kAtLeast}, {"taxis", 1000, ""}, {"lamp-posts", 173, ""}});
  AddActivity(sample, kCityB, "printed-2014", "printed-matter", "Printed matter",
              absl::CivilDay(2014, 10, 8),
              {{"leaflets", 20000, "", kAtLeast},
               {"books-printed", 20000, ""},
               {"books-handed-out", 18000, "", kAtLeast},
               {"bookmarks", 85000, "", kAtLeast}});
  for (int i = 0; i < 15; ++i) {
    AddActivity(sample, kCityB, absl::StrCat("event-2014-", i + 1), "event",
                absl::StrCat("Event ", i + 1), absl::CivilDay(2014, 3 + i % 10, 6 + i), {});
  }
  AddActivity(sample, kCityB, "troupes-2014", "troupes", "Amateur troupes supported",
              absl::CivilDay(2014, 11, 3), {{"troupes", 12, ""}});
  AddActivity(sample, kCityB, "loans-2014", "loans", "Loans at reduced interest",
              absl::CivilDay(2014, 11, 20), {{"amount", 139000000, "CNY"}, {"enterprises", 3, ""}});
}

// What Province D's targets amount to; the measures say by when.
void AddTargetFigures(Sample* sample) {
  v1::Activity* announced =
      AddActivity(sample, kProvinceD, "targets-2014", "targets", "Targets announced",
                  absl::CivilDay(2014, 1, 15),
                  {{"kindergarten-coverage", 100, "%"},
                   {"senior-secondary-enrolment", 90, "%", types::v1::QUALIFIER_ABOUT},
                   {"characteristic-villages", 500, ""},
                   {"festivals", 20, ""}});
  announced->clear_programme();
}

}  // namespace

void AddActivities(Sample* sample) {
  AddCountyEvents(sample);
  AddCountyPublicity(sample);
  AddCityActivities(sample);
  AddTargetFigures(sample);
}

}  // namespace terrace::sample
