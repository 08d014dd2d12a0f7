// Predictions as rows of a table, and the words for what goes with them.
#ifndef STALLPOINT_TOOLS_PROGRAM_PREDICTION_TABLE_H_
#define STALLPOINT_TOOLS_PROGRAM_PREDICTION_TABLE_H_

#include <string>
#include <utility>
#include <vector>

#include "replay/predict/predictor.h"
#include "replay/prediction.h"
#include "tools/program/text.h"

namespace stallpoint {

// A row a setting. What memory limits and the page cache do has columns where settings differ in it.
class PredictionTable {
 public:
  // `mark` stands behind it, with what else there is to say of the setting.
  void Add(const Prediction& prediction, std::string mark);
  std::string Render() const;

 private:
  std::vector<std::pair<Prediction, std::string>> rows_;
};

// Which limit a setting does not fit, or hardly. Empty: it fits, or nobody knows.
std::string MemoryMark(const Prediction& prediction);

// "1 worker", "4 workers".
std::string WorkersText(const Knobs& knobs);
// "batch 16, 4 workers, prefetch 2"; without workers no prefetch.
std::string SettingText(const Knobs& knobs);
// ", 2 GiB of host memory" where it is another limit than the recorded one.
std::string LimitText(const Knobs& knobs, const Knobs& recorded);
// A line.
std::string StallPointText(const StallPoint& point);
// The line in place of a recommendation, and what to do.
std::string NothingFitsText(const Prediction& recorded);

// A line that predictions leave out the steps in which the main run read its data for the first time; empty unless so.
std::string FirstPassNote(const Predictor& predictor);
// A line that predictions read from storage what later runs will not; empty unless so.
std::string ColdForOnceNote(const Predictor& predictor);
// A line that memory grows with every sample, and when that ends the recorded setting; empty unless it does.
std::string LeakNote(const Predictor& predictor);

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_PROGRAM_PREDICTION_TABLE_H_
