#include "replay/diagnose/probe_evidence.h"

#include <cmath>
#include <optional>

#include "fmt/core.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

// So many looks that find nobody waiting mean something.
constexpr int64_t kFewestLooks = 8;

struct MeanInWindow {
  double mean = 0;
  int64_t values = 0;
};

std::optional<MeanInWindow> MeanOf(const RunRecord& run, const char* series, const SteadyWindow& window) {
  const auto found = run.counters.find(series);
  if (found == run.counters.end()) return std::nullopt;
  MeanInWindow sum;
  for (const CounterPoint& point : found->second) {
    if (point.time_ns < window.begin_ns || point.time_ns > window.end_ns || !std::isfinite(point.value)) continue;
    ++sum.values;
    sum.mean += (point.value - sum.mean) / static_cast<double>(sum.values);
  }
  if (sum.values == 0) return std::nullopt;
  return sum;
}

}  // namespace

std::string StorageEvidence(const RunRecord& run, const SteadyWindow& window) {
  const auto blocked = MeanOf(run, "storage.threads_blocked", window);
  if (!blocked || blocked->values < kFewestLooks) return "";
  if (blocked->mean == 0) {
    return fmt::format(
        "in {} looks no thread was blocked on a disk: the waits are for something else, a network, a lock or a sleep",
        blocked->values);
  }
  std::string line = fmt::format("{:.2g} threads were blocked on a disk on the average", blocked->mean);
  if (const auto latency = MeanOf(run, "storage.device_read_latency", window)) {
    line += fmt::format("; the data's disk took {:.3g} ms a read", latency->mean / kNsPerMs);
  }
  if (const auto busy = MeanOf(run, "storage.device_busy", window)) {
    line += fmt::format("; it was busy {:.0f} % of the time", busy->mean * 100);
  }
  return line;
}

}  // namespace stallpoint
