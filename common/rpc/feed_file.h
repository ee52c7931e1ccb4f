// What a follower heard, kept in a file: the snapshot and every message after it, as they came. A
// process reads it when it starts, so that it can serve before its upstream answers, and goes on
// from the last cursor instead of asking for everything again.
//
// The file is a cache: whatever is damaged or cut off at its end is left out, and a feed that was
// lost comes again from upstream. Nothing is synced to disk for its sake.
//
// Thread-safety. Belongs to one thread at a time.
#ifndef TERRACE_COMMON_RPC_FEED_FILE_H_
#define TERRACE_COMMON_RPC_FEED_FILE_H_

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace terrace::rpc {

class FeedFile {
 public:
  // Does nothing before Replay or Begin.
  explicit FeedFile(std::string path);

  // Reads the messages that were kept, oldest first, and goes on after the last good one. Keeps
  // nothing of a feed without a whole snapshot (see Begin): then `take` is not called.
  void Replay(absl::FunctionRef<void(absl::string_view message)> take);

  // A new snapshot begins. It takes the place of the file once it is whole.
  void Begin();
  // Keeps a message. `ends_snapshot` says that everything since Begin is a whole snapshot. An error
  // is final: nothing is kept any more, and the next start asks for a snapshot.
  absl::Status Append(absl::string_view message, bool ends_snapshot);

  // Whether what came after the snapshot outweighs it, so that a new snapshot is worth asking for.
  bool Overgrown() const;

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  const std::string path_;
  const std::string unfinished_path_;
  std::unique_ptr<std::FILE, Close> file_;
  bool whole_ = false;
  int64_t bytes_ = 0;
  int64_t snapshot_bytes_ = 0;
};

}  // namespace terrace::rpc

#endif  // TERRACE_COMMON_RPC_FEED_FILE_H_
