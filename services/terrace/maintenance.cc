#include "services/terrace/maintenance.h"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/rpc/positions.h"
#include "common/rpc/thread_source.h"
#include "common/store/format_gate.h"
#include "common/store/log_message.h"
#include "terrace/maintenance/v1/maintenance.pb.h"

namespace terrace {
namespace {

using maintenance::v1::CompactLogRequest;
using maintenance::v1::CompactLogResponse;
using maintenance::v1::CopyKeyspaceRequest;
using maintenance::v1::CopyKeyspaceResponse;
using maintenance::v1::ReadLogRequest;
using maintenance::v1::ReadLogResponse;
using storage::v1::CopyPart;

using Inputs = std::map<std::pair<std::string, std::string>, int64_t>;

// Streams that a process fills or passes on at once; each takes a thread or two.
constexpr int kStreamsMax = 16;

constexpr char kProcess[] = "/terrace.internal.v1.Process/";

absl::StatusOr<std::vector<store::CommittedPtr>> ReadPage(store::Store* store, store::Revision from,
                                                          store::Revision to) {
  absl::StatusOr<std::vector<store::CommittedPtr>> page;
  absl::Notification read;
  store->ReadLog(from, to, [&](absl::StatusOr<std::vector<store::CommittedPtr>> batches) {
    page = std::move(batches);
    read.Notify();
  });
  read.WaitForNotification();
  return page;
}

// -------------------------------------------------------------------------------- CopyKeyspace

// Passes a snapshot on. Its calls come from the subscription's thread, which may block.
class CopySink : public store::Sink {
 public:
  explicit CopySink(rpc::Outlet* outlet) : outlet_(outlet) {}

  void OnSnapshotPage(std::vector<store::Entry> entries) override {
    if (Over()) return;
    CopyKeyspaceResponse reply;
    for (store::Entry& entry : entries) {
      storage::v1::KeyEntry& to = *reply.mutable_part()->mutable_entries()->add_entries();
      to.set_key(std::move(entry.key));
      to.set_value(std::move(entry.value));
      to.set_revision(entry.revision.value);
    }
    entries_ += static_cast<int64_t>(entries.size());
    Send(&reply);
  }
  void OnBatch(store::CommittedPtr batch) override {
    if (Over()) return;
    CopyKeyspaceResponse reply;
    store::ToMessage(*batch, reply.mutable_part()->mutable_batches()->add_batches());
    ++batches_;
    Send(&reply);
  }
  void OnSnapshotEnd(store::Cursor cursor) override {
    if (!Over()) Finish(std::move(cursor));
  }
  void OnEnd(absl::Status status) override {
    if (!Over()) Finish(std::move(status));
  }

  // Ends the copy, if it has not ended before.
  void Stop() {
    if (!Over()) Finish(absl::CancelledError("the caller is gone"));
  }

  // Waits for the end of the copy.
  absl::StatusOr<store::Cursor> Wait() {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(&over_));
    return end_;
  }
  // After the end.
  int64_t entries() const { return entries_; }
  int64_t batches() const { return batches_; }

 private:
  bool Over() {
    absl::MutexLock lock(&mu_);
    return over_;
  }
  void Finish(absl::StatusOr<store::Cursor> end) {
    absl::MutexLock lock(&mu_);
    if (over_) return;
    end_ = std::move(end);
    over_ = true;
  }
  void Send(CopyKeyspaceResponse* reply) {
    if (!outlet_->Send(reply)) Stop();
  }

