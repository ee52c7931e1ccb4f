#include "services/gateway/access_state.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "common/resource/page_token.h"
#include "terrace/storage/v1/gateway.pb.h"

namespace terrace::gateway {
namespace {

using machine::Decision;
using machine::Row;
using machine::Rows;
using storage::v1::TokenRecord;

constexpr char kTokenPattern[] = "units/{office}/tokens/{token}";
constexpr char kGrantPattern[] = "units/{unit}/grants/{grant}";

bool IsToken(absl::string_view key) { return resource::MatchesName(key, kTokenPattern); }
bool IsGrant(absl::string_view key) { return resource::MatchesName(key, kGrantPattern); }

absl::Time EndOf(const google::protobuf::Timestamp& time, bool set) {
  return set ? FromProto(time) : absl::InfiniteFuture();
}

template <class T>
T ParseBytes(const std::string& bytes) {
  T value;
  TERRACE_CHECK(value.ParseFromString(bytes));
  return value;
}

}  // namespace

void AccessState::OnChange(const machine::RowChange& change) {
  if (IsToken(change.key)) {
    if (change.before != nullptr) {
      by_hash_.erase(ParseBytes<TokenRecord>(*change.before).secret_hash());
    }
    if (change.after != nullptr) {
      by_hash_[ParseBytes<TokenRecord>(*change.after).secret_hash()] = std::string(change.key);
    }
  } else if (IsGrant(change.key)) {
    if (change.before != nullptr) {
      auto it = by_subject_.find(ParseBytes<v1::Grant>(*change.before).subject());
      it->second.erase(std::string(change.key));
      if (it->second.empty()) by_subject_.erase(it);
    }
    if (change.after != nullptr) {
      by_subject_[ParseBytes<v1::Grant>(*change.after).subject()].insert(std::string(change.key));
    }
  }
}

std::string AccessState::IndexDigest() const {
  std::vector<std::string> lines;
  for (const auto& [hash, token] : by_hash_) lines.push_back(absl::StrCat(token, "=", hash));
  for (const auto& [subject, grants] : by_subject_) {
    for (const std::string& grant : grants) lines.push_back(absl::StrCat(subject, "<", grant));
  }
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const std::string& line : lines) absl::StrAppend(&out, line, "\n");
  return out;
}

absl::Status AccessState::CreateToken(const v1::CreateTokenRequest& request,
                                      const std::string& secret_hash, Decision& decision,
                                      v1::CreateTokenResponse* reply) const {
  absl::StatusOr<absl::string_view> office = resource::ParseUnitName(request.parent());
  if (!office.ok()) return office.status();
  absl::Status valid = resource::CheckId(request.token_id());
  if (!valid.ok()) return valid;
  if (!decision.tree().Number(*office)) {
    return Error(Reason::NOT_FOUND, {{"name", request.parent()}});
  }
  if (request.token().realm_role() != options::v1::ROLE_UNSPECIFIED &&
      !access::HoldsRealm(decision.identity(), options::v1::ROLE_ADMINISTRATOR, decision.now())) {
    return Error(Reason::ROLE_REQUIRED, {{"role", "ADMINISTRATOR"}, {"unit", "the whole realm"}});
  }
  if (request.token().has_expire_time() &&
      FromProto(request.token().expire_time()) <= decision.now()) {
    return Error(Reason::INVALID_TIME,
                 {{"field", "token.expire_time"}, {"detail", "it is over already"}});
  }
  const std::string name = absl::StrCat(request.parent(), "/tokens/", request.token_id());
  if (decision.Exists(name)) return Error(Reason::ALREADY_EXISTS, {{"name", name}});
  TokenRecord record;
  v1::Token* token = record.mutable_token();
  token->set_name(name);
  token->set_display_name(request.token().display_name());
  token->set_realm_role(request.token().realm_role());
  if (request.token().has_expire_time()) {
    *token->mutable_expire_time() = request.token().expire_time();
  }
  *token->mutable_create_time() = ToProto(decision.now());
  record.set_secret_hash(secret_hash);
  decision.Put(name, record);
  *reply->mutable_token() = *token;
  return absl::OkStatus();
}

absl::Status AccessState::RevokeToken(const v1::RevokeTokenRequest& request, Decision& decision,
                                      v1::Token* reply) const {
  if (!IsToken(request.name())) {
    return Error(Reason::INVALID_NAME, {{"name", request.name()}, {"pattern", kTokenPattern}});
  }
  absl::optional<TokenRecord> record = decision.Get<TokenRecord>(request.name());
  if (!record) return Error(Reason::NOT_FOUND, {{"name", request.name()}});
  if (!record->token().has_revoke_time()) {
    *record->mutable_token()->mutable_revoke_time() = ToProto(decision.now());
    decision.Put(request.name(), *record);
  }
  *reply = record->token();
  return absl::OkStatus();
}

absl::Status AccessState::SetGrant(const v1::SetGrantRequest& request, Decision& decision,
                                   v1::Grant* reply) const {
  const v1::Grant& grant = request.grant();
  absl::StatusOr<resource::Ids> ids = resource::ParseName(grant.name(), kGrantPattern);
  if (!ids.ok()) return ids.status();
  if (!decision.tree().Number((*ids)[0])) {
    return Error(Reason::NOT_FOUND, {{"name", resource::UnitName((*ids)[0])}});
  }
  if (grant.role() == options::v1::ROLE_UNSPECIFIED) {
    return Error(Reason::REQUIRED_FIELD, {{"field", "grant.role"}});
  }
  if (!decision.Exists(grant.subject())) {
    return Error(Reason::NOT_FOUND, {{"name", grant.subject()}});
  }
  *reply = grant;
  if (reply->line() == types::v1::LINE_UNSPECIFIED) reply->set_line(types::v1::LINE_TERRITORY);
  decision.Put(grant.name(), *reply);
  return absl::OkStatus();
}

