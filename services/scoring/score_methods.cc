// The methods that are answered from boards.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/resource/filter.h"
#include "common/resource/names.h"
#include "common/resource/page_token.h"
#include "services/scoring/engine/rank.h"
#include "services/scoring/present.h"
#include "services/scoring/present_parts.h"
#include "services/scoring/score_stream.h"
#include "services/scoring/scoring_service.h"
#include "services/scoring/scoring_state.h"
#include "services/scoring/state_common.h"
#include "terrace/scoring/v1/scoreboard.pb.h"

namespace terrace::scoring {
namespace {

using rpc::Call;
using rpc::Message;
using rpc::StatusDone;

using BoardRead = absl::AnyInvocable<absl::Status(const SchemeBoard&, const Facts&)>;

// What a board method needs of its surroundings.
struct Context {
  std::shared_ptr<Scoreboards> boards;
  machine::Machine* machine;
};

// Runs `read` on the board of `key`: at once when it is there and the read is quick, else on the
// executor.
void OnBoard(const Context& context, Call& call, const BoardKey& key, bool quick, BoardRead read,
             StatusDone done) {
  if (quick) {
    if (Scoreboards::BoardPin pin = context.boards->Peek(key)) {
      absl::Status status;
      if (context.boards->Read(pin, [&](const SchemeBoard& board, const Facts& facts) {
            status = read(board, facts);
          })) {
        done(std::move(status));
        return;
      }
    }
  }
  context.boards->Open(
      key, call.deadline,
      [context, &call, key, read = std::move(read),
       done = std::move(done)](absl::StatusOr<Scoreboards::BoardPin> pin) mutable {
        if (!pin.ok()) {
          done(pin.status());
          return;
        }
        context.machine->executor().Post([context, &call, key, pin = *std::move(pin),
                                          read = std::move(read),
                                          done = std::move(done)]() mutable {
          absl::Status status;
          if (context.boards->Read(pin, [&](const SchemeBoard& board, const Facts& facts) {
                status = read(board, facts);
              })) {
            done(std::move(status));
          } else {  // It is being built anew.
            OnBoard(context, call, key, false, std::move(read), std::move(done));
          }
        });
      });
}

absl::optional<absl::Time> AtTime(bool set, const google::protobuf::Timestamp& time) {
  return set ? absl::make_optional(FromProto(time)) : absl::nullopt;
}

// The position of an answer, for the response metadata.
void StampVector(const types::v1::RevisionVector& vector, Call& call) {
  call.position.clear();
  const std::pair<const char*, const types::v1::Cursor*> parts[] = {
      {"registry", &vector.registry()},
      {"measures", &vector.measures()},
      {"inspections", &vector.inspections()},
      {"scoring", &vector.scoring()}};
  for (const auto& [name, cursor] : parts) {
    if (cursor->log_id().empty()) continue;
    absl::StrAppend(&call.position, call.position.empty() ? "" : ",", name, "=", cursor->log_id(),
                    ":", cursor->revision());
  }
}

template <class Reply>
void Stamp(const SchemeBoard& board, const Facts& facts, Call& call, Reply* reply) {
  *reply->mutable_vector() = facts.vector;
  *reply->mutable_log_time() = ToProto(LogTimeOf(board, facts));
  StampVector(facts.vector, call);
}

// The unit of a score that the caller may see; NOT_FOUND otherwise.
absl::StatusOr<Unit> VisibleUnit(const SchemeBoard& board, const Facts& facts, const Call& call,
                                 const std::string& id, absl::string_view name) {
  const Unit unit = facts.ids.Find(id);
  if (unit == kNoUnit || unit >= board.board().size() || !board.board().HasPlace(unit) ||
      !MaySeeScore(call.identity, *call.tree, board.scheme(), id, call.received)) {
    return NotFound(name);
  }
  return unit;
}

// Subtree, scheme, period and line of a request about many units.
template <class Req>
absl::StatusOr<BoardKey> KeyOf(const Req& request) {
  TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(request.subtree()).status());
  BoardKey key;
  TERRACE_ASSIGN_OR_RETURN(key.scheme, ParseScheme(request.scheme()));
  TERRACE_ASSIGN_OR_RETURN(key.period, calendar::Period::Parse(request.period()));
  return key;
}

template <class Req>
absl::StatusOr<Unit> TopOf(const SchemeBoard& board, const Facts& facts, const Req& request) {
  if (request.line() != types::v1::LINE_UNSPECIFIED &&
      tree::FromProto(request.line()) != board.scheme().line) {
    return Invalid("line", "the scores of this scheme rise along its own line");
  }
  const Unit top = facts.ids.Find(resource::OwnerOf(request.subtree()));
  if (top == kNoUnit || !board.order()->Contains(top)) return NotFound(request.subtree());
  return top;
}

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

void GetScore(const Context& context, Call& call, const v1::GetScoreRequest& request,
              v1::Score* reply, StatusDone done) {
  absl::StatusOr<ScoreRef> ref = ParseScore(request.name());
  if (!ref.ok()) {
    done(ref.status());
    return;
  }
  const BoardKey key{ref->scheme, ref->period, AtTime(request.has_at_time(), request.at_time())};
  OnBoard(
      context, call, key, /*quick=*/true,
      [&call, &request, reply, id = ref->unit](const SchemeBoard& board,
                                               const Facts& facts) -> absl::Status {
        TERRACE_ASSIGN_OR_RETURN(const Unit unit,
                                 VisibleUnit(board, facts, call, id, request.name()));
        FillScore(board, facts, *call.tree, unit, {request.include_nodes(), true}, reply);
        Stamp(board, facts, call, reply);
        return absl::OkStatus();
      },
      std::move(done));
}

absl::StatusOr<BoardKey> KeyOfBatch(const v1::BatchGetScoresRequest& request,
                                    std::vector<std::string>* units) {
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
    units->push_back(std::move(ref.unit));
  }
  return key;
}

