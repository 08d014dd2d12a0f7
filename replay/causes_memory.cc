// Causes of a run that ended for want of memory.
#include <algorithm>
#include <cmath>
#include <vector>

#include "fmt/core.h"
#include "replay/causes.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

constexpr double kMostOfLimit = 0.9;

struct Growth {
  double first_bytes = 0, last_bytes = 0;
  int64_t samples = 0;  // loaded between the two readings
  double per_sample() const { return (last_bytes - first_bytes) / static_cast<double>(samples); }
};

// Of the memory held, since the pipeline was full: buffers and workers have come to their size by then.
std::optional<Growth> MeasureGrowth(const RunRecord& run) {
  const auto held = run.counters.find("host_memory_held");
  if (held == run.counters.end()) return std::nullopt;
  const int64_t pipeline = std::max<int64_t>(1, int64_t{run.knobs.worker_count} * run.knobs.prefetch_depth);  // batches
  std::vector<int64_t> loaded_ns;
  for (const BatchRecord& batch : run.batches) {
    if (batch.index >= 0 && batch.load_end_ns >= 0) loaded_ns.push_back(batch.load_end_ns);
  }
  std::sort(loaded_ns.begin(), loaded_ns.end());
  const auto batches_by = [&](int64_t time_ns) {
    return std::upper_bound(loaded_ns.begin(), loaded_ns.end(), time_ns) - loaded_ns.begin();
  };
  const CounterPoint *first = nullptr, *last = nullptr;
  for (const CounterPoint& point : held->second) {
    if (batches_by(point.time_ns) < pipeline) continue;
    if (first == nullptr) first = &point;
    last = &point;
  }
  if (first == nullptr || last == first) return std::nullopt;
  Growth growth{first->value, last->value,
                (batches_by(last->time_ns) - batches_by(first->time_ns)) * run.knobs.batch_size};
  if (growth.samples <= 0) return std::nullopt;
  return growth;
}

}  // namespace

std::optional<Cause> FindMemoryGrowth(const Case& c) {
  constexpr double kLeastShare = 0.2;  // of the memory held at the end
  if (c.run.outcome != "out-of-memory") return std::nullopt;
  const std::optional<Growth> growth = MeasureGrowth(c.run);
  if (!growth || growth->last_bytes - growth->first_bytes < kLeastShare * growth->last_bytes) return std::nullopt;
  Cause cause;
  cause.id = "worker-memory-growth";
  cause.share = 1;
  cause.evidence.push_back(c.run.outcome_message);
  cause.evidence.push_back(fmt::format(
      "with the pipeline full the process grew from {} to {} while {} samples were loaded: {} a sample",
      HumanSize(growth->first_bytes), HumanSize(growth->last_bytes), growth->samples, HumanSize(growth->per_sample())));
  cause.advice =
      "Something is kept of every sample, and no limit is large enough for long: look for caches and lists that grow "
      "in "
      "the loading, and for memory that is never freed.";
  return cause;
}

std::string MemoryAdvice(const Case& c) {
  const Knobs& recorded = c.run.knobs;
  if (c.predictor != nullptr && recorded.host_limit_bytes > 0) {
    std::vector<Knobs> smaller;
    const auto add = [&](auto change) {
      smaller.push_back(smaller.empty() ? recorded : smaller.back());
      change(smaller.back());
    };
    for (int32_t p = recorded.prefetch_depth - 1; p >= 1; --p) add([p](Knobs& k) { k.prefetch_depth = p; });
    for (int32_t w = recorded.worker_count - 1; w >= 1; --w) add([w](Knobs& k) { k.worker_count = w; });
    for (int64_t b = recorded.batch_size / 2; b >= 1; b /= 2) add([b](Knobs& k) { k.batch_size = b; });
    for (const Knobs& knobs : smaller) {
      const Prediction p = c.predictor->Predict(knobs);
      if (!p.host_memory_bytes) break;
      if (*p.host_memory_bytes > kMostOfLimit * static_cast<double>(recorded.host_limit_bytes)) continue;
      return fmt::format("--batch {} --workers {} --prefetch {} is expected to hold {} of the {} allowed.",
                         knobs.batch_size, knobs.worker_count, knobs.prefetch_depth, HumanSize(*p.host_memory_bytes),
                         FormatSize(recorded.host_limit_bytes));
    }
  }
  return "a smaller --batch, --workers or --prefetch, or more memory.";
}

}  // namespace stallpoint
