#include "services/scoring/eligibility/level_rule.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/substitute.h"
#include "common/base/check.h"
#include "common/calendar/period.h"
#include "services/scoring/scores/sentences.h"

namespace terrace::scoring {
namespace {

using registry::v1::LevelRule;
using registry::v1::Quota;

class Checker {
 public:
  Checker(const LevelRule& rule, const Candidate& candidate, v1::Eligibility* answer)
      : rule_(rule), candidate_(candidate), answer_(*answer) {}

  void Run() {
    answer_.set_eligible(true);
    CheckEnrolment();
    if (!candidate_.title.empty()) CheckTitle();
    if (!rule_.required_level().empty()) CheckRequiredLevel();
    if (rule_.has_score_rule()) {
      CheckPeriod();
      if (candidate_.score) {
        CheckScore(*candidate_.score);
        CheckVeto(*candidate_.score);
      }
    } else if (rule_.has_threshold()) {
      const std::string& least = rule_.threshold().value();
      Add(v1::ELIGIBILITY_CHECK_KIND_SCORE, v1::ELIGIBILITY_OUTCOME_LATER, least, "",
          {absl::Substitute("Whoever gives the title states the score: $0 at the least.", least),
           absl::Substitute("得分由授予单位填写，不得低于 $0。", least)});
    }
    for (const Quota& quota : candidate_.quotas) AddQuota(quota);
  }

 private:
  void Add(v1::EligibilityCheckKind kind, v1::EligibilityOutcome outcome, std::string asked,
           std::string found, Sentence sentence) {
    v1::EligibilityCheck& check = *answer_.add_checks();
    check.set_kind(kind);
    check.set_outcome(outcome);
    check.set_asked(std::move(asked));
    check.set_found(std::move(found));
    check.set_message(std::move(sentence.en));
    check.set_message_zh(std::move(sentence.zh));
    if (outcome == v1::ELIGIBILITY_OUTCOME_FAILED) answer_.set_eligible(false);
  }
  void Add(v1::EligibilityCheckKind kind, bool passed, std::string asked, std::string found,
           Sentence sentence) {
    Add(kind, passed ? v1::ELIGIBILITY_OUTCOME_PASSED : v1::ELIGIBILITY_OUTCOME_FAILED,
        std::move(asked), std::move(found), std::move(sentence));
  }

  void CheckEnrolment() {
    const std::string day = calendar::FormatDay(candidate_.day);
    const bool passed = candidate_.enrolled;
    Add(v1::ELIGIBILITY_CHECK_KIND_ENROLLED, passed, answer_.programme(), passed ? day : "",
        passed ? Sentence{absl::Substitute("The unit takes part in the programme on $0.", day),
                          absl::Substitute("该单位在 $0 参加该项目。", day)}
               : Sentence{absl::Substitute("The unit takes no part in the programme on $0.", day),
                          absl::Substitute("该单位在 $0 未参加该项目。", day)});
  }

  void CheckTitle() {
    const std::string day = calendar::FormatDay(candidate_.day);
    const std::string& title = candidate_.title;
    const bool passed = candidate_.title_given;
    Add(v1::ELIGIBILITY_CHECK_KIND_TITLE, passed, title, passed ? title : "",
        passed
            ? Sentence{absl::Substitute("The programme gives the title \"$0\" on $1.", title, day),
                       absl::Substitute("该项目在 $1 授予称号“$0”。", title, day)}
            : Sentence{absl::Substitute("The programme gives no title \"$0\" on $1.", title, day),
                       absl::Substitute("该项目在 $1 没有称号“$0”。", title, day)});
  }

  void CheckRequiredLevel() {
    const std::string& level = rule_.required_level();
    const std::string& held = candidate_.required_title;
    const bool passed = !held.empty();
    Add(v1::ELIGIBILITY_CHECK_KIND_REQUIRED_LEVEL, passed, level, held,
        passed ? Sentence{absl::Substitute("The unit holds a valid title of $0: $1.", level, held),
                          absl::Substitute("该单位持有有效的 $0 称号：$1。", level, held)}
               : Sentence{absl::Substitute("The unit holds no valid title of $0.", level),
                          absl::Substitute("该单位没有有效的 $0 称号。", level)});
  }

  void CheckPeriod() {
    constexpr auto kKind = v1::ELIGIBILITY_CHECK_KIND_PERIOD;
    const std::string& scheme = rule_.score_rule().scheme();
    const std::string& asked = candidate_.asked_period;
    const std::string& oldest = candidate_.oldest_period;
    const std::string& newest = candidate_.newest_period;
    if (newest.empty()) {
      Add(kKind, false, asked, "",
          {absl::Substitute("No version of $0 is in force.", scheme),
           absl::Substitute("$0 没有有效版本。", scheme)});
      return;
    }
    const Sentence taken = oldest == newest
                               ? Sentence{newest, newest}
                               : Sentence{absl::Substitute("$0 to $1", oldest, newest),
                                          absl::Substitute("$0 至 $1", oldest, newest)};
    if (!asked.empty() && !candidate_.asked_is_taken) {
      Add(kKind, false, taken.en, asked,
          {absl::Substitute("A score of $0 does not count; it must be of $1.", asked, taken.en),
           absl::Substitute("$0 的得分不计，须为 $1 的得分。", asked, taken.zh)});
      return;
    }
    const Sentence wanted = asked.empty() ? taken : Sentence{asked, asked};
    if (!candidate_.score) {
      const bool live = rule_.score_rule().basis() == registry::v1::SCORE_BASIS_LIVE;
      Add(kKind, false, taken.en, "",
          live ? Sentence{absl::Substitute("No version of $0 is in force for $1.", scheme,
                                           wanted.en),
                          absl::Substitute("$0 没有适用于 $1 的有效版本。", scheme, wanted.zh)}
               : Sentence{absl::Substitute("No results of $0 for $1 are final.", scheme, wanted.en),
                          absl::Substitute("$0 在 $1 没有最终结果。", scheme, wanted.zh)});
      return;
    }
    const std::string& period = candidate_.score->period;
    Add(kKind, true, taken.en, period,
        {absl::Substitute("The score of $0 counts.", period),
         absl::Substitute("以 $0 的得分为准。", period)});
  }

