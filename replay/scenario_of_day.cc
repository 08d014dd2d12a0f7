#include "replay/scenario_of_day.h"

#include <algorithm>
#include <cmath>

#include "replay/sampling.h"
#include "replay/statistics.h"

namespace stallpoint {
namespace {

constexpr double kDisturbanceGrowth = 0.5;
// What step times of runs that loading bounds are off by beyond all other terms, tools/bench/predict.
constexpr double kLoadingError = 0.03;
constexpr double kLeastScale = 0.05;
// Of the errors that are stated as the ends of an interval.
constexpr double kConfidenceOfErrors = 0.9;

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
  const double of_it = share > 0 ? 1 + share * kDisturbanceGrowth : std::max(0.0, 1 + share);
  const auto disturbed = [&](double factor) { return (1 + (factor - 1) * of_it) / factor; };
  scales->delay *= of_it;
  scales->cpu *= disturbed(model.disturbance.slow);
  if (scenario.device_threads > 0) scales->device *= disturbed(model.disturbance.device_slow);
}

}  // namespace

Scenario ScenarioOfCorner(const CostModel& model, const Knobs& knobs, const Scenario& scenario,
                          const DeviceModel& device, double confidence, double unseen, bool slow) {
  const double z = TwoSidedZ(confidence);
  const double widen = z / TwoSidedZ(kConfidenceOfErrors);
  const double host = (slow ? model.host_speed.up : model.host_speed.down) * widen;
  const Uncertainty fit = device.UncertaintyAt(knobs.batch_size);
  double computing = std::hypot(z * model.cpu_error * LeftOfError(model.own.cpu, unseen), host);
  if (slow || scenario.crowding > 0) {
    computing = std::hypot(computing, z * CrowdingError(model, scenario) * CrowdOf(model, scenario));
  }
  double stepping = (slow ? fit.up : fit.down) * widen;
  if (device.threads > 0) stepping = std::hypot(stepping, host);
  const double sign = slow ? 1 : -1;
  Scenario corner = scenario;
  corner.storage_streams = model.storage.StreamsAt(sign * z);
  Scales& scales = corner.scales;
  Disturb(model, scenario, sign, &scales);
  scales.wait *= std::max(kLeastScale, 1 + sign * z * model.wait_error * LeftOfError(model.own.wait, unseen));
  scales.cpu *= std::max(kLeastScale, 1 + sign * computing);
  scales.device *= std::max(kLeastScale, 1 + sign * stepping);
  return corner;
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
  on_day.storage_streams = model.storage.StreamsAt(day.storage);
  Scales& scales = on_day.scales;
  Disturb(model, scenario, std::clamp(day.disturbance, -1.0, 1.0), &scales);
  scales.wait *= std::max(kLeastScale, 1 + day.waits * model.wait_error);
  scales.cpu *= std::max(kLeastScale, 1 + day.computing * model.cpu_error) * host * crowd;
  scales.loading *= std::max(kLeastScale, 1 + kLoadingError * day.loading);
  scales.device *= factor(device.UncertaintyAt(knobs.batch_size), day.device);
  if (device.threads > 0) scales.device *= host;
  return on_day;
}

}  // namespace stallpoint
