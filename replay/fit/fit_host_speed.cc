// How far the host may be from as fast, and as prompt, as it was recorded.
//
// Speeds of a shared host drift apart: minutes apart, runs differ by 1.3 to 2.6 times as much as seconds apart, and not
// by more after five minutes; how late it wakes threads differs by 1 to 11 times as much (replay/evidence.md). A
// recording is over within a minute or so, and sees only the latter.
#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "replay/fit/fit.h"
#include "replay/statistics.h"

namespace stallpoint {
namespace {

// `usual`: by how much runs of a recording differ, standard, before that is seen, and the weight of that in
// observations: next to nothing on an idle machine. What is not known of it is in the quantile, which is Student's:
// wide while little was seen. `apart`: what minutes differ by to what runs of one do.
struct Change {
  double usual, apart;
};
constexpr Change kOfSpeed = {0.016, 1.8}, kOfWaits = {0.002, 2.4};
constexpr double kPrior = 1;
// Runs over more than five minutes are of several themselves.
constexpr double kMinutesNs = 300e9;
// Who hardly waits may well wait many times as long, and it is no matter.
constexpr double kMostOfWaits = 1;
// A host is rather slower than usual than faster.
constexpr double kSlower = 1.18, kFaster = 0.85;
constexpr size_t kQuarters = 4, kFewestOfAQuarter = 10;

// Of logarithms, about their mean.
struct Scatter {
  double squares = 0, observations = 0;

