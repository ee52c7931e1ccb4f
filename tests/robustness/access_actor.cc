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
    if (tokens_.size() < 5 || caller_.Chance(30)) {
      Create();
    } else if (caller_.Chance(60)) {
      Grant(tokens_[caller_.Below(tokens_.size())]);
    } else {
      Revoke();
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

  void Grant(const std::string& token) {
    const std::string name =
        absl::StrCat(office_.name, "/grants/", token.substr(token.rfind('/') + 1));
    v1::SetGrantRequest request;
    request.mutable_grant()->set_name(name);
    request.mutable_grant()->set_subject(token);
    request.mutable_grant()->set_role(caller_.Chance(50) ? options::v1::ROLE_VIEWER
                                                         : options::v1::ROLE_REPORTER);
    v1::Grant made;
    // A grant that is as it was asked for already writes nothing.
    const absl::Status status = caller_.Change(request, &made, {.what = name, .in_header = false});
    if (!caller_.Expect(status, name)) return;
    v1::ListGrantsRequest list;
    list.set_subtree(office_.name);
    list.set_subject(token);
    v1::ListGrantsResponse found;
    std::string how;
    if (!caller_.Expect(caller_.ReadAfterChange(list, &found, &how), name)) return;
    caller_.Compare(
        name, options::v1::Role_Name(request.grant().role()),
        found.grants_size() == 0 ? "none" : options::v1::Role_Name(found.grants(0).role()), how);
  }

  void Revoke() {
    const size_t at = caller_.Below(tokens_.size());
    v1::RevokeTokenRequest request;
    request.set_name(tokens_[at]);
    v1::Token made;
    if (caller_.Expect(caller_.Change(request, &made, {.what = tokens_[at], .keys = {tokens_[at]}}),
                       absl::StrCat("revoke ", tokens_[at]))) {
      tokens_.erase(tokens_.begin() + static_cast<int64_t>(at));
    }
  }

  Caller& caller_;
  Office& office_;
  std::vector<std::string> tokens_;
};

}  // namespace

std::unique_ptr<Actor> MakeAccessActor(Caller* caller, Office* office) {
  return std::make_unique<AccessActor>(caller, office);
}

}  // namespace terrace::robustness
