#include "replay/predict/predictor.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "replay/fit/cost_model.h"
#include "replay/fit/memory_forecast.h"
#include "replay/fit/page_cache.h"
#include "replay/fit/run_costs.h"
#include "replay/predict/intervals.h"
#include "replay/predict/scenario_of_day.h"
#include "replay/predict/simulated_run.h"
#include "replay/simulate/accounting.h"
#include "replay/simulate/simulator.h"
#include "replay/statistics.h"
#include "traces/device_spec.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

constexpr int64_t kSamplesSimulated = 16384;
constexpr int64_t kFewestSteps = 256, kMostSteps = 4096;
constexpr int64_t kSharedSamples = 32768;  // luck scatters what is simulated there, so more of it is
constexpr double kSaturated = 0.9;

int64_t Primed(const Knobs& knobs) { return int64_t{knobs.worker_count} * knobs.prefetch_depth; }

struct Samples : SamplesMet {
  std::optional<double> storage_share;
};

// Those of a run that begins with nothing in the page cache, and with the tape.
class ColdStart {
 public:
  ColdStart(const CostModel& model, const Knobs& knobs, const std::vector<BatchWork>& batches, double errors)
      : later_(SettledColdShare(model, knobs, errors).value_or(model.page_cache.cold_share)),
        most_cold_(model.page_cache.most_cold),
        first_pass_(model.dataset_samples),
        samples_(batches.empty() ? 0 : batches.back().first_sample + batches.back().samples),
        tape_(model.cold_tapes->WithFirstPass(most_cold_, first_pass_, later_, samples_)) {}

  const DemandTape& tape() const { return tape_; }
  // Over the whole run.
  double storage_share() const {
    const double cold = static_cast<double>(std::min(first_pass_, samples_));
    const double all = static_cast<double>(std::max<int64_t>(1, samples_));
    return (cold * most_cold_ + (all - cold) * later_) / all;
  }

 private:
  const double later_, most_cold_;
  const int64_t first_pass_, samples_;
  const DemandTape tape_;
};

class ReplayPredictor final : public Predictor {
 public:
  ReplayPredictor(CostModel model, Options options) : model_(std::move(model)), options_(options) {}

  Prediction Predict(const Knobs& knobs) const override { return PredictWithout(knobs, Without::kNothing); }

  Prediction Estimate(const Knobs& knobs) const override {
    const Samples samples = {{&model_.TapeOf(knobs), nullptr, nullptr}, StorageShare(knobs)};
    return Describe(knobs, UsualPlan(knobs, Without::kNothing), Without::kNothing, false, samples);
  }

  Prediction EmptiestRun(const Knobs& knobs) const override {
    Prediction p;
    p.knobs = knobs;
    FillMemory({}, &p);
    return p;
  }

  double ThroughputOn(const Knobs& knobs, const Day& day) const override {
    const RunPlan plan = UsualPlan(knobs, Without::kNothing);
    const Scenario usual = ScenarioOf(knobs, Without::kNothing);
    const Scenario scenario = ScenarioOfDay(model_, knobs, usual, model_.DeviceOf(knobs), day);
    return ThroughputOf(SimulateRun(model_.TapeOf(knobs, day.cache), plan, plan.steps, scenario), plan.batches);
  }

  StepFloor FloorOf(const Knobs& knobs) const override { return stallpoint::FloorOf(model_, knobs); }

  Prediction PredictRun(const Knobs& knobs, const RunConditions& run) const override {
    const RunPlan plan = PlanOf(knobs, run);
    const std::optional<double> found = run.found ? run.found->storage_share : std::nullopt;
    // Another seed begins elsewhere on the tape.
    if (!found && run.cold_start && model_.cold_tapes != nullptr && knobs.seed == model_.recorded.seed) {
      const double z = TwoSidedZ(options_.confidence);
      const ColdStart usual(model_, knobs, plan.batches, 0), slow(model_, knobs, plan.batches, z),
          fast(model_, knobs, plan.batches, -z);
      return Describe(knobs, plan, Without::kNothing, true,
                      {{&usual.tape(), &slow.tape(), &fast.tape()}, usual.storage_share()},
                      run.found.value_or(RunFindings{}));
    }
    Samples samples = SamplesOf(knobs, Without::kNothing);
    if (found) {
      samples.usual = samples.slow = samples.fast = &model_.TapeOfShare(*found);
      samples.storage_share = found;
    }
    return Describe(knobs, plan, Without::kNothing, true, samples, run.found.value_or(RunFindings{}));
  }

