#include "tests/robustness/log.h"

#include <algorithm>

#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "common/base/check.h"
#include "common/store/log_record.h"
#include "terrace/storage/v1/inspections.pb.h"
#include "terrace/storage/v1/storage.pb.h"

namespace terrace::robustness {
namespace {

constexpr int kScanRows = 1000;

absl::StatusOr<std::vector<store::CommittedPtr>> Page(store::Store* store, int64_t from,
                                                      int64_t to) {
  absl::StatusOr<std::vector<store::CommittedPtr>> page;
  absl::Notification done;
  store->ReadLog(store::Revision{from}, store::Revision{to}, [&](auto result) {
    page = std::move(result);
    done.Notify();
  });
  done.WaitForNotification();
  return page;
}

absl::StatusOr<std::vector<store::Entry>> Scan(store::Store* store, std::string first) {
  absl::StatusOr<std::vector<store::Entry>> entries;
  absl::Notification done;
  store->Scan({std::move(first), ""}, kScanRows, [&](auto result) {
    entries = std::move(result);
    done.Notify();
  });
  done.WaitForNotification();
  return entries;
}

LogBatch ToBatch(const store::LogId& log_id, const store::Committed& committed) {
  LogBatch batch;
  batch.revision = committed.revision.value;
  batch.commit_time = committed.commit_time;
  batch.batch_id = committed.batch_id;
  storage::v1::Header header;
  header.ParseFromString(committed.header);
  batch.method = header.method();
  batch.request_id = header.request_id();
  for (const store::CommittedChange& change : committed.changes) {
    batch.changes.emplace_back(change.key, change.value);
  }
  batch.leaf_recomputes = committed.leaf == store::ComputeLeaf(log_id, committed);
  return batch;
}

bool IsShownRegistryKey(const std::vector<absl::string_view>& parts) {
  if (parts.size() == 2) return parts[0] == "levels" || parts[0] == "kinds" || parts[0] == "units";
  if (parts[0] != "units") return false;
  if (parts.size() == 4) {
    return parts[2] == "placements" || parts[2] == "programmes" || parts[2] == "designations";
  }
  return parts.size() == 6 && parts[2] == "programmes" && parts[4] == "enrollments";
}

bool IsShownMeasuresKey(const std::vector<absl::string_view>& parts) {
  if (parts[0] != "units") return false;
  if (parts.size() == 4) {
    return parts[2] == "measureLists" || parts[2] == "measures" || parts[2] == "assignments" ||
           parts[2] == "activities";
  }
  return parts.size() == 6 && parts[2] == "assignments" && parts[4] == "reports";
}

bool IsShownInspectionsRow(const std::vector<absl::string_view>& parts,
                           const absl::optional<std::string>& value) {
  if (parts[0] != "units" || !value) return false;
  if (parts.size() == 4 && parts[2] == "checklists") {
    storage::v1::ChecklistRecord record;
    return parts[3].find('@') != absl::string_view::npos && record.ParseFromString(*value) &&
           record.checklist().state() == inspections::v1::Checklist::STATE_PUBLISHED;
  }
  if (parts.size() == 4) return parts[2] == "visits" || parts[2] == "followUps";
  return parts.size() == 6 && parts[2] == "visits" &&
         (parts[4] == "observations" || parts[4] == "findings");
}

}  // namespace

absl::Status ReadOn(store::Store* store, Log* log) {
  TERRACE_ASSIGN_OR_RETURN(const store::Cursor end, store->End());
  if (log->log_ids.empty() || log->log_ids.back() != end.log_id) {
    log->log_ids.push_back(end.log_id);
  }
  int64_t next = log->batches.empty() ? 1 : log->batches.back().revision + 1;
  while (next <= end.revision.value) {
    TERRACE_ASSIGN_OR_RETURN(const auto page, Page(store, next, end.revision.value));
    if (page.empty()) return absl::InternalError("a page of the log is empty");
    for (const store::CommittedPtr& committed : page) {
      log->batches.push_back(ToBatch(end.log_id, *committed));
    }
    next = log->batches.back().revision + 1;
  }
  log->live.clear();
  std::string first;
  for (;;) {
    TERRACE_ASSIGN_OR_RETURN(const auto entries, Scan(store, first));
    for (const store::Entry& entry : entries) {
      log->live[entry.key] = {entry.value, entry.revision.value};
    }
    if (static_cast<int>(entries.size()) < kScanRows) return absl::OkStatus();
    first = entries.back().key + '\0';
  }
}

std::vector<std::string> ShownBy(
    absl::string_view service,
    const std::vector<std::pair<std::string, absl::optional<std::string>>>& changes) {
  std::vector<std::string> names;
  for (const auto& [key, value] : changes) {
    const std::vector<absl::string_view> parts = absl::StrSplit(key, '/');
    const bool shown = service == "registry"   ? IsShownRegistryKey(parts)
                       : service == "measures" ? IsShownMeasuresKey(parts)
                                               : IsShownInspectionsRow(parts, value);
    if (shown) names.push_back(key);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace terrace::robustness
