// Predictions as rows of a table, and the words for what goes with them.
#ifndef STALLPOINT_TOOLS_PROGRAM_PREDICTION_TABLE_H_
#define STALLPOINT_TOOLS_PROGRAM_PREDICTION_TABLE_H_

#include <string>
#include <vector>

#include "replay/prediction.h"
#include "tools/program/text.h"

namespace stallpoint {

Table PredictionTable();
// `mark` stands behind it, with what else there is to say of the setting.
std::vector<std::string> PredictionRow(const Prediction& prediction, std::string mark);

// Which limit a setting does not fit, or hardly. Empty: it fits, or nobody knows.
std::string MemoryMark(const Prediction& prediction);

// "1 worker", "4 workers".
std::string WorkersText(const Knobs& knobs);
// "batch 16, 4 workers, prefetch 2"; without workers no prefetch.
std::string SettingText(const Knobs& knobs);
// A line.
std::string StallPointText(const StallPoint& point);

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_PROGRAM_PREDICTION_TABLE_H_