  std::optional<RunFindings> FindingsOf(const RunRecord& run) const override {
    const absl::StatusOr<RunCosts> costs = MeasureCosts(run);
    if (!costs.ok()) return std::nullopt;
    RunFindings found;
    found.loading = LoadingSlowness(model_, run, *costs);
    found.device = DeviceSlowness(model_, *costs);
    found.workers = WorkerSlowness(run);
    found.launching = model_.issues_kernels() ? LaunchSlowness(model_, run, *costs) : found.loading;
    // Of all of it: a first pass is part of what was measured.
    if (model_.page_cache.cold_seen) {
      const size_t cold =
          costs->cold_at_start.size() + static_cast<size_t>(std::count(costs->cold.begin(), costs->cold.end(), true));
      found.storage_share = static_cast<double>(cold) / static_cast<double>(costs->cold.size());
    }
    return found;
  }

  Prediction PredictWithout(const Knobs& knobs, Without removed) const override {
    return Describe(knobs, UsualPlan(knobs, removed), removed, true, SamplesOf(knobs, removed));
  }

  std::string WithFittedTimes(const std::string& device) const override {
    absl::StatusOr<DeviceSpec> spec = ParseDevice(device);
    if (!spec.ok() || spec->kind != DeviceSpec::Kind::kEmulated || spec->launch_ns || spec->sample_ns) return device;
    Knobs knobs = model_.recorded;
    knobs.device = device;
    const DeviceModel fitted = model_.DeviceOf(knobs);
    if (!fitted.known) return device;
    const double residual = Mean(fitted.residuals);
    spec->launch_ns = std::llround(fitted.step.fixed_ns * residual);
    spec->sample_ns = std::llround(fitted.step.per_sample_ns * residual);
    return FormatDevice(*spec);
  }

  std::optional<double> StorageStreams() const override {
    return std::isfinite(model_.storage.streams) ? std::optional<double>(model_.storage.streams) : std::nullopt;
  }
  std::optional<double> ReadsSeen() const override {
    const Storage& storage = model_.storage;
    return !StorageStreams() && std::isfinite(storage.seen) ? std::optional<double>(storage.seen) : std::nullopt;
  }

  int64_t FirstPass() const override { return model_.page_cache.first_pass; }
  bool ColdForOnce() const override { return stallpoint::ColdForOnce(model_); }
  double DataBytes() const override { return model_.page_cache.data_bytes; }

  double HostLeakPerSample() const override { return model_.memory.host_leak.per_sample_bytes; }
  double DeviceLeakPerSample() const override { return model_.memory.device_leak.per_sample_bytes; }
  double UsualRunSamples() const override { return model_.memory.usual_run_samples; }

  double HostSpeedError() const override { return model_.host_speed.up; }

  const Knobs& recorded() const override { return model_.recorded; }
  const Options& options() const override { return options_; }

 private:
  int64_t StepsOfEpoch(const Knobs& knobs) const {
    const int64_t whole = model_.dataset_samples / knobs.batch_size;
    const bool rest = !knobs.drop_last && model_.dataset_samples % knobs.batch_size != 0;
    return std::max<int64_t>(1, whole + (rest ? 1 : 0));
  }

  int64_t StepsToSimulate(const Knobs& knobs, bool endless) const {
    const int64_t enough = std::max(model_.recorded_steps, 3 * Primed(knobs) + 20);
    if (!endless && model_.dataset_samples > 0) {
      const int64_t per_epoch = StepsOfEpoch(knobs);
      return std::min((enough + per_epoch - 1) / per_epoch * per_epoch, std::max(kMostSteps, enough));
    }
    const bool shared = HasToShare(model_.ScenarioOf(knobs));
    const int64_t window = shared ? std::clamp(kSharedSamples / knobs.batch_size, kFewestSharedSteps, kMostSteps)
                                  : std::clamp(kSamplesSimulated / knobs.batch_size, kFewestSteps, kMostSteps);
    return std::max<int64_t>(1, Primed(knobs)) + window;
  }

  RunPlan UsualPlan(const Knobs& knobs, Without removed) const {
    const bool endless = !model_.epochs || removed == Without::kEpochEdges;
    const int64_t steps = StepsToSimulate(knobs, endless);
    return {model_.Batches(knobs, steps + (endless ? Primed(knobs) : 0), endless), steps};
  }

  // From the first step on where a length is given, else as if it had always been running.
  RunPlan PlanOf(const Knobs& knobs, const RunConditions& run) const {
    const bool epochs = run.steps <= 0 && run.epochs > 0 && model_.dataset_samples > 0;
    if (run.steps <= 0 && !epochs) return UsualPlan(knobs, Without::kNothing);
    RunPlan plan;
    plan.steps = plan.all_steps = run.steps;
    if (epochs) {
      const int64_t per_epoch = StepsOfEpoch(knobs);
      plan.all_steps = run.epochs * per_epoch;
      plan.steps = std::min(run.epochs, std::max<int64_t>(1, kMostSteps / per_epoch)) * per_epoch;
    }
    plan.batches = model_.Batches(knobs, plan.steps, !epochs);
    model_.Begin(knobs, &plan.batches);
    return plan;
  }

