// Decisions about programmes and who takes part in them.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/base/time.h"
#include "common/resource/field_mask.h"
#include "common/resource/names.h"
#include "services/registry/enrollment.h"
#include "services/registry/fields.h"
#include "services/registry/keys.h"
#include "services/registry/programme.h"
#include "services/registry/registry_state.h"
#include "services/registry/row_results.h"

namespace terrace::registry {
namespace {

v1::Programme ToProgramme(absl::string_view name, const storage::v1::ProgrammeRecord& record) {
  v1::Programme programme = record.programme();
  programme.set_name(std::string(name));
  programme.set_etag(EtagOf(record));
  return programme;
}

storage::v1::ProgrammeRecord ToRecord(v1::Programme programme) {
  storage::v1::ProgrammeRecord record;
  programme.clear_name();
  programme.clear_etag();
  *record.mutable_programme() = std::move(programme);
  return record;
}

// Stores an enrolment that was changed.
void PutEnrollment(const std::string& key, RowResult::Outcome outcome, v1::Enrollment enrollment,
                   machine::Decision& decision) {
  if (outcome == RowResult::OUTCOME_UNCHANGED) return;
  *enrollment.mutable_update_time() = ToProto(decision.now());
  if (!enrollment.has_create_time()) {
    *enrollment.mutable_create_time() = enrollment.update_time();
  }
  enrollment.clear_unit();
  storage::v1::EnrollmentRecord record;
  *record.mutable_enrollment() = std::move(enrollment);
  decision.Put(key, record);
}

}  // namespace

absl::StatusOr<v1::Programme> RegistryState::ProgrammeFor(absl::string_view name,
                                                          machine::Decision& decision) const {
  EnsureIndexed();
  TERRACE_RETURN_IF_ERROR(
      resource::ParseName(name, "units/{office}/programmes/{programme}").status());
  const auto record = decision.Get<storage::v1::ProgrammeRecord>(name);
  absl::Status missing = Error(Reason::NOT_FOUND, {{"name", std::string(name)}});
  if (!record) return missing;
  v1::Programme programme = ToProgramme(name, *record);
  if (!MaySeeProgramme({decision.identity(), decision.now()}, programme)) return missing;
  return programme;
}

absl::Status RegistryState::CreateProgramme(const v1::CreateProgrammeRequest& request,
                                            machine::Decision& decision,
                                            v1::Programme* reply) const {
  EnsureIndexed();
  TERRACE_ASSIGN_OR_RETURN(absl::string_view office, resource::ParseUnitName(request.parent()));
  TERRACE_RETURN_IF_ERROR(resource::CheckId(request.programme_id()));
  TERRACE_RETURN_IF_ERROR(OpenUnit(office, decision).status());
  const std::string name = absl::StrCat(request.parent(), "/programmes/", request.programme_id());
  if (decision.Exists(name)) return Error(Reason::ALREADY_EXISTS, {{"name", name}});
  decision.BumpGuard(OfficeGuard(office));
  v1::Programme programme = request.programme();
  TERRACE_RETURN_IF_ERROR(CheckProgramme(*vocabulary(), &programme));
  *programme.mutable_create_time() = ToProto(decision.now());
  *programme.mutable_update_time() = programme.create_time();
  const storage::v1::ProgrammeRecord record = ToRecord(std::move(programme));
  decision.Put(name, record);
  *reply = ToProgramme(name, record);
  return absl::OkStatus();
}

absl::Status RegistryState::CheckTitlesKept(const v1::Programme& before,
                                            const v1::Programme& after) const {
  absl::flat_hash_map<std::string, bool> changed;  // By title; whether it is in use.
  for (const v1::Title& title : before.titles()) changed.emplace(title.id(), false);
  for (const v1::Title& title : after.titles()) {
    for (const v1::Title& old : before.titles()) {
      if (old.id() == title.id() && old.display_name() == title.display_name()) {
        changed.erase(title.id());
      }
    }
  }
  if (changed.empty()) return absl::OkStatus();
  programmes_.ForEach(before.name(), [&](const std::string&, const Standing& standing) {
    for (const HeldTitle& held : standing.titles) {
      if (auto it = changed.find(held.title); it != changed.end()) it->second = true;
    }
  });
  for (const auto& [title, in_use] : changed) {
    if (!in_use) continue;
    return Error(Reason::IN_USE,
                 {{"name", before.name()},
                  {"detail", absl::StrCat("units hold the title \"", title,
                                          "\"; add a new title instead of changing it")}});
  }
  return absl::OkStatus();
}

absl::Status RegistryState::UpdateProgramme(const v1::UpdateProgrammeRequest& request,
                                            machine::Decision& decision,
                                            v1::Programme* reply) const {
  const std::string& name = request.programme().name();
  TERRACE_ASSIGN_OR_RETURN(const v1::Programme before, ProgrammeFor(name, decision));
  if (!request.programme().etag().empty() && request.programme().etag() != before.etag()) {
    return Error(Reason::ETAG_MISMATCH, {{"name", name}});
  }
  v1::Programme programme = before;
  TERRACE_RETURN_IF_ERROR(resource::ApplyUpdate(request.update_mask(), request.programme(),
                                                ProgrammeFixed(), &programme));
  TERRACE_RETURN_IF_ERROR(CheckProgramme(*vocabulary(), &programme));
  decision.BumpGuard(QuotaGuard(name));  // Who gives a title relies on titles, levels and quotas.
  TERRACE_RETURN_IF_ERROR(CheckTitlesKept(before, programme));
  if (!SameContent(before, programme)) *programme.mutable_update_time() = ToProto(decision.now());
  const storage::v1::ProgrammeRecord record = ToRecord(std::move(programme));
  decision.Put(name, record);
  *reply = ToProgramme(name, record);
  return absl::OkStatus();
}

absl::Status RegistryState::EnrollUnits(const v1::EnrollUnitsRequest& request,
                                        machine::Decision& decision,
                                        v1::EnrollUnitsResponse* reply) const {
  TERRACE_RETURN_IF_ERROR(CheckCount(request.rows_size(), kRowsPerEnrollment));
  TERRACE_ASSIGN_OR_RETURN(v1::Programme programme, ProgrammeFor(request.parent(), decision));
  TERRACE_ASSIGN_OR_RETURN(absl::TimeZone zone, LoadZone("zone", programme.zone()));
  const std::shared_ptr<const tree::Tree> tree = units_.tree();
  const UnitNumber office = tree->Number(resource::OwnerOf(programme.name())).value();
  decision.ReadGuard(kTreeGuard);
  auto enroll = [&](const v1::EnrollUnitsRequest::Row& row) -> absl::StatusOr<RowResult::Outcome> {
    TERRACE_ASSIGN_OR_RETURN(absl::string_view id, resource::ParseUnitName(row.unit()));
    if (row.role() == v1::ENROLLMENT_ROLE_UNSPECIFIED) return Required("role");
    TERRACE_ASSIGN_OR_RETURN(storage::v1::UnitRecord unit, OpenUnit(id, decision));
    const UnitNumber number = tree->Number(id).value();
    if (!tree->IsUnder(number, office, Line::kTerritory) &&
        !tree->IsUnder(number, office, Line::kSector)) {
      return Error(Reason::OUTSIDE_PROGRAMME,
                   {{"unit", row.unit()}, {"office", UnitKey(tree->Id(office))}});
    }
    TERRACE_ASSIGN_OR_RETURN(
        Day from, TodayOrEarlier("from_date", row.from_date(), DayOf(decision.now(), zone)));
    TERRACE_RETURN_IF_ERROR(
        CheckNotBefore("from_date", from, DayOr(unit.unit().open_date(), kFirstDay)));
    const std::string key = EnrollmentKey(programme.name(), id);
    v1::Enrollment enrollment = decision.Get<storage::v1::EnrollmentRecord>(key)
                                    .value_or(storage::v1::EnrollmentRecord())
                                    .enrollment();
    TERRACE_ASSIGN_OR_RETURN(RowResult::Outcome outcome, Enroll(row.role(), from, &enrollment));
    PutEnrollment(key, outcome, std::move(enrollment), decision);
    return outcome;
  };
  for (int i = 0; i < request.rows_size(); ++i) {
    const v1::EnrollUnitsRequest::Row& row = request.rows(i);
    const absl::string_view id = resource::OwnerOf(row.unit());
    FillResult(i, EnrollmentKey(programme.name(), id), enroll(row), reply->add_results());
  }
  return absl::OkStatus();
}

absl::Status RegistryState::WithdrawUnits(const v1::WithdrawUnitsRequest& request,
                                          machine::Decision& decision,
                                          v1::WithdrawUnitsResponse* reply) const {
  TERRACE_RETURN_IF_ERROR(CheckCount(request.rows_size(), kRowsPerEnrollment));
  TERRACE_ASSIGN_OR_RETURN(v1::Programme programme, ProgrammeFor(request.parent(), decision));
  TERRACE_ASSIGN_OR_RETURN(absl::TimeZone zone, LoadZone("zone", programme.zone()));
  auto withdraw =
      [&](const v1::WithdrawUnitsRequest::Row& row) -> absl::StatusOr<RowResult::Outcome> {
    TERRACE_ASSIGN_OR_RETURN(absl::string_view id, resource::ParseUnitName(row.unit()));
    TERRACE_RETURN_IF_ERROR(CheckText("reason", row.reason(), kReasonBytesMax));
    TERRACE_ASSIGN_OR_RETURN(
        Day until, TodayOrEarlier("until_date", row.until_date(), DayOf(decision.now(), zone)));
    const std::string key = EnrollmentKey(programme.name(), id);
    const auto record = decision.Get<storage::v1::EnrollmentRecord>(key);
    if (!record) {
      return Error(
          Reason::NOT_ENROLLED,
          {{"unit", row.unit()}, {"programme", programme.name()}, {"date", FormatDay(until)}});
    }
    v1::Enrollment enrollment = record->enrollment();
    enrollment.set_unit(row.unit());
    TERRACE_ASSIGN_OR_RETURN(RowResult::Outcome outcome,
                             Withdraw(until, row.reason(), &enrollment));
    PutEnrollment(key, outcome, std::move(enrollment), decision);
    return outcome;
  };
  for (int i = 0; i < request.rows_size(); ++i) {
    const v1::WithdrawUnitsRequest::Row& row = request.rows(i);
    const absl::string_view id = resource::OwnerOf(row.unit());
    FillResult(i, EnrollmentKey(programme.name(), id), withdraw(row), reply->add_results());
  }
  return absl::OkStatus();
}

}  // namespace terrace::registry
