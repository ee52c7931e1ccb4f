// The population of a plan: which units may be drawn, read off one version of the unit tree.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_INSPECTIONS_POPULATION_H_
#define TERRACE_SERVICES_INSPECTIONS_POPULATION_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/tree/tree.h"
#include "terrace/inspections/v1/common.pb.h"

namespace terrace::inspections {

// Whether the fields of a population make sense together.
absl::Status CheckPopulation(const v1::Population& population);

// Whether the unit (id) takes part in the population's programme in the role that it asks for.
using IsEnrolled = std::function<bool(absl::string_view unit)>;

// Full names, sorted by bytes: open units of the population strictly below `office` (id) on either
// line. `enrolled` is asked only when the population names a programme.
std::vector<std::string> CollectPool(const tree::Tree& tree, absl::string_view office,
                                     const v1::Population& population, const IsEnrolled& enrolled);

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_POPULATION_H_
