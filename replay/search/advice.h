// Which setting of a space to take, how sure that is, and what to run next to be surer: a search, the decision among
// what it found, and what live runs said of it.
#ifndef STALLPOINT_REPLAY_SEARCH_ADVICE_H_
#define STALLPOINT_REPLAY_SEARCH_ADVICE_H_

#include <optional>
#include <vector>

#include "replay/predict/predictor.h"
#include "replay/prediction.h"
#include "replay/search/decision.h"
#include "replay/search/live_finding.h"
#include "replay/search/search.h"

namespace stallpoint {

struct RunnerUp {
  Prediction setting;
  double chance = 0;  // that the chosen one is too slow, and this is the one to take
};

// One recommendation, as sure as it is. Predictions have intervals and are corrected by what live runs said.
struct Choice {
  Prediction chosen;
  Recommendation recommendation;
  double chance = 1;  // that no other setting is faster by more than kAsFast
  std::optional<RunnerUp> runner_up;
  // Shares of the throughput that taking it loses beyond kAsFast: mean, and at most in nine of ten cases.
  double expected_loss = 0, high_loss = 0;
  double ceiling_per_s = 0;  // no setting of the space makes more samples a second
};

struct Advice {
  Prediction recorded;
  uint64_t settings = 0;  // of the space
  size_t simulated = 0;
  bool complete = true;
  std::optional<Choice> same_batch, any_batch;  // nothing where nothing fits, or batch sizes were not swept
  std::vector<Prediction> weighed;              // what both were decided among, each once
  std::vector<StallPoint> stall_points;
  // What a live run would tell most about: of any_batch where batch sizes were swept. Nothing: it is sure enough.
  std::optional<Knobs> next;
};

// `findings`: in any order; a setting may have several. `predictor` was fitted with the runs that they are of. After a
// run that ended out of memory no setting is recommended that takes as much memory. Pure but for `options.keep_going`.
Advice Advise(const Predictor& predictor, const SweepRanges& ranges, const std::vector<LiveFinding>& findings,
              const SearchOptions& options);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SEARCH_ADVICE_H_
