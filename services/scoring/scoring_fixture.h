// A scoring service on a memory store, called by its table of methods and fed by hand, with a clock
// and a tree that tests set. It lives in 2016.
//
//   province - county (the issuing office) - a, b (townships) - a1, a2, a3 below a, b1 below b
#ifndef TERRACE_SERVICES_SCORING_SCORING_FIXTURE_H_
#define TERRACE_SERVICES_SCORING_SCORING_FIXTURE_H_

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/access/identity.h"
#include "common/base/error.h"
#include "common/base/executor.h"
#include "common/machine/machine.h"
#include "common/resource/names.h"
#include "common/rpc/methods.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/scoring/scoring_service.h"
#include "services/scoring/scoring_state.h"
#include "services/scoring/test_schemes.h"
#include "services/scoring/test_world.h"
#include "terrace/scoring/v1/scoreboard.pb.h"

namespace terrace::scoring {

// A caller that holds one role at one unit, along the territorial line; "" is the whole realm.
inline access::Identity Who(const std::string& unit, access::Role role) {
  access::Identity identity;
  identity.subject = absl::StrCat("tokens/", unit);
  access::Grant grant;
  grant.unit = unit;
  grant.role = role;
  identity.grants.push_back(grant);
  return identity;
}
inline access::Identity Officer(const std::string& unit) {
  return Who(unit, options::v1::ROLE_OFFICER);
}
inline access::Identity Viewer(const std::string& unit) {
  return Who(unit, options::v1::ROLE_VIEWER);
}

// What the registry would open seals with.
inline Seal TestSeal() { return Seal("a secret of tests", "eligibility"); }

// Reads a server stream message by message.
template <class Resp>
class StreamReader {
 public:
  StreamReader(rpc::Call call, std::unique_ptr<rpc::Source> source)
      : call_(std::move(call)), source_(std::move(source)) {}
  ~StreamReader() {
    if (source_ != nullptr) source_->Cancel();
    if (pending_) done_->WaitForNotification();
  }

  // Asks for the next message without waiting for it.
  void Start() {
    if (pending_) return;
    pending_ = true;
    done_ = std::make_unique<absl::Notification>();
    message_.Clear();
    source_->Next(&message_, [this](absl::StatusOr<bool> result) {
      result_ = std::move(result);
      done_->Notify();
    });
  }
  bool Ready() { return done_->HasBeenNotified(); }
  // False after the last message, or an error.
  absl::StatusOr<bool> Next(Resp* out) {
    Start();
    if (!done_->WaitForNotificationWithTimeout(absl::Seconds(20))) {
      return absl::DeadlineExceededError("no message comes");
    }
    pending_ = false;
    *out = message_;
    return result_;
  }

  rpc::Call& call() { return call_; }
  void set_source(std::unique_ptr<rpc::Source> source) { source_ = std::move(source); }

 private:
  rpc::Call call_;
  std::unique_ptr<rpc::Source> source_;
  Resp message_;
  absl::StatusOr<bool> result_ = false;
  std::unique_ptr<absl::Notification> done_;
  bool pending_ = false;
};

class ScoringTest : public ::testing::Test, public Teller {
 protected:
  static constexpr char kService[] = "terrace.scoring.v1.Scoreboard";
  static constexpr char kScheme[] = "units/county/schemes/quality";

  explicit ScoringTest(bool complete = true) : clock_(At("2016-06-01 09:00")) {
    Open();
    AddTreeUnit("province", "", "province");
    AddTreeUnit("county", "province", "county");
    for (const char* id : {"a", "b"}) AddTreeUnit(id, "county", "township");
    for (const char* id : {"a1", "a2", "a3"}) AddTreeUnit(id, "a", "village");
    AddTreeUnit("b1", "b", "village");
    if (complete) CompleteFeeds();
  }
  ~ScoringTest() override {
    service_.reset();
    machine_.reset();
  }

  // In the tree of the adapter and in the registry's feed.
  void AddTreeUnit(const std::string& id, const std::string& parent, const std::string& level) {
    tree::UnitRecord unit;
    unit.id = id;
    unit.territory_parent = parent;
    unit.level = level;
    unit.kind = "area";
    unit.name = absl::StrCat("Unit ", id);
    ASSERT_TRUE(builder_.Upsert(unit).ok());
    tree_.Set(builder_.Publish());
    AddUnit(id, parent, level);
  }
  void CompleteFeeds() {
    registry::v1::WatchUnitsResponse units;
    units.set_kind(registry::v1::WATCH_MESSAGE_KIND_SNAPSHOT_END);
    Deliver(std::move(units));
    measures::v1::WatchMeasuresResponse measures;
    measures.set_kind(measures::v1::WatchMeasuresResponse::KIND_SNAPSHOT_END);
    Deliver(std::move(measures));
    inspections::v1::WatchInspectionsResponse inspections;
    inspections.set_kind(inspections::v1::WatchInspectionsResponse::KIND_SNAPSHOT_END);
    Deliver(std::move(inspections));
  }

