#include "services/inspections/draw.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/decimal.h"
#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/resource/names.h"

namespace terrace::inspections {
namespace {

using Ticket = std::pair<std::string, const std::string*>;  // Digest, name.

// The first `count` names in the order of their tickets.
std::vector<Ticket> Lowest(const std::string& seed, absl::string_view what, int round,
                           absl::Span<const std::string> names, size_t count) {
  std::vector<Ticket> tickets;
  tickets.reserve(names.size());
  Sha256Stream hash;
  const std::string number = absl::StrCat(round);
  for (const std::string& name : names) {
    hash.AddSized(seed).AddSized(what).AddSized(number).AddSized(name);
    tickets.emplace_back(hash.Finish(), &name);
  }
  const auto less = [](const Ticket& a, const Ticket& b) {
    return a.first != b.first ? a.first < b.first : *a.second < *b.second;
  };
  count = std::min(count, tickets.size());
  std::partial_sort(tickets.begin(), tickets.begin() + count, tickets.end(), less);
  tickets.resize(count);
  return tickets;
}

// Deals drawn units out to teams in turn.
class Dealer {
 public:
  Dealer(const DrawInput& input, int round) : input_(input) {
    for (const Ticket& ticket :
         Lowest(input.seed, "team", round, input.teams, input.teams.size())) {
      turn_.push_back(*ticket.second);
    }
  }

  // The team that goes to the unit; empty when the plan has none.
  absl::StatusOr<std::string> Deal(const std::string& unit, std::vector<v1::Recusal>* recusals) {
    if (turn_.empty()) return std::string();
    size_t chosen = turn_.size();
    for (size_t i = 0; i < turn_.size(); ++i) {
      // All are asked, so that the record names every recusal from a drawn unit.
      if (input_.recused && input_.recused(turn_[i], unit)) {
        v1::Recusal& recusal = recusals->emplace_back();
        recusal.set_team(turn_[i]);
        recusal.set_unit(unit);
      } else if (chosen == turn_.size()) {
        chosen = i;
      }
    }
    if (chosen == turn_.size()) return Error(Reason::NO_TEAM_LEFT, {{"unit", unit}});
    std::string team = turn_[chosen];
    turn_.erase(turn_.begin() + chosen);
    turn_.push_back(team);
    return team;
  }

 private:
  const DrawInput& input_;
  std::vector<std::string> turn_;  // Next in turn first.
};

absl::Status BadSample(absl::string_view detail) {
  return Error(Reason::INVALID_FIELD, {{"field", "sample"}, {"detail", std::string(detail)}});
}

void AppendVarint(std::string* out, size_t value) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

bool TakeVarint(absl::string_view* in, size_t* value) {
  *value = 0;
  for (int shift = 0; shift < 28; shift += 7) {
    if (in->empty()) return false;
    const unsigned char byte = in->front();
    in->remove_prefix(1);
    *value |= static_cast<size_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<int64_t> RoundSize(const v1::SampleSize& sample, int64_t pool) {
  switch (sample.size_case()) {
    case v1::SampleSize::kCount:
      if (sample.count() < 1 || sample.count() > kDrawEntriesMax) {
        return BadSample(absl::StrCat("count must be 1 to ", kDrawEntriesMax));
      }
      return std::min<int64_t>(sample.count(), pool);
    case v1::SampleSize::kPercent: {
      TERRACE_ASSIGN_OR_RETURN(Decimal percent, FromProto(sample.percent(), "sample.percent"));
      TERRACE_ASSIGN_OR_RETURN(Decimal hundred, Decimal::FromInteger(100));
      if (percent.sign() <= 0 || percent > hundred) {
        return BadSample("percent must be above 0 and at most 100");
      }
      // ceil(pool * unscaled / (100 * 10^decimals)) in whole numbers.
      __extension__ using Wide = unsigned __int128;
      Wide whole = 100;
      for (int i = 0; i < percent.decimals(); ++i) whole *= 10;
      const Wide share = static_cast<Wide>(pool) * static_cast<Wide>(percent.unscaled());
      return static_cast<int64_t>((share + whole - 1) / whole);
    }
    case v1::SampleSize::kEveryone:
    case v1::SampleSize::SIZE_NOT_SET:
      return pool;
  }
  return pool;
}

absl::StatusOr<DrawOutput> DrawByLot(const DrawInput& input) {
  TERRACE_CHECK(input.seed.size() == kSeedBytes);
  TERRACE_ASSIGN_OR_RETURN(int64_t size,
                           RoundSize(input.sample, static_cast<int64_t>(input.pool.size())));
  const int64_t reserves = input.sample.reserves();
  if (reserves < 0 || reserves > 1000) return BadSample("reserves must be 0 to 1000");
  const int64_t each = std::min<int64_t>(size + reserves, input.pool.size());
  if (each * input.rounds > kDrawEntriesMax) {
    return Error(Reason::DRAW_TOO_LARGE, {{"count", absl::StrCat(each * input.rounds)},
                                          {"limit", absl::StrCat(kDrawEntriesMax)}});
  }
  DrawOutput output;
  absl::flat_hash_set<std::string> told;  // Recusals already in the output.
  for (int round = 1; round <= input.rounds; ++round) {
    Dealer dealer(input, round);
    const std::vector<Ticket> drawn = Lowest(input.seed, "unit", round, input.pool, each);
    for (size_t i = 0; i < drawn.size(); ++i) {
      v1::DrawEntry& entry = output.entries.emplace_back();
      entry.set_round(round);
      entry.set_order(static_cast<int32_t>(i) + 1);
      entry.set_unit(*drawn[i].second);
      entry.set_reserve(static_cast<int64_t>(i) >= size);
      if (entry.reserve()) continue;
      std::vector<v1::Recusal> recusals;
      TERRACE_ASSIGN_OR_RETURN(*entry.mutable_team(), dealer.Deal(entry.unit(), &recusals));
      for (v1::Recusal& recusal : recusals) {
        if (told.insert(absl::StrCat(recusal.team(), " ", recusal.unit())).second) {
          output.recusals.push_back(std::move(recusal));
        }
      }
    }
  }
  return output;
}

std::string PoolHash(absl::Span<const std::string> pool) {
  Sha256Stream hash;
  for (const std::string& name : pool) hash.Add(name).Add("\n");
  return hash.Finish();
}

absl::StatusOr<std::string> EncodePool(absl::Span<const std::string> pool) {
  std::string out;
  absl::string_view last;
  for (const std::string& name : pool) {
    const absl::string_view id = resource::LastSegment(name);
    size_t shared = 0;
    while (shared < last.size() && shared < id.size() && last[shared] == id[shared]) ++shared;
    AppendVarint(&out, shared);
    AppendVarint(&out, id.size() - shared);
    out.append(id.data() + shared, id.size() - shared);
    last = id;
  }
  if (out.size() > kPoolBytesMax) {
    return Error(Reason::POOL_TOO_LARGE, {{"count", absl::StrCat(pool.size())}});
  }
  return out;
}

absl::StatusOr<std::vector<std::string>> DecodePool(absl::string_view bytes) {
  std::vector<std::string> pool;
  std::string id;
  while (!bytes.empty()) {
    size_t shared = 0;
    size_t further = 0;
    if (!TakeVarint(&bytes, &shared) || !TakeVarint(&bytes, &further) || shared > id.size() ||
        further > bytes.size()) {
      return absl::DataLossError("the pool of a draw cannot be read");
    }
    id.resize(shared);
    id.append(bytes.data(), further);
    bytes.remove_prefix(further);
    pool.push_back(resource::UnitName(id));
  }
  return pool;
}

}  // namespace terrace::inspections