  rpc::Outlet* const outlet_;
  int64_t entries_ = 0;
  int64_t batches_ = 0;
  absl::Mutex mu_;
  bool over_ ABSL_GUARDED_BY(mu_) = false;
  absl::StatusOr<store::Cursor> end_ ABSL_GUARDED_BY(mu_);
};

absl::StatusOr<absl::optional<storage::v1::Format>> ReadFormat(store::Store* store) {
  absl::StatusOr<std::vector<absl::optional<store::Entry>>> entries;
  absl::Notification read;
  store->Read({std::string(store::kFormatKey)}, [&](auto found) {
    entries = std::move(found);
    read.Notify();
  });
  read.WaitForNotification();
  if (!entries.ok()) return entries.status();
  if (!entries->front()) return absl::optional<storage::v1::Format>();
  storage::v1::Format format;
  if (!format.ParseFromString(entries->front()->value)) {
    return Error(Reason::STORE_DAMAGED, {{"detail", "meta/format cannot be read"}});
  }
  return absl::optional<storage::v1::Format>(format);
}

// Adds the positions that the headers of the batches refer to, other than their own log's.
void AddInputs(const std::vector<store::CommittedPtr>& page, const std::string& keyspace,
               Inputs* inputs) {
  for (const store::CommittedPtr& batch : page) {
    storage::v1::Header header;
    if (!header.ParseFromString(batch->header)) continue;
    for (const auto& [service, cursor] : rpc::ToPositions(header.inputs())) {
      if (cursor.log_id.empty() || service == keyspace) continue;
      int64_t& highest = (*inputs)[{service, cursor.log_id}];
      highest = std::max(highest, cursor.revision.value);
    }
  }
}

// The first batch that is not forgotten; past `end` when all are.
absl::StatusOr<store::Revision> FirstKept(store::Store* store, store::Revision end) {
  int64_t first = 1;
  int64_t last = end.value + 1;
  for (int64_t probe = first; first < last; probe = first + (last - first) / 2) {
    const absl::Status status = ReadPage(store, {probe}, {probe}).status();
    if (status.ok()) {
      last = probe;
    } else if (HasReason(status, Reason::COMPACTED)) {
      first = probe + 1;
    } else {
      return status;
    }
  }
  return store::Revision{first};
}

// Of the log as far as it is kept, up to `to`.
absl::StatusOr<Inputs> ReadInputs(store::Store* store, const std::string& keyspace,
                                  store::Revision to) {
  Inputs inputs;
  // The registry learns from nobody.
  if (keyspace == "registry") return inputs;
  TERRACE_ASSIGN_OR_RETURN(store::Revision next, FirstKept(store, to));
  while (next <= to) {
    TERRACE_ASSIGN_OR_RETURN(const std::vector<store::CommittedPtr> page,
                             ReadPage(store, next, to));
    AddInputs(page, keyspace, &inputs);
    next.value = page.back()->revision.value + 1;
  }
  return inputs;
}

absl::Status Copy(store::Store* store, const std::string& keyspace, rpc::Outlet& outlet) {
  TERRACE_ASSIGN_OR_RETURN(const store::Cursor start, store->End());
  TERRACE_ASSIGN_OR_RETURN(const absl::optional<storage::v1::Format> format, ReadFormat(store));
  CopyKeyspaceResponse reply;
  storage::v1::KeyspaceBegin& begin = *reply.mutable_part()->mutable_keyspace_begin();
  begin.set_keyspace(keyspace);
  begin.set_log_id(start.log_id);
  if (format) *begin.mutable_format() = *format;
  if (!outlet.Send(&reply)) return absl::OkStatus();

  const auto sink = std::make_shared<CopySink>(&outlet);
  outlet.OnCancel([sink] { sink->Stop(); });
  absl::StatusOr<store::Cursor> end;
  {
    TERRACE_ASSIGN_OR_RETURN(const std::unique_ptr<store::Subscription> subscription,
                             store->Follow(absl::nullopt, sink));
    end = sink->Wait();
  }
  if (!end.ok()) return end.status();
  if (end->log_id != start.log_id) return Error(Reason::LOG_CHANGED);
  TERRACE_ASSIGN_OR_RETURN(const Inputs inputs, ReadInputs(store, keyspace, end->revision));
  reply.Clear();
  storage::v1::KeyspaceEnd& last = *reply.mutable_part()->mutable_keyspace_end();
  last.set_revision(end->revision.value);
  last.set_entries(sink->entries());
  last.set_batches(sink->batches());
  for (const auto& [log, revision] : inputs) {
    storage::v1::InputPosition& input = *last.add_inputs();
    input.set_keyspace(log.first);
    input.set_log_id(log.second);
    input.set_revision(revision);
  }
  outlet.Send(&reply);
  return absl::OkStatus();
}

// ------------------------------------------------------------------------- ReadLog, CompactLog

absl::StatusOr<store::Cursor> EndOf(store::Store* store, const std::string& log_id) {
  TERRACE_ASSIGN_OR_RETURN(store::Cursor end, store->End());
  if (end.log_id != log_id) return Error(Reason::LOG_CHANGED);
  return end;
}

absl::Status ReadLog(store::Store* store, const ReadLogRequest& request, rpc::Outlet& outlet) {
  TERRACE_ASSIGN_OR_RETURN(const store::Cursor end, EndOf(store, request.log_id()));
  const int64_t last = request.to_revision() == 0
                           ? end.revision.value
                           : std::min(request.to_revision(), end.revision.value);
  store::Revision first{request.from_revision()};
  if (first < store::Revision{1}) {
    TERRACE_ASSIGN_OR_RETURN(first, FirstKept(store, end.revision));
  }
  for (int64_t next = first.value; next <= last;) {
    TERRACE_ASSIGN_OR_RETURN(const std::vector<store::CommittedPtr> page,
                             ReadPage(store, {next}, {last}));
    ReadLogResponse reply;
    for (const store::CommittedPtr& batch : page) {
      store::ToMessage(*batch, reply.mutable_batches()->add_batches());
    }
    next = page.back()->revision.value + 1;
    if (!outlet.Send(&reply)) return absl::OkStatus();
  }
  // A log that was replaced meanwhile has given batches of two.
  return EndOf(store, request.log_id()).status();
}

absl::Status CompactLog(store::Store* store, const CompactLogRequest& request) {
  TERRACE_ASSIGN_OR_RETURN(const store::Cursor end, EndOf(store, request.log_id()));
  if (request.revision() < 1 || request.revision() > end.revision.value) {
    return Error(
        Reason::INVALID_FIELD,
        {{"field", "revision"}, {"detail", absl::StrCat("the log ends at ", end.revision.value)}});
  }
  return store->Compact({request.revision()});
}

// ------------------------------------------------------------------------------------ the tables

// The same call of the process that runs the service.
template <class Req, class Resp>
absl::Status Relay(rpc::Channel* channel, const std::string& method, const Req& request,
                   rpc::Outlet& outlet) {
  const std::shared_ptr<rpc::Stream> stream = channel->Open(absl::StrCat(kProcess, method));
  outlet.OnCancel([stream] { stream->Cancel(); });
  if (stream->Write(request)) stream->WritesDone();
  Resp reply;
  while (stream->Read(&reply)) {
    if (!outlet.Send(&reply)) stream->Cancel();
  }
  return stream->Finish();
}

absl::Status NotHere(const std::string& keyspace) {
  return Error(Reason::NOT_FOUND, {{"name", absl::StrCat("keyspace ", keyspace)}});
}

// Counts the streams under way.
class Places {
 public:
  bool Take() {
    if (taken_.fetch_add(1) < kStreamsMax) return true;
    Leave();
    return false;
  }
  void Leave() { taken_.fetch_sub(1); }

