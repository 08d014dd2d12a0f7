// Device time per step over batch sizes.
#include <algorithm>
#include <cmath>
#include <map>

#include "replay/fit/fit.h"
#include "replay/statistics.h"

namespace stallpoint {
namespace {

// With one batch size the split between fixed and per sample is unknown: this part is taken as fixed, and the interval
// reaches from all fixed to all per sample.
constexpr double kAssumedFixedPart = 0.15;
constexpr size_t kFewestAtSize = 3;
constexpr double kFitError = 0.015;
constexpr double kErrorPerDoubling = 0.05;
// What loading and steps of a run differ by from those of others, each by itself.
constexpr double kOwnSpeed = 0.02;
constexpr double kUnknownDevice = 0.5;
constexpr double kLargestResidual = 10;

double IntraOpThreads(const RunRecord& run) {
  constexpr double kMost = 4096;  // that --intra-op takes
  const double chosen = run.knobs.intra_op_threads > 0 ? run.knobs.intra_op_threads : std::floor(run.usable_cores - 1);
  return std::clamp(chosen, 1.0, kMost);
}

// Relative: of one more run about the usual of those of its size.
struct RunNoise {
  double standard = 0, degrees = 0;

  double End() const { return TwoSidedT(kConfidenceOfErrors, degrees) * standard; }  // of an interval
};
RunNoise RunToRun(const std::map<int64_t, std::vector<double>>& usual_of_runs) {
  double squares = kNoisePrior * kRunToRunNoise * kRunToRunNoise, degrees = kNoisePrior;
  for (const auto& [samples, usual] : usual_of_runs) {
    const double middle = Median(usual);
    for (const double value : usual) squares += std::pow(std::log(value / middle), 2);
    degrees += static_cast<double>(usual.size() - 1);
  }
  return {std::sqrt(squares / degrees), degrees};
}

// How many times as slowly as the host that the model is of each run's computed, steps being slow as loading is: on a
// host whose speed changes. What runs of an even one differ by is their own.
std::vector<double> SlownessOfSteps(absl::Span<const FittedRun> runs, double stretch) {
  std::vector<double> logs, slow;
  for (const FittedRun& fitted : runs) {
    logs.push_back(std::log(HostSlowness(fitted, runs.front(), stretch).value_or(1)));
  }
  const double middle = Mean(logs), squares = std::pow(StandardDeviation(logs), 2);
  const double follow = squares / (squares + kOwnSpeed * kOwnSpeed);
  for (size_t r = 0; r < runs.size(); ++r) {
    slow.push_back(SlowDown(runs[r].costs, stretch) * std::exp(follow * (logs[r] - middle)));
  }
  return slow;
}

// How far a step of so many samples may be, beside one of the recorded size, from what runs of either made it seem.
double LuckOfSizes(const DeviceModel& device, int64_t samples) {
  const double usual = device.step.Ratio(samples, device.recorded_samples);
  double squares = 0;
  for (const BatchGrowth& line : device.unlucky) {
    squares += std::pow(std::log(line.Ratio(samples, device.recorded_samples) / usual), 2);
  }
  return std::sqrt(squares);
}

}  // namespace

bool DeviceModel::Extrapolates(int64_t samples) const {
  if (!known) return true;
  if (stated) return false;
  if (one_size) return samples != fewest_samples;
  return samples > 2 * most_samples || 2 * samples < fewest_samples;
}

double DeviceModel::LevelError() const {
  if (!known) return kUnknownDevice;
  return stated ? 0 : std::hypot(kFitError, sampling_error);
}

Uncertainty DeviceModel::ErrorOfSize(int64_t samples) const {
  if (!known || stated) return {};
  const double n = static_cast<double>(samples);
  if (one_size) {
    const double here = StepNs(n);
    if (here <= 0) return {};
    const double recorded = StepNs(static_cast<double>(fewest_samples));
    const double proportional = recorded * n / static_cast<double>(fewest_samples);
    return {1 - std::min({here, recorded, proportional}) / here, std::max({here, recorded, proportional}) / here - 1};
  }
  double doublings = 0;
  if (samples > most_samples) doublings = std::log2(n / static_cast<double>(most_samples));
  if (samples < fewest_samples) doublings = std::log2(static_cast<double>(fewest_samples) / n);
  const double error = std::hypot(kErrorPerDoubling * doublings, LuckOfSizes(*this, samples));
  return {error, error};
}

DeviceModel FitDevice(absl::Span<const FittedRun> runs, double stretch) {
  const RunRecord& main = *runs.front().run;
  DeviceModel device;
  const absl::StatusOr<DeviceSpec> spec = ParseDevice(main.knobs.device);
  const bool on_host = spec.ok() && spec->kind == DeviceSpec::Kind::kCpu;
  if (on_host) device.threads = IntraOpThreads(main);
  std::map<int64_t, std::vector<double>> by_size, usual_of_runs;
  const std::vector<double> slow_of_runs =
      on_host ? SlownessOfSteps(runs, stretch) : std::vector<double>(runs.size(), 1);
  for (size_t r = 0; r < runs.size(); ++r) {
    const FittedRun& fitted = runs[r];
    if (fitted.run->knobs.device != main.knobs.device) continue;
    const double slow = slow_of_runs[r];
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
  const RunNoise noise = RunToRun(usual_of_runs);
  if (on_host) device.run_to_run = noise.standard;
  device.recorded_samples = main.knobs.batch_size;
  device.residuals = {1};
  if (points.empty()) {
    device.known = false;
    return device;
  }
  const Line line = FitLine(points);
  device.fewest_samples = static_cast<int64_t>(points.front().samples);
  device.most_samples = static_cast<int64_t>(points.back().samples);
  device.one_size = !line.identified;
  device.step = {line.fixed, line.slope};
  if (device.one_size) {
    const SizePoint& most =
        *std::max_element(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.count < b.count; });
    device.fewest_samples = device.most_samples = static_cast<int64_t>(most.samples);
    device.step = {most.value * kAssumedFixedPart, most.value * (1 - kAssumedFixedPart) / most.samples};
  }
  if (on_host && line.identified) {
    for (SizePoint& point : points) {
      const double usual = point.value;
      const auto runs_of_size = static_cast<double>(usual_of_runs[static_cast<int64_t>(point.samples)].size());
      point.value *= 1 + noise.End() / std::sqrt(std::max(1.0, runs_of_size));
      const Line moved = FitLine(points);
      device.unlucky.push_back({moved.fixed, moved.slope});
      point.value = usual;
    }
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