  void Add(const Scatter& other) {
    squares += other.squares;
    observations += other.observations;
  }
};

Scatter ScatterOf(const std::vector<double>& logs) {
  if (logs.size() < 2) return {};
  const double center = Mean(logs);
  Scatter scatter{0, static_cast<double>(logs.size()) - 1};
  for (const double value : logs) scatter.squares += (value - center) * (value - center);
  return scatter;
}

// What the quarters of a run differ by beyond what the values in them explain.
Scatter ScatterWithin(const std::vector<double>& values) {
  if (values.size() < kQuarters * kFewestOfAQuarter) return {};
  std::vector<double> quarters;
  double explained = 0;
  for (size_t q = 0; q < kQuarters; ++q) {
    const std::vector<double> quarter(
        values.begin() + static_cast<std::ptrdiff_t>(q * values.size() / kQuarters),
        values.begin() + static_cast<std::ptrdiff_t>((q + 1) * values.size() / kQuarters));
    const double mean = Mean(quarter);
    if (mean <= 0) return {};
    explained += std::pow(StandardDeviation(quarter) / mean, 2) / static_cast<double>(quarter.size());
    quarters.push_back(std::log(mean));
  }
  Scatter scatter = ScatterOf(quarters);
  scatter.squares = std::max(0.0, scatter.squares - scatter.observations * explained / kQuarters);
  return scatter;
}

double LengthNs(const FittedRun& fitted) { return static_cast<double>(fitted.run->end_ns - fitted.run->begin_ns); }

// Of the runs, and of the quarters of the main run where these are as long as the other runs. Shorter ones are too near
// to each other to tell of runs: where there is nothing else they are one observation. `explained`: squares of `logs`
// that are chance within the runs.
Scatter OfRuns(absl::Span<const FittedRun> runs, const std::vector<double>& logs, double explained,
               const std::vector<double>& main) {
  Scatter scatter = ScatterOf(logs), within = ScatterWithin(main);
  scatter.squares = std::max(0.0, scatter.squares - explained);
  std::vector<double> others;
  for (const FittedRun& fitted : runs.subspan(1)) others.push_back(LengthNs(fitted));
  const bool as_long = !others.empty() && LengthNs(runs.front()) >= kQuarters * Median(others);
  if (!as_long && scatter.observations > 0) return scatter;
  if (!as_long && within.observations > 0) within = {within.squares / within.observations, 1};
  scatter.Add(within);
  return scatter;
}

// From the first run's begin to the last one's end.
double SpanNs(absl::Span<const FittedRun> runs) {
  const auto begins = [](const FittedRun& a, const FittedRun& b) { return a.run->begin_ns < b.run->begin_ns; };
  const auto ends = [](const FittedRun& a, const FittedRun& b) { return a.run->end_ns < b.run->end_ns; };
  return static_cast<double>(std::max_element(runs.begin(), runs.end(), ends)->run->end_ns -
                             std::min_element(runs.begin(), runs.end(), begins)->run->begin_ns);
}

Scatter OfLoading(absl::Span<const FittedRun> runs, double stretch) {
  std::vector<double> logs, batches;
  for (const FittedRun& fitted : runs) {
    if (const auto slow = HostSlowness(fitted, runs.front(), stretch)) logs.push_back(std::log(*slow));
  }
  for (const BatchCost& batch : runs.front().costs.batches) {
    batches.push_back(batch.whole.cpu / static_cast<double>(batch.samples));
  }
  return OfRuns(runs, logs, 0, batches);
}

Scatter OfStepping(absl::Span<const FittedRun> runs, double stretch, const DeviceModel& device) {
  std::vector<double> logs, steps;
  for (const FittedRun& fitted : runs) {
    if (fitted.run->knobs.device != runs.front().run->knobs.device) continue;
    std::vector<double> ratios;
    for (const StepCost& step : fitted.costs.steps) {
      ratios.push_back(step.step_ns / device.StepNs(static_cast<double>(step.samples)));
    }
    if (ratios.empty()) continue;
    if (&fitted == &runs.front()) steps = ratios;
    logs.push_back(std::log(Median(ratios) / SlowDown(fitted.costs, stretch)));
  }
  return OfRuns(runs, logs, 0, steps);
}

// A host whose cores fall asleep, or are another's meanwhile, wakes threads late.
Scatter OfWaiting(absl::Span<const FittedRun> runs) {
  std::vector<double> logs, batches;
  double explained = 0;
  for (const FittedRun& fitted : runs) {
    const std::optional<WaitsCompared> compared = CompareWaits(fitted, runs.front());
    if (!compared) continue;
    logs.push_back(compared->log);
    explained += compared->error * compared->error;
  }
  for (const BatchCost& batch : runs.front().costs.batches) {
    batches.push_back(batch.whole.wait / static_cast<double>(batch.samples));
  }
  return OfRuns(runs, logs, explained, batches);
}

// End of an interval, of what runs in another minute differ from the recorded ones by.
double OfMinutes(absl::Span<const FittedRun> runs, const Scatter& seen, const Change& change) {
  const double observations = kPrior + seen.observations;
  const double of_runs = std::sqrt((kPrior * change.usual * change.usual + seen.squares) / observations);
  // The minute of the recording is off as well, and all that is known of it is that its runs are within it.
  const double apart = SpanNs(runs) < kMinutesNs ? change.apart : 1;
  return TwoSidedT(kConfidenceOfErrors, observations) * of_runs *
         std::sqrt(2 * apart * apart - 1 + 1 / static_cast<double>(runs.size()));
}

}  // namespace

Uncertainty FitHostWaits(absl::Span<const FittedRun> runs) {
  const double change = std::min(kMostOfWaits, OfMinutes(runs, OfWaiting(runs), kOfWaits));
  return {kFaster * change, kSlower * change};
}

Uncertainty FitHostSpeed(absl::Span<const FittedRun> runs, double stretch, const UnevenCores& uneven_cores,
                         const DeviceModel& device) {
  Scatter seen = OfLoading(runs, stretch);
  if (device.threads > 0 && device.known && !device.stated) {
    // The same moments, seen twice.
    const Scatter stepping = OfStepping(runs, stretch, device);
    seen = {(seen.squares + stepping.squares) / 2, std::max(seen.observations, stepping.observations)};
  }
  // Who makes cores uneven makes all of them slower or faster, in the minute of the recording and in others.
  const double change =
      std::max(OfMinutes(runs, seen, kOfSpeed), TwoSidedZ(kConfidenceOfErrors) * M_SQRT2 * uneven_cores.spread);
  return {kFaster * change, kSlower * change};
}

}  // namespace stallpoint
