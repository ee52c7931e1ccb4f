#include "common/store/redis/batches.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/store/log_record.h"

namespace terrace::store::redis {
namespace {

// ["<revision>-0", ["b", batch id, "l", log id, "t", time, "h", header, "c", changes]]
absl::StatusOr<StoredBatch> ParseBatch(View entry) {
  auto batch = std::make_shared<Committed>();
  StoredBatch stored;
  const absl::string_view id = entry[0].text();
  const bool numbered = absl::SimpleAtoi(id.substr(0, id.find('-')), &batch->revision.value);
  absl::string_view changes;
  const View fields = entry[1];
  for (size_t i = 0; i + 1 < fields.size(); i += 2) {
    const absl::string_view name = fields[i].text();
    const View value = fields[i + 1];
    stored.bytes += value.text().size();
    if (name == "b") batch->batch_id = std::string(value.text());
    if (name == "l") stored.log_id = std::string(value.text());
    if (name == "t") batch->commit_time = absl::FromUnixMicros(value.number());
    if (name == "h") batch->header = std::string(value.text());
    if (name == "c") changes = value.text();
  }
  if (!numbered || batch->batch_id.empty() || stored.log_id.empty()) {
    return Error(Reason::STORE_DAMAGED, {{"detail", "an entry of the stream is no batch"}});
  }
  TERRACE_ASSIGN_OR_RETURN(batch->changes, DecodeChanges(changes));
  batch->leaf = ComputeLeaf(stored.log_id, *batch);
  stored.batch = std::move(batch);
  return stored;
}

}  // namespace

absl::StatusOr<std::vector<StoredBatch>> ParseBatches(View entries) {
  std::vector<StoredBatch> batches;
  for (size_t i = 0; i < entries.size(); ++i) {
    TERRACE_ASSIGN_OR_RETURN(StoredBatch batch, ParseBatch(entries[i]));
    batches.push_back(std::move(batch));
  }
  return batches;
}

}  // namespace terrace::store::redis
