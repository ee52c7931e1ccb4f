#include "services/scoring/schemes/scheme_diff.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/check.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/json_util.h"

namespace terrace::scoring {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// What belongs to the version, not to what it says.
constexpr const char* kOutputs[] = {"name",        "etag",         "revision",     "state",
                                    "create_time", "publish_time", "superseded_by"};
// What changes no points: texts, who sees or answers, from when on, and what is made of the score.
constexpr const char* kWithoutPoints[] = {
    "display_name", "localized_names", "description", "first_period",  "audience",   "bands",
    "banding",      "ranking",         "decimals",    "rank_on_shown", "leaf.scorer"};

template <size_t n>
bool IsAmong(const char* const (&names)[n], absl::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool IsSet(const Message& message, const FieldDescriptor* field) {
  const Reflection* reflection = message.GetReflection();
  return field->is_repeated() ? reflection->FieldSize(message, field) > 0
                              : reflection->HasField(message, field);
}

// The value of one field as protobuf JSON; empty when it is not set.
std::string JsonOf(const Message& message, const FieldDescriptor* field) {
  if (!IsSet(message, field)) return "";
  const std::unique_ptr<Message> alone(message.New());
  alone->CopyFrom(message);
  std::vector<const FieldDescriptor*> others;
  alone->GetReflection()->ListFields(*alone, &others);
  for (const FieldDescriptor* other : others) {
    if (other != field) alone->GetReflection()->ClearField(alone.get(), other);
  }
  std::string json;
  TERRACE_CHECK(google::protobuf::util::MessageToJsonString(*alone, &json).ok());
  // {"field":value}
  const size_t value = json.find(':') + 1;
  return json.substr(value, json.size() - value - 1);
}

// Whether differences are told field by field.
bool IsOpened(const FieldDescriptor* field) {
  return !field->is_repeated() && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field->message_type()->file()->package() == "terrace.scoring.v1";
}

class Differ {
 public:
  explicit Differ(std::vector<v1::SchemeChange>* changes) : changes_(changes) {}

  void Compare(const std::string& node, const std::string& path, const Message& before,
               const Message& after) {
    const google::protobuf::Descriptor* type = before.GetDescriptor();
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* field = type->field(i);
      const std::string name = absl::StrCat(path, field->name());
      if (node.empty() && (name == "nodes" || IsAmong(kOutputs, name))) continue;
      if (IsOpened(field) && IsSet(before, field) && IsSet(after, field)) {
        Compare(node, absl::StrCat(name, "."), before.GetReflection()->GetMessage(before, field),
                after.GetReflection()->GetMessage(after, field));
        continue;
      }
      std::string was = JsonOf(before, field);
      std::string is = JsonOf(after, field);
      if (was == is) continue;
      v1::SchemeChange& change = Add(node, v1::SCHEME_CHANGE_KIND_CHANGED);
      change.set_field(name);
      change.set_before(std::move(was));
      change.set_after(std::move(is));
    }
  }

  v1::SchemeChange& Add(const std::string& node, v1::SchemeChangeKind kind) {
    v1::SchemeChange& change = changes_->emplace_back();
    change.set_node(node);
    change.set_kind(kind);
    return change;
  }

 private:
  std::vector<v1::SchemeChange>* const changes_;
};

std::map<absl::string_view, const v1::Node*> ById(const v1::Scheme& scheme) {
  std::map<absl::string_view, const v1::Node*> nodes;
  for (const v1::Node& node : scheme.nodes()) nodes.emplace(node.id(), &node);
  return nodes;
}

std::string WholeOf(const v1::Node& node) {
  std::string json;
  TERRACE_CHECK(google::protobuf::util::MessageToJsonString(node, &json).ok());
  return json;
}

}  // namespace

std::vector<v1::SchemeChange> ChangesOf(const v1::Scheme& before, const v1::Scheme& after) {
  std::vector<v1::SchemeChange> changes;
  Differ differ(&changes);
  differ.Compare("", "", before, after);
  const auto earlier = ById(before);
  for (const v1::Node& node : after.nodes()) {
    const auto found = earlier.find(node.id());
    if (found != earlier.end()) {
      differ.Compare(node.id(), "", *found->second, node);
    } else {
      differ.Add(node.id(), v1::SCHEME_CHANGE_KIND_ADDED).set_after(WholeOf(node));
    }
  }
  const auto later = ById(after);
  for (const v1::Node& node : before.nodes()) {
    if (later.contains(node.id())) continue;
    differ.Add(node.id(), v1::SCHEME_CHANGE_KIND_REMOVED).set_before(WholeOf(node));
  }
  return changes;
}

bool AreComparable(const std::vector<v1::SchemeChange>& changes) {
  return std::all_of(changes.begin(), changes.end(), [](const v1::SchemeChange& change) {
    return change.kind() == v1::SCHEME_CHANGE_KIND_CHANGED &&
           IsAmong(kWithoutPoints, change.field());
  });
}

}  // namespace terrace::scoring
