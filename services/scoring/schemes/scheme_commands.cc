// Decisions about schemes, and reads of them.
#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/time.h"
#include "common/resource/etag.h"
#include "common/resource/field_mask.h"
#include "common/resource/names.h"
#include "services/scoring/list_rows.h"
#include "services/scoring/schemes/compile.h"
#include "services/scoring/schemes/scheme_check.h"
#include "services/scoring/schemes/scheme_diff.h"
#include "services/scoring/scoring_state.h"
#include "services/scoring/state_common.h"

namespace terrace::scoring {
namespace {

using storage::v1::SchemeRow;

std::string FamilyGuard(const SchemeRef& ref) {
  return absl::StrCat("guards/scheme/", ref.Family());
}

// What the caller does not set.
void ClearOutputs(v1::Scheme* scheme) {
  scheme->clear_name();
  scheme->clear_etag();
  scheme->clear_revision();
  scheme->clear_state();
  scheme->clear_create_time();
  scheme->clear_publish_time();
  scheme->clear_superseded_by();
}

// A draft may be unfinished, but not boundless.
absl::Status CheckDraft(const v1::Scheme& scheme) {
  if (scheme.ByteSizeLong() > kSchemeBytesMax) {
    return Error(Reason::TEXT_TOO_LONG, {{"field", "scheme"},
                                         {"size", absl::StrCat(scheme.ByteSizeLong())},
                                         {"limit", absl::StrCat(kSchemeBytesMax)}});
  }
  if (scheme.localized_names_size() > kLocalizedNamesMax) {
    return Invalid("localized_names", absl::StrCat("at most ", kLocalizedNamesMax));
  }
  return absl::OkStatus();
}

absl::Status NotDraft(const std::string& name, v1::SchemeState state) {
  return Error(
      Reason::WRONG_STATE,
      {{"name", name}, {"state", v1::SchemeState_Name(state).substr(13)}, {"needed", "DRAFT"}});
}

// Published scores are taken over from the office itself and those above it.
absl::Status CheckPublishedSources(const v1::Scheme& scheme, absl::string_view office,
                                   const tree::Tree& tree) {
  for (const v1::Node& node : scheme.nodes()) {
    if (!node.leaf().has_published()) continue;
    const std::string& name = node.leaf().published().scheme();
    const absl::optional<tree::UnitNumber> below = tree.Number(office);
    const absl::optional<tree::UnitNumber> owner = tree.Number(resource::OwnerOf(name));
    const bool fits =
        below && owner &&
        std::any_of(std::begin(tree::kBothLines), std::end(tree::kBothLines),
                    [&](tree::Line line) { return tree.IsUnder(*below, *owner, line); });
    if (fits) continue;
    return Error(Reason::NOT_FROM_ABOVE, {{"name", name},
                                          {"owner", resource::UnitName(resource::OwnerOf(name))},
                                          {"office", resource::UnitName(office)}});
  }
  return absl::OkStatus();
}

// The first period of a published version, to compare versions by.
calendar::Period FirstPeriod(const v1::Scheme& scheme) {
  absl::StatusOr<calendar::Period> period = calendar::Period::Parse(scheme.first_period());
  TERRACE_CHECK(period.ok());  // Checked before it was published.
  return *period;
}

}  // namespace

std::string EtagOf(absl::string_view name, int64_t edits) {
  return absl::BytesToHexString(Sha256(absl::StrCat(name, "#", edits)).substr(0, 8));
}

bool IsSchemeKey(absl::string_view key) { return resource::MatchesName(key, kSchemePattern); }
bool IsDefinitionKey(absl::string_view key) {
  return resource::MatchesName(key, kDefinitionPattern);
}
bool IsStatisticKey(absl::string_view key) { return resource::MatchesName(key, kStatisticPattern); }

absl::Time ScoringState::NextTick() const {
  absl::MutexLock lock(&tick_mu_);
  return next_tick_ ? next_tick_() : absl::InfiniteFuture();
}

void ScoringState::ConnectTicks(std::function<absl::Time()> next_tick) const {
  absl::MutexLock lock(&tick_mu_);
  next_tick_ = std::move(next_tick);
}

v1::Scheme PresentScheme(absl::string_view name, const SchemeRow& row, int64_t revision) {
  v1::Scheme scheme = row.scheme();
  scheme.set_name(std::string(name));
  scheme.set_etag(EtagOf(name, row.edits()));
  scheme.set_revision(revision);
  return scheme;
}

namespace {

// Where a new version would stand.
template <class Req>
absl::StatusOr<std::string> NewVersionName(const Req& request, machine::Decision& decision) {
  TERRACE_ASSIGN_OR_RETURN(const absl::string_view office,
                           resource::ParseUnitName(request.parent()));
  TERRACE_RETURN_IF_ERROR(resource::CheckId(request.scheme_id()));
  TERRACE_RETURN_IF_ERROR(resource::CheckId(request.version()));
  if (!decision.tree().Number(office)) return NotFound(request.parent());
  std::string name =
      resource::FormatName(kSchemePattern, {office, request.scheme_id(), request.version()});
  if (decision.Exists(name)) return Error(Reason::ALREADY_EXISTS, {{"name", name}});
  return name;
}

absl::Status PutDraft(const std::string& name, v1::Scheme scheme, machine::Decision& decision,
                      v1::Scheme* reply) {
  SchemeRow row;
  *row.mutable_scheme() = std::move(scheme);
  ClearOutputs(row.mutable_scheme());
  TERRACE_RETURN_IF_ERROR(CheckDraft(row.scheme()));
  row.mutable_scheme()->set_state(v1::SCHEME_STATE_DRAFT);
  *row.mutable_scheme()->mutable_create_time() = ToProto(decision.now());
  row.set_edits(1);
  decision.Put(name, row);
  *reply = PresentScheme(name, row, 0);
  return absl::OkStatus();
}

}  // namespace

absl::Status ScoringState::CreateScheme(const v1::CreateSchemeRequest& request,
                                        machine::Decision& decision, v1::Scheme* reply) const {
  TERRACE_ASSIGN_OR_RETURN(const std::string name, NewVersionName(request, decision));
  return PutDraft(name, request.scheme(), decision, reply);
}

absl::Status ScoringState::CloneScheme(const v1::CloneSchemeRequest& request,
                                       machine::Decision& decision, v1::Scheme* reply) const {
  TERRACE_RETURN_IF_ERROR(resource::ParseName(request.name(), kSchemePattern).status());
  TERRACE_ASSIGN_OR_RETURN(const std::string name, NewVersionName(request, decision));
  absl::optional<SchemeRow> original = decision.Get<SchemeRow>(request.name());
  if (!original ||
      (original->scheme().state() == v1::SCHEME_STATE_DRAFT &&
       !access::Holds(decision.identity(), decision.tree(), resource::OwnerOf(request.name()),
                      options::v1::ROLE_VIEWER, decision.now()))) {
    return NotFound(request.name());
  }
  v1::Scheme copy = std::move(*original->mutable_scheme());
  if (!request.first_period().empty()) copy.set_first_period(request.first_period());
  return PutDraft(name, std::move(copy), decision, reply);
}

absl::Status ScoringState::UpdateScheme(const v1::UpdateSchemeRequest& request,
                                        machine::Decision& decision, v1::Scheme* reply) const {
  const std::string& name = request.scheme().name();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kSchemePattern).status());
  absl::optional<SchemeRow> row = decision.Get<SchemeRow>(name);
  if (!row) return NotFound(name);
  if (row->scheme().state() != v1::SCHEME_STATE_DRAFT) {
    return NotDraft(name, row->scheme().state());
  }
  TERRACE_RETURN_IF_ERROR(
      resource::CheckEtag(request.scheme().etag(), EtagOf(name, row->edits()), name));
  TERRACE_RETURN_IF_ERROR(resource::ApplyUpdate(
      request.update_mask(), request.scheme(),
      {"name", "etag", "revision", "state", "create_time", "publish_time", "superseded_by"},
      row->mutable_scheme()));
  TERRACE_RETURN_IF_ERROR(CheckDraft(row->scheme()));
  row->set_edits(row->edits() + 1);
  decision.Put(name, *row);
  *reply = PresentScheme(name, *row, 0);
  return absl::OkStatus();
}

