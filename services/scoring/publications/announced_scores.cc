#include "services/scoring/publications/announced_scores.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/access/rules.h"
#include "common/base/error.h"
#include "common/resource/names.h"
#include "common/resource/page_token.h"
#include "services/scoring/scores/board_read.h"
#include "services/scoring/state_common.h"

namespace terrace::scoring {
namespace {

constexpr size_t kScoresPerChunk = 1000;
constexpr int kUnitsPerHold = 500;

// Chunks of the results of one publication, which stand still; so a resume token is a unit.
class AnnouncedPull : public rpc::Source {
 public:
  AnnouncedPull(machine::Machine* machine, rpc::Call& call, const v1::PullScoresRequest& request,
                Announced announced, StaleInputsFn stale_inputs)
      : machine_(machine),
        call_(call),
        announced_(std::move(announced)),
        stale_inputs_(std::move(stale_inputs)),
        top_(resource::OwnerOf(request.subtree())),
        hash_(resource::ListHash({"PullScores", request.subtree(), announced_.publication().name(),
                                  absl::StrCat(request.line())})) {
    for (const std::string& level : request.levels()) levels_.push_back(level);
    if (request.line() != types::v1::LINE_UNSPECIFIED) line_ = tree::FromProto(request.line());
  }

  // Goes on behind the unit of a resume token.
  absl::Status Resume(const std::string& token) {
    TERRACE_ASSIGN_OR_RETURN(resource::PageToken page,
                             resource::DecodePageToken(token, hash_, machine_->position().log_id));
    last_ = std::move(page.last_key);
    return absl::OkStatus();
  }

  void Next(rpc::Message* out, absl::AnyInvocable<void(absl::StatusOr<bool>)> done) override {
    if (complete_) {
      done(false);
      return;
    }
    auto* const chunk = static_cast<v1::PullScoresResponse*>(out);
    const std::shared_ptr<const tree::Tree> tree = call_.tree;
    if (!access::MaySee(call_.identity, *tree, top_, machine_->clock().Now())) {
      done(NotFound(resource::UnitName(top_)));
      return;
    }
    store::Cursor position;
    while (!complete_ && chunk->scores_size() < static_cast<int>(kScoresPerChunk)) {
      machine_->Read<ScoringState>([&](const ScoringState& state, const store::Cursor& now) {
        position = now;
        Take(state, *tree, chunk);
      });
    }
    announced_.Stamp(chunk);
    chunk->set_complete(complete_);
    chunk->set_resume_token(
        resource::EncodePageToken({last_, position.log_id, position.revision.value}, hash_));
    if (stale_inputs_) stale_inputs_(chunk->mutable_stale_inputs());
    done(true);
  }

 private:
  void Take(const ScoringState& state, const tree::Tree& tree, v1::PullScoresResponse* chunk) {
    const absl::optional<tree::UnitNumber> top = tree.Number(top_);
    const PublicationIndex::Names& units =
        state.publications().ResultsOf(announced_.publication().name());
    auto it = units.upper_bound(last_);
    for (int i = 0; it != units.end() && i < kUnitsPerHold &&
                    chunk->scores_size() < static_cast<int>(kScoresPerChunk);
         ++it, ++i) {
      last_ = *it;
      const absl::optional<tree::UnitNumber> unit = tree.Number(*it);
      if (!top || !unit || !IsBelow(tree, *unit, *top)) continue;
      v1::Score score;
      if (!announced_.Fill(state, *it, /*with_nodes=*/false, &score).ok()) continue;
      if (!levels_.empty() &&
          std::find(levels_.begin(), levels_.end(), score.unit_level()) == levels_.end()) {
        continue;
      }
      *chunk->add_scores() = std::move(score);
    }
    complete_ = it == units.end();
  }
  bool IsBelow(const tree::Tree& tree, tree::UnitNumber unit, tree::UnitNumber top) const {
    if (line_) return tree.IsUnder(unit, top, *line_);
    return std::any_of(std::begin(tree::kBothLines), std::end(tree::kBothLines),
                       [&](tree::Line line) { return tree.IsUnder(unit, top, line); });
  }

