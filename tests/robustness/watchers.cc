#include "tests/robustness/watchers.h"

#include <algorithm>
#include <map>
#include <random>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/resource/etag.h"
#include "terrace/inspections/v1/inspections.pb.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "terrace/registry/v1/registry.pb.h"
#include "tests/robustness/caller.h"

namespace terrace::robustness {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Kind = WatchMessage::Kind;

constexpr absl::Duration kSnapshotMost = absl::Seconds(20);

// Hears the resources of a message: every change is a oneof of resources with a `name`, of the name
// of what is deleted, or of an instant.
template <class Changes, class Take>
void ForEachResource(const Changes& changes, Take take) {
  for (const auto& change : changes) {
    std::vector<const FieldDescriptor*> set;
    change.GetReflection()->ListFields(change, &set);
    for (const FieldDescriptor* field : set) {
      if (field->type() == FieldDescriptor::TYPE_STRING) {
        take(change.GetReflection()->GetString(change, field), nullptr);
        continue;
      }
      const Message& resource = change.GetReflection()->GetMessage(change, field);
      const FieldDescriptor* name = resource.GetDescriptor()->FindFieldByName("name");
      if (name != nullptr) take(resource.GetReflection()->GetString(resource, name), &resource);
    }
  }
}

// The three watches look alike but for their types.
struct RegistryWatch {
  using Request = registry::v1::WatchUnitsRequest;
  using Response = registry::v1::WatchUnitsResponse;
  static constexpr char kMethod[] = "/terrace.registry.v1.UnitRegistry/WatchUnits";
  static const auto& Changes(const Response& response) { return response.changes(); }
};
struct MeasuresWatch {
  using Request = measures::v1::WatchMeasuresRequest;
  using Response = measures::v1::WatchMeasuresResponse;
  static constexpr char kMethod[] = "/terrace.measures.v1.MeasureTracker/WatchMeasures";
  static const auto& Changes(const Response& response) { return response.changes(); }
};
struct InspectionsWatch {
  using Request = inspections::v1::WatchInspectionsRequest;
  using Response = inspections::v1::WatchInspectionsResponse;
  static constexpr char kMethod[] = "/terrace.inspections.v1.InspectionScheduler/WatchInspections";
  static const auto& Changes(const Response& response) { return response.resources(); }
};

template <class Type>
WatchMessage ToMessage(const typename Type::Response& response) {
  // All of them count SNAPSHOT, SNAPSHOT_END, one revision, PROGRESS.
  WatchMessage message;
  message.kind = static_cast<Kind>(static_cast<int>(response.kind()) - 1);
  message.log_id = response.cursor().log_id();
  message.revision = response.cursor().revision();
  ForEachResource(Type::Changes(response),
                  [&](const std::string& name, const Message*) { message.names.push_back(name); });
  std::sort(message.names.begin(), message.names.end());
  return message;
}

// Calls `take` for each message; ends when it returns false, or with the stream.
template <class Type, class Take>
absl::Status ReadStream(rpc::Stream* stream, const types::v1::Cursor* after, Take take) {
  typename Type::Request request;
  if (after != nullptr) *request.mutable_after() = *after;
  if (stream->Write(request)) {
    stream->WritesDone();
    typename Type::Response response;
    while (stream->Read(&response)) {
      if (!take(response)) return absl::OkStatus();
    }
  }
  return stream->Finish();
}

// Calls `with` with the type of the service's watch.
template <class With>
auto ByService(const std::string& service, With with) {
  if (service == "registry") return with(RegistryWatch());
  if (service == "measures") return with(MeasuresWatch());
  TERRACE_CHECK(service == "inspections");
  return with(InspectionsWatch());
}

}  // namespace

Watcher::Watcher(std::string name, std::string service, uint64_t seed,
                 std::shared_ptr<rpc::Channel> channel)
    : channel_(std::move(channel)) {
  watch_.watcher = std::move(name);
  watch_.service = std::move(service);
  thread_ = std::thread([this, seed] { Run(seed); });
}

Watcher::~Watcher() {
  over_ = true;
  {
    absl::MutexLock lock(&mu_);
    if (open_ != nullptr) open_->Cancel();
  }
  thread_.join();
}

Watch Watcher::watch() const {
  absl::MutexLock lock(&mu_);
  return watch_;
}

int64_t Watcher::revision() const {
  absl::MutexLock lock(&mu_);
  return revision_;
}

void Watcher::Run(uint64_t seed) {
  std::mt19937_64 random(seed);
  types::v1::Cursor cursor;
  std::string service;
  {
    absl::MutexLock lock(&mu_);
    service = watch_.service;
  }
  while (!over_) {
    ByService(service, [&](auto type) {
      using Type = decltype(type);
      // A stream that hangs in a cut is given up, as one that goes well is now and then.
      const absl::Duration life = absl::Milliseconds(2000 + random() % 10000);
      const std::unique_ptr<rpc::Stream> stream = channel_->Open(Type::kMethod, absl::Now() + life);
      {
        absl::MutexLock lock(&mu_);
        open_ = stream.get();
        WatchStream& record = watch_.streams.emplace_back();
        if (!cursor.log_id().empty()) record.after = cursor.revision();
      }
      const absl::Status status = ReadStream<Type>(
          stream.get(), cursor.log_id().empty() ? nullptr : &cursor, [&](const auto& response) {
            WatchMessage message = ToMessage<Type>(response);
            if (message.kind != Kind::kSnapshot) cursor = response.cursor();
            absl::MutexLock lock(&mu_);
            if (message.kind != Kind::kSnapshot) revision_ = message.revision;
            watch_.streams.back().messages.push_back(std::move(message));
            return true;
          });
      absl::MutexLock lock(&mu_);
      open_ = nullptr;
      const absl::optional<ErrorDetails> details = DetailsOf(status);
      if (details && absl::IsOutOfRange(status)) {
        watch_.streams.back().end = std::string(InfoOf(details->reason).name);
        cursor.Clear();
      }
      return 0;
    });
    Rest(*channel_);
  }
}

absl::StatusOr<std::map<std::string, std::string>> Snapshot(const std::string& service,
                                                            rpc::Channel& channel,
                                                            int64_t* revision) {
  std::map<std::string, std::string> rows;
  bool complete = false;
  const absl::Status status = ByService(service, [&](auto type) {
    using Type = decltype(type);
    const std::unique_ptr<rpc::Stream> stream =
        channel.Open(Type::kMethod, absl::Now() + kSnapshotMost);
    return ReadStream<Type>(stream.get(), nullptr, [&](const auto& response) {
      ForEachResource(Type::Changes(response), [&](const std::string& name, const Message* row) {
        if (row == nullptr) {
          rows.erase(name);
        } else {
          rows[name] = resource::SerializeInOrder(*row);
        }
      });
      const WatchMessage message = ToMessage<Type>(response);
      complete = message.kind == Kind::kSnapshotEnd;
      *revision = message.revision;
      return !complete;
    });
  });
  if (complete) return rows;
  return status.ok() ? absl::InternalError("the snapshot has no end") : status;
}

}  // namespace terrace::robustness
