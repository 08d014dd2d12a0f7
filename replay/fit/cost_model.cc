#include "replay/fit/cost_model.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "replay/fit/fit.h"
#include "replay/fit/run_costs.h"
#include "replay/statistics.h"
#include "traces/text.h"

namespace stallpoint {
namespace {

constexpr size_t kTapeLength = size_t{1} << 17;
constexpr double kUsualRespawnNs = 200e3;
// On shared cores every phase is an event.
constexpr int64_t kPhasesOfABatch = 32;
// Draws of different things from one seed.
constexpr uint64_t kMainDraw = 0x6d61696e, kDeviceDraw = 0x73746570, kSampleDraw = 0x73616d70, kCopyDraw = 0x636f7079;

bool NearCores(const RunRecord& run) {
  return run.knobs.worker_count >= 0.75 * run.usable_cores && run.knobs.worker_count <= 1.5 * run.usable_cores;
}

// The mean, but for pauses of the machine: what is far above the usual counts as a few times the usual.
double MeanWithoutPauses(std::vector<double> values) {
  constexpr double kFewTimes = 4;
  const double most = kFewTimes * Median(values);
  for (double& value : values) value = std::min(value, most);
  return Mean(values);
}

template <typename Select>
AffineDemand FitBatchDemand(absl::Span<const FittedRun> runs, double stretch, bool grows, Select select) {
  struct OfSize {
    std::vector<double> waits, cpus;
  };
  std::map<int64_t, OfSize> by_size;
  for (const FittedRun& fitted : runs) {
    const double slow = SlowDown(fitted.costs, stretch);
    for (const BatchCost& batch : fitted.costs.batches) {
      if (!batch.complete) continue;
      OfSize& of_size = by_size[batch.samples];
      const Demand demand = select(batch);
      of_size.waits.push_back(demand.wait);
      of_size.cpus.push_back(demand.cpu / slow);
    }
  }
  if (by_size.empty()) return {};
  std::vector<SizePoint> waits, cpus;
  for (const auto& [samples, of_size] : by_size) {
    const double size = static_cast<double>(samples), count = static_cast<double>(of_size.waits.size());
    waits.push_back({size, MeanWithoutPauses(of_size.waits), count});
    cpus.push_back({size, MeanWithoutPauses(of_size.cpus), count});
  }
  Line wait = FitLine(waits), cpu = FitLine(cpus);
  if (grows && !cpu.identified) {
    double samples = 0, batches = 0;
    for (const SizePoint& point : cpus) {
      samples += point.samples * point.count;
      batches += point.count;
    }
    const double mean = samples / batches;
    wait = {0, wait.fixed / mean, false};
    cpu = {0, cpu.fixed / mean, false};
  }
  return {{wait.fixed, cpu.fixed}, {wait.slope, cpu.slope}};
}

// Per stage, what the CPU of the main run's rows is to be multiplied by: every run counts, those whose workers match
// the cores most, because the same work costs differently on cores that idle in between.
std::vector<double> CpuFactors(absl::Span<const FittedRun> runs, double stretch) {
  const FittedRun& main = runs.front();
  std::vector<double> factors(main.costs.rows.front().size(), 0);
  double weights = 0;
  for (const FittedRun& fitted : runs) {
    const double weight = static_cast<double>(fitted.costs.steady.size()) * (NearCores(*fitted.run) ? 1 : 0.3);
    const std::vector<double> ratios = CpuRatios(fitted, main);
    for (size_t s = 0; s < factors.size(); ++s) factors[s] += weight * ratios[s] / SlowDown(fitted.costs, stretch);
    weights += weight;
  }
  for (double& factor : factors) factor /= weights;
  return factors;
}

double MeasureRespawn(const RunRecord& run) {
  if (run.knobs.persistent_workers) return kUsualRespawnNs;
  std::vector<double> pauses;
  const size_t count = std::min(run.iterations.size(), run.batches.size());
  for (size_t i = 1; i < count; ++i) {
    if (run.batches[i].epoch == run.batches[i - 1].epoch) continue;
    if (run.batches[i].load_begin_ns < 0 || run.iterations[i].wait_begin_ns < 0) continue;
    pauses.push_back(std::max<double>(0, run.batches[i].load_begin_ns - run.iterations[i].wait_begin_ns));
  }
  return pauses.empty() ? kUsualRespawnNs : Mean(pauses);
}

int64_t SamplesOfEpoch(const RunRecord& run) {
  if (run.dataset_samples > 0) return run.dataset_samples;
  int64_t samples = 0;
  for (const BatchRecord& batch : run.batches) {
    if (batch.index >= 0 && batch.epoch == 0) samples += batch.samples;
  }
  return samples;
}

// Relative standard error of the mean, of waits and of computing, from batch to batch.
void MeasureSamplingErrors(const RunCosts& costs, CostModel* model) {
  std::vector<double> waits, cpus;
  for (const BatchCost& batch : costs.batches) {
    waits.push_back(batch.whole.wait / static_cast<double>(batch.samples));
    cpus.push_back(batch.whole.cpu / static_cast<double>(batch.samples));
  }
  if (Mean(waits) > 0) model->wait_error = BlockStandardError(waits) / Mean(waits);
  if (Mean(cpus) > 0) model->cpu_error = BlockStandardError(cpus) / Mean(cpus);
}

// Share of a sample's time in which it waits.
double WaitingShare(const DemandTape& samples) {
  return samples.mean().total() > 0 ? samples.mean().wait / samples.mean().total() : 0;
}

// How much these samples wait to how much the recorded ones do, at most 1: what crowded cores lose is for threads that
// sleep and wake (replay/model.md).
double SleepsAsRecorded(const DemandTape& samples, const DemandTape& recorded) {
  if (&samples == &recorded) return 1;
  const double before = WaitingShare(recorded);
  return before > 0 ? std::min(1.0, WaitingShare(samples) / before) : 1;
}

void BuildTape(absl::Span<const FittedRun> runs, const std::vector<double>& factors, CostModel* model) {
  const FittedRun& main = runs.front();
  std::vector<std::vector<Demand>> rows = main.costs.rows;
  const RunRecord& run = *main.run;
  const size_t stages = rows.front().size();
  const std::vector<bool>& reads = main.costs.reads;
  for (std::vector<Demand>& row : rows) {
    for (size_t s = 0; s < stages; ++s) {
      row[s].cpu *= factors[s];
      if (reads[s]) row[s].read = row[s].wait *= model->storage.alone;
    }
  }
  model->stages.resize(stages);
  for (size_t s = 0; s < stages; ++s) {
    StageDemand& stage = model->stages[s];
    stage.name = run.sample_stages.size() == stages ? run.sample_stages[s] : "load";
    stage.reads = reads[s];
    for (uint32_t row : main.costs.steady) stage.mean += rows[row][s];
    stage.mean.wait /= static_cast<double>(main.costs.steady.size());
    stage.mean.cpu /= static_cast<double>(main.costs.steady.size());
  }
  const uint64_t seed = run.knobs.seed ^ kSampleDraw;
  model->tape = DemandTape::Build(rows, main.costs.order, main.costs.steady, seed,
                                  std::max(kTapeLength, main.costs.order.size() * 2));
  FitPageCache(runs, std::move(rows), seed, model);
}

}  // namespace

int CpusInList(const std::string& list) {
  int count = 0;
  for (const std::string_view part : Split(list, ',')) {
    const auto [from, to] = SplitOnce(part, '-');
    const int first = std::atoi(std::string(from).c_str());
    const int last = to.empty() ? first : std::atoi(std::string(to).c_str());
    if (from.empty() || last < first) continue;
    count += last - first + 1;
  }
  return count;
}

absl::StatusOr<CostModel> CostModel::Fit(absl::Span<const RunRecord> runs) {
  const auto main =
      std::find_if(runs.begin(), runs.end(), [](const RunRecord& run) { return run.role == RunRecord::Role::kMain; });
  if (runs.empty()) return absl::FailedPreconditionError("the trace holds no run");
  std::vector<const RunRecord*> order = {main != runs.end() ? &*main : &runs.front()};
  for (const RunRecord& run : runs) {
    const bool same_work = run.source == order.front()->source && run.options == order.front()->options;
    if (&run != order.front() && run.role == RunRecord::Role::kCalibration && same_work) order.push_back(&run);
  }
  std::vector<FittedRun> fitted;
  for (const RunRecord* run : order) {
    if (auto status = CheckDependencies(*run); !status.ok()) return status;
    absl::StatusOr<RunCosts> costs = MeasureCosts(*run);
    if (costs.ok()) {
      fitted.push_back({run, *std::move(costs)});
    } else if (run == order.front()) {
      return costs.status();
    }
  }

  const RunRecord& run = *order.front();
  const RunCosts& costs = fitted.front().costs;
  CostModel model;
  model.recorded = run.knobs;
  model.recorded_steps = static_cast<int64_t>(run.iterations.size());
  model.recorded_ns = static_cast<double>(run.end_ns - run.begin_ns);
  model.epochs = run.planned_epochs > 0;
  model.dataset_samples = model.epochs ? SamplesOfEpoch(run) : run.dataset_samples;
  model.cores = run.usable_cores;
  model.page_cache.cold_slow = FitColdSlow(&fitted);
  model.uneven_cores = FitUnevenCores(fitted);
  model.stretch = FitStretch(fitted, model.uneven_cores);
  model.storage = FitStorage(fitted);
  LevelWorkers(model.uneven_cores, run, &fitted.front().costs);
  BuildTape(fitted, CpuFactors(fitted, model.stretch), &model);
  model.collate = FitBatchDemand(fitted, model.stretch, true, [](const BatchCost& b) { return b.collate; });
  model.per_batch = FitBatchDemand(fitted, model.stretch, false, [](const BatchCost& b) { return b.own; });
  const double typical = static_cast<double>(std::max<int64_t>(1, run.knobs.batch_size));
  const Demand collate = model.collate.At(run.knobs.batch_size);
  model.stages.push_back({"collate", {collate.wait / typical, collate.cpu / typical}, false});
  model.main = costs.main;
  model.latencies = costs.latencies;
  model.latencies.respawn_ns = MeasureRespawn(run);
  model.syncs_each_step = costs.syncs_each_step;
  model.device_on_main = costs.device_on_main;
  model.launch_overlaps = costs.launch_overlaps;
  if (model.device_on_main) model.latencies.device_wake_ns = model.latencies.device_start_ns = 0;
  const LaunchFit launch = FitLaunch(fitted, model.stretch, model.uneven_cores);
  model.launch = launch.growth;
  for (MainCost& cost : model.main) cost.launch_ns *= launch.level;
  model.copies = FitDeviceCopies(fitted);
  model.device = FitDevice(fitted, model.stretch);
  model.memory = FitMemory(fitted);
  model.start_up = FitStartUp(fitted, model.stretch);
  model.own = FitOwnCosts(fitted);
  model.host_speed = FitHostSpeed(fitted, model.stretch, model.uneven_cores, model.device);
  // At a limit of storage runs wait as their workers are many.
  const bool limited = std::isfinite(model.storage.streams);
  model.host_waits = FitHostWaits(absl::MakeConstSpan(fitted).first(limited ? 1 : fitted.size()));
  MeasureSamplingErrors(costs, &model);
  model.fewest_workers = model.most_workers = run.knobs.worker_count;
  model.fewest_batch = model.most_batch = run.knobs.batch_size;
  for (const FittedRun& each : fitted) {
    model.fewest_workers = std::min(model.fewest_workers, each.run->knobs.worker_count);
    model.most_workers = std::max(model.most_workers, each.run->knobs.worker_count);
    model.fewest_batch = std::min(model.fewest_batch, each.run->knobs.batch_size);
    model.most_batch = std::max(model.most_batch, each.run->knobs.batch_size);
  }
  model.scheduling = FitScheduling(fitted, model);
  model.disturbance = FitDisturbance(fitted, model);
  return model;
}

const DemandTape& CostModel::TapeOf(const Knobs& knobs, double errors) const {
  const std::optional<double> cold = ColdShare(*this, knobs, errors);
  return cold ? cold_tapes->With(*cold) : tape;
}

const DemandTape& CostModel::TapeOfShare(double cold_share) const {
  const bool as_recorded = cold_tapes == nullptr || std::abs(cold_share - page_cache.cold_share) <= kSameShare;
  return as_recorded ? tape : cold_tapes->With(cold_share);
}

Demand CostModel::LoadOf(const Knobs& knobs) const {
  Demand load = collate.At(knobs.batch_size);
  load += per_batch.At(knobs.batch_size);
  const Demand& sample = TapeOf(knobs).mean();
  const double samples = static_cast<double>(knobs.batch_size);
  load += {sample.wait * samples, sample.cpu * samples, sample.read * samples};
  return load;
}

DeviceModel CostModel::DeviceOf(const Knobs& knobs) const {
  DeviceModel chosen = device;
  const absl::StatusOr<DeviceSpec> wanted = ParseDevice(knobs.device);
  const absl::StatusOr<DeviceSpec> had = ParseDevice(recorded.device);
  if (!wanted.ok() || !had.ok()) {
    chosen.known = false;
    return chosen;
  }
  if (wanted->kind == DeviceSpec::Kind::kEmulated) {
    chosen.threads = 0;
    if (wanted->launch_ns || wanted->sample_ns) {
      chosen.step = {static_cast<double>(wanted->launch_ns.value_or(0)),
                     static_cast<double>(wanted->sample_ns.value_or(0))};
      chosen.residuals = {1};
      chosen.stated = chosen.known = true;
    }
  } else if (wanted->kind != had->kind || wanted->index != had->index) {
    chosen.known = false;
  }
  return chosen;
}

Scenario CostModel::ScenarioOf(const Knobs& knobs) const {
  Scenario scenario;
  scenario.worker_count = knobs.worker_count;
  scenario.prefetch_depth = knobs.prefetch_depth;
  scenario.steps_in_flight = syncs_each_step || device_on_main ? 1 : knobs.steps_in_flight;
  scenario.in_order = knobs.in_order;
  scenario.persistent_workers = knobs.persistent_workers;
  scenario.cores = cores;
  if (knobs.cpus != recorded.cpus) {
    if (const int cpus = CpusInList(knobs.cpus); cpus > 0) scenario.cores = cpus;
  }
  scenario.samples_per_phase = static_cast<int32_t>(std::max<int64_t>(1, knobs.batch_size / kPhasesOfABatch));
  scenario.stretch = stretch;
  scenario.migration_delay_ns = scheduling.migration_delay_ns;
  scenario.crowding =
      scheduling.crowding.Loss(scenario.worker_count / scenario.cores) * SleepsAsRecorded(TapeOf(knobs), tape);
  scenario.storage_streams = storage.streams;
  scenario.device_threads = DeviceOf(knobs).threads;
  scenario.launch_overlaps = launch_overlaps && knobs.device == recorded.device;
  scenario.device_copies = DeviceCopiesAt(knobs);
  scenario.copies_hold_main = scenario.device_copies && !recorded.pin_host_memory;
  if (WorkersHaveCores(scenario)) scenario.worker_slowness = uneven_cores.Slowness(knobs.worker_count, AheadNs(knobs));
  scenario.latencies = latencies;
  scenario.scales.cpu = disturbance.slow;
  if (scenario.device_threads > 0) scenario.scales.device = disturbance.device_slow;
  return scenario;
}

std::vector<BatchWork> CostModel::Batches(const Knobs& knobs, int64_t steps, bool endless) const {
  const DeviceModel on = DeviceOf(knobs);
  const bool device_copies = DeviceCopiesAt(knobs);
  const uint64_t seed = knobs.seed;
  // Another seed shuffles otherwise: its samples are drawn, not those of the recorded order.
  int64_t place = 0;
  if (seed != recorded.seed) {
    const size_t drawn = tape.length() - tape.recorded_length();
    place = static_cast<int64_t>(tape.recorded_length() + Pick(Hash(seed, kSampleDraw), drawn));
  }
  const int64_t epoch = endless ? 0 : dataset_samples;
  const int64_t usable = epoch <= 0 ? 0 : knobs.drop_last ? epoch / knobs.batch_size * knobs.batch_size : epoch;
  int64_t left = usable;
  std::vector<BatchWork> batches(static_cast<size_t>(std::max<int64_t>(0, steps)));
  for (int64_t i = 0; i < static_cast<int64_t>(batches.size()); ++i) {
    BatchWork& batch = batches[i];
    batch.opens_epoch = i == 0;
    int64_t samples = knobs.batch_size;
    if (usable > 0) {
      if (left == 0) {
        left = usable;
        batch.opens_epoch = true;
      }
      samples = std::min(samples, left);
      left -= samples;
    }
    batch.first_sample = place;
    batch.samples = static_cast<int32_t>(samples);
    place += samples;
    batch.worker = collate.At(samples);
    batch.worker += per_batch.At(samples);
    batch.delay_ns = disturbance.delay_per_sample_ns * static_cast<double>(samples);
    const MainCost& cost = main[Pick(Hash(seed ^ kMainDraw, i), main.size())];
    batch.receive_ns = cost.receive_ns;
    batch.launch_ns = LaunchNs(knobs, cost, samples);
    batch.copy_ns = cost.copy_ns * static_cast<double>(samples) / static_cast<double>(recorded.batch_size);
    const double residual = on.residuals[Pick(Hash(seed ^ kDeviceDraw, i), on.residuals.size())];
    batch.step_ns = on.StepNs(static_cast<double>(samples)) * residual;
    if (device_copies) {
      batch.device_copy_ns =
          copies.growth.At(samples) * copies.residuals[Pick(Hash(seed ^ kCopyDraw, i), copies.residuals.size())];
    }
  }
  return batches;
}

StartUp CostModel::StartUpOf(const Knobs& knobs) const {
  if (knobs.device == recorded.device) return start_up;
  StartUp unsure;
  unsure.before = {start_up.before.ns, start_up.before.error_ns + start_up.before.ns};
  unsure.after = {start_up.after.ns, start_up.after.error_ns + start_up.after.ns};
  return unsure;
}

void CostModel::Begin(const Knobs& knobs, std::vector<BatchWork>* batches) const {
  if (batches->empty()) return;
  const StartUp once = StartUpOf(knobs);
  batches->front().launch_ns += once.first_launch.ns;
  batches->front().step_ns += once.first_step.ns;
}

}  // namespace stallpoint
