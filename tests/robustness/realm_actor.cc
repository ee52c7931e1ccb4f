#include "absl/strings/str_cat.h"
#include "terrace/gateway/v1/access.pb.h"
#include "terrace/registry/v1/registry.pb.h"
#include "tests/robustness/actors.h"
#include "tests/robustness/register_edit.h"

namespace terrace::robustness {
namespace {

namespace v1 = registry::v1;

class RealmActor : public Actor {
 public:
  explicit RealmActor(Caller* caller) : caller_(*caller) {}

  void Act() override {
    const int64_t dice = caller_.Below(100);
    const std::string id = absl::StrCat("rb-register-", caller_.Below(kRegisters));
    if (dice < 45) {
      AddToRow<v1::ListLevelsRequest, v1::ListLevelsResponse>(
          absl::StrCat("levels/", id), &v1::ListLevelsResponse::levels,
          &v1::UpdateLevelRequest::mutable_level);
    } else if (dice < 90) {
      AddToRow<v1::ListKindsRequest, v1::ListKindsResponse>(absl::StrCat("kinds/", id),
                                                            &v1::ListKindsResponse::kinds,
                                                            &v1::UpdateKindRequest::mutable_kind);
    } else {
      LookAround();
    }
  }

 private:
  // Extends the name of a row of the table, which is read as a whole.
  template <class List, class Table, class Rows, class Update, class Row>
  void AddToRow(const std::string& name, Rows (Table::*rows)() const, Row* (Update::*changed)()) {
    Table table;
    if (!caller_.Expect(caller_.Read(List(), &table), absl::StrCat("table with ", name))) return;
    for (const Row& row : (table.*rows)()) {
      if (row.name() != name) continue;
      Update request;
      AddToNameOf(&caller_, row, &request, (request.*changed)());
      return;
    }
    caller_.Compare(name, "a row", "no row", "table");
  }

  // Every process of the deployment counts its calls and says how it is doing, if it can.
  void LookAround() {
    gateway::v1::GetStatusResponse status;
    if (caller_.Expect(caller_.Read(gateway::v1::GetStatusRequest(), &status), "status")) {
      caller_.Compare("status of the services", "some", status.services().empty() ? "none" : "some",
                      "status");
    }
    gateway::v1::GetMetricsResponse metrics;
    if (caller_.Expect(caller_.Read(gateway::v1::GetMetricsRequest(), &metrics), "metrics")) {
      caller_.Compare("counts of calls", "some", metrics.methods().empty() ? "none" : "some",
                      "metrics");
    }
  }

  Caller& caller_;
};

}  // namespace

std::unique_ptr<Actor> MakeRealmActor(Caller* caller) {
  return std::make_unique<RealmActor>(caller);
}

}  // namespace terrace::robustness
