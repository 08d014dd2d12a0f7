// Simulates a loader and a device under one setting: PyTorch's loader as a recurrence.
//
//   start_i  = max(fin of the worker's previous batch, credit_i)  credit_i = got of batch i - W*P (0 for the first W*P)
//   fin_i    = start_i + load and collate                         worker i mod W
//   got_i    = max(fin_i, main_{i-1}) + receive                   main, in order
//   host_i   = got_i + exposed copy + launch                      main
//   copied_i = max(got_i + exposed copy, dev_{i-1}) + copy        device, where it copies its batches itself; main may
//                                                                 have to wait for it: host_i = copied_i + launch
//   dev_i    = max(host_i, copied_i) + step                       device
//   main_i   = max(host_i, dev_{i-Q+1})                           main may run ahead by Q steps
//
// Without workers main loads inline. Each epoch drains and primes W*P batches anew. When all jobs fit on the cores, all
// reads on the storage, and delivery is in order, the recurrence is solved directly, O(1) a batch; otherwise events are
// simulated with the cores shared equally among the jobs that can run (processor sharing): each worker, main, and the
// device thread with its intra-op threads where the device is the host. Storage is shared likewise among reads.
//
// Pure functions of their input; any thread. Times are nanoseconds from the start of the run.
#ifndef STALLPOINT_REPLAY_SIMULATE_SIMULATOR_H_
#define STALLPOINT_REPLAY_SIMULATE_SIMULATOR_H_

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/types/span.h"
#include "replay/simulate/demand_tape.h"

