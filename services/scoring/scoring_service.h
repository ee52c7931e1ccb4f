// The edge of terrace.scoring.v1.Scoreboard: which method is answered by what.
//
// Schemes and statistics are answered from ScoringState; scores from the boards, which join that
// log with the watches of registry, measures and inspections. Whoever puts the process together
// feeds those into boards().
//
// Thread-safety. Constructed by one thread; the table and the boards may then be used from any.
#ifndef TERRACE_SERVICES_SCORING_SCORING_SERVICE_H_
#define TERRACE_SERVICES_SCORING_SCORING_SERVICE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/seal.h"
#include "common/machine/machine.h"
#include "common/rpc/methods.h"
#include "google/protobuf/repeated_field.h"
#include "services/scoring/boards/scoreboards.h"
#include "terrace/scoring/v1/score.pb.h"

namespace terrace::scoring {

// Limits of one request.
inline constexpr int kNamesPerBatch = 1000;
inline constexpr int kUnitsPerPage = 1000;  // Looked at for one page of a list.
inline constexpr int kExplainDepthMax = 8;
inline constexpr int kExplainPartsDefault = 100;
inline constexpr int kExplainPartsMax = 1000;
inline constexpr int kWatchIntervalMsMax = 60'000;

// Tells which feeds are out of reach.
using StaleInputs = google::protobuf::RepeatedPtrField<v1::StaleInput>;
using StaleInputsFn = std::function<void(StaleInputs* stale)>;

struct ScoringServiceOptions {
  machine::Machine* machine = nullptr;  // Over a ScoringState; outlives the service.
  machine::TreeSource tree;
  Scoreboards::Feeds feeds;    // Those that will be fed into boards().
  StaleInputsFn stale_inputs;  // Asked for every answer; empty when none can be.
  Seal eligibility_seal;       // That the registry opens answers of CheckEligibility with.
};

class Publisher;
class ScoringState;

class ScoringService {
 public:
  explicit ScoringService(ScoringServiceOptions options);
  ~ScoringService();

  const rpc::Methods& methods() const { return methods_; }
  // Where the watches of the other services go; shared with whatever follows them.
  const std::shared_ptr<Scoreboards>& boards() const { return boards_; }
  Publisher& publisher() { return *publisher_; }

 private:
  void AddCommands();
  void AddStateReads();
  void AddCampaigns();     // campaign_methods.cc
  void AddSheets();        // campaign_methods.cc
  void AddScores();        // score_methods.cc
  void AddStreams();       // score_methods.cc
  void AddPublications();  // publication_methods.cc

  // A command that queues on one key.
  template <class Req, class Resp>
  void AddCommand(absl::string_view method,
                  absl::Status (ScoringState::*decide)(const Req&, machine::Decision&, Resp*) const,
                  std::string (*key)(const Req&)) {
    methods_.Command<ScoringState, Req, Resp>(method, decide, [key](const Req& request) {
      return std::vector<std::string>{key(request)};
    });
  }

  machine::Machine* const machine_;
  const machine::TreeSource tree_;
  const StaleInputsFn stale_inputs_;
  const Seal eligibility_seal_;
  std::shared_ptr<Scoreboards> boards_;
  const std::shared_ptr<Publisher> publisher_;
  rpc::Methods methods_;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCORING_SERVICE_H_