  Scenario ScenarioOf(const Knobs& knobs, Without removed) const {
    Scenario scenario = model_.ScenarioOf(knobs);
    if (removed == Without::kLoading) scenario.scales.loading = 0;
    if (removed == Without::kSyncEachStep && !model_.device_on_main) {
      scenario.steps_in_flight = std::max(2, knobs.steps_in_flight);
    }
    return scenario;
  }

  Samples SamplesOf(const Knobs& knobs, Without removed) const {
    if (removed == Without::kStorageReads) {
      const DemandTape& warm = model_.TapeOfShare(0);
      return {{&warm, &warm, &warm}, 0};
    }
    const double z = TwoSidedZ(options_.confidence);
    return {{&model_.TapeOf(knobs), &model_.TapeOf(knobs, z), &model_.TapeOf(knobs, -z)}, StorageShare(knobs)};
  }

  std::optional<double> StorageShare(const Knobs& knobs) const {
    if (!model_.page_cache.cold_seen) return std::nullopt;
    return ColdShare(model_, knobs, 0).value_or(model_.page_cache.cold_share);
  }

  Prediction Describe(const Knobs& knobs, RunPlan plan, Without removed, bool interval, const Samples& samples,
                      const RunFindings& host = {}) const {
    Prediction p;
    p.knobs = knobs;
    p.storage_share = samples.storage_share;
    const DeviceModel device = model_.DeviceOf(knobs);
    Scenario scenario = ScenarioOf(knobs, removed);
    if (!host.workers.empty() && WorkersHaveCores(scenario)) scenario.worker_slowness = host.workers;
    scenario.scales.cpu *= host.loading;
    scenario.scales.main *= host.launching / host.loading;
    scenario.scales.device *= host.device;
    if (removed == Without::kMainWork) {
      for (BatchWork& batch : plan.batches) batch.receive_ns = batch.launch_ns = 0;
    }
    const SimulatedRun nominal = SimulateUsualRun(*samples.usual, plan, &scenario);
    FillTimes(nominal, plan.batches, &p);
    if (interval) {
      const Intervals intervals =
          IntervalsOf(model_, {knobs, plan, samples, scenario, device, nominal}, options_.confidence);
      p.step_ms_low = intervals.step_ms.low;
      p.step_ms_high = intervals.step_ms.high;
      p.stall_bounds = intervals.stall_share;
    } else {
      p.step_ms_low = p.step_ms_high = p.step_ms;
      p.stall_bounds = {p.stall_share(), p.stall_share()};
    }
    if (plan.all_steps > 0) p.wall = WallOf(knobs, plan, nominal, p);
    p.cores_busy = CoresBusy(nominal, scenario);
    p.bound = BoundOf(p.shares, options_.threshold);
    if (p.bound == Bound::kData) NameStage(&p);

    // A device that is mostly busy meets one step more in flight on a run less even than the simulated one.
    const int64_t in_flight = MostInFlight(nominal.result.steps) + (p.shares.compute > 0.5 ? 1 : 0);
    Fill fill;
    fill.steps_in_flight = std::min<int64_t>(in_flight, scenario.steps_in_flight);
    fill.batches = MostBatches(nominal.result, scenario);
    if (plan.all_steps > 0) {
      fill.samples = static_cast<double>(plan.all_steps + fill.batches) * static_cast<double>(knobs.batch_size);
    }
    FillMemory(fill, &p);
    p.extrapolated = device.Extrapolates(knobs.batch_size) || p.cold_unknown;
    return p;
  }

  void FillMemory(const Fill& fill, Prediction* p) const {
    const MemoryForecast memory = ForecastMemory(model_, p->knobs, fill);
    p->host_memory_bytes = memory.host_bytes;
    p->device_memory_bytes = memory.device_bytes;
    const double errors = TwoSidedZ(options_.confidence);
    p->host_memory_bounds = BoundsOf(memory.host_bytes, errors * memory.host_error);
    p->device_memory_bounds = BoundsOf(memory.device_bytes, errors * memory.device_error);
    p->p_out_of_memory = memory.p_out_of_memory;
    p->host_full_after_samples = memory.host_full_after;
    p->device_full_after_samples = memory.device_full_after;
    p->host_room_bytes = memory.host_room;
    p->device_room_bytes = memory.device_room;
    if (!memory.fits()) p->bound = Bound::kMemory;
    p->cold_unknown = CostOfColdUnknown(model_, p->knobs);
  }