absl::Status ScoringState::PublishScheme(const v1::PublishSchemeRequest& request,
                                         machine::Decision& decision, v1::Scheme* reply) const {
  const std::string& name = request.name();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kSchemePattern).status());
  TERRACE_ASSIGN_OR_RETURN(const SchemeRef ref, ParseScheme(name));
  absl::optional<SchemeRow> row = decision.Get<SchemeRow>(name);
  if (!row) return NotFound(name);
  if (row->scheme().state() != v1::SCHEME_STATE_DRAFT) {
    return NotDraft(name, row->scheme().state());
  }
  TERRACE_RETURN_IF_ERROR(resource::CheckEtag(request.etag(), EtagOf(name, row->edits()), name));
  const std::vector<v1::SchemeIssue> issues =
      CheckScheme(PresentScheme(name, *row, 0),
                  [&](absl::string_view definition) -> absl::optional<v1::StatisticDefinition> {
                    auto found = decision.Get<storage::v1::StatisticDefinitionRow>(definition);
                    if (!found) return absl::nullopt;
                    return found->definition();
                  });
  TERRACE_RETURN_IF_ERROR(RefuseErrors(name, issues));
  TERRACE_RETURN_IF_ERROR(CheckPublishedSources(row->scheme(), ref.office, decision.tree()));
  decision.ReadGuard(FamilyGuard(ref));
  decision.BumpGuard(FamilyGuard(ref));
  std::string rival;  // Published for the same periods.
  rows().ForEach(absl::StrCat(ref.Family(), "@"), "",
                 [&](const std::string& key, const machine::Row& other) {
                   const auto scheme = machine::Rows::Parse<SchemeRow>(other).scheme();
                   if (scheme.state() == v1::SCHEME_STATE_PUBLISHED &&
                       FirstPeriod(scheme) == FirstPeriod(row->scheme())) {
                     rival = key;
                   }
                   return true;
                 });
  if (rival != request.supersedes()) {
    if (rival.empty()) return Invalid("supersedes", "it is not in force from the same period on");
    return Error(Reason::PERIODS_TAKEN,
                 {{"other", rival}, {"period", row->scheme().first_period()}});
  }
  if (!rival.empty()) {
    absl::optional<SchemeRow> before = decision.Get<SchemeRow>(rival);
    TERRACE_CHECK(before.has_value());
    before->mutable_scheme()->set_state(v1::SCHEME_STATE_SUPERSEDED);
    before->mutable_scheme()->set_superseded_by(name);
    before->set_edits(before->edits() + 1);
    decision.Put(rival, *before);
  }
  row->mutable_scheme()->set_state(v1::SCHEME_STATE_PUBLISHED);
  *row->mutable_scheme()->mutable_publish_time() = ToProto(decision.now());
  row->set_edits(row->edits() + 1);
  decision.Put(name, *row);
  *reply = PresentScheme(name, *row, 0);
  return absl::OkStatus();
}

