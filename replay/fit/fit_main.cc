// What main's part of a step and the copy of its batch cost over batch sizes.
#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "replay/fit/fit.h"
#include "replay/statistics.h"

namespace stallpoint {
namespace {

// Standard errors by which sizes have to differ before it is the size that they differ by.
constexpr double kSignificant = 3;

using BySize = std::map<int64_t, std::vector<double>>;

Line LineOf(const BySize& by_size) {
  std::vector<SizePoint> points;
  for (const auto& [samples, values] : by_size) {
    points.push_back({static_cast<double>(samples), Median(values), static_cast<double>(values.size())});
  }
  return FitLine(points);
}

// Whether the smallest and the largest size differ by more than runs of one size do. `of_runs`: logarithms of what is
// usual in each run; `luck`: standard, of the core that main had in it.
bool Differ(const BySize& of_runs, double luck) {
  if (of_runs.size() < 2) return false;
  double count = kNoisePrior, squares = count * (kRunToRunNoise * kRunToRunNoise + luck * luck);
  for (const auto& [samples, logs] : of_runs) {
    const double mean = Mean(logs);
    for (const double value : logs) squares += (value - mean) * (value - mean);
    count += static_cast<double>(logs.size() - 1);
  }
  const std::vector<double>&small = of_runs.begin()->second, &large = of_runs.rbegin()->second;
  const double error =
      std::sqrt(squares / count * (1.0 / static_cast<double>(small.size()) + 1.0 / static_cast<double>(large.size())));
  return std::abs(Mean(large) - Mean(small)) > kSignificant * error;
}

}  // namespace

LaunchFit FitLaunch(absl::Span<const FittedRun> runs, double stretch, const UnevenCores& cores) {
  LaunchFit fit;
  BySize of_runs, of_steps;
  double of_main = 0;
  for (const FittedRun& fitted : runs) {
    const Knobs& knobs = fitted.run->knobs;
    std::vector<double> values;
    for (const MainCost& cost : fitted.costs.main) {
      values.push_back(cost.launch_ns / SlowDown(fitted.costs, stretch));
    }
    const double usual = Median(values);
    if (&fitted == runs.data()) of_main = usual;
    if (knobs.device != runs.front().run->knobs.device || usual <= 0) continue;
    of_runs[knobs.batch_size].push_back(std::log(usual));
    of_steps[knobs.batch_size].push_back(usual);
  }
  if (of_main <= 0) return fit;
  if (Differ(of_runs, cores.Over(runs.front().run->end_ns - runs.front().run->begin_ns))) {
    const Line line = LineOf(of_steps);
    fit.growth = {line.fixed, line.slope};
  }
  // How fast main was is luck of each run, the recorded one too.
  const int64_t recorded = runs.front().run->knobs.batch_size;
  double sum = 0, count = 0;
  for (const auto& [samples, logs] : of_runs) {
    for (const double value : logs) sum += value - std::log(fit.growth.Ratio(samples, recorded));
    count += static_cast<double>(logs.size());
  }
  fit.level = std::exp(sum / count) / of_main / SlowDown(runs.front().costs, stretch);
  return fit;
}

DeviceCopies FitDeviceCopies(absl::Span<const FittedRun> runs) {
  BySize by_size;
  const Knobs& main = runs.front().run->knobs;
  for (const FittedRun& fitted : runs) {
    const Knobs& knobs = fitted.run->knobs;
    if (knobs.device != main.device || knobs.pin_host_memory != main.pin_host_memory) continue;
    for (const StepCost& copy : fitted.costs.copies) by_size[copy.samples].push_back(copy.step_ns);
  }
  DeviceCopies copies;
  if (by_size.empty()) return copies;
  const Line line = LineOf(by_size);
  const auto most = std::max_element(by_size.begin(), by_size.end(),
                                     [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
  // Of one size nothing is known but that bytes take time.
  copies.growth = line.identified ? BatchGrowth{line.fixed, line.slope}
                                  : BatchGrowth{0, Median(most->second) / static_cast<double>(most->first)};
  for (const auto& [samples, values] : by_size) {
    const double expected = copies.growth.At(samples);
    for (const double value : values) copies.residuals.push_back(expected > 0 ? value / expected : 1);
  }
  return copies;
}

}  // namespace stallpoint
