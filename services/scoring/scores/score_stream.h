// Streams of scores: a pull, which ends when everything was sent, and a watch, which goes on.
//
// Both walk the subtree once in tree order, then send what has changed meanwhile until nothing is
// left: then all that was sent is as of one vector. What they send is always the full value as it
// is now, so a slow reader loses nothing but values in between, and holds up nobody. When the tree
// below changes in a way that the reader could not tell from values, the walk starts over with
// `reset`.
#ifndef TERRACE_SERVICES_SCORING_SCORES_SCORE_STREAM_H_
#define TERRACE_SERVICES_SCORING_SCORES_SCORE_STREAM_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/machine/machine.h"
#include "common/rpc/methods.h"
#include "services/scoring/boards/scoreboards.h"
#include "terrace/scoring/v1/score.pb.h"

namespace terrace::scoring {

// Limits.
inline constexpr size_t kStreamScoresMax = 1000;   // In a message.
inline constexpr int kStreamUnitsLookedAt = 1000;  // Under one hold of the lock.
inline constexpr size_t kShownKept = 1000;         // A watch of so few units sees what moves.
inline constexpr int kResetsMax = 20;              // Of one pull.
inline constexpr absl::Duration kStreamProgress = absl::Seconds(4);  // Longest silence of a watch.

struct StreamSpec {
  BoardKey key;
  std::string subtree;                                 // Id of the unit.
  types::v1::Line line = types::v1::LINE_UNSPECIFIED;  // That of the scheme, or left out.
  Codes levels;                                        // Codes; empty for all.
  int depth = -1;                                      // Levels below the unit; -1 for all.
  bool watch = false;
  absl::Duration interval;                          // Watches: shortest time between two messages.
  absl::optional<types::v1::RevisionVector> since;  // What the reader has already.
  std::string resume_token;                         // Pulls that broke off.
};

// What a message says beside its scores.
struct StreamPoint {
  types::v1::RevisionVector vector;
  absl::Time log_time;
  bool reset = false;
  bool complete = false;
  bool changes_only = false;
  std::string resume_token;
};

// How the replies of the two methods look.
struct StreamReply {
  google::protobuf::RepeatedPtrField<v1::Score>* (*scores)(rpc::Message* reply);
  std::function<void(const StreamPoint& point, rpc::Message* reply)> finish;
};

// `boards` and `machine` (for its executor and clock) outlive the stream, `call` lives until it is
// over. VECTOR_GONE for a resume token that leads nowhere any more.
std::unique_ptr<rpc::Source> MakeScoreStream(Scoreboards* boards, machine::Machine* machine,
                                             machine::TreeSource tree, rpc::Call& call,
                                             StreamSpec spec, StreamReply reply);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCORES_SCORE_STREAM_H_
