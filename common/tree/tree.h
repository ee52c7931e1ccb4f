// The mirror of the unit tree that every service of a process shares.
//
// Concept. A Tree is one immutable version of the tree: units numbered 0, 1, 2, ... with a parent
// on each of two lines (territory and sector). Numbers are stable while a mirror lives and are
// never reused; other columns of a service may be kept by unit number. A TreeBuilder owns the
// mirror, applies changes and publishes versions. Versions share almost everything: rows live in
// chunks that are copied on write, ids and names in append-only pools, and the id map is one
// append-only table in which a version overlooks numbers that are newer than itself.
//
// Order. Children come by id (bytes), so two replicas walk a tree in the same order whatever order
// their units arrived in.
//
// Placeholders. A feed may bring a child before its parent. The parent then has a number without
// being a unit yet: Number() does not find it, walks up stop below it, and nothing counts it.
//
// Is-under. The pre-order index of a line answers by comparing intervals. It is built on demand by
// EnsureIndex (tens of milliseconds for 600,000 units, so not on a request's path), shared by all
// later versions, still valid when leaves are appended, and dropped by a move. Without it, IsUnder
// walks up the parents, at most kTreeDepthMax steps.
//
// Thread-safety. A Tree may be read from any thread. A TreeBuilder belongs to one thread at a time,
// and may go on while readers use its versions. TreeHolder is thread-safe.
#ifndef TERRACE_COMMON_TREE_TREE_H_
#define TERRACE_COMMON_TREE_TREE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::tree {

using UnitNumber = uint32_t;
inline constexpr UnitNumber kNoUnit = 0xFFFFFFFF;

// Units on one path, the unit itself included.
inline constexpr int kTreeDepthMax = 32;
// Units of one mirror, placeholders included.
inline constexpr UnitNumber kTreeUnitsMax = 1u << 27;
// Different codes of levels, and of kinds.
inline constexpr size_t kTreeCodesMax = 1024;
inline constexpr size_t kTreeCodeBytesMax = 512;
inline constexpr size_t kTreeNameBytesMax = 1024;

enum class Line : uint8_t { kTerritory = 0, kSector = 1 };
inline constexpr int kLines = 2;
inline constexpr std::array<Line, kLines> kBothLines = {Line::kTerritory, Line::kSector};
// UNSPECIFIED reads as TERRITORY.
Line FromProto(types::v1::Line line);
types::v1::Line ToProto(Line line);

enum class UnitState : uint8_t { kAbsent = 0, kOpen = 1, kClosed = 2 };  // kAbsent: a placeholder.

// Where the mirror stands in the registry's log. The zero value: nowhere.
struct TreeCursor {
  std::string log_id;
  int64_t revision = 0;
  friend bool operator==(const TreeCursor&, const TreeCursor&) = default;
};

// A unit as the feed brings it. Ids, not resource names ("yumin", not "units/yumin").
struct UnitRecord {
  std::string id;
  std::string territory_parent;  // Empty at the top of the line.
  std::string sector_parent;     // Empty when the unit is not led by a department.
  std::string level;             // Level code, such as "county"; may be empty.
  std::string kind;              // Kind code, such as "middle-school"; may be empty.
  uint8_t org_class = 0;         // Number of registry's OrgClass.
  bool closed = false;
  std::string name;  // For people; may be empty.
  friend bool operator==(const UnitRecord&, const UnitRecord&) = default;
};

class TreeBuilder;
struct Row;
struct TreeData;

class Tree {
 public:
  ~Tree();

  // ---- Units. `n` must be less than size() everywhere (CHECKed in debug builds).

  // Numbers in use, placeholders included: the length of a column by unit number.
  UnitNumber size() const;
  // Units, without placeholders.
  UnitNumber count() const;
  const TreeCursor& cursor() const;

  absl::optional<UnitNumber> Number(absl::string_view id) const;
  bool Exists(UnitNumber n) const { return State(n) != UnitState::kAbsent; }
  absl::string_view Id(UnitNumber n) const;
  absl::string_view Name(UnitNumber n) const;  // Empty when the mirror keeps none.
  absl::string_view Level(UnitNumber n) const;
  absl::string_view Kind(UnitNumber n) const;
  // Small numbers for level and kind codes, dense from 0 in the order of appearance; 0 is "".
  uint16_t LevelNumber(UnitNumber n) const;
  uint16_t KindNumber(UnitNumber n) const;
  uint8_t OrgClass(UnitNumber n) const;
  UnitState State(UnitNumber n) const;
  UnitRecord Record(UnitNumber n) const;

  // ---- The shape.

  // kNoUnit at the top of the line, and when the parent is a placeholder.
  UnitNumber Parent(UnitNumber n, Line line) const;
  // Sorted by id; valid as long as this version.
  absl::Span<const UnitNumber> Children(UnitNumber n, Line line) const;
  // Whether n is `ancestor` or lies under it. A unit is under itself; see IsStrictlyUnder.
  bool IsUnder(UnitNumber n, UnitNumber ancestor, Line line) const;
  bool IsStrictlyUnder(UnitNumber n, UnitNumber ancestor, Line line) const {
    return n != ancestor && IsUnder(n, ancestor, line);
  }
  // From the top of the line down to n itself.
  std::vector<UnitNumber> Path(UnitNumber n, Line line) const;
  // Units on the path, n included: 1 at the top.
  int Depth(UnitNumber n, Line line) const;
  // Units in the subtree, n itself and closed units included. Constant time.
  UnitNumber SubtreeCount(UnitNumber n, Line line) const;
  // Units without a parent on the line, in no particular order; on the sector line only those that
  // have children there.
  std::vector<UnitNumber> Roots(Line line) const;

