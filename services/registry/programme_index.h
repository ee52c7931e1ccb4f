// Who takes part in each programme and which titles its participants hold: the registry's typed
// index over its enrollment and designation rows, in the form in which coverage is counted.
//
// Standings are spread over shards, so that a change while somebody counts copies one shard only.
//
// Thread-safety. Changes need a write lock, reads a read lock; a ProgrammeView may be used without
// any lock.
#ifndef TERRACE_SERVICES_REGISTRY_PROGRAMME_INDEX_H_
#define TERRACE_SERVICES_REGISTRY_PROGRAMME_INDEX_H_

#include <array>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "services/registry/dates.h"
#include "services/registry/versioned.h"
#include "terrace/registry/v1/designation.pb.h"
#include "terrace/registry/v1/programme.pb.h"

namespace terrace::registry {

// A title that a unit holds or held.
struct HeldTitle {
  struct Term {
    Day named;
    Day last;
  };
  std::string designation;  // Id.
  std::string level;        // Id.
  std::string title;
  std::string batch;  // Of the naming.
  std::vector<Term> terms;
  Day revoked = kLastDay;

  bool IsHeldOn(Day day) const;
};

// One unit in one programme.
struct Standing {
  struct Span {
    Day from;
    Day until;
    v1::EnrollmentRole role;
  };
  std::vector<Span> spans;
  std::vector<HeldTitle> titles;  // By id of the designation.

  v1::EnrollmentRole RoleOn(Day day) const;
};

// Standings by unit id. A power of two of shards.
inline constexpr size_t kStandingShards = 64;
using StandingShard = absl::flat_hash_map<std::string, Standing>;

// One version of one programme, for computations outside the lock.
using ProgrammeView = std::array<Versioned<StandingShard>::Pin, kStandingShards>;

class ProgrammeIndex {
 public:
  // `programme` is the full name everywhere.
  void PutEnrollment(absl::string_view programme, absl::string_view unit,
                     const v1::Enrollment& enrollment);
  // A designation as it is now; `before` is what it was, null when it is new.
  void PutDesignation(absl::string_view unit, absl::string_view designation,
                      const v1::Designation& now, const v1::Designation* before);

  // Null when the unit neither takes part nor holds a title.
  const Standing* Find(absl::string_view programme, absl::string_view unit) const;
  // Calls fn(unit id, standing) in no particular order.
  template <class F>
  void ForEach(absl::string_view programme, F fn) const {
    auto it = programmes_.find(programme);
    if (it == programmes_.end()) return;
    for (const Versioned<StandingShard>& shard : it->second) {
      for (const auto& [unit, standing] : shard.get()) fn(unit, standing);
    }
  }
  ProgrammeView view(absl::string_view programme) const;

  // Bytes that tell two indexes apart, whatever order their changes came in.
  std::string Digest() const;

 private:
  using Shards = std::array<Versioned<StandingShard>, kStandingShards>;

  Standing& Mutable(absl::string_view programme, absl::string_view unit);

  absl::btree_map<std::string, Shards> programmes_;
};

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_PROGRAMME_INDEX_H_
