#include "traces/run_summary.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "traces/timeline.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

constexpr int64_t kFewestSteadySteps = 20;
constexpr double kNsPerS = 1e9;

// When each iteration came to its end, -1 where that was not recorded: on the device, or on main without one.
std::vector<int64_t> StepEnds(const RunRecord& run) {
  const bool on_device = run.has_device_timeline();
  std::vector<int64_t> ends;
  ends.reserve(run.iterations.size());
  for (const IterationRecord& it : run.iterations) {
    const int64_t on_main = it.launch_end_ns < 0 ? -1 : std::max(it.launch_end_ns, it.sync_end_ns);
    ends.push_back(on_device ? it.device_end_ns : on_main);
  }
  return ends;
}

// The first recorded instant of an iteration, or -1.
int64_t FirstInstant(const IterationRecord& it) {
  int64_t first = -1;
  for (int64_t begin :
       {it.wait_begin_ns, it.receive_begin_ns, it.copy_begin_ns, it.launch_begin_ns, it.device_begin_ns}) {
    if (begin >= 0 && (first < 0 || begin < first)) first = begin;
  }
  return first;
}

// Where training proper begins: phases before it are start-up, indexing and warm-up.
int64_t EndOfWarmup(const RunRecord& run) {
  int64_t end = run.begin_ns;
  for (const PhaseSpan& phase : run.phases) {
    if (phase.name == "startup" || phase.name == "indexing" || phase.name == "warmup")
      end = std::max(end, phase.end_ns);
  }
  return end;
}

SteadyWindow FindWindow(const RunRecord& run, const std::vector<int64_t>& ends) {
  SteadyWindow window;
  int64_t last = static_cast<int64_t>(ends.size());
  while (last > 0 && ends[last - 1] < 0) --last;
  if (last == 0) return window;

  // The first step carries the device's own start-up. A window opens at the end of a step that was recorded.
  const int64_t primed = int64_t{std::max(0, run.knobs.worker_count)} * std::max(1, run.knobs.prefetch_depth);
  const int64_t warm_ns = EndOfWarmup(run);
  // While the recording of device work was ended workers loaded ahead once more.
  const int64_t observed = run.observed_steps();
  for (const int64_t earliest : {observed + primed, std::max(observed, primed), primed}) {
    int64_t first = std::clamp<int64_t>(earliest, 1, last);
    while (first < last && ends[first - 1] < warm_ns) ++first;
    if (last - first >= kFewestSteadySteps) return {first, last, ends[first - 1], ends[last - 1], true};
  }

  int64_t begin_ns = ends[last - 1];
  for (const IterationRecord& it : run.iterations) {
    const int64_t instant = FirstInstant(it);
    if (instant < 0) continue;
    begin_ns = std::min(begin_ns, instant);
    break;
  }
  return {0, last, begin_ns, ends[last - 1], false};
}

// Of a sorted list; linear between neighbours.
double Quantile(const std::vector<double>& sorted, double q) {
  if (sorted.empty()) return 0;
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<size_t>(at);
  const size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - static_cast<double>(low));
}

// One epoch's batches are drained before the next is primed; only `--epochs` runs have such edges.
bool CrossesEpoch(const RunRecord& run, int64_t iteration) {
  const auto batches = static_cast<int64_t>(run.batches.size());
  if (run.planned_epochs <= 0 || iteration < 1 || iteration >= batches) return false;
  const BatchRecord& before = run.batches[iteration - 1];
  const BatchRecord& after = run.batches[iteration];
  return before.index >= 0 && after.index >= 0 && before.epoch != after.epoch;
}

