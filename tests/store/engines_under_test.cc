#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/random.h"
#include "tests/store/conformance.h"

namespace terrace::store {
namespace {

class MemoryStorage : public Storage {
 public:
  std::string url() const override { return "memory:"; }
};

class SqliteStorage : public Storage {
 public:
  ~SqliteStorage() override { std::filesystem::remove_all(directory_); }
  std::string url() const override { return absl::StrCat("sqlite:", directory_); }

 private:
  const std::string directory_ =
      absl::StrCat(testing::TempDir(), "/terrace-conformance-", RandomHex(8));
};

constexpr char kForgets[] = "keeps nothing beyond the life of the object, by definition";

}  // namespace

const std::vector<EngineUnderTest>& EnginesUnderTest() {
  static const auto* const engines = new std::vector<EngineUnderTest>{
      {"memory",
       [] { return std::make_unique<MemoryStorage>(); },
       {{"ReopeningFindsEverything", kForgets},
        {"ReopeningAfterCompaction", kForgets},
        {"ReopeningAfterCompactingEverything", kForgets},
        {"FormatTooNewIsRefusedAtOpening", kForgets},
        {"ASecondOpeningIsRefused", "every opening is a store of its own"}}},
      {"sqlite", [] { return std::make_unique<SqliteStorage>(); }, {}},
  };
  return *engines;
}

}  // namespace terrace::store
