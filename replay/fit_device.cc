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

// Standard, relative: of one more run about the usual of those of its size.
double RunToRun(const std::map<int64_t, std::vector<double>>& usual_of_runs) {
  double squares = kNoisePrior * kRunToRunNoise * kRunToRunNoise, count = kNoisePrior;
  for (const auto& [samples, usual] : usual_of_runs) {
    const double middle = Median(usual);
    for (const double value : usual) squares += std::pow(std::log(value / middle), 2);
    count += static_cast<double>(usual.size() - 1);
  }
  return std::sqrt(squares / count);
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
  std::map<int64_t, std::vector<double>> by_size, usual_of_runs;
  for (const FittedRun& fitted : runs) {
    if (fitted.run->knobs.device != main.knobs.device) continue;
    const double slow = on_host ? SlowDown(fitted.costs, stretch) : 1;
    std::map<int64_t, std::vector<double>> of_run;
    for (const StepCost& step : fitted.costs.steps) of_run[step.samples].push_back(step.step_ns / slow);
    for (const auto& [samples, values] : of_run) {
      by_size[samples].insert(by_size[samples].end(), values.begin(), values.end());
      if (values.size() >= kFewestAtSize) usual_of_runs[samples].push_back(Median(values));
    }
  }
  std::vector<SizePoint> points;
  for (const auto& [samples, values] : by_size) {
    if (values.size() < kFewestAtSize && by_size.size() > 1) continue;
    // How fast a process computes on the host is luck of each run, of the longest no less.
    const std::vector<double>& usual = usual_of_runs[samples];
    const double level = on_host && usual.size() > 1 ? Median(usual) : Median(values);
    points.push_back({static_cast<double>(samples), level, static_cast<double>(values.size())});
  }
  if (on_host) device.run_to_run = RunToRun(usual_of_runs);
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
