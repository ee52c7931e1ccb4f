// What ScoringState knows of publications, results and appeals beside their rows: which results
// belong to a publication, which publications speak of a scheme's period, which appeals are open.
//
// Thread-safety: as machine::State, whose OnChange feeds it.
#ifndef TERRACE_SERVICES_SCORING_PUBLICATIONS_PUBLICATION_INDEX_H_
#define TERRACE_SERVICES_SCORING_PUBLICATIONS_PUBLICATION_INDEX_H_

#include <cstdint>
#include <string>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/strings/string_view.h"
#include "common/machine/state.h"
#include "terrace/storage/v1/scoring.pb.h"

namespace terrace::scoring {

class PublicationIndex {
 public:
  using Names = absl::btree_set<std::string>;

  void OnChange(const machine::RowChange& change);

  // Ids of the units that have a result, whether or not it is announced.
  const Names& ResultsOf(absl::string_view publication) const;
  // Publications of a scheme (its family) and period that are not abandoned.
  const Names& PublicationsOf(absl::string_view family, absl::string_view period) const;
  // Publications whose results are being written.
  const Names& preparing() const { return preparing_; }
  // All appeals, by name.
  const Names& appeals() const { return appeals_; }
  // Appeals against a publication that are neither refused nor decided.
  int64_t OpenAppealsOf(absl::string_view publication) const;

  std::string Digest() const;

 private:
  using Index = absl::btree_map<std::string, Names>;

  void OnPublication(absl::string_view key, const std::string* value, bool added);
  void OnAppeal(const std::string* value, int added);

  Index results_;    // By publication: ids of units.
  Index by_period_;  // By PeriodKey: publications.
  Names preparing_;
  Names appeals_;
  absl::btree_map<std::string, int64_t> open_appeals_;  // By publication.
};

// What publications of one scheme and period share; `scheme` is a family or a version of it.
std::string PeriodKey(absl::string_view scheme, absl::string_view period);

// Whether an appeal in that state still waits for an answer.
bool IsOpen(v1::AppealState state);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_PUBLICATIONS_PUBLICATION_INDEX_H_
