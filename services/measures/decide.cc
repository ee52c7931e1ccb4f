#include "services/measures/decide.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/access/identity.h"
#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "services/measures/measures_state.h"

namespace terrace::measures {

absl::Status Required(absl::string_view field) {
  return Error(Reason::REQUIRED_FIELD, {{"field", std::string(field)}});
}

absl::Status Invalid(absl::string_view field, absl::string_view detail) {
  return Error(Reason::INVALID_FIELD,
               {{"field", std::string(field)}, {"detail", std::string(detail)}});
}

absl::Status NotFound(absl::string_view name) {
  return Error(Reason::NOT_FOUND, {{"name", std::string(name)}});
}

absl::Status WrongState(absl::string_view name, absl::string_view state, absl::string_view needed) {
  return Error(Reason::WRONG_STATE, {{"name", std::string(name)},
                                     {"state", std::string(state)},
                                     {"needed", std::string(needed)}});
}

absl::Status CheckCount(int64_t count, int64_t limit) {
  if (count <= limit) return absl::OkStatus();
  return Error(Reason::BATCH_TOO_LARGE,
               {{"count", absl::StrCat(count)}, {"limit", absl::StrCat(limit)}});
}

absl::Status CheckSize(const google::protobuf::Message& record, absl::string_view field) {
  const size_t size = record.ByteSizeLong();
  if (size <= kRecordBytesMax) return absl::OkStatus();
  return Error(Reason::TEXT_TOO_LONG, {{"field", std::string(field)},
                                       {"size", absl::StrCat(size)},
                                       {"limit", absl::StrCat(kRecordBytesMax)}});
}

absl::StatusOr<absl::Time> EventTime(const google::protobuf::Timestamp* given,
                                     absl::string_view field, absl::string_view office,
                                     const machine::Decision& d) {
  if (given == nullptr) return d.now();
  const absl::Time time = FromProto(*given);
  if (time > d.now()) {
    return Error(Reason::INVALID_TIME,
                 {{"field", std::string(field)}, {"detail", "it lies in the future"}});
  }
  if (!d.identity().service &&
      !access::Holds(d.identity(), d.tree(), office, options::v1::ROLE_OFFICER, d.now())) {
    return Error(Reason::ROLE_REQUIRED,
                 {{"role", "OFFICER"}, {"unit", resource::UnitName(office)}});
  }
  return time;
}

absl::Status CheckNotBefore(absl::Time time, absl::Time earlier, absl::string_view field) {
  if (time >= earlier) return absl::OkStatus();
  return Error(
      Reason::INVALID_TIME,
      {{"field", std::string(field)},
       {"detail", absl::StrCat("it lies before ",
                               absl::FormatTime(absl::RFC3339_sec, earlier, absl::UTCTimeZone()),
                               ", when something happened that comes first")}});
}

v1::Moment MomentOf(absl::Time time, absl::string_view office, absl::string_view role,
                    const machine::Decision& d) {
  v1::Moment moment;
  *moment.mutable_time() = ToProto(time);
  *moment.mutable_record_time() = ToProto(d.now());
  moment.mutable_actor()->set_subject(d.identity().subject);
  moment.mutable_actor()->set_office(std::string(office));
  moment.mutable_actor()->set_role(std::string(role));
  return moment;
}

absl::Status CheckUnit(absl::string_view unit, const machine::Decision& d) {
  absl::optional<tree::UnitNumber> number = d.tree().Number(unit);
  if (!number) return NotFound(absl::StrCat("units/", unit));
  if (d.tree().State(*number) != tree::UnitState::kOpen) {
    return Error(Reason::UNIT_NOT_OPEN, {{"unit", absl::StrCat("units/", unit)}});
  }
  return absl::OkStatus();
}

absl::Status CheckBelow(absl::string_view unit, absl::string_view office,
                        const machine::Decision& d) {
  TERRACE_RETURN_IF_ERROR(CheckUnit(unit, d));
  absl::optional<tree::UnitNumber> top = d.tree().Number(office);
  if (top) {
    const tree::UnitNumber number = *d.tree().Number(unit);
    for (tree::Line line : tree::kBothLines) {
      if (d.tree().IsUnder(number, *top, line)) return absl::OkStatus();
    }
  }
  return Error(Reason::NOT_BELOW_ISSUER, {{"unit", absl::StrCat("units/", unit)},
                                          {"office", absl::StrCat("units/", office)}});
}

absl::StatusOr<std::string> IdFor(absl::string_view wanted, machine::Decision& d) {
  if (wanted.empty()) return d.NewId();
  TERRACE_RETURN_IF_ERROR(resource::CheckId(wanted));
  return std::string(wanted);
}

std::string EtagOf(int64_t changes, const google::protobuf::Timestamp& last) {
  const std::string hash = Sha256(absl::StrCat(changes, "@", last.seconds(), ".", last.nanos()));
  return absl::BytesToHexString(absl::string_view(hash).substr(0, 8));
}

bool IsMediaType(absl::string_view type) {
  const std::vector<absl::string_view> parts = absl::StrSplit(type, '/');
  if (parts.size() != 2 || parts[0].empty() || parts[1].empty() || type.size() > 127) return false;
  auto ok = [](absl::string_view part) {
    for (char c : part) {
      if (!absl::ascii_islower(c) && !absl::ascii_isdigit(c) && !absl::StrContains("+-.", c)) {
        return false;
      }
    }
    return true;
  };
  return ok(parts[0]) && (parts[1] == "*" || ok(parts[1]));
}

bool MatchesType(absl::string_view media_type, absl::string_view wanted) {
  if (absl::EndsWith(wanted, "/*")) {
    return absl::StartsWith(media_type, wanted.substr(0, wanted.size() - 1));
  }
  return media_type == wanted;
}

absl::Status CheckEvidence(const google::protobuf::RepeatedPtrField<types::v1::Evidence>& evidence,
                           absl::string_view field) {
  TERRACE_RETURN_IF_ERROR(CheckCount(evidence.size(), kEvidenceMax));
  for (int i = 0; i < evidence.size(); ++i) {
    const types::v1::Evidence& item = evidence[i];
    const std::string path = absl::StrCat(field, "[", i, "]");
    if (item.uri().empty()) return Required(absl::StrCat(path, ".uri"));
    bool hex = item.sha256().size() == 64;
    for (char c : item.sha256()) hex &= absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
    if (!hex) return Invalid(absl::StrCat(path, ".sha256"), "write 64 lower-case hex digits");
    if (!IsMediaType(item.media_type()) || absl::EndsWith(item.media_type(), "*")) {
      return Invalid(absl::StrCat(path, ".media_type"), "write a type such as image/jpeg");
    }
    if (item.bytes() < 0) return Invalid(absl::StrCat(path, ".bytes"), "it must not be negative");
  }
  return absl::OkStatus();
}

}  // namespace terrace::measures
