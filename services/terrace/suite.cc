#include "services/terrace/suite.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "common/access/authenticator.h"
#include "common/base/error.h"
#include "common/base/executor.h"
#include "common/base/file.h"
#include "common/base/random.h"
#include "common/base/seal.h"
#include "common/base/time.h"
#include "common/base/timer.h"
#include "common/machine/machine.h"
#include "common/rpc/channel.h"
#include "common/rpc/operations.h"
#include "common/rpc/server.h"
#include "common/store/cursor.h"
#include "common/store/store.h"
#include "services/gateway/access_service.h"
#include "services/inspections/inspections_service.h"
#include "services/inspections/inspections_state.h"
#include "services/measures/measures_service.h"
#include "services/measures/measures_state.h"
#include "services/registry/registry_service.h"
#include "services/registry/registry_state.h"
#include "services/scoring/scoring_service.h"
#include "services/scoring/scoring_state.h"
#include "services/terrace/maintenance.h"
#include "services/terrace/processes.h"
#include "services/terrace/upstreams.h"
#include "services/terrace/version.h"

namespace terrace {
namespace {

using machine::Machine;
using rpc::StatusDone;

constexpr char kListLevels[] = "/terrace.registry.v1.UnitRegistry/ListLevels";
// How long a call waits for the mirror to hear what the registry has.
constexpr absl::Duration kCatchUpMost = absl::Seconds(2);
// Threads for slow reads, streams and operations.
constexpr int kExecutorThreads = 4;

// Proto service of each of our services.
constexpr std::pair<const char*, const char*> kProtoServices[] = {
    {"registry", "terrace.registry.v1.UnitRegistry"},
    {"measures", "terrace.measures.v1.MeasureTracker"},
    {"inspections", "terrace.inspections.v1.InspectionScheduler"},
    {"scoring", "terrace.scoring.v1.Scoreboard"},
    {"gateway", "terrace.gateway.v1.Access"},
};

// Takes the first answer only.
class Once {
 public:
  explicit Once(StatusDone done) : done_(std::move(done)) {}
  void Run(absl::Status status) {
    StatusDone done;
    {
      absl::MutexLock lock(&mu_);
      done = std::exchange(done_, nullptr);
    }
    if (done) done(std::move(status));
  }

 private:
  absl::Mutex mu_;
  StatusDone done_ ABSL_GUARDED_BY(mu_);
};

class SuiteImpl : public Suite {
 public:
  explicit SuiteImpl(SuiteOptions options)
      : options_(std::move(options)), upstreams_(absl::StrCat(options_.data_dir, "/mirrors")) {}
  ~SuiteImpl() override { Stop(); }

  absl::Status Init() {
    if (options_.clock == nullptr) options_.clock = &system_clock_;
    TERRACE_RETURN_IF_ERROR(CheckOptions());
    TERRACE_RETURN_IF_ERROR(MakeDirectory(options_.data_dir));
    TERRACE_RETURN_IF_ERROR(LoadIdentityKey());
    for (const auto& [service, address] : options_.peers) {
      std::vector<std::string> safe;
      for (const auto& [name, proto] : kProtoServices) {
        if (name == service) safe.push_back(proto);
      }
      peers_[service] = rpc::Channel::Connect(address, ServiceCaller(), safe);
    }
    TERRACE_RETURN_IF_ERROR(StartServices());
    // What was kept of other processes' services is there before anybody asks for it.
    const std::shared_ptr<scoring::Scoreboards> boards =
        scoring_ != nullptr ? scoring_->boards() : nullptr;
    for (const auto& [service, channel] : peers_) upstreams_.Follow(service, true, channel, boards);
    TERRACE_RETURN_IF_ERROR(StartServer());
    for (const auto& [service, machine] : machines_) {
      upstreams_.Follow(service, false, server_->InProcess(ServiceCaller()), boards);
    }
    return absl::OkStatus();
  }

  int port() const override { return server_->port(); }
  std::string admin_token() const override { return admin_token_; }

  void Stop() override {
    {
      absl::MutexLock lock(&mu_);
      serving_ = nullptr;
    }
    upstreams_.Stop();
    // Waits end first, since a server stops only when its last call is over.
    for (const auto& [service, machine] : machines_) machine->Drain();
    if (server_ != nullptr) server_->Stop();
    server_.reset();
    methods_.clear();
    processes_.reset();
    inspections_.reset();
    scoring_.reset();
    registry_ = nullptr;
    machines_.clear();
  }

 private:
  bool Runs(const std::string& service) const {
    return options_.services.empty() ||
           std::count(options_.services.begin(), options_.services.end(), service) > 0;
  }

