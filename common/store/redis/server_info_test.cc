#include "common/store/redis/server_info.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/store/redis/test_reply.h"

namespace terrace::store::redis {
namespace {

constexpr char kInfo[] =
    "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n\r\n# Replication\r\n"
    "role:master\r\nconnected_slaves:2\r\nslave0:ip=127.0.0.1,port=1,state=online\r\n"
    "master_replid:0c785c2c7e67642cd59482aca1a022be938674bc\r\nmaster_replid2:0000\r\n";

Settings Safe() {
  return {{"appendonly", "yes"},
          {"appendfsync", "always"},
          {"maxmemory-policy", "noeviction"},
          {"min-replicas-to-write", "1"}};
}

TEST(ServerInfoTest, Parse) {
  const ServerInfo info = ParseInfo(kInfo);
  EXPECT_EQ(info.version, "7.0.15");
  EXPECT_TRUE(info.master);
  EXPECT_FALSE(info.cluster);
  EXPECT_EQ(info.replicas, 2);
  EXPECT_EQ(info.replication_id, "0c785c2c7e67642cd59482aca1a022be938674bc");
  const ServerInfo replica = ParseInfo("role:slave\r\nredis_mode:cluster\r\n");
  EXPECT_FALSE(replica.master);
  EXPECT_TRUE(replica.cluster);
  EXPECT_EQ(ParseInfo("").version, "");
}

TEST(ServerInfoTest, ASafeServerIsFound) {
  Config config;
  EXPECT_EQ(FindUnsafe(config, ParseInfo(kInfo), Safe()), absl::nullopt);
  config.wait = 1;
  EXPECT_EQ(FindUnsafe(config, ParseInfo(kInfo), Safe()), absl::nullopt);
}

TEST(ServerInfoTest, WhatIsUnsafeIsNamed) {
  const std::pair<const char*, const char*> cases[] = {{"appendonly", "no"},
                                                       {"appendfsync", "everysec"},
                                                       {"maxmemory-policy", "allkeys-lru"},
                                                       {"min-replicas-to-write", "1"}};
  Config config;
  config.wait = 2;
  Settings enough = Safe();
  enough["min-replicas-to-write"] = "2";
  ASSERT_EQ(FindUnsafe(config, ParseInfo(kInfo), enough), absl::nullopt);
  for (const auto& [name, value] : cases) {
    for (bool missing : {false, true}) {
      Settings settings = enough;
      settings[name] = value;
      if (missing) settings.erase(name);
      const auto why = FindUnsafe(config, ParseInfo(kInfo), settings);
      ASSERT_TRUE(why.has_value()) << name;
      EXPECT_TRUE(absl::StrContains(*why, absl::StrCat("set \"", name, " "))) << *why;
    }
  }
}

TEST(ServerInfoTest, OldServersAndTheWrongKindAreOfNoUse) {
  Config config;
  ServerInfo info = ParseInfo(kInfo);
  for (const char* version : {"6.2.14", "", "x"}) {
    info.version = version;
    EXPECT_TRUE(FindUnusable(config, info).has_value()) << version;
  }
  info.version = "10.0.0";
  EXPECT_EQ(FindUnusable(config, info), absl::nullopt);
  config.cluster = true;
  EXPECT_TRUE(absl::StrContains(*FindUnusable(config, info), "redis://"));
  config.cluster = false;
  info.cluster = true;
  EXPECT_TRUE(absl::StrContains(*FindUnusable(config, info), "redis+cluster://"));
}

TEST(ClusterMapTest, OfClusterSlots) {
  const ReplyPtr reply = ParseReply(
      "*2\r\n"
      "*4\r\n:0\r\n:5460\r\n"
      "*4\r\n$8\r\n10.0.0.1\r\n:7000\r\n$2\r\nid\r\n*0\r\n"
      "*4\r\n$8\r\n10.0.0.2\r\n:7001\r\n$2\r\nid\r\n*0\r\n"
      "*3\r\n:5461\r\n:16383\r\n"
      "*4\r\n$0\r\n\r\n:7002\r\n$2\r\nid\r\n*0\r\n");
  const ClusterMap map = ParseClusterSlots(reply, {"asked", 1});
  EXPECT_EQ(map.MasterOf(0), (Address{"10.0.0.1", 7000}));
  EXPECT_EQ(map.MasterOf(5460), (Address{"10.0.0.1", 7000}));
  EXPECT_EQ(map.MasterOf(5461), (Address{"asked", 7002})) << "no host means the one that answered";
  ASSERT_EQ(map.nodes.size(), 3u);
  EXPECT_EQ(map.nodes[1], (Address{"10.0.0.2", 7001}));
  const ReplyPtr part = ParseReply("*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\nh\r\n:1\r\n");
  EXPECT_EQ(ParseClusterSlots(part, {"h", 1}).MasterOf(2), absl::nullopt);
}

}  // namespace
}  // namespace terrace::store::redis
