#include "replay/predict/sampling.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "replay/statistics.h"

namespace stallpoint {

double UnseenShare(const RunPlan& plan, const DemandTape& tape) {
  if (plan.all_steps <= 0 || plan.batches.empty()) return 1;
  const BatchWork& last = plan.batches.back();
  const int64_t first = plan.batches.front().first_sample;
  const auto simulated = static_cast<double>(last.first_sample + last.samples - first);
  const double all = simulated * static_cast<double>(plan.all_steps) / static_cast<double>(plan.steps);
  const auto recorded = static_cast<double>(static_cast<int64_t>(tape.recorded_length()) - first);
  return 1 - std::clamp(recorded / std::max(1.0, all), 0.0, 1.0);
}

double OwnShare(const CostModel& model) {
  const Demand& mean = model.tape.mean();
  const double waits = std::pow(model.wait_error * mean.wait, 2), cpus = std::pow(model.cpu_error * mean.cpu, 2);
  return waits + cpus > 0 ? (model.own.wait * waits + model.own.cpu * cpus) / (waits + cpus) : 0;
}

double LeftOfError(double own, double unseen) { return std::sqrt(1 - own * (1 - unseen)); }

double StepScatter(const SimulatedRun& run, size_t period) {
  const std::vector<StepTimes>& steps = run.result.steps;
  std::vector<double> intervals;
  for (int64_t i = std::max<int64_t>(1, run.window.first); i < run.window.last; ++i) {
    intervals.push_back(steps[static_cast<size_t>(i)].device_end - steps[static_cast<size_t>(i) - 1].device_end);
  }
  return BlockStandardError(intervals, period);
}

double WorkScatter(const RunPlan& plan, const DemandTape& tape, const Scenario& scenario, const SimulatedWindow& window,
                   size_t period) {
  std::vector<double> work;
  for (int64_t i = std::max<int64_t>(1, window.first); i < window.last; ++i) {
    const BatchWork& batch = plan.batches[static_cast<size_t>(i)];
    const double loading = tape.Sum(batch.first_sample, batch.samples).total() + batch.worker.total();
    const double on_host = scenario.device_threads > 0 ? batch.step_ns : 0;
    work.push_back(loading + batch.receive_ns + batch.launch_ns + on_host);
  }
  return Mean(work) > 0 ? BlockStandardError(work, period) / Mean(work) : 0;
}

}  // namespace stallpoint
