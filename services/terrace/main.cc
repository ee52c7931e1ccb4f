// The only executable.
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "services/terrace/run.h"

int main(int argc, char** argv) {
  // A reader that closes the pipe early ends a listing with a short write, not with a signal.
  std::signal(SIGPIPE, SIG_IGN);
  return terrace::cli::RunLine(std::vector<std::string>(argv + 1, argv + argc), std::cout,
                               std::cerr);
}
