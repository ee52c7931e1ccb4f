#include "services/scoring/eligibility/check_eligibility.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "services/scoring/eligibility/level_rule.h"
#include "services/scoring/scoring_state.h"

namespace terrace::scoring {
namespace {

using registry::v1::LevelRule;
using registry::v1::Programme;

constexpr size_t kBatchBytesMax = 100;

bool MaySeeProgramme(const rpc::Call& call, const Facts& facts, const Programme& programme) {
  if (call.identity.service || access::MaySee(call.identity, *call.tree,
                                              resource::OwnerOf(programme.name()), call.received)) {
    return true;
  }
  switch (programme.visibility()) {
    case registry::v1::VISIBILITY_OFFICE:
      return false;
    case registry::v1::VISIBILITY_PARTICIPANTS:
      return std::any_of(call.identity.grants.begin(), call.identity.grants.end(),
                         [&](const access::Grant& grant) {
                           const Unit unit = facts.ids.Find(grant.unit);
                           return grant.expires > call.received && unit != kNoUnit &&
                                  facts.registry.TookPart(programme.name(), unit);
                         });
    default:
      return true;  // That the office stands above the caller is checked by the access rule.
  }
}

bool MayApply(const registry::v1::Quota& quota, const v1::CheckEligibilityRequest& request,
              const Facts& facts, Unit unit) {
  if (!quota.level().empty() && quota.level() != request.level()) return false;
  if (!quota.batch().empty() && !request.batch().empty() && quota.batch() != request.batch()) {
    return false;
  }
  if (!quota.kind().empty() && resource::LastSegment(quota.kind()) != facts.registry.Kind(unit)) {
    return false;
  }
  if (quota.subtree().empty()) return true;
  const absl::string_view top = resource::OwnerOf(quota.subtree());
  Unit above = unit;
  while (above != kNoUnit && facts.ids.Id(above) != top) {
    above = facts.registry.Parent(above, tree::Line::kTerritory, facts.log_time);
  }
  return above != kNoUnit;
}

// One request. What the registry and scoring's own log say is looked up first, together; a live
// score then comes from a board, and is taken only if what the registry said still holds under that
// hold of the lock: otherwise all of it is done again. So the answer speaks for one vector.
class Check : public std::enable_shared_from_this<Check> {
 public:
  Check(const ReadContext& context, const Seal& seal, rpc::Call& call,
        const v1::CheckEligibilityRequest& request, v1::Eligibility* reply, rpc::StatusDone done)
      : context_(context),
        seal_(seal),
        call_(call),
        request_(request),
        reply_(*reply),
        done_(std::move(done)) {}

  void Start() {
    absl::Status status = Parse();
    if (!status.ok()) {
      done_(std::move(status));
    } else {
      Run();
    }
  }

 private:
  class LiveRead;

  // What the registry says.
  struct Told {
    std::shared_ptr<const Programme> programme;
    const LevelRule* rule = nullptr;  // Of it.
    Unit unit = kNoUnit;
    Candidate candidate;
  };

  absl::Status Parse() {
    TERRACE_ASSIGN_OR_RETURN(const absl::string_view unit,
                             resource::ParseUnitName(request_.unit()));
    unit_ = std::string(unit);
    TERRACE_RETURN_IF_ERROR(
        resource::ParseName(request_.programme(), "units/{office}/programmes/{programme}")
            .status());
    if (request_.level().empty()) return Required("level");
    TERRACE_RETURN_IF_ERROR(resource::ParseName(request_.level(), "levels/{level}").status());
    if (!request_.title().empty()) TERRACE_RETURN_IF_ERROR(resource::CheckId(request_.title()));
    TERRACE_RETURN_IF_ERROR(CheckText("batch", request_.batch(), kBatchBytesMax));
    if (request_.period().empty()) return absl::OkStatus();
    TERRACE_ASSIGN_OR_RETURN(asked_period_, calendar::Period::Parse(request_.period()));
    return absl::OkStatus();
  }

  void Run() {
    absl::Status status;
    const bool read = context_.boards->ReadFacts(
        [&](const Facts& facts, const OwnFacts& own) { status = Look(facts, own); });
    if (!read) {
      context_.boards->WaitComplete(call_.deadline,
                                    [self = shared_from_this()](absl::Status complete) {
                                      if (complete.ok()) {
                                        self->Run();
                                      } else {
                                        self->done_(std::move(complete));
                                      }
                                    });
      return;
    }
    if (!status.ok()) {
      done_(std::move(status));
    } else if (period_ && Live()) {
      ReadLive();
    } else {
      if (period_) TakeResult();
      Finish();
    }
  }

