// Decisions about statistics and their declarations, and reads of the latter.
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/decimal.h"
#include "common/base/text.h"
#include "common/base/time.h"
#include "common/resource/etag.h"
#include "common/resource/field_mask.h"
#include "common/resource/names.h"
#include "common/tree/judge.h"
#include "services/scoring/list_rows.h"
#include "services/scoring/schemes/compile.h"
#include "services/scoring/scoring_state.h"
#include "services/scoring/state_common.h"

namespace terrace::scoring {
namespace {

using storage::v1::StatisticDefinitionRow;
using storage::v1::StatisticValueRow;
using types::v1::RowResult;

absl::Status CheckDefinition(const v1::StatisticDefinition& definition) {
  if (definition.display_name().empty()) return Required("statistic_definition.display_name");
  if (definition.kind() == v1::STATISTIC_KIND_UNSPECIFIED) {
    return Required("statistic_definition.kind");
  }
  if (definition.periodicity() == v1::PERIODICITY_UNSPECIFIED) {
    return Required("statistic_definition.periodicity");
  }
  if (definition.localized_names_size() > kLocalizedNamesMax) {
    return Invalid("statistic_definition.localized_names",
                   absl::StrCat("at most ", kLocalizedNamesMax));
  }
  TERRACE_RETURN_IF_ERROR(
      CheckText("statistic_definition.subject", definition.subject(), kSubjectBytesMax));
  TERRACE_RETURN_IF_ERROR(
      CheckText("statistic_definition.source", definition.source(), kDocumentBytesMax));
  if (definition.minimum_n() < 0) {
    return Error(Reason::NUMBER_OUT_OF_RANGE, {{"field", "statistic_definition.minimum_n"},
                                               {"value", absl::StrCat(definition.minimum_n())},
                                               {"range", "0 or more"}});
  }
  if (definition.has_min_value() && definition.has_max_value()) {
    TERRACE_ASSIGN_OR_RETURN(const Decimal least,
                             terrace::FromProto(definition.min_value(), "min_value"));
    TERRACE_ASSIGN_OR_RETURN(const Decimal most,
                             terrace::FromProto(definition.max_value(), "max_value"));
    if (most < least) return Invalid("statistic_definition.max_value", "it is below min_value");
  }
  return absl::OkStatus();
}

void ClearOutputs(v1::StatisticDefinition* definition) {
  definition->clear_name();
  definition->clear_etag();
  definition->clear_revision();
}

absl::Status OutOfRange(const types::v1::Decimal& value, const std::string& range) {
  return Error(Reason::NUMBER_OUT_OF_RANGE,
               {{"field", "quantity.value"}, {"value", value.value()}, {"range", range}});
}

absl::Status CheckQuantity(const v1::StatisticRow& row, const v1::StatisticDefinition& definition) {
  if (!row.quantity().has_value()) return Required("quantity.value");
  TERRACE_ASSIGN_OR_RETURN(const Decimal value,
                           terrace::FromProto(row.quantity().value(), "quantity.value"));
  if (!row.quantity().unit().empty() && row.quantity().unit() != definition.unit_of_measure()) {
    return Invalid("quantity.unit", absl::StrCat("the statistic is declared in \"",
                                                 definition.unit_of_measure(), "\""));
  }
  if (definition.has_min_value()) {
    TERRACE_ASSIGN_OR_RETURN(const Decimal least, terrace::FromProto(definition.min_value(), ""));
    if (value < least) {
      return OutOfRange(row.quantity().value(), absl::StrCat(least.ToString(), " or more"));
    }
  }
  if (definition.has_max_value()) {
    TERRACE_ASSIGN_OR_RETURN(const Decimal most, terrace::FromProto(definition.max_value(), ""));
    if (value > most) {
      return OutOfRange(row.quantity().value(), absl::StrCat(most.ToString(), " or less"));
    }
  }
  return absl::OkStatus();
}

// Ratings are given from above, other figures by the unit itself or an office above it.
absl::Status CheckOffice(const v1::StatisticRow& row, const v1::StatisticDefinition& definition,
                         absl::string_view office, absl::string_view unit, const tree::Tree& tree) {
  const absl::optional<tree::UnitNumber> number = tree.Number(unit);
  const absl::optional<tree::UnitNumber> above = tree.Number(office);
  if (!number || !above) return NotFound(row.unit());
  if (definition.kind() == v1::STATISTIC_KIND_RATING) {
    return tree::MayJudge(tree, office, "", unit);
  }
  for (tree::Line line : tree::kBothLines) {
    if (tree.IsUnder(*number, *above, line)) return absl::OkStatus();
  }
  return Error(Reason::NOT_BELOW_ISSUER,
               {{"unit", row.unit()}, {"office", resource::UnitName(office)}});
}

absl::Status CheckRow(const v1::StatisticRow& row, const v1::StatisticDefinition& definition) {
  TERRACE_RETURN_IF_ERROR(CheckMessage(row));
  TERRACE_RETURN_IF_ERROR(CheckQuantity(row, definition));
  TERRACE_RETURN_IF_ERROR(CheckText("reason", row.reason(), kReasonBytesMax));
  TERRACE_RETURN_IF_ERROR(CheckText("document", row.document(), kDocumentBytesMax));
  if (definition.kind() == v1::STATISTIC_KIND_RATING && row.reason().empty()) {
    return Required("reason");
  }
  if (definition.kind() == v1::STATISTIC_KIND_SURVEY && row.sample_size() <= 0) {
    return Required("sample_size");
  }
  if (row.sample_size() < 0) {
    return Error(Reason::NUMBER_OUT_OF_RANGE, {{"field", "sample_size"},
                                               {"value", absl::StrCat(row.sample_size())},
                                               {"range", "0 or more"}});
  }
  return absl::OkStatus();
}

}  // namespace

v1::StatisticDefinition PresentDefinition(absl::string_view name, const StatisticDefinitionRow& row,
                                          int64_t revision) {
  v1::StatisticDefinition definition = row.definition();
  definition.set_name(std::string(name));
  definition.set_etag(EtagOf(name, row.edits()));
  definition.set_revision(revision);
  return definition;
}

absl::Status ScoringState::CreateStatisticDefinition(
    const v1::CreateStatisticDefinitionRequest& request, machine::Decision& decision,
    v1::StatisticDefinition* reply) const {
  TERRACE_ASSIGN_OR_RETURN(const absl::string_view office,
                           resource::ParseUnitName(request.parent()));
  TERRACE_RETURN_IF_ERROR(resource::CheckId(request.statistic_definition_id()));
  if (!decision.tree().Number(office)) return NotFound(request.parent());
  const std::string name =
      resource::FormatName(kDefinitionPattern, {office, request.statistic_definition_id()});
  if (decision.Exists(name)) return Error(Reason::ALREADY_EXISTS, {{"name", name}});
  TERRACE_RETURN_IF_ERROR(CheckDefinition(request.statistic_definition()));
  StatisticDefinitionRow row;
  *row.mutable_definition() = request.statistic_definition();
  ClearOutputs(row.mutable_definition());
  row.set_edits(1);
  decision.Put(name, row);
  *reply = PresentDefinition(name, row, 0);
  return absl::OkStatus();
}

absl::Status ScoringState::UpdateStatisticDefinition(
    const v1::UpdateStatisticDefinitionRequest& request, machine::Decision& decision,
    v1::StatisticDefinition* reply) const {
  const std::string& name = request.statistic_definition().name();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kDefinitionPattern).status());
  absl::optional<StatisticDefinitionRow> row = decision.Get<StatisticDefinitionRow>(name);
  if (!row) return NotFound(name);
  TERRACE_RETURN_IF_ERROR(
      resource::CheckEtag(request.statistic_definition().etag(), EtagOf(name, row->edits()), name));
  TERRACE_RETURN_IF_ERROR(
      resource::ApplyUpdate(request.update_mask(), request.statistic_definition(),
                            {"name", "etag", "revision", "unit_of_measure", "kind", "periodicity"},
                            row->mutable_definition()));
  TERRACE_RETURN_IF_ERROR(CheckDefinition(row->definition()));
  row->set_edits(row->edits() + 1);
  decision.Put(name, *row);
  *reply = PresentDefinition(name, *row, 0);
  return absl::OkStatus();
}