  machine::Machine* const machine_;
  rpc::Call& call_;
  const Announced announced_;
  const StaleInputsFn stale_inputs_;
  const std::string top_;  // Id.
  const uint64_t hash_;
  std::vector<std::string> levels_;
  absl::optional<tree::Line> line_;
  std::string last_;  // Id of the last unit that was looked at.
  bool complete_ = false;
};

}  // namespace

absl::Status Announced::Fill(const ScoringState& state, absl::string_view unit, bool with_nodes,
                             v1::Score* score) const {
  const std::string key = ResultName(unit, publication_.name());
  const auto stored = state.rows().Get<storage::v1::StoredResult>(key);
  if (!stored) return NotFound(key);
  const v1::Result result = PresentResult(key, publication_, *stored);
  score->set_name(ScoreName(unit, family_, period_));
  score->set_unit(result.unit());
  score->set_unit_display_name(result.unit_display_name());
  score->set_unit_level(result.unit_level());
  score->set_unit_kind(result.unit_kind());
  score->set_scheme(publication_.scheme());
  score->set_period(publication_.period());
  score->set_state(result.state());
  score->set_assessment(result.assessment());
  if (result.has_value()) *score->mutable_value() = result.value();
  if (result.has_exact_value()) *score->mutable_exact_value() = result.exact_value();
  *score->mutable_points() = points_;
  score->set_grade(result.grade());
  if (result.has_coverage()) *score->mutable_coverage() = result.coverage();
  score->set_disqualified(result.disqualified());
  *score->mutable_vetoes() = result.vetoes();
  if (with_nodes) *score->mutable_nodes() = result.nodes();
  return absl::OkStatus();
}

absl::StatusOr<Announced> FindAnnounced(const ScoringState& state, const SchemeRef& scheme,
                                        const calendar::Period& period, v1::ScoreState wanted) {
  const v1::PublicationState needed = wanted == v1::SCORE_STATE_PUBLISHED
                                          ? v1::PUBLICATION_STATE_FINAL
                                          : v1::PUBLICATION_STATE_PROVISIONAL;
  std::vector<v1::Publication> found;
  for (const std::string& name :
       state.publications().PublicationsOf(scheme.Family(), period.ToString())) {
    const auto row = state.rows().Get<storage::v1::PublicationRow>(name);
    if (row && row->publication().state() == needed) {
      found.push_back(PresentPublication(name, *row, 0, 0));
    }
  }
  const std::string asked =
      scheme.version.empty() ? scheme.Family() : absl::StrCat(scheme.Family(), "@", scheme.version);
  for (v1::Publication& one : found) {
    const bool corrected = std::any_of(found.begin(), found.end(), [&](const auto& other) {
      return other.corrects() == one.name();
    });
    if (corrected || (!scheme.version.empty() && one.scheme() != asked)) continue;
    const auto rules = state.rows().Get<storage::v1::SchemeRow>(one.scheme());
    return Announced(std::move(one), {scheme.office, scheme.scheme, ""}, period,
                     rules ? rules->scheme().points() : types::v1::Decimal());
  }
  return NotFound(absl::StrCat(wanted == v1::SCORE_STATE_PUBLISHED ? "PUBLISHED" : "PROVISIONAL",
                               " scores of ", asked, " for ", period.ToString()));
}

absl::StatusOr<std::unique_ptr<rpc::Source>> PullAnnounced(machine::Machine* machine,
                                                           rpc::Call& call,
                                                           const v1::PullScoresRequest& request,
                                                           StaleInputsFn stale_inputs) {
  if (request.has_at_time()) return Invalid("at_time", kAnnouncedStand);
  if (request.has_changed_since()) return Invalid("changed_since", kAnnouncedStand);
  TERRACE_ASSIGN_OR_RETURN(const BoardKey key, KeyOf(request));
  for (const std::string& level : request.levels()) {
    TERRACE_RETURN_IF_ERROR(resource::ParseName(level, "levels/{level}").status());
  }
  TERRACE_ASSIGN_OR_RETURN(
      Announced announced,
      machine->Read<ScoringState>([&](const ScoringState& state, const store::Cursor&) {
        return FindAnnounced(state, key.scheme, key.period, request.state());
      }));
  auto pull = std::make_unique<AnnouncedPull>(machine, call, request, std::move(announced),
                                              std::move(stale_inputs));
  TERRACE_RETURN_IF_ERROR(pull->Resume(request.resume_token()));
  return pull;
}

}  // namespace terrace::scoring
