#include "replay/search/live_finding.h"

#include <cmath>
#include <cstdint>

#include "replay/statistics.h"
#include "traces/run_summary.h"

namespace stallpoint {
namespace {

// By how much a run is worse evidence when other programs hold all cores.
constexpr double kNoiseOfDisturbance = 0.2;

}  // namespace

RunConditions ConditionsOf(const RunRecord& run) {
  const bool epochs = run.planned_epochs > 0;
  return {.steps = epochs ? 0 : static_cast<int64_t>(run.iterations.size()),
          .epochs = run.planned_epochs,
          .cold_start = run.cold_data,
          .found = std::nullopt};
}

LiveFinding FindingOf(const Predictor& predictor, const RunRecord& live) {
  LiveFinding finding;
  finding.knobs = live.knobs;
  const RunSummary measured = Summarize(live);
  RunConditions conditions = ConditionsOf(live);
  conditions.found = predictor.FindingsOf(live);
  finding.faster = predictor.PredictRun(live.knobs, conditions).step_ms / measured.step_ms_mean;
  const double of_host = conditions.found ? 0 : predictor.HostSpeedError() / TwoSidedZ(0.9);
  const double disturbed = measured.other_cores.value_or(0) / live.usable_cores;
  finding.noise = std::hypot(kUsualNoise, of_host, kNoiseOfDisturbance * disturbed);
  return finding;
}

}  // namespace stallpoint
