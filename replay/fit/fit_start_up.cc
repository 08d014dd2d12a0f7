// What a run takes only once, over the recorded runs on the device.
#include <algorithm>
#include <cmath>
#include <vector>

#include "replay/fit/fit.h"
#include "replay/statistics.h"

namespace stallpoint {
namespace {

// By what part of itself it differs from run to run, standard, before that is seen, and the weight of that in runs.
constexpr double kUsuallyDiffers = 0.3, kDiffersPrior = 2;

OnceCost OnceOf(const std::vector<double>& values) {
  OnceCost cost;
  cost.ns = std::max(0.0, Mean(values));
  const auto count = static_cast<double>(values.size());
  const double prior = kUsuallyDiffers * cost.ns, seen = StandardDeviation(values);
  const double squares = kDiffersPrior * prior * prior + (count - 1) * seen * seen;
  cost.error_ns = std::sqrt(squares / (kDiffersPrior + count - 1) * (1 + 1 / count));
  return cost;
}

}  // namespace

StartUp FitStartUp(absl::Span<const FittedRun> runs, double stretch) {
  std::vector<double> before, launches, steps, after;
  for (const FittedRun& fitted : runs) {
    if (fitted.run->knobs.device != runs.front().run->knobs.device) continue;
    const OnceCosts& once = fitted.costs.once;
    const double slow = SlowDown(fitted.costs, stretch);
    before.push_back(once.before_ns);
    launches.push_back(once.first_launch_ns / slow);
    steps.push_back(once.first_step_ns / slow);
    after.push_back(once.after_ns);
  }
  return {OnceOf(before), OnceOf(launches), OnceOf(steps), OnceOf(after)};
}

}  // namespace stallpoint
