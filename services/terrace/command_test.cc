#include "services/terrace/command.h"

#include <string>
#include <vector>

#include "common/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace terrace::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Command MakeCommand() {
  return {.name = "unit move",
          .words = "UNIT PARENT",
          .words_min = 1,
          .words_max = 2,
          .summary = "Moves a unit",
          .flags = {{"from", "DATE", "first day", "2016-01-01"},
                    {"peer", "ADDRESS", "another", "", true},
                    {"line", "LINE", "which", "territory", false, "territory sector"},
                    {"dry-run", "", "only says what would happen"}}};
}

absl::StatusOr<Arguments> Parse(const std::vector<std::string>& line) {
  return Arguments::Parse(MakeCommand(), line);
}

// The English sentence of a usage error; empty for anything else.
std::string Complaint(const absl::Status& status) {
  const absl::optional<ErrorDetails> details = DetailsOf(status);
  return details && details->reason == Reason::USAGE ? details->en : "";
}

TEST(Arguments, TakesFlagsInBothForms) {
  const auto arguments = Parse({"a", "--from", "2016-05-01", "--line=sector", "--dry-run", "b"});
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  EXPECT_THAT(arguments->words(), ElementsAre("a", "b"));
  EXPECT_EQ(arguments->Text("from"), "2016-05-01");
  EXPECT_EQ(arguments->Text("line"), "sector");
  EXPECT_EQ(*arguments->Choice("line"), 1u);
  EXPECT_TRUE(arguments->On("dry-run"));
}

TEST(Arguments, FallsBackWhereNothingIsGiven) {
  const auto arguments = Parse({"a"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(arguments->Text("from"), "2016-01-01");
  EXPECT_FALSE(arguments->Given("from"));
  EXPECT_FALSE(arguments->On("dry-run"));
  EXPECT_TRUE(arguments->All("peer").empty());
  EXPECT_EQ(arguments->word(5), "");
  EXPECT_TRUE(arguments->Declares("data-dir"));
  EXPECT_FALSE(arguments->Declares("nonsense"));
}

TEST(Arguments, RepeatsOnlyWhatMayBeRepeated) {
  const auto arguments = Parse({"a", "--peer", "x", "--peer=y"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_THAT(arguments->All("peer"), ElementsAre("x", "y"));
  EXPECT_THAT(Complaint(Parse({"a", "--from", "1", "--from", "2"}).status()),
              HasSubstr("--from is given twice"));
}

TEST(Arguments, WordsAfterTwoDashesAreNoFlags) {
  const auto arguments = Parse({"--", "--from", "x"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_THAT(arguments->words(), ElementsAre("--from", "x"));
}

TEST(Arguments, AnEmptyValueIsAValue) {
  const auto arguments = Parse({"a", "--from="});
  ASSERT_TRUE(arguments.ok());
  EXPECT_TRUE(arguments->Given("from"));
  EXPECT_EQ(arguments->Text("from"), "");
}

TEST(Arguments, RefusesWhatItCannotUnderstand) {
  EXPECT_THAT(Complaint(Parse({"a", "--nonsense"}).status()), HasSubstr("has no flag --nonsense"));
  EXPECT_THAT(Complaint(Parse({"a", "--from"}).status()), HasSubstr("--from needs a value: DATE"));
  EXPECT_THAT(Complaint(Parse({"a", "--dry-run=yes"}).status()), HasSubstr("takes no value"));
  EXPECT_THAT(Complaint(Parse({}).status()), HasSubstr("terrace unit move UNIT PARENT"));
  EXPECT_THAT(Complaint(Parse({"a", "b", "c"}).status()), HasSubstr("terrace unit move"));
  EXPECT_THAT(Complaint(Parse({"a", "--line", "up"})->Choice("line").status()),
              HasSubstr("territory, sector"));
}

TEST(Arguments, NumbersHaveALeastAndAMost) {
  const auto arguments = Parse({"a", "--from", "7"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(*arguments->Number("from", 0, 7), 7);
  EXPECT_THAT(Complaint(arguments->Number("from", 8, 9).status()), HasSubstr("from 8 to 9"));
  EXPECT_FALSE(Parse({"a", "--from", "7x"})->Number("from", 0, 9).ok());
  EXPECT_FALSE(Parse({"a", "--from", "99999999999999999999"})->Number("from", 0, 9).ok());
}

TEST(Arguments, HelpIsNeverAnError) {
  const auto arguments = Parse({"--help"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_TRUE(arguments->wants_help());
}

TEST(FindCommand, TheLongerNameWins) {
  const std::vector<Command> commands = {{.name = "unit"}, {.name = "unit get"}, {.name = "serve"}};
  const auto longer = FindCommand(commands, std::vector<std::string>{"unit", "get", "x"});
  ASSERT_TRUE(longer.ok());
  EXPECT_EQ(longer->command->name, "unit get");
  EXPECT_EQ(longer->words, 2u);
  const auto shorter = FindCommand(commands, std::vector<std::string>{"unit", "x"});
  ASSERT_TRUE(shorter.ok());
  EXPECT_EQ(shorter->command->name, "unit");
  EXPECT_EQ(shorter->words, 1u);
}

TEST(FindCommand, SaysWhatComesNear) {
  const std::vector<Command> commands = {
      {.name = "unit get"}, {.name = "unit list"}, {.name = "serve"}};
  const auto find = [&](const std::vector<std::string>& line) {
    return Complaint(FindCommand(commands, line).status());
  };
  EXPECT_THAT(find({"unit", "lst"}), HasSubstr("near it: unit get, unit list"));
  EXPECT_THAT(find({"srve"}), HasSubstr("near it: serve"));
  EXPECT_THAT(find({"entirely", "else"}), HasSubstr("see: terrace help"));
  EXPECT_THAT(find({}), HasSubstr("there is no command"));
}

TEST(Help, TellsEveryFlag) {
  const Command command = MakeCommand();
  const std::string help = HelpOf(command);
  EXPECT_THAT(help, HasSubstr("terrace unit move UNIT PARENT"));
  for (const Flag& flag : FlagsOf(command)) EXPECT_THAT(help, HasSubstr("--" + flag.name));
  EXPECT_THAT(help, HasSubstr("[2016-01-01]"));
  EXPECT_THAT(help, HasSubstr("may be repeated"));
}

}  // namespace
}  // namespace terrace::cli
