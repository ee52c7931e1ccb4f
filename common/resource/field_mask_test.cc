#include "common/resource/field_mask.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/resource/test_type.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"

namespace terrace::resource {
namespace {

constexpr absl::string_view kFixed[] = {"name", "create_time", "parent.state"};

class FieldMaskTest : public testing::Test {
 protected:
  // Applies the update and says what became of the resource.
  void ExpectUpdate(const std::string& stored, const std::vector<std::string>& paths,
                    const std::string& update, const std::string& expected) {
    auto resource = type_.Make(stored);
    const absl::Status status =
        ApplyUpdate(Mask(paths), *type_.Make(update), kFixed, resource.get());
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_TRUE(
        google::protobuf::util::MessageDifferencer::Equals(*resource, *type_.Make(expected)))
        << resource->DebugString() << "\nexpected\n"
        << expected;
  }

  void ExpectRefused(const std::vector<std::string>& paths) {
    auto resource = type_.Make(R"(name: "units/a" display_name: "old")");
    const auto before = resource->SerializeAsString();
    const absl::Status status = ApplyUpdate(
        Mask(paths), *type_.Make(R"(name: "units/b" display_name: "new")"), kFixed, resource.get());
    EXPECT_TRUE(HasReason(status, Reason::INVALID_MASK)) << status;
    EXPECT_EQ(resource->SerializeAsString(), before) << "nothing may have changed";
  }

  static google::protobuf::FieldMask Mask(const std::vector<std::string>& paths) {
    google::protobuf::FieldMask mask;
    for (const std::string& path : paths) mask.add_paths(path);
    return mask;
  }

  TestType type_;
};

TEST_F(FieldMaskTest, NoMaskTakesWhatIsPopulated) {
  ExpectUpdate(R"(name: "units/a" display_name: "old" count: 3 tags: "x")", {},
               R"(name: "units/b" display_name: "new" create_time { seconds: 5 })",
               R"(name: "units/a" display_name: "new" count: 3 tags: "x")");
  ExpectUpdate(R"(tags: "x" tags: "y")", {}, R"(tags: "z")", R"(tags: "z")");
  ExpectUpdate(R"(limit: 3)", {}, R"(limit: 0)", R"(limit: 0)");
}

TEST_F(FieldMaskTest, StarReplacesAllButTheFixed) {
  ExpectUpdate(
      R"(name: "units/a" display_name: "old" count: 3 create_time { seconds: 1 }
         parent { state: THING_STATE_OPEN count: 1 })",
      {"*"},
      R"(name: "units/b" count: 4 create_time { seconds: 9 }
         parent { state: THING_STATE_CLOSED count: 2 })",
      R"(name: "units/a" count: 4 create_time { seconds: 1 }
         parent { state: THING_STATE_OPEN count: 2 })");
  ExpectUpdate(R"(name: "units/a" parent { state: THING_STATE_OPEN })", {"*"}, "",
               R"(name: "units/a" parent { state: THING_STATE_OPEN })");
}

TEST_F(FieldMaskTest, PathsSetAndClear) {
  ExpectUpdate(R"(display_name: "old" count: 3)", {"display_name"},
               R"(display_name: "new" count: 4)", R"(display_name: "new" count: 3)");
  ExpectUpdate(R"(display_name: "old" count: 3)", {"count", "display_name"},
               R"(display_name: "new")", R"(display_name: "new")");
  ExpectUpdate(R"(points { value: "1" })", {"points"}, R"(points { value: "2" })",
               R"(points { value: "2" })");
  ExpectUpdate(R"(points { value: "1" })", {"points"}, "", "");
  ExpectUpdate(R"(tags: "x" tags: "y")", {"tags"}, R"(tags: "z")", R"(tags: "z")");
  ExpectUpdate(
      R"(localized_names { key: "zh" value: "a" } localized_names { key: "en" value: "b" })",
      {"localized_names"}, R"(localized_names { key: "ii" value: "c" })",
      R"(localized_names { key: "ii" value: "c" })");
  ExpectUpdate(R"(limit: 3)", {"limit"}, R"(limit: 0)", R"(limit: 0)");
  ExpectUpdate(R"(left: "l")", {"right"}, R"(right: "r")", R"(right: "r")");
  ExpectUpdate(R"(left: "l")", {"right"}, "", R"(left: "l")");
}

TEST_F(FieldMaskTest, NestedPaths) {
  ExpectUpdate(R"(parent { count: 1 display_name: "p" })", {"parent.count"},
               R"(parent { count: 2 })", R"(parent { count: 2 display_name: "p" })");
  ExpectUpdate("", {"parent.parent.count"}, R"(parent { parent { count: 2 } })",
               R"(parent { parent { count: 2 } })");
  ExpectUpdate(R"(count: 1)", {"parent.parent.count"}, "", R"(count: 1)");
  ExpectUpdate(R"(parent { count: 1 })", {"parent.count"}, "", "parent {}");
  // A message that holds a fixed field may be named; the fixed field stays.
  ExpectUpdate(R"(parent { state: THING_STATE_OPEN count: 1 display_name: "p" })", {"parent"},
               R"(parent { state: THING_STATE_CLOSED count: 2 })",
               R"(parent { state: THING_STATE_OPEN count: 2 })");
}

TEST_F(FieldMaskTest, WhatCannotBeUpdatedIsRefused) {
  ExpectRefused({"name"});
  ExpectRefused({"display_name", "name"});
  ExpectRefused({"create_time"});
  ExpectRefused({"create_time.seconds"});
  ExpectRefused({"parent.state"});
  ExpectRefused({"nothing"});
  ExpectRefused({""});
  ExpectRefused({"."});
  ExpectRefused({"display_name.x"});
  ExpectRefused({"parts.count"});
  ExpectRefused({"localized_names.zh"});
  ExpectRefused({"displayName"});
  ExpectRefused({"*", "display_name"});
  ExpectRefused({"parent.*"});
  ExpectRefused({"thing.display_name"});
  ExpectRefused({std::string(1 << 20, 'x')});
  std::string deep = "count";
  for (int i = 0; i < 100; ++i) deep = "parent." + deep;
  ExpectRefused({deep});
}

TEST_F(FieldMaskTest, TooManyPaths) {
  auto resource = type_.Make("");
  const std::vector<std::string> paths(kMaskPathsMax + 1, "count");
  EXPECT_TRUE(HasReason(ApplyUpdate(Mask(paths), *type_.Make(""), kFixed, resource.get()),
                        Reason::BATCH_TOO_LARGE));
}

TEST_F(FieldMaskTest, AFixedPathThatDoesNotExistIsAProgrammersError) {
  auto resource = type_.Make("");
  constexpr absl::string_view kWrong[] = {"nmae"};
  EXPECT_DEATH(ApplyUpdate(Mask({}), *type_.Make(""), kWrong, resource.get()).IgnoreError(),
               "CHECK");
}

}  // namespace
}  // namespace terrace::resource
