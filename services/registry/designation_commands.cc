// Decisions about titles: give, renew, take away, and record what was decided elsewhere.
#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "common/tree/judge.h"
#include "services/registry/designation.h"
#include "services/registry/eligibility.h"
#include "services/registry/fields.h"
#include "services/registry/keys.h"
#include "services/registry/programme.h"
#include "services/registry/registry_state.h"

namespace terrace::registry {
namespace {

absl::StatusOr<Day> TodayIn(const v1::Programme& programme, const machine::Decision& decision) {
  TERRACE_ASSIGN_OR_RETURN(absl::TimeZone zone, LoadZone("zone", programme.zone()));
  return DayOf(decision.now(), zone);
}

// The stored form; `designation` as a resource.
storage::v1::DesignationRecord ToRecord(v1::Designation designation) {
  storage::v1::DesignationRecord record;
  designation.clear_name();
  designation.clear_etag();
  designation.clear_state();
  *record.mutable_designation() = std::move(designation);
  return record;
}

v1::Designation ToDesignation(absl::string_view name, const storage::v1::DesignationRecord& record,
                              Day day) {
  v1::Designation designation = record.designation();
  designation.set_name(std::string(name));
  designation.set_etag(EtagOf(record));
  designation.set_state(StateOn(designation, day, kLastDay));
  return designation;
}

}  // namespace

absl::Status RegistryState::CheckJudge(const std::string& acting_office,
                                       const v1::Programme& programme, absl::string_view unit,
                                       const std::string& level,
                                       machine::Decision& decision) const {
  TERRACE_ASSIGN_OR_RETURN(absl::string_view office, resource::ParseUnitName(acting_office));
  decision.ReadGuard(kTreeGuard);
  TERRACE_ASSIGN_OR_RETURN(storage::v1::UnitRecord record, OpenUnit(office, decision));
  TERRACE_RETURN_IF_ERROR(
      tree::MayJudge(*units_.tree(), office, resource::OwnerOf(programme.name()), unit));
  const v1::Unit& own = record.unit();
  const std::shared_ptr<const Vocabulary> words = vocabulary();
  if (words->Ordinal(own.rank().empty() ? own.level() : own.rank()) >
      words->Ordinal(LevelId(level))) {
    return Error(Reason::LEVEL_TOO_HIGH, {{"office", acting_office}, {"level", level}});
  }
  return absl::OkStatus();
}

absl::Status RegistryState::CheckQuotas(const v1::Programme& programme,
                                        const v1::Designation& designation, absl::string_view unit,
                                        absl::string_view kind) const {
  const std::shared_ptr<const tree::Tree> tree = units_.tree();
  const std::string& batch = designation.terms(0).batch();
  auto is_under = [&tree](absl::string_view id, const std::string& subtree) {
    if (subtree.empty()) return true;
    const absl::optional<UnitNumber> root = tree->Number(resource::OwnerOf(subtree));
    const absl::optional<UnitNumber> number = tree->Number(id);
    return root && number && tree->IsUnder(*number, *root, Line::kTerritory);
  };
  for (const v1::Quota& quota : programme.quotas()) {
    if (!QuotaFits(quota, designation.level(), batch, KindName(kind)) ||
        !is_under(unit, quota.subtree())) {
      continue;
    }
    int used = 0;
    programmes_.ForEach(programme.name(), [&](const std::string& id, const Standing& standing) {
      for (const HeldTitle& held : standing.titles) {
        if (held.batch != batch || !is_under(id, quota.subtree())) continue;
        const std::string held_kind = KindName(tree->Kind(tree->Number(id).value()));
        if (QuotaFits(quota, LevelName(held.level), held.batch, held_kind)) ++used;
      }
    });
    if (used < quota.limit()) continue;
    return Error(Reason::QUOTA_EXCEEDED,
                 {{"limit", absl::StrCat(quota.limit())},
                  {"detail", absl::StrCat(designation.level(), ", batch \"", batch, "\"",
                                          quota.subtree().empty() ? "" : ", ", quota.subtree(),
                                          quota.kind().empty() ? "" : ", ", quota.kind())}});
  }
  return absl::OkStatus();
}

absl::Status RegistryState::GrantDesignation(const v1::GrantDesignationRequest& request,
                                             machine::Decision& decision,
                                             v1::Designation* reply) const {
  EnsureIndexed();
  TERRACE_ASSIGN_OR_RETURN(absl::string_view unit, resource::ParseUnitName(request.parent()));
  v1::Designation designation = request.designation();
  TERRACE_ASSIGN_OR_RETURN(v1::Programme programme,
                           ProgrammeFor(designation.programme(), decision));
  decision.BumpGuard(QuotaGuard(programme.name()));
  TERRACE_ASSIGN_OR_RETURN(storage::v1::UnitRecord record, OpenUnit(unit, decision));
  const v1::LevelRule* rule = FindRule(programme, designation.level());
  if (rule == nullptr) return NoSuchRule(programme, designation.level());
  TERRACE_RETURN_IF_ERROR(
      CheckJudge(request.acting_office(), programme, unit, designation.level(), decision));

  TERRACE_RETURN_IF_ERROR(CheckCount(designation.terms_size(), 1));
  if (designation.terms_size() == 0) designation.add_terms();
  TERRACE_ASSIGN_OR_RETURN(Day today, TodayIn(programme, decision));
  TERRACE_RETURN_IF_ERROR(CompleteTerm(*rule, kFirstDay, today, designation.mutable_terms(0)));
  const Day named = DayOr(designation.terms(0).named_date(), today);
  TERRACE_RETURN_IF_ERROR(CheckTitle(programme, designation.title(), named));
  TERRACE_ASSIGN_OR_RETURN(
      absl::optional<v1::TermScore> score,
      ScoreVouchedFor(eligibility_seal_, request.eligibility(),
                      {request.parent(), programme.name(), designation.title(), *rule},
                      decision.now()));
  if (score) {
    *designation.mutable_score() = score->value();
    *designation.mutable_terms(0)->mutable_score() = *std::move(score);
  }
  TERRACE_RETURN_IF_ERROR(CheckScore(*rule, designation));

  const Standing* standing = programmes_.Find(programme.name(), unit);
  decision.RevisionOf(EnrollmentKey(programme.name(), unit));  // Relied on.
  if (standing == nullptr || standing->RoleOn(named) == v1::ENROLLMENT_ROLE_UNSPECIFIED) {
    return Error(
        Reason::NOT_ENROLLED,
        {{"unit", request.parent()}, {"programme", programme.name()}, {"date", FormatDay(named)}});
  }
  bool holds_required = rule->required_level().empty();
  for (const HeldTitle& held : standing->titles) {
    if (!held.IsHeldOn(named)) continue;
    holds_required |= LevelName(held.level) == rule->required_level();
    if (LevelName(held.level) == designation.level()) {
      return Error(Reason::ALREADY_EXISTS, {{"name", DesignationKey(unit, held.designation)}});
    }
  }
  if (!holds_required) {
    return Error(Reason::TITLE_NEEDED,
                 {{"unit", request.parent()}, {"level", rule->required_level()}});
  }
  TERRACE_RETURN_IF_ERROR(CheckQuotas(programme, designation, unit, record.unit().kind()));

  const std::string id =
      request.designation_id().empty() ? decision.NewId() : request.designation_id();
  TERRACE_RETURN_IF_ERROR(resource::CheckId(id));
  const std::string name = DesignationKey(unit, id);
  if (decision.Exists(name)) return Error(Reason::ALREADY_EXISTS, {{"name", name}});
  designation.clear_revoked_date();
  designation.clear_revoke_reason();
  designation.set_imported(false);
  designation.set_acting_office(request.acting_office());
  *designation.mutable_create_time() = ToProto(decision.now());
  *designation.mutable_update_time() = designation.create_time();
  const storage::v1::DesignationRecord stored = ToRecord(std::move(designation));
  decision.Put(name, stored);
  *reply = ToDesignation(name, stored, today);
  return absl::OkStatus();
}

absl::Status RegistryState::RenewDesignation(const v1::RenewDesignationRequest& request,
                                             machine::Decision& decision,
                                             v1::Designation* reply) const {
  TERRACE_ASSIGN_OR_RETURN(
      Judged judged, Judge(request.name(), request.acting_office(), request.etag(), decision));
  v1::Designation& designation = judged.designation;
  if (designation.has_revoked_date()) {
    return Error(Reason::WRONG_STATE, {{"name", request.name()},
                                       {"state", "REVOKED"},
                                       {"needed", "a title that was not taken away"}});
  }
  const v1::LevelRule* rule = FindRule(judged.programme, designation.level());
  if (rule == nullptr) return NoSuchRule(judged.programme, designation.level());
  TERRACE_RETURN_IF_ERROR(CheckCount(designation.terms_size() + 1, kTermsMax));
  const Day last = DayOr(designation.terms().rbegin()->named_date(), kFirstDay);
  v1::DesignationTerm term = request.term();
  TERRACE_RETURN_IF_ERROR(CompleteTerm(*rule, last, judged.today, &term));
  TERRACE_ASSIGN_OR_RETURN(absl::optional<v1::TermScore> score,
                           ScoreVouchedFor(eligibility_seal_, request.eligibility(),
                                           {resource::UnitName(resource::OwnerOf(request.name())),
                                            designation.programme(), designation.title(), *rule},
                                           decision.now()));
  if (score) *term.mutable_score() = *std::move(score);
  *designation.add_terms() = std::move(term);
  *designation.mutable_update_time() = ToProto(decision.now());
  const storage::v1::DesignationRecord stored = ToRecord(std::move(designation));
  decision.Put(request.name(), stored);
  *reply = ToDesignation(request.name(), stored, judged.today);
  return absl::OkStatus();
}

absl::Status RegistryState::RevokeDesignation(const v1::RevokeDesignationRequest& request,
                                              machine::Decision& decision,
                                              v1::Designation* reply) const {
  TERRACE_ASSIGN_OR_RETURN(
      Judged judged, Judge(request.name(), request.acting_office(), request.etag(), decision));
  TERRACE_RETURN_IF_ERROR(CheckRequiredText("reason", request.reason(), kReasonBytesMax));
  TERRACE_ASSIGN_OR_RETURN(Day day,
                           TodayOrEarlier("revoked_date", request.revoked_date(), judged.today));
  TERRACE_RETURN_IF_ERROR(Revoke(day, request.reason(), &judged.designation));
  *judged.designation.mutable_update_time() = ToProto(decision.now());
  const storage::v1::DesignationRecord stored = ToRecord(std::move(judged.designation));
  decision.Put(request.name(), stored);
  *reply = ToDesignation(request.name(), stored, judged.today);
  return absl::OkStatus();
}

absl::StatusOr<RegistryState::Judged> RegistryState::Judge(const std::string& name,
                                                           const std::string& acting_office,
                                                           const std::string& etag,
                                                           machine::Decision& decision) const {
  EnsureIndexed();
  TERRACE_RETURN_IF_ERROR(
      resource::ParseName(name, "units/{unit}/designations/{designation}").status());
  const absl::string_view unit = resource::OwnerOf(name);
  const auto record = decision.Get<storage::v1::DesignationRecord>(name);
  if (!record) return Error(Reason::NOT_FOUND, {{"name", name}});
  TERRACE_RETURN_IF_ERROR(CheckEtag(etag, *record, name));
  Judged judged;
  judged.designation = record->designation();
  judged.designation.set_name(name);
  TERRACE_ASSIGN_OR_RETURN(judged.programme,
                           ProgrammeFor(judged.designation.programme(), decision));
  decision.BumpGuard(QuotaGuard(judged.programme.name()));
  TERRACE_RETURN_IF_ERROR(OpenUnit(unit, decision).status());
  TERRACE_RETURN_IF_ERROR(
      CheckJudge(acting_office, judged.programme, unit, judged.designation.level(), decision));
  TERRACE_ASSIGN_OR_RETURN(judged.today, TodayIn(judged.programme, decision));
  return judged;
}

absl::StatusOr<types::v1::RowResult::Outcome> RegistryState::RecordDesignation(
    const v1::ImportDesignationRow& row, const v1::Programme& programme,
    const std::string& acting_office, machine::Decision& decision) const {
  using types::v1::RowResult;
  EnsureIndexed();
  TERRACE_ASSIGN_OR_RETURN(absl::string_view office, resource::ParseUnitName(acting_office));
  TERRACE_RETURN_IF_ERROR(resource::CheckId(row.unit_id()));
  TERRACE_RETURN_IF_ERROR(resource::CheckId(row.designation_id()));
  const std::shared_ptr<const tree::Tree> tree = units_.tree();
  const absl::optional<UnitNumber> unit = tree->Number(row.unit_id());
  const absl::optional<UnitNumber> above = tree->Number(office);
  auto is_under = [&](Line line) { return tree->IsUnder(*unit, *above, line); };
  if (!decision.Exists(UnitKey(row.unit_id())) || !unit || !above ||
      (!is_under(Line::kTerritory) && !is_under(Line::kSector))) {
    return Error(Reason::NOT_FOUND, {{"name", UnitKey(row.unit_id())}});
  }
  decision.ReadGuard(kTreeGuard);
  if (unit == above && tree->Parent(*unit, Line::kTerritory) != kNoUnit) {
    return Error(Reason::SELF_JUDGEMENT,
                 {{"office", acting_office}, {"unit", UnitKey(row.unit_id())}});
  }

  v1::Designation designation = row.designation();
  const v1::LevelRule* rule = FindRule(programme, designation.level());
  if (rule == nullptr) return NoSuchRule(programme, designation.level());
  if (designation.terms_size() == 0 || !designation.terms(0).has_named_date()) {
    return Required("terms.named_date");
  }
  TERRACE_RETURN_IF_ERROR(CheckCount(designation.terms_size(), kTermsMax));
  TERRACE_ASSIGN_OR_RETURN(Day today, TodayIn(programme, decision));
  Day last = kFirstDay;
  for (v1::DesignationTerm& term : *designation.mutable_terms()) {
    if (!term.has_named_date()) return Required("terms.named_date");
    TERRACE_RETURN_IF_ERROR(CompleteTerm(*rule, last, today, &term));
    last = DayOr(term.named_date(), kFirstDay);
  }
  TERRACE_RETURN_IF_ERROR(CheckTitle(programme, designation.title(),
                                     DayOr(designation.terms(0).named_date(), kFirstDay)));
  if (designation.has_score()) {
    v1::LevelRule no_threshold;
    TERRACE_RETURN_IF_ERROR(CheckScore(no_threshold, designation));
  }
  if (designation.has_revoked_date()) {
    TERRACE_RETURN_IF_ERROR(
        CheckRequiredText("revoke_reason", designation.revoke_reason(), kReasonBytesMax));
    TERRACE_ASSIGN_OR_RETURN(Day revoked,
                             TodayOrEarlier("revoked_date", designation.revoked_date(), today));
    TERRACE_RETURN_IF_ERROR(CheckNotBefore("revoked_date", revoked, last + 1));
  } else {
    designation.clear_revoke_reason();
  }
  designation.set_programme(programme.name());
  designation.set_acting_office(acting_office);
  designation.set_imported(true);
  designation.clear_create_time();
  designation.clear_update_time();

  const std::string name = DesignationKey(row.unit_id(), row.designation_id());
  const auto stored = decision.Get<storage::v1::DesignationRecord>(name);
  if (stored) {
    v1::Designation before = stored->designation();
    // A title that was given here is renewed and revoked here, never rewritten from outside.
    if (!before.imported() || before.programme() != programme.name()) {
      return Error(Reason::ALREADY_EXISTS, {{"name", name}});
    }
    *designation.mutable_create_time() = before.create_time();
    *designation.mutable_update_time() = before.update_time();
    designation.set_acting_office(before.acting_office());
    if (SameContent(ToRecord(designation), *stored)) return RowResult::OUTCOME_UNCHANGED;
  } else {
    *designation.mutable_create_time() = ToProto(decision.now());
  }
  *designation.mutable_update_time() = ToProto(decision.now());
  decision.BumpGuard(QuotaGuard(programme.name()));
  decision.Put(name, ToRecord(std::move(designation)));
  return stored ? RowResult::OUTCOME_UPDATED : RowResult::OUTCOME_CREATED;
}

}  // namespace terrace::registry
