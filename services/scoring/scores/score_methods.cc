// The methods that are answered from boards; RankUnits has a file of its own.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/resource/filter.h"
#include "common/resource/page_token.h"
#include "services/scoring/boards/outlook_walk.h"
#include "services/scoring/eligibility/check_eligibility.h"
#include "services/scoring/publications/announced_scores.h"
#include "services/scoring/scores/board_read.h"
#include "services/scoring/scores/present_parts.h"
#include "services/scoring/scores/score_stream.h"
#include "services/scoring/scoring_service.h"
#include "services/scoring/scoring_state.h"

namespace terrace::scoring {
namespace {

using rpc::Call;
using rpc::Message;
using rpc::StatusDone;

absl::StatusOr<Codes> CodesOf(const google::protobuf::RepeatedPtrField<std::string>& names,
                              absl::string_view pattern) {
  Codes codes;
  for (const std::string& name : names) {
    TERRACE_RETURN_IF_ERROR(resource::ParseName(name, pattern).status());
    codes.insert(std::string(resource::LastSegment(name)));
  }
  return codes;
}

// ------------------------------------------------------------------------------- single scores

v1::Score* NextScore(v1::Score* reply) { return reply; }
v1::Score* NextScore(v1::BatchGetScoresResponse* reply) { return reply->add_scores(); }

// Scores by name, all of one scheme and one period.
template <class Reply>
class GetRead : public BoardRead {
 public:
  GetRead(Call& call, std::vector<ScoreRef> refs, bool include_nodes, Reply* reply)
      : BoardRead(call),
        refs_(std::move(refs)),
        detail_{include_nodes, true, include_nodes},
        reply_(reply) {}

  absl::StatusOr<bool> Copy(const SchemeBoard& board, const Facts& facts) override {
    const Audience audience = AudienceOf(board);
    for (const ScoreRef& ref : refs_) {
      TERRACE_ASSIGN_OR_RETURN(const Unit unit, VisibleUnit(board, facts, audience, ref));
      rows_.push_back(CopyScore(board, facts, unit, detail_));
    }
    Stamp(board, facts, reply_);
    return false;
  }
  void Work(bool more) override {
    for (const ScoreRow& row : rows_) {
      FillScore(scheme(), refs_[0].period, *call_.tree, row, NextScore(reply_));
    }
  }

 private:
  const std::vector<ScoreRef> refs_;
  const ScoreDetail detail_;
  Reply* const reply_;
  std::vector<ScoreRow> rows_;
};

// Scores as they were announced.
template <class Req, class Reply>
absl::Status GetAnnounced(const ReadContext& context, Call& call, const Req& request,
                          const std::vector<ScoreRef>& refs, Reply* reply) {
  if (request.has_at_time()) return Invalid("at_time", kAnnouncedStand);
  absl::Status status;
  context.machine->Read<ScoringState>([&](const ScoringState& state, const store::Cursor& at) {
    absl::StatusOr<Announced> announced =
        FindAnnounced(state, refs[0].scheme, refs[0].period, request.state());
    status = announced.status();
    for (const ScoreRef& ref : refs) {
      if (!status.ok()) break;
      status = announced->Fill(state, ref.unit, request.include_nodes(), NextScore(reply));
    }
    if (status.ok()) announced->Stamp(reply);
    rpc::StampCursor(context.machine->service(), at, call, reply);
  });
  return status;
}

void GetScore(const ReadContext& context, Call& call, const v1::GetScoreRequest& request,
              v1::Score* reply, StatusDone done) {
  absl::StatusOr<ScoreRef> ref = ParseScore(request.name());
  if (!ref.ok()) {
    done(ref.status());
    return;
  }
  if (IsOfPublication(request.state())) {
    done(GetAnnounced(context, call, request, {*std::move(ref)}, reply));
    return;
  }
  const BoardKey key{ref->scheme, ref->period, AtTime(request.has_at_time(), request.at_time())};
  auto read = std::make_shared<GetRead<v1::Score>>(call, std::vector<ScoreRef>{*std::move(ref)},
                                                   request.include_nodes(), reply);
  OnBoard(context, call, key, /*quick=*/true, std::move(read), std::move(done));
}

absl::StatusOr<BoardKey> KeyOfBatch(const v1::BatchGetScoresRequest& request,
                                    std::vector<ScoreRef>* refs) {
  if (request.names().empty()) return Required("names");
  if (request.names_size() > kNamesPerBatch) {
    return Error(Reason::BATCH_TOO_LARGE, {{"count", absl::StrCat(request.names_size())},
                                           {"limit", absl::StrCat(kNamesPerBatch)}});
  }
  BoardKey key;
  for (int i = 0; i < request.names_size(); ++i) {
    TERRACE_ASSIGN_OR_RETURN(ScoreRef ref, ParseScore(request.names(i)));
    if (i == 0) {
      key = {ref.scheme, ref.period, AtTime(request.has_at_time(), request.at_time())};
    } else if (ref.scheme.Family() != key.scheme.Family() || ref.period != key.period) {
      return Invalid(absl::StrCat("names[", i, "]"), "all must be of one scheme and one period");
    }
    refs->push_back(std::move(ref));
  }
  return key;
}

void BatchGetScores(const ReadContext& context, Call& call,
                    const v1::BatchGetScoresRequest& request, v1::BatchGetScoresResponse* reply,
                    StatusDone done) {
  std::vector<ScoreRef> refs;
  absl::StatusOr<BoardKey> key = KeyOfBatch(request, &refs);
  if (!key.ok()) {
    done(key.status());
    return;
  }
  if (IsOfPublication(request.state())) {
    done(GetAnnounced(context, call, request, refs, reply));
    return;
  }
  auto read = std::make_shared<GetRead<v1::BatchGetScoresResponse>>(call, std::move(refs),
                                                                    request.include_nodes(), reply);
  OnBoard(context, call, *key, /*quick=*/false, std::move(read), std::move(done));
}

class ExplainRead : public BoardRead {
 public:
  ExplainRead(Call& call, ScoreRef ref, const v1::ExplainScoreRequest& request, int parts_max,
              v1::Explanation* reply)
      : BoardRead(call),
        ref_(std::move(ref)),
        request_(request),
        parts_max_(parts_max),
        reply_(reply) {}

