#include "replay/fit/run_costs.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "fmt/core.h"
#include "replay/fit/fit.h"
#include "replay/fit/pauses.h"
#include "replay/fit/run_rows.h"
#include "replay/statistics.h"

namespace stallpoint {
namespace {

constexpr int64_t kFewestIterations = 4;
constexpr int64_t kFewestSteady = 20;
// In which caches fill, clocks rise and a host that was idle wakes late.
constexpr int64_t kWarmUpNs = 1'000'000'000;
constexpr double kLongestLatencyNs = 5e6;
constexpr double kUsualLatencyNs = 60e3;

bool Stepped(const IterationRecord& it) {
  return it.index >= 0 && it.wait_begin_ns >= 0 && it.wait_end_ns >= it.wait_begin_ns;
}

double Length(int64_t begin_ns, int64_t end_ns) {
  return begin_ns >= 0 && end_ns > begin_ns ? static_cast<double>(end_ns - begin_ns) : 0;
}

// The first batch of the steady part: after the primed ones, steps whose device work was recorded, and the first
// second, when enough are left.
int64_t SteadyFirst(const RunRecord& run) {
  const int64_t count = static_cast<int64_t>(run.iterations.size());
  int64_t primed = int64_t{run.knobs.worker_count} * run.knobs.prefetch_depth;
  if (count - run.observed_steps() >= kFewestSteady) primed = std::max(primed, run.observed_steps());
  if (count - std::max<int64_t>(primed, 2) < kFewestSteady) return std::min<int64_t>(2, count / 4);
  int64_t first = std::max<int64_t>(primed, 2);
  const int64_t latest =
      std::min<int64_t>({count / 4, count - kFewestSteady, static_cast<int64_t>(run.batches.size())});
  while (first < latest && run.batches[first].load_begin_ns - run.batches[0].load_begin_ns < kWarmUpNs) ++first;
  return first;
}

// Takes out of every record what a pause of the machine added to `value` of it.
template <typename Record, typename Value>
void LeaveOutPauses(int32_t workers, std::vector<Record>* records, Value value) {
  std::vector<double> values;
  values.reserve(records->size());
  for (Record& record : *records) values.push_back(value(record));
  const double longest = LongestUnpaused(std::move(values), MostPaused(workers, records->size()));
  for (Record& record : *records) value(record) = std::min<double>(value(record), longest);
}

void LeaveOutPauses(int32_t workers, RunCosts* costs) {
  using Row = std::vector<Demand>;
  for (size_t s = 0; s < costs->rows.front().size(); ++s) {
    LeaveOutPauses(workers, &costs->rows, [s](Row& row) -> double& { return row[s].wait; });
    LeaveOutPauses(workers, &costs->rows, [s](Row& row) -> double& { return row[s].cpu; });
  }
  LeaveOutPauses(workers, &costs->batches, [](BatchCost& batch) -> double& { return batch.whole.wait; });
  LeaveOutPauses(workers, &costs->batches, [](BatchCost& batch) -> double& { return batch.whole.cpu; });
  LeaveOutPauses(workers, &costs->batches, [](BatchCost& batch) -> double& { return batch.wall_ns; });
  LeaveOutPauses(1, &costs->main, [](MainCost& main) -> double& { return main.receive_ns; });
  LeaveOutPauses(1, &costs->main, [](MainCost& main) -> double& { return main.copy_ns; });
  LeaveOutPauses(1, &costs->main, [](MainCost& main) -> double& { return main.launch_ns; });
  LeaveOutPauses(1, &costs->main, [](MainCost& main) -> double& { return main.staging_ns; });
  LeaveOutPauses(1, &costs->steps, [](StepCost& step) -> double& { return step.step_ns; });
  LeaveOutPauses(1, &costs->copies, [](StepCost& copy) -> double& { return copy.step_ns; });
}

void CollectBatches(const RunRecord& run, int64_t steady_first, RunCosts* costs) {
  std::vector<Demand> of_samples(run.batches.size());
  std::vector<int64_t> recorded(run.batches.size(), 0);
  const bool split = !run.samples.empty() && !run.sample_stages.empty();
  if (split) {
    for (size_t i = 0; i < run.samples.size(); ++i) {
      const int64_t batch = run.samples[i].batch;
      if (batch < 0 || batch >= static_cast<int64_t>(run.batches.size())) continue;
      for (const StageCost& cost : run.CostsOfSample(i)) of_samples[batch] += DemandOf(cost);
      ++recorded[batch];
    }
  }
  for (size_t b = static_cast<size_t>(steady_first); b < run.batches.size(); ++b) {
    const BatchRecord& batch = run.batches[b];
    if (!Loaded(batch)) continue;
    BatchCost cost;
    cost.samples = batch.samples;
    cost.collate = DemandOf(batch.collate);
    cost.whole = DemandOf(batch.load);
    cost.wall_ns = static_cast<double>(batch.load.wall_ns);
    cost.complete = !split || recorded[b] >= batch.samples;
    if (split) {
      cost.own.wait = std::max(0.0, cost.whole.wait - of_samples[b].wait - cost.collate.wait);
      cost.own.cpu = std::max(0.0, cost.whole.cpu - of_samples[b].cpu - cost.collate.cpu);
    } else {
      cost.collate = {};
    }
    costs->batches.push_back(cost);
  }
}

// Of a launch, what moves the batch: into page-locked memory, or, of other memory, until the device has copied it.
double MovingNs(const RunRecord& run, const IterationRecord& it) {
  if (!it.copy_on_device) return 0;
  if (run.knobs.pin_host_memory) return static_cast<double>(std::max<int64_t>(0, it.pin_ns));
  return it.copy_call_ns >= 0 ? static_cast<double>(it.copy_call_ns) : Length(it.copy_begin_ns, it.copy_end_ns);
}

// Main's own costs: everything between two waits that is neither copying nor waiting for the device.
MainCost MainCostOf(const RunRecord& run, size_t i, bool device_on_main) {
  const IterationRecord& it = run.iterations[i];
  MainCost cost;
  cost.receive_ns = std::max(0.0, Length(it.receive_begin_ns, it.receive_end_ns) - it.receive.run_queue_ns);
  cost.copy_ns = it.copy_on_device ? 0 : Length(it.copy_begin_ns, it.copy_end_ns);
  if (run.knobs.pin_host_memory) cost.staging_ns = static_cast<double>(std::max<int64_t>(0, it.pin_ns));
  cost.launch_ns =
      std::max(0.0, Length(it.launch_begin_ns, it.launch_end_ns) - it.launch.run_queue_ns - MovingNs(run, it));
  if (i + 1 < run.iterations.size() && Stepped(run.iterations[i + 1]) && it.launch_end_ns >= 0) {
    const double rest = Length(it.wait_end_ns, run.iterations[i + 1].wait_begin_ns) -
                        Length(it.receive_begin_ns, it.receive_end_ns) - cost.copy_ns -
                        Length(it.launch_begin_ns, it.launch_end_ns) - Length(it.sync_begin_ns, it.sync_end_ns);
    // Longer pauses are validation, checkpoints or an epoch's edge, not the cost of a step.
    if (rest > 0 && rest < kLongestLatencyNs) cost.receive_ns += rest;
  }
  if (device_on_main) cost.launch_ns = cost.staging_ns = 0;
  return cost;
}

// What the device took for a step; 0 where that was not recorded.
double StepNsOf(const IterationRecord& it, bool device_on_main) {
  const double wall = device_on_main                ? Length(it.launch_begin_ns, it.launch_end_ns)
                      : it.device_computing_ns >= 0 ? static_cast<double>(it.device_computing_ns)
                                                    : Length(it.device_begin_ns, it.device_end_ns);
  const int64_t queued = device_on_main ? it.launch.run_queue_ns : it.device.run_queue_ns;
  return wall > 0 ? std::max(wall * 0.01, wall - static_cast<double>(queued)) : 0;
}

void CollectSteps(const RunRecord& run, int64_t steady_first, RunCosts* costs) {
  costs->device_on_main = !run.has_device_timeline();
  for (size_t i = static_cast<size_t>(steady_first); i < run.iterations.size(); ++i) {
    const IterationRecord& it = run.iterations[i];
    if (!Stepped(it)) continue;
    costs->main.push_back(MainCostOf(run, i, costs->device_on_main));
    if (i >= run.batches.size() || run.batches[i].samples <= 0) continue;
    costs->launch_overlaps |= it.device_computing_ns >= 0;
    const double step = StepNsOf(it, costs->device_on_main);
    if (step > 0) costs->steps.push_back({run.batches[i].samples, step});
    const double copy = it.copy_on_device ? Length(it.copy_begin_ns, it.copy_end_ns) : 0;
    if (copy > 0) costs->copies.push_back({run.batches[i].samples, copy});
  }
}

void MeasureOnce(const RunRecord& run, RunCosts* costs) {
  const IterationRecord &first = run.iterations.front(), &last = run.iterations.back();
  OnceCosts& once = costs->once;
  once.before_ns = Length(run.begin_ns, first.wait_begin_ns);
  once.after_ns = Length(std::max({last.launch_end_ns, last.sync_end_ns, last.device_end_ns}), run.end_ns);
  if (!Stepped(first)) return;
  std::vector<double> launches, steps;
  for (const MainCost& cost : costs->main) launches.push_back(cost.launch_ns);
  for (const StepCost& step : costs->steps) steps.push_back(step.step_ns);
  once.first_launch_ns = MainCostOf(run, 0, costs->device_on_main).launch_ns - Median(std::move(launches));
  const double step = StepNsOf(first, costs->device_on_main);
  if (step > 0) once.first_step_ns = step - Median(std::move(steps));
  // Times on a device that tells of no kernels reach from the first one's issue to the end of the last.
  const bool while_issued = !costs->device_on_main && !costs->launch_overlaps;
  if (while_issued)
    once.first_step_ns -= std::min(std::max(0.0, once.first_launch_ns), std::max(0.0, once.first_step_ns));
}

// Times between what one thread finished and another began because of it, over the steady part.
void MeasureLatencies(const RunRecord& run, int64_t steady_first, RunCosts* costs) {
  std::vector<double> worker, batch, device, start;
  int64_t waits_for_own_step = 0, steps_ahead_possible = 0;
  const int64_t workers = run.knobs.worker_count;
  const int64_t primed = workers * run.knobs.prefetch_depth;
  const int64_t count = static_cast<int64_t>(std::min(run.iterations.size(), run.batches.size()));
  const auto note = [](double from, double to, std::vector<double>* into) {
    if (to >= from && to - from < kLongestLatencyNs) into->push_back(to - from);
  };
  for (int64_t i = std::max<int64_t>(steady_first, 1); i < count; ++i) {
    const IterationRecord& it = run.iterations[i];
    const IterationRecord& before = run.iterations[i - 1];
    const BatchRecord& load = run.batches[i];
    if (!Stepped(it)) continue;
    if (workers > 0 && Loaded(load)) {
      if (it.wait_begin_ns < load.load_end_ns) note(load.load_end_ns, it.wait_end_ns, &batch);
      if (i >= primed && run.iterations[i - primed].receive_end_ns >= 0 && Loaded(run.batches[i - workers])) {
        const int64_t credit = run.iterations[i - primed].receive_end_ns;
        if (credit > run.batches[i - workers].load_end_ns) note(credit, load.load_begin_ns, &worker);
      }
    }
    if (it.device_end_ns < 0) continue;
    // The device may begin as soon as the first of a step's work is issued, where that is known; else when all is.
    int64_t issued = costs->launch_overlaps ? it.launch_begin_ns : it.launch_end_ns;
    if (it.copy_on_device) issued = std::max(issued, it.copy_end_ns);
    if (issued >= 0 && before.device_end_ns >= 0 && issued > before.device_end_ns) {
      start.push_back(std::clamp(static_cast<double>(it.device_begin_ns - issued), 0.0, kLongestLatencyNs));
    }
    if (it.sync_begin_ns < 0) continue;
    // A step that ended while main still issued the last of it is waited for by nobody.
    if (it.device_end_ns > it.sync_begin_ns) {
      ++steps_ahead_possible;
      if (it.sync_end_ns >= it.device_end_ns) ++waits_for_own_step;
    }
    const int64_t awaited = it.sync_end_ns >= it.device_end_ns ? i : i - std::max(1, run.knobs.steps_in_flight) + 1;
    if (awaited >= 0 && run.iterations[awaited].device_end_ns > it.sync_begin_ns) {
      note(run.iterations[awaited].device_end_ns, it.sync_end_ns, &device);
    }
  }
  const auto typical = [](std::vector<double> values, double usual) {
    return values.size() >= 5 ? Median(std::move(values)) : usual;
  };
  costs->latencies.worker_wake_ns = typical(worker, kUsualLatencyNs);
  costs->latencies.batch_wake_ns = typical(batch, kUsualLatencyNs);
  costs->latencies.device_wake_ns = typical(device, kUsualLatencyNs);
  costs->latencies.device_start_ns = typical(start, 0);
  costs->syncs_each_step = run.knobs.steps_in_flight > 1 && steps_ahead_possible >= kFewestIterations &&
                           waits_for_own_step >= steps_ahead_possible * 9 / 10;
}

void MeasureQueueing(const RunRecord& run, int64_t steady_first, RunCosts* costs) {
  double samples = 0, queued = 0;
  for (size_t b = static_cast<size_t>(steady_first); b < run.batches.size(); ++b) {
    if (!Loaded(run.batches[b])) continue;
    samples += run.batches[b].samples;
    queued += static_cast<double>(run.batches[b].load.run_queue_ns);
  }
  double after_wait = 0;
  for (size_t i = 0; i < run.samples.size() && !run.sample_stages.empty(); ++i) {
    if (run.samples[i].batch < steady_first) continue;
    for (const StageCost& cost : run.CostsOfSample(i)) {
      if (static_cast<double>(cost.wait_ns()) >= DemandTape::kShortWaitNs) {
        after_wait += static_cast<double>(cost.run_queue_ns);
      }
    }
  }
  if (samples > 0) {
    costs->queued_after_wait_ns = std::min(after_wait, queued) / samples;
    costs->queued_computing_ns = std::max(0.0, queued - after_wait) / samples;
  }
  double demand = 0, wall = 0;
  for (size_t i = static_cast<size_t>(steady_first); i < run.iterations.size(); ++i) {
    const IterationRecord& it = run.iterations[i];
    const double length = Length(it.device_begin_ns, it.device_end_ns);
    wall += length;
    demand += std::max(length * 0.01, length - static_cast<double>(it.device.run_queue_ns));
  }
  if (demand > 0) costs->device_stretch = wall / demand;
}

// Busy cores over the steady part, and how many of them others keep busy from where a computing job stands.
void MeasureCrowd(const RunRecord& run, int64_t steady_first, RunCosts* costs) {
  const int64_t count = static_cast<int64_t>(run.iterations.size());
  const int64_t begin = run.iterations[steady_first].wait_begin_ns;
  const int64_t end = run.iterations[count - 1].launch_end_ns;
  if (begin < 0 || end <= begin) return;
  double load = 0, main = 0, device = 0;
  for (const BatchCost& batch : costs->batches) load += batch.whole.cpu;
  for (const MainCost& cost : costs->main) main += cost.receive_ns + cost.launch_ns + cost.staging_ns;
  for (int64_t i = steady_first; i < count; ++i) device += static_cast<double>(run.iterations[i].device.cpu_ns);
  const double wall = static_cast<double>(end - begin);
  const double workers = std::max(1, run.knobs.worker_count);
  load /= wall;
  main /= wall;
  device /= wall;
  const double busy = costs->busy_cores = load + main + device;
  const double squares = load * load / workers + main * main + device * device;
  if (busy > 0 && run.usable_cores > 1) {
    costs->crowd = std::clamp((busy - squares / busy) / (run.usable_cores - 1), 0.0, 1.0);
  }
}

}  // namespace

Demand DemandOf(const StageCost& cost) {
  return {static_cast<double>(cost.wait_ns()), static_cast<double>(std::clamp<int64_t>(cost.cpu_ns, 0, cost.wall_ns))};
}

absl::StatusOr<RunCosts> MeasureCosts(const RunRecord& run) {
  const int64_t finished = std::count_if(run.iterations.begin(), run.iterations.end(), Stepped);
  if (finished < kFewestIterations) {
    return absl::FailedPreconditionError(
        fmt::format("the trace holds {} finished steps, a prediction needs at least {}: record more (--steps 100)",
                    finished, kFewestIterations));
  }
  RunCosts costs;
  CollectRows(run, &costs);
  if (costs.rows.empty()) {
    return absl::FailedPreconditionError(
        "the trace says nothing about what loading a batch costs (no samples, no load times): record the run with "
        "stallpoint record --plugin");
  }
  int64_t steady_first = SteadyFirst(run);
  const int64_t cached = FirstFromCache(costs);
  const auto recorded = static_cast<int64_t>(std::min(run.iterations.size(), run.batches.size()));
  if (cached > steady_first && cached + kFewestSteady <= recorded) costs.first_pass = steady_first = cached;
  OrderRows(run, steady_first, &costs);
  CollectSteps(run, steady_first, &costs);
  CollectBatches(run, steady_first, &costs);
  if (costs.main.empty() || costs.batches.empty()) {
    return absl::FailedPreconditionError("the steps after start-up were not recorded: record more steps (--steps 100)");
  }
  LeaveOutPauses(run.knobs.worker_count, &costs);
  LevelStart(&costs);
  MeasureOnce(run, &costs);
  MeasureLatencies(run, steady_first, &costs);
  MeasureQueueing(run, steady_first, &costs);
  MeasureCrowd(run, steady_first, &costs);
  return costs;
}

double LoadingSlowness(const CostModel& model, const RunRecord& run, const RunCosts& costs) {
  double cpu = 0;
  for (const uint32_t row : costs.steady) {
    for (const Demand& stage : costs.rows[row]) cpu += stage.cpu;
  }
  // With the same seed these are the samples that the tape holds at the same places.
  const int64_t count = static_cast<int64_t>(costs.steady.size());
  const int64_t before = static_cast<int64_t>(costs.rows.size()) - count;
  const DemandTape& tape = model.TapeOfShare(ColdShareOf(costs));
  const double expected = run.knobs.seed == model.recorded.seed ? tape.Sum(before, count).cpu
                                                                : tape.mean().cpu * static_cast<double>(count);
  return cpu > 0 && expected > 0 ? cpu / SlowDown(costs, model.stretch) / expected : 1;
}

double LaunchSlowness(const CostModel& model, const RunRecord& run, const RunCosts& costs) {
  if (run.knobs.device != model.recorded.device) return 1;
  double measured = 0, expected = 0;
  for (const MainCost& cost : costs.main) measured += cost.launch_ns + cost.staging_ns;
  for (const MainCost& cost : model.main) expected += model.LaunchNs(run.knobs, cost, run.knobs.batch_size);
  measured /= static_cast<double>(costs.main.size());
  expected /= static_cast<double>(model.main.size());
  return measured > 0 && expected > 0 ? measured / expected : 1;
}

double DeviceSlowness(const CostModel& model, const RunCosts& costs) {
  if (model.device.threads <= 0) return 1;
  double measured = 0, expected = 0;
  for (const StepCost& step : costs.steps) {
    measured += step.step_ns / SlowDown(costs, model.stretch);
    expected += model.device.StepNs(static_cast<double>(step.samples)) * Mean(model.device.residuals);
  }
  return measured > 0 && expected > 0 ? measured / expected : 1;
}

}  // namespace stallpoint
