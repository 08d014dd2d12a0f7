#include "traces/counter_summary.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace stallpoint {

std::vector<CounterSummary> SummarizeProbe(const RunRecord& run, const ProbeRecord& probe) {
  std::vector<CounterSummary> all;
  const std::string prefix = probe.id + ".";
  for (auto it = run.counters.lower_bound(prefix); it != run.counters.end(); ++it) {
    const auto& [name, points] = *it;
    if (name.compare(0, prefix.size(), prefix) != 0) break;
    CounterSummary summary;
    summary.most = -std::numeric_limits<double>::infinity();
    for (const CounterPoint& point : points) {
      if (!std::isfinite(point.value)) continue;
      ++summary.values;
      summary.mean += (point.value - summary.mean) / static_cast<double>(summary.values);
      summary.most = std::max(summary.most, point.value);
    }
    if (summary.values == 0) continue;
    summary.name = name.substr(prefix.size());
    if (const auto unit = run.counter_units.find(name); unit != run.counter_units.end()) summary.unit = unit->second;
    all.push_back(summary);
  }
  return all;
}

}  // namespace stallpoint
