// What else ran on the machine while the run was recorded, as far as it shows in the run.
#include <algorithm>

#include "replay/fit.h"
#include "replay/simulator.h"

namespace stallpoint {
namespace {

constexpr int64_t kSteps = 256;
// Smaller differences are within what demands and sharing are known to.
constexpr double kWorthFitting = 1.03;

struct Outcome {
  double service_ns = 0;      // of a batch
  double device_stretch = 1;  // wall over demand of a step
};

Outcome SimulateRecorded(const CostModel& model) {
  const std::vector<BatchWork> batches = model.Batches(model.recorded, kSteps, true);
  const Scenario scenario = model.ScenarioOf(model.recorded);
  const SimulationResult result = SimulateSharedCores(model.tape, batches, scenario);
  Outcome outcome;
  outcome.service_ns = result.service_ns / kSteps;
  double wall = 0, demand = 0;
  for (int64_t i = 0; i < kSteps; ++i) {
    wall += result.steps[i].device_end - result.steps[i].device_begin;
    demand += batches[i].step_ns;
  }
  if (demand > 0) outcome.device_stretch = wall / demand;
  return outcome;
}

}  // namespace

void FitDisturbance(const RunCosts& costs, CostModel* model) {
  double wall = 0, cpu = 0, samples = 0;
  for (const BatchCost& batch : costs.batches) {
    wall += batch.wall_ns;
    cpu += batch.whole.cpu;
    samples += static_cast<double>(batch.samples);
  }
  if (samples <= 0) return;
  // Batches of the recorded size, as they are simulated.
  const double measured = wall / samples * static_cast<double>(model->recorded.batch_size);
  const double most_slow = cpu > 0 ? costs.queued_computing_ns * samples / cpu : 0;
  const auto disturb = [&](double part) {
    model->disturbance.delay_per_sample_ns = part * costs.queued_after_wait_ns;
    model->disturbance.slow = 1 + part * most_slow;
  };
  if (measured > kWorthFitting * SimulateRecorded(*model).service_ns) {
    double low = 0, high = 1;
    for (int i = 0; i < 8; ++i) {
      const double middle = (low + high) / 2;
      disturb(middle);
      (SimulateRecorded(*model).service_ns < measured ? low : high) = middle;
    }
    disturb((low + high) / 2);
  }
  if (model->device.threads <= 0) return;
  const double explained = SimulateRecorded(*model).device_stretch;
  if (costs.device_stretch > kWorthFitting * explained) {
    model->disturbance.device_slow = costs.device_stretch / explained;
  }
}

}  // namespace stallpoint
