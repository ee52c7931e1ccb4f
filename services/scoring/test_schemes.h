// A scheme of tests that uses every source.
#ifndef TERRACE_SERVICES_SCORING_TEST_SCHEMES_H_
#define TERRACE_SERVICES_SCORING_TEST_SCHEMES_H_

#include "services/scoring/test_world.h"
#include "terrace/scoring/v1/scheme.pb.h"
#include "terrace/scoring/v1/statistic.pb.h"

namespace terrace::scoring {

inline constexpr char kProgramme[] = "units/county/programmes/model";
inline constexpr char kList[] = "units/county/measureLists/tasks";
inline constexpr char kIncome[] = "units/county/statisticDefinitions/income";
inline constexpr char kPeople[] = "units/county/statisticDefinitions/people";
inline constexpr char kRating[] = "units/county/statisticDefinitions/rating";

// Villages of the programme have sheets; townships and the county too, for what is counted there.
inline v1::Scheme TestScheme() {
  return Parse<v1::Scheme>(R"pb(
    name: "units/county/schemes/quality@1"
    display_name: "Quality"
    points { value: "100" }
    periodicity: PERIODICITY_YEAR
    first_period: "2016"
    population { levels: "levels/village" levels: "levels/township" }
    counts_from: COUNTS_FROM_SUBMITTED
    bonus_cap { value: "10" }
    nodes {
      id: "site"
      display_name: "On the spot"
      points { value: "60" }
    }
    nodes {
      id: "site.clean"
      parent: "site"
      points { value: "40" }
      leaf {
        observations { checklist: "units/county/checklists/village" items: "clean" items: "gate" }
        deduct { each { value: "5" } }
      }
    }
    nodes {
      id: "site.grade"
      parent: "site"
      points { value: "20" }
      leaf {
        observations {
          checklist: "units/county/checklists/village"
          items: "order"
          visits: VISIT_CHOICE_MEAN
        }
        grade {
          grades {
            grade: "A"
            points { value: "20" }
          }
          grades {
            grade: "B"
            points { value: "13.2" }
          }
          grades {
            grade: "C"
            points { value: "6.6" }
          }
        }
      }
    }
    nodes {
      id: "tasks"
      points { value: "15" }
      leaf {
        measures { list: "units/county/measureLists/tasks" }
        ratio {}
      }
    }
    nodes {
      id: "reports"
      points { value: "10" }
      leaf {
        timeliness { list: "units/county/measureLists/tasks" }
        ratio {}
        missing: MISSING_POLICY_ZERO
      }
    }
    nodes {
      id: "findings"
      points { value: "5" }
      leaf {
        rectification {}
        ratio {}
        empty: EMPTY_POLICY_FULL
      }
    }
    nodes {
      id: "coverage"
      points { value: "5" }
      kinds: "kinds/area"
      leaf {
        coverage { programme: "units/county/programmes/model" }
        pass_fail { threshold { value: "0.5" } }
      }
    }
    nodes {
      id: "income"
      points { value: "5" }
      leaf {
        statistic { definition: "units/county/statisticDefinitions/income" }
        growth_above_parent {
          base_periods_back: 1
          against_level: "levels/county"
          full_at { value: "0.2" }
        }
      }
    }
    nodes {
      id: "praise"
      leaf {
        statistic { definition: "units/county/statisticDefinitions/rating" }
        bonus { each { value: "2" } }
      }
    }
    nodes {
      id: "accident"
      leaf {
        observations {
          checklist: "units/county/checklists/village"
          items: "safety"
          visits: VISIT_CHOICE_POOLED
        }
        veto {
          effect: VETO_EFFECT_MAX_SCORE
          max_score { value: "50" }
        }
      }
    }
    rollups {
      level: "levels/township"
      rollup {
        method: ROLLUP_METHOD_WEIGHTED_MEAN
        weight_statistic: "units/county/statisticDefinitions/people"
        own_weight { value: "1" }
        rolled_weight { value: "3" }
      }
    }
    rollups {
      level: "levels/county"
      rollup { method: ROLLUP_METHOD_OVER_DESCENDANTS }
    }
    bands {
      grade: "excellent"
      lower_bound { value: "90" }
    }
    bands {
      grade: "good"
      lower_bound { value: "80" }
    }
    bands { grade: "fair" }
  )pb");
}

// TestScheme with an index in it: figures prepared in every way that a live score knows, a node of
// shares, a penalty and a gate.
inline v1::Scheme MixedScheme() {
  v1::Scheme scheme = TestScheme();
  scheme.mutable_points()->set_value("120");
  scheme.MergeFrom(Parse<v1::Scheme>(R"pb(
    nodes {
      id: "index"
      points { value: "20" }
      combination: COMBINATION_GEOMETRIC
    }
    nodes {
      id: "wealth"
      parent: "index"
      points { value: "100" }
      weight { value: "2" }
      leaf {
        statistic {
          definition: "units/county/statisticDefinitions/income"
          preparation { denominator: "units/county/statisticDefinitions/people" }
        }
        normalise {
          method: NORMALISE_METHOD_MIN_MAX
          scale_low { value: "1" }
        }
      }
    }
    nodes {
      id: "growth"
      parent: "index"
      points { value: "100" }
      weight { value: "1" }
      leaf {
        statistic {
          definition: "units/county/statisticDefinitions/income"
          preparation { growth { method: GROWTH_METHOD_RELATIVE } }
        }
        normalise {
          method: NORMALISE_METHOD_PIECEWISE
          break_points {
            figure { value: "-0.5" }
            points { value: "10" }
          }
          break_points {
            figure { value: "0.5" }
            points { value: "90" }
          }
        }
      }
    }
    nodes {
      id: "size"
      parent: "index"
      points { value: "10" }
      weight { value: "1" }
      leaf {
        statistic {
          definition: "units/county/statisticDefinitions/people"
          loss: "units/county/statisticDefinitions/rating"
        }
        ratio {
          full_at { value: "4" }
          zero_at { value: "0.04" }
          logarithm: true
        }
      }
    }
    nodes {
      id: "fines"
      leaf {
        statistic { definition: "units/county/statisticDefinitions/rating" period: "2015" }
        penalty {
          each { value: "3" }
          cap { value: "30" }
        }
      }
    }
    nodes {
      id: "gate"
      leaf {
        statistic { definition: "units/county/statisticDefinitions/income" }
        veto {
          effect: VETO_EFFECT_MAX_GRADE
          below { value: "0.5" }
          max_grade: "good"
        }
      }
    }
    frozen { node: "wealth" count: 9 min: "0.5" max: "2.5" }
  )pb"));
  return scheme;
}

// Declares the statistics of TestScheme.
// What stages of a campaign judge: villages, 60 points for work and 40 for files, which an office
// scores where a stage asks for that; praise is counted from a figure.
inline v1::Scheme ReviewScheme() {
  return Parse<v1::Scheme>(R"pb(
    name: "units/county/schemes/quality@1"
    display_name: "Quality"
    points { value: "100" }
    periodicity: PERIODICITY_YEAR
    first_period: "2015"
    population { levels: "levels/village" }
    nodes {
      id: "work"
      points { value: "60" }
      leaf {
        review {}
        discretion {}
      }
    }
    nodes {
      id: "files"
      points { value: "40" }
      leaf {
        review {}
        discretion {}
        scorer: "units/archive"
      }
    }
    nodes {
      id: "praise"
      leaf {
        statistic { definition: "units/county/statisticDefinitions/rating" }
        bonus {
          each { value: "2" }
          cap { value: "5" }
        }
      }
    }
    nodes {
      id: "accident"
      leaf {
        observations { checklist: "units/county/checklists/village" items: "safety" }
        veto { effect: VETO_EFFECT_ZERO }
      }
    }
    rollups {
      level: "levels/township"
      rollup { method: ROLLUP_METHOD_MEAN }
    }
  )pb");
}

inline absl::optional<v1::StatisticDefinition> TestDefinition(absl::string_view name) {
  v1::StatisticDefinition definition;
  definition.set_name(std::string(name));
  if (name == absl::string_view(kIncome) || name == absl::string_view(kPeople)) {
    definition.set_kind(v1::STATISTIC_KIND_FIGURE);
    return definition;
  }
  if (name == absl::string_view(kRating)) {
    definition.set_kind(v1::STATISTIC_KIND_RATING);
    return definition;
  }
  return absl::nullopt;
}

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_TEST_SCHEMES_H_
