// Everything that sheets are made of: the joined mirrors of registry, measures and inspections, and
// the statistics, reviews and published scores of scoring's own log, with the position in each log
// that they speak for.
//
// Thread-safety: none; whoever owns the facts locks.
#ifndef TERRACE_SERVICES_SCORING_FACTS_FACTS_H_
#define TERRACE_SERVICES_SCORING_FACTS_FACTS_H_

#include "absl/time/time.h"
#include "services/scoring/facts/figures.h"
#include "services/scoring/facts/inspection_facts.h"
#include "services/scoring/facts/measure_facts.h"
#include "services/scoring/facts/published_scores.h"
#include "services/scoring/facts/registry_facts.h"
#include "services/scoring/facts/reviews.h"
#include "services/scoring/facts/unit_ids.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::scoring {

struct Facts {
  Facts() : registry(&ids), measures(&ids), inspections(&ids) {}
  Facts(const Facts&) = delete;
  Facts& operator=(const Facts&) = delete;

  UnitIds ids;
  RegistryFacts registry;
  MeasureFacts measures;
  InspectionFacts inspections;
  Figures figures;
  Reviews reviews;
  PublishedScores published;

  types::v1::RevisionVector vector;
  absl::Time log_time = absl::InfinitePast();  // The latest of the four logs.
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_FACTS_FACTS_H_
