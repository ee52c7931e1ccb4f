#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "terrace/registry/v1/registry.pb.h"
#include "tests/robustness/actors.h"

namespace terrace::robustness {
namespace {

namespace v1 = registry::v1;

constexpr int kPageRows = 7;  // A few pages, each of which may come from another replica.
constexpr size_t kBatchMost = 10;

class UnitReadsActor : public Actor {
 public:
  UnitReadsActor(Caller* caller, Office* office)
      : caller_(*caller), office_(*office), next_(caller->client()) {}

  // One kind of read after the other.
  void Act() override {
    using Reads = void (UnitReadsActor::*)(const OwnUnit&);
    constexpr Reads kReads[] = {
        &UnitReadsActor::BatchGet,   &UnitReadsActor::List,   &UnitReadsActor::ReadPlacements,
        &UnitReadsActor::Search,     &UnitReadsActor::Lookup, &UnitReadsActor::Count,
        &UnitReadsActor::ReadPath,   &UnitReadsActor::Export, &UnitReadsActor::ReadDesignation,
        &UnitReadsActor::WatchUnits,
    };
    if (office_.villages.empty()) return;
    (this->*kReads[next_++ % std::size(kReads)])(
        office_.villages[caller_.Below(office_.villages.size())]);
  }

 private:
  template <class Response, class Request>
  bool Read(const Request& request, Response* found) {
    return caller_.Expect(caller_.ReadAfterChange(request, found, &how_),
                          absl::StrCat(Request::descriptor()->name(), " about ", office_.name));
  }
  void Compare(const std::string& what, const std::string& expected, const std::string& found) {
    caller_.Compare(what, expected, found, how_);
  }

  std::set<std::string> Villages(bool open_only) const {
    std::set<std::string> names;
    for (const OwnUnit& unit : office_.villages) {
      if (unit.open || !open_only) names.insert(unit.name);
    }
    return names;
  }

  void BatchGet(const OwnUnit&) {
    v1::BatchGetUnitsRequest request;
    std::string expected;
    for (const OwnUnit& unit : office_.villages) {
      if (static_cast<size_t>(request.names_size()) == kBatchMost) break;
      request.add_names(unit.name);
      absl::StrAppend(&expected, unit.display_name, " ", unit.etag, ", ");
    }
    v1::BatchGetUnitsResponse found;
    if (!Read(request, &found)) return;
    std::string text;
    for (const v1::Unit& unit : found.units()) {
      absl::StrAppend(&text, unit.display_name(), " ", unit.etag(), ", ");
    }
    Compare(absl::StrCat("villages of ", office_.name), expected, text);
  }

