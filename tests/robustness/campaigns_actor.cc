#include <algorithm>
#include <map>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/longrunning/operations.pb.h"
#include "services/terrace/client.h"
#include "terrace/scoring/v1/scoreboard.pb.h"
#include "tests/robustness/actors.h"
#include "tests/robustness/scheme_setup.h"

namespace terrace::robustness {
namespace {

namespace v1 = scoring::v1;
using google::longrunning::Operation;
using Outcome = types::v1::RowResult;

// Self-assessment, two reviews of the office, and its spot check.
constexpr const char* kStages[] = {"self", "first", "second", "spot"};
constexpr int kSpot = 3;
constexpr int kStepsAtOnce = 3;  // Of one sheet.
constexpr const char* kLeaves[] = {"work", "files"};
constexpr int kPoints[] = {60, 40};  // Of the leaves.

// What a stage states of a leaf; without points it does not apply.
struct OwnValue {
  absl::optional<int64_t> points;
  std::string reason;
};

struct OwnStage {
  std::map<int, OwnValue> values;  // By leaf.
  bool over = false;
  bool stored = false;  // Something was ever stated or ended.
};

// What the sheet of a town must show.
struct OwnSheet {
  // Of a stage that its values change as long as no later one has stated anything.
  bool MayAmend(int stage) const {
    if (stage == kSpot || !stages[stage].over || sealed || at != stage + 1) return false;
    return std::all_of(std::begin(stages) + stage + 1, std::end(stages),
                       [](const OwnStage& later) { return later.values.empty() && !later.over; });
  }
  bool StandsAt(int stage) const { return at == stage && !sealed && !stages[stage].over; }

  void End(int stage) {
    stages[stage].over = true;
    stages[stage].stored = true;
    if (stage == kSpot) return;
    at = stage + 1;
    return_reason.clear();
  }
  void GoBackTo(int stage) {
    for (int i = stage; i <= kSpot; ++i) stages[i].over = false;
    at = stage;
    sealed = false;
  }

