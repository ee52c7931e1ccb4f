#include "services/measures/progress_scan.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/resource/names.h"
#include "services/measures/standing.h"

namespace terrace::measures {

bool MeasureScan::Step(const MeasureEntry& measure, const MeasuresState& state, int* budget,
                       absl::FunctionRef<void(const AssignmentEntry&)> visit) {
  for (auto it = measure.assignments.upper_bound(after_); it != measure.assignments.end(); ++it) {
    if (--*budget < 0) return false;
    after_ = std::string(*it);
    const AssignmentEntry& entry = *state.FindAssignment(*it);
    const absl::optional<absl::Time> issued = measure.facts.IssueTime(entry.facts.issue);
    if (!entry.facts.counts() || !issued || *issued > at_) continue;
    ++total_;
    if (absl::optional<absl::Time> done = DoneAt(measure.facts, entry.facts, at_)) {
      done_.push_back(*done);
    }
    visit(entry);
  }
  return true;
}

MeasureCounts MeasureScan::counts(const MeasureFacts& facts) {
  MeasureCounts counts;
  counts.assignments = total_;
  counts.done = static_cast<int64_t>(done_.size());
  const int64_t needed = NeededFor(facts.share, total_);
  if (needed > 0 && counts.done >= needed) {
    std::nth_element(done_.begin(), done_.begin() + (needed - 1), done_.end());
    counts.complete = done_[needed - 1];
  }
  return counts;
}

ProgressScan::ProgressScan(std::string list, std::shared_ptr<const tree::Tree> tree,
                           tree::UnitNumber root, tree::Line line, bool by_child, absl::Time at)
    : list_(std::move(list)),
      tree_(std::move(tree)),
      root_(root),
      line_(line),
      by_child_(by_child),
      tables_(at) {}

tree::UnitNumber ProgressScan::Place(absl::string_view unit) const {
  absl::optional<tree::UnitNumber> number = tree_->Number(unit);
  if (!number || !tree_->IsUnder(*number, root_, line_)) return tree::kNoUnit;
  tree::UnitNumber n = *number;
  while (by_child_ && n != root_ && tree_->Parent(n, line_) != root_) n = tree_->Parent(n, line_);
  return by_child_ ? n : root_;
}

void ProgressScan::Visit(const AssignmentEntry& entry, const PeriodTable& table) {
  const tree::UnitNumber place = Place(resource::OwnerOf(entry.name));
  if (place == tree::kNoUnit) return;
  touched_.insert(place);
  v1::Progress one;
  AddProgress(entry.measure->facts, entry.facts, table, tables_.at(), &one);
  AddProgress(one, &total_);
  if (by_child_) AddProgress(one, &children_[place]);
}

void ProgressScan::FinishMeasure(bool complete) {
  auto add = [complete](v1::Progress* progress) {
    progress->set_measures(progress->measures() + 1);
    progress->set_measures_complete(progress->measures_complete() + (complete ? 1 : 0));
  };
  if (!touched_.empty()) add(&total_);
  if (by_child_) {
    for (tree::UnitNumber place : touched_) add(&children_[place]);
  }
  touched_.clear();
}

bool ProgressScan::Step(const MeasuresState& state) {
  const ListEntry* list = state.FindList(list_);
  if (list == nullptr) return true;
  const PeriodTable& table = tables_.Of(state, *list);
  int budget = kStepRows;
  while (budget > 0) {
    if (scan_ == nullptr) {
      auto next = list->measures.upper_bound(measure_);
      if (next == list->measures.end()) return true;
      measure_ = std::string(*next);
      --budget;
      scan_ = std::make_unique<MeasureScan>(at());
    }
    const MeasureEntry* measure = state.FindMeasure(measure_);
    if (measure == nullptr || measure->facts.cancelled <= at()) {
      scan_ = nullptr;
      touched_.clear();
      continue;
    }
    const bool ended = scan_->Step(*measure, state, &budget,
                                   [&](const AssignmentEntry& entry) { Visit(entry, table); });
    if (!ended) return false;
    FinishMeasure(scan_->counts(measure->facts).complete.has_value());
    scan_ = nullptr;
  }
  return false;
}

void ProgressScan::Fill(v1::GetProgressResponse* response) const {
  v1::Progress* total = response->mutable_total();
  *total = total_;
  total->set_unit(absl::StrCat("units/", tree_->Id(root_)));
  total->set_subtree(true);
  FillRates(total);
  std::vector<std::pair<std::string, const v1::Progress*>> rows;
  for (const auto& [place, progress] : children_) {
    if (place != root_) rows.emplace_back(tree_->Id(place), &progress);
  }
  std::sort(rows.begin(), rows.end());
  auto add = [response](absl::string_view id, bool subtree, const v1::Progress& progress) {
    v1::Progress* row = response->add_children();
    *row = progress;
    row->set_unit(absl::StrCat("units/", id));
    row->set_subtree(subtree);
    FillRates(row);
  };
  if (auto own = children_.find(root_); own != children_.end()) {
    add(tree_->Id(root_), false, own->second);
  }
  for (const auto& [id, progress] : rows) add(id, true, *progress);
}

}  // namespace terrace::measures
