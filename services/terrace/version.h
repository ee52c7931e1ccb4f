// The version of this binary, as CMakeLists.txt names it.
#ifndef TERRACE_SERVICES_TERRACE_VERSION_H_
#define TERRACE_SERVICES_TERRACE_VERSION_H_

namespace terrace {

inline constexpr char kVersion[] = TERRACE_VERSION;

}  // namespace terrace

#endif  // TERRACE_SERVICES_TERRACE_VERSION_H_
