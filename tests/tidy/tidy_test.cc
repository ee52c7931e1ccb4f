// House rules that no compiler checks, as a test: what a file may say, include and be named, and
// that nothing lies about unused. Each failure names the file, the line and what to do.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"
#include "terrace/options/v1/access.pb.h"

namespace terrace {
namespace {

using ::testing::IsEmpty;

constexpr size_t kColumnsMax = 100;

struct File {
  std::string path;  // From the root of the repository.
  std::string text;
  std::vector<std::string> lines;
};

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// Folders that hold what was built, fetched or is data.
bool IsForeign(const std::filesystem::path& folder) {
  static const auto* const kNames =
      new std::set<std::string>{".git", ".cache", "build", "dist", "node_modules", "terrace-data"};
  return kNames->count(folder.filename().string()) > 0 || folder == "./tests/data";
}

// Every file that people wrote. The tests run in the root of the repository.
const std::vector<File>& Files() {
  static const auto* const kFiles = [] {
    auto* files = new std::vector<File>;
    std::filesystem::recursive_directory_iterator it("."), end;
    for (; it != end; ++it) {
      if (it->is_directory() && IsForeign(it->path())) {
        it.disable_recursion_pending();
      } else if (it->is_regular_file()) {
        File file{it->path().lexically_normal().string(), ReadFile(it->path()), {}};
        file.lines = absl::StrSplit(file.text, '\n');
        files->push_back(std::move(file));
      }
    }
    std::sort(files->begin(), files->end(),
              [](const File& a, const File& b) { return a.path < b.path; });
    return files;
  }();
  return *kFiles;
}

bool HasSuffix(const File& file, std::initializer_list<absl::string_view> suffixes) {
  return std::any_of(suffixes.begin(), suffixes.end(),
                     [&](absl::string_view suffix) { return absl::EndsWith(file.path, suffix); });
}

bool IsCode(const File& file) { return HasSuffix(file, {".h", ".cc"}); }

std::string At(const File& file, size_t line) { return absl::StrCat(file.path, ":", line + 1); }

// Characters, not bytes: Chinese text counts as people see it on a screen of half-width columns.
size_t Columns(absl::string_view line) {
  size_t columns = 0;
  for (unsigned char c : line) {
    if ((c & 0xC0) != 0x80) columns += c >= 0xE0 ? 2 : 1;
  }
  return columns;
}

TEST(Tidy, FindsTheFilesOfTheRepository) {
  std::set<std::string> paths;
  for (const File& file : Files()) paths.insert(file.path);
  EXPECT_TRUE(paths.count("CMakeLists.txt"));
  EXPECT_TRUE(paths.count("tests/tidy/tidy_test.cc"));
  EXPECT_TRUE(paths.count("common/store/store.h"));
}

TEST(Tidy, LinesFitAScreen) {
  std::vector<std::string> found;
  for (const File& file : Files()) {
    if (!HasSuffix(file, {".h", ".cc", ".proto", ".cmake", "CMakeLists.txt", ".sh", ".py", ".js",
                          ".mjs", ".md"})) {
      continue;
    }
    for (size_t i = 0; i < file.lines.size(); ++i) {
      // A row of a Markdown table cannot be broken.
      if (absl::EndsWith(file.path, ".md") && absl::StartsWith(file.lines[i], "|")) continue;
      if (Columns(file.lines[i]) > kColumnsMax) found.push_back(At(file, i));
    }
  }
  EXPECT_THAT(found, IsEmpty()) << "lines of more than " << kColumnsMax << " columns";
}

TEST(Tidy, SpeaksOnlyOfTheProject) {
  // Put together here so that this file does not hold what it forbids.
  const std::vector<std::string> forbidden = {
      absl::StrCat("TO", "DO"),        absl::StrCat("FIX", "ME"),  absl::StrCat("XX", "X:"),
      absl::StrCat("/wo", "rk/"),      absl::StrCat("/ro", "ot/"), absl::StrCat("/ho", "me/"),
      absl::StrCat("../sha", "red"),   absl::StrCat("npm", "js."), absl::StrCat("deb.", "debian"),
      absl::StrCat("\"resol", "ved\"")};
  std::vector<std::string> found;
  for (const File& file : Files()) {
    if (file.path == "LICENSE") continue;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      for (const std::string& word : forbidden) {
        if (absl::StrContains(file.lines[i], word)) found.push_back(At(file, i) + " " + word);
      }
    }
  }
  EXPECT_THAT(found, IsEmpty()) << "open ends, paths of a machine, hosts of a package registry";
}

TEST(Tidy, OnlyTheRpcLayerKnowsGrpc) {
  std::vector<std::string> found;
  for (const File& file : Files()) {
    if (!IsCode(file) || absl::StartsWith(file.path, "common/rpc/") ||
        absl::StartsWith(file.path, "tests/")) {
      continue;
    }
    for (size_t i = 0; i < file.lines.size(); ++i) {
      if (absl::StrContains(file.lines[i], "#include") &&
          (absl::StrContains(file.lines[i], "grpcpp/") ||
           absl::StrContains(file.lines[i], "<grpc/"))) {
        found.push_back(At(file, i));
      }
    }
  }
  EXPECT_THAT(found, IsEmpty()) << "gRPC headers belong in common/rpc; use its interfaces";
}

// Which folders of common/ a folder of common/ may include, itself aside. Services stand on all of
// common/, and only services/terrace, which wires them together, knows more than one service.
TEST(Tidy, LayersPointDownwards) {
  const std::map<std::string, std::set<std::string>> below = {
      {"base", {}},
      {"calendar", {"base"}},
      {"ledger", {"base"}},
      {"resource", {"base"}},
      {"store", {"base", "ledger"}},
      {"tree", {"base", "resource"}},
      {"access", {"base", "resource", "tree"}},
      {"mirror", {"base", "resource", "store", "tree"}},
      {"machine", {"access", "base", "store", "tree"}},
      {"rpc", {"access", "base", "machine", "resource", "store", "tree"}}};
  // Scoring judges measures in the terms of the measures service, by its pure functions.
  const std::set<std::string> shared = {"services/measures/facts.h",
                                        "services/measures/schedule.h"};
  std::vector<std::string> found;
  for (const File& file : Files()) {
    const std::vector<std::string> own = absl::StrSplit(file.path, '/');
    if (!IsCode(file) || own.size() < 3 || absl::EndsWith(file.path, "_test.cc")) continue;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      absl::string_view line = file.lines[i];
      if (!absl::ConsumePrefix(&line, "#include \"")) continue;
      const std::vector<std::string> other = absl::StrSplit(line, '/');
      if (other.size() < 3 || (other[0] == own[0] && other[1] == own[1])) continue;
      bool allowed = true;
      if (own[0] == "common" && other[0] == "common") {
        allowed = below.count(own[1]) > 0 && below.at(own[1]).count(other[1]) > 0;
      } else if (other[0] == "services") {
        allowed = own[0] == "tests" || (own[0] == "services" && own[1] == "terrace") ||
                  shared.count(std::string(line.substr(0, line.find('"')))) > 0;
      } else if (other[0] == "tests") {
        allowed = own[0] == "tests";
      }
      if (!allowed) found.push_back(absl::StrCat(At(file, i), " ", file.lines[i]));
    }
  }
  EXPECT_THAT(found, IsEmpty()) << "see Layers in ARCHITECTURE.md";
}