  std::string unit;
  std::string name;
  std::string etag;  // Empty when it is not known.
  bool sealed = false;
  int at = 0;  // The stage; kSpot once all others are over.
  OwnStage stages[kSpot + 1];
  int edition = 1;
  std::string return_reason;
  std::string reopen_reason;
};

std::string TextOf(const absl::optional<int64_t>& points) {
  return points ? absl::StrCat(*points) : "does not apply";
}

// "OPEN first".
std::string StandingOf(const OwnSheet& sheet) {
  if (sheet.sealed) return "SHEET_STATE_SEALED ";
  return sheet.at == kSpot ? "SHEET_STATE_REVIEWED "
                           : absl::StrCat("SHEET_STATE_OPEN ", kStages[sheet.at]);
}
std::string StandingOf(const v1::Sheet& sheet) {
  return absl::StrCat(v1::SheetState_Name(sheet.state()), " ", sheet.stage());
}

// Points of a stage that is over, of the leaf; null where it states none.
const OwnValue* Over(const OwnSheet& sheet, int stage, int leaf) {
  if (!sheet.stages[stage].over) return nullptr;
  const auto found = sheet.stages[stage].values.find(leaf);
  return found == sheet.stages[stage].values.end() ? nullptr : &found->second;
}

struct Combined {
  OwnValue value;
  int stage = 0;
};

// What the stages come to: the latest value or the least, and then that of the spot check.
absl::optional<Combined> CombinedOf(const OwnSheet& sheet, int leaf, bool least) {
  absl::optional<Combined> combined;
  absl::optional<Combined> lowest;  // Of those that apply.
  for (int stage = 0; stage < kSpot; ++stage) {
    const OwnValue* value = Over(sheet, stage, leaf);
    if (value == nullptr) continue;
    combined = Combined{*value, stage};
    if (value->points && (!lowest || *value->points < *lowest->value.points)) lowest = combined;
  }
  if (least && combined && combined->value.points) combined = lowest;
  if (const OwnValue* value = Over(sheet, kSpot, leaf)) combined = Combined{*value, kSpot};
  return combined;
}

std::string TextOf(const OwnSheet& sheet, bool least) {
  std::string text =
      absl::StrCat(StandingOf(sheet), ", edition ", sheet.edition,
                   ", returned: ", sheet.return_reason, ", reopened: ", sheet.reopen_reason);
  for (int i = 0; i <= kSpot; ++i) {
    const OwnStage& stage = sheet.stages[i];
    if (stage.values.empty()) continue;
    absl::StrAppend(&text, "; ", kStages[i], stage.over ? " over" : "");
    for (const auto& [leaf, value] : stage.values) {
      absl::StrAppend(&text, ", ", kLeaves[leaf], " ", TextOf(value.points), " ", value.reason);
    }
  }
  for (int leaf = 0; leaf < 2; ++leaf) {
    const auto combined = CombinedOf(sheet, leaf, least);
    if (!combined) continue;
    absl::StrAppend(&text, "; ", kLeaves[leaf], " comes to ", TextOf(combined->value.points),
                    " by ", kStages[combined->stage]);
  }
  return text;
}

template <class Value>
std::string PointsOf(const Value& value) {
  return value.not_applicable() ? TextOf(absl::nullopt) : value.points().value();
}

std::string TextOf(const v1::Sheet& sheet) {
  std::string text =
      absl::StrCat(StandingOf(sheet), ", edition ", sheet.edition(),
                   ", returned: ", sheet.return_reason(), ", reopened: ", sheet.reopen_reason());
  for (const v1::StageValues& stage : sheet.stages()) {
    absl::StrAppend(&text, "; ", stage.stage(), stage.has_end_time() ? " over" : "");
    for (const v1::LeafValue& value : stage.values()) {
      absl::StrAppend(&text, ", ", value.node(), " ", PointsOf(value), " ", value.reason());
    }
  }
  for (const v1::CombinedValue& value : sheet.combined()) {
    absl::StrAppend(&text, "; ", value.node(), " comes to ", PointsOf(value), " by ",
                    value.stage());
  }
  return text;
}

// One campaign at a time, each about another month.
class CampaignsActor : public Actor {
 public:
  CampaignsActor(Caller* caller, Office* office) : caller_(*caller), office_(*office) {}

  void Act() override {
    if (scheme_.empty()) {
      SetUp();
    } else if (name_.empty()) {
      if (months_ < kMonths) Create();
    } else if (sheets_.empty()) {
      Open();
    } else {
      Work();
    }
  }

 private:
  template <class Request, class Response>
  bool Read(const Request& request, Response* found) {
    return caller_.Expect(caller_.ReadAfterChange(request, found, &how_),
                          absl::StrCat(Request::descriptor()->name(), " about ", name_));
  }

  void SetUp() {
    v1::Scheme scheme = MonthlySchemeOfTowns("Towns as they are judged");
    for (int leaf = 0; leaf < 2; ++leaf) {
      v1::Node& node = *scheme.add_nodes();
      node.set_id(kLeaves[leaf]);
      node.set_display_name(kLeaves[leaf]);
      node.mutable_points()->set_value(absl::StrCat(kPoints[leaf]));
      node.mutable_leaf()->mutable_review();
      node.mutable_leaf()->mutable_discretion();
    }
    scheme_ = SetUpScheme(&caller_, office_.name, "c", scheme);
  }

  // ---- The campaign.

