#include "services/scoring/facts/registry_facts.h"

#include <algorithm>

#include "absl/time/civil_time.h"
#include "common/base/check.h"
#include "common/calendar/period.h"
#include "common/resource/names.h"
#include "google/type/date.pb.h"

namespace terrace::scoring {
namespace {

constexpr absl::CivilDay kEpoch(1970, 1, 1);

DayNumber DayOf(bool set, const google::type::Date& date, DayNumber missing) {
  if (!set) return missing;
  return static_cast<DayNumber>(absl::CivilDay(date.year(), date.month(), date.day()) - kEpoch);
}

DayNumber DayAt(absl::Time time, absl::TimeZone zone) {
  if (time == absl::InfiniteFuture()) return kLastDay - 1;
  return static_cast<DayNumber>(absl::ToCivilDay(time, zone) - kEpoch);
}

absl::Time StartOfDay(DayNumber day, absl::TimeZone zone) {
  return absl::FromCivil(kEpoch + day, zone);
}

// The first instant after `at` at which a span begins or ends.
void NextBoundary(const std::vector<DaySpan>& spans, absl::Time at, absl::TimeZone zone,
                  absl::Time* next) {
  for (const DaySpan& span : spans) {
    for (DayNumber day : {span.from, span.until}) {
      if (day == kFirstDay || day == kLastDay) continue;
      const absl::Time instant = StartOfDay(day, zone);
      if (instant > at) *next = std::min(*next, instant);
    }
  }
}

absl::string_view IdOf(absl::string_view name) { return resource::OwnerOf(name); }

}  // namespace

void RegistryFacts::Reset() {
  rows_.clear();
  more_places_.clear();
  programmes_.clear();
}

RegistryFacts::Row& RegistryFacts::RowOf(Unit unit) {
  if (unit >= rows_.size()) rows_.resize(unit + 1);
  return rows_[unit];
}

uint16_t RegistryFacts::Code(absl::string_view name) {
  const std::string code(resource::LastSegment(name));
  if (code.empty()) return 0;
  auto [it, added] = code_numbers_.try_emplace(code, static_cast<uint16_t>(codes_.size()));
  if (added) codes_.push_back(code);
  return it->second;
}

RegistryFacts::ProgrammeFacts& RegistryFacts::ProgrammeOf(absl::string_view name) {
  auto [it, added] = programmes_.try_emplace(std::string(name));
  if (added) it->second.zone = calendar::DefaultZone();
  return it->second;
}

void RegistryFacts::Apply(const registry::v1::WatchUnitsResponse& message, Touched* touched) {
  for (const registry::v1::RegistryChange& change : message.changes()) {
    switch (change.change_case()) {
      case registry::v1::RegistryChange::kUnit:
        ApplyUnit(change.unit(), touched);
        break;
      case registry::v1::RegistryChange::kPlacement:
        ApplyPlacement(change.placement(), touched);
        break;
      case registry::v1::RegistryChange::kProgramme: {
        ProgrammeFacts& programme = ProgrammeOf(change.programme().name());
        absl::TimeZone zone = programme.zone;
        if (!change.programme().zone().empty()) {
          absl::LoadTimeZone(change.programme().zone(), &zone);
        }
        if (zone != programme.zone) touched->zones = true;
        programme.zone = zone;
        programme.told = std::make_shared<const registry::v1::Programme>(change.programme());
        break;
      }
      case registry::v1::RegistryChange::kEnrollment:
        ApplyEnrollment(change.enrollment(), touched);
        break;
      case registry::v1::RegistryChange::kDesignation:
        ApplyDesignation(change.designation(), touched);
        break;
      case registry::v1::RegistryChange::kDeleted:
        ApplyDeleted(change.deleted(), touched);
        break;
      default:
        break;  // Titles of levels and kinds are of no use here.
    }
  }
}

void RegistryFacts::ApplyUnit(const registry::v1::Unit& unit, Touched* touched) {
  const Unit number = ids_->Number(IdOf(unit.name()));
  Row& row = RowOf(number);
  const Row before = row;
  row.known = true;
  row.level = Code(unit.level());
  row.kind = Code(unit.kind());
  row.closed = DayOf(unit.has_close_date(), unit.close_date(), kLastDay);
  if (!before.known || before.level != row.level || before.kind != row.kind ||
      before.closed != row.closed) {
    touched->units.push_back(number);
  }
}

void RegistryFacts::ApplyPlacement(const registry::v1::Placement& placement, Touched* touched) {
  const Unit number = ids_->Number(IdOf(placement.name()));
  Place place;
  place.from = DayOf(placement.has_from_date(), placement.from_date(), kFirstDay);
  const std::string* parents[tree::kLines] = {&placement.parent(), &placement.sector_parent()};
  for (int line = 0; line < tree::kLines; ++line) {
    if (!parents[line]->empty()) place.parents[line] = ids_->Number(IdOf(*parents[line]));
  }
  touched->units.push_back(number);
  Row& row = RowOf(number);
  if (!row.placed || (!more_places_.contains(number) && row.place.from == place.from)) {
    row.placed = true;
    row.place = place;
    return;
  }
  std::vector<Place>& places = more_places_[number];
  if (places.empty()) places.push_back(row.place);
  auto it = std::lower_bound(places.begin(), places.end(), place,
                             [](const Place& a, const Place& b) { return a.from < b.from; });
  if (it != places.end() && it->from == place.from) {
    *it = place;
  } else {
    places.insert(it, place);
  }
  row.place = places.front();
}

void RegistryFacts::ApplyEnrollment(const registry::v1::Enrollment& enrollment, Touched* touched) {
  const std::string programme(resource::ParentName(enrollment.name()));
  const Unit unit = ids_->Number(resource::LastSegment(enrollment.name()));
  std::vector<DaySpan>& spans = ProgrammeOf(programme).members[unit].spans;
  spans.clear();
  for (const registry::v1::EnrollmentSpan& span : enrollment.spans()) {
    spans.push_back({DayOf(span.has_from_date(), span.from_date(), kFirstDay),
                     DayOf(span.has_until_date(), span.until_date(), kLastDay)});
  }
  touched->programmes.emplace_back(programme, unit);
}

void RegistryFacts::ApplyDesignation(const registry::v1::Designation& designation,
                                     Touched* touched) {
  const Unit unit = ids_->Number(IdOf(designation.name()));
  std::vector<Title>& titles = ProgrammeOf(designation.programme()).members[unit].titles;
  auto it = std::lower_bound(
      titles.begin(), titles.end(), designation.name(),
      [](const Title& title, const std::string& name) { return title.name < name; });
  if (it == titles.end() || it->name != designation.name()) {
    it = titles.insert(it, Title{designation.name(), "", 0, {}});
  }
  it->title = designation.title();
  it->level = Code(designation.level());
  const DayNumber revoked =
      DayOf(designation.has_revoked_date(), designation.revoked_date(), kLastDay);
  it->spans.clear();
  for (const registry::v1::DesignationTerm& term : designation.terms()) {
    const DayNumber last = DayOf(term.has_valid_until(), term.valid_until(), kLastDay);
    const DaySpan span{DayOf(term.has_named_date(), term.named_date(), kFirstDay),
                       std::min(last == kLastDay ? kLastDay : last + 1, revoked)};
    if (span.from < span.until) it->spans.push_back(span);
  }
  touched->programmes.emplace_back(designation.programme(), unit);
}

void RegistryFacts::ApplyDeleted(const std::string& name, Touched* touched) {
  // Units never vanish; a place or an enrolment that was taken back does.
  if (resource::MatchesName(name, "units/{office}/programmes/{programme}/enrollments/{unit}")) {
    const std::string programme(resource::ParentName(name));
    const Unit unit = ids_->Number(resource::LastSegment(name));
    ProgrammeOf(programme).members[unit].spans.clear();
    touched->programmes.emplace_back(programme, unit);
    return;
  }
  if (!resource::MatchesName(name, "units/{unit}/placements/{from}")) return;
  const Unit number = ids_->Number(IdOf(name));
  absl::StatusOr<absl::CivilDay> day = calendar::ParseDay(resource::LastSegment(name), "placement");
  auto places = more_places_.find(number);
  if (!day.ok() || places == more_places_.end()) return;
  const auto from = static_cast<DayNumber>(*day - kEpoch);
  auto& list = places->second;
  list.erase(std::remove_if(list.begin(), list.end(),
                            [&](const Place& place) { return place.from == from; }),
             list.end());
  RowOf(number).place = list.front();
  if (list.size() == 1) more_places_.erase(places);
  touched->units.push_back(number);
}

const RegistryFacts::Place* RegistryFacts::PlaceAt(Unit unit, absl::Time at) const {
  if (unit >= rows_.size() || !rows_[unit].known || !rows_[unit].placed) return nullptr;
  const Row& row = rows_[unit];
  const DayNumber day = DayAt(at, calendar::DefaultZone());
  if (day < row.place.from || day >= row.closed) return nullptr;
  auto more = more_places_.find(unit);
  if (more == more_places_.end()) return &row.place;
  const Place* held = &row.place;
  for (const Place& place : more->second) {
    if (place.from <= day) held = &place;
  }
  return held;
}

bool RegistryFacts::Exists(Unit unit, absl::Time at) const { return PlaceAt(unit, at) != nullptr; }

Unit RegistryFacts::Parent(Unit unit, tree::Line line, absl::Time at) const {
  const Place* place = PlaceAt(unit, at);
  return place == nullptr ? kNoUnit : place->parents[static_cast<int>(line)];
}

absl::string_view RegistryFacts::Level(Unit unit) const {
  return unit < rows_.size() ? codes_[rows_[unit].level] : codes_[0];
}

absl::string_view RegistryFacts::Kind(Unit unit) const {
  return unit < rows_.size() ? codes_[rows_[unit].kind] : codes_[0];
}

bool RegistryFacts::Covers(const std::vector<DaySpan>& spans, DayNumber day) {
  return std::any_of(spans.begin(), spans.end(),
                     [day](const DaySpan& span) { return span.Contains(day); });
}

const RegistryFacts::ProgrammeFacts* RegistryFacts::Find(absl::string_view programme) const {
  auto found = programmes_.find(programme);
  return found == programmes_.end() ? nullptr : &found->second;
}

const RegistryFacts::Membership* RegistryFacts::MembershipOf(absl::string_view programme,
                                                             Unit unit) const {
  const ProgrammeFacts* found = Find(programme);
  if (found == nullptr) return nullptr;
  auto member = found->members.find(unit);
  return member == found->members.end() ? nullptr : &member->second;
}

bool RegistryFacts::Enrolled(absl::string_view programme, Unit unit, absl::Time at) const {
  const Membership* membership = MembershipOf(programme, unit);
  return membership != nullptr &&
         Covers(membership->spans, DayAt(at, programmes_.find(programme)->second.zone));
}

bool RegistryFacts::Titled(absl::string_view programme, Unit unit, absl::Time at) const {
  const Membership* membership = MembershipOf(programme, unit);
  if (membership == nullptr) return false;
  const DayNumber day = DayAt(at, programmes_.find(programme)->second.zone);
  return std::any_of(membership->titles.begin(), membership->titles.end(),
                     [day](const Title& title) { return Covers(title.spans, day); });
}

std::vector<std::string> RegistryFacts::Titles(absl::string_view programme, Unit unit,
                                               absl::Time at, absl::string_view title) const {
  std::vector<std::string> names;
  const Membership* membership = MembershipOf(programme, unit);
  if (membership == nullptr) return names;
  const DayNumber day = DayAt(at, programmes_.find(programme)->second.zone);
  for (const Title& held : membership->titles) {
    if ((title.empty() || held.title == title) && Covers(held.spans, day)) {
      names.push_back(held.name);
    }
  }
  return names;
}

std::string RegistryFacts::TitleOfLevel(absl::string_view programme, Unit unit,
                                        absl::string_view level, absl::Time at) const {
  const Membership* membership = MembershipOf(programme, unit);
  if (membership == nullptr) return "";
  const DayNumber day = DayAt(at, Find(programme)->zone);
  for (const Title& held : membership->titles) {
    if (codes_[held.level] == level && Covers(held.spans, day)) return held.name;
  }
  return "";
}

bool RegistryFacts::TookPart(absl::string_view programme, Unit unit) const {
  const Membership* membership = MembershipOf(programme, unit);
  return membership != nullptr && !membership->spans.empty();
}

std::shared_ptr<const registry::v1::Programme> RegistryFacts::Programme(
    absl::string_view programme) const {
  const ProgrammeFacts* found = Find(programme);
  return found == nullptr ? nullptr : found->told;
}

absl::CivilDay RegistryFacts::DayIn(absl::string_view programme, absl::Time at) const {
  const ProgrammeFacts* found = Find(programme);
  return absl::ToCivilDay(at, found == nullptr ? calendar::DefaultZone() : found->zone);
}

std::vector<Unit> RegistryFacts::Members(absl::string_view programme) const {
  std::vector<Unit> members;
  auto found = programmes_.find(programme);
  if (found == programmes_.end()) return members;
  for (const auto& [unit, membership] : found->second.members) members.push_back(unit);
  return members;
}

absl::Time RegistryFacts::NextPlaceChange(Unit unit, absl::Time at) const {
  absl::Time next = absl::InfiniteFuture();
  if (unit >= rows_.size() || !rows_[unit].placed) return next;
  const Row& row = rows_[unit];
  const absl::TimeZone zone = calendar::DefaultZone();
  std::vector<DaySpan> spans = {{row.place.from, row.closed}};
  if (auto more = more_places_.find(unit); more != more_places_.end()) {
    for (const Place& place : more->second) spans.push_back({place.from, kLastDay});
  }
  NextBoundary(spans, at, zone, &next);
  return next;
}

absl::Time RegistryFacts::NextProgrammeChange(absl::string_view programme, Unit unit,
                                              absl::Time at) const {
  absl::Time next = absl::InfiniteFuture();
  const Membership* membership = MembershipOf(programme, unit);
  if (membership == nullptr) return next;
  const absl::TimeZone zone = programmes_.find(programme)->second.zone;
  NextBoundary(membership->spans, at, zone, &next);
  for (const Title& title : membership->titles) NextBoundary(title.spans, at, zone, &next);
  return next;
}

}  // namespace terrace::scoring
