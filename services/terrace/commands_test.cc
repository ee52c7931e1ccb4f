#include "services/terrace/commands.h"

#include <cstdio>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/terrace/run.h"

namespace terrace::cli {
namespace {

using ::testing::HasSubstr;

struct Result {
  int code;
  std::string out;
  std::string err;
};

Result RunTerrace(const std::vector<std::string>& line) {
  std::ostringstream out, err;
  const int code = RunLine(line, out, err);
  return {code, out.str(), err.str()};
}

TEST(Commands, EveryOneCanBeCalledAndUnderstood) {
  std::set<std::string> names;
  for (const Command& command : AllCommands()) {
    SCOPED_TRACE(command.name);
    EXPECT_TRUE(names.insert(command.name).second);
    EXPECT_NE(command.run, nullptr);
    EXPECT_FALSE(command.summary.empty());
    EXPECT_FALSE(absl::EndsWith(command.summary, "."));
    EXPECT_LE(command.words_min, command.words_max);
    EXPECT_EQ(command.words.empty(), command.words_max == 0);
    std::set<std::string> flags;
    for (const Flag& flag : FlagsOf(command)) {
      EXPECT_TRUE(flags.insert(flag.name).second) << flag.name;
      EXPECT_FALSE(flag.help.empty()) << flag.name;
    }
  }
}

TEST(Commands, WordsOfOneVerbStandTogether) {
  std::set<std::string> left;
  std::string verb;
  for (const Command& command : AllCommands()) {
    const std::string first = command.name.substr(0, command.name.find(' '));
    if (first == verb) continue;
    EXPECT_TRUE(left.insert(first).second) << first;
    verb = first;
  }
}

TEST(Commands, AFlagMeansTheSameEverywhere) {
  // Completion offers the values of a flag by its name alone.
  std::map<std::string, std::string> choices;
  for (const Command& command : AllCommands()) {
    for (const Flag& flag : FlagsOf(command)) {
      if (flag.choices.empty()) continue;
      EXPECT_EQ(choices.emplace(flag.name, flag.choices).first->second, flag.choices) << flag.name;
    }
  }
}

TEST(Help, IsThereForAllAndForEach) {
  EXPECT_THAT(RunTerrace({}).out, HasSubstr("Usage: terrace COMMAND"));
  for (const Command& command : AllCommands()) {
    std::vector<std::string> line = absl::StrSplit(command.name, ' ');
    line.insert(line.begin(), "help");
    const Result help = RunTerrace(line);
    EXPECT_EQ(help.code, 0) << help.err;
    EXPECT_THAT(help.out, HasSubstr(absl::StrCat("terrace ", command.name)));
    line.erase(line.begin());
    line.push_back("--help");
    EXPECT_EQ(RunTerrace(line).out, help.out);
  }
}

TEST(Version, IsPrinted) {
  EXPECT_THAT(RunTerrace({"version"}).out,
              testing::MatchesRegex("terrace [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  EXPECT_EQ(RunTerrace({"--version"}).out, RunTerrace({"version"}).out);
}

TEST(Errors, AreOneSentenceInTheCallersLanguage) {
  const Result english = RunTerrace({"no-such-thing", "--lang", "en"});
  EXPECT_EQ(english.code, 2);
  EXPECT_EQ(english.out, "");
  EXPECT_THAT(english.err, HasSubstr("This cannot be understood"));
  EXPECT_THAT(RunTerrace({"--lang=zh", "x"}).err, HasSubstr("无法理解"));
}

// The shells themselves read what is made for them.
int Check(const std::string& shell, const std::string& script) {
  FILE* pipe = popen(absl::StrCat(shell, " 2>&1").c_str(), "w");
  if (pipe == nullptr) return -1;
  fwrite(script.data(), 1, script.size(), pipe);
  return pclose(pipe);
}

TEST(Completion, BashReadsIt) {
  const Result script = RunTerrace({"completion", "bash"});
  ASSERT_EQ(script.code, 0);
  EXPECT_EQ(Check("bash -n", script.out), 0);
  // Completes a verb, a second word, a flag, and the value of a flag.
  const std::string probe = script.out + R"sh(
ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _terrace; echo "${COMPREPLY[*]}"; }
[ "$(ask terrace ver)" = version ] &&
[ "$(ask terrace unit se)" = search ] &&
[ "$(ask terrace unit list --dep)" = --depth ] &&
[ "$(ask terrace unit list --line s)" = sector ] &&
[ "$(ask terrace serve --st)" = --store ]
)sh";
  EXPECT_EQ(Check("bash", probe), 0);
}

TEST(Completion, ZshGetsEveryCommand) {
  const Result script = RunTerrace({"completion", "zsh"});
  ASSERT_EQ(script.code, 0);
  for (const Command& command : AllCommands()) {
    EXPECT_THAT(script.out, HasSubstr(absl::StrCat("'", command.name, "') _arguments")));
  }
  EXPECT_EQ(RunTerrace({"completion", "fish"}).code, 2);
}

}  // namespace
}  // namespace terrace::cli
