// What the suite tells the shim (shim.cc) inside a process under test: how wrong its clock is, and
// whether its disk is full. A file that both map.
#ifndef TERRACE_TESTS_ROBUSTNESS_CONTROL_H_
#define TERRACE_TESTS_ROBUSTNESS_CONTROL_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/robustness/control_block.h"

namespace terrace::robustness {

class Control {
 public:
  // Makes the file; ends the program when it cannot.
  explicit Control(std::string path);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  void StepClock(absl::Duration offset) {
    block_->clock_offset_us = absl::ToInt64Microseconds(offset);
  }
  void SetDiskFull(bool full) { block_->disk_full = full ? 1 : 0; }

  // What a process needs in its environment to be told.
  std::vector<std::string> Environment() const;

 private:
  const std::string path_;
  ControlBlock* block_ = nullptr;
};

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_CONTROL_H_