  absl::Status CheckOptions() const {
    for (const std::string& service : options_.services) {
      if (std::count(std::begin(kServices), std::end(kServices), service) == 0) {
        return Error(Reason::INVALID_FIELD,
                     {{"field", "--services"}, {"detail", absl::StrCat("no service ", service)}});
      }
    }
    if (!Runs("registry") && !options_.peers.contains("registry")) {
      return Error(Reason::REQUIRED_FIELD, {{"field", "--peer registry=ADDRESS"}});
    }
    return absl::OkStatus();
  }

  // The key signs what the processes of one deployment, which share the file, tell each other: who
  // calls, and who is eligible.
  absl::Status LoadIdentityKey() {
    const std::string path = options_.identity_key_file.empty()
                                 ? absl::StrCat(options_.data_dir, "/identity.key")
                                 : options_.identity_key_file;
    absl::StatusOr<std::string> key = ReadFile(path);
    if (absl::IsNotFound(key.status()) && options_.identity_key_file.empty()) {
      key = RandomHex(32);
      TERRACE_RETURN_IF_ERROR(WritePrivateFile(path, *key));
    }
    if (!key.ok()) return key.status();
    signer_ = std::make_unique<access::IdentitySigner>(*key);
    eligibility_seal_.emplace(*key, "eligibility");
    return absl::OkStatus();
  }

  // How this process calls others, and itself.
  rpc::CallerOptions ServiceCaller() const {
    return {"", [this] {
              access::Identity identity;
              identity.subject = "services/terrace";
              identity.service = true;
              return signer_->Sign(identity, options_.clock->Now());
            }};
  }

  // ------------------------------------------------------------------------------ services

  absl::StatusOr<Machine*> StartMachine(const std::string& service,
                                        std::function<std::unique_ptr<machine::State>()> make_state,
                                        machine::TreeSource tree) {
    const std::string url =
        options_.store.empty() ? absl::StrCat("sqlite:", options_.data_dir) : options_.store;
    TERRACE_ASSIGN_OR_RETURN(auto store, store::OpenStore({url, service}));
    machine::MachineOptions options;
    options.service = service;
    options.store = std::move(store);
    options.make_state = std::move(make_state);
    options.tree = std::move(tree);
    options.clock = options_.clock;
    options.executor = &executor_;
    TERRACE_ASSIGN_OR_RETURN(machines_[service], Machine::Start(std::move(options)));
    return machines_[service].get();
  }

  // The tree that decisions and access checks of this process are made on.
  std::shared_ptr<const tree::Tree> Tree() const {
    const Machine* registry = registry_.load();
    if (registry == nullptr) return upstreams_.mirror().tree();
    return registry->Read<registry::RegistryState>(
        [](const registry::RegistryState& state, const store::Cursor&) { return state.tree(); });
  }

  absl::Status StartServices() {
    const machine::TreeSource tree = [this] { return Tree(); };
    if (Runs("registry")) {
      TERRACE_ASSIGN_OR_RETURN(Machine * machine,
                               StartMachine(
                                   "registry",
                                   [seal = *eligibility_seal_] {
                                     return std::make_unique<registry::RegistryState>(seal);
                                   },
                                   tree));
      registry_ = machine;
      Add(registry::RegistryMethods(machine));
    }
    if (Runs("measures")) {
      TERRACE_ASSIGN_OR_RETURN(Machine * machine,
                               StartMachine(
                                   "measures",
                                   [this] {
                                     return std::make_unique<measures::MeasuresState>(
                                         EnrolledInAnyRole(), ZoneOfProgramme());
                                   },
                                   tree));
      Add(measures::MeasureMethods(machine, tree));
    }
    if (Runs("inspections")) {
      TERRACE_ASSIGN_OR_RETURN(
          Machine * machine,
          StartMachine(
              "inspections",
              [this] { return std::make_unique<inspections::InspectionsState>(ZoneOfProgramme()); },
              tree));
      inspections_ =
          std::make_unique<inspections::InspectionsService>(inspections::InspectionsServiceOptions{
              machine, tree,
              [this](absl::string_view programme, absl::string_view unit, absl::Time at,
                     registry::v1::EnrollmentRole role) {
                return upstreams_.mirror().Enrolled(programme, unit, at, role);
              }});
    }
    if (Runs("scoring")) {
      TERRACE_ASSIGN_OR_RETURN(
          Machine * machine,
          StartMachine(
              "scoring", [] { return std::make_unique<scoring::ScoringState>(); }, tree));
      scoring_ = std::make_unique<scoring::ScoringService>(scoring::ScoringServiceOptions{
          machine, tree, ScoringFeeds(), StaleInputs(), *eligibility_seal_});
    }
    if (Runs("gateway")) {
      TERRACE_ASSIGN_OR_RETURN(
          Machine * machine,
          StartMachine(
              "gateway", [] { return std::make_unique<gateway::AccessState>(); }, tree));
      Add(gateway::AccessMethods(machine, {[this](gateway::v1::GetStatusResponse* reply) {
                                             reply->set_version(kVersion);
                                             processes_->Status(reply);
                                           },
                                           [this](gateway::v1::GetMetricsResponse* reply) {
                                             processes_->Metrics(reply);
                                           }}));
      TERRACE_RETURN_IF_ERROR(WriteAdminToken(machine));
      tokens_ = std::make_unique<gateway::TokenAuthenticator>(machine, signer_.get());
    }
    return absl::OkStatus();
  }

