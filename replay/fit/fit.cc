#include "replay/fit/fit.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "replay/statistics.h"

namespace stallpoint {
namespace {

constexpr double kLargestStretch = 2.5;
// Of its logarithm, standard: 1.08 to 1.17 was seen of memory copies, and of nothing else. Runs that hardly differ in
// how busy the cores were do not show more.
constexpr double kUsualGrowth = 0.15;
// Samples that two runs met before their likeness says something.
constexpr size_t kFewestInCommon = 30;

double LengthNs(const RunRecord& run) { return static_cast<double>(run.end_ns - run.begin_ns); }

// Cost of each sample key over the steady rows, per stage, and what it waits in all.
struct KeyMeans {
  std::vector<double> cpu;
  double wait = 0;
  double count = 0;

  // Mean of a sample.
  double Wait() const { return wait / count; }
  double Cpu() const { return std::accumulate(cpu.begin(), cpu.end(), 0.0) / count; }
};

std::unordered_map<uint64_t, KeyMeans> MeansByKey(const FittedRun& fitted) {
  std::unordered_map<uint64_t, KeyMeans> means;
  std::vector<bool> steady(fitted.costs.rows.size(), false);
  for (uint32_t index : fitted.costs.steady) steady[index] = true;
  for (size_t row = 0; row < fitted.costs.key_of_row.size(); ++row) {
    if (!steady[row]) continue;
    const std::vector<Demand>& costs = fitted.costs.rows[row];
    KeyMeans& mean = means[fitted.costs.key_of_row[row]];
    mean.cpu.resize(costs.size());
    for (size_t s = 0; s < costs.size(); ++s) {
      mean.cpu[s] += costs[s].cpu;
      mean.wait += costs[s].wait;
    }
    ++mean.count;
  }
  return means;
}

using Means = std::unordered_map<uint64_t, KeyMeans>;

// Of each sample that both met, what it cost here and there.
std::vector<std::pair<const KeyMeans*, const KeyMeans*>> InCommon(const Means& here, const Means& there) {
  std::vector<std::pair<const KeyMeans*, const KeyMeans*>> both;
  for (const auto& [key, mean] : here) {
    const auto found = there.find(key);
    if (found != there.end()) both.emplace_back(&mean, &found->second);
  }
  return both;
}

std::vector<double> MeasuredRatios(const FittedRun& run, const FittedRun& main) {
  const size_t stages = main.costs.rows.front().size();
  std::vector<double> ratios(stages, 1);
  if (run.run == main.run || run.run->sample_stages != main.run->sample_stages) return ratios;
  const auto of_run = MeansByKey(run);
  const auto of_main = MeansByKey(main);
  std::vector<double> sum_run(stages, 0), sum_main(stages, 0);
  const auto both = InCommon(of_run, of_main);
  for (const auto& [here, there] : both) {
    for (size_t s = 0; s < stages; ++s) {
      sum_run[s] += here->cpu[s] / here->count;
      sum_main[s] += there->cpu[s] / there->count;
    }
  }
  constexpr size_t kFewestCommon = 20;
  if (both.size() < kFewestCommon) {
    std::fill(sum_run.begin(), sum_run.end(), 0.0);
    std::fill(sum_main.begin(), sum_main.end(), 0.0);
    for (uint32_t row : run.costs.steady) {
      for (size_t s = 0; s < stages; ++s) sum_run[s] += run.costs.rows[row][s].cpu / run.costs.steady.size();
    }
    for (uint32_t row : main.costs.steady) {
      for (size_t s = 0; s < stages; ++s) sum_main[s] += main.costs.rows[row][s].cpu / main.costs.steady.size();
    }
  }
  for (size_t s = 0; s < stages; ++s) {
    if (sum_main[s] > 0 && sum_run[s] > 0) ratios[s] = std::clamp(sum_run[s] / sum_main[s], 0.25, 4.0);
  }
  return ratios;
}

bool ReadAlike(const FittedRun& run, const FittedRun& main) {
  return std::abs(ColdShareOf(run.costs) - ColdShareOf(main.costs)) <= kSameShare;
}

// Of all stages that do not read, weighted by what the main run computes in them.
double RatioBesideReads(const std::vector<double>& ratios, const FittedRun& main) {
  double weighted = 0, weights = 0;
  for (const uint32_t row : main.costs.steady) {
    for (size_t s = 0; s < ratios.size(); ++s) {
      if (main.costs.reads[s]) continue;
      weighted += main.costs.rows[row][s].cpu * ratios[s];
      weights += main.costs.rows[row][s].cpu;
    }
  }
  return weights > 0 ? weighted / weights : 1;
}

}  // namespace

double FitColdSlow(std::vector<FittedRun>* runs) {
  const FittedRun& main = runs->front();
  std::vector<double> x, y;
  for (const FittedRun& fitted : *runs) {
    x.push_back(ColdShareOf(fitted.costs));
    y.push_back(std::log(RatioBesideReads(MeasuredRatios(fitted, main), main)));
  }
  const Regression line = Regress(x, y);
  if (line.slope <= 0) return 1;
  const double squares = kNoisePrior * kRunToRunNoise * kRunToRunNoise + SquaresAbout(line, x, y);
  const double noise = squares / (kNoisePrior + static_cast<double>(x.size()) - 2) / line.spread;
  const double slope = line.slope * line.slope * line.slope / (line.slope * line.slope + noise);
  for (size_t i = 0; i < runs->size(); ++i) (*runs)[i].cold_slow = std::exp(slope * (x[i] - x.front()));
  return std::exp(slope);
}

Line FitLine(const std::vector<SizePoint>& points) {
  Line line;
  double weights = 0, mean_x = 0, mean_y = 0;
  double smallest = INFINITY, largest = 0;
  for (const SizePoint& point : points) {
    weights += point.count;
    mean_x += point.count * point.samples;
    mean_y += point.count * point.value;
    smallest = std::min(smallest, point.samples);
    largest = std::max(largest, point.samples);
  }
  if (weights <= 0) return line;
  mean_x /= weights;
  mean_y /= weights;
  line.identified = largest >= 1.25 * smallest;
  double xx = 0, xy = 0;
  for (const SizePoint& point : points) {
    xx += point.count * (point.samples - mean_x) * (point.samples - mean_x);
    xy += point.count * (point.samples - mean_x) * (point.value - mean_y);
  }
  line.slope = line.identified && xx > 0 ? std::max(0.0, xy / xx) : 0;
  line.fixed = mean_y - line.slope * mean_x;
  if (line.fixed < 0) {
    line.fixed = 0;
    line.slope = mean_x > 0 ? mean_y / mean_x : 0;
  }
  return line;
}

double SlowDown(const RunCosts& costs, double stretch) { return 1 + (stretch - 1) * costs.crowd; }

std::vector<double> CpuRatios(const FittedRun& run, const FittedRun& main) {
  std::vector<double> ratios = MeasuredRatios(run, main);
  if (ReadAlike(run, main)) return ratios;
  const double others = RatioBesideReads(ratios, main) / run.cold_slow;
  for (size_t s = 0; s < ratios.size(); ++s) ratios[s] = main.costs.reads[s] ? others : ratios[s] / run.cold_slow;
  return ratios;
}

std::optional<double> HostSlowness(const FittedRun& run, const FittedRun& main, double stretch) {
  const std::vector<double> ratios = CpuRatios(run, main);
  double weighted = 0, weights = 0;
  for (uint32_t row : main.costs.steady) {
    for (size_t s = 0; s < ratios.size(); ++s) {
      weighted += main.costs.rows[row][s].cpu * ratios[s];
      weights += main.costs.rows[row][s].cpu;
    }
  }
  if (weights <= 0) return std::nullopt;
  return weighted / weights / SlowDown(run.costs, stretch);
}

double FitStretch(absl::Span<const FittedRun> runs, const UnevenCores& cores) {
  std::vector<double> x, y;
  double luck = 0;  // squares, of whose cores were fast
  for (const FittedRun& fitted : runs) {
    const std::optional<double> slow = HostSlowness(fitted, runs.front(), 1);
    if (!slow) continue;
    x.push_back(fitted.costs.crowd);
    y.push_back(std::log(*slow));
    luck += std::pow(cores.Over(LengthNs(*fitted.run)), 2) / std::max(1, fitted.run->knobs.worker_count);
  }
  if (x.size() < 2) return 1;
  luck /= static_cast<double>(x.size());
  const Regression line = Regress(x, y);
  const double growth = line.slope;
  if (line.spread < 0.02 || growth <= 0) return 1;
  const double squares = kNoisePrior * (kRunToRunNoise * kRunToRunNoise + luck) + SquaresAbout(line, x, y);
  const double noise = squares / (kNoisePrior + static_cast<double>(x.size()) - 2) / line.spread;
  const double usual = kUsualGrowth * kUsualGrowth;
  const double trust = growth * growth / (growth * growth + noise) * usual / (usual + noise);
  return std::min(kLargestStretch, std::exp(growth * trust));
}

std::optional<WaitsCompared> CompareWaits(const FittedRun& run, const FittedRun& main) {
  if (!ReadAlike(run, main)) return std::nullopt;
  const Means of_run = MeansByKey(run), of_main = MeansByKey(main);
  std::vector<double> here, there;
  for (const auto& [a, b] : InCommon(of_run, of_main)) {
    here.push_back(a->Wait());
    there.push_back(b->Wait());
  }
  const double waited = Mean(there) * static_cast<double>(there.size());
  if (here.size() < kFewestInCommon || waited <= 0 || Mean(here) <= 0) return std::nullopt;
  const double ratio = Mean(here) / Mean(there);
  double squares = 0;
  for (size_t i = 0; i < here.size(); ++i) squares += std::pow(here[i] - ratio * there[i], 2);
  return WaitsCompared{std::log(ratio), std::sqrt(squares) / (ratio * waited)};
}

OwnCosts FitOwnCosts(absl::Span<const FittedRun> runs) {
  const Means main = MeansByKey(runs.front());
  double pairs = 0, waits = 0, cpus = 0;
  for (const FittedRun& fitted : runs.subspan(1)) {
    std::vector<double> wait_here, wait_there, cpu_here, cpu_there;
    const Means means = MeansByKey(fitted);
    for (const auto& [there, here] : InCommon(means, main)) {
      wait_here.push_back(here->Wait());
      wait_there.push_back(there->Wait());
      cpu_here.push_back(here->Cpu());
      cpu_there.push_back(there->Cpu());
    }
    if (cpu_here.size() < kFewestInCommon) continue;
    const auto count = static_cast<double>(cpu_here.size());
    pairs += count;
    waits += count * Correlation(wait_here, wait_there);
    cpus += count * Correlation(cpu_here, cpu_there);
  }
  if (pairs == 0) return {};
  return {std::clamp(waits / pairs, 0.0, 1.0), std::clamp(cpus / pairs, 0.0, 1.0)};
}

}  // namespace stallpoint