  void FillTimes(const SimulatedRun& simulated, const std::vector<BatchWork>& batches, Prediction* p) const {
    const SimulatedWindow& window = simulated.window;
    std::vector<double> usual, edges;
    if (model_.epochs) {
      for (int64_t i = 1; i < window.last; ++i) {
        const double interval = simulated.result.steps[i].device_end - simulated.result.steps[i - 1].device_end;
        if (batches[i].opens_epoch) {
          edges.push_back(interval);
        } else if (i >= window.first) {
          usual.push_back(interval);
        }
      }
      if (!edges.empty() && !usual.empty()) p->epoch_edge_ms = (Mean(edges) - Median(usual)) / kNsPerMs;
    }
    p->step_ms = window.step_ns() / kNsPerMs;
    p->throughput_per_s = ThroughputOf(simulated, batches);
    p->shares = SharesOf(simulated.result, window);
  }

  static std::optional<Bounds> BoundsOf(const std::optional<double>& value, double error) {
    if (!value) return std::nullopt;
    return Bounds{std::max(0.0, *value - error), *value + error};
  }

  // Training is as sure as its steps are, what is done once as it was from run to run.
  RunLength WallOf(const Knobs& knobs, const RunPlan& plan, const SimulatedRun& nominal, const Prediction& p) const {
    const StartUp once = model_.StartUpOf(knobs);
    const double step_s = p.step_ms * 1e-3;
    const double training_s = nominal.result.steps[static_cast<size_t>(plan.steps) - 1].device_end * 1e-9 +
                              static_cast<double>(plan.all_steps - plan.steps) * step_s;
    const double error_ns = std::hypot(once.before.error_ns, once.after.error_ns, once.FirstStepError());
    const double rest_s = TwoSidedZ(options_.confidence) * error_ns * 1e-9;
    RunLength wall;
    wall.s = (once.before.ns + once.after.ns) * 1e-9 + training_s;
    if (p.step_ms <= 0) return {wall.s, wall.s, wall.s};
    wall.s_low = wall.s - std::hypot(training_s * (1 - p.step_ms_low / p.step_ms), rest_s);
    wall.s_high = wall.s + std::hypot(training_s * (p.step_ms_high / p.step_ms - 1), rest_s);
    return wall;
  }

  static double CoresBusy(const SimulatedRun& simulated, const Scenario& scenario) {
    const double length = simulated.window.end_ns;
    return length > 0 ? std::min(1.0, simulated.result.host_cpu_ns / (length * scenario.cores)) : 0;
  }

  static int64_t MostInFlight(const std::vector<StepTimes>& steps) {
    int64_t most = 0;
    size_t oldest = 0;
    for (size_t i = 0; i < steps.size(); ++i) {
      while (oldest < i && steps[oldest].device_end <= steps[i].issued) ++oldest;
      most = std::max(most, static_cast<int64_t>(i - oldest + 1));
    }
    return most;
  }

  // With the cores saturated the stage that computes most is behind the wait, else the one that takes longest.
  void NameStage(Prediction* p) const {
    const bool saturated = p->cores_busy >= kSaturated;
    const auto weight = [&](const Demand& demand) { return saturated ? demand.cpu : demand.total(); };
    const StageDemand* longest = nullptr;
    Demand of_longest;
    for (const StageDemand& stage : model_.stages) {
      const Demand demand = DemandAt(stage, p->storage_share);
      if (longest != nullptr && weight(demand) <= weight(of_longest)) continue;
      longest = &stage;
      of_longest = demand;
    }
    p->stage = longest->name;
    if (saturated || of_longest.cpu >= of_longest.wait) {
      p->wait = Wait::kCpu;
    } else {
      p->wait = longest->reads ? Wait::kIo : Wait::kBlocked;
    }
  }

  Demand DemandAt(const StageDemand& stage, const std::optional<double>& storage_share) const {
    if (!stage.reads || !storage_share || *storage_share == model_.page_cache.cold_share) return stage.mean;
    const double cold = *storage_share;
    return {cold * stage.cold.wait + (1 - cold) * stage.warm.wait, cold * stage.cold.cpu + (1 - cold) * stage.warm.cpu};
  }

  const CostModel model_;
  const Options options_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Predictor>> Predictor::Fit(absl::Span<const RunRecord> runs, Options options) {
  absl::StatusOr<CostModel> model = CostModel::Fit(runs);
  if (!model.ok()) return model.status();
  return std::make_unique<ReplayPredictor>(*std::move(model), options);
}

}  // namespace stallpoint
