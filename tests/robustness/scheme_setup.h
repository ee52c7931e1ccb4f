// A scheme that is written once and then stays in force.
#ifndef TERRACE_TESTS_ROBUSTNESS_SCHEME_SETUP_H_
#define TERRACE_TESTS_ROBUSTNESS_SCHEME_SETUP_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "terrace/scoring/v1/scoreboard.pb.h"
#include "tests/robustness/caller.h"

namespace terrace::robustness {

// Months that schemes of months have, from the first on; ids have them as they are.
inline constexpr char kFirstMonth[] = "2011-01";
inline constexpr int kMonths = 15 * 12;
inline std::string MonthAt(int number) {
  return absl::StrFormat("%d-%02d", 2011 + number / 12, 1 + number % 12);
}

// Every town of an office has a score by months; hamlets are of another kind.
inline scoring::v1::Scheme MonthlySchemeOfTowns(const std::string& display_name) {
  scoring::v1::Scheme scheme;
  scheme.set_display_name(display_name);
  scheme.mutable_points()->set_value("100");
  scheme.set_periodicity(scoring::v1::PERIODICITY_MONTH);
  scheme.set_first_period(kFirstMonth);
  scheme.mutable_population()->add_levels("levels/township");
  scheme.mutable_population()->add_kinds("kinds/town");
  return scheme;
}

// Writes and publishes it; the name of the version, or "" when it was given up.
inline std::string SetUpScheme(Caller* caller, const std::string& office, const std::string& id,
                               const scoring::v1::Scheme& scheme) {
  scoring::v1::CreateSchemeRequest create;
  create.set_parent(office);
  create.set_scheme_id(id);
  create.set_version(absl::StrCat("v", caller->Next()));
  *create.mutable_scheme() = scheme;
  const std::string name = absl::StrCat(office, "/schemes/", id, "@", create.version());
  scoring::v1::Scheme made;
  if (!caller->Expect(caller->Change(create, &made, {.what = name, .keys = {name}}), name)) {
    return "";
  }
  scoring::v1::PublishSchemeRequest publish;
  publish.set_name(name);
  publish.set_etag(made.etag());
  return caller->Expect(caller->Change(publish, &made, {.what = name, .keys = {name}}), name) ? name
                                                                                              : "";
}

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_SCHEME_SETUP_H_
