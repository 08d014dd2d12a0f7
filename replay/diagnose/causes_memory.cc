// Causes of a run that ended for want of memory.
#include <algorithm>
#include <cmath>
#include <vector>

#include "fmt/core.h"
#include "replay/diagnose/causes.h"
#include "traces/growth.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

constexpr double kMostOfLimit = 0.9;

// That a run which had memory enough fills it before an epoch is over, and when; empty unless so.
std::string WhenFull(const Case& c) {
  if (c.predictor == nullptr || !c.model || !c.model->full_after_samples) return "";
  const double samples = *c.model->full_after_samples;
  if (samples >= c.predictor->UsualRunSamples()) return "";
  return fmt::format("the {} of host memory are full after {:.0f} samples, {}; an epoch has {:.0f}",
                     HumanSize(c.model->host_room_bytes), samples, HumanTime(samples / c.model->throughput_per_s),
                     c.predictor->UsualRunSamples());
}

}  // namespace

std::optional<Cause> FindMemoryGrowth(const Case& c) {
  constexpr double kLeastShare = 0.2;  // of the memory held at the end
  const std::optional<Growth> growth = MeasureGrowth(c.run, "host_memory_held");
  const bool ran_out = c.run.outcome == "out-of-memory";
  const std::string when_full = ran_out ? c.run.outcome_message : WhenFull(c);
  if (!growth || (ran_out ? growth->added() < kLeastShare * growth->last : when_full.empty())) return std::nullopt;
  Cause cause;
  cause.id = "worker-memory-growth";
  cause.share = 1;
  cause.evidence.push_back(when_full);
  cause.evidence.push_back(
      fmt::format("with the pipeline full the process grew from {} to {} while {} samples were loaded: {} a sample",
                  HumanSize(growth->first), HumanSize(growth->last), growth->samples, HumanSize(growth->per_sample())));
  cause.advice =
      "Something is kept of every sample, and no limit is large enough for long: look for caches and lists that "
      "grow in the loading, and for memory that is never freed.";
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
