// What units can be in this realm: its tables of levels and kinds.
//
// A realm starts with a table of usual levels and kinds. A stored row replaces the starting row of
// the same id or adds one; nothing is ever taken out, since units refer to it.
//
// Thread-safety. Immutable once built; a state replaces the whole vocabulary when a row changes.
#ifndef TERRACE_SERVICES_REGISTRY_VOCABULARY_H_
#define TERRACE_SERVICES_REGISTRY_VOCABULARY_H_

#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "terrace/registry/v1/vocabulary.pb.h"
#include "terrace/storage/v1/registry.pb.h"

namespace terrace::registry {

inline constexpr absl::string_view kLevelPrefix = "levels/";
inline constexpr absl::string_view kKindPrefix = "kinds/";

// Limits.
inline constexpr int kLevelsMax = 100;
inline constexpr int kKindsMax = 1000;
inline constexpr int kOrdinalMax = 1'000'000;

// "levels/county" -> "county"; empty for anything else. The view lives as long as the name.
absl::string_view LevelId(absl::string_view name);
absl::string_view KindId(absl::string_view name);
std::string LevelName(absl::string_view id);
std::string KindName(absl::string_view id);

class Vocabulary {
 public:
  // The starting tables.
  Vocabulary();

  // Takes over a stored row.
  void SetLevel(absl::string_view id, storage::v1::LevelRecord record);
  void SetKind(absl::string_view id, storage::v1::KindRecord record);

  // Null when there is none.
  const storage::v1::LevelRecord* FindLevel(absl::string_view id) const;
  const storage::v1::KindRecord* FindKind(absl::string_view id) const;

  // The place of a level among the others, smaller is higher; an unknown one is below all.
  int Ordinal(absl::string_view level_id) const;
  // The class of a kind; UNSPECIFIED for an unknown one.
  v1::OrgClass ClassOf(absl::string_view kind_id) const;

  // All rows as resources: levels highest first, kinds by name.
  std::vector<v1::Level> Levels() const;
  std::vector<v1::Kind> Kinds() const;
  int level_count() const { return static_cast<int>(levels_.size()); }
  int kind_count() const { return static_cast<int>(kinds_.size()); }
  // The level of that ordinal; empty when there is none.
  std::string LevelAt(int ordinal) const;

 private:
  absl::btree_map<std::string, storage::v1::LevelRecord> levels_;
  absl::btree_map<std::string, storage::v1::KindRecord> kinds_;
};

v1::Level ToLevel(absl::string_view id, const storage::v1::LevelRecord& record);
v1::Kind ToKind(absl::string_view id, const storage::v1::KindRecord& record);

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_VOCABULARY_H_