// The clock and the store stay out of Decide and Apply: time comes from the log.
TEST(Tidy, StateIsPure) {
  std::vector<std::string> found;
  for (const File& file : Files()) {
    if (!absl::StartsWith(file.path, "services/") || !HasSuffix(file, {"_state.h", "_state.cc"})) {
      continue;
    }
    for (size_t i = 0; i < file.lines.size(); ++i) {
      if (absl::StrContains(file.lines[i], "absl/time/clock.h") ||
          absl::StrContains(file.lines[i], "common/base/clock.h") ||
          absl::StrContains(file.lines[i], "common/rpc/") ||
          absl::StrContains(file.lines[i], "absl::Now(")) {
        found.push_back(At(file, i));
      }
    }
  }
  EXPECT_THAT(found, IsEmpty()) << "Decide and Apply take their time from the command and the log";
}

TEST(Tidy, HeaderGuardsAreNamedForTheFile) {
  std::vector<std::string> found;
  for (const File& file : Files()) {
    if (!absl::EndsWith(file.path, ".h") || absl::StartsWith(file.path, "cmake/")) continue;
    const std::string guard = absl::StrCat(
        "TERRACE_",
        absl::AsciiStrToUpper(absl::StrReplaceAll(file.path, {{"/", "_"}, {".", "_"}, {"-", "_"}})),
        "_");
    if (!absl::StrContains(file.text, absl::StrCat("\n#ifndef ", guard, "\n#define ", guard))) {
      found.push_back(absl::StrCat(file.path, " should have the guard ", guard));
    }
  }
  EXPECT_THAT(found, IsEmpty());
}

