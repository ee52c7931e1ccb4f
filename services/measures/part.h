// An assignment with all that decides about it, as a Decide function reads it.
#ifndef TERRACE_SERVICES_MEASURES_PART_H_
#define TERRACE_SERVICES_MEASURES_PART_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/machine/decision.h"
#include "services/measures/measures_state.h"
#include "terrace/measures/v1/measures.pb.h"
#include "terrace/storage/v1/measures.pb.h"

namespace terrace::measures {

struct MeasuresState::Part {
  std::string name;    // Of the assignment.
  std::string unit;    // Id of the unit that it belongs to.
  std::string issuer;  // Id of the office of the measure.
  storage::v1::AssignmentRecord record;
  v1::Measure measure;
  const AssignmentEntry* entry = nullptr;  // Of the State; its measure and list are present.
  absl::Time issued;
};

// Whether the office (full name) may judge what the unit did for the issuer (ids).
absl::Status CheckJudge(const std::string& acting_office, const std::string& issuer,
                        const std::string& unit, const machine::Decision& d);

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_PART_H_