  measures::EnrolledFn EnrolledInAnyRole() const {
    return [this](absl::string_view programme, absl::string_view unit, absl::Time at) {
      return upstreams_.mirror().Enrolled(programme, unit, at);
    };
  }

  // The zone that a programme names; empty when it is not known here.
  std::function<std::string(absl::string_view)> ZoneOfProgramme() const {
    return [this](absl::string_view name) {
      const absl::optional<registry::v1::Programme> programme = upstreams_.mirror().Programme(name);
      return programme ? programme->zone() : std::string();
    };
  }

  // Whether a service answers here or at a peer.
  bool Has(const std::string& service) const {
    return Runs(service) || options_.peers.contains(service);
  }

  scoring::Scoreboards::Feeds ScoringFeeds() const {
    return {Has("registry"), Has("measures"), Has("inspections")};
  }

  scoring::StaleInputsFn StaleInputs() {
    if (options_.peers.empty()) return nullptr;
    return [this](scoring::StaleInputs* stale) { upstreams_.AddStale(stale); };
  }

  void Add(std::unique_ptr<rpc::Methods> methods) { methods_.push_back(std::move(methods)); }

  absl::Status WriteAdminToken(Machine* machine) {
    const std::string path = absl::StrCat(options_.data_dir, "/admin.token");
    TERRACE_ASSIGN_OR_RETURN(admin_token_, gateway::MakeFirstToken(machine));
    if (!admin_token_.empty()) return WritePrivateFile(path, absl::StrCat(admin_token_, "\n"));
    absl::StatusOr<std::string> written = ReadFile(path);
    if (written.ok()) admin_token_ = std::string(absl::StripAsciiWhitespace(*written));
    return absl::OkStatus();
  }

  // -------------------------------------------------------------------------------- server

  absl::Status StartServer() {
    rpc::ServerOptions options;
    options.listen = options_.listen;
    if (Runs("gateway")) {
      for (const auto& [service, proto] : kProtoServices) {
        if (peers_.contains(service)) options.routes.push_back({proto, peers_[service]});
      }
    }
    AddOperations();
    Keyspaces keyspaces{{}, peers_, &executor_};
    for (const auto& [service, machine] : machines_) keyspaces.here[service] = &machine->store();
    if (Runs("gateway")) Add(MaintenanceMethods(keyspaces));
    processes_ = std::make_unique<Processes>(
        [this](internal::v1::GetProcessResponse* reply) { Describe(reply); }, OtherProcesses(),
        keyspaces, options_.clock);
    options.methods.push_back(&processes_->methods());
    for (const auto& methods : methods_) options.methods.push_back(methods.get());
    if (inspections_ != nullptr) options.methods.push_back(&inspections_->methods());
    if (scoring_ != nullptr) options.methods.push_back(&scoring_->methods());
    options.authenticator = tokens_ != nullptr
                                ? static_cast<const access::Authenticator*>(tokens_.get())
                                : signer_.get();
    options.signer = signer_.get();
    options.tree = [this] { return Tree(); };
    if (!Runs("registry") || SharedRegistry() != nullptr) {
      options.catch_up = [this](rpc::Positions seen, absl::Time deadline, rpc::StatusDone done) {
        CatchUp(seen["registry"], deadline, std::move(done));
      };
    }
    options.before = [this](const google::protobuf::Message& request, absl::Time deadline,
                            rpc::StatusDone done) { Before(request, deadline, std::move(done)); };
    options.wait_for_seen = [this](const std::string& service, rpc::Positions seen,
                                   absl::Time deadline, rpc::StatusDone done) {
      WaitForSeen(service, std::move(seen), deadline, std::move(done));
    };
    options.clock = options_.clock;
    options.executor = &executor_;
    TERRACE_ASSIGN_OR_RETURN(server_, rpc::Server::Start(std::move(options)));
    absl::MutexLock lock(&mu_);
    serving_ = server_.get();
    return absl::OkStatus();
  }

