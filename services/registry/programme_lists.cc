// Lists of programmes, enrolments and designations, and coverage.
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/resource/filter.h"
#include "common/resource/names.h"
#include "services/registry/coverage.h"
#include "services/registry/designation.h"
#include "services/registry/enrollment.h"
#include "services/registry/fields.h"
#include "services/registry/keys.h"
#include "services/registry/paging.h"
#include "services/registry/registry_reads.h"
#include "services/registry/unit_scan.h"

namespace terrace::registry {
namespace {

constexpr int kSliceRows = 1000;  // Looked at under one lock.

template <class Request>
absl::Time AtTime(const rpc::Call& call, const Request& request) {
  return request.has_at_time() ? terrace::FromProto(request.at_time()) : call.received;
}

template <class Request>
std::string InstantPart(const Request& request) {
  return request.has_at_time() ? request.at_time().SerializeAsString() : "";
}

absl::Status NotFound(const std::string& name) {
  return Error(Reason::NOT_FOUND, {{"name", name}});
}

// The programme if the caller may see it.
absl::StatusOr<v1::Programme> VisibleProgramme(const RegistryState& state, const rpc::Call& call,
                                               const std::string& name) {
  absl::optional<v1::Programme> programme = state.FindProgramme(name);
  if (!programme || !state.MaySeeProgramme({call.identity, call.received}, *programme)) {
    return NotFound(name);
  }
  return *std::move(programme);
}

// What rows of a list may be shown: those of a subtree, or all that the caller may see.
class RowScope {
 public:
  static absl::StatusOr<RowScope> Make(const UnitView& view, const std::string& subtree,
                                       types::v1::Line line, Day day) {
    RowScope scope;
    scope.line_ = tree::FromProto(line);
    scope.day_ = day;
    if (subtree.empty()) return scope;
    TERRACE_ASSIGN_OR_RETURN(absl::string_view id, resource::ParseUnitName(subtree));
    scope.root_ = view.tree->Number(id);
    if (!scope.root_) return NotFound(subtree);
    return scope;
  }
  bool Includes(const UnitView& view, const rpc::Call& call, absl::string_view unit) const {
    if (!root_) return access::MaySee(call.identity, *view.tree, unit, call.received);
    const absl::optional<UnitNumber> number = view.tree->Number(unit);
    return number && view.IsUnder(*number, *root_, line_, day_);
  }

 private:
  absl::optional<UnitNumber> root_;
  Line line_ = Line::kTerritory;
  Day day_;
};

v1::Enrollment ToEnrollment(absl::string_view name, absl::string_view unit,
                            const storage::v1::EnrollmentRecord& record, Day day) {
  v1::Enrollment enrollment = record.enrollment();
  enrollment.set_name(std::string(name));
  enrollment.set_etag(EtagOf(record));
  enrollment.set_unit(resource::UnitName(unit));
  enrollment.set_role(RoleOn(enrollment, day));
  return enrollment;
}

// The days of programmes in their own zones at one instant.
class ProgrammeDays {
 public:
  explicit ProgrammeDays(absl::Time at) : at_(at) {}
  Day Of(const RegistryState& state, const std::string& programme) {
    auto [it, is_new] = days_.try_emplace(programme);
    if (is_new) {
      const absl::optional<v1::Programme> found = state.FindProgramme(programme);
      const auto zone = LoadZone("zone", found ? found->zone() : "");
      it->second = DayOf(at_, zone.ok() ? *zone : DefaultZone());
    }
    return it->second;
  }

