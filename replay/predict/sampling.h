// What a run may differ by because it meets some samples and not others. Pure functions; any thread.
#ifndef STALLPOINT_REPLAY_PREDICT_SAMPLING_H_
#define STALLPOINT_REPLAY_PREDICT_SAMPLING_H_

#include <cstddef>

#include "replay/fit/cost_model.h"
#include "replay/predict/simulated_run.h"
#include "replay/simulate/demand_tape.h"
#include "replay/simulate/simulator.h"

namespace stallpoint {

// The part of a run's samples whose cost was not recorded; 1 of a run without an end.
double UnseenShare(const RunPlan& plan, const DemandTape& tape);

// Of what batches of recorded samples differ by (its variance), the part that is their own.
double OwnShare(const CostModel& model);

// What is left of a standard error by sampling when the part `own` of what samples differ by is their own, and all but
// `unseen` of them are met again: a factor.
double LeftOfError(double own, double unseen);

// Standard error of the mean step of the window, ns. `period`: as BlockStandardError's.
double StepScatter(const SimulatedRun& run, size_t period);

// The same of what the host does and waits for in a step, relative.
double WorkScatter(const RunPlan& plan, const DemandTape& tape, const Scenario& scenario, const SimulatedWindow& window,
                   size_t period);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_PREDICT_SAMPLING_H_
