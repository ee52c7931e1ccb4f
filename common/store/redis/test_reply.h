// Replies for tests, from what stands on the wire.
#ifndef TERRACE_COMMON_STORE_REDIS_TEST_REPLY_H_
#define TERRACE_COMMON_STORE_REDIS_TEST_REPLY_H_

#include "absl/strings/string_view.h"
#include "common/store/redis/reply.h"

namespace terrace::store::redis {

inline ReplyPtr ParseReply(absl::string_view wire) {
  redisReader* reader = redisReaderCreate();
  redisReaderFeed(reader, wire.data(), wire.size());
  void* reply = nullptr;
  redisReaderGetReply(reader, &reply);
  redisReaderFree(reader);
  return ReplyPtr(static_cast<redisReply*>(reply));
}

}  // namespace terrace::store::redis

#endif  // TERRACE_COMMON_STORE_REDIS_TEST_REPLY_H_
