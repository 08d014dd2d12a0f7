#include "replay/search/explored_space.h"

#include <algorithm>
#include <utility>

#include "replay/parallel.h"
#include "replay/search/recommend.h"

namespace stallpoint {
namespace {

std::vector<int64_t> Axis(std::vector<int64_t> values, int64_t recorded) {
  if (values.empty()) values.push_back(recorded);
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

uint64_t Largest(const std::vector<uint64_t>& limits, uint64_t recorded) {
  return limits.empty() ? recorded : *std::max_element(limits.begin(), limits.end());
}

// How many of the first `count` fit, where no more do after one that does not. The last of them is asked first.
template <typename DoesFit>
size_t HowManyFit(size_t count, DoesFit fits) {
  size_t fit = 0, too_many = count;
  for (size_t asked = count - 1; fit < too_many; asked = fit + (too_many - fit) / 2) {
    if (fits(asked)) {
      fit = asked + 1;
    } else {
      too_many = asked;
    }
  }
  return fit;
}

}  // namespace

ExploredSpace::ExploredSpace(const Predictor& predictor, const SweepRanges& ranges, int threads, KeepGoing keep_going)
    : predictor_(predictor), threads_(threads), keep_going_(std::move(keep_going)), base_(predictor.recorded()) {
  std::vector<int64_t> batches = ranges.batch_size;
  batches.push_back(base_.batch_size);
  batches_ = Axis(std::move(batches), base_.batch_size);
  workers_ = Axis(ranges.worker_count, base_.worker_count);
  prefetches_ = Axis(ranges.prefetch_depth, base_.prefetch_depth);
  in_flight_ = Axis(ranges.steps_in_flight, base_.steps_in_flight);
  recorded_batch_ =
      static_cast<size_t>(std::lower_bound(batches_.begin(), batches_.end(), base_.batch_size) - batches_.begin());
  base_.host_limit_bytes = Largest(ranges.host_limit_bytes, base_.host_limit_bytes);
  base_.device_limit_bytes = Largest(ranges.device_limit_bytes, base_.device_limit_bytes);
  for (size_t b = 0; b < batches_.size(); ++b) floors_.push_back(predictor.FloorOf(KnobsAt({.batch = b})));
}

Knobs ExploredSpace::KnobsAt(const Place& place) const {
  Knobs knobs = base_;
  knobs.batch_size = batches_[place.batch];
  knobs.worker_count = static_cast<int32_t>(workers_[place.workers]);
  knobs.prefetch_depth = static_cast<int32_t>(prefetches_[place.prefetch]);
  knobs.steps_in_flight = static_cast<int32_t>(in_flight_[place.in_flight]);
  return knobs;
}

double ExploredSpace::CeilingOf(size_t batch, size_t workers) const {
  return floors_[batch].Throughput(static_cast<int32_t>(workers_[workers]), static_cast<int32_t>(in_flight_.back()));
}

bool ExploredSpace::Simulate(const std::vector<Place>& places) {
  std::vector<Place> unknown;
  for (const Place& place : places) {
    const Place canonical = Canonical(place);
    if (simulated_.count(canonical) == 0 && MayFit(canonical)) unknown.push_back(canonical);
  }
  std::sort(unknown.begin(), unknown.end());
  unknown.erase(std::unique(unknown.begin(), unknown.end()), unknown.end());
  if (ended_ || unknown.empty()) return !ended_;
  std::vector<Prediction> found(unknown.size());
  const size_t done = ParallelFor(
      unknown.size(), threads_,
      [&](size_t now) { return !keep_going_ || keep_going_(simulated_.size() + now, best_per_s_); },
      [&](size_t i) { found[i] = predictor_.Estimate(KnobsAt(unknown[i])); });
  for (size_t i = 0; i < done; ++i) {
    if (Fits(found[i])) best_per_s_ = std::max(best_per_s_, found[i].throughput_per_s);
    simulated_.emplace(unknown[i], std::move(found[i]));
  }
  ended_ = done < unknown.size();
  return !ended_;
}

const Prediction* ExploredSpace::At(const Place& place) {
  Simulate({place});
  const auto found = simulated_.find(Canonical(place));
  return found == simulated_.end() ? nullptr : &found->second;
}

double ExploredSpace::FastestThatFits(size_t batch, size_t workers) {
  double fastest = 0;
  for (size_t q = in_flight_.size(); q-- > 0;) {
    const size_t fit = HowManyFit(PrefetchesThatMayFit(batch, workers, q), [&](size_t prefetch) {
      const Prediction* here = At({batch, workers, prefetch, q});
      if (here == nullptr || !Fits(*here)) return false;
      fastest = std::max(fastest, here->throughput_per_s);
      return true;
    });
    // Less prefetch and fewer steps in flight take less memory, and are no faster.
    if (fit == prefetches_.size()) return fastest;
  }
  return fastest;
}

bool ExploredSpace::SimulateFirstLooks(const std::vector<std::array<size_t, 2>>& pairs) {
  std::vector<Place> places;
  for (const auto& [batch, workers] : pairs) {
    for (size_t q = in_flight_.size(); q-- > 0;) {
      const size_t may_fit = PrefetchesThatMayFit(batch, workers, q);
      if (may_fit == 0) continue;
      places.push_back({batch, workers, may_fit - 1, q});
      break;
    }
  }
  return Simulate(places);
}

bool ExploredSpace::MayFit(const Place& place) const { return Fits(predictor_.EmptiestRun(KnobsAt(Canonical(place)))); }

size_t ExploredSpace::PrefetchesThatMayFit(size_t batch, size_t workers, size_t in_flight) const {
  return HowManyFit(prefetches_.size(), [&](size_t prefetch) { return MayFit({batch, workers, prefetch, in_flight}); });
}

Place ExploredSpace::Canonical(Place place) const {
  if (workers_[place.workers] == 0) place.prefetch = 0;
  return place;
}

}  // namespace stallpoint
