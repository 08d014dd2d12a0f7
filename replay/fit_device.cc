// Device time per step over batch sizes, and memory over batch sizes and workers.
#include <algorithm>
#include <cmath>
#include <map>

#include "replay/fit.h"
#include "replay/statistics.h"

namespace stallpoint {
namespace {

// With one batch size the split between fixed and per sample is unknown: this part is taken as fixed, and the interval
// reaches from all fixed to all per sample.
constexpr double kAssumedFixedPart = 0.15;
constexpr size_t kFewestAtSize = 3;
constexpr double kFitError = 0.015;
constexpr double kErrorPerDoubling = 0.05;
constexpr double kUnknownDevice = 0.5;
constexpr double kLargestResidual = 10;

double IntraOpThreads(const RunRecord& run) {
  return run.knobs.intra_op_threads > 0 ? run.knobs.intra_op_threads : std::max(1.0, std::floor(run.usable_cores - 1));
}

double PeakOf(const RunRecord& run, const char* series) {
  const auto found = run.counters.find(series);
  double peak = 0;
  if (found == run.counters.end()) return peak;
  for (const CounterPoint& point : found->second) peak = std::max(peak, point.value);
  return peak;
}

double BatchBytesPerSample(const RunRecord& run) {
  double bytes = 0, samples = 0;
  for (const BatchRecord& batch : run.batches) {
    if (batch.index < 0) continue;
    bytes += static_cast<double>(batch.bytes);
    samples += batch.samples;
  }
  return samples > 0 ? bytes / samples : 0;
}

double BatchesOnHost(const Knobs& knobs) { return double{1} * knobs.worker_count * knobs.prefetch_depth + 1; }

}  // namespace

bool DeviceModel::Extrapolates(int64_t samples) const {
  if (!known) return true;
  if (stated) return false;
  if (one_size) return samples != fewest_samples;
  return samples > 2 * most_samples || 2 * samples < fewest_samples;
}

Uncertainty DeviceModel::UncertaintyAt(int64_t samples) const {
  if (!known) return {kUnknownDevice, kUnknownDevice};
  if (stated) return {0, 0};
  const double n = static_cast<double>(samples);
  const double base = std::hypot(kFitError, sampling_error);
  if (one_size) {
    const double here = StepNs(n);
    const double recorded = StepNs(static_cast<double>(fewest_samples));
    if (here <= 0 || samples == fewest_samples) return {base, base};
    const double proportional = recorded * n / static_cast<double>(fewest_samples);
    const double low = std::min(recorded, proportional), high = std::max(recorded, proportional);
    return {std::max(base, 1 - low / here), std::max(base, high / here - 1)};
  }
  double doublings = 0;
  if (samples > most_samples) doublings = std::log2(n / static_cast<double>(most_samples));
  if (samples < fewest_samples) doublings = std::log2(static_cast<double>(fewest_samples) / n);
  const double error = std::hypot(base, kErrorPerDoubling * doublings);
  return {error, error};
}

DeviceModel FitDevice(absl::Span<const FittedRun> runs, double stretch) {
  const RunRecord& main = *runs.front().run;
  DeviceModel device;
  const absl::StatusOr<DeviceSpec> spec = ParseDevice(main.knobs.device);
  const bool on_host = spec.ok() && spec->kind == DeviceSpec::Kind::kCpu;
  if (on_host) device.threads = IntraOpThreads(main);
  std::map<int64_t, std::vector<double>> by_size;
  for (const FittedRun& fitted : runs) {
    if (fitted.run->knobs.device != main.knobs.device) continue;
    const double slow = on_host ? SlowDown(fitted.costs, stretch) : 1;
    for (const StepCost& step : fitted.costs.steps) by_size[step.samples].push_back(step.step_ns / slow);
  }
  std::vector<SizePoint> points;
  for (const auto& [samples, values] : by_size) {
    if (values.size() < kFewestAtSize && by_size.size() > 1) continue;
    points.push_back({static_cast<double>(samples), Median(values), static_cast<double>(values.size())});
  }
  device.residuals = {1};
  if (points.empty()) {
    device.known = false;
    return device;
  }
  const Line line = FitLine(points);
  device.fewest_samples = static_cast<int64_t>(points.front().samples);
  device.most_samples = static_cast<int64_t>(points.back().samples);
  device.one_size = !line.identified;
  device.fixed_ns = line.fixed;
  device.per_sample_ns = line.slope;
  if (device.one_size) {
    const SizePoint& most =
        *std::max_element(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.count < b.count; });
    device.fewest_samples = device.most_samples = static_cast<int64_t>(most.samples);
    device.fixed_ns = most.value * kAssumedFixedPart;
    device.per_sample_ns = most.value * (1 - kAssumedFixedPart) / most.samples;
  }
  std::vector<double> residuals;
  for (const auto& [samples, values] : by_size) {
    const double expected = device.StepNs(static_cast<double>(samples));
    if (expected <= 0) continue;
    for (double value : values) residuals.push_back(std::min(kLargestResidual, value / expected));
  }
  if (!residuals.empty()) device.residuals = std::move(residuals);
  device.sampling_error = BlockStandardError(device.residuals);
  return device;
}

MemoryModel FitMemory(absl::Span<const FittedRun> runs) {
  MemoryModel memory;
  const RunRecord& main = *runs.front().run;
  memory.batch_bytes_per_sample = BatchBytesPerSample(main);

  struct Peak {
    double workers, samples, bytes;
  };
  std::vector<Peak> peaks;
  for (const FittedRun& fitted : runs) {
    const Knobs& knobs = fitted.run->knobs;
    double bytes = PeakOf(*fitted.run, "host_memory_pss");
    if (bytes <= 0) bytes = PeakOf(*fitted.run, "host_memory_rss");
    if (bytes <= 0 || knobs.device != main.knobs.device) continue;
    const double queued = BatchesOnHost(knobs) * memory.batch_bytes_per_sample * static_cast<double>(knobs.batch_size);
    peaks.push_back({static_cast<double>(knobs.worker_count), static_cast<double>(knobs.batch_size), bytes - queued});
  }
  if (!peaks.empty()) {
    std::vector<SizePoint> by_batch, by_workers;
    for (const Peak& peak : peaks) by_batch.push_back({peak.samples, peak.bytes, 1});
    const Line batch = FitLine(by_batch);
    memory.per_sample_bytes = batch.identified ? batch.slope : 0;
    for (const Peak& peak : peaks) {
      by_workers.push_back({peak.workers + 1, peak.bytes - memory.per_sample_bytes * peak.samples, 1});
    }
    const Line workers = FitLine(by_workers);
    memory.per_worker_bytes = workers.identified ? workers.slope : 0;
    double base = 0;
    for (const Peak& peak : peaks) {
      base += peak.bytes - memory.per_sample_bytes * peak.samples - memory.per_worker_bytes * peak.workers;
    }
    memory.base_bytes = std::max(0.0, base / static_cast<double>(peaks.size()));
  }

  std::vector<SizePoint> device;
  for (const FittedRun& fitted : runs) {
    if (fitted.run->knobs.device != main.knobs.device) continue;
    const double bytes = PeakOf(*fitted.run, "device_memory");
    if (bytes > 0) device.push_back({static_cast<double>(fitted.run->knobs.batch_size), bytes, 1});
  }
  if (!device.empty()) {
    const Line line = FitLine(device);
    memory.device_base_bytes = line.fixed;
    memory.device_bytes_per_sample = line.slope;
    memory.device_one_size = !line.identified;
    memory.device_samples = main.knobs.batch_size;
  }
  return memory;
}

}  // namespace stallpoint
