#include "replay/fit/memory_forecast.h"

#include <algorithm>
#include <cmath>

#include "replay/statistics.h"
#include "traces/device_spec.h"

namespace stallpoint {
namespace {

// Standard error of what one batch size cannot tell: how much of the rest of the process grows with the batch, as a
// part of what the device's memory grows by.
constexpr double kUnseenGrowth = 0.1;
// Of what a process holds, from run to run and between what it holds and what the kernel charges; relative, standard.
constexpr double kHostError = 0.02;
// Of the most batches at a time: a run may be fuller than the simulated one was, or never as full; standard.
constexpr double kBatchesError = 0.5;

// A value with its standard error.
struct Estimate {
  double bytes = 0, error = 0;

  // 0: there is no limit.
  double ChanceOfPassing(double limit) const {
    if (limit <= 0) return 0;
    if (error <= 0) return bytes > limit ? 1 : 0;
    return NormalCdf((bytes - limit) / error);
  }
};

double SamplesOfRun(const MemoryModel& memory, const Fill& fill) {
  return fill.samples.value_or(memory.usual_run_samples);
}

std::optional<Estimate> HostMemory(const MemoryModel& memory, const Knobs& knobs, const Fill& fill, bool same_device) {
  if (!memory.base_bytes) return std::nullopt;
  const double samples = static_cast<double>(knobs.batch_size);
  const double workers = knobs.worker_count;
  Estimate host;
  host.bytes = *memory.base_bytes + workers * memory.per_worker_bytes + samples * memory.per_sample_bytes +
               static_cast<double>(fill.batches) * memory.BlockBytes(memory.batch_bytes_per_sample, knobs.batch_size) +
               std::max(1.0, workers) * memory.BlockBytes(memory.arena_bytes_per_sample, knobs.batch_size) +
               memory.PinnedBytes(knobs);
  host.error = std::hypot((workers - memory.workers) * memory.worker_error_bytes,
                          (samples - static_cast<double>(memory.samples)) * memory.sample_error_bytes);
  if (memory.device_on_host && same_device) {
    const GrowingMemory& device = *memory.device_on_host;
    const double bytes = device.At(knobs.batch_size);
    host.bytes += bytes;
    host.error = std::hypot(host.error, bytes * device.ErrorAt(knobs.batch_size));
    if (!memory.samples_identified) {
      const double beyond = std::abs(samples - static_cast<double>(device.most_samples));
      host.error = std::hypot(host.error, kUnseenGrowth * device.per_sample * beyond);
    }
  }
  const double batch = memory.BlockBytes(memory.batch_bytes_per_sample, knobs.batch_size);
  host.error = std::hypot(host.error, kBatchesError * batch, kHostError * host.bytes);
  const double loaded = SamplesOfRun(memory, fill);
  const Leak leak = memory.LeakOnHost(same_device);
  host.bytes += leak.At(loaded);
  host.error = std::hypot(host.error, leak.ErrorAt(loaded));
  return host;
}

// Samples after which `room` is full, of which `held` would be taken after `samples`.
std::optional<double> FullAfter(const Leak& leak, double room, const std::optional<Estimate>& held, double samples) {
  if (!held || leak.per_sample_bytes <= 0 || room <= 0) return std::nullopt;
  return std::max(0.0, samples + (room - held->bytes) / leak.per_sample_bytes);
}

}  // namespace

std::optional<double> HostBytes(const CostModel& model, const Knobs& knobs, const Fill& fill) {
  const auto host = HostMemory(model.memory, knobs, fill, knobs.device == model.recorded.device);
  return host ? std::optional<double>(host->bytes) : std::nullopt;
}

MemoryForecast ForecastMemory(const CostModel& model, const Knobs& knobs, const Fill& fill) {
  const MemoryModel& memory = model.memory;
  const absl::StatusOr<DeviceSpec> spec = ParseDevice(knobs.device);
  const bool emulated = spec.ok() && spec->kind == DeviceSpec::Kind::kEmulated;
  const bool same_device = knobs.device == model.recorded.device;

  const double loaded = SamplesOfRun(memory, fill);
  const std::optional<Estimate> host = HostMemory(memory, knobs, fill, same_device);
  std::optional<Estimate> device;
  MemoryForecast forecast;
  forecast.device_room = static_cast<double>(knobs.device_limit_bytes);
  if (emulated && spec->base_bytes && spec->sample_bytes) {
    device = Estimate{static_cast<double>(*spec->base_bytes) + static_cast<double>(*spec->sample_bytes) *
                                                                   static_cast<double>(knobs.batch_size) *
                                                                   static_cast<double>(fill.steps_in_flight)};
  } else if (!emulated && same_device && memory.device) {
    const double bytes = memory.device->At(knobs.batch_size);
    const double error = bytes * memory.device->ErrorAt(knobs.batch_size);
    device = Estimate{bytes + memory.device_leak.At(loaded), std::hypot(error, memory.device_leak.ErrorAt(loaded))};
    if (forecast.device_room == 0) forecast.device_room = memory.device_total_bytes;
  }
  if (host) forecast.host_bytes = host->bytes;
  if (device) forecast.device_bytes = device->bytes;
  if (host) forecast.host_error = host->error;
  if (device) forecast.device_error = device->error;
  if (device && knobs.device_limit_bytes == 0 && forecast.device_room > 0 && device->bytes > forecast.device_room) {
    // The allocator gives back what it keeps for later before the device has no more.
    device->bytes = memory.device->LeastAt(knobs.batch_size) + memory.device_leak.At(loaded);
    forecast.device_bytes = std::max(device->bytes, forecast.device_room);
  }
  forecast.host_room = static_cast<double>(knobs.host_limit_bytes);
  if (memory.machine_bytes > 0 && (forecast.host_room == 0 || forecast.host_room > memory.machine_bytes)) {
    forecast.host_room = memory.machine_bytes;
  }
  forecast.host_full_after = FullAfter(memory.LeakOnHost(same_device), forecast.host_room, host, loaded);
  if (same_device && !emulated) {
    forecast.device_full_after = FullAfter(memory.device_leak, forecast.device_room, device, loaded);
  }
  const double host_passes = host ? host->ChanceOfPassing(forecast.host_room) : 0;
  const double device_passes = device ? device->ChanceOfPassing(forecast.device_room) : 0;
  const double passes = 1 - (1 - host_passes) * (1 - device_passes);
  const bool host_unknown = knobs.host_limit_bytes > 0 && !host;
  const bool device_unknown = !device && (emulated || knobs.device_limit_bytes > 0);
  // What is known of one may be enough to know that both do not fit.
  if ((host_unknown || device_unknown) && passes < kDoesNotFit) return forecast;
  forecast.p_out_of_memory = passes;
  return forecast;
}

}  // namespace stallpoint