  void Create() {
    v1::CreateCampaignRequest request;
    request.set_parent(office_.name);
    request.set_campaign_id(absl::StrCat("c", caller_.Next()));
    const std::string name = absl::StrCat(office_.name, "/campaigns/", request.campaign_id());
    v1::Campaign& campaign = *request.mutable_campaign();
    campaign.set_display_name("The month's judgement");
    campaign.set_scheme(scheme_);
    month_ = MonthAt(months_);
    campaign.set_period(month_);
    least_ = caller_.Chance(40);
    campaign.set_combination(least_ ? v1::STAGE_COMBINATION_LEAST : v1::STAGE_COMBINATION_LATEST);
    for (int i = 0; i <= kSpot; ++i) {
      v1::ReviewStage& stage = *campaign.add_stages();
      stage.set_id(kStages[i]);
      stage.set_display_name(kStages[i]);
      stage.set_kind(i == 0       ? v1::STAGE_KIND_SELF
                     : i == kSpot ? v1::STAGE_KIND_SPOT_CHECK
                                  : v1::STAGE_KIND_REVIEW);
    }
    campaign.mutable_stages(2)->set_level("levels/county");
    if (!Changed(request, name)) return;
    ++months_;
    name_ = name;
    operation_.Clear();
  }

  template <class Request>
  bool Changed(const Request& request, const std::string& name) {
    v1::Campaign made;
    if (!caller_.Expect(caller_.Change(request, &made, {.what = name, .keys = {name}}), name)) {
      return false;
    }
    etag_ = made.etag();
    return true;
  }

  bool Update() {
    v1::UpdateCampaignRequest request;
    request.mutable_campaign()->set_name(name_);
    if (caller_.Chance(50)) request.mutable_campaign()->set_etag(etag_);
    request.mutable_campaign()->set_description(absl::StrCat("of note ", caller_.Next()));
    request.mutable_update_mask()->add_paths("description");
    return Changed(request, name_);
  }

  void Open() {
    if (operation_.name().empty()) {
      if (caller_.Chance(30) && !Update()) return;
      v1::OpenSheetsRequest request;
      request.set_name(name_);
      if (!caller_.Expect(caller_.Change(request, &operation_, {.what = name_, .keys = {name_}}),
                          absl::StrCat("open ", name_))) {
        operation_.Clear();
        return;
      }
      etag_.clear();  // Another one since, which only a read would tell.
    }
    if (!caller_.Await(&operation_)) return;
    v1::OpenSheetsResponse response;
    operation_.response().UnpackTo(&response);
    caller_.Compare(
        absl::StrCat("sheets of ", name_), absl::StrCat(office_.towns.size(), " and 0 before"),
        absl::StrCat(response.created_count(), " and ", response.existing_count(), " before"),
        "operation");
    // The operation's answer names no position; from this change on there is one that has it.
    if (!Update()) return;
    for (const std::string& town : office_.towns) {
      OwnSheet sheet;
      sheet.unit = town;
      sheet.name =
          absl::StrCat(town, "/sheets/", office_.id(), "~", name_.substr(name_.rfind('/') + 1));
      sheets_.push_back(std::move(sheet));
    }
  }

  // Sheets stay as they are, but those that are reviewed may yet be sealed.
  void Close() {
    v1::CloseCampaignRequest request;
    request.set_name(name_);
    if (caller_.Chance(50)) request.set_etag(etag_);
    if (!Changed(request, name_)) return;
    state_ = "CAMPAIGN_STATE_CLOSED";
    for (OwnSheet& sheet : sheets_) {
      if (sheet.at == kSpot && !sheet.sealed && caller_.Chance(50)) Seal(&sheet);
      ReadSheet(&sheet);
    }
    ReadCampaign();
    ReadProgress();
    state_ = "CAMPAIGN_STATE_OPEN";
    name_.clear();
    sheets_.clear();
  }

  void Work() {
    const int64_t dice = caller_.Below(100);
    if (dice < 68) {
      OwnSheet* const sheet = AnySheet();
      for (int i = 0; i < kStepsAtOnce; ++i) WorkOn(sheet);
      ReadSheet(sheet);
    } else if (dice < 80) {
      Batch();
    } else if (dice < 90) {
      ReadCampaign();
      ListOpen();
      ListSheets();
      ListPending();
      ReadProgress();
    } else if (dice < 97) {
      Update();
    } else {
      Close();
    }
  }

  // ---- Sheets.

