// What else ran on the machine while the runs were recorded, as far as it shows in them.
//
// Of the waits for a core, those that a run's own threads do not explain. Other programs come and go: one run may meet
// them and the same run a minute later not, so that what is expected is the mean over the recorded runs. Those with
// more workers than the main run are left out: there own threads explain most of it, and not to the last percent.
#include <algorithm>
#include <cstdint>
#include <limits>

#include "replay/fit/fit.h"
#include "replay/simulate/simulator.h"

namespace stallpoint {
namespace {

constexpr int64_t kSteps = 256;
// Of the time that loading or a step takes; smaller differences are within what demands and sharing are known to.
constexpr double kWorthFitting = 0.03;

struct Undisturbed {
  double demand_ns = 0, queued_ns = 0;  // of loading a sample
  double device_stretch = 1;            // wall over demand of a step
};

// The run by itself, on a host as fast as it was.
Undisturbed SimulateUndisturbed(const FittedRun& fitted, const CostModel& model) {
  const RunRecord& run = *fitted.run;
  const std::vector<BatchWork> batches = model.Batches(run.knobs, kSteps, true);
  const DemandTape& tape = model.TapeOfShare(ColdShareOf(fitted.costs));
  Scenario scenario = model.ScenarioOf(run.knobs);
  scenario.scales.cpu *= LoadingSlowness(model, run, fitted.costs);
  scenario.scales.device *= DeviceSlowness(model, fitted.costs);
  const SimulationResult result = SimulateSharedCores(tape, batches, scenario);
  double wall = 0, demand = 0;
  for (int64_t i = 0; i < kSteps; ++i) {
    wall += result.steps[i].device_end - result.steps[i].device_begin;
    demand += batches[i].step_ns * scenario.scales.device;
  }
  Undisturbed undisturbed;
  if (demand > 0) undisturbed.device_stretch = wall / demand;
  // Everyone with a core.
  scenario.cores += run.knobs.worker_count + scenario.device_threads;
  scenario.crowding = 0;
  const double samples = static_cast<double>(kSteps * run.knobs.batch_size);
  undisturbed.demand_ns = SimulateSharedCores(tape, batches, scenario).service_ns / samples;
  undisturbed.queued_ns = result.service_ns / samples - undisturbed.demand_ns;
  return undisturbed;
}

// What others made of a run, beside what it is without them.
struct Unexplained {
  Disturbance disturbance;
  double share = 0;  // of all it takes
};

Unexplained UnexplainedOf(const FittedRun& fitted, const CostModel& model) {
  const RunCosts& costs = fitted.costs;
  const Undisturbed undisturbed = SimulateUndisturbed(fitted, model);
  Unexplained found;
  const double queued = costs.queued_after_wait_ns + costs.queued_computing_ns;
  const double unexplained = queued - undisturbed.queued_ns;
  if (unexplained > kWorthFitting * (undisturbed.demand_ns + undisturbed.queued_ns)) {
    double cpu = 0, samples = 0;
    for (const BatchCost& batch : costs.batches) {
      cpu += batch.whole.cpu;
      samples += static_cast<double>(batch.samples);
    }
    const double part = std::min(1.0, unexplained / queued);
    found.disturbance.delay_per_sample_ns = part * costs.queued_after_wait_ns;
    if (cpu > 0) found.disturbance.slow = 1 + part * costs.queued_computing_ns * samples / cpu;
    found.share = unexplained / undisturbed.demand_ns;
  }
  const double stretched = costs.device_stretch / undisturbed.device_stretch - 1;
  if (model.device.threads > 0 && stretched > kWorthFitting) {
    found.disturbance.device_slow = 1 + stretched;
    found.share += stretched;
  }
  return found;
}

}  // namespace

Disturbance FitDisturbance(absl::Span<const FittedRun> runs, const CostModel& model) {
  Disturbance mean{0, 0, 0};
  double most = 0, shares = 0, count = 0;
  for (const FittedRun& fitted : runs) {
    const Knobs& knobs = fitted.run->knobs;
    if (knobs.device != model.recorded.device || knobs.worker_count > model.recorded.worker_count) continue;
    const Unexplained found = UnexplainedOf(fitted, model);
    ++count;
    const auto update = [count](double value, double* of_all) { *of_all += (value - *of_all) / count; };
    update(found.disturbance.delay_per_sample_ns, &mean.delay_per_sample_ns);
    update(found.disturbance.slow, &mean.slow);
    update(found.disturbance.device_slow, &mean.device_slow);
    most = std::max(most, found.share);
    shares += found.share;
  }
  if (shares > 0) mean.growth = std::max(mean.growth, most * count / shares - 1);
  return mean;
}

}  // namespace stallpoint
