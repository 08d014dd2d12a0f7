#include "replay/search/stall_points.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "replay/search/spaced_indices.h"

namespace stallpoint {
namespace {

StallPoint Between(const char* axis, double threshold, const Prediction& before, double before_value,
                   const Prediction& here, double here_value) {
  const bool stalled_before = before.stall_share() > threshold;
  const Prediction& stalled = stalled_before ? before : here;
  StallPoint point;
  point.axis = axis;
  point.stalled_at = stalled_before ? before_value : here_value;
  point.free_at = stalled_before ? here_value : before_value;
  const double rise = here.stall_share() - before.stall_share();
  point.at = before_value + (here_value - before_value) * (threshold - before.stall_share()) / rise;
  point.stage = stalled.stage;
  point.wait = stalled.wait;
  return point;
}

template <typename Field>
void AddStallPoints(const char* axis, std::vector<int64_t> values, Field Knobs::*field, const Knobs& recorded,
                    double threshold, size_t most, const std::function<Prediction(const Knobs&)>& predict,
                    std::vector<StallPoint>* points) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  if (values.size() < 2) return;
  const auto predict_at = [&](size_t index) {
    Knobs knobs = recorded;
    knobs.*field = static_cast<Field>(values[index]);
    return predict(knobs);
  };
  const auto stalls = [&](const Prediction& p) { return p.stall_share() > threshold; };
  std::optional<Prediction> before;
  size_t before_index = 0;
  for (const size_t index : SpacedIndices(values.size(), most)) {
    Prediction here = predict_at(index);
    if (before && stalls(*before) != stalls(here)) {
      Prediction last = *before, first = here;
      size_t from = before_index, to = index;
      while (to - from > 1) {
        const size_t middle = from + (to - from) / 2;
        Prediction between = predict_at(middle);
        const bool as_last = stalls(between) == stalls(last);
        (as_last ? from : to) = middle;
        (as_last ? last : first) = std::move(between);
      }
      points->push_back(
          Between(axis, threshold, last, static_cast<double>(values[from]), first, static_cast<double>(values[to])));
    }
    before = std::move(here);
    before_index = index;
  }
}

}  // namespace

std::vector<StallPoint> FindStallPoints(const Knobs& recorded, const SweepRanges& ranges, double threshold, size_t most,
                                        const std::function<Prediction(const Knobs&)>& predict) {
  std::vector<StallPoint> points;
  const auto add = [&](const char* axis, const std::vector<int64_t>& values, auto field) {
    AddStallPoints(axis, values, field, recorded, threshold, most, predict, &points);
  };
  add("batch_size", ranges.batch_size, &Knobs::batch_size);
  add("worker_count", ranges.worker_count, &Knobs::worker_count);
  add("prefetch_depth", ranges.prefetch_depth, &Knobs::prefetch_depth);
  add("steps_in_flight", ranges.steps_in_flight, &Knobs::steps_in_flight);
  return points;
}

}  // namespace stallpoint
