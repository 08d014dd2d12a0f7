// Memory of a setting, and whether it fits its limits. Pure functions; any thread. Bytes.
#ifndef STALLPOINT_REPLAY_MEMORY_FORECAST_H_
#define STALLPOINT_REPLAY_MEMORY_FORECAST_H_

#include <optional>

#include "replay/cost_model.h"
#include "traces/knobs.h"

namespace stallpoint {

struct MemoryForecast {
  std::optional<double> host_bytes, device_bytes;
  std::optional<double> p_out_of_memory;

  bool fits() const { return p_out_of_memory.value_or(0) < 0.5; }
};

// Host: base + W * private + B * step + (W*P + 1) batches. Device: base + sample_bytes * samples in flight where the
// device is emulated and both were stated, else what was recorded. `steps_in_flight`: the most that were, in the
// simulated run.
MemoryForecast ForecastMemory(const CostModel& model, const Knobs& knobs, int64_t steps_in_flight);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_MEMORY_FORECAST_H_
