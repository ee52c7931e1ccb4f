// CheckMessage: walks a request by reflection. What has to be looked at in a message type is worked
// out once and kept, so that a message of plain numbers costs next to nothing.
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/civil_time.h"
#include "common/base/check.h"
#include "common/base/decimal.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "google/protobuf/descriptor.h"

namespace terrace {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::DescriptorPool;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;

enum class Action { kString, kEnum, kFloat, kDouble, kMessage };
// Message types with rules of their own.
enum class Special { kNone, kDecimal, kTimestamp, kDuration, kDate };

struct Step {
  const FieldDescriptor* field;
  Action action;
  FieldKind kind = FieldKind::kText;
};

struct Plan {
  Special special = Special::kNone;
  std::vector<Step> steps;
};

size_t LimitOf(FieldKind kind) {
  switch (kind) {
    case FieldKind::kDisplayName:
      return kDisplayNameBytesMax;
    case FieldKind::kCode:
      return kCodeBytesMax;
    case FieldKind::kToken:
      return kTokenBytesMax;
    case FieldKind::kQuery:
      return kQueryBytesMax;
    case FieldKind::kUri:
      return kUriBytesMax;
    case FieldKind::kText:
      return kTextBytesMax;
  }
  return 0;
}

Special SpecialOf(const Descriptor& type) {
  const std::string& name = type.full_name();
  if (name == "terrace.types.v1.Decimal") return Special::kDecimal;
  if (name == "google.protobuf.Timestamp") return Special::kTimestamp;
  if (name == "google.protobuf.Duration") return Special::kDuration;
  if (name == "google.type.Date") return Special::kDate;
  return Special::kNone;
}

// The key of a map entry is a code (a language, an id); its value is what the map's name says.
FieldKind KindOf(const FieldDescriptor& field, const FieldDescriptor* map) {
  if (map == nullptr) return KindOfField(field.name());
  return field.number() == 1 ? FieldKind::kCode : KindOfField(map->name());
}

Plan MakePlan(const Descriptor& type, const FieldDescriptor* map) {
  Plan plan;
  plan.special = SpecialOf(type);
  if (plan.special != Special::kNone) return plan;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        if (field->type() == FieldDescriptor::TYPE_STRING) {
          plan.steps.push_back({field, Action::kString, KindOf(*field, map)});
        }
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        plan.steps.push_back({field, Action::kEnum});
        break;
      case FieldDescriptor::CPPTYPE_FLOAT:
        plan.steps.push_back({field, Action::kFloat});
        break;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        plan.steps.push_back({field, Action::kDouble});
        break;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        plan.steps.push_back({field, Action::kMessage});
        break;
      default:
        break;
    }
  }
  return plan;
}

// The plans of all types seen so far; they stay for ever, as generated types do.
class Plans {
 public:
  // A map entry type belongs to one field, so its plan is as fixed as any other. Types of other
  // pools may go away and another take their address: their plan is made in `scratch`.
  const Plan& Get(const Descriptor& type, const FieldDescriptor* map, Plan* scratch) {
    if (type.file()->pool() != DescriptorPool::generated_pool()) {
      *scratch = MakePlan(type, map);
      return *scratch;
    }
    {
      absl::ReaderMutexLock lock(&mu_);
      if (auto it = plans_.find(&type); it != plans_.end()) return *it->second;
    }
    auto plan = std::make_unique<const Plan>(MakePlan(type, map));
    absl::MutexLock lock(&mu_);
    return *plans_.emplace(&type, std::move(plan)).first->second;
  }

 private:
  absl::Mutex mu_;
  absl::flat_hash_map<const Descriptor*, std::unique_ptr<const Plan>> plans_ ABSL_GUARDED_BY(mu_);
};

Plans& AllPlans() {
  static Plans* const plans = new Plans;
  return *plans;
}

// Names of resources are codes wherever they stand.
bool IsResourceName(absl::string_view value) {
  if (absl::StartsWith(value, "//")) {
    const size_t slash = value.find('/', 2);
    value = slash == absl::string_view::npos ? "" : value.substr(slash + 1);
  }
  bool known = false;
  for (absl::string_view collection : {"units/", "levels/", "kinds/", "tokens/", "operations/"}) {
    known = known || absl::StartsWith(value, collection);
  }
  if (!known) return false;
  for (char c : value) {
    if (!absl::ascii_isalnum(c) && !absl::StrContains("/.~@-_", c)) return false;
  }
  return true;
}

// The way from the request to a value; turned into words only for an error.
struct Place {
  const Place* up = nullptr;
  const FieldDescriptor* field = nullptr;
  int index = -1;  // In a repeated field.

  std::string ToString() const {
    std::string out =
        up != nullptr && up->field != nullptr ? absl::StrCat(up->ToString(), ".") : "";
    absl::StrAppend(&out, field == nullptr ? "message" : field->name());
    if (index >= 0) absl::StrAppend(&out, "[", index, "]");
    return out;
  }
};

absl::Status InvalidTime(const Place& place, absl::string_view detail) {
  return Error(Reason::INVALID_TIME,
               {{"field", place.ToString()}, {"detail", std::string(detail)}});
}

int64_t Integer(const Message& message, int number) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByNumber(number);
  TERRACE_CHECK(field != nullptr);
  return field->cpp_type() == FieldDescriptor::CPPTYPE_INT32
             ? message.GetReflection()->GetInt32(message, field)
             : message.GetReflection()->GetInt64(message, field);
}

