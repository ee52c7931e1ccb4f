// One run of the program: from the words of a command line to an exit code.
#ifndef TERRACE_SERVICES_TERRACE_RUN_H_
#define TERRACE_SERVICES_TERRACE_RUN_H_

#include <ostream>
#include <string>
#include <vector>

namespace terrace::cli {

// `line` without the program's name. Prints results to `out` and errors to `err`.
int RunLine(std::vector<std::string> line, std::ostream& out, std::ostream& err);

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_RUN_H_
