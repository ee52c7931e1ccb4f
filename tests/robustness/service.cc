#include "tests/robustness/service.h"

#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/file.h"

namespace terrace::robustness {
namespace {

constexpr absl::Duration kStartAgain = absl::Milliseconds(200);

std::vector<std::string> CommandOf(const std::string& data_dir, std::vector<std::string> flags) {
  std::vector<std::string> words = {TERRACE_BINARY, "serve",    "--data-dir",
                                    data_dir,       "--listen", "127.0.0.1:0"};
  words.insert(words.end(), flags.begin(), flags.end());
  return words;
}

std::string MakeDirectory(const std::string& dir, const std::string& name) {
  const std::string path = absl::StrCat(dir, "/", name);
  std::filesystem::create_directories(path);
  return path;
}

}  // namespace

Service::Service(std::string name, const std::string& dir, std::vector<std::string> flags,
                 Network* network)
    : name_(std::move(name)),
      data_dir_(MakeDirectory(dir, name_)),
      network_(network),
      control_(absl::StrCat(dir, "/", name_, ".control")),
      process_(CommandOf(data_dir_, std::move(flags)), control_.Environment(),
               absl::StrCat(dir, "/", name_, ".log")) {}

std::string Service::AddLink(absl::string_view caller) {
  const int link = network_->Add(absl::StrCat(caller, ">", name_));
  if (port_ != 0) network_->SetTarget(link, port_);
  links_.push_back(link);
  return absl::StrCat("127.0.0.1:", network_->port(link));
}

std::string Service::direct_address() const { return absl::StrCat("127.0.0.1:", port_); }

void Service::Start() {
  start_again_ = absl::InfiniteFuture();
  std::filesystem::remove(absl::StrCat(data_dir_, "/serve.address"));
  process_.Start();
}

void Service::Kill() {
  process_.Kill();
  port_ = 0;
}

void Service::Stop() {
  process_.Stop();
  port_ = 0;
}

void Service::Poll() {
  if (absl::Now() >= start_again_) Start();
  const std::string end = process_.TakeEnd();
  if (!end.empty()) {
    // Only a start may fail, and only in an orderly way.
    if (port_ != 0 || absl::StartsWith(end, "signal")) crash_ = end;
    port_ = 0;
    start_again_ = absl::Now() + kStartAgain;
    return;
  }
  if (port_ != 0 || !process_.running()) return;
  const auto address = ReadFile(absl::StrCat(data_dir_, "/serve.address"));
  if (!address.ok()) return;
  const absl::string_view text = absl::StripAsciiWhitespace(*address);
  if (!absl::SimpleAtoi(text.substr(text.rfind(':') + 1), &port_)) return;
  for (int link : links_) network_->SetTarget(link, port_);
}

}  // namespace terrace::robustness