  absl::StatusOr<bool> Copy(const SchemeBoard& board, const Facts& facts) override {
    TERRACE_ASSIGN_OR_RETURN(const Unit unit, VisibleUnit(board, facts, AudienceOf(board), ref_));
    rolled_ = kNoUnit;
    if (request_.include_outlook() &&
        board.board().RollupRuleOf(unit).method != engine::Method::kOwn) {
      rolled_ = unit;
      if (outlook_.Copy(board, unit)) return true;
    }
    engine::SheetInput input;
    *reply_->mutable_whole() =
        ExplainScore(board, facts, *call_.tree, unit, request_.depth(), parts_max_, &input);
    row_ = CopyScore(board, facts, unit, {false, true, true}, std::move(input));
    Stamp(board, facts, reply_);
    return false;
  }
  void Work(bool more) override {
    outlook_.Work();
    if (more) return;
    FillScore(scheme(), ref_.period, *call_.tree, row_, reply_->mutable_score());
    if (rolled_ == kNoUnit) return;
    if (const absl::optional<engine::RolledOutlook> outlook = outlook_.Result(rolled_)) {
      FillOutlook(scheme().engine, *outlook, reply_->mutable_score()->mutable_outlook());
    }
  }

 private:
  const ScoreRef ref_;
  const v1::ExplainScoreRequest& request_;
  const int parts_max_;
  v1::Explanation* const reply_;
  OutlookWalk outlook_;
  Unit rolled_ = kNoUnit;  // The unit, if its outlook is wanted and its score is rolled up.
  ScoreRow row_;
};

void Explain(const ReadContext& context, Call& call, const v1::ExplainScoreRequest& request,
             v1::Explanation* reply, StatusDone done) {
  absl::StatusOr<ScoreRef> ref = ParseScore(request.name());
  absl::Status status = ref.status();
  if (status.ok() && (request.depth() < 0 || request.depth() > kExplainDepthMax)) {
    status =
        Error(Reason::NUMBER_OUT_OF_RANGE, {{"field", "depth"},
                                            {"value", absl::StrCat(request.depth())},
                                            {"range", absl::StrCat("0 to ", kExplainDepthMax)}});
  }
  if (status.ok() && request.parts_max() < 0) {
    status = Error(Reason::NUMBER_OUT_OF_RANGE, {{"field", "parts_max"},
                                                 {"value", absl::StrCat(request.parts_max())},
                                                 {"range", "0 or more"}});
  }
  if (!status.ok()) {
    done(std::move(status));
    return;
  }
  const int parts_max = request.parts_max() == 0 ? kExplainPartsDefault
                                                 : std::min(request.parts_max(), kExplainPartsMax);
  const BoardKey key{ref->scheme, ref->period, AtTime(request.has_at_time(), request.at_time())};
  auto read = std::make_shared<ExplainRead>(call, *std::move(ref), request, parts_max, reply);
  OnBoard(context, call, key, /*quick=*/false, std::move(read), std::move(done));
}

// --------------------------------------------------------------------------------------- lists

class ListRead : public BoardRead {
 public:
  ListRead(Call& call, const v1::ListScoresRequest& request, calendar::Period period,
           resource::Filter filter, int page_size, v1::ListScoresResponse* reply)
      : BoardRead(call),
        request_(request),
        period_(period),
        filter_(std::move(filter)),
        page_size_(page_size),
        hash_(
            resource::ListHash({"ListScores", request.subtree(), request.scheme(), request.period(),
                                request.filter(), request.at_time().SerializeAsString()})),
        reply_(reply) {}

