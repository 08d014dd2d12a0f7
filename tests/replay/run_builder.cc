#include "run_builder.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "reference_loader.h"
#include "traces/device_spec.h"
#include "traces/memory_blocks.h"

namespace stallpoint::testing {
namespace {

constexpr int64_t kStartNs = 1'000'000'000'000;
constexpr int64_t kSampleBytes = 150'528;  // 3 x 224 x 224
constexpr int64_t kFileBytes = 20'000, kFilePages = 20'480;

int64_t At(double ns) { return kStartNs + std::llround(ns); }

std::vector<std::vector<uint64_t>> CutBatches(const Truth& truth, const RunSpec& spec, std::vector<int32_t>* epochs) {
  std::vector<std::vector<uint64_t>> batches;
  std::vector<uint64_t> pending;
  const int64_t passes = spec.epochs > 0 ? spec.epochs : INT64_MAX;
  for (int64_t pass = 0; pass < passes; ++pass) {
    std::vector<uint64_t> order(truth.dataset_samples);
    std::iota(order.begin(), order.end(), 0);
    std::mt19937_64 shuffle(spec.knobs.seed * 7919 + static_cast<uint64_t>(pass));
    std::shuffle(order.begin(), order.end(), shuffle);
    for (uint64_t key : order) {
      pending.push_back(key);
      if (static_cast<int64_t>(pending.size()) < spec.knobs.batch_size) continue;
      batches.push_back(std::move(pending));
      epochs->push_back(static_cast<int32_t>(spec.epochs > 0 ? pass : 0));
      pending.clear();
      if (spec.epochs == 0 && static_cast<int64_t>(batches.size()) == spec.steps) return batches;
    }
    if (spec.epochs > 0 && !pending.empty()) {
      if (!spec.knobs.drop_last) {
        batches.push_back(pending);
        epochs->push_back(static_cast<int32_t>(pass));
      }
      pending.clear();
    }
  }
  return batches;
}

StageCost CostOf(const reference::Phase& phase, const Demand& demand, bool reads, bool counts_storage = false) {
  StageCost cost;
  cost.wall_ns = std::llround(phase.end - phase.begin);
  cost.cpu_ns = std::min<int64_t>(cost.wall_ns, std::llround(demand.cpu));
  cost.run_queue_ns = std::max<int64_t>(0, std::llround(phase.end - phase.waited - demand.cpu));
  cost.bytes = reads ? kFileBytes : 0;
  cost.storage_bytes = reads && counts_storage && demand.wait > 0 ? kFilePages : 0;
  return cost;
}

}  // namespace

RunRecord Record(const Truth& truth, const RunSpec& spec) {
  std::mt19937_64 random(spec.luck * 1000003 + 17);
  std::normal_distribution<double> normal;
  const double slow = std::exp(truth.cpu_speed_noise * normal(random));
  const double late = truth.wait_noise > 0 ? std::exp(truth.wait_noise * normal(random)) : 1;
  const absl::StatusOr<DeviceSpec> device = ParseDevice(spec.knobs.device);
  const bool on_host = device->kind == DeviceSpec::Kind::kCpu;

  std::vector<int32_t> epochs;
  const auto keys = CutBatches(truth, spec, &epochs);
  std::vector<reference::Batch> batches(keys.size());
  std::vector<int32_t> workers(keys.size(), -1);
  size_t epoch_first = 0;
  for (size_t b = 0; b < keys.size(); ++b) {
    reference::Batch& batch = batches[b];
    batch.opens_epoch = b == 0 || epochs[b] != epochs[b - 1];
    if (batch.opens_epoch) epoch_first = b;
    const auto place = static_cast<int64_t>(b - epoch_first);
    if (spec.knobs.worker_count > 0) workers[b] = static_cast<int32_t>(place % spec.knobs.worker_count);
    double loading = slow;
    if (truth.slowness && workers[b] >= 0) loading *= truth.slowness(workers[b], place / spec.knobs.worker_count);
    for (uint64_t key : keys[b]) {
      batch.samples.push_back(truth.sample(key, random));
      for (Demand& phase : batch.samples.back()) {
        phase.wait *= late;
        phase.read *= late;
        phase.cpu *= loading;
      }
    }
    batch.collate = {truth.collate.wait, truth.collate.cpu * loading};
    batch.own_cpu = truth.own_cpu_ns * loading;
    batch.receive = truth.receive_ns * slow;
    const double samples = static_cast<double>(keys[b].size());
    batch.launch = (truth.launch_ns + truth.launch_sample_ns * samples) * slow;
    batch.device_copy = truth.copy_fixed_ns + truth.copy_sample_ns * samples;
    batch.step = truth.step_fixed_ns + truth.step_sample_ns * samples;
    if (!on_host && (device->launch_ns || device->sample_ns)) {
      batch.step = static_cast<double>(device->StepNs(static_cast<int64_t>(keys[b].size())));
    } else {
      batch.step *= std::exp(truth.step_noise * normal(random)) * (on_host ? slow : 1);
    }
  }
  batches.front().launch += truth.first_launch_ns;
  batches.front().step += truth.first_step_ns;
  reference::Setting setting;
  setting.workers = spec.knobs.worker_count;
  setting.prefetch = spec.knobs.prefetch_depth;
  setting.steps_in_flight = truth.syncs_each_step ? 1 : spec.knobs.steps_in_flight;
  setting.cores = truth.cores;
  setting.crowding = truth.crowding;
  setting.migration_delay = truth.migration_delay;
  setting.luck = spec.luck;
  setting.storage_streams = truth.storage_streams;
  setting.device_threads = on_host ? 1 : 0;
  setting.copies_hold_main = truth.copies_hold_main;
  const reference::Played played = reference::Play(batches, setting);

  RunRecord run;
  run.run_id = spec.luck;
  run.role = spec.role;
  run.source = "test_workload";
  run.knobs = spec.knobs;
  run.planned_steps = spec.epochs > 0 ? 0 : spec.steps;
  run.planned_epochs = spec.epochs;
  run.dataset_samples = truth.dataset_samples;
  run.usable_cores = truth.cores;
  run.sample_stages = truth.stages;
  run.begin_ns = kStartNs;
  run.closed = true;
  run.outcome = "ok";
  for (size_t b = 0; b < keys.size(); ++b) {
    StageCost load;
    load.wall_ns = std::llround(played.loads[b].end - played.loads[b].begin);
    for (size_t s = 0; s < keys[b].size(); ++s) {
      run.samples.push_back({keys[b][s], static_cast<int64_t>(b)});
      for (size_t p = 0; p < truth.stages.size(); ++p) {
        const StageCost cost =
            CostOf(played.stages[b][s][p], batches[b].samples[s][p], truth.stages[p] == "read", truth.counts_storage);
        load.cpu_ns += cost.cpu_ns;
        load.run_queue_ns += cost.run_queue_ns;
        run.sample_costs.push_back(cost);
      }
    }
    BatchRecord batch;
    batch.index = static_cast<int64_t>(b);
    batch.epoch = epochs[b];
    batch.samples = static_cast<int32_t>(keys[b].size());
    batch.bytes = batch.samples * kSampleBytes;
    batch.worker = workers[b];
    batch.load_begin_ns = At(played.loads[b].begin);
    batch.load_end_ns = At(played.loads[b].end);
    batch.collate = CostOf(played.collates[b], batches[b].collate, false);
    load.cpu_ns += batch.collate.cpu_ns + std::llround(batches[b].own_cpu);
    load.run_queue_ns += batch.collate.run_queue_ns;
    batch.load = load;
    run.batches.push_back(batch);

    const StepTimes& step = played.steps[b];
    IterationRecord it;
    it.index = static_cast<int64_t>(b);
    it.wait_begin_ns = At(step.wait_begin);
    it.wait_end_ns = At(step.wait_end);
    it.receive_begin_ns = At(step.wait_end);
    it.receive_end_ns = At(step.got);
    if (batches[b].device_copy > 0) {
      it.copy_on_device = true;
      it.copy_begin_ns = At(played.copies[b].begin);
      it.copy_end_ns = At(played.copies[b].end);
      it.copy_call_ns = std::llround(step.copied - step.got);
      if (spec.knobs.pin_host_memory) it.pin_ns = std::llround(truth.launch_sample_ns * slow * batch.samples);
    }
    it.launch_begin_ns = At(step.got);
    it.launch_end_ns = At(step.issued);
    it.sync_begin_ns = At(step.issued);
    it.sync_end_ns = At(step.main_end);
    it.device_begin_ns = At(step.device_begin);
    it.device_end_ns = At(step.device_end);
    it.receive.cpu_ns = std::llround(batches[b].receive);
    it.receive.run_queue_ns = std::max<int64_t>(0, std::llround(step.got - step.wait_end - batches[b].receive));
    it.launch.cpu_ns = std::llround(batches[b].launch);
    it.launch.run_queue_ns = std::max<int64_t>(0, std::llround(step.issued - step.copied - batches[b].launch));
    if (on_host) {
      it.device.cpu_ns = std::llround(batches[b].step);
      it.device.run_queue_ns =
          std::max<int64_t>(0, std::llround(step.device_end - step.device_begin - batches[b].step));
    }
    it.loss = 1.0;
    run.iterations.push_back(it);
  }
  run.end_ns = run.iterations.back().device_end_ns + 1'000'000;
  run.phases = {{"startup", kStartNs - 500'000'000, kStartNs}, {"train", kStartNs, run.end_ns}};
  run.begin_ns = kStartNs - 500'000'000;
  const auto batch_bytes = static_cast<double>(
      PoolCapacity(static_cast<uint64_t>(spec.knobs.batch_size * kSampleBytes), kBatchCapacitiesPerOctave));
  const double queued = static_cast<double>(spec.knobs.worker_count) * spec.knobs.prefetch_depth + 1;
  const double arenas = std::max(1, spec.knobs.worker_count) * batch_bytes;
  run.counters["arena_memory"] = {{run.end_ns, batch_bytes}};
  run.counters["buffer_memory"] = {{run.end_ns, queued * batch_bytes + arenas}};
  run.counters["host_memory_held_peak"] = {
      {run.end_ns, 400e6 + 10e6 * spec.knobs.worker_count + queued * batch_bytes + arenas}};
  return run;
}

Truth ReadAndDecode(double read_wait_ms, double decode_cpu_ms) {
  Truth truth;
  truth.sample = [=](uint64_t key, std::mt19937_64& random) {
    std::normal_distribution<double> normal;
    const double of_key = 1 + 0.2 * (static_cast<double>(key % 11) / 5 - 1);
    const double read_ns = read_wait_ms * 1e6 * (1 + 0.005 * std::abs(normal(random)));
    return std::vector<Demand>{{read_ns, 30e3, read_ns}, {0, decode_cpu_ms * 1e6 * of_key}};
  };
  return truth;
}

Knobs EmulatedKnobs(int64_t batch_size, int32_t workers, const std::string& device) {
  Knobs knobs;
  knobs.batch_size = batch_size;
  knobs.worker_count = workers;
  knobs.prefetch_depth = 2;
  knobs.steps_in_flight = 2;
  knobs.seed = 1;
  knobs.device = device;
  return knobs;
}

RunRecord RandomRun(uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> exponent(-1, 1);
  const double read_ms = 2 * std::pow(10, exponent(random)), decode_ms = std::pow(10, exponent(random));
  Truth truth = ReadAndDecode(read_ms, decode_ms);
  truth.cores = 1 + static_cast<double>(random() % 16);
  Knobs knobs = EmulatedKnobs(16, 2);
  const double launch = 0.5 + static_cast<double>(random() % 8), sample = 0.05 * std::pow(10, exponent(random));
  knobs.device = "emulated:launch=" + std::to_string(static_cast<int>(launch * 1000)) +
                 "us,sample=" + std::to_string(static_cast<int>(sample * 1000)) + "us,base=1GiB,sample_bytes=8MiB";
  knobs.steps_in_flight = 1 + static_cast<int32_t>(random() % 3);
  return Record(truth, {.knobs = knobs, .steps = 60, .luck = seed});
}

}  // namespace stallpoint::testing
