#include "services/inspections/visit_merge.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "common/base/sha256.h"
#include "common/base/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::inspections {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Cuts at a character, not inside one.
std::string Shortened(std::string text) {
  if (text.size() <= kDifferenceBytesMax) return text;
  size_t end = kDifferenceBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  text += "…";
  return text;
}

// Messages that people read as one value; empty for others.
bool IsValue(const google::protobuf::Descriptor* type) {
  return type == google::protobuf::Timestamp::descriptor() ||
         type == google::type::Date::descriptor() || type == types::v1::Decimal::descriptor();
}

std::string ValueText(const Message& value) {
  if (value.GetDescriptor() == google::protobuf::Timestamp::descriptor()) {
    return absl::FormatTime(absl::RFC3339_full,
                            FromProto(static_cast<const google::protobuf::Timestamp&>(value)),
                            absl::UTCTimeZone());
  }
  if (value.GetDescriptor() == google::type::Date::descriptor()) {
    const auto& date = static_cast<const google::type::Date&>(value);
    return absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(), date.day());
  }
  return static_cast<const types::v1::Decimal&>(value).value();
}

// A scalar as text; `index` is -1 for a singular field.
std::string ScalarText(const Message& message, const FieldDescriptor* field, int index) {
  const Reflection& r = *message.GetReflection();
  const bool one = index < 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return one ? r.GetString(message, field) : r.GetRepeatedString(message, field, index);
    case FieldDescriptor::CPPTYPE_BOOL:
      return (one ? r.GetBool(message, field) : r.GetRepeatedBool(message, field, index)) ? "true"
                                                                                          : "false";
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(one ? r.GetInt32(message, field)
                              : r.GetRepeatedInt32(message, field, index));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(one ? r.GetInt64(message, field)
                              : r.GetRepeatedInt64(message, field, index));
    case FieldDescriptor::CPPTYPE_ENUM:
      return (one ? r.GetEnum(message, field) : r.GetRepeatedEnum(message, field, index))->name();
    default:
      return "(not shown)";  // No record has fields of other types.
  }
}

class Differ {
 public:
  void Compare(const std::string& prefix, const Message& stored, const Message& sent) {
    const google::protobuf::Descriptor* type = stored.GetDescriptor();
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* field = type->field(i);
      const std::string path =
          prefix.empty() ? std::string(field->name()) : absl::StrCat(prefix, ".", field->name());
      if (field->is_repeated()) {
        CompareRepeated(path, field, stored, sent);
      } else {
        CompareField(path, field, stored, sent);
      }
    }
  }

  std::vector<v1::FieldDifference> Take() { return std::move(differences_); }

 private:
  void Add(const std::string& path, std::string stored, std::string sent) {
    if (stored == sent || differences_.size() >= kDifferencesMax) return;
    v1::FieldDifference& difference = differences_.emplace_back();
    difference.set_field(path);
    difference.set_stored(Shortened(std::move(stored)));
    difference.set_sent(Shortened(std::move(sent)));
  }

  void CompareField(const std::string& path, const FieldDescriptor* field, const Message& stored,
                    const Message& sent) {
    const Reflection& r = *stored.GetReflection();
    const bool in_stored = r.HasField(stored, field);
    const bool in_sent = r.HasField(sent, field);
    if (!in_stored && !in_sent) return;
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      Add(path, in_stored ? ScalarText(stored, field, -1) : "",
          in_sent ? ScalarText(sent, field, -1) : "");
    } else if (IsValue(field->message_type())) {
      Add(path, in_stored ? ValueText(r.GetMessage(stored, field)) : "",
          in_sent ? ValueText(r.GetMessage(sent, field)) : "");
    } else {
      Compare(path, r.GetMessage(stored, field), r.GetMessage(sent, field));
    }
  }

  void CompareRepeated(const std::string& path, const FieldDescriptor* field, const Message& stored,
                       const Message& sent) {
    const Reflection& r = *stored.GetReflection();
    const int in_stored = r.FieldSize(stored, field);
    const int in_sent = r.FieldSize(sent, field);
    for (int i = 0; i < std::max(in_stored, in_sent); ++i) {
      const std::string element = absl::StrCat(path, "[", i, "]");
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
        Add(element, i < in_stored ? ScalarText(stored, field, i) : "",
            i < in_sent ? ScalarText(sent, field, i) : "");
        continue;
      }
      if (i < in_stored && i < in_sent) {
        Compare(element, r.GetRepeatedMessage(stored, field, i),
                r.GetRepeatedMessage(sent, field, i));
      } else {
        Add(element, i < in_stored ? "(given)" : "", i < in_sent ? "(given)" : "");
      }
    }
  }

  std::vector<v1::FieldDifference> differences_;
};

}  // namespace

v1::Observation AsSent(const v1::Observation& observation) {
  v1::Observation sent = observation;
  sent.clear_receive_time();
  sent.clear_skew();
  sent.clear_skewed();
  sent.clear_content_sha256();
  sent.clear_conflict_count();
  sent.clear_etag();
  sent.clear_revision();
  if (sent.has_finding()) {
    // The observation's name and time are the finding's too.
    *sent.mutable_finding() = AsSent(sent.finding());
    sent.mutable_finding()->clear_name();
    sent.mutable_finding()->clear_captured_time();
  }
  return sent;
}

v1::Finding AsSent(const v1::Finding& finding) {
  v1::Finding sent = finding;
  sent.clear_observation();
  sent.clear_state();
  sent.clear_steps();
  sent.clear_office();
  sent.clear_due_time();
  sent.clear_overdue();
  sent.clear_recurred_as();
  sent.clear_content_sha256();
  sent.clear_conflict_count();
  sent.clear_etag();
  sent.clear_revision();
  return sent;
}

std::string ContentHash(const google::protobuf::Message& as_sent) {
  // Fields are written in the order of their numbers and the records hold no maps, so equal content
  // is equal bytes.
  return Sha256(as_sent.SerializeAsString());
}

std::vector<v1::FieldDifference> Differences(const Message& stored, const Message& sent) {
  Differ differ;
  differ.Compare("", stored, sent);
  return differ.Take();
}

std::string FieldsOf(absl::Span<const v1::FieldDifference> differences) {
  return absl::StrJoin(differences, ", ", [](std::string* out, const v1::FieldDifference& one) {
    out->append(one.field());
  });
}

}  // namespace terrace::inspections
