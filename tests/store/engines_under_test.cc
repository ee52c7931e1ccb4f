#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/random.h"
#include "tests/store/conformance.h"
#include "tests/store/redis_server.h"

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

// However busy the disk is, no answer of a server comes too late.
constexpr char kPatient[] = "?timeout_ms=30000&wait_ms=30000";

class RedisStorage : public Storage {
 public:
  std::string url() const override {
    return absl::StrCat("redis://", SharedRedisServer().address(), "/", realm_, kPatient);
  }

 private:
  const std::string realm_ = RandomHex(8);
};

class RedisClusterStorage : public Storage {
 public:
  std::string url() const override {
    return absl::StrCat("redis+cluster://", SharedRedisCluster().addresses(), "/", realm_,
                        kPatient);
  }

 private:
  const std::string realm_ = RandomHex(8);
};

constexpr char kForgets[] = "keeps nothing beyond the life of the object, by definition";
constexpr char kShared[] = "processes share it";

// The tests of conformance_shared.cc.
std::vector<Exclusion> NotShared(const std::string& reason, std::vector<Exclusion> more = {}) {
  for (const char* test :
       {"ASecondStoreSeesTheFirstOnesCommits", "AReadSeesWhatAnotherStoreCommitted",
        "GuardsAndIdsHoldBetweenStores", "StoresTogetherWriteOneLog",
        "CompactionByAnotherStoreIsNoticed", "AFormatRaisedByAnotherStoreStopsCommits"}) {
    more.push_back({test, reason});
  }
  return more;
}

}  // namespace

const std::vector<EngineUnderTest>& EnginesUnderTest() {
  static const auto* const engines = new std::vector<EngineUnderTest>{
      {"memory", "memory", [] { return std::make_unique<MemoryStorage>(); },
       NotShared("every opening is a store of its own",
                 {{"ReopeningFindsEverything", kForgets},
                  {"ReopeningAfterCompaction", kForgets},
                  {"ReopeningAfterCompactingEverything", kForgets},
                  {"FormatTooNewIsRefusedAtOpening", kForgets},
                  {"ASecondOpeningIsRefused", "every opening is a store of its own"}})},
      {"sqlite", "sqlite", [] { return std::make_unique<SqliteStorage>(); },
       NotShared("one process has it to itself, see ASecondOpeningIsRefused")},
      {"redis",
       "redis",
       [] { return std::make_unique<RedisStorage>(); },
       {{"ASecondOpeningIsRefused", kShared}}},
      {"redis+cluster",
       "redis_cluster",
       [] { return std::make_unique<RedisClusterStorage>(); },
       {{"ASecondOpeningIsRefused", kShared}}},
  };
  return *engines;
}

}  // namespace terrace::store
