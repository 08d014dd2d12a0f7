// What a run costs, apart from the setting it ran under: demands fitted from the record of a run and its calibration
// runs.
//
// Demand is never contended wall time: the wait for a core is taken out (it comes back in simulation), computing is
// thread CPU time. Immutable after Fit; any thread. Nanoseconds and bytes.
#ifndef STALLPOINT_REPLAY_FIT_COST_MODEL_H_
#define STALLPOINT_REPLAY_FIT_COST_MODEL_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "replay/fit/allocation_replay.h"
#include "replay/fit/cold_tapes.h"
#include "replay/fit/page_cache.h"
#include "replay/fit/scheduling.h"
#include "replay/fit/uneven_cores.h"
#include "replay/simulate/demand_tape.h"
#include "replay/simulate/simulator.h"
#include "traces/device_spec.h"
#include "traces/run_record.h"

namespace stallpoint {

// Of the errors below and of DeviceModel, which are the ends of an interval.
inline constexpr double kConfidenceOfErrors = 0.9;

// Relative uncertainty, both positive: the value may be `down` lower or `up` higher.
struct Uncertainty {
  double down = 0, up = 0;
};

// Mean demand of one stage per sample, and whether its waits are for storage.
struct StageDemand {
  std::string name;
  Demand mean;
  bool reads = false;
  // Of a stage that reads, where both are known: when the data comes from storage, and when it is in the page cache.
  Demand cold, warm;
};

// A demand that grows with the samples of a batch.
struct AffineDemand {
  Demand fixed, per_sample;

  Demand At(int64_t samples) const {
    const double n = static_cast<double>(samples);
    return {fixed.wait + per_sample.wait * n, fixed.cpu + per_sample.cpu * n};
  }
};

// Time that grows with the batch.
struct BatchGrowth {
  double fixed_ns = 0, per_sample_ns = 0;  // both 0: it is the same at every size

  double At(int64_t samples) const { return fixed_ns + per_sample_ns * static_cast<double>(samples); }
  double Ratio(int64_t to_samples, int64_t from_samples) const {
    return At(from_samples) > 0 ? At(to_samples) / At(from_samples) : 1;
  }
};

// Busy time of the device per step: affine in the samples of the batch, times a residual drawn from the recorded steps.
struct DeviceModel {
  BatchGrowth step;
  std::vector<double> residuals;                 // ratios around 1; never empty
  int64_t recorded_samples = 0;                  // in the main run
  int64_t fewest_samples = 0, most_samples = 0;  // between which it was fitted
  bool one_size = false;                         // the split between fixed and per sample is an assumption
  bool stated = false;                           // by the device text: exact
  double sampling_error = 0;                     // relative, of the fit
  double threads = 0;     // host threads that a step keeps busy; 0 when the device is not the host
  double run_to_run = 0;  // standard, relative, of a run's mean step where the device is the host
  // There, one a size: the line if that size's runs had been as slow as the end of an interval.
  std::vector<BatchGrowth> unlucky;
  bool known = true;  // false: no device was recorded, and none was stated

  double StepNs(double samples) const { return step.fixed_ns + step.per_sample_ns * samples; }
  bool Extrapolates(int64_t samples) const;
  // Relative, the end of an interval: of all steps alike, and of those of so many samples beside those recorded.
  double LevelError() const;
  Uncertainty ErrorOfSize(int64_t samples) const;
};

// What one iteration costs main, at the recorded batch size.
struct MainCost {
  double receive_ns = 0;  // computing
  double launch_ns = 0;   // computing, but for
  double staging_ns = 0;  // copying the batch into page-locked memory, which grows with its bytes
  double copy_ns = 0;     // waiting for a copy
};

// Of what samples differ by, the part that is their own: they cost as much again in another run. 0: a sample says
// nothing of the next time that it is loaded, as where storage is sometimes slow; 1: all, as where files differ in
// size.
struct OwnCosts {
  double wait = 0, cpu = 0;
};

// What a stream of the device takes to copy a batch to it, times a residual drawn from the recorded ones: latency and
// bytes over bandwidth, of memory page-locked or not as it was recorded. Without residuals: none copies.
struct DeviceCopies {
  BatchGrowth growth;
  std::vector<double> residuals;  // ratios around 1
};

// What a run takes once, and the standard error of a run about it.
struct OnceCost {
  double ns = 0, error_ns = 0;
};

// The device is set up, its first step loads code, chooses among it and gets memory.
struct StartUp {
  OnceCost before;        // from the beginning of the run until it trains
  OnceCost first_launch;  // main, issuing the first step, beyond what it takes to issue one
  OnceCost first_step;    // the device, beyond a usual step
  OnceCost after;         // from the end of the last step to the end of the run

