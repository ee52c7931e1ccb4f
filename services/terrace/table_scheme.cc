#include "services/terrace/table_scheme.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/file.h"
#include "common/base/text.h"
#include "common/resource/names.h"
#include "google/protobuf/util/json_util.h"
#include "services/scoring/names.h"
#include "services/scoring/schemes/scheme_check.h"

namespace terrace::cli {
namespace {

namespace v1 = scoring::v1;
namespace engine = scoring::engine;

// How far back a period may lie.
constexpr int kPeriodsBackMax = 1000;

absl::Status Unusable(const std::string& path, absl::string_view detail) {
  return Error(Reason::FILE_FAILED, {{"path", path}, {"detail", std::string(detail)}});
}

// The scheme of a file, with names in place of headings.
struct Named {
  v1::Scheme scheme;
  std::map<std::string, std::string> headings;    // By the full name of a statistic.
  std::map<std::string, std::string> references;  // By node: its reference unit as written.
  std::set<std::string> ratings;                  // Full names.
};

// Gives every heading that the scheme names a full name.
class Namer {
 public:
  explicit Namer(Named* named) : named_(*named) {}

  void Run() {
    v1::Scheme& scheme = named_.scheme;
    if (scheme.name().empty()) scheme.set_name("units/table/schemes/table@1");
    if (scheme.periodicity() == v1::PERIODICITY_UNSPECIFIED && scheme.first_period().empty()) {
      scheme.set_periodicity(v1::PERIODICITY_YEAR);
      scheme.set_first_period("2000");
    }
    for (v1::Node& node : *scheme.mutable_nodes()) {
      if (node.leaf().has_statistic()) NameLeaf(node);
    }
    for (v1::Grouping& grouping : *scheme.mutable_groupings()) {
      if (grouping.by_case() == v1::Grouping::kStatistic) Name(grouping.mutable_statistic());
    }
    for (v1::LevelRollup& level : *scheme.mutable_rollups()) {
      Name(level.mutable_rollup()->mutable_weight_statistic());
    }
  }

 private:
  void NameLeaf(v1::Node& node) {
    v1::Leaf& leaf = *node.mutable_leaf();
    v1::StatisticSource& source = *leaf.mutable_statistic();
    Name(source.mutable_definition());
    Name(source.mutable_loss());
    if (source.has_preparation()) Name(source.mutable_preparation()->mutable_denominator());
    if (leaf.has_discretion()) named_.ratings.insert(source.definition());
    if (leaf.has_normalise() && !leaf.normalise().reference_unit().empty()) {
      absl::string_view unit = leaf.normalise().reference_unit();
      absl::ConsumePrefix(&unit, "units/");
      named_.references[node.id()] = std::string(unit);
      leaf.mutable_normalise()->set_reference_unit("units/reference");
    }
  }

  void Name(std::string* text) {
    if (text->empty()) return;
    if (resource::MatchesName(*text, scoring::kDefinitionPattern)) {
      named_.headings[*text] = std::string(resource::LastSegment(*text));
      return;
    }
    const auto [entry, fresh] = names_.try_emplace(*text);
    if (fresh) {
      entry->second = absl::StrCat("units/table/statisticDefinitions/c", names_.size());
      named_.headings[entry->second] = *text;
    }
    *text = entry->second;
  }

  Named& named_;
  std::map<std::string, std::string> names_;  // By heading.
};

absl::StatusOr<Named> Read(const std::string& path) {
  const absl::StatusOr<std::string> json = ReadFile(path);
  if (!json.ok()) return Unusable(path, json.status().message());
  if (json->size() > scoring::kSchemeBytesMax) {
    return Unusable(path, absl::StrCat("it has ", json->size(), " bytes; a scheme has at most ",
                                       scoring::kSchemeBytesMax));
  }
  Named named;
  const auto parsed = google::protobuf::util::JsonStringToMessage(*json, &named.scheme);
  if (!parsed.ok()) {
    return Unusable(path, absl::StrCat("it is no JSON of terrace.scoring.v1.Scheme: ",
                                       std::string(parsed.message())));
  }
  TERRACE_RETURN_IF_ERROR(CheckMessage(named.scheme));
  for (int i = 0; i < named.scheme.nodes_size(); ++i) {
    const v1::Node& node = named.scheme.nodes(i);
    if (node.leaf().has_exemption()) {
      return Unusable(path, absl::StrCat("nodes[", i, "] (", node.id(),
                                         ") asks who holds a title, which no table says; leave "
                                         "its exemption out"));
    }
    if (!node.has_leaf() || node.leaf().has_statistic()) continue;
    if (node.leaf().source_case() == v1::Leaf::SOURCE_NOT_SET) continue;
    return Unusable(path, absl::StrCat("nodes[", i, "] (", node.id(),
                                       ") takes its figures from records of a server; a table has "
                                       "statistics only, so give the leaf a \"statistic\" with "
                                       "the heading of a column as its definition"));
  }
  if (!named.scheme.population().programme().empty()) {
    return Unusable(path,
                    "population.programme asks who is enrolled, which no table says; leave it out "
                    "and list in the table the units that count");
  }
  Namer(&named).Run();
  return named;
}

std::vector<v1::SchemeIssue> IssuesOf(const Named& named) {
  const auto find = [&](absl::string_view name) -> absl::optional<v1::StatisticDefinition> {
    if (named.headings.count(std::string(name)) == 0) return absl::nullopt;
    v1::StatisticDefinition definition;
    definition.set_name(std::string(name));
    definition.set_kind(named.ratings.count(std::string(name)) > 0 ? v1::STATISTIC_KIND_RATING
                                                                   : v1::STATISTIC_KIND_FIGURE);
    return definition;
  };
  return scoring::CheckScheme(named.scheme, find, scoring::SchemeUse::kTable);
}

// The errors as one phrase.
std::string Phrase(const std::vector<v1::SchemeIssue>& issues, Language language) {
  constexpr size_t kShown = 5;
  std::vector<std::string> shown;
  size_t errors = 0;
  for (const v1::SchemeIssue& issue : issues) {
    if (issue.severity() != v1::ISSUE_SEVERITY_ERROR || ++errors > kShown) continue;
    absl::string_view text = language == Language::kChinese ? issue.message_zh() : issue.message();
    if (!absl::ConsumeSuffix(&text, ".")) absl::ConsumeSuffix(&text, "。");
    shown.push_back(absl::StrCat(issue.field(), ": ", text));
  }
  std::string phrase = absl::StrJoin(shown, "; ");
  if (errors > kShown) absl::StrAppend(&phrase, "; … (", errors, ")");
  return phrase;
}

calendar::Period Back(calendar::Period period, int periods) {
  for (; periods > 0; --periods) period = period.Previous();
  return period;
}

class Maker {
 public:
  Maker(const Named& named, const std::string& path) : named_(named), path_(path) {}

