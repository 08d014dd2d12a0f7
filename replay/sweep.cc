#include "replay/sweep.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <system_error>
#include <thread>
#include <tuple>

#include "fmt/core.h"

namespace stallpoint {
namespace {

constexpr double kSafeFromOutOfMemory = 0.01;

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

bool Fits(const Prediction& p) { return p.p_out_of_memory.value_or(0) < kSafeFromOutOfMemory; }

// Neighbours on one axis of which one stalls and the other does not; other knobs as recorded.
template <typename T, typename Field>
void FindStallPoints(const Predictor& predictor, const SweepResult& result, const char* axis,
                     const std::vector<T>& values, Field Knobs::*field, std::vector<StallPoint>* points) {
  const std::set<T> sorted(values.begin(), values.end());
  if (sorted.size() < 2) return;
  const double threshold = predictor.options().threshold;
  std::optional<Prediction> before;
  double before_value = 0;
  for (const T value : sorted) {
    Knobs knobs = predictor.recorded();
    knobs.*field = static_cast<Field>(value);
    const auto known = std::find_if(result.settings.begin(), result.settings.end(),
                                    [&](const Prediction& p) { return p.knobs == knobs; });
    const Prediction here = known != result.settings.end() ? *known : predictor.Predict(knobs);
    const double here_value = static_cast<double>(value);
    if (before && (before->stall_share() > threshold) != (here.stall_share() > threshold)) {
      const bool stalled_before = before->stall_share() > threshold;
      const Prediction& stalled = stalled_before ? *before : here;
      StallPoint point;
      point.axis = axis;
      point.stalled_at = stalled_before ? before_value : here_value;
      point.free_at = stalled_before ? here_value : before_value;
      const double rise = here.stall_share() - before->stall_share();
      point.at = before_value + (here_value - before_value) * (threshold - before->stall_share()) / rise;
      point.stage = stalled.stage;
      point.wait = stalled.wait;
      points->push_back(point);
    }
    before = here;
    before_value = here_value;
  }
}

Recommendation Recommend(const Prediction& recorded, std::vector<const Prediction*> candidates) {
  const auto faster = [](const Prediction* a, const Prediction* b) {
    return a->throughput_per_s < b->throughput_per_s;
  };
  const double best = (*std::max_element(candidates.begin(), candidates.end(), faster))->throughput_per_s;
  candidates.erase(std::remove_if(candidates.begin(), candidates.end(),
                                  [&](const Prediction* p) { return p->throughput_per_s < (1 - kAsFast) * best; }),
                   candidates.end());
  // Fewest workers, then least memory, then the fewest changes.
  const auto cost = [&](const Prediction* p) {
    return std::make_tuple(p->knobs.worker_count, p->host_memory_bytes.value_or(0) + p->device_memory_bytes.value_or(0),
                           int64_t{p->knobs.worker_count} * p->knobs.prefetch_depth, p->knobs.steps_in_flight,
                           p->knobs == recorded.knobs ? 0 : 1);
  };
  const Prediction* chosen = *std::min_element(candidates.begin(), candidates.end(),
                                               [&](const auto* a, const auto* b) { return cost(a) < cost(b); });
  Recommendation recommendation;
  recommendation.knobs = chosen->knobs;
  recommendation.throughput_gain =
      recorded.throughput_per_s > 0 ? chosen->throughput_per_s / recorded.throughput_per_s : 1;
  recommendation.reason =
      chosen->knobs == recorded.knobs
          ? fmt::format("no setting that fits is more than {:.0f} % faster with fewer workers or as few", kAsFast * 100)
          : fmt::format(
                "fewest workers within {:.0f} % of the best throughput ({:.1f} of {:.1f} samples/s), stall {:.1f} %",
                kAsFast * 100, chosen->throughput_per_s, best, chosen->stall_share() * 100);
  return recommendation;
}

// Predicts the settings of the grid in order, on several threads, until `keep_going` says no. What is returned is the
// grid from its beginning on, whole unless cancelled, and depends on nothing but the grid.
std::vector<Prediction> PredictAll(const Predictor& predictor, const std::vector<Knobs>& grid, int threads,
                                   const std::function<bool(size_t done, size_t total)>& keep_going) {
  std::vector<Prediction> predictions(grid.size());
  std::atomic<size_t> taken = 0, done = 0;
  std::atomic<bool> cancelled = false;
  const auto predict_next = [&] {
    const size_t next = taken.fetch_add(1, std::memory_order_relaxed);
    if (next >= grid.size()) return false;
    predictions[next] = predictor.Predict(grid[next]);
    done.fetch_add(1, std::memory_order_relaxed);
    return true;
  };
  std::vector<std::thread> helpers;
  for (size_t i = 1; i < std::min(static_cast<size_t>(threads), grid.size()); ++i) {
    try {
      helpers.emplace_back([&] {
        while (!cancelled && predict_next()) continue;
      });
    } catch (const std::system_error&) {
      break;  // a limit of processes or memory: fewer threads do
    }
  }
  do {
    cancelled = keep_going && !keep_going(done, grid.size());
  } while (!cancelled && predict_next());
  for (std::thread& helper : helpers) helper.join();
  predictions.resize(std::min<size_t>(taken, grid.size()));
  return predictions;
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
  if (threads <= 0) threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  result.settings = PredictAll(predictor, grid, threads, keep_going);
  result.cancelled = result.settings.size() < grid.size();
  if (!result.cancelled) {
    if (keep_going) keep_going(grid.size(), grid.size());
    std::vector<StallPoint>* points = &result.stall_points;
    FindStallPoints(predictor, result, "batch_size", ranges.batch_size, &Knobs::batch_size, points);
    FindStallPoints(predictor, result, "worker_count", ranges.worker_count, &Knobs::worker_count, points);
    FindStallPoints(predictor, result, "prefetch_depth", ranges.prefetch_depth, &Knobs::prefetch_depth, points);
    FindStallPoints(predictor, result, "steps_in_flight", ranges.steps_in_flight, &Knobs::steps_in_flight, points);
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
  if (!same_batch.empty()) result.recommended = Recommend(result.recorded, same_batch);
  if (!any_batch.empty() && !ranges.batch_size.empty()) {
    result.recommended_any_batch = Recommend(result.recorded, any_batch);
  }
  return result;
}

}  // namespace stallpoint
