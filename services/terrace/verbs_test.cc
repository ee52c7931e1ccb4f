// The verbs against a suite in this process.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/file.h"
#include "common/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/terrace/run.h"
#include "services/terrace/suite.h"

namespace terrace::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class VerbsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = (std::filesystem::temp_directory_path() / absl::StrCat("verbs-", RandomHex(6))).string();
    SuiteOptions options;
    options.data_dir = dir_;
    options.store = "memory:";
    options.listen = {"127.0.0.1:0"};
    auto suite = Suite::Start(options);
    ASSERT_TRUE(suite.ok()) << suite.status();
    suite_ = suite->release();
    ASSERT_TRUE(
        WritePrivateFile(dir_ + "/serve.address", absl::StrCat("127.0.0.1:", suite_->port())).ok());
    Import(
        "id,parent,name,name:zh,kind,level,from,uscc,no_code_reason\n"
        "east,,East,东,county,county,2010-01-01,,\n"
        // A child may come before its parent.
        "east-1-a,east-1,Village A,甲村,village,village,2010-01-01,,\n"
        "east-1,east,Town 1,一镇,town,township,2010-01-01,,\n"
        "east-s,east,School,学校,school,site,2010-01-01,,being registered\n");
  }
  static void TearDownTestSuite() {
    delete suite_;
    std::filesystem::remove_all(dir_);
  }

  struct Result {
    int code;
    std::string out;
    std::string err;
  };
  static Result Run(std::vector<std::string> line) {
    line.insert(line.end(), {"--data-dir", dir_, "--lang", "en"});
    std::ostringstream out, err;
    const int code = RunLine(std::move(line), out, err);
    return {code, out.str(), err.str()};
  }
  // What a command prints; it must succeed.
  static std::string Out(std::vector<std::string> line) {
    const Result result = Run(std::move(line));
    EXPECT_EQ(result.code, 0) << result.err;
    return result.out;
  }
  static Result Import(const std::string& csv) {
    std::ofstream(dir_ + "/units.csv") << csv;
    return Run({"import", "--units", dir_ + "/units.csv"});
  }

  static Suite* suite_;
  static std::string dir_;
};
Suite* VerbsTest::suite_ = nullptr;
std::string VerbsTest::dir_;

TEST_F(VerbsTest, AnImportTellsWhatBecameOfEveryRow) {
  EXPECT_THAT(Import("id,parent,name,kind,level,from\n"
                     "east,,East,county,county,2010-01-01\n"
                     "east-1-b,east-1,Village B,village,village,2010-01-01\n")
                  .out,
              HasSubstr("2 rows: 1 created, 0 updated, 1 unchanged, 0 refused"));
  const Result refused = Import("id,parent,name,kind,level\nlost,nowhere,Lost,village,village\n");
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.out, AllOf(HasSubstr("lost"), HasSubstr("UNKNOWN_PARENT")));
  EXPECT_THAT(refused.err, HasSubstr("ROWS_REFUSED"));
  EXPECT_EQ(Run({"import"}).code, 2);
}

TEST_F(VerbsTest, UnitsAreFoundInMoreThanOneWay) {
  EXPECT_THAT(Out({"unit", "get", "east-1"}), AllOf(HasSubstr("Town 1"), HasSubstr("township")));
  EXPECT_THAT(Out({"unit", "list", "--under", "east", "--depth", "1"}),
              AllOf(HasSubstr("east-1 "), Not(HasSubstr("east-1-a"))));
  EXPECT_THAT(Out({"unit", "list", "--filter", "kind = \"kinds/school\""}),
              AllOf(HasSubstr("east-s"), Not(HasSubstr("east-1"))));
  EXPECT_THAT(Out({"unit", "search", "甲村"}), HasSubstr("east-1-a"));
  EXPECT_THAT(Out({"unit", "path", "east-1-a"}),
              AllOf(HasSubstr("east "), HasSubstr("east-1 "), HasSubstr("east-1-a")));
  EXPECT_THAT(Out({"unit", "count", "east"}), HasSubstr("levels/township"));
  EXPECT_THAT(Out({"unit", "count", "east", "--at", "2009-12-31"}), HasSubstr("all  0"));
}

TEST_F(VerbsTest, JsonIsOneLinePerResource) {
  const std::string out = Out({"unit", "list", "--under", "east", "--json", "--limit", "2"});
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 2);
  EXPECT_THAT(out, StartsWith("{\"name\":\"units/east\""));
}