  // The one that is farthest, so that some come to their end, or any.
  OwnSheet* AnySheet() {
    const auto rank = [](const OwnSheet& sheet) { return sheet.at + (sheet.sealed ? 1 : 0); };
    if (caller_.Chance(40)) {
      return &*absl::c_max_element(
          sheets_, [&](const OwnSheet& a, const OwnSheet& b) { return rank(a) < rank(b); });
    }
    return &sheets_[caller_.Below(sheets_.size())];
  }

  void WorkOn(OwnSheet* sheet) {
    const int64_t dice = caller_.Below(100);
    if (sheet->sealed) return Reopen(sheet);
    if (sheet->at == 0) return Submit(sheet, dice < 25);
    if (dice < 15 && sheet->MayAmend(sheet->at - 1)) {
      sheet->at == 1 ? Submit(sheet, false) : Record(sheet, sheet->at - 1);
    } else if (sheet->at == kSpot && (dice < 55 || sheet->stages[kSpot].over)) {
      Seal(sheet);
    } else if (dice < 25 && sheet->at < kSpot) {
      Return(sheet);
    } else if (dice < 70) {
      Record(sheet, sheet->at);
    } else {
      Confirm(sheet);
    }
  }

  // One of the leaves or both, always with a new reason; some do not apply, and some of those that
  // are stated already are taken back.
  template <class Values>
  std::map<int, OwnValue> State(std::map<int, OwnValue> stated, Values* values) {
    const int64_t which = caller_.Below(3);
    for (int leaf = 0; leaf < 2; ++leaf) {
      if (which == leaf) continue;
      v1::LeafValue& value = *values->Add();
      value.set_node(kLeaves[leaf]);
      if (stated.contains(leaf) && caller_.Chance(15)) {
        stated.erase(leaf);
        continue;
      }
      OwnValue& own = stated[leaf];
      own.reason = absl::StrCat("reason ", caller_.Next());
      value.set_reason(own.reason);
      if (caller_.Chance(10)) {
        own.points.reset();
        value.set_not_applicable(true);
      } else {
        own.points = caller_.Below(kPoints[leaf] + 1);
        value.mutable_points()->set_value(absl::StrCat(*own.points));
      }
    }
    return stated;
  }

  // Sends a change of the sheet's stages; `then` does the same to the model.
  template <class Request>
  void Send(OwnSheet* sheet, Request request, std::vector<int> stages,
            const std::function<void()>& then) {
    request.set_name(sheet->name);
    if (caller_.Chance(30)) request.set_etag(sheet->etag);
    Call call = {.what = sheet->name, .keys = {sheet->name}};
    for (int stage : stages) {
      call.keys.push_back(absl::StrCat(sheet->name, "/stages/", kStages[stage]));
    }
    v1::Sheet made;
    if (!caller_.Expect(caller_.Change(request, &made, std::move(call)),
                        absl::StrCat(Request::descriptor()->name(), " to ", sheet->name))) {
      return;
    }
    then();
    sheet->etag = made.etag();
    caller_.Compare(sheet->name, TextOf(*sheet, least_), TextOf(made), "reply");
  }

  void Submit(OwnSheet* sheet, bool draft) {
    v1::SubmitSheetRequest request;
    request.set_draft(draft);
    OwnStage& self = sheet->stages[0];
    std::map<int, OwnValue> stated = State(self.values, request.mutable_values());
    Send(sheet, std::move(request), {0}, [&] {
      self.values = std::move(stated);
      self.stored = true;
      if (!draft && !self.over) sheet->End(0);
    });
  }

  void Record(OwnSheet* sheet, int stage) {
    v1::RecordReviewRequest request;
    request.set_acting_office(office_.name);
    request.set_stage(kStages[stage]);
    std::map<int, OwnValue> stated = State(sheet->stages[stage].values, request.mutable_values());
    Send(sheet, std::move(request), {stage}, [&] {
      sheet->stages[stage].values = std::move(stated);
      sheet->stages[stage].stored = true;
    });
  }

  void Confirm(OwnSheet* sheet) {
    v1::ConfirmSheetRequest request;
    request.set_acting_office(office_.name);
    request.set_stage(kStages[sheet->at]);
    Send(sheet, std::move(request), {sheet->at}, [&] { sheet->End(sheet->at); });
  }

