#include "services/terrace/sample/sample.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/time.h"
#include "services/terrace/words.h"

namespace terrace::sample {

Sample MakeSample() {
  Sample sample;
  AddUnits(&sample);
  AddProgramme(&sample);
  AddMeasures(&sample);
  AddActivities(&sample);
  AddInspections(&sample);
  AddStatistics(&sample);
  return sample;
}

google::type::Date DateOf(absl::CivilDay day) { return cli::ToDate(day); }

absl::Time NoonOf(absl::CivilDay day) {
  return absl::FromCivil(absl::CivilHour(day) + 12, cli::ShanghaiZone());
}

google::protobuf::Timestamp NoonProto(absl::CivilDay day) { return ToProto(NoonOf(day)); }

types::v1::Quantity MakeQuantity(int64_t value, absl::string_view unit,
                                 types::v1::Qualifier qualifier) {
  return MakeDecimalQuantity(absl::StrCat(value), unit, qualifier);
}

types::v1::Quantity MakeDecimalQuantity(absl::string_view value, absl::string_view unit,
                                        types::v1::Qualifier qualifier) {
  types::v1::Quantity quantity;
  quantity.mutable_value()->set_value(std::string(value));
  quantity.set_unit(std::string(unit));
  quantity.set_qualifier(qualifier);
  return quantity;
}

int64_t PartOf(int64_t total, int n, int i) {
  const int64_t even = total / n;
  int64_t part = even + (i < total % n ? 1 : 0);
  // Neighbours exchange a part of theirs, so that records do not all look alike.
  const int64_t swing = even / 4;
  if (n % 2 == 0 || i < n - 1) part += i % 2 == 0 ? swing : -swing;
  return part;
}

std::string TwoDigits(int number) { return absl::StrFormat("%02d", number); }

std::string MakeUscc(absl::string_view first_two, int number) {
  // GB 32100-2015: base 31 without I, O, S, V and Z; the weights are powers of 3. "999999" is the
  // code of no division.
  constexpr absl::string_view kDigits = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  std::string code = absl::StrCat(first_two, "999999MA", absl::StrFormat("%07d", number));
  int sum = 0;
  int weight = 1;
  for (char c : code) {
    sum += static_cast<int>(kDigits.find(c)) * weight;
    weight = weight * 3 % 31;
  }
  code.push_back(kDigits[(31 - sum % 31) % 31]);
  return code;
}

}  // namespace terrace::sample
