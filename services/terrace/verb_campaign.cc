// terrace campaign: rounds of judging, how far they are, and what waits for an office.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/terrace/commands.h"
#include "services/terrace/listing.h"
#include "services/terrace/score_words.h"
#include "services/terrace/words.h"
#include "terrace/scoring/v1/campaign.pb.h"

namespace terrace::cli {
namespace {

namespace v1 = scoring::v1;

std::string StateText(v1::CampaignState state) {
  return EnumText(v1::CampaignState_Name(state), "CAMPAIGN_STATE_");
}

std::vector<std::string> SheetCells(const v1::Sheet& sheet) {
  return {sheet.name(), sheet.unit_display_name(), StandingText(sheet),
          absl::StrCat(sheet.edition())};
}
const std::vector<std::string> kSheetHeadings = {"SHEET", "UNIT", "STATE", "EDITION"};

absl::Status List(Context& context) {
  v1::ListCampaignsRequest request;
  request.set_parent(UnitName(context.arguments().word(0)));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  return PrintPages<v1::ListCampaignsResponse>(
      context, request, &v1::ListCampaignsResponse::campaigns,
      {"CAMPAIGN", "TITLE", "SCHEME", "PERIOD", "STATE", "SHEETS"},
      [](const v1::Campaign& campaign) {
        return std::vector<std::string>{campaign.name(),
                                        Clip(campaign.display_name(), 40),
                                        IdOf(campaign.scheme()),
                                        campaign.period(),
                                        StateText(campaign.state()),
                                        absl::StrCat(campaign.sheet_count())};
      });
}

absl::Status Get(Context& context) {
  v1::GetCampaignRequest request;
  request.set_name(context.arguments().word(0));
  return PrintOne<v1::Campaign>(context, request, [](const v1::Campaign& campaign) {
    Facts facts = {{"campaign", campaign.name()},
                   {"title", campaign.display_name()},
                   {"scheme", campaign.scheme()},
                   {"period", campaign.period()},
                   {"state", StateText(campaign.state())},
                   {"sheets", absl::StrCat(campaign.sheet_count())},
                   {"opened", InstantText(campaign.open_time())},
                   {"closed", InstantText(campaign.close_time())},
                   {"description", campaign.description()},
                   {"etag", campaign.etag()}};
    for (const v1::ReviewStage& stage : campaign.stages()) {
      facts.push_back({absl::StrCat("stage ", stage.id()),
                       absl::StrCat(EnumText(v1::StageKind_Name(stage.kind()), "STAGE_KIND_"),
                                    stage.level().empty() ? "" : " by the ", IdOf(stage.level()),
                                    stage.has_due_date() ? ", due " : "",
                                    stage.has_due_date() ? DateText(stage.due_date()) : "")});
    }
    return facts;
  });
}

absl::Status Open(Context& context) {
  v1::OpenSheetsRequest request;
  request.set_name(context.arguments().word(0));
  return PrintAwaited<v1::OpenSheetsResponse>(
      context, request, [](const v1::OpenSheetsResponse& opened) {
        return absl::StrCat(opened.campaign(), ": ", opened.created_count(), " sheets made, ",
                            opened.existing_count(), " existed already\n");
      });
}

absl::Status ShowProgress(Context& context) {
  v1::GetCampaignProgressRequest request;
  request.set_name(context.arguments().word(0));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  TERRACE_ASSIGN_OR_RETURN(const auto reply, client->Get<v1::GetCampaignProgressResponse>(request));
  if (context.output().json()) {
    context.output().PrintJson(reply);
    return absl::OkStatus();
  }
  Table counts({"STANDS AT", "SHEETS", "LATE"});
  for (const v1::StageCount& stage : reply.stages()) {
    counts.Add({stage.stage(), absl::StrCat(stage.count()), absl::StrCat(stage.late_count())});
  }
  counts.Add({"reviewed", absl::StrCat(reply.reviewed_count()), ""});
  counts.Add({"sealed", absl::StrCat(reply.sealed_count()), ""});
  counts.Add({"all", absl::StrCat(reply.sheet_count()), ""});
  context.output().Print(counts);
  if (reply.gaps().empty()) return absl::OkStatus();
  Table gaps({"FROM", "TO", "LINE", "SHEETS", "MEAN", "LOWER", "HIGHER", "FARTHEST"});
  for (const v1::StageGap& gap : reply.gaps()) {
    std::vector<std::string> farthest;
    for (const std::string& unit : gap.outliers()) farthest.push_back(IdOf(unit));
    gaps.Add({gap.stage(), gap.later_stage(), gap.node().empty() ? "all" : gap.node(),
              absl::StrCat(gap.sheet_count()), gap.mean().value(), absl::StrCat(gap.lower_count()),
              absl::StrCat(gap.higher_count()), Clip(absl::StrJoin(farthest, " "), 40)});
  }
  context.output().Print(gaps);
  return absl::OkStatus();
}

absl::Status Sheets(Context& context) {
  v1::ListSheetsRequest request;
  request.set_campaign(context.arguments().word(0));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  return PrintPages<v1::ListSheetsResponse>(context, request, &v1::ListSheetsResponse::sheets,
                                            kSheetHeadings, SheetCells);
}

absl::Status Pending(Context& context) {
  v1::ListPendingRequest request;
  request.set_acting_office(UnitName(context.arguments().word(0)));
  request.set_campaign(context.arguments().Text("campaign"));
  return PrintPages<v1::ListPendingResponse>(context, request, &v1::ListPendingResponse::sheets,
                                             kSheetHeadings, SheetCells);
}

}  // namespace

std::vector<Command> CampaignCommands() {
  return {
      {.name = "campaign list",
       .words = "OFFICE",
       .words_min = 1,
       .words_max = 1,
       .summary = "Lists the campaigns of an office",
       .flags = {FilterFlag("state = OPEN"), LimitFlag()},
       .run = List},
      {.name = "campaign get",
       .words = "CAMPAIGN",
       .words_min = 1,
       .words_max = 1,
       .summary = "Tells all about one campaign",
       .run = Get},
      {.name = "campaign open",
       .words = "CAMPAIGN",
       .words_min = 1,
       .words_max = 1,
       .summary = "Gives every unit of the population a sheet, and waits until all are made",
       .run = Open},
      {.name = "campaign progress",
       .words = "CAMPAIGN",
       .words_min = 1,
       .words_max = 1,
       .summary = "Counts where the sheets stand, and tells how the stages differ",
       .flags = {UnderFlag("sheets")},
       .run = ShowProgress},
      {.name = "campaign sheets",
       .words = "CAMPAIGN",
       .words_min = 1,
       .words_max = 1,
       .summary = "Lists the sheets of a campaign",
       .flags = {UnderFlag("sheets"), FilterFlag("stage = county"), LimitFlag()},
       .run = Sheets},
      {.name = "campaign pending",
       .words = "OFFICE",
       .words_min = 1,
       .words_max = 1,
       .summary = "Lists the sheets that wait for an office",
       .flags = {{"campaign", "CAMPAIGN", "only sheets of this campaign"}, LimitFlag()},
       .run = Pending},
  };
}

}  // namespace terrace::cli
