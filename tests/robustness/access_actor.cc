#include <set>

#include "absl/strings/str_cat.h"
#include "terrace/gateway/v1/access.pb.h"
#include "tests/robustness/actors.h"

namespace terrace::robustness {
namespace {

namespace v1 = gateway::v1;

class AccessActor : public Actor {
 public:
  AccessActor(Caller* caller, Office* office) : caller_(*caller), office_(*office) {}

  void Act() override {
    if (tokens_.size() < 3 || caller_.Chance(20)) {
      Create();
    } else if (caller_.Chance(45)) {
      Grant(tokens_[caller_.Below(tokens_.size())]);
    } else if (!granted_.empty() && caller_.Chance(50)) {
      Remove(*granted_.begin());
    } else if (caller_.Chance(50)) {
      Revoke();
    } else {
      ReadTokens();
    }
  }

 private:
  void Create() {
    const std::string id = absl::StrCat("t", caller_.Next());
    const std::string name = absl::StrCat(office_.name, "/tokens/", id);
    v1::CreateTokenRequest request;
    request.set_parent(office_.name);
    request.set_token_id(id);
    request.mutable_token()->set_display_name("a desk");
    v1::CreateTokenResponse made;
    if (caller_.Expect(caller_.Change(request, &made, {.what = name, .keys = {name}}), name)) {
      tokens_.push_back(name);
    }
  }

  std::string GrantOf(const std::string& token) const {
    return absl::StrCat(office_.name, "/grants/", resource::LastSegment(token));
  }

  void Grant(const std::string& token) {
    const std::string name = GrantOf(token);
    v1::SetGrantRequest request;
    request.mutable_grant()->set_name(name);
    request.mutable_grant()->set_subject(token);
    request.mutable_grant()->set_role(caller_.Chance(50) ? options::v1::ROLE_VIEWER
                                                         : options::v1::ROLE_REPORTER);
    v1::Grant made;
    // A grant that is as it was asked for already writes nothing.
    const absl::Status status = caller_.Change(request, &made, {.what = name, .in_header = false});
    if (!caller_.Expect(status, name)) return;
    granted_.insert(token);
    ReadGrant(token, options::v1::Role_Name(request.grant().role()));
  }

  void Remove(const std::string& token) {
    const std::string name = GrantOf(token);
    v1::RemoveGrantRequest request;
    request.set_name(name);
    v1::RemoveGrantResponse made;
    if (!caller_.Expect(caller_.Change(request, &made, {.what = name, .keys = {name}}),
                        absl::StrCat("remove ", name))) {
      return;
    }
    ReadGrant(token, "none");
    granted_.erase(token);
  }

  void ReadGrant(const std::string& token, const std::string& expected) {
    v1::ListGrantsRequest list;
    list.set_subtree(office_.name);
    list.set_subject(token);
    v1::ListGrantsResponse found;
    std::string how;
    if (!caller_.Expect(caller_.ReadAfterChange(list, &found, &how), token)) return;
    caller_.Compare(
        GrantOf(token), expected,
        found.grants_size() == 0 ? "none" : options::v1::Role_Name(found.grants(0).role()), how);
  }

  void Revoke() {
    const size_t at = caller_.Below(tokens_.size());
    v1::RevokeTokenRequest request;
    request.set_name(tokens_[at]);
    v1::Token made;
    if (caller_.Expect(caller_.Change(request, &made, {.what = tokens_[at], .keys = {tokens_[at]}}),
                       absl::StrCat("revoke ", tokens_[at]))) {
      granted_.erase(tokens_[at]);
      tokens_.erase(tokens_.begin() + static_cast<int64_t>(at));
      ++revoked_;
    }
  }

  // Those that were revoked stay, and so do the client's own and that of its judge.
  void ReadTokens() {
    v1::ListTokensRequest list;
    list.set_parent(office_.name);
    list.set_page_size(1000);
    v1::ListTokensResponse page;
    std::string how;
    if (caller_.Expect(caller_.ReadAfterChange(list, &page, &how), "list of tokens")) {
      caller_.Compare(absl::StrCat("tokens of ", office_.name),
                      absl::StrCat(tokens_.size() + revoked_ + 2), absl::StrCat(page.tokens_size()),
                      how);
    }
    v1::WhoAmIResponse found;
    if (!caller_.Expect(caller_.Read(v1::WhoAmIRequest(), &found), "who am I")) return;
    caller_.Compare("the client's token and grants",
                    absl::StrCat(office_.name, "/tokens/client with 2"),
                    absl::StrCat(found.token().name(), " with ", found.grants_size()), "who am I");
  }

  Caller& caller_;
  Office& office_;
  std::vector<std::string> tokens_;  // Not revoked.
  std::set<std::string> granted_;    // Those of them that have a grant.
  size_t revoked_ = 0;
};

}  // namespace

std::unique_ptr<Actor> MakeAccessActor(Caller* caller, Office* office) {
  return std::make_unique<AccessActor>(caller, office);
}

}  // namespace terrace::robustness
