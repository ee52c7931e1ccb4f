#include "services/measures/activity_sums.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/decimal.h"
#include "common/base/error.h"
#include "common/resource/names.h"

namespace terrace::measures {
namespace {

int64_t PowerOfTen(int n) {
  int64_t power = 1;
  for (int i = 0; i < n; ++i) power *= 10;
  return power;
}

}  // namespace

absl::Status CheckQuantities(
    const google::protobuf::RepeatedPtrField<v1::NamedQuantity>& quantities,
    absl::string_view field) {
  if (quantities.size() > kQuantitiesMax) {
    return Error(Reason::BATCH_TOO_LARGE, {{"count", absl::StrCat(quantities.size())},
                                           {"limit", absl::StrCat(kQuantitiesMax)}});
  }
  std::set<std::string> keys;
  for (int i = 0; i < quantities.size(); ++i) {
    const std::string path = absl::StrCat(field, "[", i, "]");
    TERRACE_RETURN_IF_ERROR(resource::CheckId(quantities[i].key()));
    if (!keys.insert(quantities[i].key()).second) {
      return Error(Reason::INVALID_FIELD, {{"field", absl::StrCat(path, ".key")},
                                           {"detail", "the key stands there twice"}});
    }
    const std::string value_path = absl::StrCat(path, ".quantity.value");
    if (!quantities[i].quantity().has_value()) {
      return Error(Reason::REQUIRED_FIELD, {{"field", value_path}});
    }
    TERRACE_ASSIGN_OR_RETURN(Decimal value,
                             FromProto(quantities[i].quantity().value(), value_path));
    const int64_t whole = value.unscaled() / PowerOfTen(value.decimals());
    const int64_t limit = PowerOfTen(kQuantityWholeDigitsMax);
    if (value.decimals() > kQuantityDecimalsMax || whole >= limit || whole <= -limit) {
      return Error(Reason::NUMBER_OUT_OF_RANGE,
                   {{"field", value_path},
                    {"value", value.ToString()},
                    {"range", absl::StrCat(kQuantityWholeDigitsMax, " digits before and ",
                                           kQuantityDecimalsMax, " after the point")}});
    }
  }
  return absl::OkStatus();
}

types::v1::Qualifier LessSure(types::v1::Qualifier a, types::v1::Qualifier b) {
  for (types::v1::Qualifier q : {types::v1::QUALIFIER_ABOUT, types::v1::QUALIFIER_AT_LEAST}) {
    if (a == q || b == q) return q;
  }
  return types::v1::QUALIFIER_EXACT;
}

void ActivitySums::Add(const v1::Activity& activity) {
  Kind& kind = kinds_[activity.kind()];
  ++kind.activities;
  for (const v1::NamedQuantity& named : activity.quantities()) {
    absl::StatusOr<Decimal> value = FromProto(named.quantity().value(), "value");
    TERRACE_CHECK(value.ok());  // Checked before it was stored.
    Sum& sum = kind.sums[{named.key(), named.quantity().unit()}];
    sum.value += FixedSumFromDecimal(*value);
    sum.qualifier = LessSure(sum.qualifier, named.quantity().qualifier());
    ++sum.activities;
  }
}

absl::Status ActivitySums::Fill(v1::SummarizeActivitiesResponse* response) const {
  for (const auto& [name, kind] : kinds_) {
    v1::ActivitySummary* summary = response->add_summaries();
    summary->set_kind(name);
    summary->set_activity_count(kind.activities);
    for (const auto& [key, sum] : kind.sums) {
      v1::QuantitySum* out = summary->add_sums();
      out->set_key(key.first);
      out->set_activity_count(sum.activities);
      out->mutable_sum()->set_unit(key.second);
      out->mutable_sum()->set_qualifier(sum.qualifier);
      TERRACE_ASSIGN_OR_RETURN(Decimal value, ToDecimal(sum.value, kQuantityDecimalsMax,
                                                        absl::StrCat("sum of ", key.first)));
      *out->mutable_sum()->mutable_value() = ToProto(value);
    }
  }
  return absl::OkStatus();
}

}  // namespace terrace::measures