 private:
  std::atomic<int> taken_ = 0;
};

// A stream that `here` fills from the store, or that is passed on from elsewhere.
template <class Req, class Resp, class Here>
void AddStream(const char* method, const Keyspaces& keyspaces,
               const std::shared_ptr<Places>& places, rpc::Methods* methods, Here here) {
  methods->ServerStream<Req, Resp>(
      method, [=](rpc::Call&, const Req& request) -> absl::StatusOr<std::unique_ptr<rpc::Source>> {
        const auto store = keyspaces.here.find(request.keyspace());
        const auto channel = keyspaces.elsewhere.find(request.keyspace());
        if (store == keyspaces.here.end() && channel == keyspaces.elsewhere.end()) {
          return NotHere(request.keyspace());
        }
        if (!places->Take()) return Error(Reason::OVERLOADED, {{"seconds", "10"}});
        // Goes with what fills the stream.
        std::shared_ptr<void> place(nullptr, [places](void*) { places->Leave(); });
        absl::AnyInvocable<absl::Status(rpc::Outlet&)> produce;
        if (store != keyspaces.here.end()) {
          produce = [here, request, place, store = store->second](rpc::Outlet& outlet) {
            return here(store, request, outlet);
          };
        } else {
          produce = [method, request, place, channel = channel->second](rpc::Outlet& outlet) {
            return Relay<Req, Resp>(channel.get(), method, request, outlet);
          };
        }
        return rpc::ThreadSource(keyspaces.executor, std::move(produce));
      });
}

}  // namespace

void AddKeyspaceMethods(const Keyspaces& keyspaces, rpc::Methods* methods) {
  const auto places = std::make_shared<Places>();
  AddStream<CopyKeyspaceRequest, CopyKeyspaceResponse>(
      "CopyKeyspace", keyspaces, places, methods,
      [](store::Store* store, const CopyKeyspaceRequest& request, rpc::Outlet& outlet) {
        return Copy(store, request.keyspace(), outlet);
      });
  AddStream<ReadLogRequest, ReadLogResponse>("ReadLog", keyspaces, places, methods, &ReadLog);
  // Blocks until all of it is forgotten, on the executor.
  methods->SlowRead<CompactLogRequest, CompactLogResponse>(
      "CompactLog",
      [keyspaces](rpc::Call& call, const CompactLogRequest& request, CompactLogResponse* reply) {
        if (auto at = keyspaces.here.find(request.keyspace()); at != keyspaces.here.end()) {
          return CompactLog(at->second, request);
        }
        auto at = keyspaces.elsewhere.find(request.keyspace());
        if (at == keyspaces.elsewhere.end()) return NotHere(request.keyspace());
        return at->second->Call(absl::StrCat(kProcess, "CompactLog"), request, reply,
                                call.deadline);
      });
}

std::unique_ptr<rpc::Methods> MaintenanceMethods(const Keyspaces& keyspaces) {
  auto methods = std::make_unique<rpc::Methods>("terrace.maintenance.v1.Maintenance", nullptr);
  AddKeyspaceMethods(keyspaces, methods.get());
  return methods;
}

}  // namespace terrace
