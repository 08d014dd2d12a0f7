#include "replay/predict/scenario_of_day.h"

#include <algorithm>
#include <cmath>

#include "replay/predict/sampling.h"
#include "replay/statistics.h"

namespace stallpoint {
namespace {

// What step times of runs that loading bounds are off by beyond all other terms, tools/bench/predict.
constexpr double kLoadingError = 0.03;
constexpr double kLeastScale = 0.05;

// By how many threads workers and a device on the host can outnumber the cores, at most one; where nothing sleeps in
// between, time slices cost little.
double CrowdOf(const CostModel& model, const Scenario& scenario) {
  if (!model.tape.has_waits()) return 0;
  return std::clamp(scenario.worker_count + scenario.device_threads - scenario.cores, 0.0, 1.0);
}

double CrowdingError(const CostModel& model, const Scenario& scenario) {
  return model.scheduling.crowding.Error(scenario.worker_count / scenario.cores);
}

// What the run itself does not explain, `share` of it gone (-1: all) or grown (1).
void Disturb(const CostModel& model, const Scenario& scenario, double share, Scales* scales) {
  const double of_it = share > 0 ? 1 + share * model.disturbance.growth : std::max(0.0, 1 + share);
  const auto disturbed = [&](double factor) { return (1 + (factor - 1) * of_it) / factor; };
  scales->delay *= of_it;
  scales->cpu *= disturbed(model.disturbance.slow);
  if (scenario.device_threads > 0) scales->device *= disturbed(model.disturbance.device_slow);
}

}  // namespace

Scenario ScenarioOfCorner(const CostModel& model, const Knobs& knobs, const Scenario& scenario,
                          const DeviceModel& device, const Corner& corner) {
  const bool slow = corner.slow;
  const double z = TwoSidedZ(corner.confidence);
  const double widen = z / TwoSidedZ(kConfidenceOfErrors);
  const double host = (slow ? model.host_speed.up : model.host_speed.down) * widen;
  const Uncertainty of_size = device.ErrorOfSize(knobs.batch_size);
  double computing = std::hypot(z * model.cpu_error * LeftOfError(model.own.cpu, corner.unseen), host);
  if (slow || scenario.crowding > 0) {
    computing = std::hypot(computing, z * CrowdingError(model, scenario) * CrowdOf(model, scenario));
  }
  double stepping = std::hypot(device.LevelError(), slow ? of_size.up : of_size.down) * widen;
  if (device.threads > 0) stepping = std::hypot(stepping, host);
  const double sign = slow ? 1 : -1;
  Scenario at = scenario;
  if (!scenario.worker_slowness.empty()) {
    at.worker_slowness =
        model.uneven_cores.SlownessAt(scenario.worker_count, model.AheadNs(knobs), corner.run_ns, sign * z, computing);
  }
  // A thread alone has the luck of its core.
  const double luck = FitsOnCores(scenario) ? model.uneven_cores.Over(corner.run_ns) : 0;
  const double alone = std::hypot(computing, z * luck);
  if (scenario.worker_count <= 1) computing = alone;
  at.storage_streams = model.storage.StreamsAt(sign * z);
  Scales& scales = at.scales;
  Disturb(model, scenario, sign, &scales);
  const auto factor = [sign](double error) { return std::max(kLeastScale, 1 + sign * error); };
  const double waiting = (slow ? model.host_waits.up : model.host_waits.down) * widen;
  scales.wait *= factor(std::hypot(z * model.wait_error * LeftOfError(model.own.wait, corner.unseen), waiting));
  scales.cpu *= factor(computing);
  scales.main *= factor(alone) / factor(computing);
  scales.device *= factor(stepping);
  return at;
}

Scenario ScenarioOfDay(const CostModel& model, const Knobs& knobs, const Scenario& scenario, const DeviceModel& device,
                       const Day& day) {
  const double z = TwoSidedZ(kConfidenceOfErrors);
  const auto factor = [&](const Uncertainty& error, double errors) {
    return std::max(kLeastScale, 1 + (errors > 0 ? error.up : error.down) * errors / z);
  };
  const double host = factor(model.host_speed, day.host_speed);
  // Less than nothing is not lost.
  const double error = CrowdingError(model, scenario);
  const double crowding = std::max(day.crowding, -scenario.crowding / error);
  const double crowd = 1 + error * CrowdOf(model, scenario) * crowding;
  Scenario on_day = scenario;
  if (!scenario.worker_slowness.empty()) {
    on_day.worker_slowness = model.uneven_cores.SlownessAt(scenario.worker_count, model.AheadNs(knobs),
                                                           model.recorded_ns, day.unevenness, 0);
  }
  on_day.storage_streams = model.storage.StreamsAt(day.storage);
  Scales& scales = on_day.scales;
  Disturb(model, scenario, std::clamp(day.disturbance / z, -1.0, 1.0), &scales);
  const double waiting = (day.waits > 0 ? model.host_waits.up : model.host_waits.down) / z;
  scales.wait *= std::max(kLeastScale, 1 + day.waits * std::hypot(model.wait_error, waiting));
  scales.cpu *= std::max(kLeastScale, 1 + day.computing * model.cpu_error) * host * crowd;
  scales.loading *= std::max(kLeastScale, 1 + kLoadingError * day.loading);
  scales.device *= factor({device.LevelError(), device.LevelError()}, day.device);
  const bool smaller = knobs.batch_size < device.recorded_samples;
  scales.device *= factor(device.ErrorOfSize(knobs.batch_size), smaller ? day.fixed_part : -day.fixed_part);
  if (device.threads > 0) scales.device *= host;
  return on_day;
}

}  // namespace stallpoint
