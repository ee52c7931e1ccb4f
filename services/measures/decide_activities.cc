// Decide: activities.
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/base/time.h"
#include "common/resource/etag.h"
#include "common/resource/names.h"
#include "services/measures/activity_sums.h"
#include "services/measures/decide.h"
#include "services/measures/measures_state.h"
#include "services/measures/names.h"
#include "services/measures/present.h"

namespace terrace::measures {
namespace {

using machine::Decision;
using storage::v1::ActivityDetailRecord;
using storage::v1::ActivityRecord;

void ClearOutputs(v1::Activity* activity) {
  activity->clear_name();
  activity->clear_recorded();
  activity->clear_withdrawn();
  activity->clear_withdraw_note();
  activity->clear_content_hash();
  activity->clear_etag();
  activity->clear_revision();
}

absl::Status CheckActivity(const v1::Activity& activity, absl::string_view unit, absl::Time now) {
  if (activity.kind().empty()) return Required("activity.kind");
  TERRACE_RETURN_IF_ERROR(resource::CheckId(activity.kind()));
  if (!activity.has_date()) return Required("activity.date");
  TERRACE_ASSIGN_OR_RETURN(absl::CivilDay date, DayOf(activity.date(), "activity.date"));
  // Days have begun somewhere on Earth before they are counted as lying ahead.
  if (date > absl::ToCivilDay(now + absl::Hours(14), absl::UTCTimeZone())) {
    return Error(Reason::INVALID_TIME,
                 {{"field", "activity.date"}, {"detail", "it lies in the future"}});
  }
  if (activity.has_end_date()) {
    TERRACE_ASSIGN_OR_RETURN(absl::CivilDay end, DayOf(activity.end_date(), "activity.end_date"));
    if (end < date) return Invalid("activity.end_date", "it lies before the date");
  }
  TERRACE_RETURN_IF_ERROR(CheckQuantities(activity.quantities(), "activity.quantities"));
  TERRACE_RETURN_IF_ERROR(CheckEvidence(activity.evidence(), "activity.evidence"));
  if (!activity.programme().empty()) {
    TERRACE_RETURN_IF_ERROR(resource::ParseName(activity.programme(), kProgrammePattern).status());
  }
  if (!activity.assignment().empty()) {
    TERRACE_ASSIGN_OR_RETURN(resource::Ids ids,
                             resource::ParseName(activity.assignment(), kAssignmentPattern));
    if (ids[0] != unit) {
      return Error(Reason::NOT_YOURS,
                   {{"name", activity.assignment()}, {"owner", resource::UnitName(ids[0])}});
    }
  }
  return CheckSize(activity, "activity");
}

// What was recorded, whatever the order of its maps.
std::string HashOf(const v1::Activity& activity) {
  return absl::BytesToHexString(Sha256(resource::SerializeInOrder(activity)));
}

struct Stored {
  ActivityRecord record;
  bool created = false;
};

// Records the activity under the name, unless it stands there already. `activity` holds no outputs.
absl::StatusOr<Stored> Store(const std::string& name, v1::Activity activity, Decision& d) {
  const std::string hash = HashOf(activity);
  absl::optional<ActivityRecord> present = d.Get<ActivityRecord>(name);
  if (present) {
    if (present->activity().content_hash() == hash) return Stored{*std::move(present), false};
    return Error(Reason::CONTENT_DIFFERS, {{"name", name}});
  }
  ActivityDetailRecord detail;
  detail.set_text(std::move(*activity.mutable_text()));
  detail.mutable_evidence()->Swap(activity.mutable_evidence());
  activity.clear_text();
  activity.clear_evidence();
  activity.set_content_hash(hash);
  *activity.mutable_recorded() =
      MomentOf(d.now(), resource::UnitName(resource::OwnerOf(name)), "REPORTER", d);
  Stored stored;
  stored.created = true;
  *stored.record.mutable_activity() = std::move(activity);
  d.Put(name, stored.record);
  if (!detail.text().empty() || !detail.evidence().empty()) {
    d.Append(ActivityDetailKey(name), detail);
  }
  return stored;
}

}  // namespace

absl::Status MeasuresState::RecordActivity(const v1::RecordActivityRequest& request, Decision& d,
                                           v1::Activity* reply) const {
  TERRACE_ASSIGN_OR_RETURN(absl::string_view unit, resource::ParseUnitName(request.parent()));
  TERRACE_RETURN_IF_ERROR(CheckUnit(unit, d));
  TERRACE_ASSIGN_OR_RETURN(std::string id, IdFor(request.activity_id(), d));
  const std::string name = absl::StrCat(request.parent(), "/activities/", id);
  v1::Activity activity = request.activity();
  ClearOutputs(&activity);
  TERRACE_RETURN_IF_ERROR(CheckActivity(activity, unit, d.now()));
  if (!activity.assignment().empty() && !d.Exists(activity.assignment())) {
    return NotFound(activity.assignment());
  }
  TERRACE_ASSIGN_OR_RETURN(Stored stored, Store(name, activity, d));
  *reply = PresentActivity(name, stored.record, 0);
  *reply->mutable_text() = activity.text();
  *reply->mutable_evidence() = activity.evidence();
  return absl::OkStatus();
}

absl::StatusOr<types::v1::RowResult::Outcome> MeasuresState::ImportActivity(const v1::Activity& row,
                                                                            Decision& d) const {
  TERRACE_ASSIGN_OR_RETURN(resource::Ids ids, resource::ParseName(row.name(), kActivityPattern));
  TERRACE_RETURN_IF_ERROR(CheckUnit(ids[0], d));
  v1::Activity activity = row;
  ClearOutputs(&activity);
  TERRACE_RETURN_IF_ERROR(CheckActivity(activity, ids[0], d.now()));
  if (!activity.assignment().empty() && !d.Exists(activity.assignment())) {
    return NotFound(activity.assignment());
  }
  TERRACE_ASSIGN_OR_RETURN(Stored stored, Store(row.name(), std::move(activity), d));
  return stored.created ? types::v1::RowResult::OUTCOME_CREATED
                        : types::v1::RowResult::OUTCOME_UNCHANGED;
}

absl::Status MeasuresState::WithdrawActivity(const v1::WithdrawActivityRequest& request,
                                             Decision& d, v1::Activity* reply) const {
  const std::string& name = request.name();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kActivityPattern).status());
  absl::optional<ActivityRecord> record = d.Get<ActivityRecord>(name);
  if (!record) return NotFound(name);
  TERRACE_RETURN_IF_ERROR(CheckEtag(request.etag(), EtagOf(*record), name));
  if (request.note().empty()) return Required("note");
  if (record->activity().has_withdrawn()) return WrongState(name, "WITHDRAWN", "RECORDED");
  *record->mutable_activity()->mutable_withdrawn() =
      MomentOf(d.now(), resource::UnitName(resource::OwnerOf(name)), "REPORTER", d);
  record->mutable_activity()->set_withdraw_note(request.note());
  d.Put(name, *record);
  *reply = PresentActivity(name, *record, 0);
  return absl::OkStatus();
}

}  // namespace terrace::measures
