#include "tests/robustness/control.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"

namespace terrace::robustness {

Control::Control(std::string path) : path_(std::move(path)) {
  const int fd = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  TERRACE_CHECK(fd >= 0 && ftruncate(fd, sizeof(ControlBlock)) == 0);
  void* mapped = mmap(nullptr, sizeof(ControlBlock), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  TERRACE_CHECK(mapped != MAP_FAILED);
  close(fd);
  block_ = static_cast<ControlBlock*>(mapped);
}

Control::~Control() { munmap(block_, sizeof(ControlBlock)); }

std::vector<std::string> Control::Environment() const {
  return {absl::StrCat("LD_PRELOAD=", TERRACE_ROBUSTNESS_SHIM),
          absl::StrCat(kControlVariable, "=", path_)};
}

}  // namespace terrace::robustness