TEST_F(VerbsTest, UnitsChange) {
  EXPECT_THAT(Out({"unit", "create", "west", "West Town", "--parent", "east", "--kind", "town",
                   "--level", "township", "--from", "2015-01-01"}),
              HasSubstr("units/west"));
  EXPECT_THAT(Out({"unit", "rename", "west", "West End", "--from", "2016-01-01"}),
              AllOf(HasSubstr("West End"), HasSubstr("formerly"), HasSubstr("West Town")));
  EXPECT_THAT(Out({"unit", "create", "west-a", "Hamlet", "--parent", "east-1", "--kind", "village",
                   "--level", "village", "--from", "2015-01-01"}),
              HasSubstr("units/east-1"));
  EXPECT_THAT(Out({"unit", "move", "west-a", "west", "--reason", "decision No. 1"}),
              HasSubstr("units/west"));
  EXPECT_THAT(Run({"unit", "move", "west", "west-a"}).err, HasSubstr("CYCLE"));
  EXPECT_THAT(Out({"unit", "close", "west-a", "--reason", "joined"}), HasSubstr("closed"));
}

TEST_F(VerbsTest, AnExportIsAnImport) {
  const std::string path = dir_ + "/export.csv";
  Out({"export", "units", "east-1", "--out", path});
  EXPECT_THAT(*ReadFile(path), AllOf(StartsWith("id,parent,"), HasSubstr("\neast-1-a,east-1,")));
  EXPECT_THAT(Out({"import", "--units", path}), HasSubstr(" 0 created, 0 updated"));
  EXPECT_THAT(Out({"export", "units", "east-1", "--json"}), StartsWith("{\"unit\":"));
}

TEST_F(VerbsTest, TokensAndGrantsDecideWhatIsSeen) {
  const std::string secret = dir_ + "/reporter.token";
  Out({"token", "create", "east-1", "desk", "--for", "reporting desk", "--out", secret});
  EXPECT_THAT(Out({"token", "list", "east-1"}), HasSubstr("reporting desk"));
  // A token by itself may do nothing.
  EXPECT_EQ(Run({"unit", "get", "east-1", "--token-file", secret}).code, 1);
  Out({"grant", "set", "east-1", "desk", "units/east-1/tokens/desk", "--role", "viewer"});
  EXPECT_THAT(Out({"grant", "list", "--under", "east"}), HasSubstr("viewer"));
  EXPECT_THAT(Out({"unit", "get", "east-1-a", "--token-file", secret}), HasSubstr("Village A"));
  // What lies above the grant is out of scope, and so does not exist.
  EXPECT_THAT(Run({"unit", "list", "--under", "east", "--token-file", secret}).err,
              HasSubstr("NOT_FOUND"));
  EXPECT_THAT(Out({"whoami", "--token-file", secret}), HasSubstr("units/east-1/grants/desk"));
  Out({"grant", "remove", "units/east-1/grants/desk"});
  Out({"token", "revoke", "units/east-1/tokens/desk"});
  EXPECT_THAT(Run({"whoami", "--token-file", secret}).err, HasSubstr("TOKEN_REVOKED"));
}

TEST_F(VerbsTest, MeasuresGoFromDraftToDone) {
  Out({"call", "CreateMeasureList",
       R"({"parent": "units/east", "measure_list_id": "plan", "measure_list": {
            "display_name": "Plan", "due_rules": [{"from_period": "2016-01", "rule": {
              "frequency": "REPORT_FREQUENCY_MONTHLY", "day": 22, "offset": 1}}]}})"});
  Out({"call", "MeasureTracker.CreateMeasure",
       R"({"parent": "units/east", "measure_id": "m1", "measure": {
            "list": "units/east/measureLists/plan", "display_name": "Repair the roof",
            "lead": {"unit": "units/east-1"}}})"});
  EXPECT_THAT(Out({"measure", "issue", "units/east/measures/m1"}), HasSubstr("1 assignments made"));
  EXPECT_THAT(Out({"measure", "list", "east"}), AllOf(HasSubstr("Repair"), HasSubstr("issued")));
  const std::string json = Out({"measure", "assignments", "--under", "east", "--json"});
  const std::string key = "\"name\":\"";
  const size_t at = json.find(key) + key.size();
  const std::string assignment = json.substr(at, json.find('"', at) - at);
  EXPECT_THAT(Out({"report", "due", "east-1"}), HasSubstr("Repair the roof"));
  EXPECT_THAT(Out({"measure", "claim", assignment, "--note", "new roof"}), HasSubstr("claimed"));
  // Nobody verifies its own.
  EXPECT_THAT(Run({"measure", "verify", assignment, "--office", "east-1"}).err,
              HasSubstr("SELF_JUDGEMENT"));
  EXPECT_THAT(Out({"measure", "verify", assignment, "--office", "east"}), HasSubstr("done"));
  EXPECT_THAT(Out({"measure", "progress", "units/east/measureLists/plan"}),
              HasSubstr("east and below"));
}