 private:
  const absl::Time at_;
  std::map<std::string, Day> days_;
};

}  // namespace

absl::Status RegistryReads::ListProgrammes(rpc::Call& call,
                                           const v1::ListProgrammesRequest& request,
                                           v1::ListProgrammesResponse* reply) const {
  TERRACE_ASSIGN_OR_RETURN(absl::string_view parent, resource::ParseUnitName(request.parent()));
  TERRACE_ASSIGN_OR_RETURN(Pager pager,
                           Pager::Start(*machine_, request.page_size(), request.page_token(),
                                        {"ListProgrammes", request.parent(),
                                         absl::StrCat(request.include_ancestors())}));
  store::Cursor position;
  std::map<std::string, v1::Programme> programmes;
  absl::Status status =
      machine_->Read<RegistryState>([&](const RegistryState& state, const store::Cursor& at) {
        position = at;
        const std::shared_ptr<const tree::Tree> tree = state.tree();
        const absl::optional<UnitNumber> unit = tree->Number(parent);
        if (!unit) return NotFound(request.parent());
        std::set<UnitNumber> offices = {*unit};
        for (Line line : tree::kBothLines) {
          if (!request.include_ancestors()) break;
          for (UnitNumber office : tree->Path(*unit, line)) offices.insert(office);
        }
        for (UnitNumber office : offices) {
          for (v1::Programme& programme : state.ProgrammesOf(tree->Id(office))) {
            if (state.MaySeeProgramme({call.identity, call.received}, programme)) {
              programmes.emplace(programme.name(), std::move(programme));
            }
          }
        }
        return absl::OkStatus();
      });
  TERRACE_RETURN_IF_ERROR(status);
  for (auto it = programmes.upper_bound(pager.after()); it != programmes.end(); ++it) {
    if (!pager.Take(it->first)) break;
    *reply->add_programmes() = std::move(it->second);
  }
  pager.Finish(position, call, reply);
  return absl::OkStatus();
}

absl::Status RegistryReads::ListEnrollments(rpc::Call& call,
                                            const v1::ListEnrollmentsRequest& request,
                                            v1::ListEnrollmentsResponse* reply) const {
  TERRACE_ASSIGN_OR_RETURN(
      Pager pager, Pager::Start(*machine_, request.page_size(), request.page_token(),
                                {"ListEnrollments", request.parent(), request.subtree(),
                                 absl::StrCat(request.line()), request.filter(),
                                 InstantPart(request), absl::StrCat(request.include_withdrawn())}));
  TERRACE_ASSIGN_OR_RETURN(resource::Filter filter,
                           resource::Filter::Parse(request.filter(), v1::Enrollment::descriptor()));
  store::Cursor position;
  const std::string prefix = EnrollmentKey(request.parent(), "");
  std::string next =
      pager.after().empty() ? prefix : absl::StrCat(pager.after(), absl::string_view("\0", 1));
  auto slice = [&](const RegistryState& state, const store::Cursor& at) -> absl::StatusOr<bool> {
    if (position.log_id.empty()) position = at;
    TERRACE_ASSIGN_OR_RETURN(v1::Programme programme,
                             VisibleProgramme(state, call, request.parent()));
    TERRACE_ASSIGN_OR_RETURN(absl::TimeZone zone, LoadZone("zone", programme.zone()));
    const Day day = DayOf(AtTime(call, request), zone);
    const UnitView view = state.units();
    TERRACE_ASSIGN_OR_RETURN(RowScope scope,
                             RowScope::Make(view, request.subtree(), request.line(), day));
    int rows = 0;
    bool more = false;
    state.rows().ForEach(prefix, next, [&](const std::string& key, const machine::Row& row) {
      if (++rows > kSliceRows) {
        next = key;
        more = true;
        return false;
      }
      const absl::string_view unit = ParseKey(key).item;
      if (!scope.Includes(view, call, unit)) return true;
      v1::Enrollment enrollment =
          ToEnrollment(key, unit, machine::Rows::Parse<storage::v1::EnrollmentRecord>(row), day);
      if (enrollment.role() == v1::ENROLLMENT_ROLE_UNSPECIFIED && !request.include_withdrawn()) {
        return true;
      }
      if (!filter.Matches(enrollment)) return true;
      if (!pager.Take(key)) return false;
      *reply->add_enrollments() = std::move(enrollment);
      return true;
    });
    return more;
  };
  for (bool more = true; more;) {
    TERRACE_ASSIGN_OR_RETURN(more, machine_->Read<RegistryState>(slice));
  }
  pager.Finish(position, call, reply);
  return absl::OkStatus();
}

absl::Status RegistryReads::ListDesignations(rpc::Call& call,
                                             const v1::ListDesignationsRequest& request,
                                             v1::ListDesignationsResponse* reply) const {
  if (!request.parent().empty() && !request.subtree().empty()) {
    return InvalidField("subtree", "give a parent or a subtree, not both");
  }
  TERRACE_ASSIGN_OR_RETURN(absl::optional<Day> before,
                           ParseDate("expiring_before", request.expiring_before()));
  TERRACE_ASSIGN_OR_RETURN(
      Pager pager,
      Pager::Start(*machine_, request.page_size(), request.page_token(),
                   {"ListDesignations", request.parent(), request.subtree(),
                    absl::StrCat(request.line()), request.programme(), request.filter(),
                    request.expiring_before().SerializeAsString(), InstantPart(request)}));
  TERRACE_ASSIGN_OR_RETURN(
      resource::Filter filter,
      resource::Filter::Parse(request.filter(), v1::Designation::descriptor()));
  const absl::Time at_time = AtTime(call, request);
  ProgrammeDays days(at_time);
  // The designations of one unit; false when the page is full.
  auto take = [&](const RegistryState& state, absl::string_view unit) {
    bool room = true;
    state.ForEachDesignation(unit, [&](absl::string_view name, const v1::Designation& row) {
      if (name <= pager.after() && resource::OwnerOf(pager.after()) == unit) return true;
      if (!request.programme().empty() && row.programme() != request.programme()) return true;
      if (before && LastDayOf(row) >= *before) return true;
      v1::Designation designation =
          state.FindDesignation(name, days.Of(state, row.programme())).value();
      if (!filter.Matches(designation)) return true;
      room = pager.Take(name);
      if (room) *reply->add_designations() = std::move(designation);
      return room;
    });
    return room;
  };
  if (!request.parent().empty()) {
    TERRACE_ASSIGN_OR_RETURN(absl::string_view unit, resource::ParseUnitName(request.parent()));
    const store::Cursor position =
        machine_->Read<RegistryState>([&](const RegistryState& state, const store::Cursor& at) {
          take(state, unit);
          return at;
        });
    pager.Finish(position, call, reply);
    return absl::OkStatus();
  }
  UnitScan scan(machine_, call, {request.subtree(), tree::FromProto(request.line()), 0, at_time});
  TERRACE_RETURN_IF_ERROR(scan.Run(resource::OwnerOf(pager.after()),
                                   [&](const ScannedUnit& at) { return take(at.state, at.id); }));
  pager.Finish(scan.position(), call, reply);
  return absl::OkStatus();
}

absl::Status RegistryReads::GetCoverage(rpc::Call& call, const v1::GetCoverageRequest& request,
                                        v1::Coverage* reply) const {
  store::Cursor position;
  std::shared_ptr<const Vocabulary> words;
  UnitView units;
  ProgrammeView standings;
  absl::StatusOr<v1::Programme> programme =
      machine_->Read<RegistryState>([&](const RegistryState& state, const store::Cursor& at) {
        position = at;
        words = state.vocabulary();
        units = state.units();
        standings = state.standings(request.programme());
        return VisibleProgramme(state, call, request.programme());
      });
  TERRACE_RETURN_IF_ERROR(programme.status());
  const std::string subtree = request.subtree().empty()
                                  ? resource::UnitName(resource::OwnerOf(request.programme()))
                                  : request.subtree();
  TERRACE_ASSIGN_OR_RETURN(absl::string_view root_id, resource::ParseUnitName(subtree));
  const tree::Tree& tree = *units.tree;
  const absl::optional<UnitNumber> root = tree.Number(root_id);
  if (!root || !access::MaySee(call.identity, tree, root_id, call.received)) {
    return NotFound(subtree);
  }
  const Line line = tree::FromProto(request.line());
  const absl::Time at_time = AtTime(call, request);
  TERRACE_ASSIGN_OR_RETURN(absl::TimeZone zone, LoadZone("zone", programme->zone()));
  const Day day = DayOf(at_time, zone);

  CoverageTally tally(*words);
  std::vector<absl::string_view> levels;
  for (const Versioned<StandingShard>::Pin& shard : standings) {
    for (const auto& [id, standing] : *shard) {
      const v1::EnrollmentRole role = standing.RoleOn(day);
      if (role == v1::ENROLLMENT_ROLE_UNSPECIFIED) continue;
      const UnitNumber unit = tree.Number(id).value();
      if (unit == *root || !units.IsOpen(unit, day) || !units.IsUnder(unit, *root, line, day)) {
        continue;
      }
      levels.clear();
      for (const HeldTitle& held : standing.titles) {
        if (held.IsHeldOn(day)) levels.push_back(held.level);
      }
      tally.Add(tree.Kind(unit), role == v1::ENROLLMENT_ROLE_DEMONSTRATION_SITE, levels);
    }
  }
  tally.Fill(reply);
  reply->set_programme(request.programme());
  reply->set_subtree(subtree);
  reply->set_line(tree::ToProto(line));
  *reply->mutable_at_time() = terrace::ToProto(at_time);
  rpc::StampCursor("registry", position, call, reply);
  return absl::OkStatus();
}

}  // namespace terrace::registry
