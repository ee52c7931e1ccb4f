#include "common/store/store.h"

#include <algorithm>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/store/format_gate.h"

namespace terrace::store {
namespace {

constexpr size_t kBatchIdBytes = 16;

// Kept apart from the ErrorInfo that goes to callers: keys are bytes, and nobody else's business.
constexpr absl::string_view kGuardPayload = "terrace/store/failed-guard";

struct Engines {
  absl::Mutex mu;
  absl::btree_map<std::string, EngineFactory> by_scheme ABSL_GUARDED_BY(mu);
};

// Made on first use, because engines register before main in no particular order.
Engines& AllEngines() {
  static Engines* const engines = new Engines;
  return *engines;
}

bool IsKeyspaceName(absl::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '_';
  });
}

// No service may take half a copy for the whole.
absl::Status CheckRestored(Store* store, const std::string& keyspace) {
  absl::StatusOr<std::vector<absl::optional<Entry>>> mark;
  absl::Notification read;
  store->Read({std::string(kRestoreKey)}, [&](auto entries) {
    mark = std::move(entries);
    read.Notify();
  });
  read.WaitForNotification();
  if (!mark.ok()) return mark.status();
  if (!mark->front()) return absl::OkStatus();
  return Error(Reason::RESTORE_UNFINISHED, {{"keyspace", keyspace}});
}

}  // namespace

absl::Status GuardFailed(absl::string_view key) {
  absl::Status status = Error(Reason::CONFLICT);
  status.SetPayload(kGuardPayload, absl::Cord(key));
  return status;
}

absl::optional<std::string> FailedGuard(const absl::Status& status) {
  absl::optional<absl::Cord> key = status.GetPayload(kGuardPayload);
  if (!key) return absl::nullopt;
  return std::string(*key);
}

bool IsRefusedForNow(const absl::Status& status) {
  return HasReason(status, Reason::OVERLOADED) || HasReason(status, Reason::STORE_NOT_READY);
}

std::string NewBatchId() { return RandomBytes(kBatchIdBytes); }

bool RegisterEngine(absl::string_view scheme, EngineFactory factory) {
  Engines& engines = AllEngines();
  absl::MutexLock lock(&engines.mu);
  return engines.by_scheme.emplace(std::string(scheme), factory).second;
}

std::vector<std::string> RegisteredEngines() {
  Engines& engines = AllEngines();
  absl::MutexLock lock(&engines.mu);
  std::vector<std::string> schemes;
  for (const auto& [scheme, factory] : engines.by_scheme) schemes.push_back(scheme);
  return schemes;
}

absl::StatusOr<std::unique_ptr<Store>> OpenStore(const StoreOptions& options) {
  if (!IsKeyspaceName(options.keyspace)) {
    return Error(Reason::INVALID_FIELD,
                 {{"field", "keyspace"}, {"detail", "use letters, digits, '-' and '_'"}});
  }
  const std::string scheme = options.url.substr(0, options.url.find(':'));
  EngineFactory factory = nullptr;
  {
    Engines& engines = AllEngines();
    absl::MutexLock lock(&engines.mu);
    auto found = engines.by_scheme.find(scheme);
    if (found != engines.by_scheme.end()) factory = found->second;
  }
  if (factory == nullptr) {
    return Error(Reason::UNKNOWN_STORE,
                 {{"url", options.url}, {"known", absl::StrJoin(RegisteredEngines(), ", ")}});
  }
  TERRACE_ASSIGN_OR_RETURN(std::unique_ptr<Store> store, factory(options));
  if (!options.restoring) TERRACE_RETURN_IF_ERROR(CheckRestored(store.get(), options.keyspace));
  return store;
}

}  // namespace terrace::store
