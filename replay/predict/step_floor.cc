#include "replay/predict/step_floor.h"

#include <algorithm>

#include "replay/fit/cost_model.h"
#include "replay/statistics.h"

namespace stallpoint {

double StepFloor::StepNs(int32_t workers, int32_t steps_in_flight) const {
  double main = main_ns;
  if (workers == 0) main += load_ns;
  if (waits_for_each_step || steps_in_flight <= 1) main += device_ns;
  const double turn = workers > 0 ? load_ns / workers : 0;
  return std::max({main, turn, device_ns, cpu_ns / cores, storage_ns});
}

double StepFloor::Throughput(int32_t workers, int32_t steps_in_flight) const {
  const double step_ns = StepNs(workers, steps_in_flight);
  return step_ns > 0 ? samples / (step_ns * 1e-9) : 0;
}

StepFloor FloorOf(const CostModel& model, const Knobs& knobs) {
  const Scenario scenario = model.ScenarioOf(knobs);
  const Scales& scale = scenario.scales;
  const DeviceModel device = model.DeviceOf(knobs);
  StepFloor floor;
  floor.samples = static_cast<double>(knobs.batch_size);
  floor.cores = scenario.cores;
  floor.waits_for_each_step = model.syncs_each_step || model.device_on_main;

  Demand load = model.LoadOf(knobs);
  // Out of order they load more than the others.
  if (!scenario.in_order) load.cpu *= model.uneven_cores.Fastest();
  floor.storage_ns = load.read * scale.wait * scale.loading / scenario.storage_streams;
  const double delay = model.disturbance.delay_per_sample_ns * floor.samples * scale.delay;
  floor.load_ns = (load.wait * scale.wait + load.cpu * scale.cpu + delay) * scale.loading;

  double computing = 0, copying = 0;
  for (const MainCost& cost : model.main) {
    computing += cost.receive_ns + model.LaunchNs(knobs, cost, knobs.batch_size);
    copying += cost.copy_ns;
  }
  const double steps = static_cast<double>(model.main.size());
  computing *= scale.cpu / steps;
  copying *= floor.samples / static_cast<double>(model.recorded.batch_size) / steps;
  floor.main_ns = computing + copying;
  const double step_ns = device.StepNs(floor.samples) * Mean(device.residuals) * scale.device;
  floor.device_ns = step_ns;
  if (scenario.device_copies) {
    const double copy_ns = model.copies.growth.At(knobs.batch_size) * Mean(model.copies.residuals);
    floor.device_ns += copy_ns;
    if (scenario.copies_hold_main) floor.main_ns += copy_ns;
  }
  floor.cpu_ns = load.cpu * scale.cpu * scale.loading + computing + step_ns * scenario.device_threads;
  return floor;
}

}  // namespace stallpoint