absl::StatusOr<v1::StatisticDefinition> ScoringState::DefinitionFor(
    const std::string& name, const std::string& acting_office, machine::Decision& decision) const {
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kDefinitionPattern).status());
  TERRACE_ASSIGN_OR_RETURN(const absl::string_view office, resource::ParseUnitName(acting_office));
  const auto row = decision.Get<StatisticDefinitionRow>(name);
  if (!row) return NotFound(name);
  const tree::Tree& tree = decision.tree();
  const absl::optional<tree::UnitNumber> acting = tree.Number(office);
  const absl::optional<tree::UnitNumber> owner = tree.Number(resource::OwnerOf(name));
  if (!acting || !owner) return NotFound(acting_office);
  for (tree::Line line : tree::kBothLines) {
    if (tree.IsUnder(*acting, *owner, line)) return PresentDefinition(name, *row, 0);
  }
  return Error(Reason::NOT_FROM_ABOVE, {{"name", name},
                                        {"owner", resource::UnitName(resource::OwnerOf(name))},
                                        {"office", acting_office}});
}

absl::StatusOr<RowResult::Outcome> ScoringState::ImportStatistic(
    const v1::StatisticRow& row, const v1::StatisticDefinition& definition,
    const std::string& acting_office, machine::Decision& decision) const {
  TERRACE_RETURN_IF_ERROR(CheckRow(row, definition));
  TERRACE_ASSIGN_OR_RETURN(const absl::string_view unit, resource::ParseUnitName(row.unit()));
  TERRACE_ASSIGN_OR_RETURN(const calendar::Period period, calendar::Period::Parse(row.period()));
  if (period.kind() != KindOf(definition.periodicity())) {
    return Error(Reason::INVALID_PERIOD, {{"period", row.period()}});
  }
  TERRACE_RETURN_IF_ERROR(
      CheckOffice(row, definition, resource::OwnerOf(acting_office), unit, decision.tree()));
  StatisticValueRow value;
  *value.mutable_quantity() = row.quantity();
  value.mutable_quantity()->set_unit(definition.unit_of_measure());
  value.set_sample_size(row.sample_size());
  value.set_reason(row.reason());
  value.set_document(row.document());
  if (row.has_known_time()) *value.mutable_known_time() = row.known_time();
  value.set_acting_office(acting_office);
  const std::string name = StatisticName(unit, definition.name(), period);
  const absl::optional<StatisticValueRow> before = decision.Get<StatisticValueRow>(name);
  if (before) {
    // The same figure given again by another office is still the same figure.
    value.set_acting_office(before->acting_office());
    if (before->SerializeAsString() == value.SerializeAsString()) {
      return RowResult::OUTCOME_UNCHANGED;
    }
    value.set_acting_office(acting_office);
  }
  decision.Put(name, value);
  return before ? RowResult::OUTCOME_UPDATED : RowResult::OUTCOME_CREATED;
}