TEST_F(VerbsTest, SheetsAreJudgedAndResultsPublished) {
  Out({"call", "CreateScheme",
       R"({"parent": "units/east", "scheme_id": "quality", "version": "1", "scheme": {
            "display_name": "Quality", "points": {"value": "100"},
            "periodicity": "PERIODICITY_YEAR", "first_period": "2016",
            "population": {"levels": ["levels/village"]},
            "nodes": [
              {"id": "work", "points": {"value": "60"}, "leaf": {"review": {}, "discretion": {}}},
              {"id": "files", "points": {"value": "40"},
               "leaf": {"review": {}, "discretion": {}}}]}})"});
  Out({"call", "PublishScheme", R"({"name": "units/east/schemes/quality@1"})"});
  Out({"call", "CreateCampaign",
       R"({"parent": "units/east", "campaign_id": "y2016", "campaign": {
            "display_name": "2016", "scheme": "units/east/schemes/quality@1", "period": "2016",
            "stages": [{"id": "self", "kind": "STAGE_KIND_SELF"},
                       {"id": "county", "kind": "STAGE_KIND_REVIEW"}]}})"});
  EXPECT_THAT(Out({"campaign", "open", "units/east/campaigns/y2016"}), HasSubstr("sheets made"));
  const std::string sheet = "units/east-1-a/sheets/east~y2016";
  EXPECT_EQ(Run({"sheet", "submit", sheet, "--value", "work"}).code, 2);
  EXPECT_THAT(Out({"sheet", "submit", sheet, "--value", "work=50", "--value", "files=30"}),
              AllOf(HasSubstr("open at county"), HasSubstr("self: 50 points.")));
  EXPECT_THAT(
      Run({"sheet", "review", sheet, "--stage", "county", "--office", "east", "--value", "work=40"})
          .err,
      HasSubstr("REASON"));
  Out({"sheet", "review", sheet, "--stage", "county", "--office", "east", "--value",
       "work=40 Half done.", "--value", "files=- There is no archive."});
  EXPECT_THAT(Out({"sheet", "show", sheet}),
              AllOf(HasSubstr("county (open)"), HasSubstr("HOW"), HasSubstr("self: 50 points.")));
  EXPECT_THAT(Out({"sheet", "return", sheet, "--office", "east", "--reason", "Look again."}),
              AllOf(HasSubstr("open at self"), HasSubstr("Look again.")));
  Out({"sheet", "submit", sheet});
  EXPECT_THAT(Out({"sheet", "confirm", sheet, "--stage", "county", "--office", "east"}),
              HasSubstr("reviewed"));
  EXPECT_THAT(Out({"sheet", "seal", sheet, "--office", "east"}), HasSubstr("sealed"));
  EXPECT_THAT(Out({"sheet", "reopen", sheet, "--stage", "county", "--office", "east", "--reason",
                   "By order 7."}),
              HasSubstr("By order 7."));
  Out({"sheet", "confirm", sheet, "--stage", "county", "--office", "east"});

  EXPECT_EQ(Run({"score", "publish", "east", "p1", "--disclose", "all"}).code, 2);
  EXPECT_THAT(
      Out({"score", "publish", "east", "p1", "--scheme", "units/east/schemes/quality", "--period",
           "2016", "--title", "Results", "--disclose", "ranks"}),
      AllOf(HasSubstr("units/east/publications/p1"), HasSubstr("final"), HasSubstr("ranks")));
  EXPECT_THAT(Out({"score", "result", "east-1-a", "units/east/publications/p1"}),
              AllOf(HasSubstr("66.67"), HasSubstr("1 of 1 at village"), HasSubstr("40 of 60"),
                    HasSubstr("not applicable")));
  EXPECT_EQ(Run({"score", "result", "east-1-a", "p1"}).code, 2);
  EXPECT_THAT(Out({"score", "result", "east-1-a", "units/east/publications/p1", "--json"}),
              HasSubstr("\"rank\":"));
}