  // Standard, of what the first step takes beyond a usual one.
  double FirstStepError() const { return std::hypot(first_launch.error_ns, first_step.error_ns); }
};

// Memory that grows with the batch: fixed + per_sample * samples, and never less than `kept`.
struct GrowingMemory {
  double fixed = 0, per_sample = 0, kept = 0;
  // Where recorded allocations can be replayed: this part by replay, and the line is of what is beside it.
  std::shared_ptr<const AllocationReplay> replay;
  double AllocationReplay::Memory::*replayed = nullptr;
  // Of more than two sizes seen, how far they are from it; relative, standard.
  double misfit = 0;
  // One batch size was seen: all beyond what is kept whatever the batch is taken to grow with it.
  bool one_size = false;
  int64_t fewest_samples = 0, most_samples = 0;  // seen
  double error_per_doubling = 0;                 // standard, relative, beyond these

  double At(int64_t samples) const {
    const double line = fixed + per_sample * static_cast<double>(samples);
    return std::max(kept, replay != nullptr ? line + replay->At(samples).*replayed : line);
  }
  // With caches given back as far as it takes; in a replay of what is held.
  double LeastAt(int64_t samples) const {
    return replay != nullptr ? At(samples) - replay->At(samples).held + replay->LeastAt(samples) : At(samples);
  }
  // Standard error at a batch size, relative.
  double ErrorAt(int64_t samples) const;
};

// What stays of every sample for as long as a run lasts, a leak or a cache; 0 unless runs grew by more than they differ
// by anyway.
struct Leak {
  double per_sample_bytes = 0;
  double error_bytes = 0;  // standard error of it

  double At(double samples) const { return per_sample_bytes * samples; }
  double ErrorAt(double samples) const { return error_bytes * samples; }
};

// What a run holds, bytes. Host: base + workers * per_worker + per_sample * samples + batches, those that are
// page-locked too, + arenas, on a device that has none of its own its memory, and what leaks.
struct MemoryModel {
  std::optional<double> base_bytes;  // nothing known of host memory without it
  double per_worker_bytes = 0;
  double worker_error_bytes = 0;  // standard error of per_worker_bytes
  double per_sample_bytes = 0;
  double sample_error_bytes = 0;    // standard error of per_sample_bytes
  bool samples_identified = false;  // else it is 0 for want of a second batch size
  double batch_bytes_per_sample = 0;
  double arena_bytes_per_sample = 0;  // of each worker, main where there is none
  bool pooled = false;                // batches and arenas are blocks of stallpoint's pool
  int32_t workers = 0;                // of the main run
  int64_t samples = 0;                // of its batches

  Leak host_leak, device_leak;  // the host's without what it holds for the device
  // Samples of a run whose length is not given: as many as the main run loaded, or an epoch where that is more.
  double usual_run_samples = 0;

  std::optional<GrowingMemory> device;          // that a limit has to leave room for
  std::optional<GrowingMemory> device_on_host;  // that the host holds for it

  // What there is: the limit where none is set. 0: unknown.
  double machine_bytes = 0, device_total_bytes = 0;

  // What a batch, or the arena of one, holds.
  double BlockBytes(double bytes_per_sample, int64_t samples) const;
  // Of batches that a GPU copies from: none unless that is page-locked.
  double PinnedBytes(const Knobs& knobs) const;
  // What stays on the host, with what it holds for a device that has no memory of its own.
  Leak LeakOnHost(bool same_device) const;
};

// Waiting for a core that a run's own threads do not explain: something else was running, or the scheduler was late.
// The mean over recorded runs; intervals reach to a host without it.
struct Disturbance {
  double delay_per_sample_ns = 0;  // after a wait, until the thread ran again
  double slow = 1;                 // of computing
  double device_slow = 1;          // of a step on the host
  // By what part of it there may be more: half as much again, or what the most disturbed run had.
  double growth = 0.5;
};

// How many reads storage serves at a time at full speed; more share it. Without a limit in sight `streams` is infinite,
// and what is known is that `seen` reads at a time did not slow each other.
struct Storage {
  double streams = std::numeric_limits<double>::infinity();
  double error = 0;  // standard, of the logarithm of `streams`
  double seen = std::numeric_limits<double>::infinity();
  // What the main run's reads would have waited alone and undisturbed, to what they waited.
  double alone = 1;

