#include "common/access/rules.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/error.h"
#include "common/resource/names.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace terrace::access {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

absl::string_view ShortRole(Role role) {
  absl::string_view name = options::v1::Role_Name(role);
  return absl::StripPrefix(name, "ROLE_");
}

}  // namespace

absl::Status ScanWire(absl::string_view message, absl::Span<const int> path,
                      std::vector<absl::string_view>* values) {
  CodedInputStream input(reinterpret_cast<const uint8_t*>(message.data()),
                         static_cast<int>(message.size()));
  auto malformed = [] {
    return Error(Reason::MALFORMED_MESSAGE, {{"type", "a protobuf message"}});
  };
  while (uint32_t tag = input.ReadTag()) {
    if (WireFormatLite::GetTagFieldNumber(tag) != path.front() ||
        WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&input, tag)) return malformed();
      continue;
    }
    int size = 0;
    if (!input.ReadVarintSizeAsInt(&size)) {
      return malformed();
    }
    const int at = input.CurrentPosition();
    if (size < 0 || at + static_cast<int64_t>(size) > static_cast<int64_t>(message.size())) {
      return malformed();
    }
    absl::string_view value = message.substr(at, size);
    if (!input.Skip(size)) return malformed();
    if (path.size() == 1) {
      values->push_back(value);
    } else {
      absl::Status status = ScanWire(value, path.subspan(1), values);
      if (!status.ok()) return status;
    }
  }
  if (!input.ConsumedEntireMessage()) return malformed();
  return absl::OkStatus();
}

absl::StatusOr<MethodRule> MethodRule::Of(const google::protobuf::MethodDescriptor& method) {
  if (!method.options().HasExtension(options::v1::access)) {
    return absl::FailedPreconditionError(absl::StrCat(method.full_name(), " declares no access"));
  }
  return Of(method, method.options().GetExtension(options::v1::access));
}

absl::StatusOr<MethodRule> MethodRule::Of(const google::protobuf::MethodDescriptor& method,
                                          const options::v1::Access& access) {
  MethodRule rule;
  rule.anywhere_ = access.anywhere();
  rule.realm_ = access.realm();
  rule.internal_ = access.internal();
  rule.method_ = absl::StrCat("/", method.service()->full_name(), "/", method.name());
  for (const options::v1::NameRule& name : access.names()) {
    Name entry{name.field(), {}, name.role(), name.reach(), name.optional()};
    const google::protobuf::Descriptor* message = method.input_type();
    const FieldDescriptor* field = nullptr;
    for (absl::string_view part : absl::StrSplit(name.field(), '.')) {
      field = message == nullptr ? nullptr : message->FindFieldByName(std::string(part));
      if (field == nullptr) break;
      entry.path.push_back(field->number());
      message = field->message_type();
    }
    if (field == nullptr || field->type() != FieldDescriptor::TYPE_STRING ||
        name.role() == options::v1::ROLE_UNSPECIFIED ||
        name.reach() == options::v1::REACH_UNSPECIFIED) {
      return absl::FailedPreconditionError(
          absl::StrCat(method.full_name(), " has a bad access rule for \"", name.field(), "\""));
    }
    rule.names_.push_back(std::move(entry));
  }
  if (rule.names_.empty() && rule.anywhere_ == options::v1::ROLE_UNSPECIFIED &&
      rule.realm_ == options::v1::ROLE_UNSPECIFIED && !access.authenticated() &&
      !access.internal()) {
    return absl::FailedPreconditionError(
        absl::StrCat(method.full_name(), " has an empty access rule"));
  }
  return rule;
}

absl::Status MethodRule::Check(const Identity& identity, const tree::Tree& tree,
                               absl::string_view message, absl::Time now) const {
  if (identity.service) return absl::OkStatus();
  if (internal_) return Error(Reason::UNIMPLEMENTED_METHOD, {{"method", method_}});
  if (realm_ != options::v1::ROLE_UNSPECIFIED && !HoldsRealm(identity, realm_, now)) {
    return Error(Reason::ROLE_REQUIRED,
                 {{"role", std::string(ShortRole(realm_))}, {"unit", "the whole realm"}});
  }
  if (anywhere_ != options::v1::ROLE_UNSPECIFIED && !HoldsAnywhere(identity, anywhere_, now)) {
    return Error(Reason::ROLE_REQUIRED,
                 {{"role", std::string(ShortRole(anywhere_))}, {"unit", "any unit"}});
  }
  for (const Name& rule : names_) {
    std::vector<absl::string_view> values;
    absl::Status status = ScanWire(message, rule.path, &values);
    if (!status.ok()) return status;
    bool any = false;
    for (absl::string_view value : values) {
      if (value.empty()) continue;
      any = true;
      absl::string_view unit = resource::OwnerOf(value);
      if (unit.empty()) {
        return Error(Reason::INVALID_NAME,
                     {{"name", std::string(value)}, {"pattern", "units/{unit}/..."}});
      }
      if (HoldsRealm(identity, rule.role, now)) continue;
      const bool held = rule.reach == options::v1::REACH_APPLIES_TO_ME
                            ? AppliesTo(identity, tree, unit, rule.role, now)
                            : Holds(identity, tree, unit, rule.role, now);
      if (held) continue;
      // The service knows the members of a team; here it is enough to be an inspector somewhere.
      if (rule.reach == options::v1::REACH_ASSIGNED_TEAM &&
          HoldsAnywhere(identity, options::v1::ROLE_INSPECTOR, now)) {
        continue;
      }
      if (MaySee(identity, tree, unit, now)) {
        return Error(Reason::ROLE_REQUIRED, {{"role", std::string(ShortRole(rule.role))},
                                             {"unit", absl::StrCat("units/", unit)}});
      }
      return Error(Reason::NOT_FOUND, {{"name", std::string(value)}});
    }
    if (!any && !rule.optional) return Error(Reason::REQUIRED_FIELD, {{"field", rule.field}});
  }
  return absl::OkStatus();
}

bool MethodRule::SpeaksOfUnknownUnits(const tree::Tree& tree, absl::string_view message) const {
  for (const Name& rule : names_) {
    std::vector<absl::string_view> values;
    if (!ScanWire(message, rule.path, &values).ok()) continue;
    for (absl::string_view value : values) {
      absl::string_view unit = resource::OwnerOf(value);
      if (!unit.empty() && !tree.Number(unit)) return true;
    }
  }
  return false;
}

}  // namespace terrace::access
