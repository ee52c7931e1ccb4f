// A process of the terrace binary under test, with the links that lead to it.
//
// For the main thread, which calls Poll often: a process that has come up is put behind its links,
// and one that found no store or no registry at its start is started again, as a supervisor would.
#ifndef TERRACE_TESTS_ROBUSTNESS_SERVICE_H_
#define TERRACE_TESTS_ROBUSTNESS_SERVICE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/robustness/control.h"
#include "tests/robustness/network.h"
#include "tests/robustness/process.h"

namespace terrace::robustness {

class Service {
 public:
  // `name` is "registry-0"; `flags` follow "terrace serve". Everything of it is kept below `dir`.
  Service(std::string name, const std::string& dir, std::vector<std::string> flags,
          Network* network);

  const std::string& name() const { return name_; }
  std::string service() const { return name_.substr(0, name_.find('-')); }
  const std::string& data_dir() const { return data_dir_; }

  // A new link on which `caller` reaches it: "127.0.0.1:PORT".
  std::string AddLink(absl::string_view caller);
  const std::vector<int>& links() const { return links_; }
  // Where it answers without a link between.
  std::string direct_address() const;

  void Start();
  void Kill();
  void Stop();
  Process& process() { return process_; }
  Control& control() { return control_; }

  void Poll();
  // Whether it is up and nothing holds it.
  bool serving() const { return port_ != 0; }
  // How it ended although nobody asked it to; empty if it did not.
  const std::string& crash() const { return crash_; }

 private:
  const std::string name_;
  const std::string data_dir_;
  Network* const network_;
  Control control_;
  Process process_;
  std::vector<int> links_;
  int port_ = 0;
  absl::Time start_again_ = absl::InfiniteFuture();
  std::string crash_;
};

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_SERVICE_H_
