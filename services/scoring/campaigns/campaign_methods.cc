// Which method of campaigns and sheets is answered by what.
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/resource/names.h"
#include "services/scoring/campaigns/batch_reviews.h"
#include "services/scoring/campaigns/campaign_progress.h"
#include "services/scoring/campaigns/sheet_pages.h"
#include "services/scoring/scoring_service.h"
#include "services/scoring/scoring_state.h"

namespace terrace::scoring {
namespace {

using rpc::Call;
using rpc::StatusDone;

template <class Request>
std::string NameOf(const Request& request) {
  return request.name();
}

}  // namespace

void ScoringService::AddCampaigns() {
  AddCommand<v1::CreateCampaignRequest, v1::Campaign>(
      "CreateCampaign", &ScoringState::CreateCampaign,
      [](const v1::CreateCampaignRequest& request) {
        return absl::StrCat(request.parent(), kCampaignsInfix, request.campaign_id());
      });
  AddCommand<v1::UpdateCampaignRequest, v1::Campaign>(
      "UpdateCampaign", &ScoringState::UpdateCampaign,
      [](const v1::UpdateCampaignRequest& request) { return request.campaign().name(); });
  AddCommand<v1::CloseCampaignRequest, v1::Campaign>("CloseCampaign", &ScoringState::CloseCampaign,
                                                     &NameOf<v1::CloseCampaignRequest>);
  // Campaigns of one office may claim the same period.
  AddCommand<v1::OpenSheetsRequest, google::longrunning::Operation>(
      "OpenSheets", &ScoringState::OpenSheets, [](const v1::OpenSheetsRequest& request) {
        return absl::StrCat(resource::UnitName(resource::OwnerOf(request.name())), kCampaignsInfix);
      });
  machine::Machine* machine = machine_;
  methods_.StateRead<ScoringState, v1::GetCampaignRequest, v1::Campaign>(
      "GetCampaign", [](const ScoringState& state, Call& call,
                        const v1::GetCampaignRequest& request, v1::Campaign* reply) {
        return state.GetCampaign(call.identity, *call.tree, call.received, request, reply);
      });
  methods_.StateRead<ScoringState, v1::ListCampaignsRequest, v1::ListCampaignsResponse>(
      "ListCampaigns",
      [machine](const ScoringState& state, Call& call, const v1::ListCampaignsRequest& request,
                v1::ListCampaignsResponse* reply) {
        const store::Cursor at = machine->position_locked();
        return state.ListCampaigns(call.identity, *call.tree, call.received, request, at.log_id,
                                   at.revision.value, reply);
      });
  methods_.SlowRead<v1::GetCampaignProgressRequest, v1::GetCampaignProgressResponse>(
      "GetCampaignProgress", [machine](Call& call, const v1::GetCampaignProgressRequest& request,
                                       v1::GetCampaignProgressResponse* reply) {
        return GetCampaignProgress(machine, call, request, reply);
      });
}

void ScoringService::AddSheets() {
  AddCommand<v1::SubmitSheetRequest, v1::Sheet>("SubmitSheet", &ScoringState::SubmitSheet,
                                                &NameOf<v1::SubmitSheetRequest>);
  AddCommand<v1::RecordReviewRequest, v1::Sheet>("RecordReview", &ScoringState::RecordReview,
                                                 &NameOf<v1::RecordReviewRequest>);
  AddCommand<v1::ConfirmSheetRequest, v1::Sheet>("ConfirmSheet", &ScoringState::ConfirmSheet,
                                                 &NameOf<v1::ConfirmSheetRequest>);
  AddCommand<v1::ReturnSheetRequest, v1::Sheet>("ReturnSheet", &ScoringState::ReturnSheet,
                                                &NameOf<v1::ReturnSheetRequest>);
  AddCommand<v1::SealSheetRequest, v1::Sheet>("SealSheet", &ScoringState::SealSheet,
                                              &NameOf<v1::SealSheetRequest>);
  AddCommand<v1::ReopenSheetRequest, v1::Sheet>("ReopenSheet", &ScoringState::ReopenSheet,
                                                &NameOf<v1::ReopenSheetRequest>);
  machine::Machine* machine = machine_;
  methods_.Async<v1::BatchRecordReviewsRequest, v1::BatchRecordReviewsResponse>(
      "BatchRecordReviews", [machine](Call& call, const v1::BatchRecordReviewsRequest& request,
                                      v1::BatchRecordReviewsResponse* reply, StatusDone done) {
        RecordReviews(machine, call, request, reply, std::move(done));
      });
  methods_.StateRead<ScoringState, v1::GetSheetRequest, v1::Sheet>(
      "GetSheet", [](const ScoringState& state, Call& call, const v1::GetSheetRequest& request,
                     v1::Sheet* reply) {
        return state.GetSheet(call.identity, *call.tree, call.received, request, reply);
      });
  methods_.SlowRead<v1::ListSheetsRequest, v1::ListSheetsResponse>(
      "ListSheets",
      [machine](Call& call, const v1::ListSheetsRequest& request, v1::ListSheetsResponse* reply) {
        return ListSheets(machine, call, request, reply);
      });
  methods_.SlowRead<v1::ListPendingRequest, v1::ListPendingResponse>(
      "ListPending",
      [machine](Call& call, const v1::ListPendingRequest& request, v1::ListPendingResponse* reply) {
        return ListPending(machine, call, request, reply);
      });
}

}  // namespace terrace::scoring
