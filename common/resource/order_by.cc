// Sort keys. Each field gives one byte that says whether it is set and bytes that sort like its
// value:
//   text       the first kTextBytes bytes, 0x00 written as 0x00 0xFF, and 0x00 0x01 at the end
//   numbers    big endian with the sign bit turned, doubles by their bits, Decimals at 17 decimals
// For a descending field all its bits are turned. The resource name follows as it is.
#include "common/resource/order_by.h"

#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/resource/field_path.h"
#include "common/resource/well_known.h"

namespace terrace::resource {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;

// What counts of a text: with five fields and the name a key stays below kPageKeyBytesMax.
constexpr size_t kTextBytes = 256;

absl::Status Invalid(absl::string_view detail) {
  return Error(Reason::INVALID_FIELD, {{"field", "order_by"}, {"detail", std::string(detail)}});
}

// Appends the low `bytes` of a number, most significant first, the sign bit turned.
void AppendSigned(Wide value, int bytes, std::string* out) {
  const UnsignedWide turned =
      static_cast<UnsignedWide>(value) ^ (UnsignedWide{1} << (8 * bytes - 1));
  for (int i = bytes - 1; i >= 0; --i) out->push_back(static_cast<char>(turned >> (8 * i)));
}

void AppendText(absl::string_view text, std::string* out) {
  for (char c : text.substr(0, kTextBytes)) {
    out->push_back(c);
    if (c == '\0') out->push_back('\xFF');
  }
  out->push_back('\0');
  out->push_back('\x01');
}

void AppendDouble(double value, std::string* out) {
  int64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  // Negative doubles sort backwards by their bits.
  AppendSigned(bits < 0 ? bits ^ INT64_MAX : bits, sizeof bits, out);
}

void AppendDecimal(const Decimal& value, std::string* out) {
  Wide scaled = value.unscaled();
  for (int i = value.decimals(); i < Decimal::kDigitsMax - 1; ++i) scaled *= 10;
  AppendSigned(scaled, sizeof scaled, out);
}

void AppendValue(const Message& message, const FieldDescriptor* field, std::string* out) {
  const Reflection& reflection = *message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      AppendText(reflection.GetStringReference(message, field, &scratch), out);
      break;
    }
    case FieldDescriptor::CPPTYPE_INT32:
      AppendSigned(reflection.GetInt32(message, field), 8, out);
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      AppendSigned(reflection.GetInt64(message, field), 8, out);
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      AppendSigned(reflection.GetUInt32(message, field), 16, out);
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      AppendSigned(static_cast<Wide>(reflection.GetUInt64(message, field)), 16, out);
      break;
    case FieldDescriptor::CPPTYPE_FLOAT:
      AppendDouble(reflection.GetFloat(message, field), out);
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      AppendDouble(reflection.GetDouble(message, field), out);
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      AppendSigned(reflection.GetBool(message, field), 1, out);
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      AppendSigned(reflection.GetEnumValue(message, field), 4, out);
      break;
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const Message& value = reflection.GetMessage(message, field);
      switch (WellKnownOf(field)) {
        case WellKnown::kDecimal:
          AppendDecimal(ReadDecimal(value).value_or(Decimal()), out);
          break;
        case WellKnown::kTimestamp: {
          const absl::Time time = ReadTimestamp(value);
          const int64_t seconds = absl::ToUnixSeconds(time);
          AppendSigned(seconds, 8, out);
          AppendSigned(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds)), 8, out);
          break;
        }
        case WellKnown::kDate:
          AppendSigned(ReadDate(value) - absl::CivilDay(), 8, out);
          break;
        case WellKnown::kNone:
          break;  // Parse takes no other messages.
      }
      break;
    }
  }
}

bool CanOrder(const FieldDescriptor* field) {
  if (field->is_repeated() || field->type() == FieldDescriptor::TYPE_BYTES) return false;
  return field->message_type() == nullptr || WellKnownOf(field) != WellKnown::kNone;
}

}  // namespace

absl::StatusOr<OrderBy> OrderBy::Parse(absl::string_view text, const Descriptor* type) {
  OrderBy order;
  if (absl::StripAsciiWhitespace(text).empty()) return order;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    const std::vector<absl::string_view> words =
        absl::StrSplit(part, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    if (words.empty() || words.size() > 2 ||
        (words.size() == 2 && words[1] != "desc" && words[1] != "asc")) {
      return Invalid("write fields separated by commas, each perhaps with \"desc\"");
    }
    if (order.fields_.size() == kOrderFieldsMax) {
      return Invalid(absl::StrCat("at most ", kOrderFieldsMax, " fields are allowed"));
    }
    Field field{ResolvePath(words[0], type, /*through_repeated=*/false),
                words.size() == 2 && words[1] == "desc"};
    if (field.path.empty() || !CanOrder(field.path.back())) {
      return Invalid(absl::StrCat("\"", QuoteText(words[0]), "\" is no field to order by"));
    }
    order.fields_.push_back(std::move(field));
  }
  return order;
}

std::string OrderBy::SortKey(const Message& message, absl::string_view name) const {
  std::string key;
  for (const Field& field : fields_) {
    const size_t start = key.size();
    const Message* at = &message;
    bool set = true;
    for (size_t i = 0; i < field.path.size() && set; ++i) {
      const FieldDescriptor* step = field.path[i];
      set = !step->has_presence() || at->GetReflection()->HasField(*at, step);
      if (set && i + 1 < field.path.size()) at = &at->GetReflection()->GetMessage(*at, step);
    }
    key.push_back(set ? '\x01' : '\0');
    if (set) AppendValue(*at, field.path.back(), &key);
    for (size_t i = start; field.descending && i < key.size(); ++i) {
      key[i] = static_cast<char>(~key[i]);
    }
  }
  absl::StrAppend(&key, name);
  return key;
}

}  // namespace terrace::resource
