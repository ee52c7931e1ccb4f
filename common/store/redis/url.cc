#include "common/store/redis/url.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/base/error.h"

namespace terrace::store::redis {
namespace {

constexpr int kPortMax = 65'535;
constexpr int kWaitMax = 16;
constexpr int kMillisecondsMax = 60'000;
constexpr size_t kRealmBytesMax = 64;

bool IsRealm(absl::string_view name) {
  return !name.empty() && name.size() <= kRealmBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
         });
}

bool ParseNumber(absl::string_view text, int least, int most, int* out) {
  return absl::SimpleAtoi(text, out) && *out >= least && *out <= most;
}

// False when the name or its value is not known.
bool TakeOption(absl::string_view name, const std::string& value, Config* config) {
  int number = 0;
  if (name == "wait") return ParseNumber(value, 0, kWaitMax, &config->wait);
  if (name == "wait_ms" || name == "timeout_ms") {
    if (!ParseNumber(value, 1, kMillisecondsMax, &number)) return false;
    (name == "wait_ms" ? config->wait_max : config->timeout) = absl::Milliseconds(number);
    return true;
  }
  if (name == "allow_unsafe") {
    if (!ParseNumber(value, 0, 1, &number)) return false;
    config->allow_unsafe = number == 1;
    return true;
  }
  if (name == "user") {
    config->user = value;
  } else if (name == "password_file") {
    config->password_file = value;
  } else {
    return false;
  }
  return !value.empty();
}

absl::Status Parse(absl::string_view url, Config* config) {
  const auto wrong = [&](absl::string_view detail) {
    return Error(Reason::STORE_CANNOT_OPEN,
                 {{"path", std::string(url)}, {"detail", std::string(detail)}});
  };
  absl::string_view rest = url;
  if (absl::ConsumePrefix(&rest, "redis+cluster://")) {
    config->cluster = true;
    config->wait = 1;
  } else if (!absl::ConsumePrefix(&rest, "redis://")) {
    return wrong("it must be redis://host:port/realm or redis+cluster://host:port/realm");
  }
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(rest, absl::MaxSplits('?', 1));
  const std::pair<absl::string_view, absl::string_view> place =
      absl::StrSplit(parts.first, absl::MaxSplits('/', 1));
  for (absl::string_view host : absl::StrSplit(place.first, ',')) {
    if (!ParseAddress(host, &config->seeds.emplace_back())) {
      return wrong(absl::StrCat("\"", host, "\" is not host:port"));
    }
  }
  config->realm = std::string(place.second);
  if (!IsRealm(place.second)) return wrong("name the realm behind the host, as in host:port/realm");
  for (absl::string_view option : absl::StrSplit(parts.second, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, std::string> pair =
        absl::StrSplit(option, absl::MaxSplits('=', 1));
    if (!TakeOption(pair.first, pair.second, config)) {
      return wrong(absl::StrCat("the option \"", option, "\" cannot be understood"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string ToString(const Address& address) {
  if (address.host.find(':') == std::string::npos) {
    return absl::StrCat(address.host, ":", address.port);
  }
  return absl::StrCat("[", address.host, "]:", address.port);
}

bool ParseAddress(absl::string_view text, Address* address) {
  text = text.substr(0, text.find('@'));
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return false;
  absl::string_view host = text.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[") && !absl::ConsumeSuffix(&host, "]")) return false;
  address->host = std::string(host);
  return ParseNumber(text.substr(colon + 1), 1, kPortMax, &address->port) && !host.empty();
}

absl::StatusOr<Config> ParseUrl(absl::string_view url) {
  Config config;
  TERRACE_RETURN_IF_ERROR(Parse(url, &config));
  return config;
}

}  // namespace terrace::store::redis
