#include "replay/predict/simulated_run.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

#include "replay/statistics.h"

namespace stallpoint {
namespace {

constexpr int64_t kMostDraws = 13;

// Workers may have loaded more or less than was computed within a window, where a deep prefetch takes long to fill or
// to drain, and a run that goes on cannot: the cores' time that it took or saved is as many steps. Where steps take
// none of it, what was drained is missing in the end, and what was filled was of no use.
double StepsOwed(const DemandTape& tape, absl::Span<const BatchWork> batches, const Scenario& scenario,
                 absl::Span<const int64_t> stock, const SimulatedWindow& window) {
  if (stock.empty() || !window.steady) return 0;
  const auto grown = static_cast<double>(stock[window.last - 1] - stock[window.first - 1]);
  const double lasting = std::copysign(std::max(0.0, std::abs(grown) - scenario.worker_count), grown);
  if (scenario.device_threads == 0 || lasting == 0) return std::min(0.0, lasting);
  double loading = 0, stepping = 0;
  for (const BatchWork& batch : batches.subspan(window.first, window.last - window.first)) {
    loading += (tape.Sum(batch.first_sample, batch.samples).cpu + batch.worker.cpu) * scenario.scales.cpu;
    stepping += batch.step_ns * scenario.device_threads * scenario.scales.device;
  }
  return loading > 0 ? lasting * loading / (loading + stepping) : 0;
}

}  // namespace

SimulatedWindow SettledWindow(const DemandTape& tape, const RunPlan& plan, const Scenario& scenario,
                              const SimulationResult& result, int64_t steps) {
  const size_t counted = std::min(result.steps.size(), static_cast<size_t>(steps));
  const int64_t primed = int64_t{scenario.worker_count} * scenario.prefetch_depth;
  SimulatedWindow window = WindowOf(absl::MakeConstSpan(result.steps).first(counted), primed);
  if (plan.goes_on()) window.owed = StepsOwed(tape, plan.batches, scenario, result.stock, window);
  return window;
}

SimulatedRun SimulateRun(const DemandTape& tape, const RunPlan& plan, int64_t steps, Scenario scenario) {
  SimulatedRun simulated;
  scenario.most_steps = steps;
  simulated.result = Simulate(tape, plan.batches, scenario);
  simulated.window = SettledWindow(tape, plan, scenario, simulated.result, steps);
  return simulated;
}

SimulatedRun SimulateUsualRun(const DemandTape& tape, const RunPlan& plan, Scenario* scenario) {
  const bool lucky = HasToShare(*scenario) && HasCoreQueues(*scenario) && !plan.batches.empty();
  const int64_t half = lucky ? std::min(kMostDraws, kFewestSharedSteps / plan.steps) / 2 : 0;
  std::vector<SimulatedRun> draws;
  std::vector<double> step_ns;
  for (int64_t luck = 0; luck <= 2 * half; ++luck) {
    scenario->luck = static_cast<uint64_t>(luck);
    draws.push_back(SimulateRun(tape, plan, plan.steps, *scenario));
    step_ns.push_back(draws.back().window.step_ns());
  }
  std::vector<size_t> order(draws.size());
  std::iota(order.begin(), order.end(), 0);
  const auto middle = order.begin() + half;
  std::nth_element(order.begin(), middle, order.end(), [&](size_t a, size_t b) { return step_ns[a] < step_ns[b]; });
  scenario->luck = *middle;
  draws[*middle].luck_ns = StandardDeviation(step_ns);
  return std::move(draws[*middle]);
}

double ThroughputOf(const SimulatedRun& simulated, absl::Span<const BatchWork> batches) {
  const SimulatedWindow& window = simulated.window;
  double samples = 0;
  for (int64_t i = window.first; i < window.last; ++i) samples += batches[i].samples;
  const double length = window.end_ns - window.begin_ns;
  samples *= window.steps() / static_cast<double>(std::max<int64_t>(1, window.last - window.first));
  return length > 0 ? samples / (length * 1e-9) : 0;
}

}  // namespace stallpoint
