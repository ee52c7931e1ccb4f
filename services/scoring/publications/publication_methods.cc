// The methods about publications, results and appeals.
//
// Disclosure. The unit itself and the offices above it see all of a result. Others see in lists
// what the publication discloses, and filters see no more than the caller does. Nothing is seen of
// a publication that is not announced.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/resource/filter.h"
#include "common/resource/names.h"
#include "common/resource/page_token.h"
#include "common/rpc/operations.h"
#include "services/scoring/publications/publisher.h"
#include "services/scoring/publications/verify_publication.h"
#include "services/scoring/scoring_service.h"
#include "services/scoring/scoring_state.h"
#include "services/scoring/state_common.h"

namespace terrace::scoring {
namespace {

using machine::Machine;
using rpc::Call;
using rpc::StatusDone;
using Keys = std::vector<std::string>;  // That commands queue on.
using storage::v1::PublicationRow;

// Rows that a list looks at under one hold of the lock, and for one page.
constexpr int kRowsPerHold = 500;
constexpr int kRowsPerPage = 20'000;

// Units of a subtree, which is the same for all rows of a list.
class Below {
 public:
  explicit Below(const tree::Tree& tree) : tree_(tree) {}

  absl::Status Set(const std::string& subtree) {
    TERRACE_ASSIGN_OR_RETURN(const absl::string_view top, resource::ParseUnitName(subtree));
    top_ = tree_.Number(top);
    return top_ ? absl::OkStatus() : NotFound(subtree);
  }
  bool Holds(absl::string_view unit) const {
    const absl::optional<tree::UnitNumber> number = tree_.Number(unit);
    if (!top_ || !number) return !top_;
    return std::any_of(std::begin(tree::kBothLines), std::end(tree::kBothLines),
                       [&](tree::Line line) { return tree_.IsUnder(*number, *top_, line); });
  }

 private:
  const tree::Tree& tree_;
  absl::optional<tree::UnitNumber> top_;  // Unset for everything.
};

// One page of a list over an index of names that spans units.
class IndexPage {
 public:
  using IndexFn = std::function<const PublicationIndex::Names&(const ScoringState&)>;
  // Adds what the caller is to see of an entry; tells whether it added anything.
  using TakeFn = std::function<bool(const ScoringState&, const std::string& entry)>;

