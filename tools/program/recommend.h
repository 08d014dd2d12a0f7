// sweep --recommend: searches a space instead of listing it, and spends live runs where they settle the choice.
#ifndef STALLPOINT_TOOLS_PROGRAM_RECOMMEND_H_
#define STALLPOINT_TOOLS_PROGRAM_RECOMMEND_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "replay/search/advice.h"
#include "tools/program/context.h"
#include "tools/program/live_setting.h"
#include "traces/run_record.h"

namespace stallpoint {

struct RecommendRequest {
  std::vector<RunRecord> runs;  // the first is the one to vary
  SweepRanges ranges;
  int64_t budget_ns = 0;   // of search and live runs together; 0: none
  int live_runs = 0;       // at most
  RunRequest live;         // without length; of no matter without live runs
  int64_t live_steps = 0;  // 0: chosen by the setting
  std::string output;      // where live runs leave their traces; empty: nowhere
};

// A live run that was made for a decision.
struct LiveTrial {
  Prediction predicted;  // as it was before the run
  LiveRun run;
  double seconds = 0;
};

struct Recommended {
  Advice advice;
  std::vector<LiveTrial> trials;
  std::string stopped;  // why no more was done: "sure", "runs", "budget", "interrupted"
};

// The errors of Predictor::Fit, and why a live run could not be started.
absl::StatusOr<Recommended> FindRecommended(RecommendRequest request, const Context& context);

nlohmann::ordered_json RecommendedJson(const Recommended& result);
std::string RecommendedText(const Recommended& result);

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_PROGRAM_RECOMMEND_H_
