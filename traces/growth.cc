#include "traces/growth.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace stallpoint {

namespace {

std::optional<Growth> GrowthSince(int64_t begin_ns, const RunRecord& run, const std::string& series) {
  const auto points = run.counters.find(series);
  if (points == run.counters.end()) return std::nullopt;
  // Batches until all that is made once is there: the queue, steps in flight, and what the first step leaves.
  const int64_t pipeline = std::max<int64_t>(1, int64_t{run.knobs.worker_count} * run.knobs.prefetch_depth) +
                           std::max<int64_t>(1, run.knobs.steps_in_flight) + 1;
  std::vector<int64_t> loaded_ns;
  for (const BatchRecord& batch : run.batches) {
    if (batch.index >= 0 && batch.load_end_ns >= 0) loaded_ns.push_back(batch.load_end_ns);
  }
  std::sort(loaded_ns.begin(), loaded_ns.end());
  const auto batches_by = [&](int64_t time_ns) {
    return std::upper_bound(loaded_ns.begin(), loaded_ns.end(), time_ns) - loaded_ns.begin();
  };
  std::vector<const CounterPoint*> readings;
  for (const CounterPoint& point : points->second) {
    if (point.time_ns < begin_ns || batches_by(point.time_ns) < pipeline || point.time_ns > loaded_ns.back()) continue;
    readings.push_back(&point);
  }
  if (readings.size() < 2) return std::nullopt;
  const auto batches = [&](const CounterPoint* reading) { return batches_by(reading->time_ns); };
  const int64_t middle = (batches(readings.front()) + batches(readings.back())) / 2;
  const auto halfway = std::find_if(readings.begin(), readings.end() - 1,
                                    [&](const CounterPoint* reading) { return batches(reading) >= middle; });
  const int64_t begin = batches(readings.front()), length = batches(readings.back()) - begin;
  if (length <= 0) return std::nullopt;
  Growth growth{readings.front()->value, (*halfway)->value, readings.back()->value, length * run.knobs.batch_size};
  double squares = 0;
  for (const CounterPoint* reading : readings) {
    const double part = static_cast<double>(batches(reading) - begin) / static_cast<double>(length);
    squares += std::pow(reading->value - (growth.first + part * growth.added()), 2);
  }
  growth.scatter = std::sqrt(squares / static_cast<double>(readings.size()));
  return growth;
}

}  // namespace

std::optional<Growth> MeasureGrowth(const RunRecord& run, const std::string& series) {
  return GrowthSince(0, run, series);
}

std::optional<Growth> MeasureDeviceGrowth(const RunRecord& run) {
  std::vector<int64_t> ended_ns;
  for (const IterationRecord& step : run.iterations) {
    if (step.device_end_ns >= 0) ended_ns.push_back(step.device_end_ns);
  }
  const auto first_steps = static_cast<size_t>(std::max<int64_t>(1, run.knobs.steps_in_flight));
  if (ended_ns.size() <= first_steps) return std::nullopt;
  std::nth_element(ended_ns.begin(), ended_ns.begin() + static_cast<std::ptrdiff_t>(first_steps), ended_ns.end());
  const char* series = run.counters.contains("device_memory_kept") ? "device_memory_kept" : "device_memory";
  return GrowthSince(ended_ns[first_steps], run, series);
}

}  // namespace stallpoint