  template <class Req, class Resp>
  static absl::Status Run(Machine* machine, Call& call, const Req& request, uint64_t hash,
                          const IndexFn& index, const TakeFn& take, Resp* reply) {
    TERRACE_ASSIGN_OR_RETURN(const int size, resource::CoercePageSize(request.page_size()));
    TERRACE_ASSIGN_OR_RETURN(
        resource::PageToken token,
        resource::DecodePageToken(request.page_token(), hash, machine->position().log_id));
    std::string last = std::move(token.last_key);
    int taken = 0;
    bool end = false;
    bool full = false;
    store::Cursor position;
    for (int seen = 0; !end && !full && seen < kRowsPerPage; seen += kRowsPerHold) {
      machine->Read<ScoringState>([&](const ScoringState& state, const store::Cursor& now) {
        position = now;
        const PublicationIndex::Names& entries = index(state);
        auto it = entries.upper_bound(last);
        for (int rows = 0; it != entries.end() && rows < kRowsPerHold; ++it, ++rows) {
          full = taken == size;
          if (full) return;
          last = *it;
          taken += take(state, *it) ? 1 : 0;
        }
        end = it == entries.end();
      });
    }
    if (!end) {
      reply->set_next_page_token(
          resource::EncodePageToken({last, position.log_id, position.revision.value}, hash));
    }
    rpc::StampCursor(machine->service(), position, call, reply);
    return absl::OkStatus();
  }
};

// Leaves of a result what others are shown. False for nothing.
bool Disclose(v1::Disclosure disclosure, v1::Result* result) {
  result->clear_coverage();
  result->clear_disqualified();
  switch (disclosure) {
    case v1::DISCLOSURE_RANKS:
      return true;
    case v1::DISCLOSURE_GRADES:
      result->clear_value();
      result->clear_exact_value();
      result->clear_rank();
      result->clear_ranked_count();
      result->clear_exact_rank();
      result->clear_group_rank();
      result->clear_group_ranked_count();
      result->clear_exact_group_rank();
      return true;
    default:
      return false;
  }
}

absl::Status ListResults(Machine* machine, Call& call, const v1::ListResultsRequest& request,
                         v1::ListResultsResponse* reply) {
  const std::string& name = request.publication();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kPublicationPattern).status());
  TERRACE_ASSIGN_OR_RETURN(const resource::Filter filter,
                           resource::Filter::Parse(request.filter(), v1::Result::descriptor()));
  Below below(*call.tree);
  if (!request.subtree().empty()) TERRACE_RETURN_IF_ERROR(below.Set(request.subtree()));
  // What is announced stays so: one look is enough for the page.
  const absl::optional<v1::Publication> publication = machine->Read<ScoringState>(
      [&](const ScoringState& state, const store::Cursor&) -> absl::optional<v1::Publication> {
        const auto row = state.rows().Get<PublicationRow>(name);
        if (!row || !IsAnnounced(row->publication().state())) return absl::nullopt;
        return PresentPublication(name, *row, 0, 0);
      });
  if (!publication) return NotFound(name);
  auto take = [&](const ScoringState& state, const std::string& unit) {
    if (!below.Holds(unit)) return false;
    const std::string key = ResultName(unit, name);
    v1::Result result =
        PresentResult(key, *publication, *state.rows().Get<storage::v1::StoredResult>(key));
    result.clear_nodes();
    result.clear_vetoes();
    if (!access::MaySee(call.identity, *call.tree, unit, call.received) &&
        !Disclose(publication->disclosure(), &result)) {
      return false;
    }
    if (!filter.Matches(result)) return false;
    *reply->add_results() = std::move(result);
    return true;
  };
  return IndexPage::Run(
      machine, call, request,
      resource::ListHash({"ListResults", name, request.subtree(), request.filter()}),
      [&](const ScoringState& state) -> const PublicationIndex::Names& {
        return state.publications().ResultsOf(name);
      },
      take, reply);
}

absl::Status ListAppeals(Machine* machine, Call& call, const v1::ListAppealsRequest& request,
                         v1::ListAppealsResponse* reply) {
  TERRACE_ASSIGN_OR_RETURN(const resource::Filter filter,
                           resource::Filter::Parse(request.filter(), v1::Appeal::descriptor()));
  Below below(*call.tree);
  TERRACE_RETURN_IF_ERROR(below.Set(request.subtree()));
  auto take = [&](const ScoringState& state, const std::string& name) {
    const absl::string_view unit = resource::OwnerOf(name);
    if (!below.Holds(unit) || !access::MaySee(call.identity, *call.tree, unit, call.received)) {
      return false;
    }
    v1::GetAppealRequest get;
    get.set_name(name);
    v1::Appeal appeal;
    if (!state.GetAppeal(get, &appeal).ok()) return false;
    if (!request.publication().empty() && appeal.publication() != request.publication()) {
      return false;
    }
    if (!filter.Matches(appeal)) return false;
    *reply->add_appeals() = std::move(appeal);
    return true;
  };
  return IndexPage::Run(
      machine, call, request,
      resource::ListHash(
          {"ListAppeals", request.subtree(), request.publication(), request.filter()}),
      [](const ScoringState& state) -> const PublicationIndex::Names& {
        return state.publications().appeals();
      },
      take, reply);
}

}  // namespace

