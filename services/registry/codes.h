// Codes that other systems know units by.
//
// The system "uscc" is the unified social credit code of GB 32100-2015: 18 characters of which the
// last checks the others. The official organisation code that units which are no areas must have is
// one of these. Other systems take any printable ASCII.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_REGISTRY_CODES_H_
#define TERRACE_SERVICES_REGISTRY_CODES_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "services/registry/dates.h"
#include "terrace/registry/v1/unit.pb.h"

namespace terrace::registry {

inline constexpr absl::string_view kOrganisationCodeSystem = "uscc";
inline constexpr size_t kUnitCodeBytesMax = 64;
inline constexpr int kUnitCodesMax = 50;

// Whether the text is a unified social credit code with the right check character.
bool IsUnifiedSocialCreditCode(absl::string_view text);

// A code with the days on which it holds: from <= day < until.
struct HeldCode {
  absl::string_view system;
  absl::string_view code;
  Day from = kFirstDay;
  Day until = kLastDay;

  bool HoldsOn(Day day) const { return from <= day && day < until; }
  bool Overlaps(const HeldCode& other) const {
    return system == other.system && code == other.code && from < other.until && other.from < until;
  }
};
HeldCode Held(const v1::UnitCode& code);

// INVALID_ID for the system, INVALID_UNIT_CODE, INVALID_TIME or DATE_TOO_EARLY for the rest;
// BATCH_TOO_LARGE for too many; INVALID_FIELD when the unit would hold one code twice at a time.
absl::Status CheckCodes(const google::protobuf::RepeatedPtrField<v1::UnitCode>& codes);

// A hash of system and code, for indexes; equal codes have equal hashes on every replica.
uint64_t CodeHash(absl::string_view system, absl::string_view code);

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_CODES_H_