  void Deliver(registry::v1::WatchUnitsResponse message) override {
    message.mutable_cursor()->set_log_id("registry-log");
    message.mutable_cursor()->set_revision(++registry_revision_);
    *message.mutable_commit_time() = ToProto(clock_.Now());
    service_->boards()->OnRegistry(message);
  }
  void Deliver(measures::v1::WatchMeasuresResponse message) override {
    message.mutable_cursor()->set_log_id("measures-log");
    message.mutable_cursor()->set_revision(++measures_revision_);
    *message.mutable_log_time() = ToProto(clock_.Now());
    service_->boards()->OnMeasures(message);
  }
  void Deliver(inspections::v1::WatchInspectionsResponse message) override {
    message.mutable_cursor()->set_log_id("inspections-log");
    message.mutable_cursor()->set_revision(++inspections_revision_);
    *message.mutable_commit_time() = ToProto(clock_.Now());
    service_->boards()->OnInspections(message);
  }

  void Open() {
    store::StoreOptions store_options;
    store_options.url = "memory:";
    store_options.keyspace = "scoring";
    store_options.clock = &clock_;
    auto store = store::OpenStore(store_options);
    ASSERT_TRUE(store.ok()) << store.status();
    OpenOn(*std::move(store));
  }
  void OpenOn(std::unique_ptr<store::Store> store) {
    machine::MachineOptions options;
    options.service = "scoring";
    options.store = std::move(store);
    options.make_state = [] { return std::make_unique<ScoringState>(); };
    options.tree = [this] { return tree_.Get(); };
    options.clock = &clock_;
    options.executor = &executor_;
    auto machine = machine::Machine::Start(std::move(options));
    ASSERT_TRUE(machine.ok()) << machine.status();
    machine_ = *std::move(machine);
    service_ = std::make_unique<ScoringService>(
        ScoringServiceOptions{machine_.get(),
                              [this] { return tree_.Get(); },
                              {},
                              [this](StaleInputs* stale) {
                                if (stale_) stale->Add()->set_service("measures");
                              },
                              TestSeal()});
  }

  rpc::Call CallOf(const std::string& method, access::Identity identity) {
    rpc::Call call;
    call.identity = std::move(identity);
    call.method = absl::StrCat("/", kService, "/", method);
    call.received = clock_.Now() + ahead_;
    call.tree = tree_.Get();
    call.seen = seen_;
    return call;
  }

  // Calls a unary method; min_revision is waited for as the server does. Access rules are the
  // server's and are not checked here.
  template <class Resp, class Req>
  absl::StatusOr<Resp> Do(const std::string& method, const access::Identity& identity,
                          const Req& request) {
    rpc::Call call = CallOf(method, identity);
    const rpc::Method* entry = service_->methods().Find(method);
    TERRACE_CHECK(entry != nullptr && entry->unary != nullptr);
    absl::Status status;
    absl::Notification waited;
    service_->methods().Wait(request, clock_.Now() + absl::Milliseconds(300),
                             [&](absl::Status result) {
                               status = std::move(result);
                               waited.Notify();
                             });
    waited.WaitForNotification();
    if (!status.ok()) return status;
    Resp reply;
    absl::Notification done;
    entry->unary(call, request, &reply, [&](absl::Status result) {
      status = std::move(result);
      done.Notify();
    });
    done.WaitForNotification();
    if (!status.ok()) return status;
    return reply;
  }

  template <class Resp, class Req>
  absl::StatusOr<std::unique_ptr<StreamReader<Resp>>> Stream(const std::string& method,
                                                             const access::Identity& identity,
                                                             const Req& request) {
    auto reader = std::make_unique<StreamReader<Resp>>(CallOf(method, identity), nullptr);
    auto source = service_->methods().Find(method)->source(reader->call(), request);
    if (!source.ok()) return source.status();
    reader->set_source(*std::move(source));
    return reader;
  }

  absl::StatusOr<v1::ImportStatisticsResponse> Import(const std::string& office,
                                                      const std::string& definition,
                                                      const std::vector<v1::StatisticRow>& rows) {
    v1::ImportStatisticsRequest message;
    message.set_acting_office(UnitNamed(office));
    message.set_definition(definition);
    for (const v1::StatisticRow& row : rows) *message.add_rows() = row;
    rpc::Call call = CallOf("ImportStatistics", Officer(office));
    auto receiver = service_->methods().Find("ImportStatistics")->receiver(call);
    absl::Status status;
    absl::Notification taken;
    receiver->OnMessage(message, nullptr, [&](absl::Status result) {
      status = std::move(result);
      taken.Notify();
    });
    taken.WaitForNotification();
    if (!status.ok()) return status;
    v1::ImportStatisticsResponse reply;
    absl::Notification done;
    receiver->OnEnd(&reply, [&](absl::Status result) {
      status = std::move(result);
      done.Notify();
    });
    done.WaitForNotification();
    if (!status.ok()) return status;
    return reply;
  }