  absl::StatusOr<TableScheme> Run(absl::string_view period) {
    out_.compiled = scoring::Compile(named_.scheme);
    out_.engine = out_.compiled->engine;
    period_ = out_.compiled->first_period;
    if (!period.empty()) {
      TERRACE_ASSIGN_OR_RETURN(period_, calendar::Period::Parse(period));
    }
    for (size_t leaf = 0; leaf < out_.engine.leaves.size(); ++leaf) {
      TERRACE_RETURN_IF_ERROR(AddLeaf(leaf));
    }
    for (const v1::Grouping& grouping : named_.scheme.groupings()) {
      out_.groupings.push_back(
          grouping.by_case() == v1::Grouping::kStatistic ? HeadingOf(grouping.statistic()) : "");
    }
    for (const std::string& weight : out_.compiled->weights) {
      out_.weights.push_back(HeadingOf(weight));
    }
    return std::move(out_);
  }

 private:
  std::string HeadingOf(const std::string& name) const {
    return name.empty() ? "" : named_.headings.at(name);
  }

  absl::Status AddLeaf(size_t index) {
    const auto& source = std::get<scoring::FromStatistic>(out_.compiled->leaves[index].source);
    const std::string& node = out_.engine.nodes[out_.engine.leaf_nodes[index]].id;
    engine::Preparation& preparation = out_.engine.leaves[index].preparation;
    TableLeaf leaf;
    const std::string heading = HeadingOf(source.definition);
    const calendar::Period period = source.period.value_or(period_);
    const auto at = [&](int back) {
      const calendar::Period then = Back(period, back);
      return then == period_ ? heading : absl::StrCat(heading, "@", then.ToString());
    };
    leaf.column = at(0);
    leaf.denominator = HeadingOf(source.denominator);
    leaf.loss = HeadingOf(source.loss);
    if (const auto reference = named_.references.find(node); reference != named_.references.end()) {
      leaf.reference_unit = reference->second;
    }
    if (source.grows) {
      TERRACE_ASSIGN_OR_RETURN(const int back,
                               BackTo(source.base_period, source.base_periods_back, period, node));
      leaf.base = at(back);
    }
    TERRACE_RETURN_IF_ERROR(AddHistory(source, period, node, &preparation, &leaf));
    for (size_t back = 0; back < leaf.needed.size(); ++back) {
      leaf.history.push_back(at(static_cast<int>(back) + 1));
    }
    out_.leaves.push_back(std::move(leaf));
    return absl::OkStatus();
  }

  // How far back the leaf looks, and at what.
  absl::Status AddHistory(const scoring::FromStatistic& source, const calendar::Period& period,
                          const std::string& node, engine::Preparation* preparation,
                          TableLeaf* leaf) {
    switch (preparation->growth) {
      case engine::GrowthMethod::kNone:
      case engine::GrowthMethod::kOfSiblings:
      case engine::GrowthMethod::kAboveSiblings:
        break;
      case engine::GrowthMethod::kCyclical:
        preparation->growth_periods = source.change_back;
        break;
      default: {
        TERRACE_ASSIGN_OR_RETURN(preparation->growth_periods,
                                 BackTo(source.change_base, source.change_back, period, node));
      }
    }
    for (int back : engine::PeriodsLookedAt(*preparation)) {
      leaf->needed.resize(back);
      leaf->needed[back - 1] = true;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<int> BackTo(const absl::optional<calendar::Period>& base, int back,
                             const calendar::Period& period, const std::string& node) const {
    const absl::optional<int> periods = base ? base->PeriodsBefore(period) : back;
    if (periods && *periods > 0 && *periods <= kPeriodsBackMax) return *periods;
    return Unusable(path_, absl::StrCat("the base period of ", node, " does not lie before ",
                                        period.ToString(), "; name the table's with --period"));
  }

  const Named& named_;
  const std::string& path_;
  calendar::Period period_;
  TableScheme out_;
};

}  // namespace

absl::StatusOr<std::vector<v1::SchemeIssue>> CheckTableScheme(const std::string& path) {
  TERRACE_ASSIGN_OR_RETURN(const Named named, Read(path));
  return IssuesOf(named);
}

absl::StatusOr<TableScheme> ReadTableScheme(const std::string& path, absl::string_view period,
                                            Language language) {
  TERRACE_ASSIGN_OR_RETURN(const Named named, Read(path));
  const std::vector<v1::SchemeIssue> issues = IssuesOf(named);
  if (scoring::HasErrors(issues)) return Unusable(path, Phrase(issues, language));
  return Maker(named, path).Run(period);
}

}  // namespace terrace::cli
