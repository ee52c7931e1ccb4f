// A Decision is what a Decide function reads from and writes to: it turns a command into one
// guarded batch. Everything read becomes a guard (absence too), so the batch commits only if the
// world is still as Decide saw it; otherwise the Machine decides again.
//
// A Decide function is const on its State, uses no clock, no store and no gRPC, and may run several
// times for one command: all effects go through the Decision and the reply.
//
// Thread-safety: one Decision belongs to one run of one command, under the State's read lock.
#ifndef TERRACE_COMMON_MACHINE_DECISION_H_
#define TERRACE_COMMON_MACHINE_DECISION_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/access/identity.h"
#include "common/machine/rows.h"
#include "common/tree/tree.h"
#include "google/protobuf/message.h"
#include "terrace/storage/v1/storage.pb.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::machine {

// The facts of a call, the same for every run of its Decide.
struct Command {
  access::Identity identity;
  std::string method;         // "/package.Service/Method"
  std::string request_id;     // Empty when the caller sent none: then nothing is replayed.
  std::string request_hash;   // SHA-256 of the request without request_id.
  std::string acting_office;  // Full name; empty when the method has none.
  absl::Time received;        // When the service received the call.
  absl::optional<absl::Time> captured;  // What the device's clock said, when the request tells.
  absl::Time deadline = absl::InfiniteFuture();
  bool validate_only = false;
  types::v1::RevisionVector seen;  // What the caller had seen of the logs by then.
  std::string salt;  // Random bytes of the call, the same for every run; what NewId starts from.
};

class Decision {
 public:
  // All arguments outlive the Decision.
  Decision(const Rows& rows, const Command& command, const tree::Tree& tree, absl::Time present);

  // When the command was received, but never before what the log already says.
  absl::Time now() const { return now_; }
  const Command& command() const { return command_; }
  const access::Identity& identity() const { return command_.identity; }
  // A fresh id of 20 lower-case hex digits: random to everybody else, the same in every run of this
  // command, so that a retry makes the same resource.
  std::string NewId();

  // The unit tree that the decision is made on.
  const tree::Tree& tree() const { return tree_; }

  // Reads a row as this decision has it so far, and guards it.
  template <class T>
  absl::optional<T> Get(absl::string_view key) {
    const std::string* bytes = Find(key);
    if (bytes == nullptr) return absl::nullopt;
    T value;
    TERRACE_CHECK(value.ParseFromString(*bytes));
    return value;
  }
  bool Exists(absl::string_view key) { return Find(key) != nullptr; }

  // Revision of the row's last change before this decision (0: absent), guarded. For etags.
  store::Revision RevisionOf(absl::string_view key);

  // Sets or deletes a row. Guards the row's present state too, so no write is ever blind.
  void Put(absl::string_view key, const google::protobuf::Message& value);
  void Delete(absl::string_view key);

  // Adds a row under a key that State does not keep in memory (see State::Resident) and that must
  // not exist yet.
  void Append(absl::string_view key, const google::protobuf::Message& value);

  // Guard keys, for what spans rows: "guards/tree", "guards/quota/...". Whoever relies on a fact
  // reads the guard; whoever can break the fact bumps it.
  void ReadGuard(absl::string_view guard_key);
  void BumpGuard(absl::string_view guard_key);

  // How many more keys fit the batch, changed or only read; Decide functions that work in chunks
  // stop before 0.
  size_t room() const;
  bool empty() const { return changes_.empty(); }

  // For the Machine: the batch without id and header.
  store::Batch TakeBatch() &&;

 private:
  const std::string* Find(absl::string_view key);
  void Guard(absl::string_view key);

  const Rows& rows_;
  const Command& command_;
  const tree::Tree& tree_;
  const absl::Time now_;
  int ids_ = 0;
  absl::btree_map<std::string, store::Revision> guards_;
  absl::btree_map<std::string, absl::optional<std::string>> changes_;
};

}  // namespace terrace::machine

#endif  // TERRACE_COMMON_MACHINE_DECISION_H_
