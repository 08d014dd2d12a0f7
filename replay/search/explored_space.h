// The space that a search looks through: axes of ascending values, and what was simulated at which of its places. Those
// that cannot fit, however empty a run is, are not simulated.
//
// Not thread-safe; simulates on several threads by itself.
#ifndef STALLPOINT_REPLAY_SEARCH_EXPLORED_SPACE_H_
#define STALLPOINT_REPLAY_SEARCH_EXPLORED_SPACE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "replay/predict/predictor.h"
#include "replay/search/sweep.h"

namespace stallpoint {

// Indices into the axes.
struct Place {
  size_t batch = 0, workers = 0, prefetch = 0, in_flight = 0;
  auto operator<=>(const Place&) const = default;
};

class ExploredSpace {
 public:
  // Asked between simulations, on the calling thread: how many are done, and the most samples per second of one that
  // fits. False ends the exploration.
  using KeepGoing = std::function<bool(size_t simulated, double best_per_s)>;

  // Limits are the largest of the ranges. The batch axis holds the recorded size, too: its index is recorded_batch().
  ExploredSpace(const Predictor& predictor, const SweepRanges& ranges, int threads, KeepGoing keep_going);

  const std::vector<int64_t>& batches() const { return batches_; }
  const std::vector<int64_t>& workers() const { return workers_; }
  const std::vector<int64_t>& prefetches() const { return prefetches_; }
  const std::vector<int64_t>& in_flight() const { return in_flight_; }
  size_t recorded_batch() const { return recorded_batch_; }
  Knobs KnobsAt(const Place& place) const;

  // The bottleneck's rate for these workers, with all the prefetch and steps in flight there can be.
  double CeilingOf(size_t batch, size_t workers) const;

  // Simulates those of the places that may fit and were not yet. False: ended, now or before.
  bool Simulate(const std::vector<Place>& places);
  // Simulates it if need be. Null where it cannot fit, and, unless it was simulated before, once ended.
  const Prediction* At(const Place& place);
  // The most samples per second with these workers that fit, over prefetch and steps in flight; 0: none fits or ended.
  double FastestThatFits(size_t batch, size_t workers);
  // Simulates what FastestThatFits asks for first, of all these pairs of batch and workers side by side.
  bool SimulateFirstLooks(const std::vector<std::array<size_t, 2>>& pairs);

  bool ended() const { return ended_; }
  const std::map<Place, Prediction>& simulated() const { return simulated_; }

 private:
  bool MayFit(const Place& place) const;
  // Of its values of prefetch, which are taken to need ever more memory, how many may fit.
  size_t PrefetchesThatMayFit(size_t batch, size_t workers, size_t in_flight) const;
  // Prefetch means nothing without workers.
  Place Canonical(Place place) const;

  const Predictor& predictor_;
  const int threads_;
  const KeepGoing keep_going_;
  Knobs base_;
  std::vector<int64_t> batches_, workers_, prefetches_, in_flight_;
  size_t recorded_batch_ = 0;
  std::vector<StepFloor> floors_;  // by batch
  std::map<Place, Prediction> simulated_;
  double best_per_s_ = 0;
  bool ended_ = false;
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SEARCH_EXPLORED_SPACE_H_
