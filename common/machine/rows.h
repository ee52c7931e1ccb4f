// The live keys of one log, in memory: what every State is made of. Values stay serialized
// (compact: a million rows fit a laptop) and are parsed when they are read.
//
// Thread-safety: none; the Machine's lock protects it.
#ifndef TERRACE_COMMON_MACHINE_ROWS_H_
#define TERRACE_COMMON_MACHINE_ROWS_H_

#include <string>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "common/base/check.h"
#include "common/store/store.h"

namespace terrace::machine {

struct Row {
  std::string value;
  store::Revision revision;  // Of its last change.
};

class Rows {
 public:
  const Row* Find(absl::string_view key) const {
    auto it = rows_.find(key);
    return it == rows_.end() ? nullptr : &it->second;
  }

  // The parsed row; nullopt when absent. A row that does not parse is a broken store: the process
  // ends rather than going on with half a state.
  template <class T>
  absl::optional<T> Get(absl::string_view key) const {
    const Row* row = Find(key);
    if (row == nullptr) return absl::nullopt;
    return Parse<T>(*row);
  }

  // Calls fn(key, row) for the keys that start with `prefix` and are >= `from`, in key order, until
  // fn returns false.
  template <class F>
  void ForEach(absl::string_view prefix, absl::string_view from, F fn) const {
    for (auto it = rows_.lower_bound(from > prefix ? from : prefix);
         it != rows_.end() && absl::StartsWith(it->first, prefix); ++it) {
      if (!fn(it->first, it->second)) return;
    }
  }

  size_t size() const { return rows_.size(); }

  template <class T>
  static T Parse(const Row& row) {
    T value;
    TERRACE_CHECK(value.ParseFromString(row.value));
    return value;
  }

 private:
  friend class State;
  absl::btree_map<std::string, Row> rows_;
};

}  // namespace terrace::machine

#endif  // TERRACE_COMMON_MACHINE_ROWS_H_