void BatchGetScores(const Context& context, Call& call, const v1::BatchGetScoresRequest& request,
                    v1::BatchGetScoresResponse* reply, StatusDone done) {
  std::vector<std::string> units;
  absl::StatusOr<BoardKey> key = KeyOfBatch(request, &units);
  if (!key.ok()) {
    done(key.status());
    return;
  }
  OnBoard(
      context, call, *key, /*quick=*/false,
      [&call, &request, reply, units](const SchemeBoard& board,
                                      const Facts& facts) -> absl::Status {
        for (size_t i = 0; i < units.size(); ++i) {
          TERRACE_ASSIGN_OR_RETURN(
              const Unit unit,
              VisibleUnit(board, facts, call, units[i], request.names(static_cast<int>(i))));
          FillScore(board, facts, *call.tree, unit, {request.include_nodes(), true},
                    reply->add_scores());
        }
        Stamp(board, facts, call, reply);
        return absl::OkStatus();
      },
      std::move(done));
}

void Explain(const Context& context, Call& call, const v1::ExplainScoreRequest& request,
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
  OnBoard(
      context, call, key, /*quick=*/false,
      [&call, &request, reply, parts_max, id = ref->unit](const SchemeBoard& board,
                                                          const Facts& facts) -> absl::Status {
        TERRACE_ASSIGN_OR_RETURN(const Unit unit,
                                 VisibleUnit(board, facts, call, id, request.name()));
        FillScore(board, facts, *call.tree, unit, {}, reply->mutable_score());
        *reply->mutable_whole() =
            ExplainScore(board, facts, *call.tree, unit, request.depth(), parts_max);
        Stamp(board, facts, call, reply);
        return absl::OkStatus();
      },
      std::move(done));
}

// --------------------------------------------------------------------------------------- lists

