#include "services/terrace/command.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/check.h"
#include "common/base/error.h"

namespace terrace::cli {
namespace {

const Flag* Find(absl::Span<const Flag> flags, absl::string_view name) {
  for (const Flag& flag : flags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

std::string FlagLine(const Flag& flag) {
  std::string left = absl::StrCat("  --", flag.name);
  if (!flag.value.empty()) absl::StrAppend(&left, " ", flag.value);
  std::string line = absl::StrFormat("%-28s %s", left, flag.help);
  if (!flag.fallback.empty()) absl::StrAppend(&line, " [", flag.fallback, "]");
  if (flag.repeated) absl::StrAppend(&line, " (may be repeated)");
  return line;
}

// How many letters must be changed, added or dropped to turn one word into the other.
size_t Distance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

absl::Status UsageError(absl::string_view detail) {
  return Error(Reason::USAGE, {{"detail", std::string(detail)}});
}

const std::vector<Flag>& CommonFlags() {
  static const auto* const kFlags = new std::vector<Flag>{
      {"json", "", "prints protobuf JSON, one line per resource, instead of tables"},
      {"lang", "zh|en", "language of errors; follows LANG when left out", "", false, "zh en"},
      {"help", "", "shows the help of this command"}};
  return *kFlags;
}

const std::vector<Flag>& ServerFlags() {
  static const auto* const kFlags = new std::vector<Flag>{
      {"server", "ADDRESS",
       "the server to call, HOST:PORT or https://HOST:PORT; found by --data-dir when left out"},
      {"token-file", "FILE", "file with the token to call with; found by --data-dir when left out",
       "", false, "@file"},
      {"ca-file", "FILE", "PEM file of the authorities to trust for https; left out, the system's",
       "", false, "@file"},
      {"data-dir", "DIR", "data directory of a server on this machine", "terrace-data", false,
       "@dir"},
      {"timeout", "SECONDS", "how long to wait for an answer", "60"}};
  return *kFlags;
}

std::vector<Flag> FlagsOf(const Command& command) {
  std::vector<Flag> flags = command.flags;
  if (command.calls_server) {
    for (const Flag& flag : ServerFlags()) flags.push_back(flag);
  }
  for (const Flag& flag : CommonFlags()) flags.push_back(flag);
  return flags;
}

absl::StatusOr<Arguments> Arguments::Parse(const Command& command,
                                           absl::Span<const std::string> rest) {
  Arguments out;
  out.flags_ = FlagsOf(command);
  bool flags_end = false;
  for (size_t i = 0; i < rest.size(); ++i) {
    absl::string_view text = rest[i];
    if (flags_end || !absl::StartsWith(text, "--")) {
      out.words_.emplace_back(text);
      continue;
    }
    if (text == "--") {
      flags_end = true;
      continue;
    }
    text.remove_prefix(2);
    const size_t equals = text.find('=');
    const absl::string_view name = text.substr(0, equals);
    const Flag* flag = Find(out.flags_, name);
    if (flag == nullptr) {
      return UsageError(absl::StrCat("\"terrace ", command.name, "\" has no flag --", name, "."));
    }
    std::vector<std::string>& values = out.values_[flag->name];
    if (!values.empty() && !flag->repeated) {
      return UsageError(absl::StrCat("--", name, " is given twice."));
    }
    if (flag->value.empty()) {
      if (equals != absl::string_view::npos) {
        return UsageError(absl::StrCat("--", name, " takes no value."));
      }
      values.emplace_back();
    } else if (equals != absl::string_view::npos) {
      values.emplace_back(text.substr(equals + 1));
    } else if (i + 1 < rest.size()) {
      values.push_back(rest[++i]);
    } else {
      return UsageError(absl::StrCat("--", name, " needs a value: ", flag->value, "."));
    }
  }
  out.wants_help_ = out.On("help");
  if (out.wants_help_) return out;
  if (out.words_.size() < command.words_min || out.words_.size() > command.words_max) {
    return UsageError(absl::StrCat("write: terrace ", command.name, " ", command.words, "."));
  }
  return out;
}

const Flag& Arguments::Declared(absl::string_view flag) const {
  const Flag* declared = Find(flags_, flag);
  TERRACE_CHECK(declared != nullptr);
  return *declared;
}

bool Arguments::Declares(absl::string_view flag) const { return Find(flags_, flag) != nullptr; }

std::string Arguments::word(size_t index) const {
  return index < words_.size() ? words_[index] : "";
}

bool Arguments::Given(absl::string_view flag) const {
  Declared(flag);
  return values_.count(std::string(flag)) > 0;
}

std::string Arguments::Text(absl::string_view flag) const {
  auto it = values_.find(std::string(flag));
  return it == values_.end() ? Declared(flag).fallback : it->second.front();
}

std::vector<std::string> Arguments::All(absl::string_view flag) const {
  Declared(flag);
  auto it = values_.find(std::string(flag));
  return it == values_.end() ? std::vector<std::string>() : it->second;
}

absl::StatusOr<int64_t> Arguments::Number(absl::string_view flag, int64_t least,
                                          int64_t most) const {
  int64_t number = 0;
  if (!absl::SimpleAtoi(Text(flag), &number) || number < least || number > most) {
    return UsageError(
        absl::StrCat("--", flag, " must be a whole number from ", least, " to ", most, "."));
  }
  return number;
}

absl::StatusOr<size_t> Arguments::Choice(absl::string_view flag) const {
  const std::vector<std::string> choices = absl::StrSplit(Declared(flag).choices, ' ');
  const auto it = std::find(choices.begin(), choices.end(), Text(flag));
  if (it == choices.end()) {
    return UsageError(
        absl::StrCat("--", flag, " must be one of: ", absl::StrJoin(choices, ", "), "."));
  }
  return static_cast<size_t>(it - choices.begin());
}

absl::StatusOr<Found> FindCommand(absl::Span<const Command> commands,
                                  absl::Span<const std::string> line) {
  const std::string one = line.empty() ? "" : line[0];
  const std::string two = line.size() > 1 ? absl::StrCat(one, " ", line[1]) : one;
  for (const Command& command : commands) {
    if (command.name == two && line.size() > 1) return Found{&command, 2};
  }
  std::vector<std::string> near;
  for (const Command& command : commands) {
    if (command.name == one) return Found{&command, 1};
    const std::vector<std::string> words = absl::StrSplit(command.name, ' ');
    const bool same_verb = words[0] == one;
    if (same_verb || Distance(command.name, words.size() > 1 ? two : one) <= 2) {
      near.push_back(command.name);
    }
  }
  return UsageError(near.empty()
                        ? absl::StrCat("there is no command \"", one, "\"; see: terrace help.")
                        : absl::StrCat("there is no command \"", two,
                                       "\"; near it: ", absl::StrJoin(near, ", "), "."));
}

std::string OverviewOf(absl::Span<const Command> commands) {
  std::string out =
      "Terrace runs multi-level assessment programmes.\n\nUsage: terrace COMMAND [WORDS] "
      "[FLAGS]\n\n";
  std::string verb;
  for (const Command& command : commands) {
    const std::string first(absl::string_view(command.name).substr(0, command.name.find(' ')));
    if (first != verb && !verb.empty() && absl::StrContains(command.name, " ")) out += "\n";
    verb = first;
    absl::StrAppendFormat(&out, "  %-22s %s\n", command.name, command.summary);
  }
  out +=
      "\n`terrace help COMMAND` tells the words and flags of one. A unit is written \"county-a\" "
      "or\n"
      "\"units/county-a\", an instant \"2016-12-31\" (the end of that day in Asia/Shanghai) or\n"
      "\"2016-12-31T12:00:00+08:00\".\n";
  return out;
}

std::string HelpOf(const Command& command) {
  std::string out = absl::StrCat("terrace ", command.name, command.words.empty() ? "" : " ",
                                 command.words, "\n\n", command.summary, "\n");
  if (!command.details.empty()) absl::StrAppend(&out, "\n", command.details, "\n");
  const auto section = [&](absl::string_view title, absl::Span<const Flag> flags) {
    if (flags.empty()) return;
    absl::StrAppend(&out, "\n", title, "\n");
    for (const Flag& flag : flags) absl::StrAppend(&out, FlagLine(flag), "\n");
  };
  section("Flags", command.flags);
  if (command.calls_server) section("Which server", ServerFlags());
  section("Everywhere", CommonFlags());
  return out;
}

}  // namespace terrace::cli