  void CheckScore(const ScoreFound& score) {
    constexpr auto kKind = v1::ELIGIBILITY_CHECK_KIND_SCORE;
    answer_.set_assessment(score.assessment);
    answer_.set_scheme(score.scheme);
    answer_.set_period(score.period);
    answer_.set_publication(score.publication);
    const std::string least = rule_.has_threshold() ? rule_.threshold().value() : "";
    if (!score.value) {
      Add(kKind, false, least, "", {"The unit has no score.", "该单位没有得分。"});
      return;
    }
    *answer_.mutable_score() = terrace::ToProto(*score.value);
    const std::string value = score.value->ToString();
    if (!rule_.has_threshold()) {
      Add(kKind, true, least, value,
          {absl::Substitute("The unit has a score: $0.", value),
           absl::Substitute("该单位的得分为 $0。", value)});
      return;
    }
    const absl::StatusOr<Decimal> threshold = FromProto(rule_.threshold(), "threshold");
    TERRACE_CHECK(threshold.ok());  // The registry has checked it.
    const bool passed = *score.value >= *threshold;
    Add(kKind, passed, least, value,
        passed ? Sentence{absl::Substitute("The score $0 reaches $1.", value, least),
                          absl::Substitute("得分 $0，达到 $1。", value, least)}
               : Sentence{absl::Substitute("The score $0 is less than $1.", value, least),
                          absl::Substitute("得分 $0，低于 $1。", value, least)});
  }

  void CheckVeto(const ScoreFound& score) {
    constexpr auto kKind = v1::ELIGIBILITY_CHECK_KIND_VETO;
    const registry::v1::VetoBar bar = rule_.score_rule().veto_bar();
    if (bar == registry::v1::VETO_BAR_NONE) return;
    const bool any = bar == registry::v1::VETO_BAR_ANY;
    const bool barred = score.disqualified || (any && !score.vetoes.empty());
    std::string nodes = absl::StrJoin(score.vetoes, ", ");
    Sentence sentence = {"No veto bars the unit.", "没有一票否决。"};
    if (barred) {
      sentence = {absl::StrCat("A veto bars the unit", nodes.empty() ? "" : ": ", nodes, "."),
                  absl::StrCat("一票否决", nodes.empty() ? "" : "：", nodes, "。")};
    }
    Add(kKind, !barred, any ? "no veto" : "no disqualifying veto", std::move(nodes),
        std::move(sentence));
  }

  void AddQuota(const Quota& quota) {
    std::vector<std::string> of;
    for (const std::string* part :
         {&quota.level(), &quota.batch(), &quota.subtree(), &quota.kind()}) {
      if (!part->empty()) of.push_back(*part);
    }
    const std::string limit = absl::StrCat(quota.limit());
    const std::string where = of.empty() ? "" : absl::StrCat(" (", absl::StrJoin(of, ", "), ")");
    Add(v1::ELIGIBILITY_CHECK_KIND_QUOTA, v1::ELIGIBILITY_OUTCOME_LATER, absl::StrCat(limit, where),
        "",
        {absl::Substitute("At most $0 titles$1; counted when the title is given.", limit, where),
         absl::Substitute("称号不超过 $0 个$1，授予时核计。", limit, where)});
  }

  const LevelRule& rule_;
  const Candidate& candidate_;
  v1::Eligibility& answer_;
};

absl::CivilDay DayOf(const google::type::Date& date) {
  return absl::CivilDay(date.year(), date.month(), date.day());
}

}  // namespace

void ApplyRule(const LevelRule& rule, const Candidate& candidate, v1::Eligibility* answer) {
  Checker(rule, candidate, answer).Run();
}

const LevelRule* RuleOf(const registry::v1::Programme& programme, absl::string_view level) {
  for (const LevelRule& rule : programme.levels()) {
    if (rule.level() == level) return &rule;
  }
  return nullptr;
}

bool GivesTitle(const registry::v1::Programme& programme, absl::string_view title,
                absl::CivilDay day) {
  for (const registry::v1::Title& known : programme.titles()) {
    if (known.id() != title) continue;
    return (!known.has_from_date() || DayOf(known.from_date()) <= day) &&
           (!known.has_until_date() || day < DayOf(known.until_date()));
  }
  return false;
}

}  // namespace terrace::scoring
