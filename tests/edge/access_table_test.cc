// Every method of every service, called as every role from every place in the tree: what the access
// options promise is what the server does. The table is generated from the descriptors; the model
// beside it is written out again here, so that it cannot repeat a mistake of the code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "common/base/error.h"
#include "google/longrunning/operations.pb.h"
#include "terrace/inspections/v1/inspections.pb.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "terrace/options/v1/access.pb.h"
#include "terrace/scoring/v1/scoreboard.pb.h"
#include "tests/suite/suite_fixture.h"

namespace terrace {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using options::v1::Access;
using options::v1::NameRule;
using options::v1::Role;

// Where the named unit lies as seen from the caller's grant.
enum class Place { kOwn, kChild, kSibling, kAncestor, kNobody };
constexpr Place kPlaces[] = {Place::kOwn, Place::kChild, Place::kSibling, Place::kAncestor,
                             Place::kNobody};
const char* const kPlaceNames[] = {"own", "child", "sibling", "ancestor", "nobody"};
const char* const kPlaceUnits[] = {"county", "village", "neighbour", "nation", "county"};

constexpr Role kRoles[] = {options::v1::ROLE_VIEWER,        options::v1::ROLE_REPORTER,
                           options::v1::ROLE_INSPECTOR,     options::v1::ROLE_OFFICER,
                           options::v1::ROLE_ADMINISTRATOR, options::v1::ROLE_AUDITOR};

// includes[held][needed], both in the order of kRoles.
constexpr bool kIncludes[6][6] = {
    //            viewer reporter inspector officer admin  auditor
    /*viewer*/ {true, false, false, false, false, false},
    /*reporter*/ {true, true, false, false, false, false},
    /*inspector*/ {true, false, true, false, false, false},
    /*officer*/ {true, true, true, true, false, false},
    /*admin*/ {true, true, true, true, true, false},
    /*auditor*/ {true, false, false, false, false, true},
};

bool Allowed(const Access& access, Role role, Place place) {
  // All grants of this test are at units.
  if (access.internal() || access.realm() != options::v1::ROLE_UNSPECIFIED) return false;
  if (place == Place::kNobody) return access.names().empty() && access.authenticated();
  auto includes = [&](Role needed) { return kIncludes[role - 1][needed - 1]; };
  if (access.anywhere() != options::v1::ROLE_UNSPECIFIED && !includes(access.anywhere())) {
    return false;
  }
  for (const NameRule& rule : access.names()) {
    const bool below = place == Place::kOwn || place == Place::kChild;
    bool ok = includes(rule.role()) && below;
    if (rule.reach() == options::v1::REACH_APPLIES_TO_ME) {
      ok = includes(rule.role()) && (below || place == Place::kAncestor);
    } else if (rule.reach() == options::v1::REACH_ASSIGNED_TEAM) {
      ok = ok || includes(options::v1::ROLE_INSPECTOR);
    }
    if (!ok) return false;
  }
  return true;
}

// Puts a name into the field at `path`, making one element of each repeated field on the way.
void SetName(Message* message, absl::string_view path, const std::string& name) {
  std::vector<std::string> parts = absl::StrSplit(path, '.');
  for (size_t i = 0; i < parts.size(); ++i) {
    const FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(parts[i]);
    ASSERT_NE(field, nullptr) << path;
    const google::protobuf::Reflection* reflection = message->GetReflection();
    if (i + 1 == parts.size()) {
      field->is_repeated() ? reflection->AddString(message, field, name)
                           : reflection->SetString(message, field, name);
    } else if (field->is_repeated()) {
      message = reflection->FieldSize(*message, field) == 0
                    ? reflection->AddMessage(message, field)
                    : reflection->MutableRepeatedMessage(message, field, 0);
    } else {
      message = reflection->MutableMessage(message, field);
    }
  }
}

// A refusal for lack of rights, as opposed to anything else that a request made of names alone may
// meet.
bool IsDenied(const absl::Status& status) {
  return HasReason(status, Reason::ROLE_REQUIRED) || HasReason(status, Reason::NOT_FOUND) ||
         HasReason(status, Reason::UNIMPLEMENTED_METHOD);
}

class AccessTableTest : public SuiteTest {
 protected:
  void SetUp() override {
    SuiteTest::SetUp();
    CreateUnit("nation", "");
    CreateUnit("county", "nation");
    CreateUnit("neighbour", "nation");
    CreateUnit("village", "county");
    for (Role role : kRoles) callers_[role] = ConnectAs("nation", role, "county");
    nobody_ = ConnectAs("nation", options::v1::ROLE_UNSPECIFIED, "");
  }

