// Explanations as callers read them: names instead of numbers, and a sentence of arithmetic for
// each step, in English and Chinese.
//
// Thread-safety: under the lock of the facts.
#ifndef TERRACE_SERVICES_SCORING_SCORES_PRESENT_PARTS_H_
#define TERRACE_SERVICES_SCORING_SCORES_PRESENT_PARTS_H_

#include <vector>

#include "common/tree/tree.h"
#include "services/scoring/boards/scheme_board.h"
#include "services/scoring/engine/explain.h"
#include "services/scoring/facts/facts.h"
#include "terrace/scoring/v1/score.pb.h"

namespace terrace::scoring {

// Explains the score of a unit that has a place on the board; the order of the board is current.
// `inputs` becomes what the unit's own sheet is made of, empty where it was not looked at.
v1::Part ExplainScore(const SchemeBoard& board, const Facts& facts, const tree::Tree& names,
                      Unit unit, int depth, int parts_max, engine::SheetInput* input);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCORES_PRESENT_PARTS_H_