  // Calls `visit` for root and everything under it, parents before children, siblings by id, until
  // it returns false. Returns whether the end was reached. With a position (of PositionOf) it
  // starts behind that place, whether or not the unit there is still where it was.
  bool ForEachInSubtree(UnitNumber root, Line line, absl::FunctionRef<bool(UnitNumber)> visit,
                        absl::string_view after = "") const;
  // The place of n in the walk over root: opaque, the same on every replica, fit for page tokens.
  // n must be under root.
  std::string PositionOf(UnitNumber n, UnitNumber root, Line line) const;

  // ---- Checks for those who decide about changes.

  // OK when `unit` may hang below `parent` on the line: CYCLE when parent is the unit or under it,
  // TREE_TOO_DEEP when the subtree would reach below kTreeDepthMax.
  absl::Status CheckMove(UnitNumber unit, UnitNumber parent, Line line) const;
  // The same for a unit `id` yet to be made: TREE_TOO_DEEP.
  absl::Status CheckAdd(absl::string_view id, UnitNumber parent, Line line) const;

  // ---- The index.

  // Builds the line's pre-order index unless it is there already. Thread-safe; takes tens of
  // milliseconds on a national tree.
  void EnsureIndex(Line line) const;
  bool HasIndex(Line line) const;

  // Bytes held by this version, shared ones included, names apart.
  size_t MemoryBytes() const;
  size_t NameBytes() const;

 private:
  friend class TreeBuilder;
  explicit Tree(std::shared_ptr<const TreeData> data);
  const Row& At(UnitNumber n) const;

  std::shared_ptr<const TreeData> data_;
};

class TreeBuilder {
 public:
  // `keep_names`: whether display names are kept.
  explicit TreeBuilder(bool keep_names = true);
  ~TreeBuilder();
  TreeBuilder(TreeBuilder&&) noexcept;
  TreeBuilder& operator=(TreeBuilder&&) noexcept;

  // Adds the unit or brings it up to the record, parents included. Errors leave everything as it
  // was: INVALID_ID, CYCLE, TREE_TOO_DEEP, and TREE_FULL at kTreeUnitsMax units, kTreeCodesMax
  // codes or 4 GiB of ids or of names. Names beyond kTreeNameBytesMax are cut.
  absl::Status Upsert(const UnitRecord& record);
  // Hangs the unit below another parent; an empty parent makes it a top of the line. NOT_FOUND for
  // an unknown unit; an unknown parent becomes a placeholder.
  absl::Status Move(absl::string_view id, Line line, absl::string_view parent);
  // NOT_FOUND for an unknown unit.
  absl::Status Close(absl::string_view id);
  void SetCursor(TreeCursor cursor);

  // Between these two, upserts are taken as they come: a snapshot read while writers went on may
  // show cycles that its later changes resolve. FinishLoad checks the whole and links it, much
  // faster than one by one; on an error (CYCLE, TREE_TOO_DEEP) the builder stays in loading. No
  // Publish between.
  void StartLoad();
  absl::Status FinishLoad();

  // A version with everything applied so far; cheap, and the same one again while nothing changes.
  std::shared_ptr<const Tree> Publish();

 private:
  class Codebook;

  static absl::string_view ParentOf(const UnitRecord& record, Line line);
  absl::Status Check(const UnitRecord& record, UnitNumber n) const;
  absl::Status CheckParent(absl::string_view id, UnitNumber n, Line line,
                           absl::string_view parent) const;
  UnitNumber Append(absl::string_view id, Row row);
  void SetParent(UnitNumber n, Line line, absl::string_view parent_id);
  void AddCount(UnitNumber n, Line line, int64_t units);
  std::vector<UnitNumber>& MutableChildren(UnitNumber n, Line line);
  std::vector<UnitNumber>::iterator PlaceOf(UnitNumber n, std::vector<UnitNumber>& siblings) const;
  void Link(UnitNumber n, Line line);
  void Unlink(UnitNumber n, Line line);

  bool keep_names_;
  bool loading_ = false;
  uint64_t epoch_ = 1;  // Chunks and lists of this epoch are the builder's alone.
  std::unique_ptr<TreeData> data_;
  std::unique_ptr<Codebook> levels_, kinds_;
  std::array<bool, kLines> moved_ = {};    // A covered unit moved since the last version.
  std::shared_ptr<const Tree> published_;  // The last version; null after a change.
};

// The version that is current now. Thread-safe.
class TreeHolder {
 public:
  // An empty tree until the first Set.
  TreeHolder();
  std::shared_ptr<const Tree> Get() const;
  void Set(std::shared_ptr<const Tree> tree);

 private:
  mutable absl::Mutex mu_;
  std::shared_ptr<const Tree> tree_ ABSL_GUARDED_BY(mu_);
};

}  // namespace terrace::tree

#endif  // TERRACE_COMMON_TREE_TREE_H_
