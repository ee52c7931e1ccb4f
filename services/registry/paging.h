// One page of a list: where it starts, how many rows it takes, where the next one starts.
//
// Thread-safety. None; one pager belongs to one request.
#ifndef TERRACE_SERVICES_REGISTRY_PAGING_H_
#define TERRACE_SERVICES_REGISTRY_PAGING_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/machine/machine.h"
#include "common/resource/page_token.h"
#include "common/rpc/methods.h"

namespace terrace::registry {

class Pager {
 public:
  // `choice` is everything in the request that chooses or orders rows. INVALID_PAGE_SIZE,
  // INVALID_PAGE_TOKEN; REVISION_NOT_REACHED on a replica that is behind the page before.
  static absl::StatusOr<Pager> Start(const machine::Machine& machine, int32_t page_size,
                                     absl::string_view page_token,
                                     absl::Span<const absl::string_view> choice,
                                     int default_size = resource::kPageSizeDefault);

  // The list goes on with the first key greater than this.
  const std::string& after() const { return token_.last_key; }
  int size() const { return size_; }

  // Takes a row into the page; false when the page is full, which leaves the row for the next one.
  bool Take(absl::string_view key) {
    if (taken_ == size_) {
      more_ = true;
      return false;
    }
    ++taken_;
    last_ = std::string(key);
    return true;
  }
  bool full() const { return taken_ == size_; }

  // Sets next_page_token and cursor. The page speaks for `position`, where its first row was read.
  template <class Response>
  void Finish(const store::Cursor& position, rpc::Call& call, Response* reply) const {
    if (more_) {
      reply->set_next_page_token(
          resource::EncodePageToken({last_, position.log_id, position.revision.value}, list_hash_));
    }
    rpc::StampCursor("registry", position, call, reply);
  }

 private:
  resource::PageToken token_;
  uint64_t list_hash_ = 0;
  int size_ = 0;
  int taken_ = 0;
  bool more_ = false;
  std::string last_;
};

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_PAGING_H_