// Keys of page tokens: a slash before the path, so that the top itself is a key as well.
absl::Status FillPage(const SchemeBoard& board, const Facts& facts, Call& call,
                      const v1::ListScoresRequest& request, const resource::Filter& filter,
                      int size, v1::ListScoresResponse* reply) {
  TERRACE_ASSIGN_OR_RETURN(const Unit top, TopOf(board, facts, request));
  const uint64_t hash =
      resource::ListHash({"ListScores", request.subtree(), request.scheme(), request.period(),
                          request.filter(), request.at_time().SerializeAsString()});
  const types::v1::Cursor& position = facts.vector.registry();
  TERRACE_ASSIGN_OR_RETURN(
      const resource::PageToken token,
      resource::DecodePageToken(request.page_token(), hash, position.log_id()));
  const absl::Span<const Unit> units = board.order()->Subtree(top);
  size_t index = 0;
  if (absl::StartsWith(token.last_key, "/")) {
    index = board.order()->IndexAfter(token.last_key.substr(1), top, facts.ids);
  }
  const size_t end = std::min(units.size(), index + kUnitsPerPage);
  for (; index < end && reply->scores_size() < size; ++index) {
    const Unit unit = units[index];
    if (!IsListed(board, unit) || !MaySeeScore(call.identity, *call.tree, board.scheme(),
                                               facts.ids.Id(unit), call.received)) {
      continue;
    }
    FillScore(board, facts, *call.tree, unit, {}, reply->add_scores());
    if (!filter.Matches(*reply->scores().rbegin())) reply->mutable_scores()->RemoveLast();
  }
  if (index < units.size()) {
    const std::string last =
        absl::StrCat("/", board.order()->PathOf(units[index - 1], top, facts.ids));
    reply->set_next_page_token(
        resource::EncodePageToken({last, position.log_id(), position.revision()}, hash));
  }
  Stamp(board, facts, call, reply);
  return absl::OkStatus();
}

void ListScores(const Context& context, Call& call, const v1::ListScoresRequest& request,
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
  OnBoard(
      context, call, *key, /*quick=*/false,
      [&call, &request, reply, filter = *filter, size = *size](const SchemeBoard& board,
                                                               const Facts& facts) {
        return FillPage(board, facts, call, request, filter, size, reply);
      },
      std::move(done));
}

// A group of units that share a level and a kind, with their places.
struct Group {
  std::vector<engine::Ranked> ranked;
  int64_t unranked = 0;
};

Group RankGroup(const SchemeBoard& board, const Facts& facts, const Call& call, Unit top,
                absl::string_view level, absl::string_view kind) {
  Group group;
  for (Unit unit : board.order()->Subtree(top)) {
    if (unit == top || facts.registry.Level(unit) != level) continue;
    if (!kind.empty() && facts.registry.Kind(unit) != kind) continue;
    if (!IsListed(board, unit) || !MaySeeScore(call.identity, *call.tree, board.scheme(),
                                               facts.ids.Id(unit), call.received)) {
      continue;
    }
    const engine::UnitScore score = board.board().ScoreOf(unit);
    if (score.assessment != engine::Assessment::kScored || score.disqualified) {
      ++group.unranked;
    } else {
      group.ranked.push_back({unit, board.scheme().Compared(score.score), 0});
    }
  }
  std::sort(group.ranked.begin(), group.ranked.end(),
            [&](const engine::Ranked& a, const engine::Ranked& b) {
              return facts.ids.Id(a.unit) < facts.ids.Id(b.unit);
            });
  engine::RankUnits(group.ranked);
  return group;
}

// A page goes on behind a value and a unit: "-{units of 1e-12} {id}", the best first.
absl::Status FillRanks(const SchemeBoard& board, const Facts& facts, Call& call,
                       const v1::RankUnitsRequest& request, int size,
                       v1::RankUnitsResponse* reply) {
  TERRACE_ASSIGN_OR_RETURN(const Unit top, TopOf(board, facts, request));
  const uint64_t hash =
      resource::ListHash({"RankUnits", request.subtree(), request.scheme(), request.period(),
                          request.level(), request.kind(), request.at_time().SerializeAsString()});
  const types::v1::Cursor& position = facts.vector.registry();
  TERRACE_ASSIGN_OR_RETURN(
      const resource::PageToken token,
      resource::DecodePageToken(request.page_token(), hash, position.log_id()));
  const Group group = RankGroup(board, facts, call, top, resource::LastSegment(request.level()),
                                resource::LastSegment(request.kind()));
  auto next = group.ranked.begin();
  if (!token.last_key.empty()) {
    const size_t space = token.last_key.find(' ');
    int64_t units = 0;
    if (space == std::string::npos || !absl::SimpleAtoi(token.last_key.substr(0, space), &units)) {
      return Error(Reason::INVALID_PAGE_TOKEN);
    }
    const std::string id = token.last_key.substr(space + 1);
    next = std::partition_point(group.ranked.begin(), group.ranked.end(),
                                [&](const engine::Ranked& ranked) {
                                  if (ranked.value.units() != units)
                                    return ranked.value.units() > units;
                                  return facts.ids.Id(ranked.unit) <= absl::string_view(id);
                                });
  }
  for (; next != group.ranked.end() && reply->ranks_size() < size; ++next) {
    v1::Rank* rank = reply->add_ranks();
    rank->set_rank(next->rank);
    FillScore(board, facts, *call.tree, next->unit, {false, false}, rank->mutable_score());
  }
  if (next != group.ranked.end()) {
    const engine::Ranked& last = *std::prev(next);
    reply->set_next_page_token(
        resource::EncodePageToken({absl::StrCat(last.value.units(), " ", facts.ids.Id(last.unit)),
                                   position.log_id(), position.revision()},
                                  hash));
  }
  reply->set_ranked(static_cast<int64_t>(group.ranked.size()));
  reply->set_unranked(group.unranked);
  Stamp(board, facts, call, reply);
  return absl::OkStatus();
}