  absl::StatusOr<bool> Copy(const SchemeBoard& board, const Facts& facts) override {
    TERRACE_ASSIGN_OR_RETURN(const Unit top, TopOf(board, facts, request_));
    TERRACE_ASSIGN_OR_RETURN(
        const resource::PageToken token,
        resource::DecodePageToken(request_.page_token(), hash_, facts.vector.registry().log_id()));
    absl::optional<absl::string_view> after;
    if (absl::StartsWith(token.last_key, "/")) after = absl::string_view(token.last_key).substr(1);
    const Audience audience = AudienceOf(board);
    // What the filter drops is seen only later, so there may be more rows than fit the page.
    const size_t rows_max =
        static_cast<size_t>(request_.filter().empty() ? page_size_ : kUnitsPerPage);
    TreeOrder::Walk walk(&board.order(), top, after);
    Unit last = top;
    for (int i = 0; i < kUnitsPerPage && !walk.done() && rows_.size() < rows_max;
         ++i, walk.Next()) {
      last = walk.unit();
      if (!IsListed(board, last) || !audience.MaySee(facts.ids.Id(last))) continue;
      rows_.push_back({CopyScore(board, facts, last, {}), board.order().PathOf(last, top)});
    }
    if (!walk.done()) path_ = board.order().PathOf(last, top);
    Stamp(board, facts, reply_);
    return false;
  }

  void Work(bool more) override {
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (reply_->scores_size() == page_size_) {
        path_ = rows_[i - 1].path;
        break;
      }
      FillScore(scheme(), period_, *call_.tree, rows_[i].score, reply_->add_scores());
      if (!filter_.Matches(*reply_->scores().rbegin())) reply_->mutable_scores()->RemoveLast();
    }
    if (!path_) return;
    // Keys of page tokens: a slash before the path, so that the top itself is a key as well.
    const types::v1::Cursor& position = reply_->vector().registry();
    reply_->set_next_page_token(resource::EncodePageToken(
        {absl::StrCat("/", *path_), position.log_id(), position.revision()}, hash_));
  }

 private:
  struct Row {
    ScoreRow score;
    std::string path;
  };

  const v1::ListScoresRequest& request_;
  const calendar::Period period_;
  const resource::Filter filter_;
  const int page_size_;
  const uint64_t hash_;
  v1::ListScoresResponse* const reply_;
  std::vector<Row> rows_;
  absl::optional<std::string> path_;  // Of the last unit of the page, if any come after it.
};

void ListScores(const ReadContext& context, Call& call, const v1::ListScoresRequest& request,
                v1::ListScoresResponse* reply, StatusDone done) {
  absl::StatusOr<BoardKey> key = KeyOf(request);
  absl::StatusOr<int> size = resource::CoercePageSize(request.page_size());
  absl::StatusOr<resource::Filter> filter =
      resource::Filter::Parse(request.filter(), v1::Score::descriptor());
  for (const absl::Status& status : {key.status(), size.status(), filter.status()}) {
    if (status.ok()) continue;
    done(status);
    return;
  }
  if (!request.order_by().empty() && request.order_by() != "tree") {
    done(Invalid("order_by", "\"tree\" is the only order; RankUnits orders by score"));
    return;
  }
  key->at = AtTime(request.has_at_time(), request.at_time());
  auto read =
      std::make_shared<ListRead>(call, request, key->period, *std::move(filter), *size, reply);
  OnBoard(context, call, *key, /*quick=*/false, std::move(read), std::move(done));
}

// Adds methods that answer from boards, and have their answers own up to what is stale.
class Adder {
 public:
  Adder(rpc::Methods* methods, ReadContext context, StaleInputsFn stale_inputs)
      : methods_(methods), context_(std::move(context)), stale_inputs_(std::move(stale_inputs)) {}

  template <class Req, class Resp>
  void Add(absl::string_view method,
           void (*fn)(const ReadContext&, Call&, const Req&, Resp*, StatusDone)) {
    AddFunction<Req, Resp>(method, fn);
  }
  template <class Req, class Resp, class F>
  void AddFunction(absl::string_view method, F fn) {
    auto answer = [context = context_, stale_inputs = stale_inputs_, fn](
                      Call& call, const Req& request, Resp* reply, StatusDone done) {
      // From before the read: what comes back meanwhile makes the answer no older.
      if (stale_inputs) stale_inputs(reply->mutable_stale_inputs());
      fn(context, call, request, reply, std::move(done));
    };
    methods_->Async<Req, Resp>(method, std::move(answer));
  }

