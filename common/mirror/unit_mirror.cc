#include "common/mirror/unit_mirror.h"

#include <limits>
#include <utility>

#include "common/base/check.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "common/store/cursor.h"
#include "google/type/date.pb.h"

namespace terrace::mirror {
namespace {

using registry::v1::EnrollmentRole;

constexpr char kEnrollmentPattern[] = "units/{office}/programmes/{programme}/enrollments/{unit}";
// Placements are dated in the realm's own zone.
constexpr int kRealmOffsetSeconds = 8 * 3600;

// Days since 1970-01-01; unset dates give `missing`.
int64_t DayOf(const google::type::Date& date, bool set, int64_t missing) {
  if (!set) return missing;
  return absl::CivilDay(date.year(), date.month(), date.day()) - absl::CivilDay(1970, 1, 1);
}

int64_t DayAt(absl::Time time, const absl::TimeZone& zone) {
  return absl::ToCivilDay(time, zone) - absl::CivilDay(1970, 1, 1);
}

std::string IdOf(absl::string_view name) { return std::string(resource::OwnerOf(name)); }

}  // namespace

UnitMirror::UnitMirror() { builder_.StartLoad(); }

void UnitMirror::Reset() {
  builder_ = tree::TreeBuilder();
  builder_.StartLoad();
  loading_ = true;
  places_.clear();
  from_days_.clear();
  due_.clear();
  next_members_ = Members();
  // Readers keep the last complete tree and its members until the new snapshot is in.
}

void UnitMirror::ChangeMembers(absl::FunctionRef<void(Members&)> change) {
  if (loading_) {
    change(next_members_);
    return;
  }
  absl::MutexLock lock(&mu_);
  change(members_);
}

void UnitMirror::Apply(const registry::v1::WatchUnitsResponse& message) {
  for (const registry::v1::RegistryChange& change : message.changes()) {
    switch (change.change_case()) {
      case registry::v1::RegistryChange::kUnit:
        ApplyUnit(change.unit());
        break;
      case registry::v1::RegistryChange::kPlacement:
        ApplyPlacement(change.placement());
        break;
      case registry::v1::RegistryChange::kEnrollment:
        ApplyEnrollment(change.enrollment());
        break;
      case registry::v1::RegistryChange::kProgramme:
        ChangeMembers([&](Members& members) {
          members.programmes[change.programme().name()] = change.programme();
        });
        break;
      default:
        break;  // Designations, levels and kinds are of no use here; nothing kept here is deleted.
    }
  }
  if (message.has_commit_time()) ApplyDue(FromProto(message.commit_time()));
  if (message.kind() == registry::v1::WATCH_MESSAGE_KIND_SNAPSHOT_END) {
    TERRACE_CHECK(builder_.FinishLoad().ok());
    loading_ = false;
    std::shared_ptr<const tree::Tree> tree = builder_.Publish();
    from_days_.assign(tree->size(), std::numeric_limits<int64_t>::min());
    for (const auto& [unit, place] : places_) {
      if (absl::optional<tree::UnitNumber> n = tree->Number(unit)) from_days_[*n] = place.from_day;
    }
    places_.clear();
    places_.rehash(0);
    absl::MutexLock lock(&mu_);
    members_ = std::exchange(next_members_, Members());
  }
  if (loading_ || !message.has_cursor()) return;
  builder_.SetCursor({message.cursor().log_id(), message.cursor().revision()});
  holder_.Set(builder_.Publish());
  std::vector<absl::AnyInvocable<void()>> ready;
  {
    absl::MutexLock lock(&mu_);
    cursor_ = store::FromProto(message.cursor());
    auto end = waiters_.upper_bound(cursor_.revision.value);
    for (auto it = waiters_.begin(); it != end; ++it) ready.push_back(std::move(it->second));
    waiters_.erase(waiters_.begin(), end);
  }
  for (auto& done : ready) done();
}

void UnitMirror::ApplyUnit(const registry::v1::Unit& unit) {
  tree::UnitRecord record;
  record.id = IdOf(unit.name());
  record.level = std::string(resource::LastSegment(unit.level()));
  record.kind = std::string(resource::LastSegment(unit.kind()));
  record.org_class = static_cast<uint8_t>(unit.org_class());
  record.closed = unit.has_close_date();
  record.name = unit.display_name();
  if (loading_) {
    if (auto it = places_.find(record.id); it != places_.end()) {
      record.territory_parent = it->second.parent;
      record.sector_parent = it->second.sector_parent;
    }
  } else if (std::shared_ptr<const tree::Tree> tree = builder_.Publish();
             absl::optional<tree::UnitNumber> n = tree->Number(record.id)) {
    tree::UnitRecord before = tree->Record(*n);
    record.territory_parent = before.territory_parent;
    record.sector_parent = before.sector_parent;
  }
  TERRACE_CHECK(builder_.Upsert(record).ok());
}

void UnitMirror::ApplyPlacement(const registry::v1::Placement& placement) {
  const std::string unit = IdOf(placement.name());
  Place place{
      DayOf(placement.from_date(), placement.has_from_date(), std::numeric_limits<int64_t>::min()),
      IdOf(placement.parent()), IdOf(placement.sector_parent())};
  const int64_t from_day = place.from_day;
  if (from_day > DayAt(absl::Now(), absl::FixedTimeZone(kRealmOffsetSeconds))) {
    due_.emplace(from_day, std::make_pair(unit, std::move(place)));
    return;
  }
  SetPlace(unit, place);
}

// Takes the place unless the unit's present one began later.
void UnitMirror::SetPlace(const std::string& unit, const Place& place) {
  if (loading_) {
    auto [it, added] = places_.try_emplace(unit, place);
    if (!added && it->second.from_day > place.from_day) return;
    it->second = place;
  } else {
    absl::optional<tree::UnitNumber> n = builder_.Publish()->Number(unit);
    if (!n) return;
    if (from_days_.size() <= *n) {
      from_days_.resize(*n + 1, std::numeric_limits<int64_t>::min());
    }
    if (from_days_[*n] > place.from_day) return;
    from_days_[*n] = place.from_day;
  }
  // Both lines are what the registry has checked; a failure means that the mirror is broken.
  TERRACE_CHECK(builder_.Move(unit, tree::Line::kTerritory, place.parent).ok());
  TERRACE_CHECK(builder_.Move(unit, tree::Line::kSector, place.sector_parent).ok());
}

void UnitMirror::ApplyDue(absl::Time now) {
  const int64_t today = DayAt(now, absl::FixedTimeZone(kRealmOffsetSeconds));
  if (today <= today_) return;
  today_ = today;
  auto end = due_.upper_bound(today);
  for (auto it = due_.begin(); it != end; ++it) SetPlace(it->second.first, it->second.second);
  due_.erase(due_.begin(), end);
}

void UnitMirror::ApplyEnrollment(const registry::v1::Enrollment& enrollment) {
  absl::StatusOr<resource::Ids> ids = resource::ParseName(enrollment.name(), kEnrollmentPattern);
  TERRACE_CHECK(ids.ok());
  const std::string programme(resource::ParentName(enrollment.name()));
  std::vector<Span> spans;
  for (const registry::v1::EnrollmentSpan& span : enrollment.spans()) {
    spans.push_back(
        {span.role(),
         DayOf(span.from_date(), span.has_from_date(), std::numeric_limits<int64_t>::min()),
         DayOf(span.until_date(), span.has_until_date(), std::numeric_limits<int64_t>::max())});
  }
  ChangeMembers([&](Members& members) {
    members.enrollments[programme][std::string((*ids)[2])] = std::move(spans);
  });
}

bool UnitMirror::Covers(const std::vector<Span>& spans, int64_t day, EnrollmentRole role) const {
  for (const Span& span : spans) {
    if (day < span.from_day || day >= span.until_day) continue;
    if (role == registry::v1::ENROLLMENT_ROLE_UNSPECIFIED || span.role == role) return true;
  }
  return false;
}

int64_t UnitMirror::DayIn(absl::string_view programme, absl::Time at) const {
  absl::TimeZone zone = absl::FixedTimeZone(kRealmOffsetSeconds);
  if (auto it = members_.programmes.find(programme); it != members_.programmes.end()) {
    absl::LoadTimeZone(it->second.zone(), &zone);
  }
  return DayAt(at, zone);
}

store::Cursor UnitMirror::cursor() const {
  absl::MutexLock lock(&mu_);
  return cursor_;
}

void UnitMirror::WaitFor(const store::Cursor& cursor, absl::AnyInvocable<void()> done) {
  {
    absl::MutexLock lock(&mu_);
    if (cursor_.revision < cursor.revision) {
      waiters_.emplace(cursor.revision.value, std::move(done));
      return;
    }
  }
  done();
}

bool UnitMirror::Enrolled(absl::string_view programme, absl::string_view unit, absl::Time at,
                          EnrollmentRole role) const {
  absl::ReaderMutexLock lock(&mu_);
  auto units = members_.enrollments.find(programme);
  if (units == members_.enrollments.end()) return false;
  auto spans = units->second.find(unit);
  return spans != units->second.end() && Covers(spans->second, DayIn(programme, at), role);
}

std::vector<std::string> UnitMirror::EnrolledIds(absl::string_view programme, absl::Time at,
                                                 EnrollmentRole role) const {
  std::vector<std::string> ids;
  absl::ReaderMutexLock lock(&mu_);
  auto units = members_.enrollments.find(programme);
  if (units == members_.enrollments.end()) return ids;
  const int64_t day = DayIn(programme, at);
  for (const auto& [unit, spans] : units->second) {
    if (Covers(spans, day, role)) ids.push_back(unit);
  }
  return ids;
}

absl::optional<registry::v1::Programme> UnitMirror::Programme(absl::string_view name) const {
  absl::ReaderMutexLock lock(&mu_);
  auto it = members_.programmes.find(name);
  if (it == members_.programmes.end()) return absl::nullopt;
  return it->second;
}

}  // namespace terrace::mirror
