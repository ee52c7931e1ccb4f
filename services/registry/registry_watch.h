// WatchUnits: what a row looks like as a change, and who may see it.
//
// Thread-safety. PublishedTree is thread-safe; the spec is used by one stream at a time.
#ifndef TERRACE_SERVICES_REGISTRY_REGISTRY_WATCH_H_
#define TERRACE_SERVICES_REGISTRY_REGISTRY_WATCH_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "common/machine/machine.h"
#include "common/rpc/methods.h"
#include "common/rpc/row_watch.h"
#include "common/tree/tree.h"
#include "services/registry/vocabulary.h"
#include "terrace/registry/v1/watch.pb.h"

namespace terrace::registry {

// The tree after each batch, for streams, which look at batches outside the State's lock.
class PublishedTree {
 public:
  // Follows the machine for the rest of its life.
  static std::shared_ptr<PublishedTree> Follow(machine::Machine* machine);

  // The tree with everything up to that revision, and perhaps more. Waits for as long as the feed
  // takes from Apply to its listeners.
  std::shared_ptr<const tree::Tree> At(store::Revision revision) const;

 private:
  mutable absl::Mutex mu_;
  std::shared_ptr<const tree::Tree> tree_ ABSL_GUARDED_BY(mu_);
  store::Revision revision_ ABSL_GUARDED_BY(mu_);
};

// The row as a change; false for rows that are no resource of the registry. `value` is null when
// the row was deleted.
bool ToChange(absl::string_view key, const std::string* value, const Vocabulary& vocabulary,
              v1::RegistryChange* change);

// ROLE_REQUIRED for the whole realm without a grant for it; NOT_FOUND for an unknown subtree.
absl::StatusOr<std::unique_ptr<rpc::Source>> WatchUnits(machine::Machine* machine,
                                                        std::shared_ptr<const PublishedTree> tree,
                                                        const rpc::Call& call,
                                                        const v1::WatchUnitsRequest& request);

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_REGISTRY_WATCH_H_
