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
// Of what is held at the end: less was not what ended a run.
constexpr double kLeastShare = 0.2;

bool RanOut(const RunRecord& run) { return run.outcome == "out-of-memory"; }
// A device without memory of its own: the host holds it.
bool DeviceOnHost(const RunRecord& run) { return run.counters.contains("device_memory_reserved"); }

// That a run which had memory enough fills it before an epoch is over, and when; empty unless so.
std::string WhenFull(const Case& c, const char* where, const std::optional<double>& full_after, double room_bytes) {
  if (!full_after || *full_after >= c.predictor->UsualRunSamples()) return "";
  return fmt::format("the {} of {} memory are full after {:.0f} samples, {}; an epoch has {:.0f}",
                     HumanSize(room_bytes), where, *full_after, HumanTime(*full_after / c.model->throughput_per_s),
                     c.predictor->UsualRunSamples());
}

Cause GrowthCause(const char* id, const std::string& consequence, const char* what, const Growth& growth) {
  Cause cause;
  cause.id = id;
  cause.share = 1;
  cause.evidence.push_back(consequence);
  cause.evidence.push_back(
      fmt::format("with the pipeline full {} grew from {} to {} while {} samples were loaded: {} a sample", what,
                  HumanSize(growth.first), HumanSize(growth.last), growth.samples, HumanSize(growth.per_sample())));
  return cause;
}

}  // namespace

std::optional<Cause> FindMemoryGrowth(const Case& c) {
  const std::optional<Growth> growth = MeasureGrowth(c.run, "host_memory_held");
  if (!growth) return std::nullopt;
  std::string consequence;
  if (RanOut(c.run)) {
    const std::optional<Growth> device = DeviceOnHost(c.run) ? MeasureDeviceGrowth(c.run) : std::nullopt;
    const double own = growth->added() - (device ? device->added() : 0);
    const bool of_host = !c.run.outcome_message.starts_with("device memory");
    if (of_host && own >= kLeastShare * growth->last) consequence = c.run.outcome_message;
  } else if (c.model && c.predictor->HostLeakPerSample() > 0) {
    consequence = WhenFull(c, "host", c.model->host_full_after_samples, c.model->host_room_bytes);
  }
  if (consequence.empty()) return std::nullopt;
  Cause cause = GrowthCause("worker-memory-growth", consequence, "the process", *growth);
  cause.advice =
      "Something is kept of every sample, and no limit is large enough for long: look for caches and lists that "
      "grow in the loading, and for memory that is never freed.";
  return cause;
}

std::optional<Cause> FindDeviceMemoryGrowth(const Case& c) {
  const std::optional<Growth> growth = MeasureDeviceGrowth(c.run);
  if (!growth || !growth->goes_on()) return std::nullopt;
  std::string consequence;
  if (RanOut(c.run)) {
    const bool of_device = DeviceOnHost(c.run) || !c.run.outcome_message.starts_with("host memory");
    if (of_device && growth->added() >= kLeastShare * growth->last) consequence = c.run.outcome_message;
  } else if (c.model && c.predictor->DeviceLeakPerSample() > 0) {
    consequence = WhenFull(c, "device", c.model->device_full_after_samples, c.model->device_room_bytes);
    if (consequence.empty() && DeviceOnHost(c.run)) {
      consequence = WhenFull(c, "host", c.model->host_full_after_samples, c.model->host_room_bytes);
    }
  }
  if (consequence.empty()) return std::nullopt;
  Cause cause = GrowthCause("device-memory-growth", consequence, "the device's memory", *growth);
  cause.advice =
      "Something is kept of every step, and no device is large enough for long: look for losses and outputs that are "
      "kept with their graphs (item() or detach() keeps none), and for lists of tensors that grow.";
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