  absl::Status CallMethod(rpc::Channel& channel, const MethodDescriptor& method,
                          const std::string& unit) {
    auto* factory = google::protobuf::MessageFactory::generated_factory();
    std::unique_ptr<Message> request(factory->GetPrototype(method.input_type())->New());
    std::unique_ptr<Message> reply(factory->GetPrototype(method.output_type())->New());
    const Access& access = method.options().GetExtension(options::v1::access);
    for (const NameRule& rule : access.names())
      SetName(request.get(), rule.field(), "units/" + unit);
    // A dry run, where the method knows one: the table must leave nothing behind.
    if (const FieldDescriptor* dry = request->GetDescriptor()->FindFieldByName("validate_only")) {
      request->GetReflection()->SetBool(request.get(), dry, true);
    }
    auto stream = channel.Open(absl::StrCat("/", method.service()->full_name(), "/", method.name()),
                               absl::Now() + absl::Seconds(20));
    stream->Write(*request);
    stream->WritesDone();
    // One message is enough to know that a stream was let in.
    if (stream->Read(reply.get()) && method.server_streaming()) return absl::OkStatus();
    return stream->Finish();
  }

  std::map<Role, std::shared_ptr<rpc::Channel>> callers_;
  std::shared_ptr<rpc::Channel> nobody_;
};

TEST_F(AccessTableTest, EveryMethodKeepsItsPromise) {
  int checked = 0;
  for (const char* name :
       {"terrace.registry.v1.UnitRegistry", "terrace.measures.v1.MeasureTracker",
        "terrace.inspections.v1.InspectionScheduler", "terrace.scoring.v1.Scoreboard",
        "terrace.gateway.v1.Access", "terrace.maintenance.v1.Maintenance",
        "terrace.internal.v1.Process", "google.longrunning.Operations"}) {
    const auto* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    ASSERT_NE(service, nullptr) << name;
    for (int m = 0; m < service->method_count(); ++m) {
      const MethodDescriptor& method = *service->method(m);
      ASSERT_TRUE(method.options().HasExtension(options::v1::access)) << method.full_name();
      const Access& access = method.options().GetExtension(options::v1::access);
      for (Role role : kRoles) {
        for (Place place : kPlaces) {
          rpc::Channel& channel = place == Place::kNobody ? *nobody_ : *callers_[role];
          absl::Status status = CallMethod(channel, method, kPlaceUnits[static_cast<int>(place)]);
          ++checked;
          SCOPED_TRACE(absl::StrCat(method.full_name(), " as ", options::v1::Role_Name(role),
                                    " at ", kPlaceNames[static_cast<int>(place)], ": ",
                                    status.ToString()));
          if (!Allowed(access, role, place)) {
            EXPECT_TRUE(IsDenied(status));
            EXPECT_EQ(HasReason(status, Reason::UNIMPLEMENTED_METHOD), access.internal());
          } else {
            // NOT_FOUND may also mean that the name is no resource of that collection.
            EXPECT_FALSE(HasReason(status, Reason::ROLE_REQUIRED) &&
                         !absl::StrContains(status.message(), "whole realm"));
            EXPECT_FALSE(absl::IsUnauthenticated(status));
            EXPECT_FALSE(absl::IsInternal(status));
            EXPECT_FALSE(absl::IsUnknown(status));
          }
        }
      }
    }
  }
  std::printf("%d combinations of method, role and place checked\n", checked);
  EXPECT_GT(checked, 100 * 6 * 5);
}

}  // namespace
}  // namespace terrace
