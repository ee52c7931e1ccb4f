// The mirror of the registry that the services of a process share: the unit tree, and who takes
// part in which programme. Fed by one WatchUnits; a service never asks the registry to answer a
// call.
//
// Thread-safety: Apply, Reset and FinishedSnapshot by one thread (a follower's); everything else
// from any thread.
#ifndef TERRACE_COMMON_MIRROR_UNIT_MIRROR_H_
#define TERRACE_COMMON_MIRROR_UNIT_MIRROR_H_

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/store/store.h"
#include "common/tree/tree.h"
#include "terrace/registry/v1/programme.pb.h"
#include "terrace/registry/v1/watch.pb.h"

namespace terrace::mirror {

class UnitMirror {
 public:
  UnitMirror();

  // ---- The feed.

  void Apply(const registry::v1::WatchUnitsResponse& message);
  void Reset();

  // ---- Reads.

  std::shared_ptr<const tree::Tree> tree() const { return holder_.Get(); }
  // How far the mirror has come; the zero cursor before its first snapshot is complete.
  store::Cursor cursor() const;
  // Runs `done` once the mirror has come as far as `cursor`, at once if it already has.
  void WaitFor(const store::Cursor& cursor, absl::AnyInvocable<void()> done);

  // Whether the unit (id) takes part in the programme (full name) at that instant, in `role` unless
  // it is unspecified.
  bool Enrolled(
      absl::string_view programme, absl::string_view unit, absl::Time at,
      registry::v1::EnrollmentRole role = registry::v1::ENROLLMENT_ROLE_UNSPECIFIED) const;
  // Ids of the units that take part at that instant, in byte order.
  std::vector<std::string> EnrolledIds(absl::string_view programme, absl::Time at,
                                       registry::v1::EnrollmentRole role) const;
  // The programme; nullopt when it is not known here.
  absl::optional<registry::v1::Programme> Programme(absl::string_view name) const;

 private:
  // A unit's present place while the snapshot loads.
  struct Place {
    int64_t from_day;
    std::string parent;
    std::string sector_parent;
  };
  struct Span {
    registry::v1::EnrollmentRole role;
    int64_t from_day;
    int64_t until_day;  // First day after it.
  };

  // Who takes part in what.
  struct Members {
    absl::flat_hash_map<std::string, registry::v1::Programme> programmes;
    // Programme -> unit -> spans.
    absl::flat_hash_map<std::string, absl::btree_map<std::string, std::vector<Span>>> enrollments;
  };

  void ApplyUnit(const registry::v1::Unit& unit);
  void ApplyPlacement(const registry::v1::Placement& placement);
  void SetPlace(const std::string& unit, const Place& place);
  void ApplyDue(absl::Time now);
  void ApplyEnrollment(const registry::v1::Enrollment& enrollment);
  bool Covers(const std::vector<Span>& spans, int64_t day, registry::v1::EnrollmentRole role) const;
  int64_t DayIn(absl::string_view programme, absl::Time at) const ABSL_SHARED_LOCKS_REQUIRED(mu_);
  // Changes what is read now, or what will be when the snapshot is in.
  void ChangeMembers(absl::FunctionRef<void(Members&)> change);

  tree::TreeHolder holder_;

  // The feed's own.
  tree::TreeBuilder builder_;
  bool loading_ = true;
  absl::flat_hash_map<std::string, Place> places_;  // While loading.
  std::vector<int64_t> from_days_;                  // Of the present place, by unit number.
  // Places that begin on a later day, in the order in which they come due.
  std::multimap<int64_t, std::pair<std::string, Place>> due_;
  int64_t today_ = 0;

  Members next_members_;  // While loading.

  mutable absl::Mutex mu_;
  store::Cursor cursor_ ABSL_GUARDED_BY(mu_);
  std::multimap<int64_t, absl::AnyInvocable<void()>> waiters_ ABSL_GUARDED_BY(mu_);
  Members members_ ABSL_GUARDED_BY(mu_);
};

}  // namespace terrace::mirror

#endif  // TERRACE_COMMON_MIRROR_UNIT_MIRROR_H_
