// A realm for tests of the command line: services in this process on a store that stays, and
// commands run against them.
#ifndef TERRACE_TESTS_SUITE_REALM_H_
#define TERRACE_TESTS_SUITE_REALM_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/file.h"
#include "services/terrace/run.h"
#include "services/terrace/suite.h"

namespace terrace {

struct CommandResult {
  int code;
  std::string out;
  std::string err;
};

// Runs a command with the token, and against the server, that the directory names.
inline CommandResult RunIn(const std::filesystem::path& dir, std::vector<std::string> line) {
  line.insert(line.end(), {"--data-dir", dir.string(), "--lang", "en"});
  std::ostringstream out, err;
  const int code = cli::RunLine(std::move(line), out, err);
  return {code, out.str(), err.str()};
}

class Realm {
 public:
  // Serves; `store` as in SuiteOptions.
  explicit Realm(std::filesystem::path dir, const std::string& store = "") : dir_(std::move(dir)) {
    SuiteOptions options;
    options.data_dir = dir_.string();
    options.store = store;
    options.listen = {"127.0.0.1:0"};
    Start(std::move(options));
  }
  Realm(std::filesystem::path dir, SuiteOptions options) : dir_(std::move(dir)) {
    Start(std::move(options));
  }

  const std::filesystem::path& dir() const { return dir_; }
  std::string address() const { return absl::StrCat("127.0.0.1:", suite_->port()); }
  Suite& suite() { return *suite_; }

  CommandResult Run(std::vector<std::string> line) const { return RunIn(dir_, std::move(line)); }
  // What a command prints; it must succeed.
  std::string Out(std::vector<std::string> line) const {
    const CommandResult result = Run(std::move(line));
    EXPECT_EQ(result.code, 0) << result.err;
    return result.out;
  }

 private:
  void Start(SuiteOptions options) {
    auto suite = Suite::Start(std::move(options));
    EXPECT_TRUE(suite.ok()) << suite.status();
    if (!suite.ok()) std::abort();
    suite_ = *std::move(suite);
    EXPECT_TRUE(WritePrivateFile((dir_ / "serve.address").string(), address()).ok());
  }

  const std::filesystem::path dir_;
  std::unique_ptr<Suite> suite_;
};

}  // namespace terrace

#endif  // TERRACE_TESTS_SUITE_REALM_H_
