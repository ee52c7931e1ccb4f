#include <cmath>
#include <memory>
#include <string>

#include "common/base/error.h"
#include "common/base/text.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"
#include "gtest/gtest.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace {
namespace {

using ::google::protobuf::TextFormat;

// A request as services have them, described here so that the test stands on its own.
constexpr char kFile[] = R"pb(
  name: "check_message_test.proto"
  package: "test"
  syntax: "proto3"
  dependency: "terrace/types/v1/types.proto"
  dependency: "google/protobuf/timestamp.proto"
  dependency: "google/protobuf/duration.proto"
  dependency: "google/type/date.proto"
  message_type {
    name: "Request"
    field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "display_name" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "note" number: 3 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "remarks" number: 4 type: TYPE_STRING label: LABEL_REPEATED }
    field {
      name: "localized_names"
      number: 5
      type: TYPE_MESSAGE
      label: LABEL_REPEATED
      type_name: ".test.Request.LocalizedNamesEntry"
    }
    field {
      name: "line"
      number: 6
      type: TYPE_ENUM
      label: LABEL_OPTIONAL
      type_name: ".terrace.types.v1.Line"
    }
    field {
      name: "lines"
      number: 7
      type: TYPE_ENUM
      label: LABEL_REPEATED
      type_name: ".terrace.types.v1.Line"
    }
    field {
      name: "points"
      number: 8
      type: TYPE_MESSAGE
      label: LABEL_OPTIONAL
      type_name: ".terrace.types.v1.Decimal"
    }
    field {
      name: "rows"
      number: 9
      type: TYPE_MESSAGE
      label: LABEL_REPEATED
      type_name: ".test.Request"
    }
    field { name: "latitude" number: 10 type: TYPE_DOUBLE label: LABEL_OPTIONAL }
    field { name: "speeds" number: 11 type: TYPE_FLOAT label: LABEL_REPEATED }
    field {
      name: "at"
      number: 12
      type: TYPE_MESSAGE
      label: LABEL_OPTIONAL
      type_name: ".google.protobuf.Timestamp"
    }
    field {
      name: "grace"
      number: 13
      type: TYPE_MESSAGE
      label: LABEL_OPTIONAL
      type_name: ".google.protobuf.Duration"
    }
    field {
      name: "day"
      number: 14
      type: TYPE_MESSAGE
      label: LABEL_OPTIONAL
      type_name: ".google.type.Date"
    }
    field { name: "photo" number: 15 type: TYPE_BYTES label: LABEL_OPTIONAL }
    field { name: "token" number: 16 type: TYPE_STRING label: LABEL_OPTIONAL }
    nested_type {
      name: "LocalizedNamesEntry"
      field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
      field { name: "value" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL }
      options { map_entry: true }
    }
  }
)pb";

class CheckMessageTest : public testing::Test {
 protected:
  CheckMessageTest() {
    // Links the types that the file names.
    types::v1::Decimal::descriptor();
    google::protobuf::Timestamp::descriptor();
    google::protobuf::Duration::descriptor();
    google::type::Date::descriptor();
    google::protobuf::FileDescriptorProto file;
    EXPECT_TRUE(TextFormat::ParseFromString(kFile, &file));
    const auto* built = pool_.BuildFile(file);
    EXPECT_NE(built, nullptr);
    type_ = built->message_type(0);
  }

  std::unique_ptr<google::protobuf::Message> Make(const std::string& text) {
    std::unique_ptr<google::protobuf::Message> message(factory_.GetPrototype(type_)->New());
    EXPECT_TRUE(TextFormat::ParseFromString(text, message.get())) << text;
    return message;
  }

  absl::Status Check(const std::string& text) { return CheckMessage(*Make(text)); }

  // The reason and the place of what is wrong with the message.
  void ExpectFault(const std::string& text, Reason reason, const std::string& place) {
    const absl::Status status = Check(text);
    const auto details = DetailsOf(status);
    ASSERT_TRUE(details.has_value()) << text << ": " << status;
    EXPECT_EQ(details->reason, reason) << text << ": " << status;
    std::string field;
    for (const auto& [key, value] : details->args) {
      if (key == "field") field = value;
    }
    EXPECT_EQ(field, place) << text;
  }

  google::protobuf::DescriptorPool pool_{google::protobuf::DescriptorPool::generated_pool()};
  google::protobuf::DynamicMessageFactory factory_{&pool_};
  const google::protobuf::Descriptor* type_ = nullptr;
};

TEST_F(CheckMessageTest, GoodRequestsPass) {
  EXPECT_TRUE(Check("").ok());
  EXPECT_TRUE(Check(R"pb(
                name: "units/13812345678"
                display_name: "第3初级中学"
                note: "完成 30 项\n其中 25 项按时"
                remarks: "a"
                remarks: ""
                localized_names { key: "ii" value: "ꀀ" }
                line: LINE_SECTOR
                lines: LINE_TERRITORY
                points { value: "93.52" }
                latitude: 46.2
                speeds: 1.5
                at { seconds: 1463875200 nanos: 1 }
                grace { seconds: -3 nanos: -1 }
                day { year: 2016 month: 2 day: 29 }
                photo: "\377\376"
                token: "13812345678"
                rows { note: "units/13812345678/visits/v" }
              )pb")
                  .ok());
}