void SummarizeSteps(const RunRecord& run, const std::vector<int64_t>& ends, RunSummary& summary) {
  const SteadyWindow& window = summary.window;
  const TrainingClock training(run);
  auto interval_ms = [&](int64_t i) { return static_cast<double>(training.Between(ends[i - 1], ends[i])) / kNsPerMs; };
  auto has_interval = [&](int64_t i) { return i > 0 && ends[i] >= 0 && ends[i - 1] >= 0; };

  std::vector<double> steps_ms;
  if (window.first == 0 && ends[0] >= 0) {
    steps_ms.push_back(static_cast<double>(training.Between(window.begin_ns, ends[0])) / kNsPerMs);
  }
  for (int64_t i = std::max<int64_t>(1, window.first); i < window.last; ++i) {
    if (has_interval(i)) steps_ms.push_back(interval_ms(i));
  }
  std::sort(steps_ms.begin(), steps_ms.end());
  const auto train_ns = static_cast<double>(training.Between(window.begin_ns, window.end_ns));
  summary.step_ms_median = Quantile(steps_ms, 0.5);
  summary.step_ms_p90 = Quantile(steps_ms, 0.9);
  summary.step_ms_mean = train_ns / kNsPerMs / static_cast<double>(window.steps());

  std::vector<double> usual_ms, edges_ms;
  for (int64_t i = 1; i < window.last; ++i) {
    if (!has_interval(i)) continue;
    if (CrossesEpoch(run, i)) {
      edges_ms.push_back(interval_ms(i));
    } else if (i >= window.first) {
      usual_ms.push_back(interval_ms(i));
    }
  }
  if (!edges_ms.empty() && !usual_ms.empty()) {
    std::sort(usual_ms.begin(), usual_ms.end());
    double total_ms = 0;
    for (double edge_ms : edges_ms) total_ms += edge_ms;
    summary.epoch_edge_ms = total_ms / static_cast<double>(edges_ms.size()) - Quantile(usual_ms, 0.5);
  }

  double window_samples = 0;
  for (int64_t i = window.first; i < window.last; ++i) {
    const bool known = i < static_cast<int64_t>(run.batches.size()) && run.batches[i].samples > 0;
    window_samples += static_cast<double>(known ? run.batches[i].samples : run.knobs.batch_size);
  }
  if (train_ns > 0) summary.throughput_per_s = window_samples / (train_ns / kNsPerS);
}

Shares ShareOut(const RunRecord& run, const SteadyWindow& window) {
  std::array<double, kOwners> owned_ns = {};
  ForEachOwned(run, window.begin_ns, window.end_ns, [&](const OwnedInterval& interval) {
    owned_ns[static_cast<int>(interval.owner)] += static_cast<double>(interval.end_ns - interval.begin_ns);
  });
  double total_ns = 0;
  for (int i = 0; i < kOwners; ++i) total_ns += i == static_cast<int>(Owner::kOutside) ? 0 : owned_ns[i];
  Shares shares;
  if (total_ns <= 0) {
    shares.other = 1;
    return shares;
  }
  auto share = [&](Owner owner) { return owned_ns[static_cast<int>(owner)] / total_ns; };
  shares.compute = share(Owner::kCompute);
  shares.copy = share(Owner::kCopy);
  shares.data_wait = share(Owner::kDataWait);
  shares.sync = share(Owner::kSync);
  shares.launch = share(Owner::kLaunch);
  shares.other = share(Owner::kOther);
  return shares;
}

StageSummary PerSample(const std::string& name, const StageCost& total, double wait_ns, double samples) {
  StageSummary stage;
  stage.name = name;
  stage.wall_ms = static_cast<double>(total.wall_ns) / samples / kNsPerMs;
  stage.cpu_ms = static_cast<double>(total.cpu_ns) / samples / kNsPerMs;
  stage.run_queue_ms = static_cast<double>(total.run_queue_ns) / samples / kNsPerMs;
  const bool reads = total.bytes > 0 || name == "read";
  (reads ? stage.io_ms : stage.blocked_ms) = wait_ns / samples / kNsPerMs;
  stage.bytes = static_cast<double>(total.bytes) / samples;
  stage.storage_bytes = static_cast<double>(total.storage_bytes) / samples;
  return stage;
}

