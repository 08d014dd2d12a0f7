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

int32_t CrowdedWorkers(int32_t cores, double computing) {
  const double filling = kOverfull * cores / std::max(computing, 1e-3);
  return std::clamp(static_cast<int32_t>(std::ceil(std::min(filling, 1e6))), kFewestPerCore * cores,
                    kMostPerCore * cores);
}

double ComputingShare(const RunRecord& run) {
  const absl::StatusOr<RunCosts> costs = MeasureCosts(run);
  if (!costs.ok()) return 1;
  Demand sum;
  for (const BatchCost& batch : costs->batches) sum += batch.whole;
  return sum.total() > 0 ? sum.cpu / sum.total() : 1;
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

std::vector<Knobs> PlanCalibration(const RunRecord& run) {
  return PlanCalibration(run.knobs, run.usable_cores, ComputingShare(run));
}

}  // namespace stallpoint