  void Return(OwnSheet* sheet) {
    v1::ReturnSheetRequest request;
    request.set_acting_office(office_.name);
    const int stage = caller_.Chance(50) ? sheet->at - 1 : 0;
    if (stage != sheet->at - 1 || caller_.Chance(50)) request.set_stage(kStages[stage]);
    request.set_reason(absl::StrCat("look again ", caller_.Next()));
    const std::string reason = request.reason();
    Send(sheet, std::move(request), {stage}, [&] {
      sheet->GoBackTo(stage);
      sheet->return_reason = reason;
    });
  }

  void Seal(OwnSheet* sheet) {
    v1::SealSheetRequest request;
    request.set_acting_office(office_.name);
    Send(sheet, std::move(request), {}, [&] { sheet->sealed = true; });
  }

  void Reopen(OwnSheet* sheet) {
    v1::ReopenSheetRequest request;
    request.set_acting_office(office_.name);
    const int stage = static_cast<int>(caller_.Below(kSpot));
    request.set_stage(kStages[stage]);
    request.set_reason(absl::StrCat("by order ", caller_.Next()));
    const std::string reason = request.reason();
    Send(sheet, std::move(request), {stage}, [&] {
      sheet->GoBackTo(stage);
      ++sheet->edition;
      sheet->reopen_reason = reason;
    });
  }

  // One row for every sheet, also for those that do not stand there and refuse it. The batch has no
  // request id: a row that an earlier attempt has stored is unchanged.
  void Batch() {
    const int stage = static_cast<int>(1 + caller_.Below(kSpot));
    v1::BatchRecordReviewsRequest request;
    request.set_campaign(name_);
    request.set_acting_office(office_.name);
    request.set_stage(kStages[stage]);
    std::vector<OwnSheet> after = sheets_;
    std::vector<std::string> expected;
    Call call = {.what = absl::StrCat("reviews of ", name_), .in_header = false};
    for (OwnSheet& sheet : after) {
      v1::BatchRecordReviewsRequest::Row& row = *request.add_rows();
      row.set_unit(sheet.unit);
      row.set_confirm(caller_.Chance(30));
      OwnStage& own = sheet.stages[stage];
      std::map<int, OwnValue> stated = State(own.values, row.mutable_values());
      if (!sheet.StandsAt(stage) && !sheet.MayAmend(stage)) {
        expected.push_back("WRONG_STATE");
        continue;
      }
      expected.push_back(
          Outcome::Outcome_Name(own.stored ? Outcome::OUTCOME_UPDATED : Outcome::OUTCOME_CREATED));
      call.keys.push_back(absl::StrCat(sheet.name, "/stages/", kStages[stage]));
      own.values = std::move(stated);
      own.stored = true;
      sheet.etag.clear();
      if (row.confirm() && !own.over) sheet.End(stage);
    }
    v1::BatchRecordReviewsResponse reply;
    const std::string method = cli::MethodOf(request.GetDescriptor());
    const std::string what = call.what;
    int attempts = 0;
    const absl::Status status = caller_.ChangeBy(
        method,
        [&](rpc::Channel& channel, absl::Time deadline, Call* made) {
          ++attempts;
          reply.Clear();
          const absl::Status sent = channel.Call(method, request, &reply, deadline);
          made->service = "scoring";
          made->log_id = reply.cursor().log_id();
          made->revision = reply.cursor().revision();
          return sent;
        },
        std::move(call));
    if (!caller_.Expect(status, what)) return;
    sheets_ = std::move(after);
    std::vector<std::string> found;
    for (int i = 0; i < reply.results_size(); ++i) {
      const Outcome& row = reply.results(i);
      const bool again = attempts > 1 && row.outcome() == Outcome::OUTCOME_UNCHANGED &&
                         i < static_cast<int>(expected.size()) && expected[i] != "WRONG_STATE";
      found.push_back(again                  ? expected[i]
                      : row.reason().empty() ? Outcome::Outcome_Name(row.outcome())
                                             : row.reason());
    }
    caller_.Compare(what, absl::StrJoin(expected, " "), absl::StrJoin(found, " "), "reply");
    ReadSheet(&sheets_[caller_.Below(sheets_.size())]);
  }

