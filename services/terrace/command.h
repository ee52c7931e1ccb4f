// The table behind the command line: commands, their flags, and what a caller wrote.
//
// Concept. Every command is one row of a table (commands.h): its name of one or two words, the
// words and flags that it takes, and the function that runs it. Parsing, `terrace help` and the
// shell completion all read this one table, so none of them can know a flag that the others do not.
//
// Thread-safety. Plain values; built once before threads exist.
#ifndef TERRACE_SERVICES_TERRACE_COMMAND_H_
#define TERRACE_SERVICES_TERRACE_COMMAND_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace terrace::cli {

class Context;

// One flag. It is written "--name value" or "--name=value"; a switch has no value.
struct Flag {
  std::string name;          // Without the dashes.
  std::string value;         // What stands for the value in help, "DIR"; empty for a switch.
  std::string help;          // One line.
  std::string fallback;      // The value when the flag is not given.
  bool repeated = false;     // May be given several times.
  std::string choices = "";  // The values that completion offers, separated by spaces; "@file" and
                             // "@dir" for paths.
};

// One command.
struct Command {
  std::string name;   // "version", "unit list".
  std::string words;  // What follows it, for help: "UNIT [NAME]".
  size_t words_min = 0;
  size_t words_max = 0;
  std::string summary;  // One line.
  std::string details;  // More lines for its help, or nothing.
  std::vector<Flag> flags;
  // Whether it talks to a server; adds the flags that say which.
  bool calls_server = true;
  absl::Status (*run)(Context& context) = nullptr;
};

// What the caller wrote after the name of a command.
class Arguments {
 public:
  // USAGE for an unknown flag, a missing value, too few or too many words.
  static absl::StatusOr<Arguments> Parse(const Command& command,
                                         absl::Span<const std::string> rest);

  const std::vector<std::string>& words() const { return words_; }
  // The word at `index`; empty when fewer were given.
  std::string word(size_t index) const;

  // The value or its fallback. The flag must be declared.
  std::string Text(absl::string_view flag) const;
  std::vector<std::string> All(absl::string_view flag) const;
  bool Given(absl::string_view flag) const;
  // Whether the command has such a flag.
  bool Declares(absl::string_view flag) const;
  // Whether a switch was given.
  bool On(absl::string_view flag) const { return Given(flag); }
  // USAGE unless it is a whole number in [least, most].
  absl::StatusOr<int64_t> Number(absl::string_view flag, int64_t least, int64_t most) const;
  // USAGE unless it is one of the flag's choices; gives its position among them.
  absl::StatusOr<size_t> Choice(absl::string_view flag) const;

  bool wants_help() const { return wants_help_; }

 private:
  const Flag& Declared(absl::string_view flag) const;

  std::vector<Flag> flags_;
  std::vector<std::string> words_;
  std::map<std::string, std::vector<std::string>> values_;
  bool wants_help_ = false;
};

// Flags of every command, and of every command that calls a server.
const std::vector<Flag>& CommonFlags();
const std::vector<Flag>& ServerFlags();
// The command's own flags and those that it shares with others.
std::vector<Flag> FlagsOf(const Command& command);

// The error of a call that cannot be understood; `detail` is a whole sentence.
absl::Status UsageError(absl::string_view detail);

// The command that the first words of `line` name, and how many they are; USAGE with the names that
// come near when there is none.
struct Found {
  const Command* command = nullptr;
  size_t words = 0;
};
absl::StatusOr<Found> FindCommand(absl::Span<const Command> commands,
                                  absl::Span<const std::string> line);

// `terrace help` and `terrace help COMMAND`.
std::string OverviewOf(absl::Span<const Command> commands);
std::string HelpOf(const Command& command);

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_COMMAND_H_
