#include <algorithm>
#include <memory>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/time.h"
#include "services/terrace/sample/sample.h"
#include "terrace/inspections/v1/inspections.pb.h"
#include "tests/robustness/actors.h"

namespace terrace::robustness {
namespace {

namespace v1 = inspections::v1;

constexpr char kSync[] = "/terrace.inspections.v1.InspectionScheduler/SyncVisits";

// "tablet9-3" of ".../observations/tablet9-3".
std::string KeyOf(const v1::SyncItem& item) {
  return item.has_observation() ? item.observation().name() : item.visit();
}

class VisitActor : public Actor {
 public:
  explicit VisitActor(Caller* caller) : caller_(*caller) {}

  void Act() override {
    if (findings_.empty() || caller_.Chance(60)) {
      Visit();
    } else {
      PutRight();
    }
  }

 private:
  // Starts of visits are apart by minutes: the last one decides some figures.
  absl::Time NextStart() {
    return sample::NoonOf(absl::CivilDay(2016, 7, 1)) +
           absl::Minutes(97 * caller_.Next() + 5 * caller_.client());
  }

  void Visit() {
    const int number = caller_.Next();
    const std::string unit =
        absl::StrCat("units/", sample::kTownships[caller_.Below(sample::kTownshipCount)].id);
    const std::string id = absl::StrCat("rb-", caller_.client(), "-", number);
    const std::string name = absl::StrCat(unit, "/visits/", id);
    const absl::Time start = NextStart();
    sample::VisitRecords records = sample::MakeBadVisit(unit, id, start);
    std::string finding;
    for (v1::SyncItem& item : records.items) {
      if (!item.has_observation()) continue;
      v1::Observation& seen = *item.mutable_observation();
      if (seen.has_count())
        seen.mutable_count()->set_hits(caller_.Below(seen.count().sample() + 1));
      if (seen.answer_case() == v1::Observation::kGrade) {
        seen.set_grade(std::string(1, static_cast<char>('A' + caller_.Below(4))));
      }
      if (seen.has_number()) seen.mutable_number()->set_value(absl::StrCat(caller_.Below(10)));
      if (seen.has_finding() && caller_.Chance(70)) {
        seen.clear_finding();
        seen.clear_reason();
        seen.set_passed(true);
      } else if (seen.has_finding()) {
        finding = absl::StrCat(name, "/findings/", seen.name().substr(seen.name().rfind('/') + 1));
      }
    }
    if (!Send(name, records)) return;
    v1::GetVisitRequest get;
    get.set_name(name);
    v1::Visit found;
    std::string how;
    if (caller_.Expect(caller_.ReadAfterChange(get, &found, &how), name)) {
      caller_.Compare(name, absl::StrCat("STATE_SUBMITTED with 5 observations"),
                      absl::StrCat(v1::Visit::State_Name(found.state()), " with ",
                                   found.observation_count(), " observations"),
                      how);
    }
    if (!finding.empty()) findings_.push_back({finding, start});
  }

  // In messages of any size and order, some of them sent twice, until every item was acknowledged.
  bool Send(const std::string& name, const sample::VisitRecords& records) {
    std::vector<v1::SyncItem> waiting = records.items;
    std::set<std::string> keys;
    while (!waiting.empty()) {
      // The end comes last: the visit takes nothing that it does not declare afterwards.
      v1::SyncVisitsRequest request;
      request.set_acting_office(records.acting_office);
      const size_t count = std::min<size_t>(waiting.size(), 1 + caller_.Below(7));
      Call call = {.what = name, .in_header = false};
      for (size_t i = 0; i < count; ++i) {
        *request.add_items() = waiting[i];
        call.keys.push_back(KeyOf(waiting[i]));
        if (caller_.Chance(20)) *request.add_items() = waiting[i];
      }
      if (caller_.Chance(20)) *request.add_items() = records.items[caller_.Below(count)];
      v1::SyncVisitsResponse reply;
      const absl::Status status = caller_.ChangeBy(
          kSync,
          [&](rpc::Channel& channel, absl::Time deadline, Call* made) {
            const std::unique_ptr<rpc::Stream> stream = channel.Open(kSync, deadline);
            bool answered = stream->Write(request) && stream->Read(&reply);
            // A device whose connection broke sends everything again.
            if (answered && caller_.Chance(20)) {
              answered = stream->Write(request) && stream->Read(&reply);
            }
            if (answered) stream->WritesDone();
            if (!answered || caller_.Chance(10)) stream->Cancel();
            const absl::Status ended = stream->Finish();
            if (!answered) return ended.ok() ? absl::UnavailableError("no answer") : ended;
            made->service = "inspections";
            made->log_id = reply.cursor().log_id();
            made->revision = reply.cursor().revision();
            return absl::OkStatus();
          },
          std::move(call));
      if (!caller_.Expect(status, name)) return false;
      for (const v1::ItemResult& result : reply.results()) {
        if (result.outcome() == v1::ItemResult::OUTCOME_CREATED ||
            result.outcome() == v1::ItemResult::OUTCOME_UNCHANGED) {
          continue;
        }
        // A busy service may put single items off.
        if (result.code() == static_cast<int>(absl::StatusCode::kUnavailable) ||
            result.code() == static_cast<int>(absl::StatusCode::kAborted)) {
          return Send(name, records);
        }
        caller_.Expect(absl::InternalError(result.ShortDebugString()), name);
        return false;
      }
      waiting.erase(waiting.begin(), waiting.begin() + static_cast<int64_t>(count));
    }
    return true;
  }

  void PutRight() {
    const Found found = findings_.back();
    findings_.pop_back();
    v1::ClaimRectifiedRequest claim;
    claim.set_name(found.name);
    claim.set_note("notices renewed");
    *claim.mutable_captured_time() = ToProto(found.start + absl::Hours(100));
    v1::Finding made;
    const Call call = {.what = found.name, .keys = {found.name}};
    if (!caller_.Expect(caller_.Change(claim, &made, call), found.name)) return;
    v1::RecheckFindingRequest recheck;
    recheck.set_name(found.name);
    recheck.set_acting_office(sample::kCountyA);
    recheck.set_mode(v1::RECHECK_MODE_SITE);
    recheck.set_outcome(v1::RecheckFindingRequest::OUTCOME_CLOSED);
    *recheck.mutable_captured_time() = ToProto(found.start + absl::Hours(120));
    caller_.Expect(caller_.Change(recheck, &made, call), found.name);
  }

  struct Found {
    std::string name;
    absl::Time start;
  };

  Caller& caller_;
  std::vector<Found> findings_;
};

}  // namespace

std::unique_ptr<Actor> MakeVisitActor(Caller* caller) {
  return std::make_unique<VisitActor>(caller);
}

}  // namespace terrace::robustness
