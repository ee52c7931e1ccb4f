// Decisions about publications, and reads of publications and results.
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/text.h"
#include "common/base/time.h"
#include "common/resource/etag.h"
#include "common/resource/names.h"
#include "services/scoring/list_rows.h"
#include "services/scoring/schemes/compile.h"
#include "services/scoring/scoring_state.h"
#include "services/scoring/state_common.h"

namespace terrace::scoring {
namespace {

using storage::v1::PublicationRow;
using storage::v1::SchemeRow;

constexpr char kService[] = "scoring";

std::string PeriodGuard(const v1::Publication& publication) {
  return absl::StrCat("guards/publications/",
                      PeriodKey(publication.scheme(), publication.period()));
}

// The version that is named, or else the one in force for the period.
absl::StatusOr<std::string> VersionFor(const SchemeRef& ref, const calendar::Period& period,
                                       const machine::Rows& rows, machine::Decision& decision) {
  std::string found;
  calendar::Period from;
  auto look = [&](const std::string& key, const v1::Scheme& scheme) {
    const absl::StatusOr<calendar::Period> first = calendar::Period::Parse(scheme.first_period());
    if (!first.ok() || first->First() > period.First()) return;
    if (!found.empty() && from > *first) return;
    found = key;
    from = *first;
  };
  if (!ref.version.empty()) {
    const std::string name = absl::StrCat(ref.Family(), "@", ref.version);
    const auto row = decision.Get<SchemeRow>(name);
    if (row && row->scheme().state() != v1::SCHEME_STATE_DRAFT) look(name, row->scheme());
  } else {
    rows.ForEach(absl::StrCat(ref.Family(), "@"), "",
                 [&](const std::string& key, const machine::Row& row) {
                   const auto scheme = machine::Rows::Parse<SchemeRow>(row).scheme();
                   if (scheme.state() == v1::SCHEME_STATE_PUBLISHED) look(key, scheme);
                   return true;
                 });
  }
  if (found.empty()) {
    return Error(Reason::NO_SCHEME_IN_FORCE,
                 {{"scheme", ref.Family()}, {"period", period.ToString()}});
  }
  const v1::Scheme scheme = decision.Get<SchemeRow>(found)->scheme();
  if (period.kind() != KindOf(scheme.periodicity())) {
    return Error(Reason::NOT_A_BOARD_PERIOD, {{"period", period.ToString()}, {"scheme", found}});
  }
  return found;
}

absl::Status InvalidTime(absl::string_view field, absl::string_view detail) {
  return Error(Reason::INVALID_TIME,
               {{"field", std::string(field)}, {"detail", std::string(detail)}});
}

// What the caller sets, and sets well.
absl::StatusOr<v1::Publication> InputsOf(const v1::PublishResultsRequest& request, absl::Time now) {
  const v1::Publication& given = request.publication();
  TERRACE_RETURN_IF_ERROR(
      CheckText("publication.display_name", given.display_name(), kDisplayNameBytesMax));
  if (given.localized_names_size() > kLocalizedNamesMax) {
    return Invalid("publication.localized_names", absl::StrCat("at most ", kLocalizedNamesMax));
  }
  TERRACE_RETURN_IF_ERROR(CheckText("publication.reason", given.reason(), kReasonBytesMax));
  if (given.period().empty()) return Required("publication.period");
  if (!given.corrects().empty() && given.reason().empty()) return Required("publication.reason");
  if (given.has_objection_end_time() && FromProto(given.objection_end_time()) <= now) {
    return InvalidTime("publication.objection_end_time", "it must lie in the future");
  }
  if (request.has_at_time() && FromProto(request.at_time()) > now) {
    return InvalidTime("at_time", "what has not happened yet cannot be published");
  }
  v1::Publication publication;
  publication.set_display_name(given.display_name());
  *publication.mutable_localized_names() = given.localized_names();
  publication.set_disclosure(given.disclosure() == v1::DISCLOSURE_UNSPECIFIED
                                 ? v1::DISCLOSURE_NOTHING
                                 : given.disclosure());
  if (given.has_objection_end_time()) {
    *publication.mutable_objection_end_time() = given.objection_end_time();
  }
  publication.set_corrects(given.corrects());
  publication.set_reason(given.reason());
  *publication.mutable_at_time() = request.has_at_time() ? request.at_time() : ToProto(now);
  return publication;
}

std::string StateName(v1::PublicationState state) {
  return v1::PublicationState_Name(state).substr(sizeof("PUBLICATION_STATE_") - 1);
}

absl::Status WrongState(const std::string& name, v1::PublicationState state,
                        const std::string& needed) {
  return Error(Reason::WRONG_STATE,
               {{"name", name}, {"state", StateName(state)}, {"needed", needed}});
}

// One line of publications for each period: whoever publishes it again says what it corrects.
absl::Status CheckPlace(const v1::Publication& publication, const PublicationIndex& index,
                        machine::Decision& decision) {
  for (const std::string& other :
       index.PublicationsOf(publication.scheme(), publication.period())) {
    const auto row = decision.Get<PublicationRow>(other);
    if (row->publication().state() == v1::PUBLICATION_STATE_PREPARING ||
        publication.corrects().empty()) {
      return Error(Reason::ALREADY_PUBLISHED,
                   {{"scheme", publication.scheme().substr(0, publication.scheme().find('@'))},
                    {"period", publication.period()},
                    {"other", other}});
    }
  }
  const std::string& name = publication.corrects();
  if (name.empty()) return absl::OkStatus();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kPublicationPattern).status());
  const auto row = decision.Get<PublicationRow>(name);
  if (!row) return NotFound(name);
  const v1::Publication& former = row->publication();
  if (PeriodKey(former.scheme(), former.period()) !=
      PeriodKey(publication.scheme(), publication.period())) {
    return Invalid("publication.corrects", "it speaks of another scheme or period");
  }
  if (!former.corrected_by().empty()) {
    return Error(Reason::ALREADY_CORRECTED, {{"name", name}, {"other", former.corrected_by()}});
  }
  if (!IsAnnounced(former.state())) return WrongState(name, former.state(), "PROVISIONAL or FINAL");
  return absl::OkStatus();
}

}  // namespace

