// How the demands of a setting, and what it shares, may differ from their estimates: on a slow or a fast day, or on one
// that is given term by term. Pure functions; any thread.
#ifndef STALLPOINT_REPLAY_PREDICT_SCENARIO_OF_DAY_H_
#define STALLPOINT_REPLAY_PREDICT_SCENARIO_OF_DAY_H_

#include "replay/fit/cost_model.h"
#include "replay/prediction.h"
#include "replay/simulate/simulator.h"

namespace stallpoint {

// Every term of a run at the same end of its interval of this confidence.
struct Corner {
  double confidence = 0.9;
  double unseen = 1;  // the part of its samples whose cost is not recorded, 1 of a run without an end
  double run_ns = 0;  // its length
  bool slow = true;
};
Scenario ScenarioOfCorner(const CostModel& model, const Knobs& knobs, const Scenario& scenario,
                          const DeviceModel& device, const Corner& corner);

Scenario ScenarioOfDay(const CostModel& model, const Knobs& knobs, const Scenario& scenario, const DeviceModel& device,
                       const Day& day);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_PREDICT_SCENARIO_OF_DAY_H_
