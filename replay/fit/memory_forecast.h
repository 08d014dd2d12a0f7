// Memory of a setting, and whether it fits its limits. Pure functions; any thread. Bytes.
#ifndef STALLPOINT_REPLAY_FIT_MEMORY_FORECAST_H_
#define STALLPOINT_REPLAY_FIT_MEMORY_FORECAST_H_

#include <cstdint>
#include <optional>

#include "replay/fit/cost_model.h"
#include "traces/knobs.h"

namespace stallpoint {

// How full a simulated run was at its fullest.
struct Fill {
  int64_t steps_in_flight = 1;
  int64_t batches = 1;  // collated, and not yet consumed by the device
  // Loaded by the end of the run; without it as many as in a run whose length is not given.
  std::optional<double> samples;
};

// P(out of memory) from which on a setting does not fit.
inline constexpr double kDoesNotFit = 0.5;

struct MemoryForecast {
  std::optional<double> host_bytes, device_bytes;
  double host_error = 0, device_error = 0;  // standard
  // Of limits, or of all that machine and device have. Null where a limit is set on what is unknown, and what is known
  // fits.
  std::optional<double> p_out_of_memory;
  // What host and device may hold, 0: unknown.
  double host_room = 0, device_room = 0;
  // Samples after which that is full; nothing where none of them stays.
  std::optional<double> host_full_after, device_full_after;

  bool fits() const { return p_out_of_memory.value_or(0) < kDoesNotFit; }
};

// What the host holds; nothing where that was not recorded.
std::optional<double> HostBytes(const CostModel& model, const Knobs& knobs, const Fill& fill);

// Host: base + W * private + B * per sample + batches + the workers' arenas, the memory of a device that has none of
// its own, and what stays of every sample loaded. Device: base + sample_bytes * samples in flight where the device is
// emulated and both were stated, else what was recorded, grown with the batch.
MemoryForecast ForecastMemory(const CostModel& model, const Knobs& knobs, const Fill& fill);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_FIT_MEMORY_FORECAST_H_
