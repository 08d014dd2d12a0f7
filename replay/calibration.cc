#include "replay/calibration.h"

#include <algorithm>
#include <cmath>

#include "replay/recommend.h"

namespace stallpoint {

std::vector<Knobs> PlanCalibration(const Knobs& recorded, double cores) {
  const int32_t matching = static_cast<int32_t>(std::max(1.0, std::round(cores)));
  std::vector<Knobs> plan;
  const auto add_workers = [&](int32_t workers) {
    if (workers == recorded.worker_count) return;
    plan.push_back(recorded);
    plan.back().worker_count = workers;
  };
  const bool near = recorded.worker_count >= 0.75 * matching && recorded.worker_count <= 1.5 * matching;
  add_workers(near ? 1 : matching);
  add_workers(std::min(2 * matching, MostWorkers(cores)));
  Knobs other = recorded;
  if (!near) other.worker_count = matching;
  other.batch_size = recorded.batch_size >= 4 ? recorded.batch_size / 2 : recorded.batch_size * 2;
  plan.push_back(other);
  plan.push_back(recorded);
  return plan;
}

std::vector<Knobs> PlanCalibration(const RunRecord& run) { return PlanCalibration(run.knobs, run.usable_cores); }

}  // namespace stallpoint
