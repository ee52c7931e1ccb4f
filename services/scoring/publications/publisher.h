// Writes the results of publications that were asked for.
//
// Concept. PublishResults leaves a publication that is PREPARING and an operation. A State cannot
// go on with it, since scores come from boards, and Decide sees none. So a Publisher works beside
// the machine, and does for these operations what the machine does for others: it looks for open
// ones when something happens to a publication or an operation, when it starts, and every
// kLookEvery while there are any; and it works in commands, each of them a guarded batch.
//
//   claim -> read the board, all as of one vector -> delete what an earlier attempt has left ->
//   write results, batch by batch -> announce: root, vector and state, in one batch
//
// One writer at a time. The claim writes a name of the attempt into the operation's record, every
// later step reads the record, and so guards it: once another process has claimed the publication,
// whatever the former one still sends is refused. A new attempt starts from a fresh read, so
// results of two vectors never meet. Nothing of it is seen before the last batch.
//
// Who may claim. Anybody, when nobody has. An attempt of this very process that gave up is taken up
// again at the next look. That of another process is taken over when its record has not changed for
// kLease by the clock of this one; at once where the store is not shared, since the other must be
// dead then.
//
// When an operation has been cancelled or has failed, the results are deleted and the publication
// is marked as abandoned.
//
// Thread-safety: all methods from any thread. Stop before the machine ends.
#ifndef TERRACE_SERVICES_SCORING_PUBLICATIONS_PUBLISHER_H_
#define TERRACE_SERVICES_SCORING_PUBLICATIONS_PUBLISHER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "common/base/timer.h"
#include "common/machine/machine.h"
#include "services/scoring/boards/scoreboards.h"
#include "services/scoring/publications/result_snapshot.h"
#include "services/scoring/scoring_service.h"
#include "services/scoring/scoring_state.h"

namespace terrace::scoring {

inline constexpr absl::Duration kLookEvery = absl::Seconds(1);
// Longer than reading the boards of a nation takes, during which the record stands still.
inline constexpr absl::Duration kLease = absl::Seconds(120);

class Publisher : public std::enable_shared_from_this<Publisher> {
 public:
  // The machine outlives Stop, and its executor the Publisher. While there are `stale_inputs`
  // (empty: there never are) nothing is begun: what is published leaves nothing out.
  Publisher(machine::Machine* machine, std::shared_ptr<Scoreboards> boards,
            machine::TreeSource tree, StaleInputsFn stale_inputs);

  // Begins to look. Once.
  void Start();
  // Ends all work and waits for the step that is under way; the machine is not used afterwards.
  void Stop();
  // Takes up what is open. Start sees to it that this happens.
  void Look();

 private:
  struct Work;
  using WorkPtr = std::shared_ptr<Work>;
  // A step: false when the attempt has lost its publication.
  using Step = std::function<bool(const ScoringState&, machine::Decision&)>;
  using Next = std::function<void()>;

  // A publication as a look finds it.
  struct Found {
    std::string name;
    std::string attempt;   // That writes it; empty for none.
    int64_t revision = 0;  // Of the operation's last change.
    bool ended = false;    // The operation has.
  };
  // What was seen of an attempt of another process.
  struct Seen {
    int64_t revision = 0;
    absl::Time since;
  };

  // Runs work on the executor, unless stopped by then.
  void Post(absl::AnyInvocable<void()> work);
  void LookLater();
  bool stopped() const;
  bool MayClaim(const Found& found) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Decides a step and goes on with `next` when it was taken; ends the work otherwise.
  void Run(const WorkPtr& work, Step step, Next next);
  void Claim(const WorkPtr& work, const std::string& former);
  void Read(const WorkPtr& work);
  void Take(const WorkPtr& work, absl::StatusOr<ResultSnapshot> snapshot);
  void Clear(const WorkPtr& work);
  void Write(const WorkPtr& work);
  void Announce(const WorkPtr& work);
  void Fail(const WorkPtr& work, const absl::Status& error);
  void Abandon(const WorkPtr& work);
  void End(const WorkPtr& work);

  machine::Machine* const machine_;
  const machine::TreeSource tree_;
  const StaleInputsFn stale_inputs_;
  Executor* const executor_;

  mutable absl::Mutex mu_;
  std::shared_ptr<Scoreboards> boards_;  // Until Stop, which breaks the circle with what waits.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  int active_ ABSL_GUARDED_BY(mu_) = 0;  // Steps posted or running.
  bool look_due_ ABSL_GUARDED_BY(mu_) = false;
  int64_t attempts_ ABSL_GUARDED_BY(mu_) = 0;
  // Publications, each with whether its operation has ended: what is cancelled need not wait for an
  // attempt that waits.
  absl::flat_hash_set<std::pair<std::string, bool>> working_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, Seen> seen_ ABSL_GUARDED_BY(mu_);  // By publication.
  Timer timer_;                                            // Last: its work uses the rest.
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_PUBLICATIONS_PUBLISHER_H_