  // ---- Reads.

  void ReadSheet(OwnSheet* sheet) {
    v1::GetSheetRequest get;
    get.set_name(sheet->name);
    v1::Sheet found;
    if (!Read(get, &found)) return;
    caller_.Compare(sheet->name, TextOf(*sheet, least_), TextOf(found), how_);
    if (!sheet->etag.empty()) caller_.Compare(sheet->name, sheet->etag, found.etag(), how_);
    sheet->etag = found.etag();
    const auto work = CombinedOf(*sheet, 0, least_);
    const auto files = CombinedOf(*sheet, 1, least_);
    if (!work || !files || !work->value.points || !files->value.points) return;
    v1::GetScoreRequest ask;
    ask.set_name(absl::StrCat(sheet->unit, "/scores/", office_.id(), "~c~", month_));
    v1::Score score;
    if (!Read(ask, &score)) return;
    caller_.Compare(ask.name(), absl::StrCat(*work->value.points + *files->value.points),
                    score.exact_value().value(), how_);
  }

  std::string CampaignText(const std::string& etag, const std::string& state, int64_t sheets) {
    return absl::StrCat(etag, " ", state, " with ", sheets, " sheets");
  }

  void ReadCampaign() {
    v1::GetCampaignRequest get;
    get.set_name(name_);
    v1::Campaign found;
    if (!Read(get, &found)) return;
    caller_.Compare(
        name_, CampaignText(etag_, state_, static_cast<int64_t>(sheets_.size())),
        CampaignText(found.etag(), v1::CampaignState_Name(found.state()), found.sheet_count()),
        how_);
  }

  void ListOpen() {
    v1::ListCampaignsRequest list;
    list.set_parent(office_.name);
    list.set_filter("state = OPEN");
    v1::ListCampaignsResponse page;
    if (!Read(list, &page)) return;
    const auto names = [](std::string* out, const v1::Campaign& row) {
      absl::StrAppend(out, row.name(), " ", row.etag());
    };
    caller_.Compare(absl::StrCat("open campaigns of ", office_.name),
                    absl::StrCat(name_, " ", etag_), absl::StrJoin(page.campaigns(), ", ", names),
                    how_);
  }

  template <class Sheets>
  static std::string Standings(const Sheets& sheets) {
    std::map<std::string, std::string> rows;
    for (const v1::Sheet& sheet : sheets) rows[sheet.unit()] = StandingOf(sheet);
    return absl::StrJoin(rows, ", ", absl::PairFormatter(" "));
  }
  std::string OwnStandings(const std::function<bool(const OwnSheet&)>& wanted) const {
    std::map<std::string, std::string> rows;
    for (const OwnSheet& sheet : sheets_) {
      if (wanted(sheet)) rows[sheet.unit] = StandingOf(sheet);
    }
    return absl::StrJoin(rows, ", ", absl::PairFormatter(" "));
  }

  void ListSheets() {
    v1::ListSheetsRequest list;
    list.set_campaign(name_);
    const bool sealed = caller_.Chance(30);
    if (sealed) list.set_filter("state = SEALED");
    v1::ListSheetsResponse page;
    if (!Read(list, &page)) return;
    caller_.Compare(absl::StrCat("sheets of ", name_),
                    OwnStandings([&](const OwnSheet& sheet) { return !sealed || sheet.sealed; }),
                    Standings(page.sheets()), how_);
  }

