#include "traces/growth.h"

#include <algorithm>
#include <vector>

namespace stallpoint {

std::optional<Growth> MeasureGrowth(const RunRecord& run, const std::string& series) {
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
    if (batches_by(point.time_ns) < pipeline || point.time_ns > loaded_ns.back()) continue;
    readings.push_back(&point);
  }
  if (readings.size() < 2) return std::nullopt;
  const auto batches = [&](const CounterPoint* reading) { return batches_by(reading->time_ns); };
  const int64_t middle = (batches(readings.front()) + batches(readings.back())) / 2;
  const auto halfway = std::find_if(readings.begin(), readings.end() - 1,
                                    [&](const CounterPoint* reading) { return batches(reading) >= middle; });
  const Growth growth{readings.front()->value, (*halfway)->value, readings.back()->value,
                      (batches(readings.back()) - batches(readings.front())) * run.knobs.batch_size};
  if (growth.samples <= 0) return std::nullopt;
  return growth;
}

}  // namespace stallpoint
