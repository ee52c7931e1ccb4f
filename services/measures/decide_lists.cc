// Decide: measure lists.
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/resource/field_mask.h"
#include "common/resource/names.h"
#include "services/measures/decide.h"
#include "services/measures/measures_state.h"
#include "services/measures/names.h"
#include "services/measures/present.h"

namespace terrace::measures {
namespace {

using machine::Decision;
using storage::v1::MeasureListRecord;

constexpr char kField[] = "measure_list";

// Fields that callers do not set.
void ClearOutputs(v1::MeasureList* list) {
  list->clear_name();
  list->clear_etag();
  list->clear_revision();
  list->clear_create_time();
  list->clear_update_time();
}

absl::StatusOr<Schedule> CheckList(const v1::MeasureList& list) {
  if (list.display_name().empty()) return Required("measure_list.display_name");
  if (!list.programme().empty()) {
    TERRACE_RETURN_IF_ERROR(resource::ParseName(list.programme(), kProgrammePattern).status());
  }
  TERRACE_RETURN_IF_ERROR(CheckSize(list, kField));
  return Schedule::FromList(list, kField);
}

// Nobody's past lateness may change: not what was due already under either rule.
absl::Status CheckPastKept(const Schedule& before, const Schedule& after, absl::Time now) {
  const absl::optional<calendar::Period> first = Schedule::FirstDifference(before, after);
  if (!first) return absl::OkStatus();
  for (const Schedule* schedule : {&before, &after}) {
    absl::StatusOr<PeriodDue> due = schedule->Find(*first);
    if (due.ok() && due->times.due <= now) {
      return Error(Reason::RULE_IN_FORCE, {{"period", first->ToString()}});
    }
  }
  return absl::OkStatus();
}

}  // namespace

// A list that names no zone counts its days as its programme does.
void MeasuresState::TakeZoneOfProgramme(v1::MeasureList* list) const {
  if (zone_ == nullptr || list->programme().empty() || !list->time_zone().empty()) return;
  list->set_time_zone(zone_(list->programme()));
}

absl::Status MeasuresState::CreateMeasureList(const v1::CreateMeasureListRequest& request,
                                              Decision& d, v1::MeasureList* reply) const {
  TERRACE_ASSIGN_OR_RETURN(absl::string_view office, resource::ParseUnitName(request.parent()));
  TERRACE_RETURN_IF_ERROR(CheckUnit(office, d));
  TERRACE_ASSIGN_OR_RETURN(std::string id, IdFor(request.measure_list_id(), d));
  const std::string name = absl::StrCat(request.parent(), "/measureLists/", id);
  MeasureListRecord record;
  *record.mutable_measure_list() = request.measure_list();
  ClearOutputs(record.mutable_measure_list());
  TakeZoneOfProgramme(record.mutable_measure_list());
  TERRACE_RETURN_IF_ERROR(CheckList(record.measure_list()).status());
  if (d.Exists(name)) return Error(Reason::ALREADY_EXISTS, {{"name", name}});
  *record.mutable_measure_list()->mutable_create_time() = ToProto(d.now());
  *record.mutable_measure_list()->mutable_update_time() = ToProto(d.now());
  d.Put(name, record);
  *reply = PresentList(name, record, 0);
  return absl::OkStatus();
}

absl::Status MeasuresState::UpdateMeasureList(const v1::UpdateMeasureListRequest& request,
                                              Decision& d, v1::MeasureList* reply) const {
  const std::string& name = request.measure_list().name();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kListPattern).status());
  absl::optional<MeasureListRecord> record = d.Get<MeasureListRecord>(name);
  if (!record) return NotFound(name);
  TERRACE_RETURN_IF_ERROR(CheckEtag(request.measure_list().etag(), EtagOf(*record), name));
  v1::MeasureList changed = record->measure_list();
  TERRACE_RETURN_IF_ERROR(
      resource::ApplyUpdate(request.update_mask(), request.measure_list(),
                            {"name", "etag", "revision", "create_time", "update_time"}, &changed));
  if (!record->issued()) TakeZoneOfProgramme(&changed);
  TERRACE_ASSIGN_OR_RETURN(Schedule after, CheckList(changed));
  if (record->issued()) {
    TERRACE_ASSIGN_OR_RETURN(Schedule before, Schedule::FromList(record->measure_list(), kField));
    if (changed.time_zone() != record->measure_list().time_zone()) {
      return Error(Reason::FIXED_ONCE_ISSUED, {{"name", name}, {"field", "time_zone"}});
    }
    TERRACE_RETURN_IF_ERROR(CheckPastKept(before, after, d.now()));
  }
  *record->mutable_measure_list() = std::move(changed);
  *record->mutable_measure_list()->mutable_update_time() = ToProto(d.now());
  d.Put(name, *record);
  *reply = PresentList(name, *record, 0);
  return absl::OkStatus();
}

}  // namespace terrace::measures