absl::Status AccessState::RemoveGrant(const v1::RemoveGrantRequest& request, Decision& decision,
                                      v1::RemoveGrantResponse*) const {
  if (!IsGrant(request.name())) {
    return Error(Reason::INVALID_NAME, {{"name", request.name()}, {"pattern", kGrantPattern}});
  }
  if (!decision.Exists(request.name())) {
    return Error(Reason::NOT_FOUND, {{"name", request.name()}});
  }
  decision.Delete(request.name());
  return absl::OkStatus();
}

absl::Status AccessState::ListTokens(const v1::ListTokensRequest& request, const store::Cursor& at,
                                     v1::ListTokensResponse* reply) const {
  TERRACE_ASSIGN_OR_RETURN(const int size, resource::CoercePageSize(request.page_size()));
  const uint64_t hash = resource::ListHash({"ListTokens", request.parent()});
  TERRACE_ASSIGN_OR_RETURN(const resource::PageToken page,
                           resource::DecodePageToken(request.page_token(), hash, at.log_id));
  rows().ForEach(absl::StrCat(request.parent(), "/tokens/"), page.last_key,
                 [&](const std::string& key, const Row& row) {
                   if (key == page.last_key) return true;
                   if (reply->tokens_size() == size) {
                     reply->set_next_page_token(resource::EncodePageToken(
                         {reply->tokens(size - 1).name(), at.log_id, at.revision.value}, hash));
                     return false;
                   }
                   *reply->add_tokens() = Rows::Parse<TokenRecord>(row).token();
                   return true;
                 });
  return absl::OkStatus();
}

absl::Status AccessState::ListGrants(const v1::ListGrantsRequest& request, const tree::Tree& tree,
                                     const store::Cursor& at, v1::ListGrantsResponse* reply) const {
  TERRACE_ASSIGN_OR_RETURN(const int size, resource::CoercePageSize(request.page_size()));
  TERRACE_ASSIGN_OR_RETURN(const absl::string_view top, resource::ParseUnitName(request.subtree()));
  const uint64_t hash = resource::ListHash({"ListGrants", request.subtree(), request.subject()});
  TERRACE_ASSIGN_OR_RETURN(const resource::PageToken page,
                           resource::DecodePageToken(request.page_token(), hash, at.log_id));
  const absl::optional<tree::UnitNumber> top_number = tree.Number(top);
  if (!top_number) return Error(Reason::NOT_FOUND, {{"name", request.subtree()}});
  rows().ForEach("units/", page.last_key, [&](const std::string& key, const Row& row) {
    if (key == page.last_key || !IsGrant(key)) return true;
    absl::optional<tree::UnitNumber> unit = tree.Number(resource::OwnerOf(key));
    if (!unit || !tree.IsUnder(*unit, *top_number, tree::Line::kTerritory)) return true;
    v1::Grant grant = Rows::Parse<v1::Grant>(row);
    if (!request.subject().empty() && grant.subject() != request.subject()) return true;
    if (reply->grants_size() == size) {
      reply->set_next_page_token(resource::EncodePageToken(
          {reply->grants(size - 1).name(), at.log_id, at.revision.value}, hash));
      return false;
    }
    *reply->add_grants() = std::move(grant);
    return true;
  });
  return absl::OkStatus();
}

absl::Status AccessState::WhoAmI(const access::Identity& identity, absl::Time now,
                                 v1::WhoAmIResponse* reply) const {
  if (absl::optional<TokenRecord> record = rows().Get<TokenRecord>(identity.token)) {
    *reply->mutable_token() = record->token();
  }
  if (auto it = by_subject_.find(identity.token); it != by_subject_.end()) {
    for (const std::string& name : it->second) {
      v1::Grant grant = *rows().Get<v1::Grant>(name);
      if (EndOf(grant.expire_time(), grant.has_expire_time()) > now) {
        *reply->add_grants() = std::move(grant);
      }
    }
  }
  *reply->mutable_server_time() = ToProto(now);
  return absl::OkStatus();
}

absl::StatusOr<access::Identity> AccessState::Find(absl::string_view secret_hash,
                                                   absl::Time now) const {
  auto it = by_hash_.find(secret_hash);
  if (it == by_hash_.end()) return Error(Reason::TOKEN_UNKNOWN);
  const TokenRecord record = *rows().Get<TokenRecord>(it->second);
  const v1::Token& token = record.token();
  if (token.has_revoke_time()) return Error(Reason::TOKEN_REVOKED);
  access::Identity identity;
  identity.expires = EndOf(token.expire_time(), token.has_expire_time());
  if (identity.expires <= now) {
    return Error(Reason::TOKEN_EXPIRED, {{"time", absl::FormatTime(identity.expires)}});
  }
  identity.subject = token.name();
  identity.token = token.name();
  if (token.realm_role() != options::v1::ROLE_UNSPECIFIED) {
    identity.grants.push_back({"", types::v1::LINE_TERRITORY, token.realm_role()});
  }
  if (auto grants = by_subject_.find(token.name()); grants != by_subject_.end()) {
    for (const std::string& name : grants->second) {
      const v1::Grant grant = *rows().Get<v1::Grant>(name);
      const absl::Time end = EndOf(grant.expire_time(), grant.has_expire_time());
      if (end <= now) continue;
      identity.grants.push_back(
          {std::string(resource::OwnerOf(name)), grant.line(), grant.role(), end});
    }
  }
  return identity;
}

bool AccessState::HasSecret(absl::string_view token, absl::string_view secret_hash) const {
  auto it = by_hash_.find(secret_hash);
  return it != by_hash_.end() && it->second == token;
}

}  // namespace terrace::gateway
