// The draw of units by lot, so that anybody can replay it from its record.
//
// TERRACE-DRAW-1, to the byte. Let S(x) be x preceded by its length as 8 bytes, big endian.
//   ticket of a unit in a round   SHA-256( S(seed) S("unit") S(round) S(name) )
//   ticket of a team in a round   SHA-256( S(seed) S("team") S(round) S(name) )
// where seed is 32 raw bytes, round the decimal number, name the full resource name. In each round,
// units are put in the order of their tickets (bytes; equal tickets by name). The first `size` are
// drawn, the next `reserves` are reserves. Teams are put in the order of their tickets too; the
// drawn units are dealt out in their order, each to the next team in turn that is not recused from
// it (a team passed over stays next in turn).
//
// The size of a round is the whole pool, a count (at most the pool), or a share in per cent of the
// pool, rounded up.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_INSPECTIONS_DRAW_H_
#define TERRACE_SERVICES_INSPECTIONS_DRAW_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "terrace/inspections/v1/plans.pb.h"

namespace terrace::inspections {

inline constexpr absl::string_view kDrawAlgorithm = "TERRACE-DRAW-1";
inline constexpr size_t kSeedBytes = 32;
// Limits: a draw is one record of a batch, and so is its pool.
inline constexpr int kDrawEntriesMax = 4000;
inline constexpr size_t kPoolBytesMax = 900 << 10;  // Front-coded.

struct DrawInput {
  std::string seed;               // kSeedBytes raw bytes.
  std::vector<std::string> pool;  // Full names, sorted by bytes, no name twice.
  v1::SampleSize sample;
  int rounds = 1;
  std::vector<std::string> teams;  // Full names; empty for a plan without teams.
  // Whether the team must not go to the unit (full names).
  std::function<bool(const std::string& team, const std::string& unit)> recused;
};

struct DrawOutput {
  std::vector<v1::DrawEntry> entries;  // Without names of visits.
  std::vector<v1::Recusal> recusals;   // Between teams and drawn units.
};

// INVALID_FIELD for a bad size, DRAW_TOO_LARGE, NO_TEAM_LEFT when all are recused from a unit.
absl::StatusOr<DrawOutput> DrawByLot(const DrawInput& input);

// Units drawn in a round of a pool of that size, without reserves.
absl::StatusOr<int64_t> RoundSize(const v1::SampleSize& sample, int64_t pool);

// SHA-256 over the names, each followed by a line feed; raw bytes.
std::string PoolHash(absl::Span<const std::string> pool);

// The ids of a sorted pool, front-coded as PoolRecord says, and back. Encoding fails with
// POOL_TOO_LARGE, decoding with DATA_LOSS.
absl::StatusOr<std::string> EncodePool(absl::Span<const std::string> pool);
absl::StatusOr<std::vector<std::string>> DecodePool(absl::string_view bytes);

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_DRAW_H_
