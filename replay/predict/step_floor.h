// How fast a setting can be at best: the bottleneck's rate, whatever the order of events.
//
// In the mean no step takes less than the busiest of these does for one batch: each worker its turn, main, the device,
// storage, and all cores together what is computed on them (asymptotic bounds of a closed network: Denning and Buzen,
// "The Operational Analysis of Queueing Network Models", Computing Surveys 1978). A simulated window of a few hundred
// steps may be luckier than the mean by the scatter of its samples. Plain data; any thread. Nanoseconds a step.
#ifndef STALLPOINT_REPLAY_PREDICT_STEP_FLOOR_H_
#define STALLPOINT_REPLAY_PREDICT_STEP_FLOOR_H_

#include <cstdint>

#include "traces/knobs.h"

namespace stallpoint {

class CostModel;

struct StepFloor {
  double samples = 0;
  double load_ns = 0;  // of one batch on its worker
  double main_ns = 0;  // receiving, copying, launching
  double device_ns = 0;
  double cpu_ns = 0;  // computing of all of them, on one core
  double cores = 1;
  double storage_ns = 0;             // its turn, when it serves as many reads at a time as it can
  bool waits_for_each_step = false;  // main, whatever may be in flight

  double StepNs(int32_t workers, int32_t steps_in_flight) const;
  // Samples per second.
  double Throughput(int32_t workers, int32_t steps_in_flight) const;
};

// For the batch size of `knobs`.
StepFloor FloorOf(const CostModel& model, const Knobs& knobs);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_PREDICT_STEP_FLOOR_H_
