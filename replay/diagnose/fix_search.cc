// The nearest setting that frees the device from waiting for data.
#include <algorithm>
#include <cmath>
#include <vector>

#include "replay/diagnose/causes.h"
#include "replay/search/recommend.h"

namespace stallpoint {
namespace {

constexpr double kWorthAChange = 0.05;

// The first of the settings that frees; `tried` gathers the others.
std::optional<Found> FirstFreeing(const Predictor& predictor, const std::vector<Knobs>& settings, double threshold,
                                  std::vector<Prediction>* tried) {
  for (const Knobs& knobs : settings) {
    const Prediction p = predictor.Predict(knobs);
    if (p.bound != Bound::kMemory && p.stall_share() <= threshold) return Found{p, true};
    tried->push_back(p);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Found> SearchLoaderFix(const Predictor& predictor, int32_t most_workers, double threshold) {
  const Knobs& recorded = predictor.recorded();
  std::vector<Knobs> workers, prefetch, both;
  for (int32_t w = recorded.worker_count + 1; w <= most_workers; ++w) {
    workers.push_back(recorded);
    workers.back().worker_count = w;
  }
  for (int32_t p = recorded.prefetch_depth + 1; p <= kDeepestPrefetch && recorded.worker_count > 0; ++p) {
    prefetch.push_back(recorded);
    prefetch.back().prefetch_depth = p;
  }
  std::vector<Prediction> tried;
  if (auto found = FirstFreeing(predictor, workers, threshold, &tried)) return found;
  if (auto found = FirstFreeing(predictor, prefetch, threshold, &tried)) return found;

  if (tried.empty()) return std::nullopt;
  const double now = predictor.Predict(recorded).step_ms;
  double best = now;
  for (const Prediction& p : tried) best = std::min(best, p.bound == Bound::kMemory ? best : p.step_ms);
  // More prefetch evens out what more workers alone do not.
  for (const Prediction& p : tried) {
    if (p.step_ms > best * (1 + kAsFast) || p.knobs.worker_count == recorded.worker_count) continue;
    both.push_back(p.knobs);
    both.back().prefetch_depth = kDeepestPrefetch;
    break;
  }
  if (auto found = FirstFreeing(predictor, both, threshold, &tried)) return found;
  if (best > now * (1 - kWorthAChange)) return std::nullopt;
  for (const Prediction& p : tried) {
    if (p.bound != Bound::kMemory && p.step_ms <= best * (1 + kAsFast)) return Found{p, false};
  }
  return std::nullopt;
}

Prediction FewestWorkersAsFast(const Predictor& predictor) {
  std::vector<Prediction> tried;
  Knobs knobs = predictor.recorded();
  for (int32_t w = 1; w <= predictor.recorded().worker_count; ++w) {
    knobs.worker_count = w;
    tried.push_back(predictor.Predict(knobs));
  }
  if (tried.empty()) return predictor.Predict(predictor.recorded());
  double best = tried.front().step_ms;
  for (const Prediction& p : tried) best = std::min(best, p.step_ms);
  return *std::find_if(tried.begin(), tried.end(),
                       [&](const Prediction& p) { return p.step_ms <= best * (1 + kAsFast); });
}

}  // namespace stallpoint
