// A sweep as text for people and as CSV.
#ifndef STALLPOINT_TOOLS_PROGRAM_SWEEP_TEXT_H_
#define STALLPOINT_TOOLS_PROGRAM_SWEEP_TEXT_H_

#include <string>

#include "replay/search/sweep.h"

namespace stallpoint {

// A table of the settings (of many: a map of workers x batch sizes and the settings that matter), the stall points and
// the recommendation.
std::string SweepText(const SweepResult& result);

// Every setting, one a row, with a header.
std::string SweepCsv(const SweepResult& result);

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_PROGRAM_SWEEP_TEXT_H_