 private:
  rpc::Methods* const methods_;
  const ReadContext context_;
  const StaleInputsFn stale_inputs_;
};

}  // namespace

void ScoringService::AddScores() {
  Adder adder(&methods_, ReadContext{boards_, machine_}, stale_inputs_);
  adder.Add("GetScore", &GetScore);
  adder.Add("BatchGetScores", &BatchGetScores);
  adder.Add("ListScores", &ListScores);
  adder.Add("RankUnits", &RankUnits);
  adder.Add("ExplainScore", &Explain);
  adder.Add("CompareScores", &CompareScores);
  adder.Add("FreezeScheme", &FreezeScheme);
  adder.Add("SimulateScheme", &SimulateScheme);
  adder.Add("AssessRobustness", &AssessRobustness);
  adder.AddFunction<v1::CheckEligibilityRequest, v1::Eligibility>(
      "CheckEligibility", [seal = eligibility_seal_](const ReadContext& context, Call& call,
                                                     const v1::CheckEligibilityRequest& request,
                                                     v1::Eligibility* reply, StatusDone done) {
        CheckEligibility(context, seal, call, request, reply, std::move(done));
      });
}

void ScoringService::AddStreams() {
  const StreamReply pull = {
      [](Message* reply) { return static_cast<v1::PullScoresResponse*>(reply)->mutable_scores(); },
      [stale_inputs = stale_inputs_](const StreamPoint& point, Message* reply) {
        auto* chunk = static_cast<v1::PullScoresResponse*>(reply);
        *chunk->mutable_vector() = point.vector;
        *chunk->mutable_log_time() = ToProto(point.log_time);
        chunk->set_resume_token(point.resume_token);
        chunk->set_changes_only(point.changes_only);
        chunk->set_reset(point.reset);
        chunk->set_complete(point.complete);
        if (stale_inputs) stale_inputs(chunk->mutable_stale_inputs());
      }};
  methods_.ServerStream<v1::PullScoresRequest, v1::PullScoresResponse>(
      "PullScores",
      [this, pull](Call& call, const v1::PullScoresRequest& request)
          -> absl::StatusOr<std::unique_ptr<rpc::Source>> {
        if (IsOfPublication(request.state())) {
          return PullAnnounced(machine_, call, request, stale_inputs_);
        }
        StreamSpec spec;
        TERRACE_ASSIGN_OR_RETURN(spec.key, KeyOf(request));
        spec.key.at = AtTime(request.has_at_time(), request.at_time());
        TERRACE_ASSIGN_OR_RETURN(spec.levels, CodesOf(request.levels(), "levels/{level}"));
        spec.subtree = std::string(resource::OwnerOf(request.subtree()));
        spec.line = request.line();
        if (request.has_changed_since()) spec.since = request.changed_since();
        spec.resume_token = request.resume_token();
        return MakeScoreStream(boards_.get(), machine_, tree_, call, std::move(spec), pull);
      });
  const StreamReply watch = {
      [](Message* reply) { return static_cast<v1::WatchScoresResponse*>(reply)->mutable_scores(); },
      [stale_inputs = stale_inputs_](const StreamPoint& point, Message* reply) {
        auto* message = static_cast<v1::WatchScoresResponse*>(reply);
        *message->mutable_vector() = point.vector;
        *message->mutable_log_time() = ToProto(point.log_time);
        message->set_reset(point.reset);
        message->set_complete(point.complete);
        if (stale_inputs) stale_inputs(message->mutable_stale_inputs());
      }};
  methods_.ServerStream<v1::WatchScoresRequest, v1::WatchScoresResponse>(
      "WatchScores",
      [this, watch](Call& call, const v1::WatchScoresRequest& request)
          -> absl::StatusOr<std::unique_ptr<rpc::Source>> {
        StreamSpec spec;
        TERRACE_ASSIGN_OR_RETURN(spec.key, KeyOf(request));
        if (request.depth() < 0) return Invalid("depth", "it must not be negative");
        if (request.interval_ms_min() < 0 || request.interval_ms_min() > kWatchIntervalMsMax) {
          return Error(Reason::NUMBER_OUT_OF_RANGE,
                       {{"field", "interval_ms_min"},
                        {"value", absl::StrCat(request.interval_ms_min())},
                        {"range", absl::StrCat("0 to ", kWatchIntervalMsMax)}});
        }
        spec.watch = true;
        spec.subtree = std::string(resource::OwnerOf(request.subtree()));
        spec.line = request.line();
        spec.depth = request.depth();
        spec.interval = absl::Milliseconds(request.interval_ms_min());
        if (request.has_vector()) spec.since = request.vector();
        return MakeScoreStream(boards_.get(), machine_, tree_, call, std::move(spec), watch);
      });
}

}  // namespace terrace::scoring
