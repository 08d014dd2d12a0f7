// How long a thread waits on a crowded core beside an idle one, and what the scheduler loses besides.
//
// Both show in runs on crowded cores: each is simulated with the speed that the host had in it, so that only the
// scheduling is left to explain. The delay is the mean of some, by how likely each makes what the runs took and how
// usual it is; at that delay each run tells of the loss at its number of workers.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "replay/fit/fit.h"
#include "replay/simulate/accounting.h"
#include "replay/simulate/simulator.h"
#include "replay/statistics.h"
#include "traces/run_summary.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

// Of a run's mean step, once its own speed is told.
constexpr double kRunError = 0.02;
constexpr int kLosses = 7;
// Simulations of a short run scatter by luck, so that each loss is looked at several times; of a long one they do not,
// and its beginning is enough.
constexpr int64_t kStepsAtALoss = 2048;
constexpr int64_t kMostRepeats = 8;
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
    one.primed = int64_t{run.knobs.worker_count} * run.knobs.prefetch_depth;
    const int64_t steps = std::min(static_cast<int64_t>(run.iterations.size()), one.primed + kStepsAtALoss);
    one.batches = model.Batches(run.knobs, steps, true);
    model.Begin(run.knobs, &one.batches);
    one.scenario.scales.cpu *= LoadingSlowness(model, run, fitted.costs);
    one.scenario.scales.device *= DeviceSlowness(model, fitted.costs);
    crowded.push_back(std::move(one));
  }
  return crowded;
}

// The log of a run's mean step over the loss, as a line, and by how much luck makes it differ from that.
struct Response {
  double at_none = 0, slope = 0, luck = 0;
  double draws = 0;

  // Standard, of what the run took about what is expected of it.
  double Error() const { return std::hypot(kRunError, luck * std::sqrt(1 + 1 / draws)); }
};

Response ResponseOf(Crowded* run) {
  std::vector<double> losses, steps;
  const int64_t draws = std::clamp<int64_t>(kStepsAtALoss / static_cast<int64_t>(run->batches.size()), 1, kMostRepeats);
  for (int i = 0; i < kLosses; ++i) {
    run->scenario.crowding = Crowding::kLargestLoss * i / (kLosses - 1);
    for (int64_t draw = 0; draw < draws; ++draw) {
      run->scenario.luck = losses.size();
      const SimulationResult result = Simulate(*run->tape, run->batches, run->scenario);
      losses.push_back(run->scenario.crowding);
      steps.push_back(std::log(WindowOf(result.steps, run->primed).step_ns()));
    }
  }
  // More loss makes no run faster: what looks so is luck.
  Regression line = Regress(losses, steps);
  line.slope = std::max(0.0, line.slope);
  const auto count = static_cast<double>(losses.size());
  return {line.At(0), line.slope, std::sqrt(SquaresAbout(line, losses, steps) / (count - 2)), count};
}

struct Explained {
  Crowding crowding;
  double log_likelihood = 0;
};

Explained With(double delay_ns, std::vector<Crowded>* runs) {
  Explained explained;
  for (Crowded& run : *runs) {
    run.scenario.migration_delay_ns = delay_ns;
    const Response response = ResponseOf(&run);
    explained.log_likelihood +=
        explained.crowding.Observe(run.scenario.worker_count / run.scenario.cores, response.slope,
                                   std::log(run.measured_ns) - response.at_none, response.Error());
  }
  return explained;
}

}  // namespace

Scheduling FitScheduling(absl::Span<const FittedRun> runs, const CostModel& model) {
  std::vector<Crowded> crowded = CrowdedRuns(runs, model);
  if (crowded.empty()) return {};
  std::array<double, kDelaysNs.size()> logs;
  for (size_t i = 0; i < logs.size(); ++i) {
    const double away = std::log(kDelaysNs[i] / kUsualMigrationDelayNs) / kDelayDiffers;
    logs[i] = With(kDelaysNs[i], &crowded).log_likelihood - away * away / 2;
  }
  // The mean of what is likely: the likeliest of six would jump with the luck of a run.
  const double most = *std::max_element(logs.begin(), logs.end());
  double weights = 0, sum = 0;
  for (size_t i = 0; i < logs.size(); ++i) {
    const double weight = std::exp(logs[i] - most);
    weights += weight;
    sum += weight * std::log(kDelaysNs[i]);
  }
  const double delay_ns = std::exp(sum / weights);
  return {delay_ns, With(delay_ns, &crowded).crowding};
}

}  // namespace stallpoint