bool IsAnnounced(v1::PublicationState state) {
  return state == v1::PUBLICATION_STATE_PROVISIONAL || state == v1::PUBLICATION_STATE_FINAL;
}

v1::Publication PresentPublication(absl::string_view name, const PublicationRow& row,
                                   int64_t open_appeals, int64_t revision) {
  v1::Publication publication = row.publication();
  publication.set_name(std::string(name));
  publication.set_etag(EtagOf(name, row.edits()));
  publication.set_revision(revision);
  publication.set_open_appeal_count(open_appeals);
  return publication;
}

v1::Result PresentResult(absl::string_view name, const v1::Publication& publication,
                         const storage::v1::StoredResult& row) {
  v1::Result result = row.result();
  result.set_name(std::string(name));
  result.set_unit(resource::UnitName(resource::OwnerOf(name)));
  result.set_publication(publication.name());
  result.set_state(publication.state() == v1::PUBLICATION_STATE_PROVISIONAL
                       ? v1::SCORE_STATE_PROVISIONAL
                       : v1::SCORE_STATE_PUBLISHED);
  return result;
}

bool ScoringState::Continues(const internal::v1::OperationRecord& operation) const {
  return !operation.spec().Is<v1::PublishResultsRequest>();
}

absl::Status ScoringState::PublishResults(const v1::PublishResultsRequest& request,
                                          machine::Decision& decision,
                                          internal::v1::OperationRecord* reply) const {
  TERRACE_ASSIGN_OR_RETURN(const absl::string_view office,
                           resource::ParseUnitName(request.parent()));
  TERRACE_RETURN_IF_ERROR(resource::CheckId(request.publication_id()));
  TERRACE_ASSIGN_OR_RETURN(const SchemeRef scheme, ParseScheme(request.scheme()));
  if (!decision.tree().Number(office)) return NotFound(request.parent());
  if (scheme.office != office) {
    return Error(Reason::NOT_YOURS,
                 {{"name", request.scheme()}, {"owner", resource::UnitName(scheme.office)}});
  }
  const std::string name =
      resource::FormatName(kPublicationPattern, {office, request.publication_id()});
  if (decision.Exists(name)) return Error(Reason::ALREADY_EXISTS, {{"name", name}});
  PublicationRow row;
  TERRACE_ASSIGN_OR_RETURN(*row.mutable_publication(), InputsOf(request, decision.now()));
  v1::Publication& publication = *row.mutable_publication();
  TERRACE_ASSIGN_OR_RETURN(const calendar::Period period,
                           calendar::Period::Parse(request.publication().period()));
  publication.set_period(period.ToString());
  TERRACE_ASSIGN_OR_RETURN(*publication.mutable_scheme(),
                           VersionFor(scheme, period, rows(), decision));
  decision.ReadGuard(PeriodGuard(publication));
  decision.BumpGuard(PeriodGuard(publication));
  TERRACE_RETURN_IF_ERROR(CheckPlace(publication, publications_, decision));
  publication.set_state(v1::PUBLICATION_STATE_PREPARING);

  // Whoever goes on with the operation needs of the request what the publication does not say.
  v1::PublishResultsRequest spec;
  spec.set_parent(request.parent());
  spec.set_publication_id(request.publication_id());
  *spec.mutable_min_revision() = request.min_revision();
  v1::PublishResultsMetadata metadata;
  metadata.set_publication(name);
  *reply = machine::StartOperation(decision, request.parent(), kService, spec, metadata);
  row.set_operation(reply->name());
  *row.mutable_seen() = decision.command().seen;
  row.set_edits(1);
  decision.Put(name, row);
  return absl::OkStatus();
}

