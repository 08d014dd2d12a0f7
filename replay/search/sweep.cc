#include "replay/search/sweep.h"

#include <algorithm>
#include <limits>

#include "replay/parallel.h"
#include "replay/search/decision.h"
#include "replay/search/recommend.h"
#include "replay/search/stall_points.h"

namespace stallpoint {
namespace {

template <typename T, typename Field>
std::vector<Knobs> Multiply(const std::vector<Knobs>& settings, const std::vector<T>& values, Field Knobs::*field) {
  if (values.empty()) return settings;
  std::vector<Knobs> product;
  product.reserve(settings.size() * values.size());
  for (const Knobs& knobs : settings) {
    for (const T value : values) {
      product.push_back(knobs);
      product.back().*field = static_cast<Field>(value);
    }
  }
  return product;
}

}  // namespace

std::vector<Knobs> SettingsOf(const Knobs& recorded, const SweepRanges& ranges) {
  std::vector<Knobs> grid = {recorded};
  grid = Multiply(grid, ranges.batch_size, &Knobs::batch_size);
  grid = Multiply(grid, ranges.worker_count, &Knobs::worker_count);
  grid = Multiply(grid, ranges.prefetch_depth, &Knobs::prefetch_depth);
  grid = Multiply(grid, ranges.steps_in_flight, &Knobs::steps_in_flight);
  grid = Multiply(grid, ranges.host_limit_bytes, &Knobs::host_limit_bytes);
  return Multiply(grid, ranges.device_limit_bytes, &Knobs::device_limit_bytes);
}

SweepResult Sweep(const Predictor& predictor, const SweepRanges& ranges,
                  const std::function<bool(size_t done, size_t total)>& keep_going, int threads) {
  SweepResult result;
  result.recorded = predictor.Predict(predictor.recorded());
  const std::vector<Knobs> grid = SettingsOf(predictor.recorded(), ranges);
  result.settings.resize(grid.size());
  result.settings.resize(ParallelFor(
      grid.size(), threads, [&](size_t done) { return !keep_going || keep_going(done, grid.size()); },
      [&](size_t i) { result.settings[i] = predictor.Predict(grid[i]); }));
  result.cancelled = result.settings.size() < grid.size();
  if (!result.cancelled) {
    if (keep_going) keep_going(grid.size(), grid.size());
    // What the grid holds is not predicted again.
    const auto predict = [&](const Knobs& knobs) {
      const auto known = std::find_if(result.settings.begin(), result.settings.end(),
                                      [&](const Prediction& p) { return p.knobs == knobs; });
      return known != result.settings.end() ? *known : predictor.Predict(knobs);
    };
    result.stall_points = FindStallPoints(predictor.recorded(), ranges, predictor.options().threshold,
                                          std::numeric_limits<size_t>::max(), predict);
  }

  std::vector<const Prediction*> any_batch, same_batch;
  const auto consider = [&](const Prediction& p) {
    if (!Fits(p)) return;
    any_batch.push_back(&p);
    if (p.knobs.batch_size == result.recorded.knobs.batch_size) same_batch.push_back(&p);
  };
  // Under limits that were asked for, the recorded setting is one of the grid or none.
  if (ranges.host_limit_bytes.empty() && ranges.device_limit_bytes.empty()) consider(result.recorded);
  for (const Prediction& p : result.settings) consider(p);
  const auto recommend = [&](const std::vector<const Prediction*>& candidates) {
    const Prediction& chosen = *Choose(result.recorded, candidates);
    Recommendation recommendation = Recommend(result.recorded, chosen, candidates);
    recommendation.throughput_gain = GainOf(predictor, result.recorded, chosen, threads);
    return recommendation;
  };
  if (!same_batch.empty()) result.recommended = recommend(same_batch);
  if (!any_batch.empty() && !ranges.batch_size.empty()) result.recommended_any_batch = recommend(any_batch);
  return result;
}

}  // namespace stallpoint