absl::Status ScoringState::GetScheme(const access::Identity& identity, const tree::Tree& tree,
                                     absl::Time now, const v1::GetSchemeRequest& request,
                                     v1::Scheme* reply) const {
  TERRACE_ASSIGN_OR_RETURN(const SchemeRef ref, ParseScheme(request.name()));
  const bool insider = access::Holds(identity, tree, ref.office, options::v1::ROLE_VIEWER, now);
  if (!ref.version.empty()) {
    const machine::Row* row = rows().Find(request.name());
    if (row == nullptr) return NotFound(request.name());
    *reply =
        PresentScheme(request.name(), machine::Rows::Parse<SchemeRow>(*row), row->revision.value);
    if (reply->state() == v1::SCHEME_STATE_DRAFT && !insider) return NotFound(request.name());
    return absl::OkStatus();
  }
  absl::optional<calendar::Period> period;
  if (!request.period().empty()) {
    TERRACE_ASSIGN_OR_RETURN(period, calendar::Period::Parse(request.period()));
  }
  bool found = false;
  rows().ForEach(absl::StrCat(ref.Family(), "@"), "",
                 [&](const std::string& key, const machine::Row& row) {
                   const auto parsed = machine::Rows::Parse<SchemeRow>(row);
                   if (parsed.scheme().state() != v1::SCHEME_STATE_PUBLISHED) return true;
                   const calendar::Period first = FirstPeriod(parsed.scheme());
                   if (period && first.First() > period->First()) return true;
                   if (found && FirstPeriod(*reply) > first) return true;
                   *reply = PresentScheme(key, parsed, row.revision.value);
                   found = true;
                   return true;
                 });
  if (found) return absl::OkStatus();
  return Error(Reason::NO_SCHEME_IN_FORCE,
               {{"scheme", request.name()}, {"period", period ? request.period() : "any period"}});
}

