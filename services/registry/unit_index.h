// Where units stand, when they existed and which codes they hold: the registry's typed index over
// its unit and placement rows.
//
// The shape of the tree as of now is a tree::Tree. Beside it the index keeps, by unit number, the
// days on which each unit opened and closed; for the few units that were ever moved, all their
// places; and a map from codes to units. With these every question about an earlier day can be
// answered.
//
// Loading. Rows of a snapshot come in any order; Load takes them all and links them once, which is
// much faster than one by one.
//
// Thread-safety. Changes need a write lock. Reads need a read lock; the first read after a change
// brings the lazily kept parts up to date, under the index's own mutex. A UnitView may be used
// without any lock.
#ifndef TERRACE_SERVICES_REGISTRY_UNIT_INDEX_H_
#define TERRACE_SERVICES_REGISTRY_UNIT_INDEX_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "common/tree/tree.h"
#include "services/registry/dates.h"
#include "services/registry/versioned.h"
#include "terrace/registry/v1/vocabulary.pb.h"
#include "terrace/storage/v1/registry.pb.h"

namespace terrace::registry {

using tree::kNoUnit;
using tree::Line;
using tree::UnitNumber;

// A place of a unit from a day on.
struct PlacedFrom {
  Day from;
  std::string parent;  // Ids; empty for none.
  std::string sector_parent;

  const std::string& ParentOn(Line line) const {
    return line == Line::kTerritory ? parent : sector_parent;
  }
};
using PlaceHistory = std::vector<PlacedFrom>;  // Oldest first.

// Codes (by hash) to units. Several units may hold one code at different times.
class CodeIndex {
 public:
  void Add(uint64_t hash, UnitNumber unit);
  void Remove(uint64_t hash, UnitNumber unit);
  absl::InlinedVector<UnitNumber, 2> Find(uint64_t hash) const;

 private:
  absl::flat_hash_map<uint64_t, UnitNumber> first_;
  absl::flat_hash_map<uint64_t, std::vector<UnitNumber>> others_;
};

// One version of the units, for computations outside the lock.
struct UnitView {
  // Days since 1970-01-01, by unit number.
  struct Lifetimes {
    std::vector<int32_t> open;
    std::vector<int32_t> close;
  };

  std::shared_ptr<const tree::Tree> tree;
  Versioned<Lifetimes>::Pin lifetimes;
  Versioned<absl::flat_hash_map<std::string, PlaceHistory>>::Pin moved;

  // Whether the unit exists on that day.
  bool IsOpen(UnitNumber unit, Day day) const;
  // Whether it exists on that day or existed before.
  bool HasOpened(UnitNumber unit, Day day) const;
  // The unit above on that day; kNoUnit at the top of the line.
  UnitNumber ParentOn(UnitNumber unit, Line line, Day day) const;
  // Whether `unit` lies under `root` on that day; a unit lies under itself.
  bool IsUnder(UnitNumber unit, UnitNumber root, Line line, Day day) const;
  // From the top of the line down to the unit.
  std::vector<UnitNumber> Path(UnitNumber unit, Line line, Day day) const;
  // Whether the tree of that day is the tree of now, as far as places go.
  bool PlacesAsNow(Day day) const;
};

class UnitIndex {
 public:
  UnitIndex();

  // Takes all units at once; the index must be new.
  class Loader;

  // A unit row as it is now, with the class of its kind and its present place (null when the row of
  // the place is still to come).
  void Put(absl::string_view id, const storage::v1::UnitRecord& record, v1::OrgClass org_class,
           const PlacedFrom* place, const storage::v1::UnitRecord* before);
  // All places of a unit after one of them changed.
  void Place(absl::string_view id, PlaceHistory history);
  // The position that the tree speaks for.
  void Advance(int64_t revision);

  std::shared_ptr<const tree::Tree> tree() const;
  UnitView view() const;
  // The places of a unit that was ever moved; null for all others.
  const PlaceHistory* FindMoved(absl::string_view id) const;
  // Units that hold or held a code of this hash.
  absl::InlinedVector<UnitNumber, 2> FindCode(uint64_t hash) const;

  // The log that the tree's cursor names.
  void SetLogId(const std::string& log_id) const;

  // Bytes that tell two indexes apart, whatever order their changes came in.
  std::string Digest() const;

 private:
  // A unit whose number is not known before the tree is published.
  struct Pending {
    std::string id;
    int32_t open = 0;
    int32_t close = 0;
    absl::InlinedVector<uint64_t, 2> codes_before;
    absl::InlinedVector<uint64_t, 2> codes;
  };

  void Queue(absl::string_view id, const storage::v1::UnitRecord& record,
             const storage::v1::UnitRecord* before);
  void Sync() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Versioned<absl::flat_hash_map<std::string, PlaceHistory>> moved_;

  mutable absl::Mutex mu_;
  mutable tree::TreeBuilder builder_ ABSL_GUARDED_BY(mu_);
  mutable std::shared_ptr<const tree::Tree> tree_ ABSL_GUARDED_BY(mu_);
  mutable bool stale_ ABSL_GUARDED_BY(mu_) = true;
  mutable std::string log_id_ ABSL_GUARDED_BY(mu_);
  mutable int64_t revision_ ABSL_GUARDED_BY(mu_) = 0;
  mutable std::vector<Pending> pending_ ABSL_GUARDED_BY(mu_);
  mutable Versioned<UnitView::Lifetimes> lifetimes_ ABSL_GUARDED_BY(mu_);
  mutable CodeIndex codes_ ABSL_GUARDED_BY(mu_);
};

// Takes the rows of a snapshot in any order.
class UnitIndex::Loader {
 public:
  explicit Loader(UnitIndex* index);
  ~Loader();  // Links everything.
  // A unit with all its places (at least one for every unit that a registry made).
  void Add(absl::string_view id, const storage::v1::UnitRecord& record, v1::OrgClass org_class,
           PlaceHistory history);

 private:
  UnitIndex* index_;
};

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_UNIT_INDEX_H_
