// What main's part of a step and the copy of its batch cost over batch sizes.
#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "replay/fit.h"
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

// Whether the medians of the smallest and the largest size differ by more than the values at each scatter.
bool Differ(const BySize& by_size) {
  if (by_size.size() < 2) return false;
  const std::vector<double>&small = by_size.begin()->second, &large = by_size.rbegin()->second;
  const double error = std::hypot(BlockStandardError(small), BlockStandardError(large));
  return std::abs(Median(large) - Median(small)) > kSignificant * error;
}

}  // namespace

BatchGrowth FitLaunch(absl::Span<const FittedRun> runs) {
  BySize by_size;
  for (const FittedRun& fitted : runs) {
    if (fitted.run->knobs.device != runs.front().run->knobs.device) continue;
    for (const MainCost& cost : fitted.costs.main) by_size[fitted.run->knobs.batch_size].push_back(cost.launch_ns);
  }
  if (!Differ(by_size)) return {};
  const Line line = LineOf(by_size);
  return {line.fixed, line.slope};
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
