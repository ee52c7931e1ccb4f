// terrace_robustness [--minutes=N] [--seconds=N] [--seed=N] [--form=embedded|distributed|both]
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <random>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/random.h"
#include "tests/robustness/run.h"

namespace terrace::robustness {
namespace {

struct Arguments {
  absl::Duration length = absl::Minutes(2);
  uint64_t seed = std::random_device()();
  std::string form = "both";
};

bool Parse(int argc, char** argv, Arguments* arguments) {
  for (int i = 1; i < argc; ++i) {
    absl::string_view word = argv[i];
    int64_t number = 0;
    if (absl::ConsumePrefix(&word, "--minutes=")) {
      if (!absl::SimpleAtoi(word, &number) || number < 1) return false;
      arguments->length = absl::Minutes(number);
    } else if (absl::ConsumePrefix(&word, "--seconds=")) {
      if (!absl::SimpleAtoi(word, &number) || number < 1) return false;
      arguments->length = absl::Seconds(number);
    } else if (absl::ConsumePrefix(&word, "--seed=")) {
      if (!absl::SimpleAtoi(word, &arguments->seed)) return false;
    } else if (absl::ConsumePrefix(&word, "--form=")) {
      arguments->form = std::string(word);
    } else {
      return false;
    }
  }
  return arguments->form == "both" || arguments->form == "embedded" ||
         arguments->form == "distributed";
}

int Main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  Arguments arguments;
  if (!Parse(argc, argv, &arguments)) {
    std::fputs(
        "usage: terrace_robustness [--minutes=N] [--seconds=N] [--seed=N]\n"
        "       [--form=embedded|distributed|both]\n",
        stderr);
    return 2;
  }
  std::printf("seed %llu\n", static_cast<unsigned long long>(arguments.seed));
  bool failed = false;
  for (const bool distributed : {false, true}) {
    if (arguments.form != "both" && (arguments.form == "distributed") != distributed) continue;
    RunOptions options;
    options.distributed = distributed;
    options.seed = arguments.seed;
    options.length = arguments.length;
    options.quiet_each = std::min(arguments.length, absl::Seconds(60));
    // A short run has some faults of every kind too.
    options.pace = std::min(distributed ? absl::Milliseconds(1700) : absl::Milliseconds(2500),
                            arguments.length / (distributed ? 14 : 8));
    options.dir =
        (std::filesystem::temp_directory_path() / absl::StrCat("terrace-robustness-", RandomHex(6)))
            .string();
    std::filesystem::create_directories(options.dir);
    const Summary summary = Run(options);
    std::printf("\n%s\n", ToText(summary).c_str());
    std::fflush(stdout);
    failed = failed || summary.failed();
    if (!summary.failed()) std::filesystem::remove_all(options.dir);
  }
  return failed ? 1 : 0;
}

}  // namespace
}  // namespace terrace::robustness

int main(int argc, char** argv) { return terrace::robustness::Main(argc, argv); }
