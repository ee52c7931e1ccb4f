// What stands in the file that control.h writes and the shim reads. On its own, since the shim is
// loaded into programs that know no library of ours.
#ifndef TERRACE_TESTS_ROBUSTNESS_CONTROL_BLOCK_H_
#define TERRACE_TESTS_ROBUSTNESS_CONTROL_BLOCK_H_

#include <atomic>
#include <cstdint>

namespace terrace::robustness {

// Zero bytes say: nothing is wrong.
struct ControlBlock {
  std::atomic<int64_t> clock_offset_us;
  std::atomic<int32_t> disk_full;
};

// Names the file in the environment of the process.
inline constexpr char kControlVariable[] = "TERRACE_ROBUSTNESS_CONTROL";

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_CONTROL_BLOCK_H_
