#include "services/registry/import_receivers.h"

#include <string>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "common/base/error.h"
#include "services/registry/designation_import.h"
#include "services/registry/registry_state.h"
#include "services/registry/unit_import.h"

namespace terrace::registry {
namespace {

// What the two imports have in common: the loop from chunk to batch. A receiver outlives every
// `done` that it was given, so the loop may refer to it.
template <class Import, class Request, class Response, class Row>
class ImportReceiver : public rpc::Receiver {
 public:
  ImportReceiver(machine::Machine* machine, rpc::Call* call) : machine_(machine), call_(call) {}

  void OnMessage(const google::protobuf::Message& message, google::protobuf::Message*,
                 rpc::StatusDone done) override {
    const auto& request = static_cast<const Request&>(message);
    if (!started_) {
      started_ = true;
      command_ = rpc::CommandOf(*call_, request);
      position_ = machine_->position();
    }
    absl::Status status = Check(request);
    if (status.ok()) status = import_.Take(request);
    if (!status.ok()) {
      done(std::move(status));
      return;
    }
    Pump(std::move(done));
  }

  void OnEnd(google::protobuf::Message* reply, rpc::StatusDone done) override {
    if (!started_) {
      done(Error(Reason::STREAM_INCOMPLETE, {{"detail", "it had no message"}}));
      return;
    }
    import_.End(static_cast<Response*>(reply));
    rpc::StampCursor("registry", position_, *call_, reply);
    done(absl::OkStatus());
  }

 protected:
  // What one run of Decide came to. Decide may run several times for a chunk; the last run counts.
  struct Chunk {
    std::vector<Row> rows;
    ChunkOutcomes outcomes;
  };

  // Whether the caller may send this message, beyond what the access rule says.
  virtual absl::Status Check(const Request& request) const { return absl::OkStatus(); }
  virtual std::vector<std::string> Keys(const std::vector<Row>& rows) const = 0;
  virtual absl::Status Decide(const RegistryState& state, machine::Decision& decision,
                              Chunk* chunk) = 0;

  machine::Machine* const machine_;
  rpc::Call* const call_;
  Import import_;

 private:
  // Decides and commits what is ready, chunk by chunk; then `done`.
  void Pump(rpc::StatusDone done) {
    auto chunk = std::make_shared<Chunk>();
    chunk->rows = import_.NextChunk();
    if (chunk->rows.empty()) {
      done(absl::OkStatus());
      return;
    }
    machine::Command command = command_;
    command.received = machine_->clock().Now();
    command.validate_only = import_.dry_run();
    machine_->Execute(
        std::move(command), Keys(chunk->rows),
        [this, chunk](const machine::State& state, machine::Decision& decision, std::string*) {
          return Decide(static_cast<const RegistryState&>(state), decision, chunk.get());
        },
        [this, chunk, done = std::move(done)](absl::StatusOr<machine::Done> result) mutable {
          if (!result.ok()) {
            done(result.status());
            return;
          }
          position_ = result->position;
          import_.Finish(std::move(chunk->rows), chunk->outcomes);
          // Not on the machine's thread: the next chunk takes a while to decide.
          machine_->executor().Post(
              [this, done = std::move(done)]() mutable { Pump(std::move(done)); });
        });
  }

  bool started_ = false;
  machine::Command command_;
  store::Cursor position_;
};

class UnitReceiver : public ImportReceiver<UnitImport, v1::ImportUnitsRequest,
                                           v1::ImportUnitsResponse, ImportRow> {
 public:
  using ImportReceiver::ImportReceiver;

 protected:
  absl::Status Check(const v1::ImportUnitsRequest& request) const override {
    if (!request.subtree().empty() ||
        access::HoldsRealm(call_->identity, options::v1::ROLE_ADMINISTRATOR, call_->received)) {
      return absl::OkStatus();
    }
    return Error(Reason::REQUIRED_FIELD, {{"field", "subtree"}});
  }

  std::vector<std::string> Keys(const std::vector<ImportRow>& rows) const override {
    return ChunkKeys(rows);
  }

  absl::Status Decide(const RegistryState& state, machine::Decision& decision,
                      Chunk* chunk) override {
    // A dry run decides each chunk once and remembers what it would have made; a real one looks at
    // the state and starts anew each time.
    Batchmates fresh;
    chunk->outcomes = DecideUnitRows(state, import_.subtree(), chunk->rows, import_.dry_run(),
                                     decision, import_.dry_run() ? &import_.imagined() : &fresh);
    return absl::OkStatus();
  }
};

class DesignationReceiver : public ImportReceiver<DesignationImport, v1::ImportDesignationsRequest,
                                                  v1::ImportDesignationsResponse, DesignationRow> {
 public:
  using ImportReceiver::ImportReceiver;

 protected:
  std::vector<std::string> Keys(const std::vector<DesignationRow>&) const override {
    return {QuotaGuard(import_.programme())};
  }

  absl::Status Decide(const RegistryState& state, machine::Decision& decision,
                      Chunk* chunk) override {
    TERRACE_ASSIGN_OR_RETURN(
        chunk->outcomes, DecideDesignationRows(state, import_.programme(), import_.acting_office(),
                                               chunk->rows, decision));
    return absl::OkStatus();
  }
};

}  // namespace

std::unique_ptr<rpc::Receiver> ReceiveUnits(machine::Machine* machine, rpc::Call& call) {
  return std::make_unique<UnitReceiver>(machine, &call);
}

std::unique_ptr<rpc::Receiver> ReceiveDesignations(machine::Machine* machine, rpc::Call& call) {
  return std::make_unique<DesignationReceiver>(machine, &call);
}

}  // namespace terrace::registry