  // With so many standard errors less of it; negative: more.
  double StreamsAt(double errors) const;
};

class CostModel {
 public:
  // See Predictor::Fit for the errors.
  static absl::StatusOr<CostModel> Fit(absl::Span<const RunRecord> runs);

  // The batches of a run of so many steps. `endless`: passes are joined; otherwise epochs with short last batches as
  // recorded.
  std::vector<BatchWork> Batches(const Knobs& knobs, int64_t steps, bool endless) const;
  Scenario ScenarioOf(const Knobs& knobs) const;
  // The samples that a setting meets: the recorded ones, read from storage as often as its memory lets them be.
  // `errors`: standard errors towards more reads from storage.
  const DemandTape& TapeOf(const Knobs& knobs, double errors = 0) const;
  // The same with a given share of samples read from storage.
  const DemandTape& TapeOfShare(double cold_share) const;
  // What a worker needs for a batch of a setting, in the mean.
  Demand LoadOf(const Knobs& knobs) const;
  // Time for which a worker can be slower than the others before they wait for it.
  double AheadNs(const Knobs& knobs) const { return knobs.prefetch_depth * LoadOf(knobs).total(); }
  // The device that a setting names: the recorded one, or an emulated one.
  DeviceModel DeviceOf(const Knobs& knobs) const;
  // Whether the setting's device copies its batches itself, as recorded.
  bool DeviceCopiesAt(const Knobs& knobs) const { return !copies.residuals.empty() && knobs.device == recorded.device; }
  // What issuing a step of so many samples takes main under a setting, where the recorded run took so much.
  double LaunchNs(const Knobs& knobs, const MainCost& cost, int64_t samples) const {
    if (knobs.device != recorded.device) return cost.launch_ns + cost.staging_ns;
    const double grown = static_cast<double>(samples) / static_cast<double>(recorded.batch_size);
    return cost.launch_ns * launch.Ratio(samples, recorded.batch_size) + cost.staging_ns * grown;
  }
  // What a run of a setting takes once. Of a device that was not recorded nothing is known of the first step, and what
  // comes before and after the steps is as unsure as it is long.
  StartUp StartUpOf(const Knobs& knobs) const;
  // Adds what the first step of a run takes beyond a usual one.
  void Begin(const Knobs& knobs, std::vector<BatchWork>* batches) const;
  // Whether a step is work that main issues to a device, kernel by kernel.
  bool issues_kernels() const { return launch_overlaps || !copies.residuals.empty(); }

  Knobs recorded;
  int64_t recorded_steps = 0;
  double recorded_ns = 0;
  bool epochs = false;
  int64_t dataset_samples = 0;
  double cores = 1;
  double stretch = 1;
  Scheduling scheduling;
  Storage storage;
  PageCache page_cache;
  std::shared_ptr<const ColdTapes> cold_tapes;  // null unless reads from storage were seen

  std::vector<StageDemand> stages;  // of samples, then "collate"
  DemandTape tape;                  // as recorded
  AffineDemand collate, per_batch;
  Disturbance disturbance;
  std::vector<MainCost> main;  // of steady iterations; never empty
  BatchGrowth launch;
  Latencies latencies;
  DeviceCopies copies;
  DeviceModel device;
  MemoryModel memory;
  StartUp start_up;
  // Every step is waited for although more could be in flight: the training loop synchronises by itself.
  bool syncs_each_step = false;
  bool device_on_main = false;   // no device timeline: main's own step counts as the device
  bool launch_overlaps = false;  // as Scenario's

  double wait_error = 0, cpu_error = 0;  // relative standard errors of the mean demand of a batch
  OwnCosts own;
  Uncertainty host_speed, host_waits;
  UnevenCores uneven_cores;
  int32_t fewest_workers = 0, most_workers = 0;  // of the runs fitted
  int64_t fewest_batch = 0, most_batch = 0;
};

// Number of CPUs in a list such as "0-3,8"; 0 when it is empty or not a list.
int CpusInList(const std::string& list);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_FIT_COST_MODEL_H_
