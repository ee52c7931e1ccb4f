// Requests that tests of the suite make again and again.
#ifndef TERRACE_TESTS_SUITE_REQUESTS_H_
#define TERRACE_TESTS_SUITE_REQUESTS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/rpc/channel.h"
#include "google/protobuf/text_format.h"
#include "terrace/registry/v1/registry.pb.h"
#include "terrace/scoring/v1/scoreboard.pb.h"

namespace terrace {

// A scheme of counties that needs nothing but the unit itself.
inline constexpr char kOrderScheme[] = R"pb(
  display_name: "Order"
  points { value: "100" }
  periodicity: PERIODICITY_YEAR
  first_period: "2016"
  population { levels: "levels/county" }
  counts_from: COUNTS_FROM_SUBMITTED
  nodes {
    id: "findings"
    points { value: "100" }
    leaf {
      rectification {}
      ratio {}
      empty: EMPTY_POLICY_FULL
    }
  }
)pb";

// Creates a unit of a kind that needs no code; `parent` is an id, empty for the top.
inline absl::Status CreateUnit(rpc::Channel& channel, const std::string& id,
                               const std::string& parent) {
  registry::v1::CreateUnitRequest request;
  if (!parent.empty()) request.set_parent("units/" + parent);
  request.set_unit_id(id);
  request.mutable_unit()->set_display_name("Unit " + id);
  request.mutable_unit()->set_kind("kinds/county");
  request.mutable_unit()->set_level("levels/county");
  registry::v1::Unit reply;
  return channel.Call("/terrace.registry.v1.UnitRegistry/CreateUnit", request, &reply,
                      absl::Now() + absl::Seconds(20));
}

// Publishes kOrderScheme as version 1 of "units/{office}/schemes/order".
inline absl::Status PublishOrderScheme(rpc::Channel& channel, const std::string& office) {
  scoring::v1::CreateSchemeRequest create;
  create.set_parent("units/" + office);
  create.set_scheme_id("order");
  create.set_version("1");
  TERRACE_CHECK(
      google::protobuf::TextFormat::ParseFromString(kOrderScheme, create.mutable_scheme()));
  scoring::v1::Scheme scheme;
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  const absl::Status created =
      channel.Call("/terrace.scoring.v1.Scoreboard/CreateScheme", create, &scheme, deadline);
  if (!created.ok()) return created;
  scoring::v1::PublishSchemeRequest publish;
  publish.set_name(scheme.name());
  return channel.Call("/terrace.scoring.v1.Scoreboard/PublishScheme", publish, &scheme, deadline);
}

}  // namespace terrace

#endif  // TERRACE_TESTS_SUITE_REQUESTS_H_