TEST_F(CheckMessageTest, EachFaultHasItsReasonAndPlace) {
  ExpectFault(R"(display_name: "王 13812345678")", Reason::PERSONAL_DATA, "display_name");
  ExpectFault(R"(note: "证号 11010519491231002X")", Reason::PERSONAL_DATA, "note");
  ExpectFault(R"(remarks: "" remarks: "13812345678")", Reason::PERSONAL_DATA, "remarks[1]");
  ExpectFault(R"(localized_names { key: "zh" value: "13812345678" })", Reason::PERSONAL_DATA,
              "localized_names[0].value");
  ExpectFault(R"(rows {} rows { rows { note: "13812345678" } })", Reason::PERSONAL_DATA,
              "rows[1].rows[0].note");
  ExpectFault(R"(note: "\033[31m")", Reason::INVALID_FIELD, "note");
  ExpectFault(R"(line: 99)", Reason::UNKNOWN_ENUM, "line");
  ExpectFault(R"(lines: LINE_SECTOR lines: -1)", Reason::UNKNOWN_ENUM, "lines[1]");
  ExpectFault(R"(points { value: "NaN" })", Reason::INVALID_NUMBER, "points");
  ExpectFault(R"(points {})", Reason::INVALID_NUMBER, "points");
  ExpectFault(R"(rows { points { value: "1.50" } })", Reason::INVALID_NUMBER, "rows[0].points");
  ExpectFault(R"(points { value: "1000000000000000000" })", Reason::NUMBER_OUT_OF_RANGE, "points");
  ExpectFault(R"(latitude: nan)", Reason::INVALID_NUMBER, "latitude");
  ExpectFault(R"(speeds: 1 speeds: inf)", Reason::INVALID_NUMBER, "speeds[1]");
  ExpectFault(R"(at { seconds: 253402300800 })", Reason::INVALID_TIME, "at");
  ExpectFault(R"(at { nanos: -1 })", Reason::INVALID_TIME, "at");
  ExpectFault(R"(grace { seconds: 1 nanos: -1 })", Reason::INVALID_TIME, "grace");
  ExpectFault(R"(day { year: 2015 month: 2 day: 29 })", Reason::INVALID_TIME, "day");
  ExpectFault(R"(day {})", Reason::INVALID_TIME, "day");
}

TEST_F(CheckMessageTest, LimitsAreThoseOfTheKind) {
  const auto text = [](const std::string& field, size_t size) {
    return field + ": \"" + std::string(size, 'x') + "\"";
  };
  EXPECT_TRUE(Check(text("name", kCodeBytesMax)).ok());
  ExpectFault(text("name", kCodeBytesMax + 1), Reason::TEXT_TOO_LONG, "name");
  ExpectFault(text("name", 1 << 20), Reason::TEXT_TOO_LONG, "name");
  ExpectFault(text("display_name", 1 << 20), Reason::TEXT_TOO_LONG, "display_name");
  EXPECT_TRUE(Check(text("display_name", kDisplayNameBytesMax)).ok());
  ExpectFault(text("display_name", kDisplayNameBytesMax + 1), Reason::TEXT_TOO_LONG,
              "display_name");
  EXPECT_TRUE(Check(text("note", kTextBytesMax)).ok());
  ExpectFault(text("note", kTextBytesMax + 1), Reason::TEXT_TOO_LONG, "note");
}

TEST_F(CheckMessageTest, InvalidUtf8IsRefused) {
  auto message = Make("");
  message->GetReflection()->SetString(message.get(), type_->FindFieldByName("note"), "\xC0\x80");
  EXPECT_TRUE(HasReason(CheckMessage(*message), Reason::INVALID_UTF8));
}

TEST_F(CheckMessageTest, NestingIsLimited) {
  std::string text;
  for (int i = 0; i < kMessageDepthMax; ++i) text = "rows { " + text + " }";
  EXPECT_TRUE(Check(text).ok());
  EXPECT_TRUE(HasReason(Check("rows { " + text + " }"), Reason::INVALID_FIELD));
}

TEST_F(CheckMessageTest, GeneratedTypesKeepTheirPlans) {
  types::v1::Quantity quantity;
  quantity.mutable_value()->set_value("15000");
  quantity.set_unit("person");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(CheckMessage(quantity).ok());
  quantity.set_qualifier(static_cast<types::v1::Qualifier>(7));
  EXPECT_TRUE(HasReason(CheckMessage(quantity), Reason::UNKNOWN_ENUM));
  quantity.clear_qualifier();
  quantity.mutable_value()->set_value("1e9");
  EXPECT_TRUE(HasReason(CheckMessage(quantity), Reason::INVALID_NUMBER));
  EXPECT_TRUE(HasReason(CheckMessage(quantity.value()), Reason::INVALID_NUMBER));
}

}  // namespace
}  // namespace terrace