absl::optional<v1::StatisticDefinition> ScoringState::FindDefinition(absl::string_view name) const {
  const machine::Row* row = rows().Find(name);
  if (row == nullptr || !IsDefinitionKey(name)) return absl::nullopt;
  return PresentDefinition(name, machine::Rows::Parse<StatisticDefinitionRow>(*row),
                           row->revision.value);
}

absl::Status ScoringState::GetStatisticDefinition(const v1::GetStatisticDefinitionRequest& request,
                                                  v1::StatisticDefinition* reply) const {
  TERRACE_RETURN_IF_ERROR(resource::ParseName(request.name(), kDefinitionPattern).status());
  absl::optional<v1::StatisticDefinition> found = FindDefinition(request.name());
  if (!found) return NotFound(request.name());
  *reply = *std::move(found);
  return absl::OkStatus();
}

absl::Status ScoringState::ListStatisticDefinitions(
    const v1::ListStatisticDefinitionsRequest& request, const std::string& log_id, int64_t revision,
    v1::ListStatisticDefinitionsResponse* reply) const {
  return ListRows(
      rows(), request, kDefinitionsInfix, log_id, revision,
      [](const std::string& key,
         const machine::Row& row) -> absl::optional<v1::StatisticDefinition> {
        return PresentDefinition(key, machine::Rows::Parse<StatisticDefinitionRow>(row),
                                 row.revision.value);
      },
      reply->mutable_statistic_definitions(), reply->mutable_next_page_token());
}

v1::Statistic ScoringState::Present(absl::string_view name, const StatisticValueRow& row,
                                    int64_t revision) const {
  v1::Statistic statistic;
  absl::StatusOr<StatisticRef> ref = ParseStatistic(name);
  TERRACE_CHECK(ref.ok());  // It is a key of ours.
  statistic.set_name(std::string(name));
  statistic.set_etag(EtagOf(name, revision));
  statistic.set_revision(revision);
  statistic.set_unit(resource::UnitName(ref->unit));
  statistic.set_definition(ref->definition);
  statistic.set_period(ref->period.ToString());
  statistic.set_sample_size(row.sample_size());
  statistic.set_reason(row.reason());
  statistic.set_document(row.document());
  if (row.has_known_time()) *statistic.mutable_known_time() = row.known_time();
  statistic.set_acting_office(row.acting_office());
  const absl::optional<v1::StatisticDefinition> definition = FindDefinition(ref->definition);
  const bool suppressed = definition && row.sample_size() < definition->minimum_n();
  statistic.set_suppressed(suppressed);
  if (!suppressed) *statistic.mutable_quantity() = row.quantity();
  return statistic;
}

}  // namespace terrace::scoring
