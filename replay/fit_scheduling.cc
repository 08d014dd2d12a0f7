// How long a thread waits on a crowded core beside an idle one, and what the scheduler loses besides.
//
// Both show in runs on crowded cores: each is simulated with the speed that the host had in it, so that only the
// scheduling is left to explain. Of some delays that one is taken which, with what is usual, makes what the runs took
// most likely; at that delay each run tells of the loss at its number of workers.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "replay/accounting.h"
#include "replay/fit.h"
#include "replay/simulator.h"
#include "replay/statistics.h"
#include "traces/run_summary.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

// Of a run's mean step, once its own speed is told.
constexpr double kRunError = 0.02;
constexpr int kLosses = 7;
// A run that other programs took more than this part of the machine from says nothing of its own threads.
constexpr double kDisturbed = 0.05;

// A lognormal about the usual delay, looked at here.
constexpr double kDelayDiffers = 0.8;
constexpr std::array<double, 6> kDelaysNs = {1.5e6, 3e6, 6e6, kUsualMigrationDelayNs, 24e6, 48e6};

// A recorded run and what it takes to simulate it.
struct Crowded {
  std::vector<BatchWork> batches;
  Scenario scenario;
  const DemandTape* tape = nullptr;
  int64_t primed = 0;
  double measured_ns = 0;  // mean step of the steady window
};

std::vector<Crowded> CrowdedRuns(absl::Span<const FittedRun> runs, const CostModel& model) {
  std::vector<Crowded> crowded;
  for (const FittedRun& fitted : runs) {
    const RunRecord& run = *fitted.run;
    if (run.planned_epochs > 0 || run.knobs.device != model.recorded.device) continue;
    Crowded one;
    one.scenario = model.ScenarioOf(run.knobs);
    one.tape = &model.TapeOfShare(ColdShareOf(fitted.costs));
    // Fewer workers than cores have one each.
    if (run.knobs.worker_count < one.scenario.cores) continue;
    const RunSummary summary = Summarize(run);
    if (!summary.window.steady || summary.other_cores.value_or(0) > kDisturbed * run.usable_cores) continue;
    one.measured_ns = summary.step_ms_mean * kNsPerMs;
    one.batches = model.Batches(run.knobs, static_cast<int64_t>(run.iterations.size()), true);
    one.primed = int64_t{run.knobs.worker_count} * run.knobs.prefetch_depth;
    one.scenario.scales.cpu *= LoadingSlowness(model, run, fitted.costs);
    one.scenario.scales.device *= DeviceSlowness(model, fitted.costs);
    crowded.push_back(std::move(one));
  }
  return crowded;
}

// The log of a run's mean step over the loss, as a line: simulations of a short run scatter about it.
struct Response {
  double at_none = 0, slope = 0, scatter = 0;
};

Response ResponseOf(Crowded* run) {
  std::vector<double> losses, steps;
  for (int i = 0; i < kLosses; ++i) {
    losses.push_back(Crowding::kLargestLoss * i / (kLosses - 1));
    run->scenario.crowding = losses.back();
    const SimulationResult result = Simulate(*run->tape, run->batches, run->scenario);
    steps.push_back(std::log(WindowOf(result.steps, run->primed).step_ns()));
  }
  // More loss makes no run faster: what looks so is scatter.
  Regression line = Regress(losses, steps);
  line.slope = std::max(0.0, line.slope);
  return {line.At(0), line.slope, std::sqrt(SquaresAbout(line, losses, steps) / (kLosses - 2))};
}

}  // namespace

Scheduling FitScheduling(absl::Span<const FittedRun> runs, const CostModel& model) {
  Scheduling best;
  std::vector<Crowded> crowded = CrowdedRuns(runs, model);
  if (crowded.empty()) return best;
  double most_likely = -std::numeric_limits<double>::infinity();
  for (const double delay : kDelaysNs) {
    const double away = std::log(delay / kUsualMigrationDelayNs) / kDelayDiffers;
    double log_likelihood = -away * away / 2;
    Crowding crowding;
    for (Crowded& run : crowded) {
      run.scenario.migration_delay_ns = delay;
      const Response response = ResponseOf(&run);
      log_likelihood +=
          crowding.Observe(run.scenario.worker_count / run.scenario.cores, response.slope,
                           std::log(run.measured_ns) - response.at_none, std::hypot(kRunError, response.scatter));
    }
    if (log_likelihood <= most_likely) continue;
    most_likely = log_likelihood;
    best = {delay, crowding};
  }
  return best;
}

}  // namespace stallpoint
