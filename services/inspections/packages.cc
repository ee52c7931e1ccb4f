#include "services/inspections/packages.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "common/store/cursor.h"
#include "common/tree/judge.h"
#include "services/inspections/inspections_state.h"
#include "services/inspections/records.h"
#include "services/inspections/refusals.h"
#include "services/inspections/timeline.h"

namespace terrace::inspections {
namespace {

constexpr size_t kVisitIdBytes = 10;  // As Decision::NewId.

v1::UnitFacts FactsOf(const tree::Tree& tree, const std::string& unit, absl::string_view office) {
  v1::UnitFacts facts;
  facts.set_name(unit);
  const absl::optional<tree::UnitNumber> n = tree.Number(resource::OwnerOf(unit));
  if (!n) return facts;
  facts.set_display_name(std::string(tree.Name(*n)));
  if (!tree.Kind(*n).empty()) facts.set_kind(absl::StrCat("kinds/", tree.Kind(*n)));
  if (!tree.Level(*n).empty()) facts.set_level(absl::StrCat("levels/", tree.Level(*n)));
  bool below = false;
  for (tree::UnitNumber above : tree.Path(*n, tree::Line::kTerritory)) {
    below = below || tree.Id(above) == resource::OwnerOf(office);
    if (below && above != *n) facts.add_path(std::string(tree.Name(above)));
  }
  return facts;
}

bool IsToBeMade(v1::Visit::State state) {
  return state == v1::Visit::STATE_ASSIGNED || state == v1::Visit::STATE_STARTED;
}

// A package to be filled in when its turn comes.
struct Target {
  v1::VisitPackage package;
  std::string office;
};

class PackageSource : public rpc::Source {
 public:
  PackageSource(machine::Machine* machine, access::Identity identity,
                std::shared_ptr<const tree::Tree> tree, std::vector<Target> targets)
      : machine_(machine),
        identity_(std::move(identity)),
        tree_(std::move(tree)),
        targets_(std::move(targets)) {}

  void Next(rpc::Message* out, absl::AnyInvocable<void(absl::StatusOr<bool>)> done) override {
    auto& reply = static_cast<v1::PullVisitPackagesResponse&>(*out);
    bool any = false;
    machine_->Read<InspectionsState>([&](const InspectionsState& state, const store::Cursor& at) {
      *reply.mutable_cursor() = store::ToProto(at);
      const Asker asker{identity_, *tree_, machine_->clock().Now()};
      for (int i = 0; i < kPackagesPerMessage && next_ < targets_.size(); ++i, ++next_) {
        any |= Add(state, asker, targets_[next_], &reply);
      }
    });
    // A stretch of visits that are made already gives no message of its own.
    if (!any && next_ < targets_.size()) {
      reply.Clear();
      Next(out, std::move(done));
      return;
    }
    done(any);
  }

 private:
  bool Add(const InspectionsState& state, const Asker& asker, Target& target,
           v1::PullVisitPackagesResponse* reply) {
    v1::VisitPackage& package = target.package;
    const std::string unit = OwnerName(package.visit());
    if (absl::optional<v1::Visit> visit = state.ReadVisit(package.visit())) {
      if (!IsToBeMade(visit->state())) return false;
      *package.mutable_record() = *std::move(visit);
    }
    if (sent_.insert(package.checklist()).second) {
      absl::optional<v1::Checklist> checklist = state.ReadChecklist(package.checklist());
      TERRACE_CHECK(checklist.has_value());
      *reply->add_checklists() = *std::move(checklist);
    }
    *package.mutable_unit() = FactsOf(*tree_, unit, target.office);
    for (v1::Finding& finding : OpenFindings(state, asker, unit, target.office)) {
      *package.add_open_findings() = std::move(finding);
    }
    *reply->add_packages() = std::move(package);
    return true;
  }

  // What is open at the unit, as far as the caller may know it: a third-party team learns of what
  // its own office found, not of what others did.
  static std::vector<v1::Finding> OpenFindings(const InspectionsState& state, const Asker& asker,
                                               const std::string& unit, const std::string& office) {
    std::vector<v1::Finding> open;
    const std::string prefix = absl::StrCat(unit, "/visits/");
    const absl::btree_set<std::string>& names = state.Names(RowKind::kFinding);
    for (auto it = names.lower_bound(prefix); it != names.end() && absl::StartsWith(*it, prefix);
         ++it) {
      absl::optional<v1::Finding> finding = state.ReadFinding(*it);
      auto visit = state.rows().Get<storage::v1::VisitRecord>(VisitOfKey(*it));
      if (!finding || !IsOpen(finding->state()) || !visit ||
          visit->visit().state() == v1::Visit::STATE_ABORTED) {
        continue;
      }
      if (finding->office() == office || state.MaySee(asker, *it)) {
        open.push_back(*std::move(finding));
      }
    }
    std::stable_sort(open.begin(), open.end(), [](const v1::Finding& a, const v1::Finding& b) {
      return FromProto(a.steps(0).moment().time()) < FromProto(b.steps(0).moment().time());
    });
    if (open.size() > kOpenFindingsMax) open.resize(kOpenFindingsMax);
    return open;
  }

