#include "tests/robustness/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/check.h"

namespace terrace::robustness {
namespace {

// How long a process may take to drain.
constexpr absl::Duration kDrainMost = absl::Seconds(15);

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Process::Process(std::vector<std::string> command, std::vector<std::string> environment,
                 std::string log)
    : command_(std::move(command)), environment_(std::move(environment)), log_(std::move(log)) {}

Process::~Process() { Kill(); }

void Process::Start() {
  TERRACE_CHECK(pid_ == 0);
  // Nothing is allocated between fork and exec: other threads may hold the allocator's lock.
  const std::vector<char*> argv = Pointers(command_);
  std::vector<std::string> environment = environment_;
  for (char** word = environ; *word != nullptr; ++word) environment.push_back(*word);
  const std::vector<char*> envp = Pointers(environment);
  const pid_t parent = getpid();
  pid_ = fork();
  TERRACE_CHECK(pid_ >= 0);
  if (pid_ > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  const int fd = open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(fd, STDOUT_FILENO);
  dup2(fd, STDERR_FILENO);
  execve(argv[0], argv.data(), envp.data());
  _exit(127);
}

void Process::Kill() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void Process::Stop() {
  if (pid_ == 0) return;
  kill(pid_, SIGTERM);
  const absl::Time deadline = absl::Now() + kDrainMost;
  while (absl::Now() < deadline && TakeEnd().empty()) absl::SleepFor(absl::Milliseconds(5));
  Kill();
}

void Process::Pause() {
  if (pid_ != 0) kill(pid_, SIGSTOP);
}

void Process::Resume() {
  if (pid_ != 0) kill(pid_, SIGCONT);
}

std::string Process::TakeEnd() {
  int status = 0;
  if (pid_ == 0 || waitpid(pid_, &status, WNOHANG) != pid_) return "";
  pid_ = 0;
  return WIFSIGNALED(status) ? absl::StrCat("signal ", WTERMSIG(status))
                             : absl::StrCat("exit ", WEXITSTATUS(status));
}

}  // namespace terrace::robustness