  bool Live() const { return told_.rule->score_rule().basis() == registry::v1::SCORE_BASIS_LIVE; }

  absl::StatusOr<Told> Ask(const Facts& facts) const {
    Told told;
    told.unit = facts.ids.Find(unit_);
    if (told.unit == kNoUnit) return NotFound(request_.unit());
    const std::string& name = request_.programme();
    told.programme = facts.registry.Programme(name);
    if (told.programme == nullptr || !MaySeeProgramme(call_, facts, *told.programme)) {
      return NotFound(name);
    }
    told.rule = RuleOf(*told.programme, request_.level());
    if (told.rule == nullptr) {
      return Error(Reason::LEVEL_NOT_IN_PROGRAMME,
                   {{"programme", name}, {"level", request_.level()}});
    }
    const absl::Time at = facts.log_time;
    Candidate& candidate = told.candidate;
    candidate.day = facts.registry.DayIn(name, at);
    candidate.enrolled =
        facts.registry.Exists(told.unit, at) && facts.registry.Enrolled(name, told.unit, at);
    candidate.title = request_.title();
    candidate.title_given = GivesTitle(*told.programme, request_.title(), candidate.day);
    if (const std::string& level = told.rule->required_level(); !level.empty()) {
      candidate.required_title =
          facts.registry.TitleOfLevel(name, told.unit, resource::LastSegment(level), at);
    }
    for (const registry::v1::Quota& quota : told.programme->quotas()) {
      if (MayApply(quota, request_, facts, told.unit)) candidate.quotas.push_back(quota);
    }
    return told;
  }

  absl::Status Look(const Facts& facts, const OwnFacts& own) {
    TERRACE_ASSIGN_OR_RETURN(told_, Ask(facts));
    Speak(facts.vector, facts.log_time);
    period_.reset();
    publication_.clear();
    if (!told_.rule->has_score_rule()) return absl::OkStatus();
    const registry::v1::ScoreRule& rule = told_.rule->score_rule();
    TERRACE_ASSIGN_OR_RETURN(scheme_, ParseScheme(rule.scheme()));
    const absl::optional<calendar::PeriodKind> kind = own.PeriodicityOf(scheme_);
    if (!kind) return absl::OkStatus();
    Candidate& candidate = told_.candidate;
    const calendar::Period newest = calendar::Period::Of(*kind, candidate.day);
    calendar::Period oldest = newest;
    for (int i = 0; i < rule.periods_back_max(); ++i) oldest = oldest.Previous();
    candidate.newest_period = newest.ToString();
    candidate.oldest_period = oldest.ToString();
    candidate.asked_period = request_.period();
    candidate.asked_is_taken = asked_period_ && asked_period_->kind() == *kind &&
                               oldest <= *asked_period_ && *asked_period_ <= newest;
    if (asked_period_) {
      if (candidate.asked_is_taken) Offers(*asked_period_, facts, own);
      return absl::OkStatus();
    }
    calendar::Period period = newest;
    while (!Offers(period, facts, own) && period > oldest) period = period.Previous();
    return absl::OkStatus();
  }

  // Whether the period has scores to offer; then it is the one that counts.
  bool Offers(const calendar::Period& period, const Facts& facts, const OwnFacts& own) {
    if (Live()) {
      if (!own.Resolve(scheme_, period).ok()) return false;
    } else {
      absl::Time next = absl::InfiniteFuture();
      const AnnouncedScores* const final =
          facts.published.FinalAt(scheme_.Family(), period, facts.log_time, &next);
      if (final == nullptr) return false;
      publication_ = final->name;
    }
    period_ = period;
    return true;
  }

  void Speak(const types::v1::RevisionVector& vector, absl::Time log_time) {
    answer_.Clear();
    *answer_.mutable_vector() = vector;
    *answer_.mutable_log_time() = ToProto(log_time);
    call_.position = rpc::FormatPositions(rpc::ToPositions(vector));
  }

  // The result in the publication, which is final and so as it will always be.
  void TakeResult() {
    ScoreFound found;
    found.period = period_->ToString();
    found.publication = publication_;
    found.assessment = v1::ASSESSMENT_NOT_APPLICABLE;
    context_.machine->Read<ScoringState>([&](const ScoringState& state, const store::Cursor&) {
      const auto publication = state.rows().Get<storage::v1::PublicationRow>(publication_);
      if (publication) found.scheme = publication->publication().scheme();
      const auto row = state.rows().Get<storage::v1::StoredResult>(ResultName(unit_, publication_));
      if (row) Take(row->result(), &found);
    });
    told_.candidate.score = std::move(found);
  }

