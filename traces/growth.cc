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
  const CounterPoint *first = nullptr, *last = nullptr;
  for (const CounterPoint& point : points->second) {
    if (batches_by(point.time_ns) < pipeline) continue;
    if (first == nullptr) first = &point;
    last = &point;
  }
  if (first == nullptr || last == first) return std::nullopt;
  const Growth growth{first->value, last->value,
                      (batches_by(last->time_ns) - batches_by(first->time_ns)) * run.knobs.batch_size};
  if (growth.samples <= 0) return std::nullopt;
  return growth;
}

}  // namespace stallpoint
