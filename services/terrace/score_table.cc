#include "services/terrace/score_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/base/decimal.h"
#include "common/base/error.h"
#include "common/base/file.h"
#include "common/base/text.h"
#include "services/scoring/engine/accumulator.h"

namespace terrace::cli {
namespace {

namespace engine = scoring::engine;
namespace v1 = scoring::v1;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr char kParentColumn[] = "parent";
constexpr char kLevelColumn[] = "level";
constexpr char kKindColumn[] = "kind";

// Digits with at most one point in between, rounded to 12 decimals; false for other forms.
bool ParsePlain(absl::string_view text, FixedSum* exact) {
  const bool negative = absl::ConsumePrefix(&text, "-");
  constexpr size_t kWholeDigitsMax = 18;
  const size_t point = std::min(text.find('.'), text.size());
  const absl::string_view whole = text.substr(0, point);
  const absl::string_view fraction = point < text.size() ? text.substr(point + 1) : "";
  if (whole.size() + fraction.size() == 0 || whole.size() > kWholeDigitsMax) return false;
  int128_t units = 0;
  for (char c : whole) {
    if (!absl::ascii_isdigit(c)) return false;
    units = units * 10 + (c - '0');
  }
  for (size_t i = 0; i < kFixedDecimals; ++i) {
    units = units * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
  }
  for (char c : fraction) {
    if (!absl::ascii_isdigit(c)) return false;
  }
  if (fraction.size() > kFixedDecimals && fraction[kFixedDecimals] >= '5') ++units;
  *exact = FixedSum::FromUnits(negative ? -units : units);
  return true;
}

class Reader {
 public:
  Reader(CsvReader csv, const TableScheme& scheme, const TableOptions& options)
      : csv_(std::move(csv)), scheme_(scheme), options_(options) {}

  absl::StatusOr<ScoreTable> Run() {
    const std::string column =
        options_.unit_column.empty() ? csv_.headings().front() : options_.unit_column;
    if (!csv_.Has(column)) return Missing(column, "that --unit names");
    unit_column_ = csv_.Column(column);
    TERRACE_RETURN_IF_ERROR(FindColumns());
    while (true) {
      TERRACE_ASSIGN_OR_RETURN(const bool some, csv_.Next());
      if (!some) break;
      TERRACE_RETURN_IF_ERROR(ReadRow());
    }
    if (out_.table.units.empty()) return csv_.BadRow("there is no unit in the table");
    TERRACE_RETURN_IF_ERROR(PlaceUnits());
    NumberGroups();
    TERRACE_RETURN_IF_ERROR(FillLeaves());
    return std::move(out_);
  }

 private:
  // A column of numbers, read once however many leaves look at it.
  struct Numbers {
    size_t column = 0;
    engine::Figures figures;
  };

  absl::Status Missing(absl::string_view heading, absl::string_view whose) const {
    return csv_.BadRow(absl::StrCat("the column ", heading, " ", whose, " is missing"));
  }

  absl::Status Want(const std::string& heading, absl::string_view whose) {
    if (heading.empty() || numbers_.count(heading) > 0) return absl::OkStatus();
    if (!csv_.Has(heading)) return Missing(heading, whose);
    numbers_[heading].column = csv_.Column(heading);
    return absl::OkStatus();
  }

