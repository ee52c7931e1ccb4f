#include "services/scoring/publications/verify_publication.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "services/scoring/publications/result_snapshot.h"
#include "services/scoring/schemes/compile.h"
#include "services/scoring/scores/present.h"
#include "services/scoring/scoring_state.h"

namespace terrace::scoring {
namespace {

using storage::v1::PublicationRow;

// Stored results that are read under one hold of the lock.
constexpr int kRowsPerHold = 500;

// What of a result is compared.
struct Outcome {
  v1::Assessment assessment = v1::ASSESSMENT_UNSPECIFIED;
  bool disqualified = false;
  std::string grade;
  absl::optional<std::string> exact_value;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome OutcomeOf(const std::string& row) {
  storage::v1::StoredResult stored;
  TERRACE_CHECK(stored.ParseFromString(row));
  const v1::Result& result = stored.result();
  Outcome outcome{result.assessment(), result.disqualified(), result.grade(), absl::nullopt};
  if (result.has_exact_value()) outcome.exact_value = result.exact_value().value();
  return outcome;
}

class Verification : public std::enable_shared_from_this<Verification> {
 public:
  Verification(ReadContext context, rpc::Call& call, const v1::VerifyPublicationRequest& request,
               v1::VerifyPublicationResponse* reply, rpc::StatusDone done)
      : context_(std::move(context)),
        call_(call),
        name_(request.name()),
        reply_(reply),
        done_(std::move(done)) {}

  // On the executor.
  void Start() {
    if (absl::Status status = ReadStored(); !status.ok()) {
      done_(std::move(status));
      return;
    }
    SnapshotRequest snapshot;
    snapshot.board.scheme = *ParseScheme(publication_.scheme());
    snapshot.board.period = *calendar::Period::Parse(publication_.period());
    snapshot.board.at = FromProto(publication_.at_time());
    snapshot.names = call_.tree;
    snapshot.deadline = call_.deadline;
    snapshot.stopped = [] { return false; };
    TakeSnapshot(context_.boards, &context_.machine->executor(), std::move(snapshot),
                 [self = shared_from_this()](absl::StatusOr<ResultSnapshot> taken) {
                   if (taken.ok()) self->Compare(*taken);
                   self->done_(taken.status());
                 });
  }

 private:
  absl::Status ReadStored() {
    ResultTree tree;
    absl::Status status;
    std::vector<std::string> keys;
    context_.machine->Read<ScoringState>([&](const ScoringState& state, const store::Cursor&) {
      const auto row = state.rows().Get<PublicationRow>(name_);
      if (!row || !IsAnnounced(row->publication().state())) {
        status = NotFound(name_);
        return;
      }
      publication_ = row->publication();
      const auto version = state.rows().Get<storage::v1::SchemeRow>(publication_.scheme());
      TERRACE_CHECK(version.has_value());
      scheme_ = version->scheme();
      scheme_.set_name(publication_.scheme());
      for (const std::string& unit : state.publications().ResultsOf(name_)) {
        keys.push_back(ResultName(unit, name_));
      }
    });
    TERRACE_RETURN_IF_ERROR(status);
    std::sort(keys.begin(), keys.end());
    for (size_t next = 0; next < keys.size();) {
      context_.machine->Read<ScoringState>([&](const ScoringState& state, const store::Cursor&) {
        for (int i = 0; i < kRowsPerHold && next < keys.size(); ++i, ++next) {
          const machine::Row* row = state.rows().Find(keys[next]);
          if (row == nullptr) continue;  // Then the root will tell.
          tree.Add(row->value);
          stored_.emplace(resource::OwnerOf(keys[next]), OutcomeOf(row->value));
        }
      });
    }
    reply_->set_computed_root(tree.Root());
    reply_->set_root_matches(tree.Root() == publication_.root());
    return absl::OkStatus();
  }

  void Compare(const ResultSnapshot& snapshot) {
    absl::btree_map<std::string, Outcome> now;
    for (const UnitResult& result : snapshot.results) {
      now.emplace(result.unit, OutcomeOf(result.row));
    }
    const std::shared_ptr<const CompiledScheme> compiled = Compile(scheme_);
    const Audience audience(call_.identity, *call_.tree, *compiled, call_.received);
    for (const auto& [unit, outcome] : stored_) {
      auto it = now.find(unit);
      Note(unit, &outcome, it == now.end() ? nullptr : &it->second, audience);
    }
    for (const auto& [unit, outcome] : now) {
      if (!stored_.contains(unit)) Note(unit, nullptr, &outcome, audience);
    }
    reply_->set_recomputed_count(static_cast<int64_t>(now.size()));
    *reply_->mutable_vector() = snapshot.vector;
    call_.position = rpc::FormatPositions(rpc::ToPositions(snapshot.vector));
  }

  void Note(const std::string& unit, const Outcome* published, const Outcome* recomputed,
            const Audience& audience) {
    if (published != nullptr && recomputed != nullptr && *published == *recomputed) return;
    reply_->set_differing_count(reply_->differing_count() + 1);
    if (reply_->differences_size() == kDifferencesMax || !audience.MaySee(unit) ||
        (publication_.disclosure() != v1::DISCLOSURE_RANKS &&
         !access::MaySee(call_.identity, *call_.tree, unit, call_.received))) {
      return;
    }
    v1::ResultDifference* difference = reply_->add_differences();
    difference->set_unit(resource::UnitName(unit));
    if (published != nullptr && published->exact_value) {
      difference->mutable_published()->set_value(*published->exact_value);
    }
    if (recomputed != nullptr && recomputed->exact_value) {
      difference->mutable_recomputed()->set_value(*recomputed->exact_value);
    }
  }

  const ReadContext context_;
  rpc::Call& call_;
  const std::string name_;
  v1::VerifyPublicationResponse* const reply_;
  rpc::StatusDone done_;
  v1::Publication publication_;
  v1::Scheme scheme_;
  absl::btree_map<std::string, Outcome> stored_;  // By unit.
};

}  // namespace

void VerifyPublication(const ReadContext& context, rpc::Call& call,
                       const v1::VerifyPublicationRequest& request,
                       v1::VerifyPublicationResponse* reply, rpc::StatusDone done) {
  if (absl::Status status = resource::ParseName(request.name(), kPublicationPattern).status();
      !status.ok()) {
    done(std::move(status));
    return;
  }
  auto run = std::make_shared<Verification>(context, call, request, reply, std::move(done));
  context.machine->executor().Post([run] { run->Start(); });
}

}  // namespace terrace::scoring
