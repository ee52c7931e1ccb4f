// terrace serve: runs the services of this process until it is told to stop.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/terrace/commands.h"
#include "services/terrace/context.h"
#include "services/terrace/serving.h"
#include "services/terrace/suite.h"

namespace terrace::cli {
namespace {

absl::StatusOr<SuiteOptions> ParseOptions(const Arguments& arguments) {
  SuiteOptions options;
  options.data_dir = arguments.Text("data-dir");
  TERRACE_ASSIGN_OR_RETURN(options.store, StoreUrl(arguments));
  options.identity_key_file = arguments.Text("identity-key-file");
  options.listen = absl::StrSplit(arguments.Text("listen"), ',');
  if (arguments.Given("services")) {
    options.services = absl::StrSplit(arguments.Text("services"), ',');
  }
  for (const std::string& peer : arguments.All("peer")) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(peer, absl::MaxSplits('=', 1));
    if (parts.second.empty()) return UsageError("--peer is written as registry=HOST:PORT.");
    options.peers.insert(parts);
  }
  return options;
}

absl::Status Serve(Context& context) {
  TERRACE_ASSIGN_OR_RETURN(SuiteOptions options, ParseOptions(context.arguments()));
  const std::string data_dir = options.data_dir;
  const SignalsAsMessages signals;
  TERRACE_ASSIGN_OR_RETURN(const std::unique_ptr<Suite> suite, Suite::Start(std::move(options)));
  TERRACE_ASSIGN_OR_RETURN(
      const AddressFile address,
      AddressFile::Write(data_dir, context.arguments().Text("listen"), suite->port()));
  context.output().Line(absl::StrCat("terrace serves on ", address.address(), ", data in ",
                                     data_dir, "; stop it with Ctrl-C"));
  signals.Wait();
  context.output().Line("terrace drains and stops");
  suite->Stop();
  return absl::OkStatus();
}

std::vector<Flag> ServeFlags() {
  std::vector<Flag> flags = {
      {"data-dir", "DIR", "where data, keys and the first token are kept", "terrace-data", false,
       "@dir"},
      {"listen", "HOST:PORT", "addresses to serve on, separated by commas; port 0 picks one",
       kDefaultAddress},
      {"services", "LIST",
       "only these, separated by commas: registry, measures, inspections, scoring, gateway"},
      {"peer", "SERVICE=ADDRESS",
       "where a service that is not run here answers: HOST:PORT, several of them separated by "
       "commas, or dns:///NAME:PORT",
       "", true},
      {"identity-key-file", "FILE", "the deployment's key, the same for all of its processes", "",
       false, "@file"}};
  for (Flag& flag : StoreFlags()) flags.push_back(std::move(flag));
  return flags;
}

}  // namespace

std::vector<Command> ServeCommands() {
  return {{.name = "serve",
           .summary = "Runs the services; without flags all of them, on an embedded store",
           .details = "The first start writes an administrator's token to DIR/admin.token. SIGTERM "
                      "and Ctrl-C\nanswer what is under way and stop.",
           .flags = ServeFlags(),
           .calls_server = false,
           .run = Serve}};
}

}  // namespace terrace::cli
