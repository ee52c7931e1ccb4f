// terrace demo: loads the sample into a fresh suite, prints its report, and goes on serving; with
// --check it counts everything again by itself.
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "services/terrace/advice.h"
#include "services/terrace/commands.h"
#include "services/terrace/context.h"
#include "services/terrace/demo/checks.h"
#include "services/terrace/demo/figures.h"
#include "services/terrace/demo/late_report.h"
#include "services/terrace/demo/report.h"
#include "services/terrace/progress.h"
#include "services/terrace/sample/loader.h"
#include "services/terrace/sample/sample.h"
#include "services/terrace/serving.h"
#include "services/terrace/suite.h"
#include "terrace/registry/v1/unit.pb.h"

namespace terrace::cli {
namespace {

constexpr absl::Duration kCallTimeout = absl::Seconds(60);

// A running suite and a client of it.
struct Realm {
  std::unique_ptr<Suite> suite;
  std::unique_ptr<Client> client;
};

absl::StatusOr<Realm> StartRealm(const std::string& dir, const std::string& store,
                                 const std::string& listen) {
  SuiteOptions options;
  options.data_dir = dir;
  options.store = store;
  options.listen = {listen};
  Realm realm;
  TERRACE_ASSIGN_OR_RETURN(realm.suite, Suite::Start(options));
  realm.client = std::make_unique<Client>(LocalAddress(listen, realm.suite->port()),
                                          realm.suite->admin_token(), kCallTimeout);
  return realm;
}

std::string TemporaryDir() {
  return (std::filesystem::temp_directory_path() / absl::StrCat("terrace-demo-", RandomHex(6)))
      .string();
}

// Says what it does step by step, on a terminal or not.
absl::Status LoadSample(Context& context, const sample::Sample& sample, Client* client) {
  const absl::Time start = absl::Now();
  size_t records = 0;
  const auto on_step = [&](absl::string_view title, size_t count) {
    records += count;
    if (!context.output().json()) {
      context.output().Line(absl::StrCat("  ", Thousands(static_cast<int64_t>(count)), " ", title));
    }
  };
  if (!context.output().json()) context.output().Line("Loading the sample through the API:");
  TERRACE_RETURN_IF_ERROR(sample::Load(sample, client, on_step));
  if (!context.output().json()) {
    context.output().Line(absl::StrFormat("%s records in %.1f s",
                                          Thousands(static_cast<int64_t>(records)),
                                          absl::ToDoubleSeconds(absl::Now() - start)));
  }
  return absl::OkStatus();
}

// Whether the realm holds the sample already, from an earlier demo in the same directory.
absl::StatusOr<bool> IsLoaded(Client* client) {
  registry::v1::GetUnitRequest request;
  request.set_name(sample::kNation);
  const absl::Status found = client->Get<registry::v1::Unit>(request).status();
  if (found.ok()) return true;
  if (absl::IsNotFound(found)) return false;
  return found;
}

void PrintWelcome(Context& context, const std::string& dir, const std::string& address) {
  context.output().Line(absl::StrCat(
      "\nTerrace goes on serving on ", address, " until Ctrl-C. From another terminal:\n",
      "  terrace status --data-dir ", dir, "\n",
      "  terrace unit count county-a --at 2016-12-31 --data-dir ", dir, "\n",
      "  terrace score rank --under county-a --level township --scheme ", sample::kTownshipScheme,
      " --period 2016 --data-dir ", dir, "\n",
      "  buf curl --http2-prior-knowledge --protocol grpc -H \"authorization: Bearer $(cat ", dir,
      "/", kTokenFile, ")\" http://", address,
      "/terrace.gateway.v1.Access/WhoAmI\nThe administrator's token is in ", dir, "/", kTokenFile,
      "."));
}

absl::Status RunChecks(Context& context, Client* client,
                       const std::vector<demo::Section>& sections) {
  std::vector<demo::Check> checks;
  const auto add = [&](absl::StatusOr<std::vector<demo::Check>> more) {
    if (more.ok()) checks.insert(checks.end(), more->begin(), more->end());
    return more.status();
  };
  TERRACE_RETURN_IF_ERROR(add(demo::CheckFigures(client, sections)));
  // What was submitted stays, so the moved report needs a realm of its own.
  const std::string dir = TemporaryDir();
  const auto remove = absl::MakeCleanup([&] {
    std::error_code error;
    std::filesystem::remove_all(dir, error);
  });
  {
    TERRACE_ASSIGN_OR_RETURN(const Realm moved, StartRealm(dir, "memory:", "127.0.0.1:0"));
    TERRACE_RETURN_IF_ERROR(sample::Load(demo::OneReportLate(sample::MakeSample()).sample,
                                         moved.client.get(), [](absl::string_view, size_t) {}));
    TERRACE_RETURN_IF_ERROR(add(demo::CheckLateReport(client, moved.client.get())));
  }
  TERRACE_RETURN_IF_ERROR(add(demo::CheckNewVisit(client)));
  TERRACE_RETURN_IF_ERROR(add(demo::CheckRevocation(client)));
  if (!context.output().json()) {
    context.output().Line("\nSelf-test: what the services say, and what exported records give");
  }
  demo::PrintChecks(checks, &context.output());
  int64_t failed = 0;
  for (const demo::Check& check : checks) failed += check.passed() ? 0 : 1;
  if (failed > 0) {
    return Error(Reason::CHECKS_FAILED,
                 {{"count", absl::StrCat(failed)}, {"total", absl::StrCat(checks.size())}});
  }
  if (!context.output().json()) {
    context.output().Line(absl::StrCat("all of ", checks.size(), " checks passed"));
  }
  return absl::OkStatus();
}

// Loads the sample into `client`'s realm unless it is there, prints the report, and checks it.
absl::Status Show(Context& context, Client* client) {
  TERRACE_ASSIGN_OR_RETURN(const bool loaded, IsLoaded(client));
  if (!loaded) TERRACE_RETURN_IF_ERROR(LoadSample(context, sample::MakeSample(), client));
  TERRACE_ASSIGN_OR_RETURN(const std::vector<demo::Section> sections, demo::AskFigures(client));
  demo::PrintFigures(sections, &context.output());
  TERRACE_RETURN_IF_ERROR(
      demo::PrintScores(client, LanguageOf(context.arguments().Text("lang")), &context.output()));
  return context.arguments().On("check") ? RunChecks(context, client, sections) : absl::OkStatus();
}

absl::Status Demo(Context& context) {
  const Arguments& arguments = context.arguments();
  if (arguments.Given("server")) {
    TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
    return Show(context, client);
  }
  const bool ends = arguments.On("once") || arguments.On("check");
  const bool temporary = !arguments.Given("data-dir");
  const std::string dir = temporary ? TemporaryDir() : arguments.Text("data-dir");
  const auto remove = absl::MakeCleanup([&] {
    std::error_code error;
    if (temporary) std::filesystem::remove_all(dir, error);
  });
  const SignalsAsMessages signals;
  // A demo that ends soon must not get in the way of a server on the usual port.
  const std::string listen = arguments.Given("listen") ? arguments.Text("listen")
                             : ends                    ? "127.0.0.1:0"
                                                       : kDefaultAddress;
  TERRACE_ASSIGN_OR_RETURN(const Realm realm, StartRealm(dir, "", listen));
  Client* const client = realm.client.get();
  TERRACE_ASSIGN_OR_RETURN(const AddressFile address,
                           AddressFile::Write(dir, listen, realm.suite->port()));
  TERRACE_RETURN_IF_ERROR(Show(context, client));
  if (ends) return absl::OkStatus();
  PrintWelcome(context, dir, address.address());
  signals.Wait();
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> DemoCommands() {
  return {{.name = "demo",
           .summary = "Loads a sample county, prints its report, and goes on serving",
           .details =
               "Every figure is counted by the services from records. Without --data-dir the "
               "data are\ngone when the demo ends.",
           .flags = {{"once", "", "prints the report and ends"},
                     {"check", "",
                      "counts every figure again from exported records, changes "
                      "something, and ends"},
                     {"server", "ADDRESS",
                      "loads it into this server instead and ends; --token-file names the token"},
                     {"token-file", "FILE", "file with the token to call with", "", false, "@file"},
                     {"ca-file", "FILE", "PEM file of the authorities to trust for https", "",
                      false, "@file"},
                     {"timeout", "SECONDS", "how long to wait for an answer", "60"},
                     {"data-dir", "DIR", "keeps the data here", "", false, "@dir"},
                     {"listen", "HOST:PORT",
                      "address to serve on; left out, 127.0.0.1:7443, and a "
                      "free port where it ends"}},
           .calls_server = false,
           .run = Demo}};
}

}  // namespace terrace::cli
