// Sums over activities, by kind, quantity key and unit of measure. Exact: sums are integers of
// millionths wide enough for any number of activities.
#ifndef TERRACE_SERVICES_MEASURES_ACTIVITY_SUMS_H_
#define TERRACE_SERVICES_MEASURES_ACTIVITY_SUMS_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/base/fixed.h"
#include "terrace/measures/v1/activities.pb.h"
#include "terrace/measures/v1/common.pb.h"

namespace terrace::measures {

// Digits of a quantity.
inline constexpr int kQuantityWholeDigitsMax = 12;
inline constexpr int kQuantityDecimalsMax = 6;
inline constexpr int kQuantitiesMax = 100;

// OK for at most kQuantitiesMax quantities with valid, different keys and numbers of permitted
// size.
absl::Status CheckQuantities(
    const google::protobuf::RepeatedPtrField<v1::NamedQuantity>& quantities,
    absl::string_view field);

// How sure a sum is: as sure as its least sure part. ABOUT is less sure than AT_LEAST, which is
// less sure than EXACT.
types::v1::Qualifier LessSure(types::v1::Qualifier a, types::v1::Qualifier b);

// Thread-safety: none.
class ActivitySums {
 public:
  // An activity whose quantities passed CheckQuantities.
  void Add(const v1::Activity& activity);
  // By kind, then key, then unit of measure. NUMBER_OUT_OF_RANGE when a sum takes more than 18
  // digits.
  absl::Status Fill(v1::SummarizeActivitiesResponse* response) const;

 private:
  struct Sum {
    FixedSum value;
    types::v1::Qualifier qualifier = types::v1::QUALIFIER_EXACT;
    int64_t activities = 0;
  };
  struct Kind {
    int64_t activities = 0;
    std::map<std::pair<std::string, std::string>, Sum> sums;
  };
  std::map<std::string, Kind> kinds_;
};

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_ACTIVITY_SUMS_H_