  absl::Status FindColumns() {
    for (size_t i = 0; i < scheme_.leaves.size(); ++i) {
      const TableLeaf& leaf = scheme_.leaves[i];
      const std::string whose = absl::StrCat("of the node ", NodeOf(i).id);
      TERRACE_RETURN_IF_ERROR(Want(leaf.column, whose));
      TERRACE_RETURN_IF_ERROR(Want(leaf.denominator, whose));
      TERRACE_RETURN_IF_ERROR(Want(leaf.loss, whose));
      TERRACE_RETURN_IF_ERROR(Want(leaf.base, whose));
      for (size_t back = 0; back < leaf.history.size(); ++back) {
        if (leaf.needed[back]) TERRACE_RETURN_IF_ERROR(Want(leaf.history[back], whose));
      }
      if (SourceOf(i).grows && !csv_.Has(kParentColumn)) return Missing(kParentColumn, whose);
      has_kinds_ |= !scheme_.compiled->leaves[i].kinds.empty();
    }
    for (const std::string& weight : scheme_.weights) {
      TERRACE_RETURN_IF_ERROR(Want(weight, "of a roll-up"));
    }
    for (const engine::Node& node : scheme_.engine.nodes) {
      outranks_ |= node.combination == engine::Combination::kCopeland;
    }
    const scoring::CompiledScheme& compiled = *scheme_.compiled;
    bool has_levels = !compiled.population_levels.empty();
    has_kinds_ |= !compiled.population_kinds.empty();
    for (int i = 0; i < compiled.proto.groupings_size(); ++i) {
      const v1::Grouping& grouping = compiled.proto.groupings(i);
      const std::string whose = absl::StrCat("of the grouping ", grouping.id());
      if (!scheme_.groupings[i].empty() && !csv_.Has(scheme_.groupings[i])) {
        return Missing(scheme_.groupings[i], whose);
      }
      has_kinds_ |= grouping.kind();
      has_levels |= grouping.level() || !grouping.ancestor_level().empty();
      if (!grouping.ancestor_level().empty() && !csv_.Has(kParentColumn)) {
        return Missing(kParentColumn, whose);
      }
    }
    if (has_kinds_ && !csv_.Has(kKindColumn)) return Missing(kKindColumn, "that the scheme needs");
    if (has_levels && !csv_.Has(kLevelColumn)) {
      return Missing(kLevelColumn, "that the scheme needs");
    }
    return absl::OkStatus();
  }

  absl::Status ReadRow() {
    engine::Table& table = out_.table;
    const std::string unit = Text(unit_column_);
    if (unit.empty()) return csv_.BadRow("the unit is missing");
    if (unit.size() > kDisplayNameBytesMax) {
      return csv_.BadRow(
          absl::StrCat("the unit's name has more than ", kDisplayNameBytesMax, " bytes"));
    }
    if (table.units.size() >= kTableUnitsMax) {
      return csv_.BadRow(absl::StrCat("there are more than ", kTableUnitsMax, " units"));
    }
    const size_t columns = std::max(numbers_.size(), scheme_.leaves.size());
    if ((table.units.size() + 1) * columns > kTableFiguresMax) {
      return csv_.BadRow(
          absl::StrCat("there are more than ", kTableFiguresMax, " figures; divide the table"));
    }
    if (outranks_ && table.units.size() >= kOutrankedUnitsMax) {
      return csv_.BadRow(absl::StrCat(
          "outranking compares every unit with every other one, at most ", kOutrankedUnitsMax));
    }
    const int row = static_cast<int>(table.units.size());
    if (!rows_.try_emplace(unit, row).second) {
      return csv_.BadRow(absl::StrCat("the unit ", unit, " stands there twice"));
    }
    table.units.push_back(unit);
    lines_.push_back(csv_.line());
    if (csv_.Has(kParentColumn)) parents_.push_back(Text(csv_.Column(kParentColumn)));
    if (csv_.Has(kLevelColumn)) levels_.push_back(Text(csv_.Column(kLevelColumn)));
    if (csv_.Has(kKindColumn)) kinds_.push_back(Text(csv_.Column(kKindColumn)));
    groups_.resize(scheme_.groupings.size());
    for (size_t i = 0; i < scheme_.groupings.size(); ++i) {
      if (!scheme_.groupings[i].empty()) {
        groups_[i].push_back(Text(csv_.Column(scheme_.groupings[i])));
      }
    }
    for (auto& [heading, numbers] : numbers_) {
      const std::string text = Text(numbers.column);
      double value = kNone;
      FixedSum exact;
      if (!text.empty() && !ParseFigure(text, &value, &exact)) {
        return csv_.BadRow(absl::StrCat("\"", QuoteText(text), "\" in the column ", heading,
                                        " is no number below 10^18; leave the field empty where "
                                        "there is no figure"));
      }
      numbers.figures.values.push_back(value);
      numbers.figures.exact.push_back(exact);
    }
    return absl::OkStatus();
  }

  std::string Text(size_t column) const {
    return std::string(absl::StripAsciiWhitespace(csv_.Field(column)));
  }

  absl::Status BadUnit(size_t unit, absl::string_view detail) const {
    return csv_.BadRow(lines_[unit], detail);
  }