  // Every process of the deployment: only the gateway asks them how they are.
  std::vector<Processes::Peer> OtherProcesses() const {
    std::vector<Processes::Peer> processes;
    if (!Runs("gateway")) return processes;
    for (const auto& [service, addresses] : options_.peers) {
      for (absl::string_view address : absl::StrSplit(addresses, ',')) {
        processes.push_back({service, std::string(address),
                             rpc::Channel::Connect(std::string(address), ServiceCaller())});
      }
    }
    return processes;
  }

  void AddOperations() {
    if (Runs("gateway") && !peers_.empty()) {
      Add(rpc::ForwardOperations(peers_, signer_.get()));
      return;
    }
    std::vector<Machine*> machines;
    for (const auto& [service, machine] : machines_) machines.push_back(machine.get());
    Add(rpc::OperationsMethods(std::move(machines)));
  }

  // A cascade or a draw takes the units that are enrolled now, a list or a released plan the zone
  // of its programme: the mirror must have heard of all that the registry has acknowledged.
  void Before(const google::protobuf::Message& request, absl::Time deadline, StatusDone done) {
    const google::protobuf::Descriptor* type = request.GetDescriptor();
    const google::protobuf::Descriptor* const waiting[] = {
        measures::v1::CreateMeasureListRequest::descriptor(),
        measures::v1::UpdateMeasureListRequest::descriptor(),
        measures::v1::IssueMeasureRequest::descriptor(),
        inspections::v1::DrawVisitsRequest::descriptor(),
        inspections::v1::ReleasePlanRequest::descriptor()};
    // Other processes ask by this method how far the registry is: all its replicas, not this one.
    const bool asks_how_far =
        type == registry::v1::ListLevelsRequest::descriptor() && SharedRegistry() != nullptr;
    if (!asks_how_far && std::count(std::begin(waiting), std::end(waiting), type) == 0) {
      done(absl::OkStatus());
      return;
    }
    CatchUp({}, deadline, std::move(done));
  }

  // Runs `done` once the mirror has come as far as the registry is now, and as `least`;
  // UPSTREAM_DOWN when the registry does not answer or the mirror takes longer than kCatchUpMost.
  void CatchUp(const store::Cursor& least, absl::Time deadline, StatusDone done) {
    executor_.Post([this, least, deadline, done = std::move(done)]() mutable {
      const absl::Status late = Error(Reason::UPSTREAM_DOWN, {{"service", "registry"}});
      absl::optional<store::Cursor> now = RegistryPosition(deadline);
      if (!now) {
        done(late);
        return;
      }
      // Another replica of the registry may be further than the one that was asked.
      if (least.log_id == now->log_id) now->revision = std::max(now->revision, least.revision);
      // Whichever comes first, the mirror or the time, takes `done`.
      auto once = std::make_shared<Once>(std::move(done));
      upstreams_.mirror().WaitFor(*now, [once] { once->Run(absl::OkStatus()); });
      timer_.After(kCatchUpMost, [once, late] { once->Run(late); });
    });
  }

  // Waits until the service that answers includes what its caller has seen: its own log, the mirror
  // of the registry, and for scores everything that they are made of. REVISION_NOT_REACHED when its
  // own log takes longer than kCatchUpMost; a mirror that lags so long is no reason to refuse an
  // answer.
  void WaitForSeen(const std::string& proto, rpc::Positions seen, absl::Time deadline,
                   StatusDone done) {
    const absl::Time latest = std::min(deadline, options_.clock->Now() + kCatchUpMost);
    if (scoring_ != nullptr && proto == "terrace.scoring.v1.Scoreboard") {
      const rpc::Positions now = rpc::ToPositions(scoring_->boards()->vector());
      std::erase_if(seen, [&now](const auto& position) {
        auto known = now.find(position.first);
        return known == now.end() || known->second.log_id != position.second.log_id;
      });
      const types::v1::RevisionVector least = rpc::ToVector(seen);
      // Answers name other inputs that they leave out; of scoring's own log they leave out nothing
      // that their caller has seen.
      auto waited = [this, wanted = least.scoring().revision(),
                     done = std::move(done)](const absl::Status& reached) mutable {
        const int64_t own = scoring_->boards()->vector().scoring().revision();
        done(own < wanted ? reached : absl::OkStatus());
      };
      scoring_->boards()->WaitFor(least, latest, std::move(waited));
      return;
    }
    Machine* own = nullptr;
    for (const auto& [service, name] : kProtoServices) {
      auto machine = machines_.find(service);
      if (name == proto && machine != machines_.end()) own = machine->second.get();
    }
    if (own == nullptr) {
      done(absl::OkStatus());
      return;
    }
    auto last = [this, registry = seen["registry"],
                 done = std::move(done)](const absl::Status& reached) mutable {
      // Rather no answer than one that leaves out what its caller has seen.
      if (HasReason(reached, Reason::REVISION_NOT_REACHED)) {
        done(reached);
        return;
      }
      if (registry_.load() != nullptr || registry.log_id != upstreams_.mirror().cursor().log_id) {
        done(absl::OkStatus());
        return;
      }
      auto once = std::make_shared<Once>(std::move(done));
      upstreams_.mirror().WaitFor(registry, [once] { once->Run(absl::OkStatus()); });
      timer_.After(kCatchUpMost, [once] { once->Run(absl::OkStatus()); });
    };
    const store::Cursor wanted = seen[own->service()];
    if (wanted.log_id.empty() || wanted.log_id != own->position().log_id) {
      last(absl::OkStatus());
    } else {
      own->WaitFor(wanted, latest, std::move(last));
    }
  }