TEST_F(VerbsTest, VisitsAreLogged) {
  Out({"call", "CreateChecklist",
       R"({"parent": "units/east", "checklist_id": "site", "checklist": {"display_name": "Site",
            "items": [{"id": "board", "text_en": "Up to date?",
                       "answer_type": "ANSWER_TYPE_PASS_FAIL"},
                      {"id": "signs", "text_en": "How many?", "answer_type": "ANSWER_TYPE_COUNT",
                       "sample_size": 5}]}})"});
  Out({"call", "PublishChecklist", R"({"name": "units/east/checklists/site@1"})"});
  Out({"visit", "start", "east-1", "--id", "v1", "--office", "east", "--checklist",
       "units/east/checklists/site@1"});
  const std::string visit = "units/east-1/visits/v1";
  EXPECT_THAT(Out({"visit", "observe", visit, "board", "--fail", "--reason", "old notices"}),
              HasSubstr("created"));
  EXPECT_THAT(Out({"visit", "observe", visit, "signs", "--count", "3/5"}), HasSubstr("created"));
  EXPECT_EQ(Run({"visit", "observe", visit, "signs", "--count", "3"}).code, 2);
  EXPECT_EQ(Run({"visit", "observe", visit, "signs"}).code, 2);
  EXPECT_THAT(Out({"visit", "observations", visit}),
              AllOf(HasSubstr("failed"), HasSubstr("3 of 5")));
  EXPECT_THAT(Out({"visit", "submit", visit, "--remarks", "friendly"}), HasSubstr("submitted"));
  EXPECT_THAT(Out({"visit", "list", "--under", "east"}), HasSubstr(visit));
  EXPECT_THAT(Out({"visit", "summary", "east"}), HasSubstr("visits"));
}

TEST_F(VerbsTest, WhatADeviceWroteMayBeSentTwice) {
  Out({"call", "CreateChecklist",
       R"({"parent": "units/east", "checklist_id": "tour", "checklist": {"display_name": "Tour",
            "items": [{"id": "board", "text_en": "Up to date?",
                       "answer_type": "ANSWER_TYPE_PASS_FAIL"}]}})"});
  Out({"call", "PublishChecklist", R"({"name": "units/east/checklists/tour@1"})"});
  const std::string path = dir_ + "/sync.jsonl";
  std::ofstream(path)
      << R"({"visit": "units/east-s/visits/t1", "checklist": "units/east/checklists/tour@1", )"
      << R"("observation": {"name": "units/east-s/visits/t1/observations/tablet-1", )"
      << R"("item": "board", "passed": true}})"
      << "\n";
  EXPECT_THAT(Out({"visit", "sync", path, "--office", "east"}), HasSubstr("created"));
  EXPECT_THAT(Out({"visit", "sync", path, "--office", "east"}), HasSubstr("unchanged"));
  std::ofstream(path) << "{\"visit\": 7}\n";
  EXPECT_THAT(Run({"visit", "sync", path, "--office", "east"}).err,
              AllOf(HasSubstr("line 1"), HasSubstr("BAD_TABLE")));
}

TEST_F(VerbsTest, AnyMethodCanBeCalled) {
  EXPECT_THAT(Out({"call", "--list"}), HasSubstr("UnitRegistry.ImportUnits"));
  EXPECT_THAT(Out({"call", "WhoAmI"}), HasSubstr("units/realm/tokens/admin"));
  EXPECT_THAT(Run({"call", "Nothing"}).err, HasSubstr("there is no method"));
  EXPECT_THAT(Run({"call", "WhoAmI", "{"}).err, HasSubstr("no JSON"));
  EXPECT_THAT(Run({"call", "ImportUnits"}).err, HasSubstr("takes a stream"));
}

TEST_F(VerbsTest, WhoIsEligibleIsToldCheckByCheck) {
  Out({"call", "CreateProgramme", R"({"parent": "units/east", "programmeId": "model",
       "programme": {"displayName": "Model units",
                     "titles": [{"id": "model", "displayName": "Model unit"}],
                     "levels": [{"level": "levels/township"}]}})"});
  std::vector<std::string> line = {"score", "eligible", "east-1", "--programme",
                                   "units/east/programmes/model"};
  EXPECT_EQ(Run(line).code, 2) << "of which level?";
  line.insert(line.end(), {"--level", "township", "--title", "model"});
  EXPECT_THAT(Out(line),
              AllOf(HasSubstr("enrolled"), HasSubstr("failed"),
                    HasSubstr("takes no part in the programme"), HasSubstr("\nnot eligible\n")));
  Out({"call", "EnrollUnits", R"({"parent": "units/east/programmes/model",
       "rows": [{"unit": "units/east-1", "role": "ENROLLMENT_ROLE_PARTICIPANT"}]})"});
  // A caller of its own each time, which does not know what the one before has seen.
  const absl::Time latest = absl::Now() + absl::Seconds(30);
  while (absl::StrContains(Out(line), "failed") && absl::Now() < latest) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_THAT(Out(line), AllOf(Not(HasSubstr("failed")), HasSubstr("\neligible until 20")));
  line.push_back("--json");
  EXPECT_THAT(Out(line), HasSubstr("\"seal\""));
}

TEST_F(VerbsTest, StatusTellsHowFarTheServicesAre) {
  EXPECT_THAT(Out({"status"}), AllOf(HasSubstr("registry"), HasSubstr("terrace ")));
}

}  // namespace
}  // namespace terrace::cli