  // Parents, levels, and who has a sheet.
  absl::Status PlaceUnits() {
    engine::Table& table = out_.table;
    const scoring::CompiledScheme& compiled = *scheme_.compiled;
    const size_t units = table.units.size();
    if (!parents_.empty()) {
      table.parents.resize(units, -1);
      for (size_t unit = 0; unit < units; ++unit) {
        if (parents_[unit].empty()) continue;
        const auto parent = rows_.find(parents_[unit]);
        if (parent == rows_.end()) {
          return BadUnit(unit, absl::StrCat("the parent ", parents_[unit], " of ",
                                            table.units[unit], " is not in the table"));
        }
        table.parents[unit] = parent->second;
      }
      for (size_t unit = 0; unit < units; ++unit) {
        int depth = 0;
        for (int at = static_cast<int>(unit); at >= 0; at = table.parents[at]) {
          if (++depth > kTableDepthMax) {
            return BadUnit(unit, absl::StrCat("the parents above ", table.units[unit],
                                              " come back to where they began, or are more than ",
                                              kTableDepthMax));
          }
        }
      }
    }
    for (const std::string& level : levels_) {
      if (level.empty()) return BadUnit(&level - levels_.data(), "the level is missing");
    }
    NumberTexts(levels_, &table.levels, &out_.level_names);
    if (!table.parents.empty()) {
      table.rollups.resize(units);
      for (size_t unit = 0; unit < units && !levels_.empty(); ++unit) {
        table.rollups[unit] = compiled.RollupOf(levels_[unit]);
      }
    }
    const bool by_level = !compiled.population_levels.empty();
    const bool by_kind = !compiled.population_kinds.empty();
    if (!by_level && !by_kind) return absl::OkStatus();
    table.has_sheet.resize(units);
    for (size_t unit = 0; unit < units; ++unit) {
      table.has_sheet[unit] = (!by_level || compiled.population_levels.contains(levels_[unit])) &&
                              (!by_kind || compiled.population_kinds.contains(kinds_[unit]));
    }
    return absl::OkStatus();
  }

  // Numbers equal texts alike, in the order of the texts; -1 for no text.
  static void NumberTexts(const std::vector<std::string>& texts, std::vector<int>* numbers,
                          std::vector<std::string>* names) {
    std::map<std::string, int> known;
    for (const std::string& text : texts) {
      if (!text.empty()) known[text] = 0;
    }
    for (auto& [text, number] : known) {
      number = static_cast<int>(names->size());
      names->push_back(text);
    }
    for (const std::string& text : texts) numbers->push_back(text.empty() ? -1 : known[text]);
  }

  void NumberGroups() {
    const v1::Scheme& proto = scheme_.compiled->proto;
    out_.table.groups.resize(proto.groupings_size());
    out_.group_names.resize(proto.groupings_size());
    for (int i = 0; i < proto.groupings_size(); ++i) {
      const v1::Grouping& grouping = proto.groupings(i);
      std::vector<std::string> texts;
      if (grouping.kind()) {
        texts = kinds_;
      } else if (grouping.level()) {
        texts = levels_;
      } else if (!grouping.ancestor_level().empty()) {
        const std::string level = Code(grouping.ancestor_level());
        for (size_t unit = 0; unit < out_.table.units.size(); ++unit) {
          const int above = AboveOf(unit, level);
          texts.push_back(above < 0 ? "" : out_.table.units[above]);
        }
      } else {
        texts = groups_[i];
      }
      NumberTexts(texts, &out_.table.groups[i], &out_.group_names[i]);
    }
  }
  static std::string Code(absl::string_view name) {
    absl::ConsumePrefix(&name, "levels/");
    return std::string(name);
  }

  // The nearest unit of the level above, the direct parent for no level; -1 for none.
  int AboveOf(size_t unit, const std::string& level) const {
    int at = out_.table.parents[unit];
    while (at >= 0 && !level.empty() && levels_[at] != level) at = out_.table.parents[at];
    return at;
  }

