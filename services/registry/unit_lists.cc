// Lists, searches and counts of units.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "common/resource/order_by.h"
#include "services/registry/fields.h"
#include "services/registry/paging.h"
#include "services/registry/registry_reads.h"
#include "services/registry/text_match.h"
#include "services/registry/unit_filter.h"
#include "services/registry/unit_scan.h"

namespace terrace::registry {
namespace {

constexpr int kSearchPageSize = 50;

template <class Request>
absl::Time AtTime(const rpc::Call& call, const Request& request) {
  return request.has_at_time() ? terrace::FromProto(request.at_time()) : call.received;
}

// The instant as part of a list's identity: "now" is another instant on every page.
template <class Request>
std::string InstantPart(const Request& request) {
  return request.has_at_time() ? request.at_time().SerializeAsString() : "";
}

// The first id after this one.
std::string After(absl::string_view id) {
  return id.empty() ? std::string() : absl::StrCat(id, absl::string_view("\0", 1));
}

absl::Status CheckDepth(const v1::ListUnitsRequest& request) {
  if (request.max_depth() < 0) return InvalidField("max_depth", "it must not be negative");
  if (request.max_depth() > 0 && request.subtree().empty()) return Required("subtree");
  return absl::OkStatus();
}

absl::StatusOr<Pager> StartUnitPage(const machine::Machine& machine,
                                    const v1::ListUnitsRequest& request) {
  return Pager::Start(machine, request.page_size(), request.page_token(),
                      {"ListUnits", request.subtree(), absl::StrCat(request.line()),
                       absl::StrCat(request.max_depth()), request.filter(), request.order_by(),
                       InstantPart(request)});
}

}  // namespace

absl::Status RegistryReads::ListUnits(rpc::Call& call, const v1::ListUnitsRequest& request,
                                      v1::ListUnitsResponse* reply) const {
  TERRACE_RETURN_IF_ERROR(CheckDepth(request));
  if (!request.order_by().empty() && request.order_by() != "name") {
    return ListUnitsOrdered(call, request, reply);
  }
  TERRACE_ASSIGN_OR_RETURN(Pager pager, StartUnitPage(*machine_, request));
  TERRACE_ASSIGN_OR_RETURN(UnitFilter filter, UnitFilter::Parse(request.filter()));
  UnitScan scan(machine_, call,
                {request.subtree(), tree::FromProto(request.line()), request.max_depth(),
                 AtTime(call, request)});
  TERRACE_RETURN_IF_ERROR(scan.Run(After(pager.after()), [&](const ScannedUnit& at) {
    if (!filter.MayMatch(*at.view.tree, at.number, at.open)) return true;
    v1::Unit unit = at.state.FindUnit(at.id, scan.day()).value();
    if (!filter.Matches(unit)) return true;
    if (!pager.Take(at.id)) return false;
    *reply->add_units() = std::move(unit);
    return true;
  }));
  pager.Finish(scan.position(), call, reply);
  return absl::OkStatus();
}

absl::Status RegistryReads::ListUnitsOrdered(rpc::Call& call, const v1::ListUnitsRequest& request,
                                             v1::ListUnitsResponse* reply) const {
  TERRACE_ASSIGN_OR_RETURN(resource::OrderBy order,
                           resource::OrderBy::Parse(request.order_by(), v1::Unit::descriptor()));
  TERRACE_ASSIGN_OR_RETURN(Pager pager, StartUnitPage(*machine_, request));
  TERRACE_ASSIGN_OR_RETURN(UnitFilter filter, UnitFilter::Parse(request.filter()));
  UnitScan scan(machine_, call,
                {request.subtree(), tree::FromProto(request.line()), request.max_depth(),
                 AtTime(call, request)});
  std::map<std::string, v1::Unit> page;  // The first rows after the last page, and one more.
  int units = 0;
  TERRACE_RETURN_IF_ERROR(scan.Run("", [&](const ScannedUnit& at) {
    if (++units > kOrderedUnitsMax) return false;
    if (!filter.MayMatch(*at.view.tree, at.number, at.open)) return true;
    v1::Unit unit = at.state.FindUnit(at.id, scan.day()).value();
    if (!filter.Matches(unit)) return true;
    std::string key = order.SortKey(unit, unit.name());
    if (!pager.after().empty() && key <= pager.after()) return true;
    page.emplace(std::move(key), std::move(unit));
    if (static_cast<int>(page.size()) > pager.size() + 1) page.erase(std::prev(page.end()));
    return true;
  }));
  if (units > kOrderedUnitsMax) {
    return InvalidField("order_by", absl::StrCat("only subtrees of at most ", kOrderedUnitsMax,
                                                 " units can be ordered in another way than by "
                                                 "name"));
  }
  for (auto& [key, unit] : page) {
    if (!pager.Take(key)) break;
    *reply->add_units() = std::move(unit);
  }
  pager.Finish(scan.position(), call, reply);
  return absl::OkStatus();
}

absl::Status RegistryReads::SearchUnits(rpc::Call& call, const v1::SearchUnitsRequest& request,
                                        v1::SearchUnitsResponse* reply) const {
  TERRACE_ASSIGN_OR_RETURN(TextMatch match, TextMatch::Parse(request.query()));
  TERRACE_ASSIGN_OR_RETURN(Pager pager,
                           Pager::Start(*machine_, request.page_size(), request.page_token(),
                                        {"SearchUnits", request.query(), request.subtree(),
                                         absl::StrCat(request.line()), request.filter()},
                                        kSearchPageSize));
  TERRACE_ASSIGN_OR_RETURN(UnitFilter filter, UnitFilter::Parse(request.filter()));
  UnitScan scan(machine_, call,
                {request.subtree(), tree::FromProto(request.line()), 0, call.received});
  TERRACE_RETURN_IF_ERROR(scan.Run(After(pager.after()), [&](const ScannedUnit& at) {
    if (!match.MayMatch(at.row.value)) return true;
    if (!filter.MayMatch(*at.view.tree, at.number, at.open)) return true;
    v1::Unit unit = at.state.FindUnit(at.id, scan.day()).value();
    std::string matched = match.Find(unit);
    if (matched.empty() || !filter.Matches(unit)) return true;
    if (!pager.Take(at.id)) return false;
    v1::SearchUnitsResponse::Hit& hit = *reply->add_hits();
    *hit.mutable_unit() = std::move(unit);
    hit.set_matched(std::move(matched));
    return true;
  }));
  pager.Finish(scan.position(), call, reply);
  return absl::OkStatus();
}

absl::Status RegistryReads::ListPlacements(rpc::Call& call,
                                           const v1::ListPlacementsRequest& request,
                                           v1::ListPlacementsResponse* reply) const {
  TERRACE_ASSIGN_OR_RETURN(absl::string_view id, resource::ParseUnitName(request.parent()));
  TERRACE_ASSIGN_OR_RETURN(Pager pager,
                           Pager::Start(*machine_, request.page_size(), request.page_token(),
                                        {"ListPlacements", request.parent()}));
  store::Cursor position;
  const std::vector<v1::Placement> placements =
      machine_->Read<RegistryState>([&](const RegistryState& state, const store::Cursor& at) {
        position = at;
        return state.PlacementsOf(id);
      });
  if (placements.empty()) return Error(Reason::NOT_FOUND, {{"name", request.parent()}});
  for (const v1::Placement& placement : placements) {
    if (placement.name() <= pager.after()) continue;
    if (!pager.Take(placement.name())) break;
    *reply->add_placements() = placement;
  }
  pager.Finish(position, call, reply);
  return absl::OkStatus();
}

absl::Status RegistryReads::CountUnits(rpc::Call& call, const v1::CountUnitsRequest& request,
                                       v1::CountUnitsResponse* reply) const {
  TERRACE_ASSIGN_OR_RETURN(absl::string_view id, resource::ParseUnitName(request.subtree()));
  store::Cursor position;
  std::shared_ptr<const Vocabulary> words;
  const UnitView view =
      machine_->Read<RegistryState>([&](const RegistryState& state, const store::Cursor& at) {
        position = at;
        words = state.vocabulary();
        return state.units();
      });
  const tree::Tree& tree = *view.tree;
  const absl::optional<UnitNumber> root = tree.Number(id);
  if (!root) return Error(Reason::NOT_FOUND, {{"name", request.subtree()}});
  const Line line = tree::FromProto(request.line());
  const absl::Time at_time = AtTime(call, request);
  const Day day = DayOf(at_time, DefaultZone());

  std::map<std::pair<uint16_t, uint16_t>, int64_t> counts;  // By level and kind.
  auto count = [&](UnitNumber unit) {
    if (unit == *root || !tree.Exists(unit) || !view.IsOpen(unit, day)) return;
    ++counts[{tree.LevelNumber(unit), tree.KindNumber(unit)}];
  };
  std::map<uint16_t, UnitNumber> level_of, kind_of;  // A unit that has it, to learn its code.
  auto note = [&](UnitNumber unit) {
    count(unit);
    level_of.emplace(tree.LevelNumber(unit), unit);
    kind_of.emplace(tree.KindNumber(unit), unit);
    return true;
  };
  if (view.PlacesAsNow(day)) {
    tree.ForEachInSubtree(*root, line, note);
  } else {
    for (UnitNumber unit = 0; unit < tree.size(); ++unit) {
      if (tree.Exists(unit) && view.IsUnder(unit, *root, line, day)) note(unit);
    }
  }

  std::map<std::pair<int, std::string>, int64_t> by_level;  // Highest first.
  std::map<int, int64_t> by_class;
  std::map<std::string, int64_t> by_kind;
  for (const auto& [key, number] : counts) {
    const std::string level(tree.Level(level_of.at(key.first)));
    const std::string kind(tree.Kind(kind_of.at(key.second)));
    reply->set_total(reply->total() + number);
    by_level[{words->Ordinal(level), level}] += number;
    by_class[words->ClassOf(kind)] += number;
    by_kind[kind] += number;
  }
  for (const auto& [level, number] : by_level) {
    auto& entry = *reply->add_by_level();
    entry.set_level(LevelName(level.second));
    entry.set_count(number);
  }
  for (const auto& [org_class, number] : by_class) {
    auto& entry = *reply->add_by_class();
    entry.set_org_class(static_cast<v1::OrgClass>(org_class));
    entry.set_count(number);
  }
  for (const auto& [kind, number] : by_kind) {
    auto& entry = *reply->add_by_kind();
    entry.set_kind(KindName(kind));
    entry.set_count(number);
  }
  *reply->mutable_at_time() = terrace::ToProto(at_time);
  rpc::StampCursor("registry", position, call, reply);
  return absl::OkStatus();
}

}  // namespace terrace::registry
