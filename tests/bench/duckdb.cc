#include "tests/bench/duckdb.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"

namespace terrace::bench {

DuckDb::DuckDb(int columns, int threads) {
  int ends[2];
  TERRACE_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const std::string columns_text = absl::StrCat(columns);
  const std::string threads_text = absl::StrCat(threads);
  pid_ = fork();
  TERRACE_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(ends[1], fd);
    execlp("node", "node", TERRACE_BENCH_PEER, columns_text.c_str(), threads_text.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  socket_ = ends[0];
  const std::string line = ReadLine();
  if (line == "ready") return;
  Fail(absl::StrCat(line.empty() ? "node did not start" : line,
                    " (scripts/setup.sh build bench installs it)"));
}

DuckDb::~DuckDb() {
  close(socket_);
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

double DuckDb::Ask(const std::string& line) {
  if (!failure_.empty()) return 0;
  const std::string asked = absl::StrCat(line, "\n");
  (void)send(socket_, asked.data(), asked.size(), MSG_NOSIGNAL);
  const std::string answer = ReadLine();
  double number = 0;
  if (!absl::SimpleAtod(answer, &number)) Fail(absl::StrCat("DuckDB to ", line, ": ", answer));
  return number;
}

std::string DuckDb::ReadLine() {
  std::string line;
  for (char c; read(socket_, &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

}  // namespace terrace::bench
