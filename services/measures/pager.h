// Pages of a list: from the token of the request to the token of the reply.
#ifndef TERRACE_SERVICES_MEASURES_PAGER_H_
#define TERRACE_SERVICES_MEASURES_PAGER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/machine/machine.h"
#include "common/resource/page_token.h"
#include "services/measures/unit_scope.h"

namespace terrace::measures {

// Steps that one page takes at most; a list in which next to nothing matches the filter gives short
// pages rather than holding a thread for long.
inline constexpr int kPageStepsMax = 200;

// Thread-safety: none.
class Pager {
 public:
  // `parts` choose the rows, see resource::ListHash. `order_by` must be empty or "name".
  static absl::StatusOr<Pager> Start(const machine::Machine& machine, int32_t page_size,
                                     const std::string& token, absl::string_view order_by,
                                     absl::Span<const absl::string_view> parts);

  WalkPosition& position() { return position_; }
  std::string& inner() { return inner_; }

  // Tells about a step: where the log stood, and whether it came to the end.
  void Stepped(const store::Cursor& at, bool ended);
  // A row for the page; returns whether there is room for more.
  bool Took() { return ++rows_ < page_size_; }
  bool more() const { return !ended_ && rows_ < page_size_ && steps_ < kPageStepsMax; }

  // The position that the page speaks for: the first step's.
  const store::Cursor& cursor() const { return cursor_; }
  // Empty on the last page.
  std::string NextToken() const;

 private:
  Pager() = default;

  uint64_t hash_ = 0;
  int page_size_ = 0;
  WalkPosition position_;
  std::string inner_;
  store::Cursor cursor_;
  int64_t least_revision_ = 0;
  int rows_ = 0;
  int steps_ = 0;
  bool ended_ = false;
};

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_PAGER_H_
