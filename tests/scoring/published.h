// What the tests against published results share: reading tables, and scoring an example with one.
#ifndef TERRACE_TESTS_SCORING_PUBLISHED_H_
#define TERRACE_TESTS_SCORING_PUBLISHED_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "services/scoring/engine/evaluate.h"
#include "services/terrace/score_table.h"
#include "services/terrace/table_scheme.h"

namespace terrace::scoring {

// A table by the texts of one column. The tests run in the root of the repository.
class Published {
 public:
  Published(const std::string& path, const std::string& key);

  const std::vector<std::string>& keys() const { return keys_; }
  const std::vector<std::string>& headings() const { return headings_; }
  const std::string& Text(const std::string& key, const std::string& column) const;
  // nullopt for an empty field.
  absl::optional<double> Number(const std::string& key, const std::string& column) const;

 private:
  std::vector<std::string> keys_;
  std::vector<std::string> headings_;
  std::map<std::string, std::map<std::string, std::string>> rows_;
};

// The folder of published data that is not kept in the repository; empty where it is absent. Tests
// skip themselves then.
std::string ReferenceData(absl::string_view folder);

std::string ExamplePath(absl::string_view example);

// An example applied to a table.
struct Scored {
  cli::TableScheme scheme;
  cli::ScoreTable table;
  engine::Evaluation result;

  int Node(absl::string_view id) const;
  // Row of the unit.
  size_t Unit(absl::string_view id) const;
  // What a node earns as a share of its points; NaN for nothing.
  double Share(absl::string_view node, absl::string_view unit) const;
  // The score with the scheme's decimals, such as "0.962"; empty for none.
  std::string Shown(absl::string_view unit) const;
  std::string Grade(absl::string_view unit) const;
};
Scored ScoreFile(const std::string& scheme, const std::string& table, const std::string& unit);
Scored ScoreText(const std::string& scheme, const std::string& table);

}  // namespace terrace::scoring

#endif  // TERRACE_TESTS_SCORING_PUBLISHED_H_