  // What a score and a result have in common.
  template <class Row>
  static void Take(const Row& row, ScoreFound* found) {
    found->assessment = row.assessment();
    if (row.has_value()) {
      const absl::StatusOr<Decimal> value = FromProto(row.value(), "value");
      TERRACE_CHECK(value.ok());  // Made here.
      found->value = *value;
    }
    found->disqualified = row.disqualified();
    found->vetoes.assign(row.vetoes().begin(), row.vetoes().end());
  }

  void ReadLive();

  void Finish() {
    answer_.set_unit(request_.unit());
    answer_.set_programme(request_.programme());
    answer_.set_level(request_.level());
    answer_.set_title(request_.title());
    answer_.set_batch(request_.batch());
    *answer_.mutable_rule() = *told_.rule;
    const int days = told_.rule->score_rule().valid_days();
    *answer_.mutable_valid_until() = ToProto(
        FromProto(answer_.log_time()) + absl::Hours(24 * (days == 0 ? kValidDaysDefault : days)));
    ApplyRule(*told_.rule, told_.candidate, &answer_);
    answer_.set_seal(seal_.Put(answer_.SerializeAsString()));
    answer_.mutable_stale_inputs()->Swap(reply_.mutable_stale_inputs());
    reply_.Swap(&answer_);
    done_(absl::OkStatus());
  }

  const ReadContext context_;
  const Seal& seal_;
  rpc::Call& call_;
  const v1::CheckEligibilityRequest& request_;
  v1::Eligibility& reply_;
  rpc::StatusDone done_;

  std::string unit_;  // Id.
  absl::optional<calendar::Period> asked_period_;
  Told told_;
  SchemeRef scheme_;                         // A family.
  absl::optional<calendar::Period> period_;  // That counts; unset where none has scores to offer.
  std::string publication_;                  // Of it; empty for a live score.
  v1::Eligibility answer_;
};

class Check::LiveRead : public BoardRead {
 public:
  explicit LiveRead(Check* check) : BoardRead(check->call_), check_(*check) {}

  absl::StatusOr<bool> Copy(const SchemeBoard& board, const Facts& facts) override {
    TERRACE_ASSIGN_OR_RETURN(Told told, check_.Ask(facts));
    lost_ = told.programme != check_.told_.programme ||
            told.candidate.day != check_.told_.candidate.day;
    if (lost_) return absl::AbortedError("the programme has changed");
    Candidate& before = check_.told_.candidate;
    before.enrolled = told.candidate.enrolled;
    before.required_title = std::move(told.candidate.required_title);
    before.quotas = std::move(told.candidate.quotas);
    found_.scheme = board.scheme().proto.name();
    found_.period = check_.period_->ToString();
    found_.assessment = v1::ASSESSMENT_NOT_APPLICABLE;
    if (board.board().HasPlace(told.unit)) {
      TERRACE_ASSIGN_OR_RETURN(const Unit unit,
                               VisibleUnit(board, facts, AudienceOf(board),
                                           {check_.unit_, check_.scheme_, *check_.period_}));
      row_ = CopyScore(board, facts, unit, {false, false, false});
    }
    Stamp(board, facts, &check_.answer_);
    return false;
  }
  void Work(bool more) override {
    if (!row_) return;
    v1::Score score;
    FillScore(scheme(), *check_.period_, *call_.tree, *row_, &score);
    Take(score, &found_);
  }

  bool lost() const { return lost_; }
  ScoreFound& found() { return found_; }

 private:
  Check& check_;
  bool lost_ = false;
  absl::optional<ScoreRow> row_;
  ScoreFound found_;
};

void Check::ReadLive() {
  auto read = std::make_shared<LiveRead>(this);
  const BoardKey key{scheme_, *period_, absl::nullopt};
  OnBoard(context_, call_, key, /*quick=*/true, read,
          [self = shared_from_this(), read](absl::Status status) {
            if (read->lost()) {
              self->Run();
            } else if (!status.ok()) {
              self->done_(std::move(status));
            } else {
              self->told_.candidate.score = std::move(read->found());
              self->Finish();
            }
          });
}

}  // namespace

void CheckEligibility(const ReadContext& context, const Seal& seal, rpc::Call& call,
                      const v1::CheckEligibilityRequest& request, v1::Eligibility* reply,
                      rpc::StatusDone done) {
  std::make_shared<Check>(context, seal, call, request, reply, std::move(done))->Start();
}

}  // namespace terrace::scoring
