// A setting that was run live, once or several times, beside its prediction: what `replay` reports.
#ifndef STALLPOINT_TOOLS_PROGRAM_LIVE_SETTING_H_
#define STALLPOINT_TOOLS_PROGRAM_LIVE_SETTING_H_

#include <optional>
#include <string>
#include <vector>

#include "harness/run/live_run.h"
#include "nlohmann/json.hpp"
#include "replay/prediction.h"
#include "traces/run_summary.h"

namespace stallpoint {

struct LiveRun {
  trace::Outcome outcome = trace::OUTCOME_UNSPECIFIED;
  std::string message;
  std::optional<RunSummary> summary;  // absent when no step was recorded
  // What the model says of this very run when it is told how fast the host computed in it and what the page cache held.
  std::optional<double> told_step_ms;
  // Samples that came from storage; absent where the model does not know what that costs.
  std::optional<double> storage_share;
};

struct LiveSetting {
  RunRequest request;
  std::optional<Prediction> predicted;
  std::vector<LiveRun> runs;

  bool AllOk() const;
  // Over the runs that ended ok; absent without any.
  std::optional<double> MeasuredStepMs() const;
  std::optional<double> MeasuredWallS() const;
  // Signed, of the prediction.
  std::optional<double> Error() const;
  // The same of predictions that were told the host's speed in each run: what is left is the model's.
  std::optional<double> ErrorTold() const;
  // Coefficient of variation; absent for fewer than two runs.
  std::optional<double> Noise() const;
};

nlohmann::ordered_json ReplayJson(const std::vector<LiveSetting>& settings);
// One setting at length, or several as a table.
std::string ReplayText(const std::vector<LiveSetting>& settings);

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_PROGRAM_LIVE_SETTING_H_
