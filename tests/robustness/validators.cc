#include "tests/robustness/validators.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/sha256.h"
#include "terrace/storage/v1/measures.pb.h"
#include "terrace/storage/v1/registry.pb.h"
#include "terrace/storage/v1/scoring.pb.h"
#include "tests/robustness/api.h"

namespace terrace::robustness {
namespace {

constexpr char kTimeFormat[] = "%H:%M:%E6S";

std::string ToText(const std::string& service, const LogBatch& batch) {
  return absl::StrCat("  ", service, ":", batch.revision, " ",
                      absl::FormatTime(kTimeFormat, batch.commit_time, absl::UTCTimeZone()), " ",
                      batch.method, " request_id=", batch.request_id, " rows ",
                      absl::StrJoin(batch.changes, ", ", [](std::string* out, const auto& change) {
                        absl::StrAppend(out, change.first, change.second ? "" : " deleted");
                      }));
}

// The batches of a request, by its id.
std::multimap<std::string, const LogBatch*> ByRequest(const Log& log) {
  std::multimap<std::string, const LogBatch*> found;
  for (const LogBatch& batch : log.batches) {
    if (!batch.request_id.empty()) found.emplace(batch.request_id, &batch);
  }
  return found;
}

const Log* FindLog(const Logs& logs, const std::string& service) {
  const auto found = logs.find(service);
  return found == logs.end() ? nullptr : &found->second;
}

}  // namespace

// ----------------------------------------------------------------------------------- the calls

Verdict NothingAcknowledgedLost(const std::vector<Call>& calls, const Logs& logs) {
  Verdict verdict{"NothingAcknowledgedLost"};
  for (const auto& [service, log] : logs) {
    const auto by_request = ByRequest(log);
    // The first revision at which each row was written.
    std::map<std::string, int64_t> written;
    for (const LogBatch& batch : log.batches) {
      for (const auto& [key, value] : batch.changes) written.emplace(key, batch.revision);
    }
    for (const Call& call : calls) {
      if (call.outcome != Outcome::kAcknowledged || call.dry_run) continue;
      if (ServiceOf(call.method) != service) continue;
      ++verdict.checks;
      const auto found = by_request.find(call.request_id);
      if (call.in_header &&
          (found == by_request.end() || found->second->revision > call.revision)) {
        verdict.violations.push_back(absl::StrCat(
            "acknowledged, but its batch is not in the log up to there\n  ", ToText(call),
            found == by_request.end() ? "" : absl::StrCat("\n", ToText(service, *found->second))));
      }
      if (call.revision > 0 && call.log_id != log.log_ids.back()) {
        verdict.violations.push_back(
            absl::StrCat("acknowledged in a log that is no more\n  ", ToText(call)));
      }
      for (const std::string& key : call.keys) {
        const auto row = written.find(key);
        if (row != written.end() && row->second <= call.revision) continue;
        verdict.violations.push_back(absl::StrCat(
            "acknowledged, but its row ", key, " was not written up to there\n  ", ToText(call)));
      }
    }
  }
  return verdict;
}

Verdict NothingAppliedTwice(const std::vector<Call>& calls, const Logs& logs) {
  Verdict verdict{"NothingAppliedTwice"};
  for (const auto& [service, log] : logs) {
    std::map<std::string, const LogBatch*> ids;
    std::map<std::string, const LogBatch*> requests;
    std::map<std::string, const LogBatch*> once;
    const auto check = [&](std::map<std::string, const LogBatch*>* seen, const std::string& id,
                           const LogBatch& batch, const char* what) {
      ++verdict.checks;
      const auto [at, fresh] = seen->emplace(id, &batch);
      if (fresh) return;
      verdict.violations.push_back(absl::StrCat(what, " twice\n", ToText(service, *at->second),
                                                "\n", ToText(service, batch)));
    };
    for (const LogBatch& batch : log.batches) {
      check(&ids, batch.batch_id, batch, "a batch id is in the log");
      if (!batch.request_id.empty()) {
        check(&requests, batch.request_id, batch, "a request was applied");
      }
      for (const auto& [key, value] : batch.changes) {
        if (absl::StrContains(key, "/submissions/") || absl::StrContains(key, "/observations/")) {
          check(&once, key, batch, "a row that is written once was written");
        }
      }
    }
    for (const Call& call : calls) {
      if (call.outcome != Outcome::kRefused || ServiceOf(call.method) != service) continue;
      ++verdict.checks;
      const auto found = requests.find(call.request_id);
      if (found == requests.end()) continue;
      verdict.violations.push_back(absl::StrCat("refused, but applied\n  ", ToText(call), "\n",
                                                ToText(service, *found->second)));
    }
  }
  return verdict;
}

namespace {

template <class Record>
Record Parse(const std::string& value) {
  Record record;
  record.ParseFromString(value);
  return record;
}

// The text of a register that is one: of a measure, a list, a programme, a level or a kind.
std::string TextOf(absl::string_view key, const std::string& value) {
  if (absl::StrContains(key, "/measures/")) {
    return Parse<storage::v1::MeasureRecord>(value).measure().description();
  }
  if (absl::StrContains(key, "/measureLists/")) {
    return Parse<storage::v1::MeasureListRecord>(value).measure_list().description();
  }
  if (absl::StrContains(key, "/programmes/")) {
    return Parse<storage::v1::ProgrammeRecord>(value).programme().display_name();
  }
  if (absl::StartsWith(key, "levels/")) {
    return Parse<storage::v1::LevelRecord>(value).level().display_name();
  }
  return Parse<storage::v1::KindRecord>(value).kind().display_name();
}

// What a register holds, oldest first.
std::vector<std::string> TokensOf(absl::string_view key, const std::string& value) {
  const bool is_unit = absl::StartsWith(key, "units/") && absl::c_count(key, '/') == 1;
  if (!is_unit) return absl::StrSplit(TextOf(key, value), ' ', absl::SkipEmpty());
  std::vector<std::string> tokens;
  const auto record = Parse<storage::v1::UnitRecord>(value);
  for (const registry::v1::UnitAttribute& figure : record.unit().attributes()) {
    tokens.push_back(figure.source());
  }
  return tokens;
}

// All edits of one register against what it holds in the end.
void CheckRegister(const std::string& name, const std::vector<const Call*>& edits,
                   const std::vector<std::string>& held, Verdict* verdict) {
  std::map<std::string, const Call*> by_base;
  std::set<std::string> made;
  for (const Call* call : edits) {
    ++verdict->checks;
    const auto [at, fresh] = by_base.emplace(call->edit->base, call);
    if (!fresh) {
      verdict->violations.push_back(absl::StrCat("two edits of ", name,
                                                 " succeeded under one etag\n  ",
                                                 ToText(*at->second), "\n  ", ToText(*call)));
    }
    made.insert(call->edit->made);
  }
  // The first edit is the one whose base nobody made.
  std::string etag;
  for (const auto& [base, call] : by_base) {
    if (!made.contains(base)) etag = base;
  }
  std::vector<std::string> tokens;
  size_t followed = 0;
  for (auto next = by_base.find(etag); next != by_base.end() && followed <= by_base.size();
       next = by_base.find(next->second->edit->made)) {
    ++followed;
    if (next->second->edit->cleared) tokens.clear();
    tokens.push_back(next->second->edit->token);
  }
  if (followed != by_base.size()) {
    verdict->violations.push_back(absl::StrCat("the edits of ", name, " are no chain: ", followed,
                                               " of ", by_base.size(), " hang together"));
  }
  if (tokens == held) return;
  size_t at = 0;
  while (at < tokens.size() && at < held.size() && tokens[at] == held[at]) ++at;
  std::string text =
      absl::StrCat(name, " holds ", held.size(), " edits and should hold ", tokens.size(),
                   "; from number ", at, " on it holds ", at < held.size() ? held[at] : "nothing",
                   " and should hold ", at < tokens.size() ? tokens[at] : "nothing");
  for (const Call* call : edits) {
    if ((at < tokens.size() && call->edit->token == tokens[at]) ||
        (at < held.size() && call->edit->token == held[at])) {
      absl::StrAppend(&text, "\n  ", ToText(*call));
    }
  }
  verdict->violations.push_back(std::move(text));
}

// Codes as the log goes on: none is given to a unit while another has it.
void CheckCodes(const Log& registry, Verdict* verdict) {
  std::map<std::string, std::pair<std::string, const LogBatch*>> holders;  // By code.
  std::map<std::string, std::vector<std::string>> held;                    // By unit.
  for (const LogBatch& batch : registry.batches) {
    // Whoever gives a code up in the same batch has given it up.
    for (int round = 0; round < 2; ++round) {
      for (const auto& [key, value] : batch.changes) {
        if (std::count(key.begin(), key.end(), '/') != 1 || !absl::StartsWith(key, "units/")) {
          continue;
        }
        if (round == 0) {
          for (const std::string& code : held[key]) holders.erase(code);
          held[key].clear();
          continue;
        }
        storage::v1::UnitRecord record;
        if (!value || !record.ParseFromString(*value)) continue;
        for (const registry::v1::UnitCode& code : record.unit().codes()) {
          if (code.has_until_date()) continue;
          ++verdict->checks;
          const std::string name = absl::StrCat(code.system(), ":", code.code());
          const auto [at, fresh] = holders.emplace(name, std::make_pair(key, &batch));
          if (fresh) {
            held[key].push_back(name);
            continue;
          }
          verdict->violations.push_back(absl::StrCat(
              "the code ", name, " belongs to ", at->second.first, " and to ", key, "\n",
              ToText("registry", *at->second.second), "\n", ToText("registry", batch)));
        }
      }
    }
  }
}

}  // namespace

Verdict GuardsHonoured(const std::vector<Call>& calls, const Logs& logs) {
  Verdict verdict{"GuardsHonoured"};
  std::map<std::string, std::vector<const Call*>> registers;
  for (const Call& call : calls) {
    if (call.edit && call.outcome == Outcome::kAcknowledged) {
      registers[call.edit->name].push_back(&call);
    }
  }
  for (const auto& [name, edits] : registers) {
    const Log* const log = FindLog(logs, ServiceOf(edits.front()->method));
    if (log == nullptr) continue;
    const auto row = log->live.find(name);
    CheckRegister(
        name, edits,
        row == log->live.end() ? std::vector<std::string>() : TokensOf(name, row->second.value),
        &verdict);
  }
  if (const Log* registry = FindLog(logs, "registry")) CheckCodes(*registry, &verdict);
  return verdict;
}

Verdict DryRunsWriteNothing(const std::vector<Call>& calls, const Logs& logs) {
  Verdict verdict{"DryRunsWriteNothing"};
  std::map<std::string, const Call*> by_request;
  std::map<std::string, const Call*> by_key;
  for (const Call& call : calls) {
    if (!call.dry_run) continue;
    ++verdict.checks;
    by_request.emplace(call.request_id, &call);
    for (const std::string& key : call.keys) by_key.emplace(key, &call);
  }
  for (const auto& [service, log] : logs) {
    for (const LogBatch& batch : log.batches) {
      const auto check = [&](const std::map<std::string, const Call*>& asked,
                             const std::string& id) {
        const auto found = asked.find(id);
        if (found == asked.end()) return;
        verdict.violations.push_back(absl::StrCat("a dry run wrote\n  ", ToText(*found->second),
                                                  "\n", ToText(service, batch)));
      };
      if (!batch.request_id.empty()) check(by_request, batch.request_id);
      for (const auto& [key, value] : batch.changes) check(by_key, key);
    }
  }
  return verdict;
}

Verdict CoversTheApi(const std::map<std::string, int64_t>& answers) {
  Verdict verdict{"CoversTheApi"};
  for (const std::string& method : PublicMethods()) {
    ++verdict.checks;
    const auto found = answers.find(method);
    if (found != answers.end() && found->second > 0) continue;
    verdict.violations.push_back(absl::StrCat("no client got an answer of ", method));
  }
  return verdict;
}

Verdict ReadYourWrites(const std::vector<ReadBack>& reads) {
  Verdict verdict{"ReadYourWrites"};
  for (const ReadBack& read : reads) {
    ++verdict.checks;
    if (read.expected == read.found) continue;
    verdict.violations.push_back(absl::StrCat(
        "client ", read.client, " at ",
        absl::FormatTime(kTimeFormat, read.time, absl::UTCTimeZone()), " read ", read.what, " by ",
        read.how, "\n  wrote ", read.expected, "\n  read  ", read.found));
  }
  return verdict;
}

Verdict AnswersAreLawful(const std::vector<Surprise>& surprises) {
  Verdict verdict{"AnswersAreLawful"};
  for (const Surprise& surprise : surprises) {
    ++verdict.checks;
    verdict.violations.push_back(
        absl::StrCat("client ", surprise.client, " at ",
                     absl::FormatTime(kTimeFormat, surprise.time, absl::UTCTimeZone()), ": ",
                     surprise.what, "\n  ", surprise.answer));
  }
  return verdict;
}

// ------------------------------------------------------------------------------------- the logs

Verdict LogIsGapless(const Logs& logs) {
  Verdict verdict{"LogIsGapless"};
  for (const auto& [service, log] : logs) {
    if (log.log_ids.size() > 1) {
      verdict.violations.push_back(absl::StrCat(
          "the log of ", service, " was replaced: ", absl::StrJoin(log.log_ids, ", ")));
    }
    int64_t next = 1;
    for (const LogBatch& batch : log.batches) {
      ++verdict.checks;
      if (batch.revision != next) {
        verdict.violations.push_back(
            absl::StrCat(service, ":", next, " is not there\n", ToText(service, batch)));
      }
      if (!batch.leaf_recomputes) {
        verdict.violations.push_back(
            absl::StrCat("a leaf does not recompute\n", ToText(service, batch)));
      }
      next = batch.revision + 1;
    }
  }
  return verdict;
}

Verdict LogTimeNeverDecreases(const Logs& logs) {
  Verdict verdict{"LogTimeNeverDecreases"};
  for (const auto& [service, log] : logs) {
    const LogBatch* last = nullptr;
    for (const LogBatch& batch : log.batches) {
      ++verdict.checks;
      if (last != nullptr && batch.commit_time < last->commit_time) {
        verdict.violations.push_back(
            absl::StrCat("time goes back\n", ToText(service, *last), "\n", ToText(service, batch)));
      }
      last = &batch;
    }
  }
  return verdict;
}

Verdict StateIsWhatTheLogSays(const Logs& logs) {
  Verdict verdict{"StateIsWhatTheLogSays"};
  for (const auto& [service, log] : logs) {
    std::map<std::string, LiveRow> rows;
    for (const LogBatch& batch : log.batches) {
      for (const auto& [key, value] : batch.changes) {
        if (value) {
          rows[key] = {*value, batch.revision};
        } else {
          rows.erase(key);
        }
      }
    }
    for (const auto& [key, row] : rows) {
      ++verdict.checks;
      const auto found = log.live.find(key);
      if (found != log.live.end() && found->second == row) continue;
      verdict.violations.push_back(absl::StrCat(
          service, " row ", key, " was written at revision ", row.revision, " and is ",
          found == log.live.end() ? "not there"
                                  : absl::StrCat("there as of ", found->second.revision)));
    }
    for (const auto& [key, row] : log.live) {
      if (rows.contains(key)) continue;
      verdict.violations.push_back(absl::StrCat(service, " row ", key, " of revision ",
                                                row.revision, " is in no batch or was deleted"));
    }
  }
  return verdict;
}

// ---------------------------------------------------------------------------------- the watches

namespace {

using Kind = WatchMessage::Kind;

std::string ToText(const Watch& watch, const WatchMessage& message) {
  return absl::StrCat("  ", watch.watcher, " heard revision ", message.revision, ": ",
                      absl::StrJoin(message.names, ", "));
}

template <class Take>
void ForEachStream(const std::vector<Watch>& watches, Take take) {
  for (const Watch& watch : watches) {
    for (const WatchStream& stream : watch.streams) take(watch, stream);
  }
}

// The revisions of a log that a watch shows, each with the names.
std::map<int64_t, std::vector<std::string>> ShownRevisions(const std::string& service,
                                                           const Logs& logs) {
  std::map<int64_t, std::vector<std::string>> shown;
  if (const Log* log = FindLog(logs, service)) {
    for (const LogBatch& batch : log->batches) {
      std::vector<std::string> names = ShownBy(service, batch.changes);
      if (!names.empty()) shown.emplace_hint(shown.end(), batch.revision, std::move(names));
    }
  }
  return shown;
}

// By service, made when it is asked for.
class Shown {
 public:
  explicit Shown(const Logs& logs) : logs_(logs) {}
  const std::map<int64_t, std::vector<std::string>>& Of(const std::string& service) {
    auto found = by_service_.find(service);
    if (found == by_service_.end()) {
      found = by_service_.emplace(service, ShownRevisions(service, logs_)).first;
    }
    return found->second;
  }

