// Finds the setting that a sweep of a whole space would recommend, from a small part of its settings.
//
// Coarse to fine. A setting is simulated only if the bottleneck's rate (step_floor.h) leaves it a chance and it would
// fit at its emptiest. The fastest setting is looked for on a few values of each axis and then closer and closer around
// the best; then the fewest workers that are as fast, and their least memory. Three things are taken for granted: more
// prefetch and more steps in flight never slow a run down and take more memory; throughput over workers, and over batch
// sizes, rises to one summit and falls after it; a window is luckier than the mean by less than 3 %. Where one fails (a
// workload whose steps jump with the batch size) a better setting may be missed; `ceiling_per_s` bounds by how much.
#ifndef STALLPOINT_REPLAY_SEARCH_SEARCH_H_
#define STALLPOINT_REPLAY_SEARCH_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "replay/predict/predictor.h"
#include "replay/search/sweep.h"

namespace stallpoint {

struct SearchProgress {
  size_t simulated = 0;
  double best_per_s = 0;  // samples, of those simulated that fit
};

struct SearchOptions {
  int threads = 0;  // 0: as many as there are cores to use
  // Asked between settings, on the calling thread; false ends the search with the best so far.
  std::function<bool(const SearchProgress&)> keep_going;
};

// What was found for one question. Predictions without intervals, under the largest limits of the space.
struct SearchAnswer {
  Prediction chosen;
  double best_per_s = 0;     // the fastest that was seen to fit
  double ceiling_per_s = 0;  // no setting of the space is faster in the mean, whether it fits or not
};

struct SearchResult {
  uint64_t settings = 0;                              // of the space, saturating
  size_t simulated = 0;                               // of them
  bool complete = true;                               // false: ended early, and what was found is the best so far
  std::optional<SearchAnswer> same_batch, any_batch;  // any: when batch sizes were swept
  // Everything simulated that fits, by batch, workers, prefetch, steps in flight: what a decision weighs.
  std::vector<Prediction> fitting;
};

// `ranges` as for Sweep. Of several memory limits the largest is searched under. The same result with any number of
// threads, unless ended early.
SearchResult Search(const Predictor& predictor, const SweepRanges& ranges, const SearchOptions& options);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SEARCH_SEARCH_H_
