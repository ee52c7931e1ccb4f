// From facts to the inputs of a sheet: what the source of each leaf finds for one unit at one
// instant, and when that will change by time alone.
//
// Thread-safety: none; used under the lock of the facts. It caches due times of report periods.
#ifndef TERRACE_SERVICES_SCORING_BOARDS_GATHER_H_
#define TERRACE_SERVICES_SCORING_BOARDS_GATHER_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "common/calendar/period.h"
#include "services/scoring/boards/peer_columns.h"
#include "services/scoring/engine/board.h"
#include "services/scoring/engine/sheet.h"
#include "services/scoring/facts/facts.h"
#include "services/scoring/schemes/compile.h"
#include "services/scoring/scores/sentences.h"

namespace terrace::scoring {

// A record behind a leaf, for explanations.
struct SourceRecord {
  std::string name;   // Of the resource.
  std::string title;  // What it is about: a checklist item, a period; may be empty.
  std::vector<std::pair<std::string, std::string>> figures;
  Sentence arithmetic;  // How it came about, where the record itself was computed.
};

struct GatheredSheet {
  engine::SheetInput input;
  // The next instant at which they change by time alone, the end of the period apart, from which on
  // all that is missing is late.
  absl::Time next_change = absl::InfiniteFuture();
  // Per leaf, only when asked for; LeafInput's record numbers are indexes into them.
  std::vector<std::vector<SourceRecord>> records;
};

class Gatherer {
 public:
  // All arguments outlive the gatherer. `board` gives places and tallies, `peers` what leaves that
  // look at other units make of their figures.
  Gatherer(const CompiledScheme* scheme, const calendar::Period& period, const Facts* facts,
           const engine::Board* board, const PeerColumns* peers);

  // Whether the unit has a sheet of its own; it must have a place on the board.
  bool InPopulation(Unit unit, absl::Time at) const;

  // All of the unit's sheet that is its own: what it is given at contests is not (contests.h).
  GatheredSheet Gather(Unit unit, absl::Time at, bool with_records);

  // Of its leaves that look at none. The unit has a sheet.
  LeafTally TallyOwn(Unit unit, absl::Time at);
  // What the unit brings to a leaf that looks at others; nullopt where the leaf does not apply. The
  // unit has a sheet.
  absl::optional<RawFigure> RawOf(size_t leaf, Unit unit, absl::Time at);

  // Units have got other places, or reviews have changed: what spot checks found is summed up anew.
  void ForgetSamples() { samples_.clear(); }
  // What the unit has in common with its group; nullopt when it is in none, and where `grouping` is
  // -1.
  absl::optional<std::string> GroupOf(int grouping, Unit unit, absl::Time at) const;

  // The part of the unit itself in the tally of a programme: whether it takes part, and is titled.
  engine::Tally TallyOf(const std::string& programme, Unit unit, absl::Time at) const;
  // The weight of the unit by a statistic; nullopt when it is not known or no weight. `next_change`
  // is brought forward when it becomes known later.
  absl::optional<int64_t> WeightOf(const std::string& definition, Unit unit, absl::Time at,
                                   absl::Time* next_change) const;

  absl::Time period_start() const { return start_; }
  absl::Time period_end() const { return end_; }
  // What is asked about at the end of the period once that is over.
  absl::Time JudgedAt(absl::Time at) const { return std::min(at, end_ - absl::Nanoseconds(1)); }

 private:
  struct Out {
    engine::LeafInput* input;
    absl::Time* next_change;
    std::vector<SourceRecord>* records;  // Null when they are not asked for.
    const CompiledLeaf* leaf;
    const engine::Leaf* rule;
  };

  void From(const FromObservations& source, Unit unit, absl::Time at, Out out);
  void From(const FromMeasures& source, Unit unit, absl::Time at, Out out);
  void From(const FromTimeliness& source, Unit unit, absl::Time at, Out out);
  void From(const FromCoverage& source, Unit unit, absl::Time at, Out out);
  void From(const FromRectification& source, Unit unit, absl::Time at, Out out);
  void From(const FromStatistic& source, Unit unit, absl::Time at, Out out);
  void From(const FromReview& source, Unit unit, absl::Time at, Out out);
  void From(const FromPublished& source, Unit unit, absl::Time at, Out out);

  // The input of a leaf that looks at no others.
  void TakeOwn(Unit unit, absl::Time at, Out out);
  // What the unit brings to the leaf, before anything is done to it.
  void From(const FromStatistic& source, const engine::Preparation& preparation, Unit unit,
            absl::Time at, Out out, RawFigure* raw);
  void Raw(Unit unit, absl::Time at, Out out, RawFigure* raw);
  // Puts what is made of it into the input.
  void TakePrepared(size_t leaf, Unit unit, engine::LeafInput* input) const;
  // What the unit shares with its peers in the rule of the leaf; nullopt: it is in no group.
  absl::optional<std::string> PeersOf(Unit unit, absl::Time at, Out out) const;
  absl::optional<std::string> GroupOf(int grouping, Unit unit, absl::Time at, Out out) const;
  // Of a leaf whose peers were frozen.
  void TakeFrozen(Unit unit, absl::Time at, Out out) const;
  // The figures that the rule needs beside the one of the leaf.
  void TakeBeside(const FromStatistic& source, Unit unit, absl::Time at, Out out) const;

  bool Applies(const CompiledLeaf& leaf, Unit unit) const;
  // Whether the unit need not be judged on the leaf; then its input says so.
  bool IsExempt(Unit unit, absl::Time at, Out out) const;
  // Whether the visit counts at `at`, as far as the scheme asks.
  bool Counts(const VisitFacts& visit, const FromObservations& source, absl::Time at) const;
  absl::optional<FixedSum> FigureOf(Unit unit, const std::string& definition,
                                    const calendar::Period& period, absl::Time at, Out out) const;
  // The figures of the periods before that the preparation looks at, the latest first.
  std::vector<double> HistoryOf(const FromStatistic& source, const engine::Preparation& preparation,
                                Unit unit, absl::Time at, Out out) const;
  Unit Against(Unit unit, const std::string& level) const;
  const measures::PeriodTable& TableOf(const std::string& list);
  // What spot checks that speak for units beside found among those with the same unit above.
  const ReviewSample& SampleBeside(const std::string& family, Unit unit, absl::Time at);

  const CompiledScheme* const scheme_;
  const calendar::Period period_;
  const Facts* const facts_;
  const engine::Board* const board_;
  const PeerColumns* const peers_;
  const absl::Time start_;
  const absl::Time end_;
  absl::flat_hash_map<std::string, measures::PeriodTable> tables_;
  int64_t tables_version_ = -1;
  absl::optional<ReviewedSheet> review_;  // Of the sheet that is being gathered, once needed.
  // By the unit above, as of samples_at_: one sum serves all below it.
  absl::flat_hash_map<Unit, ReviewSample> samples_;
  absl::Time samples_at_ = absl::InfinitePast();
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_BOARDS_GATHER_H_