TEST(Tidy, HeadersOpenWithAComment) {
  std::vector<std::string> found;
  for (const File& file : Files()) {
    if (absl::EndsWith(file.path, ".h") && !absl::StartsWith(file.text, "// ")) {
      found.push_back(file.path);
    }
  }
  EXPECT_THAT(found, IsEmpty()) << "say the concept, thread-safety and ownership first";
}

// The descriptor set that the build makes and the packages install.
const google::protobuf::FileDescriptorSet& Protoset() {
  static const auto* const kSet = [] {
    auto* set = new google::protobuf::FileDescriptorSet;
    std::ifstream in(TERRACE_PROTOSET, std::ios::binary);
    EXPECT_TRUE(set->ParseFromIstream(&in)) << TERRACE_PROTOSET;
    return set;
  }();
  return *kSet;
}

TEST(Tidy, EveryMethodSaysWhoMayCallIt) {
  // Not ours: open by name, as ARCHITECTURE.md says, or given a rule by the server (channelz).
  // Everything else is denied without the option.
  const std::set<std::string> exempt = {"grpc.channelz.v1", "grpc.health.v1", "grpc.reflection.v1",
                                        "grpc.reflection.v1alpha"};
  int methods = 0;
  std::vector<std::string> found;
  for (const auto& file : Protoset().file()) {
    if (exempt.count(file.package()) > 0) continue;
    for (const auto& service : file.service()) {
      for (const auto& method : service.method()) {
        ++methods;
        const auto& access = method.options().GetExtension(options::v1::access);
        const int ways = (access.names_size() > 0 ? 1 : 0) +
                         (access.anywhere() != options::v1::ROLE_UNSPECIFIED ? 1 : 0) +
                         (access.realm() != options::v1::ROLE_UNSPECIFIED ? 1 : 0) +
                         (access.authenticated() ? 1 : 0) + (access.internal() ? 1 : 0);
        if (ways != 1) found.push_back(absl::StrCat(service.name(), ".", method.name()));
      }
    }
  }
  EXPECT_GT(methods, 0);
  EXPECT_THAT(found, IsEmpty()) << "terrace.options.v1.access must name exactly one kind of rule: "
                                   "names, anywhere, realm, authenticated or internal";
}

// Everything on disk belongs to the build, to a test or to the front door.
TEST(Tidy, NothingLiesAboutUnused) {
  const std::string compiled = ReadFile(TERRACE_COMPILE_COMMANDS);
  ASSERT_FALSE(compiled.empty());
  std::set<std::string> protos, included;
  std::string drivers;  // Whatever starts scripts: the Makefile, CMake, CI, other scripts, tests.
  for (const auto& file : Protoset().file()) protos.insert(absl::StrCat("proto/", file.name()));
  for (const File& file : Files()) {
    if (IsCode(file)) {
      for (absl::string_view line : file.lines) {
        if (absl::ConsumePrefix(&line, "#include \"")) {
          included.insert(std::string(line.substr(0, line.find('"'))));
        }
      }
    }
    if (HasSuffix(file, {"Makefile", "CMakeLists.txt", ".cmake", ".sh", ".ci/run", "_test.cc"})) {
      absl::StrAppend(&drivers, file.text);
    }
  }
  std::vector<std::string> found;
  for (const File& file : Files()) {
    const std::string name = std::filesystem::path(file.path).filename().string();
    bool used = true;
    if (absl::EndsWith(file.path, ".cc")) {
      used = absl::StrContains(compiled, absl::StrCat("/", file.path, "\""));
    } else if (HasSuffix(file, {".h", ".def"})) {
      used = included.count(file.path) > 0 || absl::StrContains(drivers, file.path);
    } else if (absl::EndsWith(file.path, ".proto")) {
      used = protos.count(file.path) > 0;
    } else if (HasSuffix(file, {".sh", ".py", ".js", ".mjs"})) {
      used = absl::StrContains(drivers, name);
    }
    if (!used) found.push_back(file.path);
  }
  EXPECT_THAT(found, IsEmpty()) << "no target compiles, includes or runs these";
}

}  // namespace
}  // namespace terrace
