// How two schemes differ, field by field, for people who have to say what a new version changes.
//
// Thread-safety: pure functions.
#ifndef TERRACE_SERVICES_SCORING_SCHEMES_SCHEME_DIFF_H_
#define TERRACE_SERVICES_SCORING_SCHEMES_SCHEME_DIFF_H_

#include <vector>

#include "terrace/scoring/v1/analysis.pb.h"
#include "terrace/scoring/v1/scheme.pb.h"

namespace terrace::scoring {

// First what concerns the whole scheme, then nodes in the order of the later one, then nodes that
// are gone. Names, states and times of the versions are not compared.
std::vector<v1::SchemeChange> ChangesOf(const v1::Scheme& before, const v1::Scheme& after);

// Whether points of two schemes that differ so compare: neither nodes, nor points, sources, rules,
// or roll-ups have changed.
bool AreComparable(const std::vector<v1::SchemeChange>& changes);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCHEMES_SCHEME_DIFF_H_