 private:
  const Logs& logs_;
  std::map<std::string, std::map<int64_t, std::vector<std::string>>> by_service_;
};

// Whether every shown revision in (from, to] came on the stream; the missing ones are violations.
void CheckNoneLeftOut(const Watch& watch, const WatchStream& stream, int64_t from,
                      const std::map<int64_t, std::vector<std::string>>& shown, Verdict* verdict) {
  std::set<int64_t> heard;
  int64_t to = from;
  for (const WatchMessage& message : stream.messages) {
    if (message.kind == Kind::kRevision) heard.insert(message.revision);
    if (message.kind != Kind::kSnapshot) to = std::max(to, message.revision);
  }
  for (auto row = shown.upper_bound(from); row != shown.end() && row->first <= to; ++row) {
    ++verdict->checks;
    if (heard.contains(row->first)) continue;
    verdict->violations.push_back(absl::StrCat(
        watch.watcher, " followed from ", from, " to ", to, " and did not hear of ", watch.service,
        ":", row->first, ", which changed ", absl::StrJoin(row->second, ", ")));
  }
}

}  // namespace

Verdict WatchOrdered(const std::vector<Watch>& watches) {
  Verdict verdict{"WatchOrdered"};
  ForEachStream(watches, [&](const Watch& watch, const WatchStream& stream) {
    const WatchMessage* last = nullptr;
    for (const WatchMessage& message : stream.messages) {
      if (message.kind == Kind::kSnapshot) continue;
      ++verdict.checks;
      if (last != nullptr && message.revision < last->revision) {
        verdict.violations.push_back(absl::StrCat("revisions go back\n", ToText(watch, *last), "\n",
                                                  ToText(watch, message)));
      }
      last = &message;
    }
  });
  return verdict;
}

Verdict WatchUnique(const std::vector<Watch>& watches) {
  Verdict verdict{"WatchUnique"};
  ForEachStream(watches, [&](const Watch& watch, const WatchStream& stream) {
    std::set<int64_t> heard;
    for (const WatchMessage& message : stream.messages) {
      if (message.kind != Kind::kRevision) continue;
      ++verdict.checks;
      const bool again = stream.after && message.revision <= *stream.after;
      if (heard.insert(message.revision).second && !again) continue;
      verdict.violations.push_back(
          absl::StrCat("a revision came twice",
                       again ? absl::StrCat(" (resumed after ", *stream.after, ")") : "", "\n",
                       ToText(watch, message)));
    }
  });
  return verdict;
}

Verdict WatchAtomic(const std::vector<Watch>& watches, const Logs& logs) {
  Verdict verdict{"WatchAtomic"};
  Shown shown(logs);
  static const std::vector<std::string> kNothing;
  ForEachStream(watches, [&](const Watch& watch, const WatchStream& stream) {
    const auto& revisions = shown.Of(watch.service);
    for (const WatchMessage& message : stream.messages) {
      if (message.kind != Kind::kRevision) continue;
      ++verdict.checks;
      const auto row = revisions.find(message.revision);
      const std::vector<std::string>& wanted = row == revisions.end() ? kNothing : row->second;
      if (message.names == wanted) continue;
      verdict.violations.push_back(absl::StrCat("a revision did not come as it is in the log\n",
                                                ToText(watch, message), "\n  the log has ",
                                                absl::StrJoin(wanted, ", ")));
    }
  });
  return verdict;
}

Verdict WatchReliable(const std::vector<Watch>& watches, const Logs& logs) {
  Verdict verdict{"WatchReliable"};
  Shown shown(logs);
  for (const Watch& watch : watches) {
    const Log* const log = FindLog(logs, watch.service);
    if (log == nullptr) continue;
    for (const WatchStream& stream : watch.streams) {
      if (stream.after) continue;  // Resumable speaks of these.
      // Snapshot and batches up to its end are what was there then.
      std::set<std::string> heard;
      int64_t end = -1;
      for (const WatchMessage& message : stream.messages) {
        heard.insert(message.names.begin(), message.names.end());
        if (message.kind != Kind::kSnapshotEnd) continue;
        end = message.revision;
        break;
      }
      if (end < 0) continue;
      std::set<std::string> there;
      for (const LogBatch& batch : log->batches) {
        if (batch.revision > end) break;
        for (const auto& change : batch.changes) {
          for (const std::string& name : ShownBy(watch.service, {change})) {
            if (change.second) {
              there.insert(name);
            } else {
              there.erase(name);
            }
          }
        }
      }
      for (const std::string& name : there) {
        ++verdict.checks;
        if (heard.contains(name)) continue;
        verdict.violations.push_back(
            absl::StrCat(watch.watcher, " got a snapshot as of ", end, " without ", name));
      }
      WatchStream rest = stream;
      std::erase_if(rest.messages, [end](const WatchMessage& message) {
        return message.kind == Kind::kSnapshot || message.revision < end;
      });
      CheckNoneLeftOut(watch, rest, end, shown.Of(watch.service), &verdict);
    }
  }
  return verdict;
}

Verdict WatchResumable(const std::vector<Watch>& watches, const Logs& logs) {
  Verdict verdict{"WatchResumable"};
  Shown shown(logs);
  ForEachStream(watches, [&](const Watch& watch, const WatchStream& stream) {
    if (!stream.end.empty()) {
      verdict.violations.push_back(
          absl::StrCat(watch.watcher, " was sent back to a snapshot: ", stream.end));
    }
    if (!stream.after) return;
    ++verdict.checks;
    CheckNoneLeftOut(watch, stream, *stream.after, shown.Of(watch.service), &verdict);
  });
  return verdict;
}

namespace {

// RFC 6962 over the rows, hexadecimal.
std::string TreeHash(absl::Span<const std::string* const> rows) {
  if (rows.empty()) return Sha256("");
  if (rows.size() == 1) return Sha256(absl::StrCat(absl::string_view("\0", 1), *rows[0]));
  size_t left = 1;
  while (left * 2 < rows.size()) left *= 2;
  return Sha256(absl::StrCat("\1", TreeHash(rows.first(left)), TreeHash(rows.subspan(left))));
}

// "units/{office}/publications/{publication}" of the name of a result; "" for any other.
std::string PublicationOf(const std::string& key) {
  const size_t at = key.find("/results/");
  if (at == std::string::npos) return "";
  const std::pair<std::string, std::string> ids = absl::StrSplit(key.substr(at + 9), '~');
  return absl::StrCat("units/", ids.first, "/publications/", ids.second);
}

}  // namespace

Verdict PublishedStays(const Logs& logs) {
  Verdict verdict{"PublishedStays"};
  const Log* log = FindLog(logs, "scoring");
  if (log == nullptr) return verdict;
  std::map<std::string, std::map<std::string, std::string>> results;  // By publication and name.
  std::set<std::string> announced;
  for (const LogBatch& batch : log->batches) {
    for (const auto& [key, value] : batch.changes) {
      const std::string publication = PublicationOf(key);
      if (publication.empty()) continue;
      ++verdict.checks;
      if (announced.contains(publication)) {
        verdict.violations.push_back(absl::StrCat("a result of ", publication,
                                                  " changes after it was announced\n",
                                                  ToText("scoring", batch)));
      }
      if (value) {
        results[publication][key] = *value;
      } else {
        results[publication].erase(key);
      }
    }
    for (const auto& [key, value] : batch.changes) {
      if (!absl::StrContains(key, "/publications/") || !absl::StartsWith(key, "units/")) continue;
      if (!value) continue;
      const auto row = Parse<storage::v1::PublicationRow>(*value).publication();
      if (!row.has_publish_time() || !announced.insert(key).second) continue;
      ++verdict.checks;
      std::vector<const std::string*> rows;
      for (const auto& [name, result] : results[key]) rows.push_back(&result);
      const std::string root = absl::BytesToHexString(TreeHash(rows));
      if (static_cast<int64_t>(rows.size()) == row.result_count() && root == row.root()) continue;
      verdict.violations.push_back(absl::StrCat(
          key, " is announced with ", row.result_count(), " results and the root ", row.root(),
          ", and has ", rows.size(), " and ", root, "\n", ToText("scoring", batch)));
    }
  }
  return verdict;
}

// ----------------------------------------------------------------------------------- the States

Verdict ScoresEqualRecomputation(const std::vector<Recomputed>& scores) {
  Verdict verdict{"ScoresEqualRecomputation"};
  for (const Recomputed& score : scores) {
    ++verdict.checks;
    if (score.said == score.counted) continue;
    verdict.violations.push_back(absl::StrCat(score.what, " is said to be ", score.said,
                                              ", the records give ", score.counted));
  }
  return verdict;
}

Verdict ReplicasConverge(const std::vector<Replica>& replicas) {
  Verdict verdict{"ReplicasConverge"};
  std::map<std::string, const Replica*> first;
  for (const Replica& replica : replicas) {
    const Replica& one = *first.emplace(replica.what, &replica).first->second;
    if (&one == &replica) continue;
    std::set<std::string> names;
    for (const Replica* side : {&one, &replica}) {
      for (const auto& [name, row] : side->rows) names.insert(name);
    }
    for (const std::string& name : names) {
      ++verdict.checks;
      const auto a = one.rows.find(name);
      const auto b = replica.rows.find(name);
      if (a != one.rows.end() && b != replica.rows.end() && a->second == b->second) continue;
      const auto text = [&](const Replica& side, const auto& at) {
        return absl::StrCat("\n  ", side.name, ": ",
                            at == side.rows.end() ? "nothing" : absl::CHexEscape(at->second));
      };
      verdict.violations.push_back(
          absl::StrCat(replica.what, " differ in ", name, text(one, a), text(replica, b)));
    }
  }
  return verdict;
}

}  // namespace terrace::robustness
