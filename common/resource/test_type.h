// A message type for the tests of this folder, described here so that they stand on their own.
#ifndef TERRACE_COMMON_RESOURCE_TEST_TYPE_H_
#define TERRACE_COMMON_RESOURCE_TEST_TYPE_H_

#include <memory>
#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"
#include "gtest/gtest.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::resource {

class TestType {
 public:
  TestType() {
    // Links the types that the file names.
    types::v1::Decimal::descriptor();
    google::protobuf::Timestamp::descriptor();
    google::type::Date::descriptor();
    google::protobuf::FileDescriptorProto file;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kFile, &file));
    const auto* built = pool_.BuildFile(file);
    EXPECT_NE(built, nullptr);
    type_ = built->message_type(0);
  }

  const google::protobuf::Descriptor* type() const { return type_; }

  std::unique_ptr<google::protobuf::Message> Make(const std::string& text) {
    std::unique_ptr<google::protobuf::Message> message(factory_.GetPrototype(type_)->New());
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, message.get())) << text;
    return message;
  }

 private:
  static constexpr char kFile[] = R"pb(
    name: "resource_test.proto"
    package: "test"
    syntax: "proto3"
    dependency: "terrace/types/v1/types.proto"
    dependency: "google/protobuf/timestamp.proto"
    dependency: "google/type/date.proto"
    message_type {
      name: "Thing"
      field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
      field { name: "display_name" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL }
      field { name: "count" number: 3 type: TYPE_INT32 label: LABEL_OPTIONAL }
      field { name: "size" number: 4 type: TYPE_INT64 label: LABEL_OPTIONAL }
      field { name: "mass" number: 5 type: TYPE_UINT64 label: LABEL_OPTIONAL }
      field { name: "ratio" number: 6 type: TYPE_DOUBLE label: LABEL_OPTIONAL }
      field { name: "closed" number: 7 type: TYPE_BOOL label: LABEL_OPTIONAL }
      field {
        name: "state"
        number: 8
        type: TYPE_ENUM
        label: LABEL_OPTIONAL
        type_name: ".test.ThingState"
      }
      field {
        name: "points"
        number: 9
        type: TYPE_MESSAGE
        label: LABEL_OPTIONAL
        type_name: ".terrace.types.v1.Decimal"
      }
      field {
        name: "create_time"
        number: 10
        type: TYPE_MESSAGE
        label: LABEL_OPTIONAL
        type_name: ".google.protobuf.Timestamp"
      }
      field {
        name: "day"
        number: 11
        type: TYPE_MESSAGE
        label: LABEL_OPTIONAL
        type_name: ".google.type.Date"
      }
      field { name: "tags" number: 12 type: TYPE_STRING label: LABEL_REPEATED }
      field {
        name: "parts"
        number: 13
        type: TYPE_MESSAGE
        label: LABEL_REPEATED
        type_name: ".test.Thing"
      }
      field {
        name: "parent"
        number: 14
        type: TYPE_MESSAGE
        label: LABEL_OPTIONAL
        type_name: ".test.Thing"
      }
      field {
        name: "localized_names"
        number: 15
        type: TYPE_MESSAGE
        label: LABEL_REPEATED
        type_name: ".test.Thing.LocalizedNamesEntry"
      }
      field { name: "photo" number: 16 type: TYPE_BYTES label: LABEL_OPTIONAL }
      field {
        name: "limit"
        number: 17
        type: TYPE_INT32
        label: LABEL_OPTIONAL
        proto3_optional: true
        oneof_index: 1
      }
      field { name: "numbers" number: 18 type: TYPE_INT32 label: LABEL_REPEATED }
      field { name: "left" number: 19 type: TYPE_STRING label: LABEL_OPTIONAL oneof_index: 0 }
      field { name: "right" number: 20 type: TYPE_STRING label: LABEL_OPTIONAL oneof_index: 0 }
      nested_type {
        name: "LocalizedNamesEntry"
        field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
        field { name: "value" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL }
        options { map_entry: true }
      }
      oneof_decl { name: "side" }
      oneof_decl { name: "_limit" }
    }
    enum_type {
      name: "ThingState"
      value { name: "THING_STATE_UNSPECIFIED" number: 0 }
      value { name: "THING_STATE_OPEN" number: 1 }
      value { name: "THING_STATE_CLOSED" number: 2 }
    }
  )pb";

  google::protobuf::DescriptorPool pool_{google::protobuf::DescriptorPool::generated_pool()};
  google::protobuf::DynamicMessageFactory factory_{&pool_};
  const google::protobuf::Descriptor* type_ = nullptr;
};

}  // namespace terrace::resource

#endif  // TERRACE_COMMON_RESOURCE_TEST_TYPE_H_
