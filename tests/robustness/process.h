// A child process that faults are done to. It ends with the object, and with the suite if that dies
// first.
//
// For the main thread: a child ends with the thread that started it.
#ifndef TERRACE_TESTS_ROBUSTNESS_PROCESS_H_
#define TERRACE_TESTS_ROBUSTNESS_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace terrace::robustness {

class Process {
 public:
  // Output is appended to the file `log`.
  Process(std::vector<std::string> command, std::vector<std::string> environment, std::string log);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void Start();
  // SIGKILL; returns when it is gone.
  void Kill();
  // SIGTERM, as an operator would; SIGKILL after a while.
  void Stop();
  void Pause();   // SIGSTOP
  void Resume();  // SIGCONT

  // How it ended by itself, "exit 1" or "signal 6"; empty while it runs. Told once.
  std::string TakeEnd();
  bool running() const { return pid_ > 0; }

 private:
  const std::vector<std::string> command_;
  const std::vector<std::string> environment_;
  const std::string log_;
  pid_t pid_ = 0;
};

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_PROCESS_H_