absl::Status ScoringState::FinalizePublication(const v1::FinalizePublicationRequest& request,
                                               machine::Decision& decision,
                                               v1::Publication* reply) const {
  const std::string& name = request.name();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kPublicationPattern).status());
  absl::optional<PublicationRow> row = decision.Get<PublicationRow>(name);
  if (!row) return NotFound(name);
  TERRACE_RETURN_IF_ERROR(resource::CheckEtag(request.etag(), EtagOf(name, row->edits()), name));
  v1::Publication& publication = *row->mutable_publication();
  if (publication.state() != v1::PUBLICATION_STATE_PROVISIONAL) {
    return WrongState(name, publication.state(), "PROVISIONAL");
  }
  if (!publication.corrected_by().empty()) {
    return Error(Reason::ALREADY_CORRECTED,
                 {{"name", name}, {"other", publication.corrected_by()}});
  }
  const absl::Time end = FromProto(publication.objection_end_time());
  if (decision.now() <= end) {
    return Error(
        Reason::OBJECTION_RUNNING,
        {{"name", name}, {"time", absl::FormatTime(absl::RFC3339_sec, end, absl::UTCTimeZone())}});
  }
  decision.ReadGuard(absl::StrCat("guards/appeals/", name));
  if (const int64_t open = publications_.OpenAppealsOf(name); open > 0) {
    return Error(Reason::APPEALS_OPEN, {{"name", name}, {"count", absl::StrCat(open)}});
  }
  publication.set_state(v1::PUBLICATION_STATE_FINAL);
  *publication.mutable_final_time() = ToProto(decision.now());
  row->set_edits(row->edits() + 1);
  decision.Put(name, *row);
  *reply = PresentPublication(name, *row, 0, 0);
  return absl::OkStatus();
}

// ---------------------------------------------------------------------------------------- reads

absl::Status ScoringState::GetPublication(const access::Identity& identity, const tree::Tree& tree,
                                          absl::Time now, const v1::GetPublicationRequest& request,
                                          v1::Publication* reply) const {
  TERRACE_RETURN_IF_ERROR(resource::ParseName(request.name(), kPublicationPattern).status());
  const machine::Row* row = rows().Find(request.name());
  if (row == nullptr) return NotFound(request.name());
  *reply = PresentPublication(request.name(), machine::Rows::Parse<PublicationRow>(*row),
                              publications_.OpenAppealsOf(request.name()), row->revision.value);
  if (!IsAnnounced(reply->state()) &&
      !access::MaySee(identity, tree, resource::OwnerOf(request.name()), now)) {
    reply->Clear();
    return NotFound(request.name());
  }
  return absl::OkStatus();
}

absl::Status ScoringState::ListPublications(const access::Identity& identity,
                                            const tree::Tree& tree, absl::Time now,
                                            const v1::ListPublicationsRequest& request,
                                            const std::string& log_id, int64_t revision,
                                            v1::ListPublicationsResponse* reply) const {
  const bool insider = access::MaySee(identity, tree, resource::OwnerOf(request.parent()), now);
  return ListRows(
      rows(), request, kPublicationsInfix, log_id, revision,
      [&](const std::string& key, const machine::Row& row) -> absl::optional<v1::Publication> {
        v1::Publication publication =
            PresentPublication(key, machine::Rows::Parse<PublicationRow>(row),
                               publications_.OpenAppealsOf(key), row.revision.value);
        if (!IsAnnounced(publication.state()) && !insider) return absl::nullopt;
        return publication;
      },
      reply->mutable_publications(), reply->mutable_next_page_token());
}

absl::Status ScoringState::GetResult(const v1::GetResultRequest& request, v1::Result* reply) const {
  TERRACE_ASSIGN_OR_RETURN(const ResultRef ref, ParseResult(request.name()));
  const auto stored = rows().Get<storage::v1::StoredResult>(request.name());
  const auto row = rows().Get<PublicationRow>(ref.publication);
  if (!stored || !row || !IsAnnounced(row->publication().state())) {
    return NotFound(request.name());
  }
  *reply = PresentResult(request.name(), PresentPublication(ref.publication, *row, 0, 0), *stored);
  return absl::OkStatus();
}

}  // namespace terrace::scoring
