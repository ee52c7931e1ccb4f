// A scheme as a file, to be applied to a table of figures without a server.
//
// The file is protobuf JSON of terrace.scoring.v1.Scheme and is checked like any scheme. What is
// different beside a server: statistics may be named by the headings of the table's columns, the
// figures of a period before are in the columns "NAME@PERIOD", and only statistics can be sources.
//
// Thread-safety. Plain values.
#ifndef TERRACE_SERVICES_TERRACE_TABLE_SCHEME_H_
#define TERRACE_SERVICES_TERRACE_TABLE_SCHEME_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/calendar/period.h"
#include "services/scoring/schemes/compile.h"
#include "services/terrace/advice.h"
#include "terrace/scoring/v1/scheme.pb.h"

namespace terrace::cli {

// Where in a table the figures of a leaf stand: headings, empty for none.
struct TableLeaf {
  std::string column;
  std::string denominator;
  std::string loss;
  std::string base;            // GrowthAboveParentRule
  std::string reference_unit;  // Id of a unit, not a heading.
  // Headings of the periods before, the latest first, as far back as the leaf looks; those that it
  // needs must be in the table.
  std::vector<std::string> history;
  std::vector<bool> needed;  // As history.
};

struct TableScheme {
  std::shared_ptr<const scoring::CompiledScheme> compiled;
  scoring::engine::Scheme engine;      // As compiled->engine, made for one period.
  std::vector<TableLeaf> leaves;       // As engine.leaves.
  std::vector<std::string> groupings;  // Headings; empty where it is not by a column.
  std::vector<std::string> weights;    // Headings, as compiled->weights.
};

// What is wrong with the scheme of a file and what looks odd, errors first. An error for a file
// that holds no scheme, or one that no table can be applied to.
absl::StatusOr<std::vector<scoring::v1::SchemeIssue>> CheckTableScheme(const std::string& path);

// Reads, checks and compiles. `period` is the one that the table's columns stand for; empty for the
// first one of the scheme. FILE_FAILED with what is wrong, in the language.
absl::StatusOr<TableScheme> ReadTableScheme(const std::string& path, absl::string_view period,
                                            Language language);

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_TABLE_SCHEME_H_
