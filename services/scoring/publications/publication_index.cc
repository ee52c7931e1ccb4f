#include "services/scoring/publications/publication_index.h"

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/resource/names.h"
#include "services/scoring/names.h"

namespace terrace::scoring {
namespace {

using storage::v1::AppealRow;
using storage::v1::PublicationRow;

// The collection of a key "units/{unit}/{collection}/{id}"; empty for others.
absl::string_view CollectionOf(absl::string_view key) {
  const size_t owner = key.find('/');
  if (owner == absl::string_view::npos) return "";
  const size_t from = key.find('/', owner + 1);
  if (from == absl::string_view::npos) return "";
  const size_t to = key.find('/', from + 1);
  if (to == absl::string_view::npos || key.find('/', to + 1) != absl::string_view::npos) return "";
  return key.substr(from + 1, to - from - 1);
}

template <class Row>
Row Parse(const std::string& bytes) {
  Row row;
  TERRACE_CHECK(row.ParseFromString(bytes));  // Otherwise the store is broken.
  return row;
}

template <class Map>
void EraseFrom(Map& map, const std::string& key, const std::string& name) {
  auto it = map.find(key);
  if (it == map.end()) return;
  it->second.erase(name);
  if (it->second.empty()) map.erase(it);
}

const PublicationIndex::Names& In(
    const absl::btree_map<std::string, PublicationIndex::Names>& index, absl::string_view key) {
  static const PublicationIndex::Names* const none = new PublicationIndex::Names;
  auto it = index.find(key);
  return it == index.end() ? *none : it->second;
}

void AppendNames(absl::string_view title, const PublicationIndex::Names& names, std::string* out) {
  absl::StrAppend(out, title);
  for (const std::string& name : names) absl::StrAppend(out, " ", name);
  *out += '\n';
}

}  // namespace

std::string PeriodKey(absl::string_view scheme, absl::string_view period) {
  return absl::StrCat(scheme.substr(0, scheme.find('@')), "~", period);
}

bool IsOpen(v1::AppealState state) {
  return state == v1::APPEAL_STATE_FILED || state == v1::APPEAL_STATE_ADMITTED;
}

void PublicationIndex::OnChange(const machine::RowChange& change) {
  const absl::string_view collection = CollectionOf(change.key);
  if (collection == "results") {
    absl::StatusOr<ResultRef> ref = ParseResult(change.key);
    TERRACE_CHECK(ref.ok());
    if (change.after != nullptr) {
      results_[ref->publication].insert(std::move(ref->unit));
    } else {
      EraseFrom(results_, ref->publication, ref->unit);
    }
  } else if (collection == "publications") {
    OnPublication(change.key, change.before, /*added=*/false);
    OnPublication(change.key, change.after, /*added=*/true);
  } else if (collection == "appeals") {
    OnAppeal(change.before, -1);
    OnAppeal(change.after, 1);
    if (change.after != nullptr) {
      appeals_.insert(std::string(change.key));
    } else {
      appeals_.erase(std::string(change.key));
    }
  }
}

void PublicationIndex::OnPublication(absl::string_view key, const std::string* value, bool added) {
  if (value == nullptr) return;
  const v1::Publication publication = Parse<PublicationRow>(*value).publication();
  const std::string name(key);
  const std::string period = PeriodKey(publication.scheme(), publication.period());
  if (!added) {
    EraseFrom(by_period_, period, name);
    preparing_.erase(name);
    return;
  }
  if (publication.state() != v1::PUBLICATION_STATE_ABANDONED) by_period_[period].insert(name);
  if (publication.state() == v1::PUBLICATION_STATE_PREPARING) preparing_.insert(name);
}

void PublicationIndex::OnAppeal(const std::string* value, int added) {
  if (value == nullptr) return;
  const v1::Appeal appeal = Parse<AppealRow>(*value).appeal();
  if (!IsOpen(appeal.state())) return;
  auto it = open_appeals_.try_emplace(appeal.publication()).first;
  it->second += added;
  if (it->second == 0) open_appeals_.erase(it);
}

const PublicationIndex::Names& PublicationIndex::ResultsOf(absl::string_view publication) const {
  return In(results_, publication);
}

const PublicationIndex::Names& PublicationIndex::PublicationsOf(absl::string_view family,
                                                                absl::string_view period) const {
  return In(by_period_, PeriodKey(family, period));
}

int64_t PublicationIndex::OpenAppealsOf(absl::string_view publication) const {
  auto it = open_appeals_.find(publication);
  return it == open_appeals_.end() ? 0 : it->second;
}

std::string PublicationIndex::Digest() const {
  std::string out;
  for (const auto& [publication, units] : results_) AppendNames(publication, units, &out);
  for (const auto& [period, names] : by_period_) AppendNames(period, names, &out);
  AppendNames("preparing", preparing_, &out);
  AppendNames("appeals", appeals_, &out);
  for (const auto& [publication, count] : open_appeals_) {
    absl::StrAppend(&out, publication, "=", count, "\n");
  }
  return out;
}

}  // namespace terrace::scoring