  void List(const OwnUnit&) {
    v1::ListUnitsRequest request;
    request.set_subtree(office_.name);
    request.set_filter("level = \"levels/village\" AND state = ACTIVE");
    request.set_page_size(kPageRows);
    std::set<std::string> names;
    do {
      v1::ListUnitsResponse page;
      if (!Read(request, &page)) return;
      for (const v1::Unit& unit : page.units()) names.insert(unit.name());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    Compare(absl::StrCat("list of villages of ", office_.name), absl::StrJoin(Villages(true), " "),
            absl::StrJoin(names, " "));
  }

  void ReadPlacements(const OwnUnit& unit) {
    v1::ListPlacementsRequest request;
    request.set_parent(unit.name);
    request.set_page_size(1000);
    v1::ListPlacementsResponse found;
    if (!Read(request, &found)) return;
    Compare(absl::StrCat("last place of ", unit.name), unit.parent,
            found.placements().empty() ? "none" : found.placements().rbegin()->parent());
  }

  void Search(const OwnUnit& unit) {
    v1::SearchUnitsRequest request;
    request.set_query(unit.display_name);
    request.set_subtree(office_.name);
    request.set_page_size(1000);
    v1::SearchUnitsResponse found;
    if (!Read(request, &found)) return;
    const bool hit = std::any_of(found.hits().begin(), found.hits().end(),
                                 [&](const auto& row) { return row.unit().name() == unit.name; });
    Compare(absl::StrCat("search for ", unit.display_name), "found", hit ? "found" : "not found");
  }

  // Of the codes that all clients want, those that its own open villages hold.
  void Lookup(const OwnUnit&) {
    v1::LookupUnitsRequest request;
    request.set_system("contested");
    request.set_subtree(office_.name);
    std::string expected;
    for (const OwnUnit& unit : office_.villages) {
      if (!unit.open || unit.code.empty()) continue;
      request.add_codes(unit.code);
      absl::StrAppend(&expected, unit.code, " ", unit.name, ", ");
    }
    if (request.codes().empty()) request.add_codes("nobody-has-it");
    v1::LookupUnitsResponse found;
    if (!Read(request, &found)) return;
    std::string text;
    for (const auto& match : found.matches()) {
      if (match.has_unit()) absl::StrAppend(&text, match.code(), " ", match.unit().name(), ", ");
    }
    Compare(absl::StrCat("codes of ", office_.name), expected, text);
  }

  void Count(const OwnUnit&) {
    v1::CountUnitsRequest request;
    request.set_subtree(office_.name);
    v1::CountUnitsResponse found;
    if (!Read(request, &found)) return;
    int64_t villages = 0;
    for (const auto& row : found.by_level()) {
      if (row.level() == "levels/village") villages = row.count();
    }
    Compare(absl::StrCat("number of villages of ", office_.name),
            absl::StrCat(Villages(true).size()), absl::StrCat(villages));
  }

  void ReadPath(const OwnUnit& unit) {
    v1::GetPathRequest request;
    request.set_name(unit.name);
    v1::GetPathResponse found;
    if (!Read(request, &found)) return;
    std::string text;
    for (const v1::Unit& above : found.units()) absl::StrAppend(&text, " ", above.name());
    Compare(absl::StrCat("path to ", unit.name),
            absl::StrCat(" units/nation ", office_.name, " ", unit.parent, " ", unit.name), text);
  }

  void Export(const OwnUnit&) {
    v1::ExportUnitsRequest request;
    request.set_subtree(office_.name);
    std::vector<v1::ExportUnitsResponse> messages;
    if (!caller_.Expect(caller_.PullAfterChange(request, &messages),
                        absl::StrCat("export of ", office_.name))) {
      return;
    }
    std::set<std::string> names;
    for (const v1::ExportUnitsResponse& message : messages) {
      for (const auto& record : message.records()) {
        if (record.unit().level() == "levels/village") names.insert(record.unit().name());
      }
    }
    caller_.Compare(absl::StrCat("export of ", office_.name), absl::StrJoin(Villages(false), " "),
                    absl::StrJoin(names, " "), "min_revision");
  }

  // Of the village that has come farthest.
  void ReadDesignation(const OwnUnit&) {
    const OwnUnit& unit =
        *std::max_element(office_.villages.begin(), office_.villages.end(),
                          [](const auto& a, const auto& b) { return a.honours < b.honours; });
    const int terms = std::clamp(unit.honours - 1, 0, 2);
    v1::ListDesignationsRequest list;
    list.set_parent(unit.name);
    v1::ListDesignationsResponse page;
    if (!Read(list, &page)) return;
    Compare(absl::StrCat("titles of ", unit.name), absl::StrCat(terms > 0 ? 1 : 0),
            absl::StrCat(page.designations_size()));
    if (terms == 0) return;
    v1::GetDesignationRequest get;
    get.set_name(absl::StrCat(unit.name, "/designations/t1"));
    v1::Designation found;
    if (!Read(get, &found)) return;
    Compare(get.name(), absl::StrCat(terms, unit.honours > 3 ? " revoked" : ""),
            absl::StrCat(found.terms_size(), found.has_revoked_date() ? " revoked" : ""));
  }

  void WatchUnits(const OwnUnit&) {
    v1::WatchUnitsRequest request;
    request.set_subtree(office_.name);
    const absl::Status status = caller_.Follow(request, [](rpc::Stream& stream) {
      v1::WatchUnitsResponse message;
      return stream.Read(&message);
    });
    caller_.Expect(status, absl::StrCat("watch of ", office_.name));
  }

  Caller& caller_;
  Office& office_;
  size_t next_;  // The next kind of read.
  std::string how_;
};

}  // namespace

std::unique_ptr<Actor> MakeUnitReadsActor(Caller* caller, Office* office) {
  return std::make_unique<UnitReadsActor>(caller, office);
}

}  // namespace terrace::robustness
