// How far a run may be from the one that was simulated. Pure functions; any thread.
#ifndef STALLPOINT_REPLAY_PREDICT_INTERVALS_H_
#define STALLPOINT_REPLAY_PREDICT_INTERVALS_H_

#include "replay/fit/cost_model.h"
#include "replay/predict/simulated_run.h"
#include "replay/prediction.h"
#include "replay/simulate/demand_tape.h"
#include "replay/simulate/simulator.h"

namespace stallpoint {

// The samples that a run meets: as expected, and at the slow and the fast end of what the page cache may do.
struct SamplesMet {
  const DemandTape *usual, *slow, *fast;
};

// Of whose figures: a setting, what was simulated of it, and from what.
struct Simulated {
  const Knobs& knobs;
  const RunPlan& plan;
  const SamplesMet& samples;
  const Scenario& scenario;
  const DeviceModel& device;
  const SimulatedRun& run;
};

struct Intervals {
  Bounds step_ms;
  Bounds stall_share;
};

// That hold what is measured with probability `confidence`: from the same simulation on a slow and on a fast day
// (ScenarioOfCorner), what runs differ by, and what no term of the model covers.
Intervals IntervalsOf(const CostModel& model, const Simulated& simulated, double confidence);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_PREDICT_INTERVALS_H_
