// A process of Terrace: some or all of its services, put together.
//
// With every service (the default) all share this process: typed services sit on the gateway's
// server, the registry's tree is everybody's, and mirrors are fed over channels inside the process.
// With some of them, each answers on its own server behind a gateway that forwards bytes.
#ifndef TERRACE_SERVICES_TERRACE_SUITE_H_
#define TERRACE_SERVICES_TERRACE_SUITE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"

namespace terrace {

struct SuiteOptions {
  std::vector<std::string> services;  // Of kServices; empty for all.
  std::string data_dir = "terrace-data";
  std::string store;  // "sqlite:DIR" or "memory:"; empty for sqlite in data_dir.
  std::vector<std::string> listen = {"127.0.0.1:7443"};  // Port 0 picks one.
  // Where the services that this process does not run answer: service -> address.
  std::map<std::string, std::string> peers;
  // File with the deployment's key, which signs identities between processes; empty for
  // data_dir/identity.key, made at the first start.
  std::string identity_key_file;
  const Clock* clock = nullptr;  // Null for the system's; outlives the suite.
};

inline constexpr const char* kServices[] = {"registry", "measures", "inspections", "scoring",
                                            "gateway"};

class Suite {
 public:
  virtual ~Suite() = default;
  // Starts the services; returns when they serve. The first start of a realm writes the first
  // administrator's secret to data_dir/admin.token (0600).
  static absl::StatusOr<std::unique_ptr<Suite>> Start(SuiteOptions options);

  virtual int port() const = 0;
  // The first administrator's secret, read from data_dir/admin.token; empty without a gateway.
  virtual std::string admin_token() const = 0;
  // Drains and stops. The destructor does the same.
  virtual void Stop() = 0;
};

}  // namespace terrace

#endif  // TERRACE_SERVICES_TERRACE_SUITE_H_
