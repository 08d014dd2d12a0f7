#include "replay/simulate/simulator.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace stallpoint {

bool StorageCanBeShort(const Scenario& scenario) { return scenario.worker_count > scenario.storage_streams; }

bool HasCoreQueues(const Scenario& scenario) {
  return scenario.migration_delay_ns > 0 && scenario.cores > 1 && scenario.cores == std::floor(scenario.cores);
}

bool FitsOnCores(const Scenario& scenario) {
  return scenario.worker_count + 1 + scenario.device_threads <= scenario.cores;
}

bool WorkersHaveCores(const Scenario& scenario) {
  return scenario.worker_count + scenario.device_threads <= scenario.cores;
}

bool HasToShare(const Scenario& scenario) {
  return !FitsOnCores(scenario) || scenario.stretch != 1 || StorageCanBeShort(scenario);
}

SimulationResult Simulate(const DemandTape& tape, absl::Span<const BatchWork> batches, const Scenario& scenario) {
  if (scenario.in_order && !HasToShare(scenario)) return SolveRecurrence(tape, batches, scenario);
  return SimulateSharedCores(tape, batches, scenario);
}

namespace {

template <bool kLaunchOverlaps, bool kDeviceCopies>
SimulationResult Solve(const DemandTape& tape, absl::Span<const BatchWork> batches, const Scenario& scenario) {
  // Nothing that is loaded later slows a step here.
  if (scenario.most_steps >= 0)
    batches = batches.first(std::min(batches.size(), static_cast<size_t>(scenario.most_steps)));
  const int64_t workers = scenario.worker_count;
  const int64_t primed = workers * scenario.prefetch_depth;
  const int64_t ahead = std::max<int64_t>(1, scenario.steps_in_flight);
  const Latencies& late = scenario.latencies;
  const Scales& scale = scenario.scales;
  const bool uneven = !scenario.worker_slowness.empty();

  SimulationResult result;
  result.steps.resize(batches.size());
  std::vector<StepTimes>& steps = result.steps;
  std::vector<double> finished(batches.size());
  int64_t epoch_first = 0;
  double epoch_begin = 0, main = 0, device = 0;
  for (int64_t i = 0; i < static_cast<int64_t>(batches.size()); ++i) {
    const BatchWork& batch = batches[i];
    StepTimes& step = steps[i];
    step.wait_begin = main;
    if (batch.opens_epoch) {
      epoch_first = i;
      epoch_begin = main + (i > 0 && !scenario.persistent_workers ? late.respawn_ns : 0);
    }
    Demand load = tape.Sum(batch.first_sample, batch.samples);
    load += batch.worker;
    if (uneven) load.cpu *= scenario.worker_slowness[(i - epoch_first) % workers];
    const double service =
        (load.wait * scale.wait + load.cpu * scale.cpu + batch.delay_ns * scale.delay) * scale.loading;
    result.service_ns += service;
    if (workers == 0) {
      step.wait_end = main + service;
    } else {
      const int64_t place = i - epoch_first;
      const double credit = place < primed ? epoch_begin : steps[i - primed].got;
      const bool busy = place >= workers && finished[i - workers] >= credit;
      const double start = busy ? finished[i - workers] : credit + late.worker_wake_ns;
      finished[i] = start + service;
      step.wait_end = finished[i] > main ? finished[i] + late.batch_wake_ns : main;
    }
    const double of_main = scale.cpu * scale.main;
    step.got = step.wait_end + batch.receive_ns * of_main;
    step.copied = step.got + batch.copy_ns;
    const double busy = batch.step_ns * scale.device;
    if constexpr (kDeviceCopies) {
      const double begin = std::max(step.copied + late.device_start_ns, device);
      device = begin + batch.device_copy_ns;
      result.copies.push_back({begin, device});
      if (scenario.copies_hold_main) step.copied = device;
    }
    step.issued = step.copied + batch.launch_ns * of_main;
    if constexpr (kLaunchOverlaps) {
      step.device_begin = std::max(step.copied + late.device_start_ns, device);
      device = std::max(step.device_begin + busy, step.issued + late.device_start_ns);
      result.starved.push_back(device - step.device_begin - busy);
    } else {
      step.device_begin = std::max(step.issued + late.device_start_ns, device);
      device = step.device_begin + busy;
    }
    step.device_end = device;
    main = step.issued;
    if (i - ahead + 1 >= 0) {
      const double awaited = steps[i - ahead + 1].device_end;
      if (awaited > main) main = awaited + late.device_wake_ns;
    }
    step.main_end = main;
    result.host_cpu_ns += load.cpu * scale.loading * scale.cpu + (batch.receive_ns + batch.launch_ns) * of_main +
                          batch.step_ns * scale.device * scenario.device_threads;
  }
  if (workers > 0) result.loaded = std::move(finished);
  return result;
}

}  // namespace

SimulationResult SolveRecurrence(const DemandTape& tape, absl::Span<const BatchWork> batches,
                                 const Scenario& scenario) {
  if (scenario.device_copies) {
    return scenario.launch_overlaps ? Solve<true, true>(tape, batches, scenario)
                                    : Solve<false, true>(tape, batches, scenario);
  }
  return scenario.launch_overlaps ? Solve<true, false>(tape, batches, scenario)
                                  : Solve<false, false>(tape, batches, scenario);
}

// Looked for at the ends of some steps, an eighth of what is primed apart, which is as good as at all of them.
int64_t MostBatches(const SimulationResult& result, const Scenario& scenario) {
  if (result.shared_cores) return result.counted_batches;
  const std::vector<StepTimes>& steps = result.steps;
  const int64_t count = static_cast<int64_t>(steps.size()), loads = static_cast<int64_t>(result.loaded.size());
  const int64_t primed = int64_t{scenario.worker_count} * scenario.prefetch_depth;
  const int64_t ahead = std::max<int64_t>(1, scenario.steps_in_flight);
  const int64_t stride = std::max<int64_t>(1, primed / 8);
  int64_t most = std::min<int64_t>(1, count);
  for (int64_t i = 1; i < count; i += stride) {
    int64_t in_memory = 1;
    for (int64_t k = std::max<int64_t>(0, i - ahead); k < i; ++k) {
      // Main knows nothing of the end of a step that it did not wait for.
      const bool just_issued = k == i - 1 && steps[k].main_end == steps[k].issued;
      if (just_issued || steps[k].device_end > steps[i - 1].main_end) ++in_memory;
    }
    for (int64_t j = i + 1; j < std::min(loads, i + 1 + primed); ++j) {
      if (result.loaded[j] <= steps[i].main_end) ++in_memory;
    }
    most = std::max(most, in_memory);
  }
  return most;
}

}  // namespace stallpoint
