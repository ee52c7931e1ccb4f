// The public API as its descriptors tell it.
#ifndef TERRACE_TESTS_ROBUSTNESS_API_H_
#define TERRACE_TESTS_ROBUSTNESS_API_H_

#include <string>
#include <vector>

namespace terrace::robustness {

// "/terrace.registry.v1.UnitRegistry/CreateUnit" and so on: every method that clients may call.
// Copies of a realm (terrace.maintenance) and what services say to each other (terrace.internal)
// are left out, and what google.longrunning names and no service offers.
std::vector<std::string> PublicMethods();

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_API_H_
