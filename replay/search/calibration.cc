#include "replay/search/calibration.h"

#include <algorithm>
#include <cmath>

#include "replay/fit/run_costs.h"
#include "replay/search/recommend.h"

namespace stallpoint {
namespace {

constexpr double kOverfull = 1.25;
constexpr int32_t kFewestPerCore = 2, kMostPerCore = 6;
constexpr int32_t kFew = 2;
constexpr int64_t kMeasuredSteps = 30;  // once what was loaded ahead is used up
constexpr double kUsualNs = 2e9, kCrowdedNs = 5e9;

int32_t CrowdedWorkers(int32_t cores, double computing) {
  const double filling = kOverfull * cores / std::max(computing, 1e-3);
  return std::clamp(static_cast<int32_t>(std::ceil(std::min(filling, 1e6))), kFewestPerCore * cores,
                    kMostPerCore * cores);
}

// Means of a recorded run.
struct BatchMeans {
  Demand load;
  double step_ns = 0;

  double Computing() const { return load.total() > 0 ? load.cpu / load.total() : 1; }
  // A step with other workers takes at least so long.
  double LeastStepNs(int32_t workers, double cores) const {
    return std::max({step_ns, load.total() / std::max(1, workers), load.cpu / cores});
  }
};

BatchMeans MeanBatch(const RunRecord& run) {
  BatchMeans means;
  const absl::StatusOr<RunCosts> costs = MeasureCosts(run);
  if (!costs.ok()) return means;
  for (const BatchCost& batch : costs->batches) means.load += batch.whole;
  const double each = 1 / std::max(1.0, static_cast<double>(costs->batches.size()));
  means.load = {means.load.wait * each, means.load.cpu * each, means.load.read * each};
  for (const StepCost& step : costs->steps) means.step_ns += step.step_ns / static_cast<double>(costs->steps.size());
  return means;
}

}  // namespace

std::vector<Knobs> PlanCalibration(const Knobs& recorded, double cores, double computing) {
  const int32_t matching = static_cast<int32_t>(std::max(1.0, std::round(cores)));
  std::vector<Knobs> plan;
  const auto add_workers = [&](int32_t workers) {
    if (workers == recorded.worker_count) return;
    plan.push_back(recorded);
    plan.back().worker_count = workers;
  };
  const bool near = recorded.worker_count >= 0.75 * matching && recorded.worker_count <= 1.5 * matching;
  if (!near) add_workers(matching);
  if (near || recorded.worker_count > kFew) add_workers(1);
  const int32_t crowded = std::min(CrowdedWorkers(matching, computing), MostWorkers(cores));
  add_workers(crowded);
  const auto between = static_cast<int32_t>(std::lround(std::sqrt(static_cast<double>(matching) * crowded)));
  if (between > matching && between < crowded) add_workers(between);
  Knobs other = recorded;
  if (!near) other.worker_count = matching;
  other.batch_size = recorded.batch_size >= 4 ? recorded.batch_size / 2 : recorded.batch_size * 2;
  plan.push_back(other);
  plan.push_back(recorded);
  return plan;
}

std::vector<CalibrationRun> PlanCalibration(const RunRecord& run) {
  const BatchMeans means = MeanBatch(run);
  const auto length_ns = static_cast<double>(run.end_ns - run.begin_ns);
  std::vector<CalibrationRun> plan;
  for (const Knobs& knobs : PlanCalibration(run.knobs, run.usable_cores, means.Computing())) {
    CalibrationRun& one = plan.emplace_back(
        CalibrationRun{knobs, 3 * int64_t{knobs.worker_count} * knobs.prefetch_depth + kMeasuredSteps});
    // A smaller batch may take as long as the recorded one.
    const double growth =
        std::max(1.0, static_cast<double>(knobs.batch_size) / static_cast<double>(run.knobs.batch_size));
    const double step_ns = growth * means.LeastStepNs(knobs.worker_count, run.usable_cores);
    if (run.cold_data || step_ns <= 0) continue;
    const bool crowded = knobs.worker_count > run.usable_cores;
    const double enough_ns = std::min(length_ns, crowded ? kCrowdedNs : kUsualNs);
    one.steps = std::max(one.steps, static_cast<int64_t>(enough_ns / step_ns));
  }
  return plan;
}

}  // namespace stallpoint
