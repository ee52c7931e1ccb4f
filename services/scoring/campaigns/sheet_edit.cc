#include "services/scoring/campaigns/sheet_edit.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/decimal.h"
#include "common/base/text.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "services/scoring/scoring_state.h"
#include "services/scoring/state_common.h"

namespace terrace::scoring {
namespace {

const v1::LeafValue* Find(const LeafValues& values, const std::string& node) {
  auto it = std::find_if(values.begin(), values.end(),
                         [&](const v1::LeafValue& value) { return value.node() == node; });
  return it == values.end() ? nullptr : &*it;
}

bool SamePoints(const v1::LeafValue& a, const v1::LeafValue& b) {
  return a.not_applicable() == b.not_applicable() && a.has_points() == b.has_points() &&
         a.points().value() == b.points().value();
}

bool SameContent(const v1::LeafValue& a, const v1::LeafValue& b) {
  return SamePoints(a, b) && a.reason() == b.reason() &&
         std::equal(a.evidence().begin(), a.evidence().end(), b.evidence().begin(),
                    b.evidence().end());
}

// Neither points nor "does not apply": a value that is taken back.
bool IsTakenBack(const v1::LeafValue& value) {
  return !value.has_points() && !value.not_applicable();
}

}  // namespace

absl::StatusOr<SheetEdit> SheetEdit::Load(std::shared_ptr<const CampaignRules> rules,
                                          const std::string& unit, machine::Decision& decision) {
  SheetEdit edit;
  edit.name_ = SheetName(unit, rules->name());
  edit.unit_ = unit;
  auto row = decision.Get<storage::v1::SheetRow>(edit.name_);
  if (!row) return NotFound(edit.name_);
  edit.row_ = *std::move(row);
  edit.rules_ = std::move(rules);
  for (int i = 0; i < edit.rules_->stage_count(); ++i) {
    auto stage =
        decision.Get<storage::v1::StageRow>(StageKey(edit.name_, edit.rules_->stage(i).id()));
    edit.stored_.push_back(stage.has_value());
    edit.stages_.push_back(stage ? *std::move(stage) : storage::v1::StageRow());
    edit.stages_.back().mutable_values()->set_stage(edit.rules_->stage(i).id());
  }
  edit.touched_.assign(edit.stages_.size(), false);
  return edit;
}

absl::Status SheetEdit::WrongState(const std::string& needed) const {
  std::string state(absl::StripPrefix(v1::SheetState_Name(row_.state()), "SHEET_STATE_"));
  if (!row_.stage().empty()) absl::StrAppend(&state, " (", row_.stage(), ")");
  return Error(Reason::WRONG_STATE, {{"name", name_}, {"state", state}, {"needed", needed}});
}

absl::Status SheetEdit::CheckStandsAt(int stage) const {
  const std::string& id = rules_->stage(stage).id();
  if (rules_->IsSpotCheck(stage)) {
    if (row_.state() == v1::SHEET_STATE_REVIEWED && !IsOver(stage)) return absl::OkStatus();
    return WrongState(absl::StrCat("REVIEWED (", id, ")"));
  }
  if (row_.state() == v1::SHEET_STATE_OPEN && row_.stage() == id) return absl::OkStatus();
  return WrongState(absl::StrCat("OPEN (", id, ")"));
}

bool SheetEdit::MayAmend(int stage) const {
  if (rules_->IsSpotCheck(stage) || !IsOver(stage)) return false;
  const int next = rules_->After(stage);
  const bool stands_next =
      next >= 0 ? row_.state() == v1::SHEET_STATE_OPEN && row_.stage() == rules_->stage(next).id()
                : row_.state() == v1::SHEET_STATE_REVIEWED;
  return stands_next && std::all_of(stages_.begin() + stage + 1, stages_.end(),
                                    [](const storage::v1::StageRow& later) {
                                      return later.values().values().empty() &&
                                             !later.values().has_end_time();
                                    });
}

absl::Status SheetEdit::CheckTakes(int stage) const {
  return MayAmend(stage) ? absl::OkStatus() : CheckStandsAt(stage);
}

const v1::LeafValue* SheetEdit::Before(int stage, const std::string& node) const {
  for (int i = stage - 1; i >= 0; --i) {
    if (!IsOver(i)) continue;
    if (const v1::LeafValue* value = Find(stages_[i].values().values(), node)) return value;
  }
  return nullptr;
}

absl::StatusOr<v1::LeafValue> SheetEdit::Checked(const v1::LeafValue& value) const {
  const LeafLimits* leaf = rules_->FindLeaf(value.node());
  if (leaf == nullptr) {
    return Error(Reason::UNKNOWN_ITEM,
                 {{"checklist", rules_->campaign().scheme()}, {"item", value.node()}});
  }
  if (!leaf->judged) return Invalid("values.node", "a veto has no points");
  v1::LeafValue out;
  out.set_node(value.node());
  if (value.has_points() && value.not_applicable()) {
    return Invalid("values.points", "the leaf does not apply");
  }
  if (value.has_points()) {
    TERRACE_ASSIGN_OR_RETURN(const Decimal given,
                             terrace::FromProto(value.points(), "values.points"));
    TERRACE_ASSIGN_OR_RETURN(const Fixed points, FixedFromDecimal(given, "values.points"));
    if (points < Fixed() || points > leaf->most) {
      return Error(Reason::NUMBER_OUT_OF_RANGE,
                   {{"field", absl::StrCat("values.points (", value.node(), ")")},
                    {"value", value.points().value()},
                    {"range", absl::StrCat("0 to ", FormatSum(leaf->most))}});
    }
    *out.mutable_points() = terrace::ToProto(ToDecimal(points));
  }
  out.set_not_applicable(value.not_applicable());
  TERRACE_RETURN_IF_ERROR(CheckText("values.reason", value.reason(), kReasonBytesMax));
  out.set_reason(value.reason());
  if (value.evidence_size() > kEvidenceMax) {
    return Invalid("values.evidence", absl::StrCat("at most ", kEvidenceMax));
  }
  for (const std::string& name : value.evidence()) {
    if (!resource::IsWellFormedName(name)) {
      return Error(Reason::INVALID_NAME, {{"name", name}, {"pattern", "units/{unit}/..."}});
    }
    out.add_evidence(name);
  }
  return out;
}

absl::Status SheetEdit::CheckReason(int stage, const v1::LeafValue& value) const {
  if (!value.reason().empty()) return absl::OkStatus();
  if (value.not_applicable()) {
    return Error(Reason::REASON_NEEDED,
                 {{"item", value.node()}, {"detail", "it is said not to apply"}});
  }
  const v1::LeafValue* before = Before(stage, value.node());
  if (before == nullptr || SamePoints(*before, value)) return absl::OkStatus();
  return Error(Reason::REASON_NEEDED,
               {{"item", value.node()}, {"detail", "it differs from the stage before"}});
}

bool SheetEdit::States(int stage, const LeafValues& values) const {
  const LeafValues& stated = stages_[stage].values().values();
  return std::all_of(values.begin(), values.end(), [&](const v1::LeafValue& value) {
    const v1::LeafValue* known = Find(stated, value.node());
    if (IsTakenBack(value) || known == nullptr) return IsTakenBack(value) && known == nullptr;
    const absl::StatusOr<v1::LeafValue> checked = Checked(value);
    return checked.ok() && SameContent(*checked, *known);
  });
}

absl::Status SheetEdit::State(int stage, const LeafValues& values, const Judge& judge,
                              absl::FunctionRef<absl::Status(const LeafLimits&)> may) {
  if (values.size() > kStageValuesMax) {
    return Error(Reason::BATCH_TOO_LARGE, {{"count", absl::StrCat(values.size())},
                                           {"limit", absl::StrCat(kStageValuesMax)}});
  }
  TERRACE_RETURN_IF_ERROR(CheckTakes(stage));
  LeafValues stated = stages_[stage].values().values();
  std::set<std::string> seen;
  bool differs = false;
  for (const v1::LeafValue& value : values) {
    if (!seen.insert(value.node()).second) {
      return Invalid("values.node", absl::StrCat(value.node(), " occurs twice"));
    }
    TERRACE_ASSIGN_OR_RETURN(v1::LeafValue checked, Checked(value));
    TERRACE_RETURN_IF_ERROR(may(*rules_->FindLeaf(value.node())));
    auto known = std::find_if(stated.begin(), stated.end(),
                              [&](const v1::LeafValue& one) { return one.node() == value.node(); });
    if (IsTakenBack(checked)) {
      if (known == stated.end()) continue;
      stated.erase(known);
      differs = true;
      continue;
    }
    TERRACE_RETURN_IF_ERROR(CheckReason(stage, checked));
    if (known != stated.end() && SameContent(checked, *known)) continue;
    *checked.mutable_stated_by() = judge.actor;
    *checked.mutable_state_time() = ToProto(judge.now);
    (known == stated.end() ? *stated.Add() : *known) = std::move(checked);
    differs = true;
  }
  if (!differs) return absl::OkStatus();
  std::sort(stated.begin(), stated.end(), [&](const v1::LeafValue& a, const v1::LeafValue& b) {
    return rules_->FindLeaf(a.node())->place < rules_->FindLeaf(b.node())->place;
  });
  v1::StageValues& kept = *stages_[stage].mutable_values();
  kept.mutable_values()->Swap(&stated);
  if (kept.ByteSizeLong() > kStageBytesMax) {
    return Error(Reason::TEXT_TOO_LONG, {{"field", "values"},
                                         {"size", absl::StrCat(kept.ByteSizeLong())},
                                         {"limit", absl::StrCat(kStageBytesMax)}});
  }
  Change(stage);
  return absl::OkStatus();
}

absl::Status SheetEdit::End(int stage, const Judge& judge) {
  TERRACE_RETURN_IF_ERROR(CheckStandsAt(stage));
  v1::StageValues& values = *stages_[stage].mutable_values();
  // What the stages before say may have changed since: the sheet was returned.
  for (const v1::LeafValue& value : values.values()) {
    TERRACE_RETURN_IF_ERROR(CheckReason(stage, value));
  }
  *values.mutable_end_time() = ToProto(judge.now);
  *values.mutable_ended_by() = judge.actor;
  values.set_late(rules_->IsLate(stage, judge.now));
  Change(stage);
  if (rules_->IsSpotCheck(stage)) return absl::OkStatus();
  const int next = rules_->After(stage);
  row_.set_state(next >= 0 ? v1::SHEET_STATE_OPEN : v1::SHEET_STATE_REVIEWED);
  row_.set_stage(next >= 0 ? rules_->stage(next).id() : "");
  row_.clear_return_reason();
  return absl::OkStatus();
}

void SheetEdit::GoBackTo(int stage) {
  for (int i = stage; i < rules_->stage_count(); ++i) {
    if (!IsOver(i)) continue;
    v1::StageValues& values = *stages_[i].mutable_values();
    values.clear_end_time();
    values.clear_ended_by();
    values.clear_late();
    touched_[i] = true;
  }
  row_.set_state(v1::SHEET_STATE_OPEN);
  row_.set_stage(rules_->stage(stage).id());
  changed_ = true;
}

absl::Status SheetEdit::Return(int stage, const std::string& reason) {
  if (row_.state() != v1::SHEET_STATE_OPEN) return WrongState("OPEN");
  TERRACE_ASSIGN_OR_RETURN(const int present, rules_->IndexOf(row_.stage()));
  if (stage >= present) return Invalid("stage", "it is not before the one that the sheet is at");
  GoBackTo(stage);
  row_.set_return_reason(reason);
  return absl::OkStatus();
}

absl::Status SheetEdit::Seal() {
  if (row_.state() != v1::SHEET_STATE_REVIEWED) return WrongState("REVIEWED");
  row_.set_state(v1::SHEET_STATE_SEALED);
  changed_ = true;
  return absl::OkStatus();
}

absl::Status SheetEdit::Reopen(int stage, const std::string& reason) {
  if (row_.state() != v1::SHEET_STATE_SEALED) return WrongState("SEALED");
  if (rules_->IsSpotCheck(stage)) return Invalid("stage", "a sheet stands at no spot check");
  GoBackTo(stage);
  row_.set_edition(row_.edition() + 1);
  row_.set_reopen_reason(reason);
  return absl::OkStatus();
}

void SheetEdit::Change(int stage) {
  touched_[stage] = true;
  changed_ = true;
  created_stage_ |= !stored_[stage];
}

void SheetEdit::Store(machine::Decision& decision) {
  if (!changed_) return;
  row_.set_edits(row_.edits() + 1);
  decision.Put(name_, row_);
  for (size_t i = 0; i < stages_.size(); ++i) {
    if (touched_[i]) {
      decision.Put(StageKey(name_, rules_->stage(static_cast<int>(i)).id()), stages_[i]);
    }
  }
}

}  // namespace terrace::scoring
