// The sheets of campaigns as scoring computes with them: what each stage of a unit's sheet states,
// and what the stages that are over come to. Made from scoring's own log.
//
// Stages are kept, not what they come to: a board may ask about an instant at which fewer of them
// were over.
//
// Thread-safety: none; whoever owns the facts locks.
#ifndef TERRACE_SERVICES_SCORING_FACTS_REVIEWS_H_
#define TERRACE_SERVICES_SCORING_FACTS_REVIEWS_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/calendar/period.h"
#include "services/scoring/campaigns/combine_stages.h"
#include "services/scoring/facts/unit_ids.h"

namespace terrace::scoring {

// A campaign whose sheets count.
struct ReviewCampaign {
  std::string family;  // Of the scheme.
  calendar::Period period;
  Combining combining;
  std::vector<std::string> penalties;  // Ids of nodes; Combining::penalties follows from them.
  absl::Time closed = absl::InfiniteFuture();
};

// What one stage of a sheet states, with the ids of nodes.
struct ReviewStage {
  struct Value {
    std::string node;
    bool not_applicable = false;
    Fixed points;
    std::string reason;  // Of what does not apply.
  };
  absl::Time end = absl::InfiniteFuture();  // When it was over.
  std::vector<Value> values;
};

// What a spot check found among some units, at an instant.
struct ReviewSample {
  SpotSample found;
  // The next instant at which it changes by time alone.
  absl::Time next_change = absl::InfiniteFuture();
};

// A sheet at an instant.
struct ReviewedSheet {
  std::string campaign;  // Full name; empty when there is none for the scheme and period.
  bool closed = false;
  std::vector<CombinedPoints> combined;  // By node number.
  // The next instant at which any of it changes by time alone.
  absl::Time next_change = absl::InfiniteFuture();
};

class Reviews {
 public:
  // Takes a campaign in the place of what was known of it; nullopt for one that does not count.
  // Returns whether any unit may be scored otherwise now. A campaign that begins to count has no
  // values yet, so nobody is.
  bool SetCampaign(absl::string_view name, absl::optional<ReviewCampaign> campaign);
  // Likewise a stage of the unit's sheet, on which the unit's own scores depend. Returns whether
  // those of units with the same unit above may depend on it too.
  bool SetStage(Unit unit, absl::string_view campaign, absl::string_view stage,
                const absl::optional<ReviewStage>& given);

  // Whether sheets of the scheme and period depend on what a spot check found on others, of units
  // with the same unit above.
  bool CarriesOver(absl::string_view family, const calendar::Period& period) const;
  // What it found on the sheet of one of them.
  void AddToSample(Unit unit, absl::string_view family, const calendar::Period& period,
                   absl::Time at, ReviewSample* sample) const;
  // `sample` is of the units with the same unit above, where that matters.
  ReviewedSheet Judge(Unit unit, absl::string_view family, const calendar::Period& period,
                      absl::Time at, const ReviewSample& sample, bool with_sentences) const;
  // nullptr when no stage over by then states anything of the node.
  const CombinedPoints* Find(const ReviewedSheet& sheet, absl::string_view node) const;
  // What each stage over by then states of the node, by stage id, as text.
  std::vector<std::pair<std::string, std::string>> Stated(Unit unit, absl::string_view campaign,
                                                          absl::string_view node,
                                                          absl::Time at) const;

 private:
  struct Kept {
    std::string stage;
    absl::Time end;
    std::vector<StagePoints> values;
    std::vector<std::pair<int32_t, std::string>> reasons;
  };
  struct Campaign {
    uint32_t number = 0;
    absl::optional<ReviewCampaign> counts;
  };
  using SheetKey = std::pair<Unit, uint32_t>;

  Campaign& CampaignOf(absl::string_view name);
  // The one that counts; null without one.
  const std::pair<const std::string, Campaign>* Current(absl::string_view family,
                                                        const calendar::Period& period) const;
  // The stages of the sheet that are over, in their order; brings `next_change` forward.
  std::vector<StageOver> Over(Unit unit, const Campaign& campaign, absl::Time at,
                              absl::Time* next_change) const;
  const std::vector<Kept>* KeptOf(Unit unit, const Campaign& campaign) const;
  int32_t NodeNumber(const std::string& node);

  std::map<std::string, Campaign, std::less<>> campaigns_;
  // Family -> period -> the campaign that counts: one at most is open or closed.
  std::map<std::string, std::map<calendar::Period, std::string>, std::less<>> current_;
  absl::flat_hash_map<std::string, int32_t> nodes_;
  absl::flat_hash_map<SheetKey, std::vector<Kept>> sheets_;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_FACTS_REVIEWS_H_