  // ---- What most tests begin with.

  void Define(const std::string& name, v1::StatisticKind kind, int64_t minimum_n = 0) {
    v1::CreateStatisticDefinitionRequest request;
    request.set_parent(std::string(resource::ParentName(name)));
    request.set_statistic_definition_id(std::string(resource::LastSegment(name)));
    request.mutable_statistic_definition()->set_display_name(name);
    request.mutable_statistic_definition()->set_kind(kind);
    request.mutable_statistic_definition()->set_periodicity(v1::PERIODICITY_YEAR);
    request.mutable_statistic_definition()->set_minimum_n(minimum_n);
    auto reply =
        Do<v1::StatisticDefinition>("CreateStatisticDefinition", Officer("county"), request);
    ASSERT_TRUE(reply.ok()) << reply.status();
  }
  void DefineAll() {
    Define(kIncome, v1::STATISTIC_KIND_FIGURE);
    Define(kPeople, v1::STATISTIC_KIND_FIGURE);
    Define(kRating, v1::STATISTIC_KIND_RATING);
  }
  absl::StatusOr<v1::Scheme> Create(const v1::Scheme& scheme, const std::string& version) {
    v1::CreateSchemeRequest request;
    request.set_parent("units/county");
    request.set_scheme_id("quality");
    request.set_version(version);
    *request.mutable_scheme() = scheme;
    return Do<v1::Scheme>("CreateScheme", Officer("county"), request);
  }
  absl::StatusOr<v1::Scheme> PublishVersion(const std::string& version,
                                            const std::string& supersedes = "") {
    v1::PublishSchemeRequest request;
    request.set_name(absl::StrCat(kScheme, "@", version));
    if (!supersedes.empty()) request.set_supersedes(absl::StrCat(kScheme, "@", supersedes));
    return Do<v1::Scheme>("PublishScheme", Officer("county"), request);
  }
  // Publishes TestScheme as version 1.
  void Start(void (*change)(v1::Scheme&) = nullptr) {
    DefineAll();
    v1::Scheme scheme = TestScheme();
    if (change != nullptr) change(scheme);
    auto created = Create(scheme, "1");
    ASSERT_TRUE(created.ok()) << created.status();
    auto published = PublishVersion("1");
    ASSERT_TRUE(published.ok()) << published.status();
  }

  static std::string ScoreOf(const std::string& unit, const std::string& period = "2016") {
    return absl::StrCat("units/", unit, "/scores/county~quality~", period);
  }
  absl::StatusOr<v1::Score> Get(const std::string& unit,
                                const access::Identity& who = Viewer("county"),
                                const std::string& at = "") {
    v1::GetScoreRequest request;
    request.set_name(ScoreOf(unit));
    if (!at.empty()) *request.mutable_at_time() = ToProto(At(at));
    return Do<v1::Score>("GetScore", who, request);
  }
  std::string Value(const std::string& unit, const std::string& at = "") {
    absl::StatusOr<v1::Score> score = Get(unit, Viewer("county"), at);
    EXPECT_TRUE(score.ok()) << score.status();
    if (!score.ok()) return "";
    return score->has_value() ? score->value().value() : v1::Assessment_Name(score->assessment());
  }
  // A submitted visit of May with so many occurrences.
  void Inspect(const std::string& unit, int occurrences, const std::string& id = "v1",
               const std::string& day = "2016-05-20") {
    Visit(unit, id, day + " 09:00", day + " 11:00");
    Observe(absl::StrCat(unit, "/visits/", id), "d-1",
            absl::StrCat("number { value: '", occurrences, "' }"), "clean", day + " 09:10");
  }

  ManualClock clock_;
  absl::Duration ahead_;  // By how much the clock of the service is ahead of the store's.
  std::atomic<bool> stale_ = false;  // An input of scores is not heard of.
  rpc::Positions seen_;              // By whoever calls.
  Executor executor_{2};
  tree::TreeBuilder builder_;
  tree::TreeHolder tree_;
  std::unique_ptr<machine::Machine> machine_;
  std::unique_ptr<ScoringService> service_;
  int64_t registry_revision_ = 0;
  int64_t measures_revision_ = 0;
  int64_t inspections_revision_ = 0;
};

// Whether a call failed for that reason.
template <class T>
bool Refused(const absl::StatusOr<T>& result, Reason reason) {
  return !result.ok() && HasReason(result.status(), reason);
}

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCORING_FIXTURE_H_
