#include "replay/search/calibration.h"

#include <algorithm>
#include <cmath>

#include "replay/fit/cost_model.h"
#include "replay/predict/step_floor.h"
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
  const absl::StatusOr<CostModel> model = CostModel::Fit(absl::MakeConstSpan(&run, 1));
  const Demand load = model.ok() ? model->LoadOf(run.knobs) : Demand{};
  const double computing = load.total() > 0 ? load.cpu / load.total() : 1;
  const auto length_ns = static_cast<double>(run.end_ns - run.begin_ns);
  std::vector<CalibrationRun> plan;
  for (const Knobs& knobs : PlanCalibration(run.knobs, run.usable_cores, computing)) {
    CalibrationRun& one = plan.emplace_back(
        CalibrationRun{knobs, 3 * int64_t{knobs.worker_count} * knobs.prefetch_depth + kMeasuredSteps});
    if (run.cold_data || !model.ok()) continue;
    const bool crowded = knobs.worker_count > run.usable_cores;
    const double enough_ns = std::min(length_ns, crowded ? kCrowdedNs : kUsualNs);
    const double step_ns = FloorOf(*model, knobs).StepNs(knobs.worker_count, knobs.steps_in_flight);
    if (step_ns > 0) one.steps = std::max(one.steps, static_cast<int64_t>(enough_ns / step_ns));
  }
  return plan;
}

}  // namespace stallpoint
