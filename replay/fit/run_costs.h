// One run as columns of demands, ready to be fitted: the steady part of it, with what was lost or impossible left out.
//
// Pure functions of a RunRecord; any thread. Nanoseconds.
#ifndef STALLPOINT_REPLAY_FIT_RUN_COSTS_H_
#define STALLPOINT_REPLAY_FIT_RUN_COSTS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "replay/fit/cost_model.h"
#include "replay/simulate/demand_tape.h"
#include "traces/run_record.h"

namespace stallpoint {

Demand DemandOf(const StageCost& cost);

// What one batch used on its worker.
struct BatchCost {
  int64_t samples = 0;
  Demand collate;
  Demand own;  // load - samples - collate, when every sample was recorded
  bool complete = true;
  Demand whole;        // load
  double wall_ns = 0;  // of the load
};

struct StepCost {
  int64_t samples = 0;
  double step_ns = 0;
};

// What a run takes once. Of the first step what a usual one takes is left out; negative where it was faster.
struct OnceCosts {
  double before_ns = 0;        // from the beginning of the run until it trains
  double first_launch_ns = 0;  // main
  double first_step_ns = 0;    // the device
  double after_ns = 0;         // from the end of the last step to the end of the run
};

struct RunCosts {
  // Rows of whole samples, one demand per stage, in the order of the sampler; `steady` marks those of the steady part.
  std::vector<std::vector<Demand>> rows;
  std::vector<int64_t> batch_of_row;
  std::vector<uint64_t> key_of_row;  // empty where rows are of whole batches, for no samples were recorded
  // Of each stage of a row, whether it waits for storage: it read bytes or is called "read".
  std::vector<bool> reads;
  // Of each row, whether most of what it read came from storage and not from the page cache.
  std::vector<bool> cold;
  // As they were recorded, rows of before the steady part that were cold while (nearly) none of that is: what was read
  // for the first time. On their places are warm rows.
  std::vector<std::vector<Demand>> cold_at_start;
  // Batches before the steady part because their data came from storage, to be found in the page cache from then on; 0
  // where the steady part begins no later for it.
  int64_t first_pass = 0;
  std::vector<uint32_t> order;     // places of the sampler's order -> rows
  std::vector<uint32_t> steady;    // rows of the steady part; never empty when `rows` is not
  std::vector<BatchCost> batches;  // steady
  std::vector<StepCost> steps;     // steady
  std::vector<StepCost> copies;    // steady, by a stream of the device
  std::vector<MainCost> main;      // steady
  OnceCosts once;
  Latencies latencies;
  bool syncs_each_step = false;
  bool device_on_main = false;   // no device timeline: main's own step counts as the device
  bool launch_overlaps = false;  // kernels were recorded: steps are what these took
  // Waiting for a core per sample: in stages that had waited for something, and in the others.
  double queued_after_wait_ns = 0, queued_computing_ns = 0;
  double device_stretch = 1;  // wall over demand of a step: what waiting for cores did to it
  double busy_cores = 0;      // mean, over the steady part
  // Bytes that a sample reads, in whole pages: mean, and of those that fetch from storage what they fetch.
  double read_bytes = 0, fetched_bytes = 0;
  double crowd = 0;  // how busy a computing job sees the other cores: 0 idle, 1 all busy
};

// Of the steady samples, how many were cold.
double ColdShareOf(const RunCosts& costs);

// FailedPrecondition when there is too little to fit; the message says what to record.
absl::StatusOr<RunCosts> MeasureCosts(const RunRecord& run);

// How much more CPU time samples took than the model expects of them on cores as busy; 1 where nothing computes.
double LoadingSlowness(const CostModel& model, const RunRecord& run, const RunCosts& costs);
// The same of issuing steps, to the recorded device; 1 on another.
double LaunchSlowness(const CostModel& model, const RunRecord& run, const RunCosts& costs);
// The same of steps, by the clock less waits for a core; 1 where the device is not the host.
double DeviceSlowness(const CostModel& model, const RunCosts& costs);
// What each worker took to compute to what all did, as far as more than luck is behind it; empty where nothing is.
std::vector<double> WorkerSlowness(const RunRecord& run);

// InvalidArgument that names the first dependency that cannot be: a batch received before its load began, a step that
// began on the device before it was issued, an end before its begin.
absl::Status CheckDependencies(const RunRecord& run);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_FIT_RUN_COSTS_H_