void ScoringService::AddPublications() {
  Machine* machine = machine_;
  methods_.Command<ScoringState, v1::PublishResultsRequest, google::longrunning::Operation>(
      "PublishResults",
      [](const ScoringState& state, const v1::PublishResultsRequest& request,
         machine::Decision& decision, google::longrunning::Operation* reply) {
        internal::v1::OperationRecord record;
        TERRACE_RETURN_IF_ERROR(state.PublishResults(request, decision, &record));
        *reply = rpc::ToOperation(record);
        return absl::OkStatus();
      },
      [](const v1::PublishResultsRequest& request) {
        return Keys{absl::StrCat("publications/",
                                 PeriodKey(request.scheme(), request.publication().period()))};
      });
  methods_.Command<ScoringState, v1::FinalizePublicationRequest, v1::Publication>(
      "FinalizePublication", &ScoringState::FinalizePublication,
      [](const v1::FinalizePublicationRequest& request) { return Keys{request.name()}; });
  methods_.Command<ScoringState, v1::FileAppealRequest, v1::Appeal>(
      "FileAppeal", &ScoringState::FileAppeal,
      [](const v1::FileAppealRequest& request) { return Keys{request.appeal().publication()}; });
  methods_.Command<ScoringState, v1::AdmitAppealRequest, v1::Appeal>(
      "AdmitAppeal", &ScoringState::AdmitAppeal,
      [](const v1::AdmitAppealRequest& request) { return Keys{request.name()}; });
  methods_.Command<ScoringState, v1::DecideAppealRequest, v1::Appeal>(
      "DecideAppeal", &ScoringState::DecideAppeal,
      [](const v1::DecideAppealRequest& request) { return Keys{request.name()}; });

  methods_.StateRead<ScoringState, v1::GetPublicationRequest, v1::Publication>(
      "GetPublication", [](const ScoringState& state, Call& call,
                           const v1::GetPublicationRequest& request, v1::Publication* reply) {
        return state.GetPublication(call.identity, *call.tree, call.received, request, reply);
      });
  methods_.StateRead<ScoringState, v1::ListPublicationsRequest, v1::ListPublicationsResponse>(
      "ListPublications",
      [machine](const ScoringState& state, Call& call, const v1::ListPublicationsRequest& request,
                v1::ListPublicationsResponse* reply) {
        const store::Cursor at = machine->position_locked();
        return state.ListPublications(call.identity, *call.tree, call.received, request, at.log_id,
                                      at.revision.value, reply);
      });
  methods_.StateRead<ScoringState, v1::GetResultRequest, v1::Result>(
      "GetResult", [](const ScoringState& state, Call&, const v1::GetResultRequest& request,
                      v1::Result* reply) { return state.GetResult(request, reply); });
  methods_.SlowRead<v1::ListResultsRequest, v1::ListResultsResponse>(
      "ListResults",
      [machine](Call& call, const v1::ListResultsRequest& request, v1::ListResultsResponse* reply) {
        return ListResults(machine, call, request, reply);
      });
  methods_.StateRead<ScoringState, v1::GetAppealRequest, v1::Appeal>(
      "GetAppeal", [](const ScoringState& state, Call&, const v1::GetAppealRequest& request,
                      v1::Appeal* reply) { return state.GetAppeal(request, reply); });
  methods_.SlowRead<v1::ListAppealsRequest, v1::ListAppealsResponse>(
      "ListAppeals",
      [machine](Call& call, const v1::ListAppealsRequest& request, v1::ListAppealsResponse* reply) {
        return ListAppeals(machine, call, request, reply);
      });
  methods_.Async<v1::VerifyPublicationRequest, v1::VerifyPublicationResponse>(
      "VerifyPublication", [context = ReadContext{boards_, machine_}](
                               Call& call, const v1::VerifyPublicationRequest& request,
                               v1::VerifyPublicationResponse* reply, StatusDone done) {
        VerifyPublication(context, call, request, reply, std::move(done));
      });
}

}  // namespace terrace::scoring