namespace stallpoint {

// One batch and the step that consumes it.
struct BatchWork {
  int64_t first_sample = 0;  // place on the tape
  int32_t samples = 0;
  bool opens_epoch = false;   // the loader primes anew before it; true for batch 0
  Demand worker;              // collate and what a batch costs its worker beyond its samples
  double delay_ns = 0;        // worker, waiting for a core that others than this run hold
  double receive_ns = 0;      // main, computing
  double copy_ns = 0;         // main, waiting for an exposed copy
  double launch_ns = 0;       // main, computing
  double device_copy_ns = 0;  // device, from the time that main has the batch, after the step before and before its own
  double step_ns = 0;         // device
};

// Hand-overs between threads, each paid only by a thread that was really waiting.
struct Latencies {
  double worker_wake_ns = 0;   // from a request to the worker's start
  double batch_wake_ns = 0;    // from a finished batch to main
  double device_wake_ns = 0;   // from a finished step to main
  double device_start_ns = 0;  // from the issue of a step to its start on an idle device
  double respawn_ns = 0;       // start of the workers of a new epoch, when they are not kept
};

// Factors on the demands, for intervals and for what-if questions.
struct Scales {
  double wait = 1, cpu = 1, device = 1;
  double main = 1;  // of what main computes, on top of `cpu`
  double delay = 1;
  double loading = 1;  // of all that a worker does, on top of the others
};

struct Scenario {
  int32_t worker_count = 0;  // 0: inline
  int32_t prefetch_depth = 2;
  int32_t steps_in_flight = 2;
  bool in_order = true;
  bool persistent_workers = true;
  double cores = 1;
  // Computing slows by this factor when all cores are busy (hyper-threads, caches); in between, linearly.
  double stretch = 1;
  // By what share everything that computes slows while at least one thread more can run than there are cores; in
  // between, linearly. With a queue for each core: what computes on a core that has more than one thread.
  double crowding = 0;
  // Mean time until an idle core takes a thread that waits on another; 0: threads wait in one queue for all cores, as
  // they always do on a part of a core.
  double migration_delay_ns = 0;
  uint64_t luck = 0;  // of which thread it takes, and when
  // Reads that storage serves at a time without one slowing another; more share it equally. At least 1: what one read
  // takes alone is its demand.
  double storage_streams = std::numeric_limits<double>::infinity();
  // Samples of a batch that are simulated as one wait and one computing on shared cores, where there are waits.
  // Throughput hardly depends on how demand is cut into visits, only on its sum (insensitivity of processor sharing:
  // Baskett, Chandy, Muntz, Palacios 1975); with a queue for each core the migration delay is longer by as much.
  int32_t samples_per_phase = 1;
  // Steps after which the simulation ends although workers still load later batches, as in a run that goes on: without
  // them the last steps would have the cores to themselves. Negative: all there are.
  int64_t most_steps = -1;
  // The device works on a step while main still issues the rest of it, and `step_ns` is what its kernels take: it
  // begins when main begins to issue, and ends neither before the last of it was issued nor sooner than they take.
  // Otherwise it begins when all is issued.
  bool launch_overlaps = false;
  // The device copies its batches itself: `device_copy_ns` counts.
  bool device_copies = false;
  // Main issues a step only when its batch was copied: the memory is not page-locked.
  bool copies_hold_main = false;
  // Threads that a step keeps busy on the host; 0: the device is not the host.
  double device_threads = 0;
  // How many times as long as usual each worker computes, all of them usual in their mean; empty: all are alike.
  std::vector<double> worker_slowness;
  Latencies latencies;
  Scales scales;
};

// When what happened in one step, in the order of delivery.
struct StepTimes {
  double wait_begin = 0;  // main begins to wait for the batch
  double wait_end = 0;
  double got = 0;       // received
  double copied = 0;    // exposed copy ended, or the device's where that holds main
  double issued = 0;    // launch ended
  double main_end = 0;  // main goes on to the next step
  double device_begin = 0;
  double device_end = 0;
};

struct SimulationResult {
  std::vector<StepTimes> steps;
  // Of each step, how long the device waited for main to issue more of it; empty unless launches overlap.
  std::vector<double> starved;
  // Of each step, from when to when the device copied its batch; empty where none is copied by it.
  struct Copy {
    double begin = 0, end = 0;
  };
  std::vector<Copy> copies;
  // Of each step, the batches that were loaded and not yet computed as it ended; of shared cores.
  std::vector<int64_t> stock;
  double service_ns = 0;        // that loading took, of all batches, from taking a request to handing over
  double host_cpu_ns = 0;       // computing done by all jobs
  std::vector<double> loaded;   // of each batch, when it was in memory; of the direct solution with workers
  int64_t counted_batches = 0;  // what MostBatches says; of shared cores, which count as they go
  int64_t phases = 0;           // events that were simulated; 0 for the direct solution
  bool shared_cores = false;
};

// Whether every thread of the run can have a core to itself.
bool FitsOnCores(const Scenario& scenario);
// Whether workers and a step on the host can have a core each, main beside them.
bool WorkersHaveCores(const Scenario& scenario);
// Whether jobs can outnumber cores, or reads what storage serves at a time, so that sharing has to be simulated.
bool HasToShare(const Scenario& scenario);
// Of that, reads.
bool StorageCanBeShort(const Scenario& scenario);
// Whether it matters on whose core a thread waits.
bool HasCoreQueues(const Scenario& scenario);

SimulationResult Simulate(const DemandTape& tape, absl::Span<const BatchWork> batches, const Scenario& scenario);

// The most batches in memory at a time: loaded, and not yet back from a step that main knows to have ended. Apart from
// the simulation, which is run for intervals too, where nobody asks.
int64_t MostBatches(const SimulationResult& result, const Scenario& scenario);

// The two ways, for tests and benchmarks. The direct one requires in-order delivery and ignores what is shared.
SimulationResult SolveRecurrence(const DemandTape& tape, absl::Span<const BatchWork> batches, const Scenario& scenario);
SimulationResult SimulateSharedCores(const DemandTape& tape, absl::Span<const BatchWork> batches,
                                     const Scenario& scenario);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SIMULATE_SIMULATOR_H_
