#include "common/resource/etag.h"

#include <string>

#include "common/base/error.h"
#include "google/protobuf/struct.pb.h"
#include "gtest/gtest.h"

namespace terrace::resource {
namespace {

google::protobuf::Struct Of(std::initializer_list<std::pair<const char*, const char*>> fields) {
  google::protobuf::Struct message;
  for (const auto& [name, value] : fields) {
    (*message.mutable_fields())[name].set_string_value(value);
  }
  return message;
}

TEST(EtagTest, OnlyTheSameContentMatches) {
  const google::protobuf::Struct record = Of({{"name", "a"}});
  const std::string etag = EtagOf(record);
  EXPECT_TRUE(CheckEtag(etag, Of({{"name", "a"}}), "units/a").ok());
  EXPECT_TRUE(CheckEtag("", record, "units/a").ok());
  for (const std::string& other : {EtagOf(Of({{"name", "b"}})), EtagOf(Of({})), std::string("7"),
                                   std::string(1 << 20, '\xFF')}) {
    const absl::Status status = CheckEtag(other, record, "units/a");
    EXPECT_TRUE(HasReason(status, Reason::ETAG_MISMATCH)) << status;
    EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  }
}

TEST(EtagTest, TheOrderInAMapSaysNothing) {
  google::protobuf::Struct forth;
  google::protobuf::Struct back;
  for (int i = 0; i < 50; ++i) {
    (*forth.mutable_fields())[std::to_string(i)].set_number_value(i);
    (*back.mutable_fields())[std::to_string(49 - i)].set_number_value(49 - i);
  }
  EXPECT_EQ(SerializeInOrder(forth), SerializeInOrder(back));
  EXPECT_EQ(EtagOf(forth), EtagOf(back));
}

}  // namespace
}  // namespace terrace::resource