absl::Status CheckSpecial(Special special, const Message& message, const Place& place) {
  constexpr int64_t kSecondsMin = -62'135'596'800;   // 0001-01-01T00:00:00Z
  constexpr int64_t kSecondsMax = 253'402'300'799;   // 9999-12-31T23:59:59Z
  constexpr int64_t kDurationMax = 315'576'000'000;  // 10,000 years.
  constexpr int64_t kNanosMax = 999'999'999;
  switch (special) {
    case Special::kNone:
      return absl::OkStatus();
    case Special::kDecimal: {
      std::string scratch;
      const std::string& value = message.GetReflection()->GetStringReference(
          message, message.GetDescriptor()->FindFieldByNumber(1), &scratch);
      absl::Status status = CheckDecimal(value, "");
      return status.ok() ? status : CheckDecimal(value, place.ToString());
    }
    case Special::kTimestamp: {
      const int64_t seconds = Integer(message, 1);
      const int64_t nanos = Integer(message, 2);
      if (seconds < kSecondsMin || seconds > kSecondsMax) {
        return InvalidTime(place, "it lies outside the years 1 to 9999");
      }
      if (nanos < 0 || nanos > kNanosMax)
        return InvalidTime(place, "nanos lies outside 0 to 999999999");
      return absl::OkStatus();
    }
    case Special::kDuration: {
      const int64_t seconds = Integer(message, 1);
      const int64_t nanos = Integer(message, 2);
      if (std::abs(nanos) > kNanosMax || seconds < -kDurationMax || seconds > kDurationMax ||
          (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0)) {
        return InvalidTime(place, "the duration lies outside 10,000 years or mixes signs");
      }
      return absl::OkStatus();
    }
    case Special::kDate: {
      const int64_t year = Integer(message, 1), month = Integer(message, 2),
                    day = Integer(message, 3);
      if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 ||
          absl::CivilDay(year, month, day).day() != day) {
        return InvalidTime(place, absl::StrCat(year, "-", month, "-", day, " is no day"));
      }
      return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

absl::Status CheckString(const std::string& value, FieldKind kind, const Place& place) {
  const bool text =
      (kind == FieldKind::kText || kind == FieldKind::kDisplayName) && !IsResourceName(value);
  const auto check = text ? CheckText : CheckCode;
  // The place is put into words only when it is needed.
  if (check("", value, LimitOf(kind)).ok()) return absl::OkStatus();
  return check(place.ToString(), value, LimitOf(kind));
}

absl::Status CheckEnum(int value, const FieldDescriptor& field, const Place& place) {
  if (field.enum_type()->FindValueByNumber(value) != nullptr) return absl::OkStatus();
  return Error(Reason::UNKNOWN_ENUM, {{"value", absl::StrCat(value)}, {"field", place.ToString()}});
}

absl::Status CheckDouble(double value, const Place& place) {
  if (std::isfinite(value)) return absl::OkStatus();
  return Error(Reason::INVALID_NUMBER,
               {{"value", absl::StrCat(value)}, {"field", place.ToString()}});
}

absl::Status Walk(const Message& message, const FieldDescriptor* map, const Place& place,
                  int depth);

// One value of a field: the i-th of a repeated one, or the only one with i < 0.
absl::Status CheckValue(const Message& message, const Step& step, int i, Place& place, int depth) {
  const Reflection& reflection = *message.GetReflection();
  const FieldDescriptor* field = step.field;
  switch (step.action) {
    case Action::kString: {
      std::string scratch;
      return CheckString(i < 0 ? reflection.GetStringReference(message, field, &scratch)
                               : reflection.GetRepeatedStringReference(message, field, i, &scratch),
                         step.kind, place);
    }
    case Action::kEnum:
      return CheckEnum(i < 0 ? reflection.GetEnumValue(message, field)
                             : reflection.GetRepeatedEnumValue(message, field, i),
                       *field, place);
    case Action::kFloat:
      return CheckDouble(i < 0 ? reflection.GetFloat(message, field)
                               : reflection.GetRepeatedFloat(message, field, i),
                         place);
    case Action::kDouble:
      return CheckDouble(i < 0 ? reflection.GetDouble(message, field)
                               : reflection.GetRepeatedDouble(message, field, i),
                         place);
    case Action::kMessage:
      return Walk(i < 0 ? reflection.GetMessage(message, field)
                        : reflection.GetRepeatedMessage(message, field, i),
                  field->is_map() ? field : nullptr, place, depth + 1);
  }
  return absl::OkStatus();
}

absl::Status Walk(const Message& message, const FieldDescriptor* map, const Place& place,
                  int depth) {
  if (depth > kMessageDepthMax) {
    return Error(Reason::INVALID_FIELD,
                 {{"field", place.ToString()},
                  {"detail", absl::StrCat("messages nest deeper than ", kMessageDepthMax)}});
  }
  Plan scratch;
  const Plan& plan = AllPlans().Get(*message.GetDescriptor(), map, &scratch);
  if (plan.special != Special::kNone) return CheckSpecial(plan.special, message, place);
  const Reflection& reflection = *message.GetReflection();
  for (const Step& step : plan.steps) {
    Place below{&place, step.field};
    if (!step.field->is_repeated()) {
      if (!reflection.HasField(message, step.field)) continue;
      TERRACE_RETURN_IF_ERROR(CheckValue(message, step, -1, below, depth));
      continue;
    }
    const int size = reflection.FieldSize(message, step.field);
    for (below.index = 0; below.index < size; ++below.index) {
      TERRACE_RETURN_IF_ERROR(CheckValue(message, step, below.index, below, depth));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckMessage(const Message& message) { return Walk(message, nullptr, Place{}, 0); }

}  // namespace terrace
