// Where the master of the keyspace is, as far as is known.
//
// Of a cluster it is what the map says of the keyspace's slot; of plain servers the one whose turn
// it is: whoever finds that it is no master calls Forget, and the next one has its turn.
//
// Thread-safe.
#ifndef TERRACE_COMMON_STORE_REDIS_LOCATOR_H_
#define TERRACE_COMMON_STORE_REDIS_LOCATOR_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "common/store/redis/link.h"
#include "common/store/redis/url.h"

namespace terrace::store::redis {

// Connects and says who we are.
absl::StatusOr<std::unique_ptr<Link>> ConnectAs(const Config& config, const std::string& password,
                                                const Address& address);

class Locator {
 public:
  Locator(const Config& config, const std::string& password, int slot);

  // Asks the nodes of a cluster when it has to.
  absl::StatusOr<Address> Primary();

  // A node says that the slot is at `address`.
  void Moved(const Address& address);

  // There is no master at `address`.
  void Forget(const Address& address);

 private:
  absl::StatusOr<Address> AskCluster() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Config& config_;
  const std::string& password_;
  const int slot_;

  absl::Mutex mu_;
  absl::optional<Address> primary_ ABSL_GUARDED_BY(mu_);
  std::vector<Address> nodes_ ABSL_GUARDED_BY(mu_);  // In the order in which they are asked.
  size_t turn_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace terrace::store::redis

#endif  // TERRACE_COMMON_STORE_REDIS_LOCATOR_H_
