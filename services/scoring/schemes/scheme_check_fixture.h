// What the tests of scheme checks share: a scheme of figures, and changes that bring issues.
#ifndef TERRACE_SERVICES_SCORING_SCHEMES_SCHEME_CHECK_FIXTURE_H_
#define TERRACE_SERVICES_SCORING_SCHEMES_SCHEME_CHECK_FIXTURE_H_

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/scoring/schemes/scheme_check.h"
#include "services/scoring/test_schemes.h"

namespace terrace::scoring {

// The codes of all issues.
inline std::vector<std::string> CodesOf(const v1::Scheme& scheme,
                                        SchemeUse use = SchemeUse::kLive) {
  std::vector<std::string> codes;
  for (const v1::SchemeIssue& issue : CheckScheme(scheme, TestDefinition, use)) {
    EXPECT_FALSE(issue.message().empty());
    EXPECT_FALSE(issue.message_zh().empty());
    EXPECT_THAT(issue.message(), ::testing::Not(::testing::HasSubstr("{0}")));
    EXPECT_THAT(issue.message(), ::testing::Not(::testing::HasSubstr("{1}")));
    codes.push_back(issue.code());
  }
  return codes;
}

// A change of a good scheme, and exactly the issues that it brings.
struct IssueCase {
  const char* what;
  void (*change)(v1::Scheme&);
  std::vector<std::string> codes;
};

// Of the node with that id, which has one.
inline v1::Leaf& LeafOf(v1::Scheme& scheme, const std::string& id) {
  for (v1::Node& node : *scheme.mutable_nodes()) {
    if (node.id() == id) return *node.mutable_leaf();
  }
  TERRACE_CHECK(false);
  return *scheme.mutable_nodes(0)->mutable_leaf();
}

// A scheme of two figures in one node.
inline v1::Scheme IndexScheme() {
  return Parse<v1::Scheme>(R"pb(
    name: "units/county/schemes/index@1"
    points { value: "100" }
    periodicity: PERIODICITY_YEAR
    first_period: "2016"
    nodes {
      id: "index"
      points { value: "100" }
      combination: COMBINATION_GEOMETRIC
    }
    nodes {
      id: "income"
      parent: "index"
      points { value: "100" }
      leaf {
        statistic { definition: "units/county/statisticDefinitions/income" }
        normalise {
          method: NORMALISE_METHOD_MIN_MAX
          scale_low { value: "1" }
        }
      }
    }
    nodes {
      id: "people"
      parent: "index"
      points { value: "100" }
      leaf {
        statistic { definition: "units/county/statisticDefinitions/people" }
        ratio {
          full_at { value: "5000" }
          zero_at { value: "10" }
          logarithm: true
        }
      }
    }
    groupings { id: "kind" kind: true }
    frozen { node: "income" count: 9 min: "0.1" max: "2e3" }
    rollups {
      level: "levels/county"
      rollup { method: ROLLUP_METHOD_MEAN }
    }
    bands {
      grade: "high"
      lower_bound { value: "80" }
    }
    bands { grade: "low" }
  )pb");
}

// Parts of the scheme of figures.
inline v1::NormaliseRule& RuleOf(v1::Scheme& s) { return *LeafOf(s, "income").mutable_normalise(); }

inline v1::Preparation& PreparationOf(v1::Scheme& s) {
  return *LeafOf(s, "people").mutable_statistic()->mutable_preparation();
}

// Has its lines weighed pair by pair.
inline void JudgePair(v1::Scheme& s, const std::string& more, const std::string& less,
                      const std::string& times) {
  s.mutable_nodes(0)->set_weighting(v1::WEIGHTING_PAIRWISE);
  v1::Judgement& judgement = *s.mutable_nodes(0)->add_judgements();
  judgement.set_more(more);
  judgement.set_less(less);
  judgement.mutable_times()->set_value(times);
}

// Another line of it, at a judge's discretion.
inline void AddLine(v1::Scheme& s, const std::string& id) {
  v1::Node& line = *s.add_nodes();
  line.CopyFrom(s.nodes(2));
  line.set_id(id);
  line.mutable_leaf()->mutable_statistic()->set_definition(kRating);
  line.mutable_leaf()->mutable_discretion();
}

// A break point of its first line.
inline void AddPoint(v1::Scheme& s, const std::string& figure, const std::string& points) {
  v1::BreakPoint& point = *RuleOf(s).add_break_points();
  point.mutable_figure()->set_value(figure);
  point.mutable_points()->set_value(points);
}

// Of changes of the scheme of figures.
class IndexIssueTest : public ::testing::TestWithParam<IssueCase> {};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCHEMES_SCHEME_CHECK_FIXTURE_H_
