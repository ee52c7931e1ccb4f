// Page tokens of lists, and page sizes.
//
// Concept. Lists are paged by key: a token says after which key to go on, for which list (a hash of
// filter, order, subtree and whatever else chose the rows), in which log, and which revision the
// next page must have reached at least, so that what exists throughout appears exactly once even
// when another replica answers. Tokens are opaque base64url with a checksum: it catches accidents
// and tokens of other lists. It is no secret; access is checked on every page again.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_COMMON_RESOURCE_PAGE_TOKEN_H_
#define TERRACE_COMMON_RESOURCE_PAGE_TOKEN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"

namespace terrace::resource {

// Rows of a page when the request does not say, and at most.
inline constexpr int kPageSizeDefault = 100;
inline constexpr int kPageSizeMax = 1000;
// Longest last key that a token carries.
inline constexpr size_t kPageKeyBytesMax = 2048;

struct PageToken {
  std::string last_key;        // The list goes on with the first key greater than this.
  std::string log_id;          // Log of the service that answered.
  int64_t least_revision = 0;  // The answer must include this revision.
  friend bool operator==(const PageToken&, const PageToken&) = default;
};

// Identity of a list: everything in the request that chooses or orders rows, in a fixed order:
// method, parent, filter, order_by, subtree, line, at_time. Not page_size and page_token.
uint64_t ListHash(absl::Span<const absl::string_view> parts);

std::string EncodePageToken(const PageToken& token, uint64_t list_hash);

// An empty token starts a list: last_key "" and revision 0. INVALID_PAGE_TOKEN when the token is
// damaged, was made for another list, or speaks of another log than `log_id`.
absl::StatusOr<PageToken> DecodePageToken(absl::string_view token, uint64_t list_hash,
                                          absl::string_view log_id);

// The position that the answer to a token must have reached, told by whoever made it; nullopt when
// there is none to be read. DecodePageToken decides later whether the token is good.
struct PagePosition {
  std::string log_id;
  int64_t least_revision = 0;
};
absl::optional<PagePosition> PositionOfPageToken(absl::string_view token);

// Rows to return: the default for 0, never more than the maximum; INVALID_PAGE_SIZE below 0.
absl::StatusOr<int> CoercePageSize(int32_t requested, int default_size = kPageSizeDefault,
                                   int max_size = kPageSizeMax);

}  // namespace terrace::resource

#endif  // TERRACE_COMMON_RESOURCE_PAGE_TOKEN_H_
