#include "replay/predict/intervals.h"

#include <algorithm>
#include <cmath>

#include "replay/predict/sampling.h"
#include "replay/predict/scenario_of_day.h"
#include "replay/simulate/accounting.h"
#include "replay/statistics.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

constexpr int64_t kFewestCornerSteps = 64;
// What no other term covers, seen on runs that nothing contends for.
constexpr double kModelError = 0.007;
constexpr double kModelErrorNs = 30e3;
// Of the stall share: on a device of its own, on the host, and on one whose cores its threads share with workers, where
// the scheduler lets a thread that wakes go before its turn.
constexpr double kModelErrorOfShare = 0.005, kErrorOfShareOnHost = 0.03, kErrorOfShareOnCrowdedHost = 0.08;

// On one of the two days, beyond the usual one.
struct Beyond {
  double step_ns = 0, stall = 0;
};

// The corners need only differ from the usual run, over the same steps: half of a long one is enough.
int64_t StepsOfCorner(const Knobs& knobs, const RunPlan& plan) {
  const int64_t primed = int64_t{knobs.worker_count} * knobs.prefetch_depth;
  const int64_t half = primed + (plan.steps - std::min(primed, plan.steps)) / 2;
  // A finite run has an end of its own, which a part of it has not.
  const bool goes_on = plan.goes_on() || primed == 0;
  return goes_on && half >= primed + kFewestCornerSteps ? half : plan.steps;
}

Beyond OnDay(bool slow, const CostModel& model, const Simulated& of, double confidence, double unseen) {
  const int64_t steps = StepsOfCorner(of.knobs, of.plan);
  const SimulatedWindow usual = SettledWindow(*of.samples.usual, of.plan, of.scenario, of.run.result, steps);
  const double run_ns = of.run.window.step_ns() * static_cast<double>(of.plan.steps);
  const Scenario corner = ScenarioOfCorner(model, of.knobs, of.scenario, of.device, {confidence, unseen, run_ns, slow});
  const SimulatedRun at = SimulateRun(slow ? *of.samples.slow : *of.samples.fast, of.plan, steps, corner);
  return {at.window.step_ns() - usual.step_ns(),
          SharesOf(at.result, at.window).stall() - SharesOf(of.run.result, usual).stall()};
}

// Of the mean step, whatever the day is; ns.
double RestOfStep(const CostModel& model, const Simulated& of, double stall, double z, double unseen) {
  const SimulatedWindow& window = of.run.window;
  const bool begins = of.plan.all_steps > 0 && window.first == 0;
  const double first = begins ? model.StartUpOf(of.knobs).FirstStepError() / window.steps() : 0;
  // Samples met again make the same difference again, as far as a step is theirs and not the device's. The luck of
  // crowded cores was looked at by itself where it could be: what is left is what the steps have to do.
  const bool lucky = of.run.luck_ns > 0;
  const double loading = lucky || of.device.residuals.size() < 2 ? 1 : stall;
  const auto period = static_cast<size_t>(std::max(1, of.knobs.worker_count));
  const double steps_differ =
      lucky ? window.step_ns() * WorkScatter(of.plan, *of.samples.usual, of.scenario, window, period)
            : StepScatter(of.run, period);
  const double scatter = steps_differ * LeftOfError(loading * OwnShare(model), unseen);
  return std::hypot(z * std::hypot(scatter, of.run.luck_ns, first), kModelError * window.step_ns() + kModelErrorNs);
}

double RestOfStallShare(const Simulated& of, const Shares& shares, double z) {
  if (of.device.threads <= 0) return kModelErrorOfShare;
  // A device on the host is faster or slower by the luck of each run, whatever loading is.
  const double of_luck = shares.compute * shares.stall() * z * of.device.run_to_run;
  return std::hypot(WorkersHaveCores(of.scenario) ? kErrorOfShareOnHost : kErrorOfShareOnCrowdedHost, of_luck);
}

}  // namespace

Intervals IntervalsOf(const CostModel& model, const Simulated& simulated, double confidence) {
  const double z = TwoSidedZ(confidence);
  const double unseen = UnseenShare(simulated.plan, *simulated.samples.usual);
  const Beyond fast = OnDay(false, model, simulated, confidence, unseen);
  const Beyond slow = OnDay(true, model, simulated, confidence, unseen);
  const Shares shares = SharesOf(simulated.run.result, simulated.run.window);
  const double stall = shares.stall(), step_ns = simulated.run.window.step_ns();
  const double rest_ns = RestOfStep(model, simulated, stall, z, unseen);
  Intervals intervals;
  intervals.step_ms.low = std::max(0.0, step_ns - std::hypot(std::max(0.0, -fast.step_ns), rest_ns)) / kNsPerMs;
  intervals.step_ms.high = (step_ns + std::hypot(std::max(0.0, slow.step_ns), rest_ns)) / kNsPerMs;
  // A longer step of a device that computes for as long as before.
  const double of_step = shares.compute * rest_ns / step_ns;
  const double rest = RestOfStallShare(simulated, shares, z);
  const double less = std::min({0.0, fast.stall, slow.stall}), more = std::max({0.0, fast.stall, slow.stall});
  intervals.stall_share.low = std::max(0.0, stall - std::hypot(less, of_step, rest));
  intervals.stall_share.high = std::min(1.0, stall + std::hypot(more, of_step, rest));
  return intervals;
}

}  // namespace stallpoint