void RankUnits(const Context& context, Call& call, const v1::RankUnitsRequest& request,
               v1::RankUnitsResponse* reply, StatusDone done) {
  absl::StatusOr<BoardKey> key = KeyOf(request);
  absl::StatusOr<int> size = resource::CoercePageSize(request.page_size());
  absl::Status level = resource::ParseName(request.level(), "levels/{level}").status();
  if (request.level().empty()) level = Required("level");
  absl::Status kind = request.kind().empty()
                          ? absl::OkStatus()
                          : resource::ParseName(request.kind(), "kinds/{kind}").status();
  for (const absl::Status& status : {key.status(), size.status(), level, kind}) {
    if (status.ok()) continue;
    done(status);
    return;
  }
  key->at = AtTime(request.has_at_time(), request.at_time());
  OnBoard(
      context, call, *key, /*quick=*/false,
      [&call, &request, reply, size = *size](const SchemeBoard& board, const Facts& facts) {
        return FillRanks(board, facts, call, request, size, reply);
      },
      std::move(done));
}

template <class Req, class Resp>
void Add(rpc::Methods& methods, const Context& context, absl::string_view method,
         void (*fn)(const Context&, Call&, const Req&, Resp*, StatusDone)) {
  methods.Async<Req, Resp>(
      method, [context, fn](Call& call, const Req& request, Resp* reply, StatusDone done) {
        fn(context, call, request, reply, std::move(done));
      });
}

}  // namespace

void ScoringService::AddScores() {
  const Context context{boards_, machine_};
  Add(methods_, context, "GetScore", &GetScore);
  Add(methods_, context, "BatchGetScores", &BatchGetScores);
  Add(methods_, context, "ListScores", &ListScores);
  Add(methods_, context, "RankUnits", &RankUnits);
  Add(methods_, context, "ExplainScore", &Explain);
}

void ScoringService::AddStreams() {
  const StreamReply pull = {
      [](Message* reply) { return static_cast<v1::PullScoresResponse*>(reply)->mutable_scores(); },
      [](const StreamPoint& point, Message* reply) {
        auto* chunk = static_cast<v1::PullScoresResponse*>(reply);
        *chunk->mutable_vector() = point.vector;
        *chunk->mutable_log_time() = ToProto(point.log_time);
        chunk->set_resume_token(point.resume_token);
        chunk->set_changes_only(point.changes_only);
        chunk->set_reset(point.reset);
        chunk->set_complete(point.complete);
      }};
  methods_.ServerStream<v1::PullScoresRequest, v1::PullScoresResponse>(
      "PullScores",
      [this, pull](Call& call, const v1::PullScoresRequest& request)
          -> absl::StatusOr<std::unique_ptr<rpc::Source>> {
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
      [](const StreamPoint& point, Message* reply) {
        auto* message = static_cast<v1::WatchScoresResponse*>(reply);
        *message->mutable_vector() = point.vector;
        *message->mutable_log_time() = ToProto(point.log_time);
        message->set_reset(point.reset);
        message->set_complete(point.complete);
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
