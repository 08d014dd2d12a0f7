// Device time per step over batch sizes.
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
  constexpr double kMost = 4096;  // that --intra-op takes
  const double chosen = run.knobs.intra_op_threads > 0 ? run.knobs.intra_op_threads : std::floor(run.usable_cores - 1);
  return std::clamp(chosen, 1.0, kMost);
}

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

}  // namespace stallpoint
