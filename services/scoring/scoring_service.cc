#include "services/scoring/scoring_service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/resource/filter.h"
#include "common/resource/names.h"
#include "common/resource/page_token.h"
#include "common/rpc/positions.h"
#include "services/scoring/publications/publisher.h"
#include "services/scoring/scoring_state.h"
#include "services/scoring/state_common.h"
#include "services/scoring/statistics/import_statistics.h"
#include "terrace/scoring/v1/scoreboard.pb.h"

namespace terrace::scoring {
namespace {

using machine::Machine;
using rpc::Call;
using rpc::Message;
using rpc::StatusDone;

// Rows that a list of statistics looks at under one hold of the lock, and for one page.
constexpr int kRowsPerHold = 500;
constexpr int kRowsPerPage = 20'000;

// What the answer must include: what the request says, and what the page before it knew, whichever
// of the logs its token speaks of.
types::v1::RevisionVector LeastOf(const Message& request, const types::v1::RevisionVector& now) {
  rpc::Positions least;
  const auto* field = request.GetDescriptor()->FindFieldByName("min_revision");
  if (field != nullptr && field->message_type() == types::v1::RevisionVector::descriptor()) {
    least = rpc::ToPositions(static_cast<const types::v1::RevisionVector&>(
        request.GetReflection()->GetMessage(request, field)));
  }
  if (const absl::optional<resource::PagePosition> page = rpc::PagePositionOf(request)) {
    for (const auto& [service, cursor] : rpc::ToPositions(now)) {
      if (cursor.log_id != page->log_id) continue;
      int64_t& revision = least[service].revision.value;
      revision = std::max(revision, page->least_revision);
    }
  }
  return rpc::ToVector(least);
}

// One page of ListStatistics.
class StatisticPage {
 public:
  StatisticPage(Machine* machine, Call& call, const v1::ListStatisticsRequest& request,
                v1::ListStatisticsResponse* reply)
      : machine_(machine), call_(call), request_(request), reply_(reply) {}

  absl::Status Run() {
    TERRACE_ASSIGN_OR_RETURN(const absl::string_view top,
                             resource::ParseUnitName(request_.subtree()));
    const absl::optional<tree::UnitNumber> number = call_.tree->Number(top);
    if (!number) return NotFound(request_.subtree());
    top_ = *number;
    TERRACE_ASSIGN_OR_RETURN(size_, resource::CoercePageSize(request_.page_size()));
    TERRACE_ASSIGN_OR_RETURN(
        filter_, resource::Filter::Parse(request_.filter(), v1::Statistic::descriptor()));
    if (request_.has_at_time()) at_ = FromProto(request_.at_time());
    const uint64_t hash = resource::ListHash(
        {"ListStatistics", request_.subtree(), absl::StrCat(request_.line()), request_.definition(),
         request_.filter(), request_.at_time().SerializeAsString()});
    TERRACE_ASSIGN_OR_RETURN(
        const resource::PageToken token,
        resource::DecodePageToken(request_.page_token(), hash, machine_->position().log_id));
    // The units of one unit alone stand together; those of a subtree are among all units.
    single_ = call_.tree->SubtreeCount(top_, Line()) == 1;
    last_ = token.last_key;
    for (int seen = 0; !end_ && !full_ && seen < kRowsPerPage; seen += kRowsPerHold) Hold();
    if (!end_) {
      reply_->set_next_page_token(
          resource::EncodePageToken({last_, position_.log_id, position_.revision.value}, hash));
    }
    rpc::StampCursor(machine_->service(), position_, call_, reply_);
    return absl::OkStatus();
  }

 private:
  tree::Line Line() const { return tree::FromProto(request_.line()); }

  void Hold() {
    machine_->Read<ScoringState>([&](const ScoringState& state, const store::Cursor& position) {
      position_ = position;
      int rows = 0;
      end_ = true;
      const std::string prefix =
          single_ ? absl::StrCat(request_.subtree(), kStatisticsInfix) : "units/";
      std::string from = last_;
      state.rows().ForEach(prefix, from, [&](const std::string& key, const machine::Row& row) {
        if (key == last_) return true;
        if (++rows > kRowsPerHold || reply_->statistics_size() == size_) {
          end_ = false;
          full_ = reply_->statistics_size() == size_;
          return false;
        }
        last_ = key;
        Take(state, key, row);
        return true;
      });
    });
  }

