#include "services/registry/registry_service.h"

#include <string>
#include <vector>

#include "common/resource/names.h"
#include "services/registry/import_receivers.h"
#include "services/registry/keys.h"
#include "services/registry/registry_reads.h"
#include "services/registry/registry_state.h"
#include "services/registry/registry_watch.h"
#include "services/registry/unit_export.h"

namespace terrace::registry {
namespace {

using Keys = std::vector<std::string>;

// Queue keys: commands that would fail each other's guards wait for each other instead.

Keys CodeKeys(const v1::Unit& unit, Keys keys) {
  for (const v1::UnitCode& code : unit.codes()) keys.push_back(CodeGuard(code));
  return keys;
}

void AddCommands(rpc::Methods* methods) {
  methods->Command<RegistryState, v1::CreateUnitRequest, v1::Unit>(
      "CreateUnit", &RegistryState::CreateUnit, [](const v1::CreateUnitRequest& request) {
        Keys keys = {UnitKey(request.unit_id())};
        if (request.parent().empty()) keys.emplace_back(kTreeGuard);
        return CodeKeys(request.unit(), std::move(keys));
      });
  methods->Command<RegistryState, v1::UpdateUnitRequest, v1::Unit>(
      "UpdateUnit", &RegistryState::UpdateUnit, [](const v1::UpdateUnitRequest& request) {
        return CodeKeys(request.unit(), {request.unit().name()});
      });
  methods->Command<RegistryState, v1::MoveUnitRequest, v1::Unit>(
      "MoveUnit", &RegistryState::MoveUnit, [](const v1::MoveUnitRequest& request) {
        return Keys{request.name(), std::string(kTreeGuard)};
      });
  methods->Command<RegistryState, v1::CloseUnitRequest, v1::Unit>(
      "CloseUnit", &RegistryState::CloseUnit, [](const v1::CloseUnitRequest& request) {
        return Keys{request.name(), std::string(kTreeGuard)};
      });
  methods->Command<RegistryState, v1::UpdateLevelRequest, v1::Level>(
      "UpdateLevel", &RegistryState::UpdateLevel,
      [](const v1::UpdateLevelRequest&) { return Keys{std::string(kVocabularyGuard)}; });
  methods->Command<RegistryState, v1::UpdateKindRequest, v1::Kind>(
      "UpdateKind", &RegistryState::UpdateKind,
      [](const v1::UpdateKindRequest&) { return Keys{std::string(kVocabularyGuard)}; });
  methods->Command<RegistryState, v1::CreateProgrammeRequest, v1::Programme>(
      "CreateProgramme", &RegistryState::CreateProgramme,
      [](const v1::CreateProgrammeRequest& request) { return Keys{request.parent()}; });
  methods->Command<RegistryState, v1::UpdateProgrammeRequest, v1::Programme>(
      "UpdateProgramme", &RegistryState::UpdateProgramme,
      [](const v1::UpdateProgrammeRequest& request) {
        return Keys{QuotaGuard(request.programme().name())};
      });
  methods->Command<RegistryState, v1::EnrollUnitsRequest, v1::EnrollUnitsResponse>(
      "EnrollUnits", &RegistryState::EnrollUnits,
      [](const v1::EnrollUnitsRequest& request) { return Keys{request.parent()}; });
  methods->Command<RegistryState, v1::WithdrawUnitsRequest, v1::WithdrawUnitsResponse>(
      "WithdrawUnits", &RegistryState::WithdrawUnits,
      [](const v1::WithdrawUnitsRequest& request) { return Keys{request.parent()}; });
  methods->Command<RegistryState, v1::GrantDesignationRequest, v1::Designation>(
      "GrantDesignation", &RegistryState::GrantDesignation,
      [](const v1::GrantDesignationRequest& request) {
        return Keys{QuotaGuard(request.designation().programme())};
      });
  // The programme is known only from the designation itself.
  methods->Command<RegistryState, v1::RenewDesignationRequest, v1::Designation>(
      "RenewDesignation", &RegistryState::RenewDesignation,
      [](const v1::RenewDesignationRequest& request) { return Keys{request.name()}; });
  methods->Command<RegistryState, v1::RevokeDesignationRequest, v1::Designation>(
      "RevokeDesignation", &RegistryState::RevokeDesignation,
      [](const v1::RevokeDesignationRequest& request) { return Keys{request.name()}; });
}

// A read of a few rows, under the lock.
template <class Request, class Reply, class F>
void AddRead(rpc::Methods* methods, absl::string_view method, F fn) {
  methods->StateRead<RegistryState, Request, Reply>(
      method,
      [fn](const RegistryState& state, rpc::Call& call, const Request& request,
           Reply* reply) -> absl::Status {
        return std::invoke(fn, state, Reader{call.identity, call.received}, request, reply);
      });
}

// A read of many rows, on the executor.
template <class Request, class Reply, class F>
void AddSlowRead(rpc::Methods* methods, absl::string_view method, machine::Machine* machine, F fn) {
  methods->SlowRead<Request, Reply>(
      method, [machine, fn](rpc::Call& call, const Request& request, Reply* reply) -> absl::Status {
        return std::invoke(fn, RegistryReads(machine), call, request, reply);
      });
}

void AddReads(rpc::Methods* methods, machine::Machine* machine) {
  AddRead<v1::GetUnitRequest, v1::Unit>(methods, "GetUnit", &RegistryState::GetUnit);
  AddRead<v1::BatchGetUnitsRequest, v1::BatchGetUnitsResponse>(methods, "BatchGetUnits",
                                                               &RegistryState::BatchGetUnits);
  AddRead<v1::GetPathRequest, v1::GetPathResponse>(methods, "GetPath", &RegistryState::GetPath);
  AddRead<v1::LookupUnitsRequest, v1::LookupUnitsResponse>(methods, "LookupUnits",
                                                           &RegistryState::LookupUnits);
  AddRead<v1::ListLevelsRequest, v1::ListLevelsResponse>(methods, "ListLevels",
                                                         &RegistryState::ListLevels);
  AddRead<v1::ListKindsRequest, v1::ListKindsResponse>(methods, "ListKinds",
                                                       &RegistryState::ListKinds);
  AddRead<v1::GetProgrammeRequest, v1::Programme>(methods, "GetProgramme",
                                                  &RegistryState::GetProgramme);
  AddRead<v1::GetDesignationRequest, v1::Designation>(methods, "GetDesignation",
                                                      &RegistryState::GetDesignation);
  AddSlowRead<v1::ListUnitsRequest, v1::ListUnitsResponse>(methods, "ListUnits", machine,
                                                           &RegistryReads::ListUnits);
  AddSlowRead<v1::ListPlacementsRequest, v1::ListPlacementsResponse>(
      methods, "ListPlacements", machine, &RegistryReads::ListPlacements);
  AddSlowRead<v1::SearchUnitsRequest, v1::SearchUnitsResponse>(methods, "SearchUnits", machine,
                                                               &RegistryReads::SearchUnits);
  AddSlowRead<v1::CountUnitsRequest, v1::CountUnitsResponse>(methods, "CountUnits", machine,
                                                             &RegistryReads::CountUnits);
  AddSlowRead<v1::ListProgrammesRequest, v1::ListProgrammesResponse>(
      methods, "ListProgrammes", machine, &RegistryReads::ListProgrammes);
  AddSlowRead<v1::ListEnrollmentsRequest, v1::ListEnrollmentsResponse>(
      methods, "ListEnrollments", machine, &RegistryReads::ListEnrollments);
  AddSlowRead<v1::ListDesignationsRequest, v1::ListDesignationsResponse>(
      methods, "ListDesignations", machine, &RegistryReads::ListDesignations);
  AddSlowRead<v1::GetCoverageRequest, v1::Coverage>(methods, "GetCoverage", machine,
                                                    &RegistryReads::GetCoverage);
}

void AddStreams(rpc::Methods* methods, machine::Machine* machine) {
  methods->Receive<v1::ImportUnitsRequest, v1::ImportUnitsResponse>(
      "ImportUnits", [machine](rpc::Call& call) { return ReceiveUnits(machine, call); });
  methods->Receive<v1::ImportDesignationsRequest, v1::ImportDesignationsResponse>(
      "ImportDesignations",
      [machine](rpc::Call& call) { return ReceiveDesignations(machine, call); });
  methods->ServerStream<v1::ExportUnitsRequest, v1::ExportUnitsResponse>(
      "ExportUnits", [machine](rpc::Call& call, const v1::ExportUnitsRequest& request) {
        return ExportUnits(machine, call, request);
      });
  auto tree = PublishedTree::Follow(machine);
  methods->ServerStream<v1::WatchUnitsRequest, v1::WatchUnitsResponse>(
      "WatchUnits", [machine, tree](rpc::Call& call, const v1::WatchUnitsRequest& request) {
        return WatchUnits(machine, tree, call, request);
      });
}

}  // namespace

std::unique_ptr<rpc::Methods> RegistryMethods(machine::Machine* machine) {
  auto methods = std::make_unique<rpc::Methods>("terrace.registry.v1.UnitRegistry", machine);
  AddCommands(methods.get());
  AddReads(methods.get(), machine);
  AddStreams(methods.get(), machine);
  methods->Complete();
  return methods;
}

}  // namespace terrace::registry
