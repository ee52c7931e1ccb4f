// Which sheets there are, by campaign and by where they stand: so that counts, lists of a campaign
// and what waits for an office need no walk over all rows.
//
// Concept. Sheets are kept under their units; a campaign's are spread over the whole log. The index
// holds the ids of units once for each campaign, and once more for each stage that sheets stand at.
//
// Thread-safety: none; part of the State.
#ifndef TERRACE_SERVICES_SCORING_CAMPAIGNS_SHEET_INDEX_H_
#define TERRACE_SERVICES_SCORING_CAMPAIGNS_SHEET_INDEX_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/strings/string_view.h"

namespace terrace::scoring {

class SheetIndex {
 public:
  struct Campaign {
    absl::btree_set<std::string> units;  // Ids.
    // Units whose sheets stand at a stage, by its id.
    absl::btree_map<std::string, absl::btree_set<std::string>> waiting;
    int64_t reviewed = 0;
    int64_t sealed = 0;
  };

  // A change of a row of a sheet; null before it was there or once it is gone.
  void OnChange(absl::string_view key, const std::string* before, const std::string* after);

  // nullptr for a campaign without sheets.
  const Campaign* Find(absl::string_view campaign) const;
  // By name.
  const std::map<std::string, Campaign, std::less<>>& campaigns() const { return campaigns_; }
  std::string Digest() const;

 private:
  std::map<std::string, Campaign, std::less<>> campaigns_;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_CAMPAIGNS_SHEET_INDEX_H_