  void Take(const ScoringState& state, const std::string& key, const machine::Row& row) {
    if (!absl::StrContains(key, kStatisticsInfix)) return;
    const absl::optional<tree::UnitNumber> unit = call_.tree->Number(resource::OwnerOf(key));
    if (!unit || !call_.tree->IsUnder(*unit, top_, Line())) return;
    if (!access::MaySee(call_.identity, *call_.tree, resource::OwnerOf(key), call_.received)) {
      return;
    }
    v1::Statistic statistic = state.Present(
        key, machine::Rows::Parse<storage::v1::StatisticValueRow>(row), row.revision.value);
    if (!request_.definition().empty() && statistic.definition() != request_.definition()) return;
    if (statistic.has_known_time() && FromProto(statistic.known_time()) > at_) return;
    if (filter_.Matches(statistic)) *reply_->add_statistics() = std::move(statistic);
  }

  Machine* const machine_;
  Call& call_;
  const v1::ListStatisticsRequest& request_;
  v1::ListStatisticsResponse* const reply_;
  tree::UnitNumber top_ = tree::kNoUnit;
  int size_ = 0;
  resource::Filter filter_;
  absl::Time at_ = absl::InfiniteFuture();
  bool single_ = false;
  std::string last_;
  bool end_ = false;
  bool full_ = false;
  store::Cursor position_;
};

}  // namespace

ScoringService::ScoringService(ScoringServiceOptions options)
    : machine_(options.machine),
      tree_(std::move(options.tree)),
      stale_inputs_(std::move(options.stale_inputs)),
      eligibility_seal_(std::move(options.eligibility_seal)),
      boards_(
          std::make_shared<Scoreboards>(&machine_->clock(), &machine_->executor(), options.feeds)),
      publisher_(std::make_shared<Publisher>(machine_, boards_, tree_, stale_inputs_)),
      methods_("terrace.scoring.v1.Scoreboard", machine_) {
  // What the log brings from here on is heard; what it holds already is loaded, and batches that
  // are in both change nothing.
  const auto load = [boards = boards_, machine = machine_] {
    machine->Read<ScoringState>([&](const ScoringState& state, const store::Cursor& position) {
      boards->Load(state.rows(), position, state.present());
      state.ConnectTicks([boards] { return boards->NextTick(); });
      state.ConnectEnrolment(
          [boards](absl::string_view programme, absl::string_view unit, absl::Time at) {
            return boards->Enrolled(programme, unit, at);
          });
    });
  };
  machine_->Listen([boards = boards_, machine = machine_, load](const store::CommittedPtr& batch) {
    if (batch == nullptr) {
      load();
      return;
    }
    const absl::Time present = machine->Read<machine::State>(
        [](const machine::State& state, const store::Cursor&) { return state.present(); });
    boards->OnBatch(*batch, present);
  });
  load();
  methods_.set_wait(
      [boards = boards_](const Message& request, absl::Time deadline, StatusDone done) {
        boards->WaitFor(LeastOf(request, boards->vector()), deadline, std::move(done));
      });
  AddCommands();
  AddStateReads();
  AddCampaigns();
  AddSheets();
  AddScores();
  AddStreams();
  AddPublications();
  methods_.Complete();
  publisher_->Start();
}

ScoringService::~ScoringService() {
  publisher_->Stop();
  machine_->Read<ScoringState>([](const ScoringState& state, const store::Cursor&) {
    state.ConnectTicks(nullptr);
    state.ConnectEnrolment(nullptr);
  });
}

void ScoringService::AddCommands() {
  AddCommand<v1::CreateSchemeRequest, v1::Scheme>(
      "CreateScheme", &ScoringState::CreateScheme, [](const v1::CreateSchemeRequest& request) {
        return absl::StrCat(request.parent(), kSchemesInfix, request.scheme_id());
      });
  AddCommand<v1::UpdateSchemeRequest, v1::Scheme>(
      "UpdateScheme", &ScoringState::UpdateScheme, [](const v1::UpdateSchemeRequest& request) {
        return request.scheme().name().substr(0, request.scheme().name().find('@'));
      });
  AddCommand<v1::PublishSchemeRequest, v1::Scheme>(
      "PublishScheme", &ScoringState::PublishScheme, [](const v1::PublishSchemeRequest& request) {
        return request.name().substr(0, request.name().find('@'));
      });
  AddCommand<v1::CloneSchemeRequest, v1::Scheme>(
      "CloneScheme", &ScoringState::CloneScheme, [](const v1::CloneSchemeRequest& request) {
        return absl::StrCat(request.parent(), kSchemesInfix, request.scheme_id());
      });
  AddCommand<v1::CreateStatisticDefinitionRequest, v1::StatisticDefinition>(
      "CreateStatisticDefinition", &ScoringState::CreateStatisticDefinition,
      [](const v1::CreateStatisticDefinitionRequest& request) {
        return absl::StrCat(request.parent(), kDefinitionsInfix, request.statistic_definition_id());
      });
  AddCommand<v1::UpdateStatisticDefinitionRequest, v1::StatisticDefinition>(
      "UpdateStatisticDefinition", &ScoringState::UpdateStatisticDefinition,
      [](const v1::UpdateStatisticDefinitionRequest& request) {
        return request.statistic_definition().name();
      });
  Machine* machine = machine_;
  methods_.Receive<v1::ImportStatisticsRequest, v1::ImportStatisticsResponse>(
      "ImportStatistics", [machine](Call& call) { return MakeStatisticsImport(machine, call); });
}

void ScoringService::AddStateReads() {
  Machine* machine = machine_;
  methods_.StateRead<ScoringState, v1::GetSchemeRequest, v1::Scheme>(
      "GetScheme", [](const ScoringState& state, Call& call, const v1::GetSchemeRequest& request,
                      v1::Scheme* reply) {
        return state.GetScheme(call.identity, *call.tree, call.received, request, reply);
      });
  methods_.StateRead<ScoringState, v1::ListSchemesRequest, v1::ListSchemesResponse>(
      "ListSchemes",
      [machine](const ScoringState& state, Call& call, const v1::ListSchemesRequest& request,
                v1::ListSchemesResponse* reply) {
        const store::Cursor at = machine->position_locked();
        return state.ListSchemes(call.identity, *call.tree, call.received, request, at.log_id,
                                 at.revision.value, reply);
      });
  methods_.StateRead<ScoringState, v1::ValidateSchemeRequest, v1::ValidateSchemeResponse>(
      "ValidateScheme",
      [](const ScoringState& state, Call& call, const v1::ValidateSchemeRequest& request,
         v1::ValidateSchemeResponse* reply) {
        return state.ValidateScheme(call.identity, *call.tree, call.received, request, reply);
      });
  methods_.StateRead<ScoringState, v1::DiffSchemesRequest, v1::DiffSchemesResponse>(
      "DiffSchemes", [](const ScoringState& state, Call& call,
                        const v1::DiffSchemesRequest& request, v1::DiffSchemesResponse* reply) {
        return state.DiffSchemes(call.identity, *call.tree, call.received, request, reply);
      });
  methods_.StateRead<ScoringState, v1::GetStatisticDefinitionRequest, v1::StatisticDefinition>(
      "GetStatisticDefinition",
      [](const ScoringState& state, Call&, const v1::GetStatisticDefinitionRequest& request,
         v1::StatisticDefinition* reply) { return state.GetStatisticDefinition(request, reply); });
  methods_.StateRead<ScoringState, v1::ListStatisticDefinitionsRequest,
                     v1::ListStatisticDefinitionsResponse>(
      "ListStatisticDefinitions", [machine](const ScoringState& state, Call&,
                                            const v1::ListStatisticDefinitionsRequest& request,
                                            v1::ListStatisticDefinitionsResponse* reply) {
        const store::Cursor at = machine->position_locked();
        return state.ListStatisticDefinitions(request, at.log_id, at.revision.value, reply);
      });
  methods_.SlowRead<v1::ListStatisticsRequest, v1::ListStatisticsResponse>(
      "ListStatistics", [machine](Call& call, const v1::ListStatisticsRequest& request,
                                  v1::ListStatisticsResponse* reply) {
        return StatisticPage(machine, call, request, reply).Run();
      });
}

}  // namespace terrace::scoring
