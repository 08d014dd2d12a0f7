#include "replay/memory_forecast.h"

#include "replay/statistics.h"
#include "traces/device_spec.h"

namespace stallpoint {
namespace {

constexpr double kDeviceError = 0.02;
constexpr double kDeviceErrorOneSize = 0.25;

double ChanceOfPassing(double bytes, double relative_error, uint64_t limit_bytes) {
  if (limit_bytes == 0) return 0;
  const double limit = static_cast<double>(limit_bytes);
  if (relative_error <= 0 || bytes <= 0) return bytes > limit ? 1 : 0;
  return NormalCdf((bytes - limit) / (relative_error * bytes));
}

}  // namespace

MemoryForecast ForecastMemory(const CostModel& model, const Knobs& knobs, int64_t steps_in_flight) {
  MemoryForecast forecast;
  const MemoryModel& memory = model.memory;
  const double samples = static_cast<double>(knobs.batch_size);
  if (memory.base_bytes) {
    const double batches = static_cast<double>(knobs.worker_count) * knobs.prefetch_depth + 1;
    forecast.host_bytes = *memory.base_bytes + knobs.worker_count * memory.per_worker_bytes +
                          samples * memory.per_sample_bytes + batches * samples * memory.batch_bytes_per_sample;
  }
  const absl::StatusOr<DeviceSpec> spec = ParseDevice(knobs.device);
  const bool emulated = spec.ok() && spec->kind == DeviceSpec::Kind::kEmulated;
  double device_error = 0;
  if (emulated && spec->base_bytes && spec->sample_bytes) {
    forecast.device_bytes = static_cast<double>(*spec->base_bytes) +
                            static_cast<double>(*spec->sample_bytes) * samples * static_cast<double>(steps_in_flight);
  } else if (!emulated && memory.device_base_bytes && knobs.device == model.recorded.device) {
    forecast.device_bytes = *memory.device_base_bytes + memory.device_bytes_per_sample * samples;
    device_error = kDeviceError;
    if (memory.device_one_size && knobs.batch_size != memory.device_samples) {
      // How much of it grows with the batch is unknown: half is taken to.
      const double ratio = samples / static_cast<double>(memory.device_samples);
      forecast.device_bytes = *memory.device_base_bytes * (0.5 + 0.5 * ratio);
      device_error = kDeviceErrorOneSize;
    }
  }
  const bool host_unknown = knobs.host_limit_bytes > 0 && !forecast.host_bytes;
  const bool device_unknown = !forecast.device_bytes && (emulated || knobs.device_limit_bytes > 0);
  if (host_unknown || device_unknown) return forecast;
  double fits = 1;
  if (forecast.host_bytes) {
    fits *= 1 - ChanceOfPassing(*forecast.host_bytes, memory.relative_error, knobs.host_limit_bytes);
  }
  if (forecast.device_bytes) {
    fits *= 1 - ChanceOfPassing(*forecast.device_bytes, device_error, knobs.device_limit_bytes);
  }
  forecast.p_out_of_memory = 1 - fits;
  return forecast;
}

}  // namespace stallpoint