  machine::Machine* const machine_;
  const access::Identity identity_;
  const std::shared_ptr<const tree::Tree> tree_;
  std::vector<Target> targets_;
  size_t next_ = 0;
  absl::flat_hash_set<std::string> sent_;  // Checklists.
};

// Targets of a released plan that the caller may log.
absl::StatusOr<std::vector<Target>> TargetsOfPlan(const InspectionsState& state, const Asker& asker,
                                                  const v1::PullVisitPackagesRequest& request) {
  TERRACE_RETURN_IF_ERROR(resource::ParseName(request.plan(), kPlanPattern).status());
  const absl::optional<v1::Plan> plan = state.ReadPlan(request.plan());
  if (!plan) return NotFound(request.plan());
  const std::string office = OwnerName(request.plan());
  const bool of_office = Holds(asker, office, options::v1::ROLE_INSPECTOR);
  absl::flat_hash_set<std::string> teams;  // Of which the caller is a member.
  for (const std::string& name : plan->teams()) {
    const absl::optional<v1::Team> team = state.ReadTeam(name);
    if (team && IsMember(asker.identity, *team)) teams.insert(name);
  }
  if (!of_office && teams.empty()) return NotFound(request.plan());
  TERRACE_RETURN_IF_ERROR(CheckRange("round", request.round(), 0, plan->rounds_size()));
  std::vector<Target> targets;
  bool released = false;
  const absl::optional<v1::Draw> draw =
      plan->draw().empty() ? absl::nullopt : state.ReadDraw(plan->draw());
  for (int i = 0; draw && i < draw->entries_size(); ++i) {
    const v1::DrawEntry& entry = draw->entries(i);
    if (request.round() != 0 && entry.round() != request.round()) continue;
    const v1::Round& round = plan->rounds(entry.round() - 1);
    if (round.state() != v1::Round::STATE_RELEASED) continue;
    released = true;
    if (entry.reserve() || (!of_office && !teams.contains(entry.team()))) continue;
    if (!request.team().empty() && entry.team() != request.team()) continue;
    Target& target = targets.emplace_back();
    target.office = office;
    target.package.set_visit(entry.visit());
    target.package.set_plan(request.plan());
    target.package.set_round(entry.round());
    target.package.set_order(entry.order());
    target.package.set_checklist(plan->checklist());
    target.package.set_team(entry.team());
    if (round.has_start_date()) *target.package.mutable_start_date() = round.start_date();
    if (round.has_end_date()) *target.package.mutable_end_date() = round.end_date();
  }
  // A team from outside learns of a plan when it is released, not before.
  if (!released && !of_office) return NotFound(request.plan());
  if (!released) {
    return WrongState(request.plan(), "not released", "a released round");
  }
  return targets;
}

// Targets that the caller names.
absl::StatusOr<std::vector<Target>> TargetsOfUnits(const InspectionsState& state,
                                                   const Asker& asker,
                                                   const v1::PullVisitPackagesRequest& request) {
  if (request.units().empty()) return Needed("plan");
  if (request.checklist().empty()) return Needed("checklist");
  if (request.acting_office().empty()) return Needed("acting_office");
  TERRACE_RETURN_IF_ERROR(CheckCount(request.units_size(), kPackageUnitsMax));
  const std::string& office = request.acting_office();
  TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(office).status());
  if (!Holds(asker, office, options::v1::ROLE_INSPECTOR)) return NotFound(office);
  const absl::optional<v1::Checklist> checklist = state.ReadChecklist(request.checklist());
  if (!checklist || !IsAtOrAbove(asker.tree, OwnerName(request.checklist()), office)) {
    return NotFound(request.checklist());
  }
  if (checklist->state() != v1::Checklist::STATE_PUBLISHED) {
    return Error(Reason::NOT_PUBLISHED, {{"name", request.checklist()}});
  }
  std::vector<Target> targets;
  for (const std::string& unit : request.units()) {
    TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(unit).status());
    if (!asker.tree.Number(resource::OwnerOf(unit))) return NotFound(unit);
    TERRACE_RETURN_IF_ERROR(
        tree::MayJudge(asker.tree, resource::OwnerOf(office), "", resource::OwnerOf(unit)));
    Target& target = targets.emplace_back();
    target.office = office;
    target.package.set_visit(absl::StrCat(unit, "/visits/", RandomHex(kVisitIdBytes)));
    target.package.set_checklist(request.checklist());
  }
  return targets;
}

}  // namespace

absl::StatusOr<std::unique_ptr<rpc::Source>> PullPackages(
    machine::Machine* machine, const rpc::Call& call, const v1::PullVisitPackagesRequest& request) {
  const Asker asker{call.identity, *call.tree, call.received};
  absl::StatusOr<std::vector<Target>> targets =
      machine->Read<InspectionsState>([&](const InspectionsState& state, const store::Cursor&) {
        return request.plan().empty() ? TargetsOfUnits(state, asker, request)
                                      : TargetsOfPlan(state, asker, request);
      });
  TERRACE_RETURN_IF_ERROR(targets.status());
  return std::make_unique<PackageSource>(machine, call.identity, call.tree, *std::move(targets));
}

}  // namespace terrace::inspections