  // The registry of this process where others write to its log too: its tree may lag behind what
  // they have acknowledged. Null otherwise.
  Machine* SharedRegistry() const {
    auto found = machines_.find("registry");
    if (found == machines_.end() || !found->second->store().shared()) return nullptr;
    return found->second.get();
  }

  absl::optional<store::Cursor> RegistryPosition(absl::Time deadline) {
    if (Machine* registry = SharedRegistry()) {
      const absl::StatusOr<store::Cursor> end = registry->store().CatchUp();
      return end.ok() ? absl::make_optional(*end) : absl::nullopt;
    }
    if (const Machine* registry = registry_.load()) return registry->position();
    registry::v1::ListLevelsResponse now;
    absl::Status status = peers_.at("registry")
                              ->Call(kListLevels, registry::v1::ListLevelsRequest(), &now,
                                     std::min(deadline, options_.clock->Now() + kCatchUpMost));
    if (!status.ok()) return absl::nullopt;
    return store::FromProto(now.cursor());
  }

  // ------------------------------------------------------------------------------ status

  // How this process is doing.
  void Describe(internal::v1::GetProcessResponse* reply) {
    std::string process;
    for (const auto& [service, machine] : machines_) {
      absl::StrAppend(&process, process.empty() ? "" : ",", service);
      gateway::v1::ServiceStatus* row = reply->add_services();
      row->set_service(service);
      row->set_serving(true);
      *row->mutable_cursor() = store::ToProto(machine->position());
      row->set_units(Tree()->count());
      for (const auto& [upstream, channel] : peers_) {
        // Everybody learns from the registry, and scoring from the others too.
        if (upstream == "registry" || service == "scoring") upstreams_.Describe(upstream, row);
      }
    }
    absl::MutexLock lock(&mu_);
    if (serving_ == nullptr) return;
    for (const auto& [method, counts] : serving_->counts()) {
      *reply->add_methods() = ToMetrics(process, method, counts);
    }
  }

  SuiteOptions options_;
  const SystemClock system_clock_;
  Executor executor_{kExecutorThreads};
  Timer timer_;
  std::unique_ptr<access::IdentitySigner> signer_;
  absl::optional<Seal> eligibility_seal_;  // Of scoring, for the registry.
  std::map<std::string, std::shared_ptr<rpc::Channel>> peers_;
  Upstreams upstreams_;
  std::map<std::string, std::unique_ptr<Machine>> machines_;
  std::atomic<const Machine*> registry_ = nullptr;  // Of machines_, when it runs here.
  std::string admin_token_;
  std::unique_ptr<gateway::TokenAuthenticator> tokens_;
  std::vector<std::unique_ptr<rpc::Methods>> methods_;
  std::unique_ptr<inspections::InspectionsService> inspections_;
  std::unique_ptr<scoring::ScoringService> scoring_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<Processes> processes_;
  absl::Mutex mu_;
  const rpc::Server* serving_ ABSL_GUARDED_BY(mu_) = nullptr;  // server_, while it serves.
};

}  // namespace

absl::StatusOr<std::unique_ptr<Suite>> Suite::Start(SuiteOptions options) {
  auto suite = std::make_unique<SuiteImpl>(std::move(options));
  TERRACE_RETURN_IF_ERROR(suite->Init());
  return std::unique_ptr<Suite>(std::move(suite));
}

}  // namespace terrace
