// Published scores as other schemes take them over: for each scheme and period the publications
// that were announced, in the order in which one corrects the other, and the scores in each. Made
// from scoring's own log.
//
// Thread-safety: none; whoever owns the facts locks.
#ifndef TERRACE_SERVICES_SCORING_FACTS_PUBLISHED_SCORES_H_
#define TERRACE_SERVICES_SCORING_FACTS_PUBLISHED_SCORES_H_

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/base/fixed.h"
#include "common/calendar/period.h"
#include "services/scoring/facts/unit_ids.h"

namespace terrace::scoring {

// A publication that was announced.
struct AnnouncedScores {
  std::string name;      // "units/{office}/publications/{publication}"
  std::string corrects;  // Likewise; empty for none.
  absl::Time final_from = absl::InfiniteFuture();
};

class PublishedScores {
 public:
  // `family` is the name of a scheme without its version. Sets it anew if it is known. Returns
  // whether that changes when anything is final.
  bool SetPublication(absl::string_view family, const calendar::Period& period,
                      AnnouncedScores announced) {
    std::vector<AnnouncedScores>& line = lines_[std::string(family)][period];
    const auto same = std::find_if(line.begin(), line.end(), [&](const AnnouncedScores& one) {
      return one.name == announced.name;
    });
    const absl::Time before = same == line.end() ? absl::InfiniteFuture() : same->final_from;
    const bool changes = announced.final_from != before;
    if (same != line.end()) line.erase(same);
    line.push_back(std::move(announced));
    Order(line);
    return changes;
  }
  // The score as it was announced.
  void SetScore(absl::string_view publication, Unit unit, FixedSum score) {
    scores_[Key(publication, unit)] = score;
  }
  void RemoveScore(absl::string_view publication, Unit unit) {
    scores_.erase(Key(publication, unit));
  }

  // The period of the scheme that holds the day, of the length that its publications have; nullopt
  // while there are none.
  absl::optional<calendar::Period> PeriodAt(absl::string_view family, absl::CivilDay day) const {
    auto line = lines_.find(family);
    if (line == lines_.end()) return absl::nullopt;
    return calendar::Period::Of(line->second.begin()->first.kind(), day);
  }
  // The publication that counts at `at`, of those that are final by then the one that no other of
  // them corrects; nullptr when there is none. `next` is brought forward to when that may change.
  const AnnouncedScores* FinalAt(absl::string_view family, const calendar::Period& period,
                                 absl::Time at, absl::Time* next) const {
    auto periods = lines_.find(family);
    if (periods == lines_.end()) return nullptr;
    auto line = periods->second.find(period);
    if (line == periods->second.end()) return nullptr;
    const AnnouncedScores* found = nullptr;
    for (const AnnouncedScores& one : line->second) {
      if (one.final_from <= at) {
        found = &one;
      } else {
        *next = std::min(*next, one.final_from);
      }
    }
    return found;
  }
  absl::optional<FixedSum> ScoreOf(absl::string_view publication, Unit unit) const {
    auto number = numbers_.find(publication);
    if (number == numbers_.end()) return absl::nullopt;
    auto score = scores_.find({number->second, unit});
    if (score == scores_.end()) return absl::nullopt;
    return score->second;
  }

 private:
  // Each behind the one that it corrects, whatever order they are told in.
  static void Order(std::vector<AnnouncedScores>& line) {
    auto depth = [&line](const AnnouncedScores& one) {
      size_t steps = 0;
      for (absl::string_view before = one.corrects; !before.empty() && steps < line.size();) {
        ++steps;
        const auto other = std::find_if(line.begin(), line.end(),
                                        [&](const AnnouncedScores& o) { return o.name == before; });
        before = other == line.end() ? absl::string_view() : other->corrects;
      }
      return steps;
    };
    std::vector<std::pair<size_t, AnnouncedScores>> ranked;
    for (const AnnouncedScores& one : line) ranked.emplace_back(depth(one), one);
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (size_t i = 0; i < line.size(); ++i) line[i] = std::move(ranked[i].second);
  }
  std::pair<uint32_t, Unit> Key(absl::string_view publication, Unit unit) {
    auto number = numbers_.find(publication);
    if (number == numbers_.end()) {
      number =
          numbers_.emplace(std::string(publication), static_cast<uint32_t>(numbers_.size())).first;
    }
    return {number->second, unit};
  }

  absl::flat_hash_map<std::string, std::map<calendar::Period, std::vector<AnnouncedScores>>> lines_;
  absl::flat_hash_map<std::string, uint32_t> numbers_;  // Of publications.
  absl::flat_hash_map<std::pair<uint32_t, Unit>, FixedSum> scores_;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_FACTS_PUBLISHED_SCORES_H_
