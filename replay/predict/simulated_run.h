// What is simulated of a run, and the figures that are taken from it. Pure functions; any thread. Nanoseconds.
#ifndef STALLPOINT_REPLAY_PREDICT_SIMULATED_RUN_H_
#define STALLPOINT_REPLAY_PREDICT_SIMULATED_RUN_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "replay/simulate/accounting.h"
#include "replay/simulate/demand_tape.h"
#include "replay/simulate/simulator.h"

namespace stallpoint {

// On shared cores luck scatters what is simulated, so that fewer steps than this are too few.
inline constexpr int64_t kFewestSharedSteps = 1024;

// So many steps, and what workers load meanwhile for later ones.
struct RunPlan {
  std::vector<BatchWork> batches;
  int64_t steps = 0;
  int64_t all_steps = 0;  // of the run, from its first one on; 0: it has neither beginning nor end

  bool goes_on() const { return static_cast<int64_t>(batches.size()) > steps; }
};

struct SimulatedRun {
  SimulationResult result;
  SimulatedWindow window;
  double luck_ns = 0;  // standard deviation of the mean step over runs that differ in luck alone
};

// The first `steps` steps of a plan.
SimulatedRun SimulateRun(const DemandTape& tape, const RunPlan& plan, int64_t steps, Scenario scenario);
// All of it. Where luck makes a short run faster or slower, the median of several, with `scenario->luck` set to its.
SimulatedRun SimulateUsualRun(const DemandTape& tape, const RunPlan& plan, Scenario* scenario);

// The steady steps among the first `steps` of a simulation of `plan`.
SimulatedWindow SettledWindow(const DemandTape& tape, const RunPlan& plan, const Scenario& scenario,
                              const SimulationResult& result, int64_t steps);

// Samples a second.
double ThroughputOf(const SimulatedRun& simulated, absl::Span<const BatchWork> batches);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_PREDICT_SIMULATED_RUN_H_