void SummarizeStages(const RunRecord& run, RunSummary& summary) {
  const SteadyWindow& window = summary.window;
  const size_t columns = run.sample_stages.size();
  std::vector<StageCost> totals(columns);
  std::vector<double> waits_ns(columns);
  int64_t samples = 0;
  for (size_t row = 0; row < run.samples.size(); ++row) {
    if (run.samples[row].batch < window.first || run.samples[row].batch >= window.last) continue;
    ++samples;
    const auto costs = run.CostsOfSample(row);
    for (size_t column = 0; column < columns; ++column) {
      totals[column] += costs[column];
      waits_ns[column] += static_cast<double>(costs[column].wait_ns());
    }
  }
  for (size_t column = 0; column < columns && samples > 0; ++column) {
    summary.stages.push_back(
        PerSample(run.sample_stages[column], totals[column], waits_ns[column], static_cast<double>(samples)));
  }

  StageCost collate;
  double collate_wait_ns = 0;
  int64_t collated = 0;
  const int64_t last = std::min<int64_t>(window.last, static_cast<int64_t>(run.batches.size()));
  for (int64_t i = window.first; i < last; ++i) {
    if (run.batches[i].collate.wall_ns <= 0) continue;
    collate += run.batches[i].collate;
    collate_wait_ns += static_cast<double>(run.batches[i].collate.wait_ns());
    collated += run.batches[i].samples;
  }
  if (collated > 0) {
    summary.stages.push_back(PerSample("collate", collate, collate_wait_ns, static_cast<double>(collated)));
  }
}

const std::vector<CounterPoint>& PointsOf(const RunRecord& run, const char* series) {
  static const std::vector<CounterPoint> kNone;
  auto found = run.counters.find(series);
  return found == run.counters.end() ? kNone : found->second;
}

std::optional<uint64_t> AsBytes(double value) {
  if (!(value >= 0)) return std::nullopt;
  return static_cast<uint64_t>(std::min(value, 1e18));
}

double Peak(const std::vector<CounterPoint>& points) {
  double peak = -1;
  for (const CounterPoint& point : points) {
    if (std::isfinite(point.value)) peak = std::max(peak, point.value);
  }
  return peak;
}

std::optional<uint64_t> HostPeak(const RunRecord& run) {
  const double held = Peak(PointsOf(run, "host_memory_held_peak"));
  return AsBytes(held > 0 ? held : Peak(PointsOf(run, "host_memory_rss")));
}

std::optional<double> OtherCores(const RunRecord& run) {
  constexpr int64_t kShortestNs = 500'000'000;  // the machine's time is told in hundredths of a second
  const std::vector<CounterPoint>&own = PointsOf(run, "cpu_time_process"), &all = PointsOf(run, "cpu_time_machine");
  if (own.empty() || own.size() != all.size()) return std::nullopt;
  const int64_t length_ns = all.back().time_ns - all.front().time_ns;
  if (length_ns < kShortestNs) return std::nullopt;
  const double others = all.back().value - all.front().value - (own.back().value - own.front().value);
  return std::max(0.0, others) / static_cast<double>(length_ns);
}

}  // namespace

SteadyWindow FindSteadyWindow(const RunRecord& run) { return FindWindow(run, StepEnds(run)); }

RunSummary Summarize(const RunRecord& run) {
  RunSummary summary;
  summary.wall_s = static_cast<double>(run.end_ns - run.begin_ns) / kNsPerS;
  for (const IterationRecord& it : run.iterations) {
    if (it.index < 0) continue;
    ++summary.steps;
    const bool known = it.index < static_cast<int64_t>(run.batches.size());
    if (known) summary.samples += run.batches[it.index].samples;
  }
  for (const IterationRecord& it : run.iterations) {
    const int64_t begin_ns = it.device_begin_ns >= 0 ? it.device_begin_ns : it.launch_begin_ns;
    if (begin_ns < 0) continue;
    summary.startup_s = static_cast<double>(begin_ns - run.begin_ns) / kNsPerS;
    break;
  }
  summary.host_memory_bytes = HostPeak(run);
  summary.other_cores = OtherCores(run);
  summary.device_memory_bytes = AsBytes(Peak(PointsOf(run, "device_memory")));

  const std::vector<int64_t> ends = StepEnds(run);
  summary.window = FindWindow(run, ends);
  summary.shares = ShareOut(run, summary.window);
  if (summary.window.steps() > 0) SummarizeSteps(run, ends, summary);
  SummarizeStages(run, summary);
  return summary;
}

}  // namespace stallpoint
