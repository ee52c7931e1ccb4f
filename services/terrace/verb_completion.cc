// terrace completion: what a shell loads to complete commands and flags. Made from the table of
// commands, so it is never behind.
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "services/terrace/commands.h"
#include "services/terrace/context.h"

namespace terrace::cli {
namespace {

// First words in their order, each with its second words.
std::vector<std::pair<std::string, std::vector<std::string>>> Verbs() {
  std::vector<std::pair<std::string, std::vector<std::string>>> verbs;
  for (const Command& command : AllCommands()) {
    const std::vector<std::string> words = absl::StrSplit(command.name, ' ');
    if (verbs.empty() || verbs.back().first != words[0]) verbs.push_back({words[0], {}});
    if (words.size() > 1) verbs.back().second.push_back(words[1]);
  }
  return verbs;
}

std::string FlagNames(const Command& command) {
  std::vector<std::string> names;
  for (const Flag& flag : FlagsOf(command)) names.push_back(absl::StrCat("--", flag.name));
  return absl::StrJoin(names, " ");
}

std::string Bash() {
  std::string verbs, seconds, flags;
  std::map<std::string, std::string> values;  // Flag -> what completes its value.
  for (const auto& [verb, words] : Verbs()) {
    absl::StrAppend(&verbs, verbs.empty() ? "" : " ", verb);
    if (!words.empty()) {
      absl::StrAppend(&seconds, "    ", verb, ") words=\"", absl::StrJoin(words, " "), "\" ;;\n");
    }
  }
  for (const Command& command : AllCommands()) {
    absl::StrAppend(&flags, "    \"", command.name, "\") words=\"", FlagNames(command), "\" ;;\n");
    for (const Flag& flag : FlagsOf(command)) {
      if (flag.choices == "@file") {
        values[flag.name] = "COMPREPLY=($(compgen -f -- \"$word\")); return";
      } else if (flag.choices == "@dir") {
        values[flag.name] = "COMPREPLY=($(compgen -d -- \"$word\")); return";
      } else if (!flag.choices.empty()) {
        values[flag.name] = absl::StrCat("words=\"", flag.choices, "\"");
      } else if (!flag.value.empty()) {
        values[flag.name] = "return";
      }
    }
  }
  std::string value_cases;
  for (const auto& [flag, action] : values) {
    absl::StrAppend(&value_cases, "    --", flag, ") ", action, " ;;\n");
  }
  return absl::StrReplaceAll(
      R"(# Completion of terrace for bash:
#   source <(terrace completion bash)
_terrace() {
  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" words=""
  local one="${COMP_WORDS[1]}" two="${COMP_WORDS[1]} ${COMP_WORDS[2]}"
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "@VERBS@" -- "$word"))
    return
  fi
  case "$before" in
@VALUES@  esac
  if [ -z "$words" ] && [ "$COMP_CWORD" -eq 2 ]; then
    case "$one" in
@SECONDS@    esac
  fi
  if [ -z "$words" ]; then
    case "$two" in
@FLAGS@    esac
  fi
  if [ -z "$words" ]; then
    case "$one" in
@FLAGS@    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _terrace terrace
)",
      {{"@VERBS@", verbs}, {"@VALUES@", value_cases}, {"@SECONDS@", seconds}, {"@FLAGS@", flags}});
}

// What stands between quotes in an _arguments specification.
std::string ZshText(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"'", "'\\''"}, {"[", "\\["}, {"]", "\\]"}, {":", "\\:"}});
}

std::string ZshFlag(const Flag& flag) {
  std::string out = absl::StrCat("'", flag.repeated ? "*" : "", "--", flag.name,
                                 flag.value.empty() ? "" : "=", "[", ZshText(flag.help), "]");
  if (flag.value.empty()) return absl::StrCat(out, "'");
  absl::StrAppend(&out, ":", ZshText(flag.value), ":");
  if (flag.choices == "@file") {
    out += "_files";
  } else if (flag.choices == "@dir") {
    out += "_files -/";
  } else if (!flag.choices.empty()) {
    absl::StrAppend(&out, "(", flag.choices, ")");
  }
  return absl::StrCat(out, "'");
}

std::string Zsh() {
  std::string verbs, seconds, flags;
  for (const auto& [verb, words] : Verbs()) {
    absl::StrAppend(&verbs, verbs.empty() ? "" : " ", verb);
    if (!words.empty()) {
      absl::StrAppend(&seconds, "    ", verb, ") words=(", absl::StrJoin(words, " "), ") ;;\n");
    }
  }
  for (const Command& command : AllCommands()) {
    std::vector<std::string> specs;
    for (const Flag& flag : FlagsOf(command)) specs.push_back(ZshFlag(flag));
    absl::StrAppend(&flags, "    '", command.name, "') _arguments '*:word:_default' ",
                    absl::StrJoin(specs, " "), "; return ;;\n");
  }
  return absl::StrReplaceAll(R"(#compdef terrace
# Completion of terrace for zsh: put this into a folder of $fpath as _terrace, or
#   source <(terrace completion zsh)
_terrace() {
  local -a words_before=("${words[@]}") verbs=(@VERBS@)
  local one="${words_before[2]}" two="${words_before[2]} ${words_before[3]}"
  if (( CURRENT == 2 )); then
    compadd -a verbs
    return
  fi
  local -a words=()
  case "$one" in
@SECONDS@  esac
  if (( CURRENT == 3 && ${#words} > 0 )); then
    compadd -a words
    return
  fi
  words=("${words_before[@]}")
  case "$two" in
@FLAGS@  esac
  case "$one" in
@FLAGS@  esac
}
compdef _terrace terrace
)",
                             {{"@VERBS@", verbs}, {"@SECONDS@", seconds}, {"@FLAGS@", flags}});
}

absl::Status Completion(Context& context) {
  const std::string shell = context.arguments().word(0);
  if (shell == "bash") {
    context.output().stream() << Bash();
  } else if (shell == "zsh") {
    context.output().stream() << Zsh();
  } else {
    return UsageError(absl::StrCat("there is no completion for \"", shell, "\"; bash or zsh."));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> CompletionCommands() {
  return {{.name = "completion",
           .words = "bash|zsh",
           .words_min = 1,
           .words_max = 1,
           .summary = "Prints what a shell loads to complete commands and flags",
           .details = "  source <(terrace completion bash)",
           .calls_server = false,
           .run = Completion}};
}

}  // namespace terrace::cli