absl::Status ScoringState::DiffSchemes(const access::Identity& identity, const tree::Tree& tree,
                                       absl::Time now, const v1::DiffSchemesRequest& request,
                                       v1::DiffSchemesResponse* reply) const {
  v1::Scheme before, after;
  for (const auto& [name, scheme] :
       {std::pair(&request.name(), &before), std::pair(&request.other(), &after)}) {
    TERRACE_RETURN_IF_ERROR(resource::ParseName(*name, kSchemePattern).status());
    v1::GetSchemeRequest get;
    get.set_name(*name);
    TERRACE_RETURN_IF_ERROR(GetScheme(identity, tree, now, get, scheme));
  }
  const std::vector<v1::SchemeChange> changes = ChangesOf(before, after);
  for (const v1::SchemeChange& change : changes) *reply->add_changes() = change;
  reply->set_comparable(AreComparable(changes));
  return absl::OkStatus();
}

absl::Status ScoringState::ListSchemes(const access::Identity& identity, const tree::Tree& tree,
                                       absl::Time now, const v1::ListSchemesRequest& request,
                                       const std::string& log_id, int64_t revision,
                                       v1::ListSchemesResponse* reply) const {
  const bool insider = access::Holds(identity, tree, resource::OwnerOf(request.parent()),
                                     options::v1::ROLE_VIEWER, now);
  return ListRows(
      rows(), request, kSchemesInfix, log_id, revision,
      [insider](const std::string& key, const machine::Row& row) -> absl::optional<v1::Scheme> {
        v1::Scheme scheme =
            PresentScheme(key, machine::Rows::Parse<SchemeRow>(row), row.revision.value);
        if (scheme.state() == v1::SCHEME_STATE_DRAFT && !insider) return absl::nullopt;
        return scheme;
      },
      reply->mutable_schemes(), reply->mutable_next_page_token());
}

absl::Status ScoringState::ValidateScheme(const access::Identity& identity, const tree::Tree& tree,
                                          absl::Time now, const v1::ValidateSchemeRequest& request,
                                          v1::ValidateSchemeResponse* reply) const {
  v1::Scheme scheme = request.scheme();
  if (!request.name().empty()) {
    v1::GetSchemeRequest get;
    get.set_name(request.name());
    TERRACE_RETURN_IF_ERROR(GetScheme(identity, tree, now, get, &scheme));
  } else if (!request.has_scheme()) {
    return Required("name");
  }
  const std::vector<v1::SchemeIssue> issues =
      CheckScheme(scheme, [this](absl::string_view name) { return FindDefinition(name); });
  for (const v1::SchemeIssue& issue : issues) *reply->add_issues() = issue;
  reply->set_publishable(!HasErrors(issues) &&
                         (request.name().empty() || scheme.state() == v1::SCHEME_STATE_DRAFT));
  return absl::OkStatus();
}

}  // namespace terrace::scoring
