#include "common/rpc/methods.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/base/time.h"
#include "common/rpc/positions.h"
#include "common/store/cursor.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::rpc {
namespace {

using google::protobuf::FieldDescriptor;

std::string StringField(const Message& message, const char* name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->type() != FieldDescriptor::TYPE_STRING || field->is_repeated()) {
    return "";
  }
  return message.GetReflection()->GetString(message, field);
}

bool BoolField(const Message& message, const char* name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  return field != nullptr && field->type() == FieldDescriptor::TYPE_BOOL && !field->is_repeated() &&
         message.GetReflection()->GetBool(message, field);
}

// The request's field of that name and message type, when it is set.
template <class T>
const T* MessageField(const Message& message, const char* name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->message_type() != T::descriptor() || field->is_repeated() ||
      !message.GetReflection()->HasField(message, field)) {
    return nullptr;
  }
  return static_cast<const T*>(&message.GetReflection()->GetMessage(message, field));
}

void StampRevision(store::Revision revision, Message* reply) {
  const FieldDescriptor* field = reply->GetDescriptor()->FindFieldByName("revision");
  if (field == nullptr || field->type() != FieldDescriptor::TYPE_INT64 ||
      reply->GetReflection()->GetInt64(*reply, field) != 0) {
    return;
  }
  reply->GetReflection()->SetInt64(reply, field, revision.value);
}

std::string HashWithoutRequestId(const Message& request) {
  const FieldDescriptor* field = request.GetDescriptor()->FindFieldByName("request_id");
  if (field == nullptr) return Sha256(request.SerializeAsString());
  std::unique_ptr<Message> copy(request.New());
  copy->CopyFrom(request);
  copy->GetReflection()->ClearField(copy.get(), field);
  return Sha256(copy->SerializeAsString());
}

}  // namespace

Methods::Methods(absl::string_view service, machine::Machine* machine)
    : descriptor_(google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
          std::string(service))),
      machine_(machine) {
  TERRACE_CHECK(descriptor_ != nullptr);
}

Method& Methods::Add(absl::string_view method, const google::protobuf::Descriptor* request,
                     const google::protobuf::Descriptor* reply) {
  const google::protobuf::MethodDescriptor* descriptor =
      descriptor_->FindMethodByName(std::string(method));
  TERRACE_CHECK(descriptor != nullptr);
  TERRACE_CHECK(descriptor->input_type() == request);
  TERRACE_CHECK(descriptor->output_type() == reply);
  auto [it, added] = methods_.try_emplace(method);
  TERRACE_CHECK(added);
  it->second.descriptor = descriptor;
  return it->second;
}

const Method* Methods::Find(absl::string_view method) const {
  auto it = methods_.find(method);
  return it == methods_.end() ? nullptr : &it->second;
}

void Methods::Complete() const {
  for (int i = 0; i < descriptor_->method_count(); ++i) {
    const google::protobuf::MethodDescriptor* descriptor = descriptor_->method(i);
    const Method* method = Find(descriptor->name());
    if (method == nullptr)
      std::fprintf(stderr, "no handler: %s\n", descriptor->full_name().c_str());
    TERRACE_CHECK(method != nullptr);
    TERRACE_CHECK((method->receiver != nullptr) == descriptor->client_streaming());
    TERRACE_CHECK((method->source != nullptr) ==
                  (descriptor->server_streaming() && !descriptor->client_streaming()));
  }
}

void Methods::Wait(const Message& request, absl::Time deadline, StatusDone done) const {
  if (wait_) {
    wait_(request, deadline, std::move(done));
    return;
  }
  if (machine_ == nullptr) {
    done(absl::OkStatus());
    return;
  }
  store::Cursor least;
  if (const auto* given = MessageField<types::v1::Cursor>(request, "min_revision")) {
    least = store::FromProto(*given);
  }
  // A page must know what the page before it knew. A token of another log is refused later.
  const absl::optional<resource::PagePosition> page = PagePositionOf(request);
  if (page && (least.log_id.empty() || least.log_id == page->log_id) &&
      page->log_id == machine_->position().log_id) {
    least.revision.value = std::max(least.revision.value, page->least_revision);
  }
  if (least.log_id.empty() && least.revision.value == 0) {
    done(absl::OkStatus());
    return;
  }
  machine_->WaitFor(std::move(least),
                    std::min(deadline, machine_->clock().Now() + machine::kCommandTimeoutDefault),
                    std::move(done));
}

absl::optional<resource::PagePosition> PagePositionOf(const Message& request) {
  return resource::PositionOfPageToken(StringField(request, "page_token"));
}

machine::Command CommandOf(const Call& call, const Message& request) {
  machine::Command command;
  command.identity = call.identity;
  command.method = call.method;
  command.request_id = StringField(request, "request_id");
  command.request_hash = HashWithoutRequestId(request);
  command.acting_office = StringField(request, "acting_office");
  command.received = call.received;
  command.deadline = call.deadline;
  command.validate_only = BoolField(request, "validate_only");
  command.seen = ToVector(call.seen);
  if (const auto* captured = MessageField<google::protobuf::Timestamp>(request, "captured_time")) {
    command.captured = FromProto(*captured);
  }
  return command;
}

void RunCommand(machine::Machine* machine, Call& call, const Message& request,
                std::vector<std::string> keys, machine::DecideFn decide, Message* reply,
                StatusDone done) {
  machine->Execute(CommandOf(call, request), std::move(keys), std::move(decide),
                   [machine, &call, reply,
                    done = std::move(done)](absl::StatusOr<machine::Done> result) mutable {
                     if (!result.ok()) {
                       done(result.status());
                       return;
                     }
                     TERRACE_CHECK(reply->ParseFromString(result->reply));
                     if (result->stored) StampRevision(result->position.revision, reply);
                     StampCursor(machine->service(), result->position, call, reply);
                     done(absl::OkStatus());
                   });
}

void Methods::StampPosition(const machine::Machine& machine, const store::Cursor& position,
                            Call& call, Message* reply) {
  StampCursor(machine.service(), position, call, reply);
}

void StampCursor(absl::string_view service, const store::Cursor& position, Call& call,
                 Message* reply) {
  call.position = FormatPositions({{std::string(service), position}});
  const FieldDescriptor* field = reply->GetDescriptor()->FindFieldByName("cursor");
  if (field == nullptr || field->message_type() != types::v1::Cursor::descriptor()) return;
  *static_cast<types::v1::Cursor*>(reply->GetReflection()->MutableMessage(reply, field)) =
      store::ToProto(position);
}

}  // namespace terrace::rpc
