#include "services/registry/programme_index.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "services/registry/vocabulary.h"

namespace terrace::registry {
namespace {

size_t ShardOf(absl::string_view unit) {
  return absl::Hash<absl::string_view>()(unit) % kStandingShards;
}

HeldTitle ToHeld(absl::string_view id, const v1::Designation& designation) {
  HeldTitle held;
  held.designation = std::string(id);
  held.level = std::string(LevelId(designation.level()));
  held.title = designation.title();
  if (designation.terms_size() > 0) held.batch = designation.terms(0).batch();
  for (const v1::DesignationTerm& term : designation.terms()) {
    held.terms.push_back(
        {DayOr(term.named_date(), kFirstDay), DayOr(term.valid_until(), kLastDay)});
  }
  held.revoked = DayOr(designation.revoked_date(), kLastDay);
  return held;
}

}  // namespace

bool HeldTitle::IsHeldOn(Day day) const {
  return day < revoked && std::any_of(terms.begin(), terms.end(), [day](const Term& term) {
           return term.named <= day && day <= term.last;
         });
}

v1::EnrollmentRole Standing::RoleOn(Day day) const {
  for (const Span& span : spans) {
    if (span.from <= day && day < span.until) return span.role;
  }
  return v1::ENROLLMENT_ROLE_UNSPECIFIED;
}

Standing& ProgrammeIndex::Mutable(absl::string_view programme, absl::string_view unit) {
  return programmes_[std::string(programme)][ShardOf(unit)].Mutable()[std::string(unit)];
}

void ProgrammeIndex::PutEnrollment(absl::string_view programme, absl::string_view unit,
                                   const v1::Enrollment& enrollment) {
  Standing& standing = Mutable(programme, unit);
  standing.spans.clear();
  for (const v1::EnrollmentSpan& span : enrollment.spans()) {
    standing.spans.push_back(
        {DayOr(span.from_date(), kFirstDay), DayOr(span.until_date(), kLastDay), span.role()});
  }
}

void ProgrammeIndex::PutDesignation(absl::string_view unit, absl::string_view designation,
                                    const v1::Designation& now, const v1::Designation* before) {
  auto at = [&](std::vector<HeldTitle>& titles) {
    return std::lower_bound(
        titles.begin(), titles.end(), designation,
        [](const HeldTitle& held, absl::string_view id) { return held.designation < id; });
  };
  if (before != nullptr) {
    std::vector<HeldTitle>& titles = Mutable(before->programme(), unit).titles;
    auto it = at(titles);
    if (it != titles.end() && it->designation == designation) titles.erase(it);
  }
  std::vector<HeldTitle>& titles = Mutable(now.programme(), unit).titles;
  titles.insert(at(titles), ToHeld(designation, now));
}

const Standing* ProgrammeIndex::Find(absl::string_view programme, absl::string_view unit) const {
  auto shards = programmes_.find(programme);
  if (shards == programmes_.end()) return nullptr;
  const StandingShard& shard = shards->second[ShardOf(unit)].get();
  auto it = shard.find(unit);
  return it == shard.end() ? nullptr : &it->second;
}

ProgrammeView ProgrammeIndex::view(absl::string_view programme) const {
  static const Shards* const empty = new Shards();
  auto it = programmes_.find(programme);
  const Shards& shards = it == programmes_.end() ? *empty : it->second;
  ProgrammeView view;
  for (size_t i = 0; i < kStandingShards; ++i) view[i] = shards[i].pin();
  return view;
}

std::string ProgrammeIndex::Digest() const {
  Sha256Stream hash;
  for (const auto& [programme, shards] : programmes_) {
    absl::btree_map<absl::string_view, const Standing*> units;
    for (const Versioned<StandingShard>& shard : shards) {
      for (const auto& [unit, standing] : shard.get()) units.emplace(unit, &standing);
    }
    for (const auto& [unit, standing] : units) {
      hash.AddSized(programme).AddSized(unit);
      for (const Standing::Span& span : standing->spans) {
        hash.AddSized(
            absl::StrCat(FormatDay(span.from), "/", FormatDay(span.until), "/", span.role));
      }
      for (const HeldTitle& held : standing->titles) {
        hash.AddSized(held.designation).AddSized(held.level).AddSized(held.title);
        hash.AddSized(held.batch).AddSized(FormatDay(held.revoked));
        for (const HeldTitle::Term& term : held.terms) {
          hash.AddSized(absl::StrCat(FormatDay(term.named), "/", FormatDay(term.last)));
        }
      }
    }
  }
  return hash.Finish();
}

}  // namespace terrace::registry
