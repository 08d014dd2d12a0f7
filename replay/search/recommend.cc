#include "replay/search/recommend.h"

#include <algorithm>
#include <tuple>

#include "fmt/core.h"

namespace stallpoint {
namespace {

constexpr double kSafeFromOutOfMemory = 0.01;

double BestThroughput(const std::vector<const Prediction*>& candidates) {
  double best = 0;
  for (const Prediction* p : candidates) best = std::max(best, p->throughput_per_s);
  return best;
}

}  // namespace

bool Fits(const Prediction& prediction) {
  return !prediction.cold_unknown && prediction.p_out_of_memory.value_or(0) < kSafeFromOutOfMemory;
}

bool Cheaper(const Prediction& recorded, const Prediction& a, const Prediction& b) {
  const auto cost = [&](const Prediction& p) {
    return std::make_tuple(p.knobs.worker_count, p.host_memory_bytes.value_or(0) + p.device_memory_bytes.value_or(0),
                           // Unlimited, 0, is the most.
                           p.knobs.host_limit_bytes - 1, p.knobs.device_limit_bytes - 1,
                           int64_t{p.knobs.worker_count} * p.knobs.prefetch_depth, p.knobs.steps_in_flight,
                           p.knobs == recorded.knobs ? 0 : 1);
  };
  return cost(a) < cost(b);
}

const Prediction* Choose(const Prediction& recorded, std::vector<const Prediction*> candidates) {
  const double enough = (1 - kAsFast) * BestThroughput(candidates);
  candidates.erase(std::remove_if(candidates.begin(), candidates.end(),
                                  [&](const Prediction* p) { return p->throughput_per_s < enough; }),
                   candidates.end());
  return *std::min_element(candidates.begin(), candidates.end(),
                           [&](const auto* a, const auto* b) { return Cheaper(recorded, *a, *b); });
}

Recommendation Recommend(const Prediction& recorded, const Prediction& chosen,
                         const std::vector<const Prediction*>& candidates) {
  Recommendation recommendation;
  recommendation.knobs = chosen.knobs;
  recommendation.reason =
      chosen.knobs == recorded.knobs
          ? fmt::format("no setting that fits is more than {:.0f} % faster with fewer workers or as few", kAsFast * 100)
          : fmt::format(
                "fewest workers within {:.0f} % of the best throughput ({:.1f} of {:.1f} samples/s), stall {:.1f} %",
                kAsFast * 100, chosen.throughput_per_s, BestThroughput(candidates), chosen.stall_share() * 100);
  return recommendation;
}

}  // namespace stallpoint