  absl::Status FillLeaves() {
    for (size_t i = 0; i < scheme_.leaves.size(); ++i) {
      const TableLeaf& in = scheme_.leaves[i];
      engine::LeafTable leaf;
      leaf.figure = numbers_.at(in.column).figures;
      if (!in.denominator.empty()) leaf.denominator = numbers_.at(in.denominator).figures.values;
      if (!in.loss.empty()) leaf.loss = numbers_.at(in.loss).figures;
      if (!in.base.empty()) leaf.base = numbers_.at(in.base).figures;
      for (const std::string& heading : in.history) {
        const auto known = numbers_.find(heading);
        leaf.history.push_back(known != numbers_.end()
                                   ? known->second.figures.values
                                   : engine::FigureColumn(out_.table.units.size(), kNone));
      }
      TERRACE_RETURN_IF_ERROR(FindReference(in, i, &leaf));
      const std::vector<scoring::Codes>& kinds = scheme_.compiled->leaves[i].kinds;
      for (size_t unit = 0; unit < out_.table.units.size() && !kinds.empty(); ++unit) {
        leaf.applies.push_back(
            std::all_of(kinds.begin(), kinds.end(),
                        [&](const scoring::Codes& codes) { return codes.contains(kinds_[unit]); }));
      }
      for (size_t unit = 0; unit < out_.table.units.size() && SourceOf(i).grows; ++unit) {
        leaf.against.push_back(AboveOf(unit, SourceOf(i).against_level));
      }
      FreezeByScheme(i, &leaf);
      out_.table.leaves.push_back(std::move(leaf));
    }
    return FillWeights();
  }

  absl::Status FindReference(const TableLeaf& in, size_t index, engine::LeafTable* leaf) const {
    if (in.reference_unit.empty()) return absl::OkStatus();
    const auto row = rows_.find(in.reference_unit);
    if (row == rows_.end() && options_.has_reference) return absl::OkStatus();
    if (row == rows_.end()) {
      return csv_.BadRow(absl::StrCat("the reference unit ", in.reference_unit, " of the node ",
                                      NodeOf(index).id, " is not in the table"));
    }
    leaf->reference_unit = row->second;
    return absl::OkStatus();
  }

  // Parameters that the scheme itself carries.
  void FreezeByScheme(size_t index, engine::LeafTable* leaf) const {
    const auto& frozen = scheme_.compiled->leaves[index].frozen;
    if (frozen.empty()) return;
    const auto* rule = std::get_if<engine::NormaliseRule>(&scheme_.engine.leaves[index].rule);
    if (rule == nullptr) return;
    const auto put = [&](size_t set, const engine::PeersFound& found) {
      if (leaf->frozen.size() <= set) leaf->frozen.resize(set + 1);
      leaf->frozen[set] = found;
    };
    for (const auto& [peers, found] : frozen) {
      if (rule->peers == engine::Peers::kAll) {
        put(0, found);
      } else if (rule->peers == engine::Peers::kGroup) {
        const std::vector<std::string>& names = out_.group_names[rule->grouping];
        const auto name = std::find(names.begin(), names.end(), peers);
        if (name != names.end()) put(name - names.begin(), found);
      } else if (absl::string_view unit = peers; absl::ConsumePrefix(&unit, "units/")) {
        const auto row = rows_.find(std::string(unit));
        if (row != rows_.end()) put(row->second + 1, found);
      }
    }
    // Sets that were not frozen have no peers.
    if (leaf->frozen.empty()) leaf->frozen.resize(1);
  }

  absl::Status FillWeights() {
    for (const std::string& heading : scheme_.weights) {
      const engine::Figures& figures = numbers_.at(heading).figures;
      std::vector<absl::optional<int64_t>> weights(figures.values.size());
      for (size_t unit = 0; unit < weights.size(); ++unit) {
        if (std::isnan(figures.values[unit])) continue;
        const FixedSum rounded = Round(figures.exact[unit], engine::kWeightDecimals);
        const int128_t units = rounded.units() / (kFixedUnitsPerOne / engine::kWeightUnitsPerOne);
        if (units < 0 || units > engine::kWeightUnitsMax) {
          return BadUnit(unit, absl::StrCat("the weight in the column ", heading,
                                            " does not lie between 0 and 10^10"));
        }
        weights[unit] = static_cast<int64_t>(units);
      }
      out_.table.weights.push_back(std::move(weights));
    }
    return absl::OkStatus();
  }

  const engine::Node& NodeOf(size_t leaf) const {
    return scheme_.engine.nodes[scheme_.engine.leaf_nodes[leaf]];
  }
  const scoring::FromStatistic& SourceOf(size_t leaf) const {
    return std::get<scoring::FromStatistic>(scheme_.compiled->leaves[leaf].source);
  }