  // The office's are those that stand at a review; a town's is its own self-assessment.
  void ListPending() {
    const bool town = caller_.Chance(30);
    v1::ListPendingRequest list;
    list.set_acting_office(town ? office_.towns.front() : office_.name);
    if (town || caller_.Chance(50)) list.set_campaign(name_);
    v1::ListPendingResponse page;
    if (!Read(list, &page)) return;
    const auto waits = [&](const OwnSheet& sheet) {
      if (sheet.sealed) return false;
      if (town) return sheet.at == 0 && sheet.unit == list.acting_office();
      return sheet.at > 0 && sheet.at < kSpot;
    };
    caller_.Compare(absl::StrCat("what waits for ", list.acting_office()), OwnStandings(waits),
                    Standings(page.sheets()), how_);
  }

  void ReadProgress() {
    v1::GetCampaignProgressRequest request;
    request.set_name(name_);
    if (caller_.Chance(50)) request.set_subtree(office_.name);
    v1::GetCampaignProgressResponse found;
    if (!Read(request, &found)) return;
    int64_t standing[kSpot + 1] = {};
    int64_t sealed = 0;
    for (const OwnSheet& sheet : sheets_) ++(sheet.sealed ? sealed : standing[sheet.at]);
    std::string expected = absl::StrCat(sheets_.size(), " sheets, ", standing[kSpot], " reviewed, ",
                                        sealed, " sealed");
    std::string told = absl::StrCat(found.sheet_count(), " sheets, ", found.reviewed_count(),
                                    " reviewed, ", found.sealed_count(), " sealed");
    for (int i = 0; i < kSpot; ++i) absl::StrAppend(&expected, ", ", kStages[i], " ", standing[i]);
    for (const v1::StageCount& count : found.stages()) {
      absl::StrAppend(&told, ", ", count.stage(), " ", count.count());
    }
    caller_.Compare(absl::StrCat("progress of ", name_), expected, told, how_);
    std::map<std::string, std::string> gaps;
    for (const v1::StageGap& gap : found.gaps()) {
      if (gap.node().empty()) continue;
      gaps[absl::StrCat(gap.stage(), " ", gap.later_stage(), " ", gap.node())] =
          absl::StrCat(gap.lower_count(), " and ", gap.higher_count(), " of ", gap.sheet_count());
    }
    caller_.Compare(absl::StrCat("gaps of ", name_),
                    absl::StrJoin(Gaps(), ", ", absl::PairFormatter(": ")),
                    absl::StrJoin(gaps, ", ", absl::PairFormatter(": ")), how_);
  }

  // On how many sheets the later of two stages gave a leaf less and more.
  std::map<std::string, std::string> Gaps() const {
    std::map<std::string, std::string> gaps;
    for (int leaf = 0; leaf < 2; ++leaf) {
      for (int i = 0; i < kSpot; ++i) {
        for (int j = i + 1; j <= kSpot; ++j) {
          int64_t lower = 0;
          int64_t higher = 0;
          int64_t both = 0;
          for (const OwnSheet& sheet : sheets_) {
            const OwnValue* earlier = Over(sheet, i, leaf);
            const OwnValue* later = Over(sheet, j, leaf);
            if (earlier == nullptr || later == nullptr) continue;
            if (!earlier->points || !later->points) continue;
            ++both;
            lower += *later->points < *earlier->points ? 1 : 0;
            higher += *later->points > *earlier->points ? 1 : 0;
          }
          if (both == 0) continue;
          gaps[absl::StrCat(kStages[i], " ", kStages[j], " ", kLeaves[leaf])] =
              absl::StrCat(lower, " and ", higher, " of ", both);
        }
      }
    }
    return gaps;
  }

  Caller& caller_;
  Office& office_;
  std::string scheme_;  // The version.
  int months_ = 0;      // That had a campaign.
  // The campaign that is under way.
  std::string name_;
  std::string etag_;
  std::string month_;
  std::string state_ = "CAMPAIGN_STATE_OPEN";
  bool least_ = false;   // Combines its stages by the least value, else by the latest.
  Operation operation_;  // That opens it.
  std::vector<OwnSheet> sheets_;
  std::string how_;
};

}  // namespace

std::unique_ptr<Actor> MakeCampaignsActor(Caller* caller, Office* office) {
  return std::make_unique<CampaignsActor>(caller, office);
}

}  // namespace terrace::robustness
