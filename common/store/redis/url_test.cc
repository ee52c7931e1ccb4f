#include "common/store/redis/url.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "common/base/error.h"

namespace terrace::store::redis {
namespace {

TEST(UrlTest, APlainServer) {
  const auto config = ParseUrl("redis://db.example:6379/county");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_FALSE(config->cluster);
  ASSERT_EQ(config->seeds.size(), 1u);
  EXPECT_EQ(config->seeds[0], (Address{"db.example", 6379}));
  EXPECT_EQ(config->realm, "county");
  EXPECT_EQ(config->wait, 0);
  EXPECT_FALSE(config->allow_unsafe);
}

TEST(UrlTest, AClusterWaitsForAReplica) {
  const auto config = ParseUrl("redis+cluster://10.0.0.1:7000,10.0.0.2:7001,[::1]:7002/county");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(config->cluster);
  ASSERT_EQ(config->seeds.size(), 3u);
  EXPECT_EQ(config->seeds[2], (Address{"::1", 7002}));
  EXPECT_EQ(ToString(config->seeds[2]), "[::1]:7002");
  EXPECT_EQ(config->wait, 1);
}

TEST(UrlTest, Options) {
  const auto config = ParseUrl(
      "redis://h:1/r?wait=2&wait_ms=250&timeout_ms=700&user=terrace&password_file=/etc/p&"
      "allow_unsafe=1");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->wait, 2);
  EXPECT_EQ(config->wait_max, absl::Milliseconds(250));
  EXPECT_EQ(config->timeout, absl::Milliseconds(700));
  EXPECT_EQ(config->user, "terrace");
  EXPECT_EQ(config->password_file, "/etc/p");
  EXPECT_TRUE(config->allow_unsafe);
}

TEST(UrlTest, WhatIsWrongIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"redis:h:1/r", "redis://host:port/realm"},
      {"redis://h/r", "\"h\" is not host:port"},
      {"redis://h:0/r", "\"h:0\""},
      {"redis://h:65536/r", "\"h:65536\""},
      {"redis://:1/r", "\":1\""},
      {"redis://h:1,/r", "\"\" is not"},
      {"redis://h:1", "name the realm"},
      {"redis://h:1/", "name the realm"},
      {"redis://h:1/a{b}", "name the realm"},
      {"redis://h:1/a/b", "name the realm"},
      {"redis://h:1/r?wait=-1", "\"wait=-1\""},
      {"redis://h:1/r?wait=99", "\"wait=99\""},
      {"redis://h:1/r?wait_ms=0", "\"wait_ms=0\""},
      {"redis://h:1/r?pasword_file=x", "\"pasword_file=x\""},
      {"redis://h:1/r?user=", "\"user=\""},
  };
  for (const auto& [url, detail] : cases) {
    const auto config = ParseUrl(url);
    ASSERT_TRUE(HasReason(config.status(), Reason::STORE_CANNOT_OPEN)) << url;
    EXPECT_TRUE(absl::StrContains(config.status().message(), detail)) << config.status();
  }
}

}  // namespace
}  // namespace terrace::store::redis
