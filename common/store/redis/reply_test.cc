#include "common/store/redis/reply.h"

#include <gtest/gtest.h>

#include <string>

#include "common/store/redis/test_reply.h"

namespace terrace::store::redis {
namespace {

TEST(ViewTest, ReadsWhatIsThere) {
  const ReplyPtr reply = ParseReply("*4\r\n:42\r\n$2\r\n17\r\n$-1\r\n*1\r\n+OK\r\n");
  const View view(reply);
  ASSERT_EQ(view.size(), 4u);
  EXPECT_EQ(view[0].number(), 42);
  EXPECT_EQ(view[1].number(), 17);
  EXPECT_EQ(view[1].text(), "17");
  EXPECT_TRUE(view[2].is_nil());
  EXPECT_EQ(view[3][0].text(), "OK");
}

TEST(ViewTest, WhatIsNotThereReadsAsNothing) {
  const ReplyPtr reply = ParseReply("+text\r\n");
  const View view(reply);
  EXPECT_EQ(view.size(), 0u);
  EXPECT_TRUE(view[3].is_nil());
  EXPECT_TRUE(view[3][1].is_nil());
  EXPECT_EQ(view[3].text(), "");
  EXPECT_EQ(view.number(), 0);
  EXPECT_FALSE(view.is_error());
}

TEST(AppendCommandTest, CountsBytes) {
  std::string out;
  const absl::string_view words[] = {"SET", absl::string_view("a\0b", 3), "\r\n", ""};
  AppendCommand(words, &out);
  EXPECT_EQ(out, std::string("*4\r\n$3\r\nSET\r\n$3\r\na\0b\r\n$2\r\n\r\n\r\n$0\r\n\r\n", 36));
}

TEST(ClassifyTest, SaysWhereToGo) {
  const ErrorReply moved = Classify("MOVED 3999 127.0.0.1:6381");
  EXPECT_EQ(moved.fault, Fault::kMoved);
  EXPECT_EQ(moved.to, (Address{"127.0.0.1", 6381}));
  const ErrorReply ask = Classify("ASK 3999 ::1:6381");
  EXPECT_EQ(ask.fault, Fault::kAsk);
  EXPECT_EQ(ask.to, (Address{"::1", 6381}));
  const ErrorReply same_host = Classify("MOVED 3999 :6381");
  EXPECT_EQ(same_host.fault, Fault::kMoved);
  EXPECT_EQ(same_host.to, (Address{"", 6381}));
}

// Whoever cannot be understood is asked again, never followed.
TEST(ClassifyTest, ARedirectionToNowhereIsTriedAgain) {
  for (const char* error : {"MOVED", "MOVED 1", "ASK 1 nowhere", "MOVED 1 :", "MOVED 1 h:x"}) {
    EXPECT_EQ(Classify(error).fault, Fault::kTryLater) << error;
  }
}

TEST(ClassifyTest, KnowsTheCodes) {
  const std::pair<const char*, Fault> cases[] = {
      {"TRYAGAIN Multiple keys request during rehashing of slot", Fault::kTryLater},
      {"LOADING Redis is loading the dataset in memory", Fault::kTryLater},
      {"BUSY Redis is busy running a script.", Fault::kTryLater},
      {"CLUSTERDOWN The cluster is down", Fault::kNotMaster},
      {"MASTERDOWN Link with MASTER is down", Fault::kNotMaster},
      {"READONLY You can't write against a read only replica.", Fault::kNotMaster},
      {"UNBLOCKED force unblock from blocking operation", Fault::kNotMaster},
      {"NOREPLICAS Not enough good replicas to write.", Fault::kFewReplicas},
      {"NOSCRIPT No matching script.", Fault::kNoScript},
      {"ERR unknown command", Fault::kRefused},
      {"OOM command not allowed when used memory > 'maxmemory'.", Fault::kRefused},
      {"MOVEDX 1 h:1", Fault::kRefused},
      {"", Fault::kRefused},
  };
  for (const auto& [error, fault] : cases) EXPECT_EQ(Classify(error).fault, fault) << error;
}

}  // namespace
}  // namespace terrace::store::redis
