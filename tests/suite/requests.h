// Requests that tests of the suite make again and again.
#ifndef TERRACE_TESTS_SUITE_REQUESTS_H_
#define TERRACE_TESTS_SUITE_REQUESTS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "common/rpc/channel.h"
#include "terrace/registry/v1/registry.pb.h"

namespace terrace {

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

}  // namespace terrace

#endif  // TERRACE_TESTS_SUITE_REQUESTS_H_