  CsvReader csv_;
  const TableScheme& scheme_;
  const TableOptions& options_;
  size_t unit_column_ = 0;
  bool has_kinds_ = false;
  bool outranks_ = false;
  std::map<std::string, Numbers> numbers_;  // By heading.
  absl::flat_hash_map<std::string, int> rows_;
  std::vector<int64_t> lines_;  // By unit.
  std::vector<std::string> parents_;
  std::vector<std::string> levels_;
  std::vector<std::string> kinds_;
  std::vector<std::vector<std::string>> groups_;  // By grouping.
  ScoreTable out_;
};

// What the sets of peers of a rule are called, by their numbers.
std::vector<std::string> SetNames(const engine::NormaliseRule* rule, const ScoreTable& table) {
  if (rule == nullptr || rule->peers == engine::Peers::kAll) return {""};
  if (rule->peers == engine::Peers::kGroup) return table.group_names[rule->grouping];
  std::vector<std::string> names = {""};
  names.insert(names.end(), table.table.units.begin(), table.table.units.end());
  return names;
}

}  // namespace

absl::StatusOr<ScoreTable> ReadScoreTable(const std::string& path, const TableScheme& scheme,
                                          const TableOptions& options) {
  std::error_code error;
  const uintmax_t bytes = std::filesystem::file_size(path, error);
  if (!error && bytes > uintmax_t{kTableBytesMax}) {
    return Error(Reason::FILE_FAILED,
                 {{"path", path},
                  {"detail", absl::StrCat("it has ", bytes, " bytes; a table has at most ",
                                          kTableBytesMax)}});
  }
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) {
    return Error(Reason::FILE_FAILED,
                 {{"path", path}, {"detail", std::string(text.status().message())}});
  }
  return ScoreTableFromText(path, *std::move(text), scheme, options);
}

absl::StatusOr<ScoreTable> ScoreTableFromText(std::string path, std::string text,
                                              const TableScheme& scheme,
                                              const TableOptions& options) {
  if (!IsValidUtf8(text)) {
    int64_t line = 0;
    for (absl::string_view one : absl::StrSplit(text, '\n')) {
      ++line;
      if (!IsValidUtf8(one)) break;
    }
    return Error(Reason::BAD_TABLE, {{"path", path},
                                     {"line", absl::StrCat(line)},
                                     {"detail", "the text is no UTF-8; save the table as such"}});
  }
  TERRACE_ASSIGN_OR_RETURN(CsvReader csv, CsvReader::FromText(std::move(path), std::move(text)));
  return Reader(std::move(csv), scheme, options).Run();
}

void Freeze(const TableScheme& scheme, const ScoreTable& reference, const engine::Evaluation& found,
            ScoreTable* table) {
  for (size_t leaf = 0; leaf < table->table.leaves.size(); ++leaf) {
    const auto* rule = std::get_if<engine::NormaliseRule>(&scheme.engine.leaves[leaf].rule);
    absl::flat_hash_map<std::string, size_t> sets;
    const std::vector<std::string> theirs = SetNames(rule, reference);
    for (size_t set = 0; set < theirs.size(); ++set) sets[theirs[set]] = set;
    const std::vector<std::string> ours = SetNames(rule, *table);
    std::vector<engine::PeersFound>& frozen = table->table.leaves[leaf].frozen;
    frozen.assign(ours.size(), {});
    for (size_t set = 0; set < ours.size(); ++set) {
      const auto known = sets.find(ours[set]);
      if (known != sets.end() && known->second < found.peers[leaf].size()) {
        frozen[set] = found.peers[leaf][known->second];
      }
    }
  }
}

bool ParseFigure(absl::string_view text, double* value, FixedSum* exact) {
  constexpr double kMost = 1e18;
  const std::from_chars_result read =
      std::from_chars(text.data(), text.data() + text.size(), *value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    // "33,700.0" and the like.
    const absl::StatusOr<Decimal> decimal = Decimal::ParseLoose(text, "");
    return decimal.ok() && ParseFigure(decimal->ToString(), value, exact);
  }
  if (!(std::abs(*value) < kMost)) return false;
  if (ParsePlain(text, exact)) return true;
  const double units = std::round(*value * static_cast<double>(kFixedUnitsPerOne));
  *exact = FixedSum::FromUnits(static_cast<int128_t>(units));
  return true;
}

}  // namespace terrace::cli
